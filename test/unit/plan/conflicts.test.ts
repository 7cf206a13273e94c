import { describe, expect, it } from "vitest";
import type { Crd } from "../../../src/crd/crd.ts";
import { conflictSentence } from "../../../src/explain/plan-conflicts.ts";
import { type ConflictStrategy, type GivenCrd, resolveConflicts } from "../../../src/plan/conflicts.ts";
import { crd } from "../../support/builders.ts";

const V1_0 = crd({ served: ["v1beta1"], bundle: { version: "1.0.0", channel: "standard" } });
const V1_1 = crd({ served: ["v1"], bundle: { version: "1.1.0", channel: "standard" } });
const OWN_OLD = crd({ served: ["v1beta1"] });
const OWN_NEW = crd({ served: ["v1"] });

function given(place: string, own: Crd, content = JSON.stringify(own)): GivenCrd {
  return { crd: own, place, content };
}

function resolve(strategy: ConflictStrategy, all: readonly GivenCrd[], existing: Crd | null = null): unknown {
  const result = resolveConflicts(all, new Map(existing === null ? [] : [[existing.name, existing]]), strategy);
  return result.kind === "failed" ? result.conflicts.map(({ given: own }) => own.map(({ place }) => place)) : result.resolutions;
}

describe("conflicts between sources of one definition", () => {
  it.each<{ title: string; strategy: ConflictStrategy; all: readonly GivenCrd[]; existing?: Crd; result: unknown }>([
    { title: "are none where all say the same", strategy: "fail", all: [given("a", V1_1), given("b", V1_1)], result: [] },
    { title: "fail by default", strategy: "fail", all: [given("a", V1_0), given("b", V1_1)], result: [["a", "b"]] },
    {
      title: "go to the newer release",
      strategy: "keep-newer",
      all: [given("a", V1_1), given("b", V1_0)],
      result: [{ crd: "gears.own.dev", taken: "a", dropped: ["b"], reason: "bundle" }],
    },
    {
      title: "go to the newer version, where no release is named",
      strategy: "keep-newer",
      all: [given("a", OWN_OLD), given("b", OWN_NEW)],
      result: [{ crd: "gears.own.dev", taken: "b", dropped: ["a"], reason: "served-version" }],
    },
    {
      title: "go to the last one, where nothing tells which is newer",
      strategy: "keep-newer",
      all: [given("a", OWN_NEW, "1"), given("b", OWN_NEW, "2")],
      result: [{ crd: "gears.own.dev", taken: "b", dropped: ["a"], reason: "last" }],
    },
    {
      title: "leave a newer one of the cluster alone",
      strategy: "keep-newer",
      all: [given("a", V1_0)],
      existing: V1_1,
      result: [{ crd: "gears.own.dev", taken: null, dropped: ["a"], reason: "bundle" }],
    },
    { title: "let an upgrade pass", strategy: "keep-newer", all: [given("a", V1_1)], existing: V1_0, result: [] },
    {
      title: "leave whatever the cluster has alone",
      strategy: "keep-existing",
      all: [given("a", V1_1), given("b", V1_0)],
      existing: V1_0,
      result: [{ crd: "gears.own.dev", taken: null, dropped: ["a", "b"], reason: "existing" }],
    },
    {
      title: "go to the newer one, where the cluster has none to keep",
      strategy: "keep-existing",
      all: [given("a", V1_1), given("b", V1_0)],
      result: [{ crd: "gears.own.dev", taken: "a", dropped: ["b"], reason: "bundle" }],
    },
  ])("$title", ({ strategy, all, existing, result }) => {
    expect(resolve(strategy, all, existing ?? null)).toEqual(result);
  });

  it("are told with the files, what differs, and the way out", () => {
    expect(conflictSentence({ crd: "gears.own.dev", given: [given("a.yaml:1", V1_0), given("b.yaml:1", V1_1)] })).toBe(
      '"gears.own.dev" is in a.yaml:1 (release 1.0.0, standard channel, serves "v1beta1") and b.yaml:1 (release 1.1.0, standard ' +
        'channel, serves "v1"), each its own: whichever is applied last would overwrite the other; leave out one, or choose by ' +
        "--on-conflict keep-newer or keep-existing",
    );
  });
});
