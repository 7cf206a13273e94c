import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPictureBuilder, type PictureBuilder } from "../../../src/cluster/picture.ts";
import { type ApiRequirement, parseApiRequirement } from "../../../src/requirements/api-requirement.ts";
import type { ClusterServiceVersion } from "../../../src/requirements/cluster-service-version.ts";
import type { Workload } from "../../../src/requirements/workload.ts";
import { requirement } from "../../support/builders.ts";

/** Few names, so that things meet. */
const name = fc.constantFrom("a", "b", "c");
const namespace = fc.constantFrom("mill", "shop");

const workload: fc.Arbitrary<Workload> = fc
  .record({ namespace, name, tier: name, isRunning: fc.boolean(), isAnnotated: fc.boolean() })
  .map(({ namespace: ns, name: own, tier, isRunning, isAnnotated }) => ({
    ref: { kind: "Deployment", namespace: ns, name: own },
    isRunning,
    containers: [],
    labels: { tier },
    annotations: isAnnotated ? { "crdguard.dev/requires": "cogs.own.dev/v1" } : {},
  }));

const apiRequirement: fc.Arbitrary<ApiRequirement> = fc
  .record({
    namespace,
    name,
    target: fc.oneof(
      name.map((own) => ({ workload: { name: own } })),
      name.map((tier) => ({ selector: { matchLabels: { tier } } })),
    ),
    version: fc.constantFrom("v1", "v2"),
  })
  .map(({ target, version, ...metadata }) => {
    const spec = { ...target, requirements: [{ group: "own.dev", resource: "gears", versions: [version] }] };
    const parsed = parseApiRequirement({ apiVersion: "crdguard.dev/v1alpha1", kind: "APIRequirement", metadata, spec });
    if (!parsed.ok) throw new Error(parsed.error.message);
    return parsed.value;
  });

const clusterServiceVersion: fc.Arbitrary<ClusterServiceVersion> = fc.record({
  namespace,
  name,
  deployments: fc.uniqueArray(name),
  requirements: fc.constantFrom("v1", "v2").map((version) => [requirement({ versions: [version] })]),
});

type Step = (builder: PictureBuilder) => void;

const step: fc.Arbitrary<Step> = fc.oneof(
  workload.map((own): Step => (builder) => {
    builder.putWorkload(own);
  }),
  workload.map(({ ref }): Step => (builder) => {
    builder.removeWorkload(ref);
  }),
  apiRequirement.map((own): Step => (builder) => {
    builder.putApiRequirement(own);
  }),
  fc.tuple(namespace, name).map(([ns, own]): Step => (builder) => {
    builder.removeApiRequirement(ns, own);
  }),
  clusterServiceVersion.map((own): Step => (builder) => {
    builder.putClusterServiceVersion(own);
  }),
  fc.tuple(namespace, name).map(([ns, own]): Step => (builder) => {
    builder.removeClusterServiceVersion(ns, own);
  }),
);

describe("the picture", () => {
  it("is the same, whatever came and went before, as if every workload were read last", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const builder = createPictureBuilder([], () => undefined);
        for (const take of steps) {
          take(builder);
          builder.build();
        }

        const incremental = needsOf(builder);
        for (const own of Array.from(builder.workloads())) builder.putWorkload(own);

        expect(incremental).toEqual(needsOf(builder));
      }),
      { numRuns: 500 },
    );
  });

  it("stays the same object for an APIRequirement that speaks of no workload", () => {
    const builder = createPictureBuilder([], () => undefined);
    builder.putWorkload(fc.sample(workload, 1)[0] ?? fail());
    const before = builder.build();

    const [own = fail()] = fc.sample(apiRequirement, 1);
    builder.putApiRequirement({ ...own, namespace: "elsewhere" });

    expect(builder.build()).toBe(before);
  });
});

function needsOf(builder: PictureBuilder): unknown {
  return [...builder.build().needs].toSorted(([left], [right]) => (left < right ? -1 : 1));
}

function fail(): never {
  throw new Error("no sample");
}
