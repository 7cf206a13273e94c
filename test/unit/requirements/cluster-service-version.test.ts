import { describe, expect, it } from "vitest";
import {
  installs,
  isClusterServiceVersionManifest,
  parseClusterServiceVersion,
} from "../../../src/requirements/cluster-service-version.ts";
import { requirement } from "../../support/builders.ts";
import { workload } from "../../support/catalog.ts";

const object = {
  apiVersion: "operators.coreos.com/v1alpha1",
  kind: "ClusterServiceVersion",
  metadata: { namespace: "mill", name: "turner.v1.2.0" },
  spec: {
    install: { spec: { deployments: [{ name: "turner" }, { name: "turner-webhook" }, null] } },
    customresourcedefinitions: {
      required: [{ name: "gears.own.dev", version: "v1", kind: "Gear" }],
      owned: [{ name: "cogs.own.dev", version: "v1beta1" }, { name: "nogroup", version: "v1" }, { name: "cogs.own.dev" }, 7],
    },
  },
};

describe("parseClusterServiceVersion", () => {
  it("takes what is required and what is owned for needed, and passes over what is neither", () => {
    expect(parseClusterServiceVersion(object)).toEqual({
      namespace: "mill",
      name: "turner.v1.2.0",
      deployments: ["turner", "turner-webhook"],
      requirements: [requirement({ versions: ["v1"] }), { ...requirement({ versions: ["v1beta1"] }), resource: "cogs" }],
    });
  });

  it("takes any version of a CRD for enough, since all that it has are listed, old ones too", () => {
    const owned = ["v1alpha1", "v1beta1", "v1"].map((version) => ({ name: "gears.own.dev", version }));
    const customresourcedefinitions = { required: [{ name: "gears.own.dev", version: "v1beta1" }], owned };

    expect(parseClusterServiceVersion({ ...object, spec: { customresourcedefinitions } })?.requirements).toEqual([
      requirement({ versions: ["v1beta1", "v1alpha1", "v1"] }),
    ]);
  });

  it("puts one without a namespace into default, as kubectl does", () => {
    expect(parseClusterServiceVersion({ ...object, metadata: { name: "turner.v1.2.0" } })?.namespace).toBe("default");
  });

  it.each([
    { title: "lists that are none", spec: { customresourcedefinitions: { required: {}, owned: "cogs" } } },
    { title: "a name that begins with a dot", spec: { customresourcedefinitions: { owned: [{ name: ".dev", version: "v1" }] } } },
    { title: "a version that is no text", spec: { customresourcedefinitions: { owned: [{ name: "a.own.dev", version: 1 }] } } },
    { title: "an installation that is no list", spec: { install: { spec: { deployments: { name: "turner" } } } } },
    { title: "a spec that is none", spec: [] },
  ])("passes over $title within one", ({ spec }) => {
    expect(parseClusterServiceVersion({ ...object, spec })).toMatchObject({ deployments: [], requirements: [] });
  });

  it.each([
    { title: "null", input: null },
    { title: "a list", input: [object] },
    { title: "a name that is no text", input: { ...object, metadata: { name: 1 } } },
    { title: "what has no name", input: { ...object, metadata: {} } },
    {
      title: "a copy in another namespace, which installs nothing there",
      input: { ...object, metadata: { ...object.metadata, labels: { "olm.copiedFrom": "operators" } } },
    },
  ])("passes over $title", ({ input }) => {
    expect(parseClusterServiceVersion(input)).toBeNull();
  });

  it("reads what has another label of OLM", () => {
    const metadata = { ...object.metadata, labels: { "olm.operatorGroup": "operators" } };

    expect(parseClusterServiceVersion({ ...object, metadata })?.name).toBe("turner.v1.2.0");
  });

  it("reads one without a spec, which needs nothing", () => {
    expect(parseClusterServiceVersion({ metadata: object.metadata })).toMatchObject({ deployments: [], requirements: [] });
  });

  it.each([
    { title: "its Deployment", given: workload(), isInstalled: true },
    {
      title: "no StatefulSet of that name",
      given: workload({ ref: { kind: "StatefulSet", namespace: "mill", name: "turner" } }),
      isInstalled: false,
    },
    {
      title: "the other Deployment that it lists",
      given: workload({ ref: { kind: "Deployment", namespace: "mill", name: "turner-webhook" } }),
      isInstalled: true,
    },
    {
      title: "no Deployment that it does not list",
      given: workload({ ref: { kind: "Deployment", namespace: "mill", name: "turner-web" } }),
      isInstalled: false,
    },
    {
      title: "no Deployment of another namespace",
      given: workload({ ref: { kind: "Deployment", namespace: "other", name: "turner" } }),
      isInstalled: false,
    },
  ])("installs $title", ({ given, isInstalled }) => {
    const version = parseClusterServiceVersion(object);

    expect(version !== null && installs(version, given)).toBe(isInstalled);
  });

  it("is told from other objects", () => {
    expect([object, { ...object, apiVersion: "v1" }, null].map(isClusterServiceVersionManifest)).toEqual([true, false, false]);
  });
});
