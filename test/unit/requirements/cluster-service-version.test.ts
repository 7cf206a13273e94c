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

  it.each([
    { title: "null", input: null },
    { title: "what has no name", input: { ...object, metadata: {} } },
    {
      title: "a copy in another namespace, which installs nothing there",
      input: { ...object, metadata: { ...object.metadata, labels: { "olm.copiedFrom": "operators" } } },
    },
  ])("passes over $title", ({ input }) => {
    expect(parseClusterServiceVersion(input)).toBeNull();
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
