import { describe, expect, it } from "vitest";
import { acceptanceMessage, exceptionsMessage, lapsedNote } from "../../../src/explain/guard-policy.ts";
import { parseGuardPolicy } from "../../../src/policy/guard-policy.ts";
import { exceptionsAt } from "../../../src/policy/lapse.ts";
import { exceptionEntry, policyOf, rawPolicy } from "../../support/policies.ts";

const NOW = Date.parse("2026-06-15T12:00:00Z");

function acceptance(spec: unknown): string {
  return acceptanceMessage(parseGuardPolicy(rawPolicy("mill", spec)));
}

describe("whether a GuardPolicy counts", () => {
  it.each([
    { spec: {}, message: "All of this policy counts." },
    {
      spec: { rules: [{ id: "objects", enforcement: "warn" }] },
      message: '1 entry of this policy does not count, the rest does: spec.rules[0].id: "objects" is no rule.',
    },
    {
      spec: { onInternalErr: "deny", exceptions: [exceptionEntry({ versions: ["v1"] })] },
      message:
        '2 entries of this policy do not count, the rest does: spec.onInternalErr: unknown member; "onInternalError" may be meant; spec.exceptions[0].versions: objects-deleted is about a CRD as a whole: leave out versions.',
    },
    {
      spec: {
        rules: [
          { id: "objects-deleted", enforcement: "warn" },
          { id: "objects-deleted", enforcement: "off" },
        ],
      },
      message:
        '1 entry of this policy does not count, the rest does: spec.rules[1]: "objects-deleted" stands here a second time.',
    },
    { spec: { crds: 1 }, message: "Nothing of this policy counts: spec.crds: expected an object." },
    {
      spec: { "rules\nspec: fine": 1 },
      message: String.raw`1 entry of this policy does not count, the rest does: spec.rules\u000aspec: fine: unknown member.`,
    },
  ])("is told: $message", ({ spec, message }) => {
    expect(acceptance(spec)).toBe(message);
  });

  it("is told in a bounded number of words", () => {
    const rules = Array.from({ length: 60 }, (_, index) => ({ id: `${"x".repeat(300)}${String(index)}`, enforcement: "off" }));

    const message = acceptance({ rules });

    expect(message).toMatch(/^60 entries of this policy do not count/);
    expect(message).toMatch(/; and 52 more\.$/);
    expect(message.length).toBeLessThan(4_000);
  });
});

describe("exceptions of a GuardPolicy", () => {
  const over = exceptionEntry({ expires: "2026-06-01T00:00:00Z" });
  const soon = exceptionEntry({ rule: "stored-version-removed", expires: "2026-06-20T17:00:00Z" });

  it.each([
    { entries: [], message: "There are no exceptions." },
    {
      entries: [exceptionEntry()],
      message: "All exceptions hold: objects-deleted for gears.own.dev (owner: millers; until 2027-01-01).",
    },
    {
      entries: [soon, exceptionEntry()],
      message:
        "1 exception will lapse soon: stored-version-removed for gears.own.dev (owner: millers; until 2026-06-20T17:00:00Z).",
    },
    {
      entries: [over, soon],
      message:
        "1 exception no longer counts: objects-deleted for gears.own.dev (owner: millers; lapsed on 2026-06-01). Renew or remove what is over. 1 exception will lapse soon: stored-version-removed for gears.own.dev (owner: millers; until 2026-06-20T17:00:00Z).",
    },
  ])("are told: $message", ({ entries, message }) => {
    expect(exceptionsMessage(exceptionsAt(policyOf("mill", { exceptions: entries }).exceptions, NOW))).toBe(message);
  });

  it("that are over are told in an Event, eight of them by name", () => {
    const entries = Array.from({ length: 10 }, (_, index) => exceptionEntry({ crd: `r${String(index)}.own.dev` }));
    const { exceptions } = policyOf("mill", { exceptions: entries });

    expect(lapsedNote(exceptions)).toMatch(
      /^What was excepted is denied again: objects-deleted for r0\.own\.dev \(owner: millers; lapsed on 2027-01-01\), .* and 2 more\. Renew or remove it\.$/,
    );
  });
});
