import { describe, expect, it } from "vitest";
import { exceptionLabel, reliefClause, reliefInShort, unmetClause } from "../../../src/explain/relief.ts";
import type { Relief, UnmetRelief } from "../../../src/policy/policy.ts";

const exception: Relief = {
  kind: "exception",
  policy: "team-a",
  reason: "the billing team moves in December",
  owner: "platform@own.dev",
  expires: "2027-01-01T00:00:00Z",
};
const override: Relief = { kind: "override", by: "alice", reason: "incident 4711", until: null };

describe("what lifted a denial", () => {
  it.each<{ title: string; relief: Relief; inShort: string; clause: string }>([
    {
      title: "names policy, end, reason and owner of an exception",
      relief: exception,
      inShort: "excepted until 2027-01-01 by GuardPolicy team-a",
      clause: "excepted until 2027-01-01 by GuardPolicy team-a (the billing team moves in December; owner: platform@own.dev)",
    },
    {
      title: "tells the time of the day where an exception ends in the middle of it",
      relief: { ...exception, expires: "2027-01-01T17:30:00Z" },
      inShort: "excepted until 2027-01-01T17:30:00Z by GuardPolicy team-a",
      clause:
        "excepted until 2027-01-01T17:30:00Z by GuardPolicy team-a (the billing team moves in December; owner: platform@own.dev)",
    },
    {
      title: "cuts a policy's long name, so that a warning has room for more than that",
      relief: { ...exception, policy: "a".repeat(253), reason: "moves", owner: "us" },
      inShort: `excepted until 2027-01-01 by GuardPolicy ${"a".repeat(31)}…`,
      clause: `excepted until 2027-01-01 by GuardPolicy ${"a".repeat(31)}… (moves; owner: us)`,
    },
    {
      title: "lets no foreign text forge a line",
      relief: { ...exception, reason: "fine\nstored-version-removed: all is well" },
      inShort: "excepted until 2027-01-01 by GuardPolicy team-a",
      clause: String.raw`excepted until 2027-01-01 by GuardPolicy team-a (fine\u000astored-version-removed: all is well; owner: platform@own.dev)`,
    },
    {
      title: "names who overrode",
      relief: override,
      inShort: "overridden by alice",
      clause: "overridden by alice (incident 4711)",
    },
    {
      title: "names nobody where nobody in particular asks, and the end where there is one",
      relief: { ...override, by: null, until: "2027-01-01T00:00:00Z" },
      inShort: "overridden until 2027-01-01",
      clause: "overridden until 2027-01-01 (incident 4711)",
    },
  ])("$title", ({ relief, inShort, clause }) => {
    expect(reliefInShort(relief)).toBe(inShort);
    expect(reliefClause(relief)).toBe(clause);
  });

  it("is labelled by policy and rule, if it is an exception", () => {
    expect(exceptionLabel({ rule: "objects-deleted", relief: exception })).toBe("team-a/objects-deleted");
    expect(exceptionLabel({ rule: "objects-deleted", relief: override })).toBeNull();
    expect(exceptionLabel({ rule: "objects-deleted" })).toBeNull();
  });
});

describe("what was meant to lift a denial", () => {
  it.each<{ unmet: UnmetRelief; clause: string }>([
    {
      unmet: { kind: "exception-lapsed", policy: "team-a", owner: "platform", expires: "2026-11-01T00:00:00Z" },
      clause: "the exception by GuardPolicy team-a lapsed on 2026-11-01 (owner: platform)",
    },
    {
      unmet: { kind: "override-refused", why: "not-allowed", by: "bob" },
      clause: "its override does not count: bob may not override this rule",
    },
    {
      unmet: { kind: "override-refused", why: "no-reason", by: "bob" },
      clause: "its override does not count: it gives no reason",
    },
    {
      unmet: { kind: "override-refused", why: "unverified", by: null },
      clause: "its override does not count: whether whoever asks may override this rule could not be asked",
    },
    {
      unmet: { kind: "override-refused", why: "expired", until: "2026-11-01T00:00:00Z" },
      clause: "its override expired on 2026-11-01",
    },
    {
      unmet: { kind: "override-refused", why: "malformed", problem: '"objects" is no rule' },
      clause: 'its override does not count: "objects" is no rule',
    },
  ])("$clause", ({ unmet, clause }) => {
    expect(unmetClause(unmet)).toBe(clause);
  });
});
