import { describe, expect, it } from "vitest";
import { factsUnread } from "../../../../src/health/checks/facts-unread.ts";
import { healthFacts } from "../../../support/health.ts";

const unread = (isForbidden: boolean) => ({ what: { kind: "policies" }, reason: "it is so", isForbidden }) as const;

describe("facts-unread", () => {
  it("notes what could not be looked at, and that a role would help", () => {
    expect(factsUnread.find(healthFacts({ unread: [unread(true)] }))).toEqual([
      {
        subject: { kind: "view" },
        field: "policies",
        fact: { kind: "facts-unread", unread: unread(true) },
        remedies: [{ kind: "grant-reading" }],
      },
    ]);
  });

  it("offers no role against what is no matter of rights", () => {
    expect(factsUnread.find(healthFacts({ unread: [unread(false)] }))).toMatchObject([{ remedies: [] }]);
  });

  it("says nothing where all was seen", () => {
    expect(factsUnread.find(healthFacts())).toEqual([]);
  });
});
