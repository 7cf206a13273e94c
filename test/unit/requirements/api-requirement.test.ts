import { describe, expect, it } from "vitest";
import { isApiRequirementManifest, parseApiRequirement, speaksOf } from "../../../src/requirements/api-requirement.ts";
import type { WorkloadRef } from "../../../src/rules/facts.ts";

const gears = { group: "own.dev", resource: "gears", versions: ["v1"] };
const turner = { name: "turner" };

function manifest(spec: unknown, metadata: object = {}): Readonly<Record<string, unknown>> {
  return {
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "APIRequirement",
    metadata: { name: "gears", namespace: "mill", ...metadata },
    spec,
  };
}

describe("parseApiRequirement", () => {
  it("reads all members", () => {
    const spec = {
      workload: { kind: "StatefulSet", name: "turner" },
      requirements: [
        { ...gears, versions: ["v1", "v1beta1"], level: "Soft", presence: "CRDName", reason: "turns gears" },
        { ...gears, resource: "cogs" },
      ],
    };

    expect(parseApiRequirement(manifest(spec, { generation: 3, labels: { a: "b" } }))).toEqual({
      ok: true,
      value: {
        namespace: "mill",
        name: "gears",
        generation: 3,
        target: { kind: "reference", workload: { kind: "StatefulSet", name: "turner" } },
        requirements: [
          {
            requirement: {
              group: "own.dev",
              resource: "gears",
              versions: ["v1", "v1beta1"],
              presence: "crd-name",
              outcomes: { absent: "works", unlisted: "loses-feature", unserved: "loses-feature" },
            },
            reason: "turns gears",
          },
          {
            requirement: {
              group: "own.dev",
              resource: "cogs",
              versions: ["v1"],
              presence: "unconditional",
              outcomes: { absent: "crashes", unlisted: "crashes", unserved: "crashes" },
            },
            reason: null,
          },
        ],
      },
    });
  });

  it("takes what is left out for the CRD's defaults, and what is null for left out, as the API server does", () => {
    const bare = manifest({ workload: turner, requirements: [gears] });
    const nulls = manifest({
      workload: { ...turner, kind: null },
      selector: null,
      requirements: [{ ...gears, level: null, presence: null, reason: null }],
    });

    expect(parseApiRequirement(nulls)).toEqual(parseApiRequirement(bare));
    expect(parseApiRequirement({ ...bare, metadata: { name: "gears" } })).toMatchObject({
      ok: true,
      value: { namespace: "default", generation: 0, target: { workload: { kind: "Deployment" } } },
    });
  });

  it.each([
    { presence: "Unconditional", level: "Hard", outcomes: ["crashes", "crashes", "crashes"] },
    { presence: "Unconditional", level: "Soft", outcomes: ["loses-feature", "loses-feature", "loses-feature"] },
    { presence: "CRDName", level: "Hard", outcomes: ["works", "crashes", "crashes"] },
    { presence: "CRDName", level: "Soft", outcomes: ["works", "loses-feature", "loses-feature"] },
    { presence: "VersionListed", level: "Hard", outcomes: ["stops-working", "stops-working", "crashes"] },
    { presence: "VersionListed", level: "Soft", outcomes: ["loses-feature", "loses-feature", "crashes"] },
    { presence: "DiscoveryServed", level: "Hard", outcomes: ["crashes", "crashes", "crashes"] },
    { presence: "DiscoveryPreferred", level: "Soft", outcomes: ["loses-feature", "loses-feature", "loses-feature"] },
    { presence: "BundleVersion", level: "Hard", outcomes: ["crashes", "crashes", "crashes"] },
  ])("knows what becomes of a workload with $presence and $level", ({ presence, level, outcomes }) => {
    const parsed = parseApiRequirement(manifest({ workload: turner, requirements: [{ ...gears, presence, level }] }));
    const [absent, unlisted, unserved] = outcomes;

    expect(parsed).toMatchObject({
      ok: true,
      value: { requirements: [{ requirement: { outcomes: { absent, unlisted, unserved } } }] },
    });
  });

  it.each([
    {
      title: "neither workload nor selector",
      spec: { requirements: [gears] },
      message: "spec: give either workload or selector, and not both",
    },
    {
      title: "both workload and selector",
      spec: { workload: turner, selector: {}, requirements: [gears] },
      message: "spec: give either workload or selector, and not both",
    },
    {
      title: "another kind of workload",
      spec: { workload: { kind: "Pod", name: "turner" }, requirements: [gears] },
      message: 'spec.workload.kind: "Pod" is none of Deployment, StatefulSet, DaemonSet',
    },
    { title: "no name", spec: { workload: {}, requirements: [gears] }, message: 'spec.workload: "name" is missing' },
    { title: "no requirements", spec: { workload: turner }, message: 'spec: "requirements" is missing' },
    {
      title: "an empty list of requirements",
      spec: { workload: turner, requirements: [] },
      message: "spec.requirements: must NOT have fewer than 1 items",
    },
    {
      title: "a group with its version",
      spec: { workload: turner, requirements: [{ ...gears, group: "own.dev/v1" }] },
      message:
        'spec.requirements[0].group: "own.dev/v1": an API group of CRDs is a domain, as in gateway.networking.k8s.io, without a version',
    },
    {
      title: "a group of one word, which no CRD has",
      spec: { workload: turner, requirements: [{ ...gears, group: "apps" }] },
      message:
        'spec.requirements[0].group: "apps": an API group of CRDs is a domain, as in gateway.networking.k8s.io, without a version',
    },
    {
      title: "a kind for a resource",
      spec: { workload: turner, requirements: [gears, { ...gears, resource: "Gear" }] },
      message:
        'spec.requirements[1].resource: "Gear": a resource is named in the plural and in small letters, as in httproutes, without its group',
    },
    {
      title: "a version of a release",
      spec: { workload: turner, requirements: [{ ...gears, versions: ["v1", "1.2"] }] },
      message:
        'spec.requirements[0].versions[1]: "1.2": an API version is named as in a CRD, for example v1, v1beta1 or v2alpha3, without its group',
    },
    {
      title: "a version that would forge a line of a terminal",
      spec: { workload: turner, requirements: [{ ...gears, versions: ["v1\u001b[2K"] }] },
      message:
        'spec.requirements[0].versions[0]: "v1\\u001b[2K": an API version is named as in a CRD, for example v1, v1beta1 or v2alpha3, without its group',
    },
    {
      title: "one resource twice",
      spec: { workload: turner, requirements: [gears, { ...gears, versions: ["v2"] }] },
      message:
        'spec.requirements[1]: "gears.own.dev": a resource may stand here only once, with all versions of it that are enough',
    },
    {
      title: "one version twice",
      spec: { workload: turner, requirements: [{ ...gears, versions: ["v1", "v1"] }] },
      message: "spec.requirements[0].versions: must NOT have duplicate items (items ## 1 and 0 are identical)",
    },
    {
      title: "a level of its own invention",
      spec: { workload: turner, requirements: [{ ...gears, level: "hard" }] },
      message: 'spec.requirements[0].level: "hard" is none of Hard, Soft',
    },
    {
      title: "a selector without the values that its operator needs",
      spec: { selector: { matchExpressions: [{ key: "app", operator: "In" }] }, requirements: [gears] },
      message: "spec.selector: In and NotIn need values; Exists and DoesNotExist take none",
    },
    {
      title: "a selector with values that its operator does not take",
      spec: { selector: { matchExpressions: [{ key: "app", operator: "Exists", values: ["a"] }] }, requirements: [gears] },
      message: "spec.selector: In and NotIn need values; Exists and DoesNotExist take none",
    },
    {
      title: "a selector's label that is a number",
      spec: { selector: { matchLabels: { app: 1 } }, requirements: [gears] },
      message: "spec.selector.matchLabels.app: must be string",
    },
    { title: "no spec", spec: undefined, message: '"spec" is missing' },
  ])("refuses $title, by its path", ({ spec, message }) => {
    expect(parseApiRequirement(manifest(spec))).toEqual({ ok: false, error: { code: "api-requirement-malformed", message } });
  });

  it.each([
    { place: "spec", spec: { workload: turner, requirements: [gears], selektor: {} }, member: "selektor" },
    { place: "spec.workload", spec: { workload: { ...turner, namespace: "a" }, requirements: [gears] }, member: "namespace" },
    { place: "spec.selector", spec: { selector: { matchlabels: {} }, requirements: [gears] }, member: "matchlabels" },
    {
      place: "spec.requirements[0]",
      spec: { workload: turner, requirements: [{ ...gears, presense: "CRDName" }] },
      member: "presense",
    },
  ])("refuses an unknown member of $place in a manifest, and ignores it in a cluster", ({ place, spec, member }) => {
    expect(parseApiRequirement(manifest(spec))).toEqual({
      ok: false,
      error: { code: "api-requirement-malformed", message: `${place}: unknown member "${member}"` },
    });
    expect(parseApiRequirement(manifest(spec), "ignore")).toMatchObject({ ok: true });
  });

  it("refuses another version of the API, which it does not know", () => {
    const later = { ...manifest({ workload: turner, requirements: [gears] }), apiVersion: "crdguard.dev/v1" };

    expect(isApiRequirementManifest(later)).toBe(true);
    expect(parseApiRequirement(later)).toEqual({
      ok: false,
      error: { code: "api-requirement-malformed", message: "apiVersion: expected crdguard.dev/v1alpha1" },
    });
  });
});

describe("speaksOf", () => {
  const labels = { app: "turner", tier: "core" };
  const deployment: WorkloadRef = { kind: "Deployment", namespace: "mill", name: "turner" };

  it.each([
    { title: "its workload", spec: { workload: turner }, ref: deployment, speaks: true },
    { title: "one of another name", spec: { workload: { name: "miller" } }, ref: deployment, speaks: false },
    { title: "one of another kind", spec: { workload: { ...turner, kind: "DaemonSet" } }, ref: deployment, speaks: false },
    { title: "one of another namespace", spec: { workload: turner }, ref: { ...deployment, namespace: "shop" }, speaks: false },
    {
      title: "one of another namespace that its selector would select",
      spec: { selector: {} },
      ref: { ...deployment, namespace: "shop" },
      speaks: false,
    },
    { title: "everything, by an empty selector", spec: { selector: {} }, ref: deployment, speaks: true },
    { title: "what has the labels", spec: { selector: { matchLabels: { app: "turner" } } }, ref: deployment, speaks: true },
    {
      title: "what lacks one of the labels",
      spec: { selector: { matchLabels: { app: "turner", tier: "edge" } } },
      ref: deployment,
      speaks: false,
    },
    {
      title: "what meets the expressions",
      spec: {
        selector: {
          matchExpressions: [
            { key: "app", operator: "In", values: ["miller", "turner"] },
            { key: "tier", operator: "NotIn", values: ["edge"] },
            { key: "zone", operator: "NotIn", values: ["a"] },
            { key: "tier", operator: "Exists" },
            { key: "zone", operator: "DoesNotExist" },
          ],
        },
      },
      ref: deployment,
      speaks: true,
    },
    {
      title: "what does not meet one of them",
      spec: { selector: { matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] } },
      ref: deployment,
      speaks: false,
    },
  ])("$speaks of $title", ({ spec, ref, speaks }) => {
    const parsed = parseApiRequirement(manifest({ ...spec, requirements: [gears] }));

    expect(parsed.ok && speaksOf(parsed.value, { ref, labels })).toBe(speaks);
  });
});
