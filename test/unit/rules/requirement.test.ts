import { describe, expect, it } from "vitest";
import {
  apiState,
  type ApiState,
  compareHarm,
  crdNameOf,
  isHard,
  type Outcome,
  outcomeIn,
  type Presence,
  PRESENCES,
  type Requirement,
} from "../../../src/rules/requirement.ts";
import { crd, type CrdShape, requirement } from "../../support/builders.ts";

describe("apiState", () => {
  it.each<{ title: string; versions: readonly string[]; shape: CrdShape | null; presence?: Presence; state: ApiState }>([
    { title: "absent without the CRD", versions: ["v1"], shape: null, state: "absent" },
    { title: "served", versions: ["v1"], shape: { served: ["v1"] }, state: "served" },
    { title: "served in the second version of two", versions: ["v2", "v1"], shape: { served: ["v1"] }, state: "served" },
    {
      title: "served where another that would do is listed only",
      versions: ["v1beta1", "v1"],
      shape: { served: ["v1"], unserved: ["v1beta1"] },
      state: "served",
    },
    { title: "unserved", versions: ["v1"], shape: { served: ["v2"], unserved: ["v1"] }, state: "unserved" },
    {
      title: "unserved where only one of two is listed",
      versions: ["v1beta1", "v1"],
      shape: { served: ["v2"], unserved: ["v1"] },
      state: "unserved",
    },
    { title: "unlisted", versions: ["v1"], shape: { served: ["v2"] }, state: "unlisted" },
    { title: "unlisted, though its name begins alike", versions: ["v1"], shape: { served: ["v1beta1"] }, state: "unlisted" },
    {
      title: "not preferred beside a newer one, for who asks for preferred ones",
      versions: ["v1beta1"],
      shape: { served: ["v1beta1", "v1"] },
      presence: "discovery-preferred",
      state: "not-preferred",
    },
    {
      title: "served as the newest one, for who asks for preferred ones",
      versions: ["v1beta1", "v1"],
      shape: { served: ["v1beta1", "v1"] },
      presence: "discovery-preferred",
      state: "served",
    },
    {
      title: "served beside a newer one that is listed only",
      versions: ["v1beta1"],
      shape: { served: ["v1beta1"], unserved: ["v1"] },
      presence: "discovery-preferred",
      state: "served",
    },
    {
      title: "served beside an older one, wherever it stands in the list",
      versions: ["v10"],
      shape: { served: ["v9", "v10"] },
      presence: "discovery-preferred",
      state: "served",
    },
    {
      title: "unserved, rather than not preferred, where it is not served at all",
      versions: ["v1"],
      shape: { served: ["v2"], unserved: ["v1"] },
      presence: "discovery-preferred",
      state: "unserved",
    },
  ])("is $title", ({ versions, shape, presence, state }) => {
    const needed = requirement({ versions, ...(presence && { presence }) });

    expect(apiState(needed, shape === null ? null : crd(shape))).toBe(state);
  });

  it.each(PRESENCES.filter((presence) => presence !== "discovery-preferred"))(
    "takes a version beside a newer one for served, where a controller looks by %s",
    (presence) => {
      expect(apiState(requirement({ versions: ["v1beta1"], presence }), crd({ served: ["v1beta1", "v1"] }))).toBe("served");
    },
  );
});

describe("outcomeIn", () => {
  const needed: Requirement = requirement({
    versions: ["v1"],
    outcomes: { absent: "loses-feature", unlisted: "stops-working", unserved: "crashes" },
  });

  it.each<{ state: ApiState; outcome: Outcome }>([
    { state: "served", outcome: "works" },
    { state: "absent", outcome: "loses-feature" },
    { state: "unlisted", outcome: "stops-working" },
    { state: "unserved", outcome: "crashes" },
    { state: "not-preferred", outcome: "crashes" },
  ])("is $outcome where it is $state", ({ state, outcome }) => {
    expect(outcomeIn(needed, state)).toBe(outcome);
  });
});

describe("outcomes", () => {
  const byHarm = ["works", "loses-feature", "stops-working", "crashes"] as const;

  it("have an order of harm, of which the worse half is hard", () => {
    expect(byHarm.toReversed().toSorted(compareHarm)).toEqual(byHarm);
    expect(byHarm.map(isHard)).toEqual([false, false, true, true]);
  });
});

describe("crdNameOf", () => {
  it("joins resource and group", () => {
    expect(crdNameOf({ resource: "gears", group: "own.dev" })).toBe("gears.own.dev");
  });
});
