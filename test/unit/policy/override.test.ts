import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OverrideRequest } from "../../../src/crd/crd.ts";
import {
  isOverridable,
  isReason,
  keepingOverride,
  type OverrideAnswer,
  overrideClaims,
  overrideRequestOf,
  rulesToOverride,
  withOverrides,
} from "../../../src/policy/override.ts";
import type { JudgedFinding } from "../../../src/policy/policy.ts";
import { rules } from "../../../src/rules/checks/index.ts";
import type { Enforcement } from "../../../src/rules/finding.ts";
import { create, crd, remove, statusUpdate, update } from "../../support/builders.ts";

const now = new Date("2026-05-06T07:08:09Z");
const circumstances = { now, by: "alice" };
const RULE_IDS = rules.map(({ id }) => id);

function finding(rule: string, enforcement: Enforcement = "deny", field = "metadata.name"): JudgedFinding {
  return {
    rule,
    enforcement,
    field,
    fact: { kind: "objects-deleted", objects: { kind: "not-counted" } },
    remedies: [],
    defaultEnforcement: "deny",
  };
}

function request(named: string, shape: Partial<OverrideRequest> = {}): OverrideRequest {
  return { rules: named, reason: "incident 4711", until: null, ...shape };
}

describe("what is asked to be overridden", () => {
  const plain = crd({ served: ["v1"] });
  const own = { ...plain, override: request("objects-deleted") };

  it.each([
    { title: "of a create, what comes with it", change: create(own), expected: own.override },
    { title: "of an update, what the new object has", change: update(plain, own), expected: own.override },
    { title: "of an update that takes it away, nothing", change: update(own, plain), expected: null },
    { title: "of a deletion, what is there", change: remove(own), expected: own.override },
    { title: "of a status update, what is there", change: statusUpdate(own, ["v1"]), expected: own.override },
  ])("is, $title", ({ change, expected }) => {
    expect(overrideRequestOf(change)).toEqual(expected);
  });

  it("is kept by an apply that does not speak of it, member by member", () => {
    const later = { ...plain, override: request("objects-deleted", { until: "2027-01-01T00:00:00Z" }) };
    const named = { ...plain, override: request("object-pruned", { reason: null }) };

    expect(keepingOverride(later, plain).override).toEqual(later.override);
    expect(keepingOverride(later, named).override).toEqual(
      request("object-pruned", { reason: "incident 4711", until: "2027-01-01T00:00:00Z" }),
    );
    expect(keepingOverride(plain, named)).toBe(named);
  });
});

describe("what an override claims", () => {
  const denials = [finding("objects-deleted"), finding("required-resource-deleted")];

  it.each<{ title: string; request: OverrideRequest | null; findings?: readonly JudgedFinding[]; claims: object }>([
    { title: "nothing where nothing is asked for", request: null, claims: {} },
    {
      title: "each rule that denies and is named",
      request: request(" objects-deleted,\n required-resource-deleted ,", { until: "2026-05-06T07:08:10Z" }),
      claims: {
        "objects-deleted": { kind: "permission-needed", reason: "incident 4711", until: "2026-05-06T07:08:10Z" },
        "required-resource-deleted": { kind: "permission-needed", reason: "incident 4711", until: "2026-05-06T07:08:10Z" },
      },
    },
    {
      title: "no rule that is not named",
      request: request("required-resource-deleted"),
      claims: { "required-resource-deleted": { kind: "permission-needed", reason: "incident 4711", until: null } },
    },
    {
      title: "no rule that only warns",
      request: request("objects-deleted"),
      findings: [finding("objects-deleted", "warn")],
      claims: {},
    },
    {
      title: "nothing without a reason",
      request: request("objects-deleted", { reason: null }),
      claims: { "objects-deleted": refused({ why: "no-reason", by: "alice" }) },
    },
    {
      title: "nothing for a reason that says nothing",
      request: request("objects-deleted", { reason: ' "…" ' }),
      claims: { "objects-deleted": refused({ why: "no-reason", by: "alice" }) },
    },
    {
      title: "nothing at its end",
      request: request("objects-deleted", { until: "2026-05-06T07:08:09Z" }),
      claims: { "objects-deleted": refused({ why: "expired", until: "2026-05-06T07:08:09Z" }) },
    },
    {
      title: "nothing after its end, by whichever clock it is told",
      request: request("objects-deleted", { until: "2026-05-06T09:08:08+02:00" }),
      claims: { "objects-deleted": refused({ why: "expired", until: "2026-05-06T09:08:08+02:00" }) },
    },
    ...["tomorrow", "2026-05-07", "2026-05-07T07:08:09", "2026-13-07T07:08:09Z", "1778137689"].map((until) => ({
      title: `nothing for the end "${until}"`,
      request: request("objects-deleted", { until }),
      claims: {
        "objects-deleted": refused({
          why: "malformed",
          problem: `crdguard.dev/override-until "${until}" is no time of the form 2026-05-06T07:08:09Z`,
        }),
      },
    })),
    {
      title: "nothing of the rule that was meant",
      request: request("object-deleted"),
      claims: {
        "objects-deleted": refused({ why: "malformed", problem: '"object-deleted" is no rule; "objects-deleted" may be meant' }),
      },
    },
    {
      title: "nothing by a word that means no rule, which is told wherever something is denied",
      request: request("*"),
      claims: {
        "objects-deleted": refused({ why: "malformed", problem: '"*" is no rule' }),
        "required-resource-deleted": refused({ why: "malformed", problem: '"*" is no rule' }),
      },
    },
    {
      title: "nothing by no word",
      request: request(" , "),
      findings: [finding("objects-deleted")],
      claims: { "objects-deleted": refused({ why: "malformed", problem: "it names no rule" }) },
    },
    {
      title: "nothing where the API server refuses anyway, whatever else is wrong",
      request: request("stored-version-removed", { reason: null }),
      findings: [finding("stored-version-removed")],
      claims: { "stored-version-removed": refused({ why: "no-use" }) },
    },
  ])("is $title", ({ request: asked, findings = denials, claims }) => {
    expect(Object.fromEntries(overrideClaims(findings, asked, circumstances))).toEqual(claims);
  });
});

function refused(refusal: object): object {
  return { kind: "refused", unmet: { kind: "override-refused", ...refusal } };
}

describe("an override", () => {
  it("makes warnings of denials, after those that stay", () => {
    const findings = [finding("objects-deleted"), finding("required-resource-deleted"), finding("owner-changed", "warn")];
    const claims = overrideClaims(findings, request("objects-deleted"), circumstances);

    expect(withOverrides(findings, claims, new Map([["objects-deleted", "allowed"]]), "alice")).toEqual([
      finding("required-resource-deleted"),
      {
        ...finding("objects-deleted", "warn"),
        relief: { kind: "override", by: "alice", reason: "incident 4711", until: null },
      },
      finding("owner-changed", "warn"),
    ]);
  });

  it.each(["not-allowed", "unverified"] as const)(
    "that is %s leaves the denial, and tells why, after what else was unmet",
    (why) => {
      const lapsed = { kind: "exception-lapsed", policy: "p", owner: "o", expires: "2026-01-01T00:00:00Z" } as const;
      const denial = { ...finding("objects-deleted"), unmet: [lapsed] };
      const claims = overrideClaims([denial], request("objects-deleted"), circumstances);

      expect(withOverrides([denial], claims, new Map([["objects-deleted", why]]), null)).toEqual([
        { ...denial, unmet: [lapsed, { kind: "override-refused", why, by: null }] },
      ]);
    },
  );

  it("of a rule that nobody was asked about is unverified", () => {
    const denial = finding("objects-deleted");
    const claims = overrideClaims([denial], request("objects-deleted"), circumstances);

    expect(withOverrides([denial], claims, new Map(), "alice")).toMatchObject([
      { enforcement: "deny", unmet: [{ why: "unverified" }] },
    ]);
  });

  const anyFindings = fc
    .array(fc.tuple(fc.constantFrom(...RULE_IDS), fc.constantFrom<Enforcement>("deny", "warn", "audit"), fc.nat(3)), {
      maxLength: 8,
    })
    .map((all) => all.map(([rule, enforcement, field]) => finding(rule, enforcement, String(field))));
  const anyRequest = fc.record({
    rules: fc.oneof(
      fc.array(fc.constantFrom(...RULE_IDS, "objects-delted", "*"), { maxLength: 4 }).map((all) => all.join(",")),
      fc.string(),
    ),
    reason: fc.option(fc.string()),
    until: fc.option(fc.constantFrom("2026-05-06T07:08:08Z", "2026-05-06T07:08:10Z", "soon")),
  });
  const anyAnswers = fc
    .array(fc.tuple(fc.constantFrom(...RULE_IDS), fc.constantFrom<OverrideAnswer>("allowed", "not-allowed", "unverified")))
    .map((all) => new Map(all));

  it("never makes anything worse, never lifts a rule that is not named or not allowed, and loses no finding", () => {
    fc.assert(
      fc.property(anyFindings, anyRequest, anyAnswers, (findings, asked, answers) => {
        const after = withOverrides(findings, overrideClaims(findings, asked, circumstances), answers, "alice");
        const named = new Set(asked.rules.split(/[\s,]+/));

        const keyOf = ({ rule, field, defaultEnforcement }: JudgedFinding): string =>
          JSON.stringify([rule, field, defaultEnforcement]);
        expect(after.map(keyOf).toSorted()).toEqual(findings.map(keyOf).toSorted());
        const count = (all: readonly JudgedFinding[], rule: string, enforcement: Enforcement): number =>
          all.filter((each) => each.rule === rule && each.enforcement === enforcement).length;
        for (const rule of RULE_IDS) {
          const [before, left] = [count(findings, rule, "deny"), count(after, rule, "deny")];
          expect(left).toBeLessThanOrEqual(before);
          expect(count(after, rule, "audit")).toBe(count(findings, rule, "audit"));
          if (left < before) {
            expect(named).toContain(rule);
            expect(answers.get(rule)).toBe("allowed");
            expect(isReason(asked.reason ?? "")).toBe(true);
            expect(asked.until === null || asked.until === "2026-05-06T07:08:10Z").toBe(true);
            expect(rule).not.toBe("stored-version-removed");
          }
        }
      }),
    );
  });
});

describe("the way to an override", () => {
  it.each([
    {
      title: "names each rule that denies, once",
      findings: [finding("objects-deleted"), finding("objects-deleted", "deny", "b"), finding("required-resource-deleted")],
      expected: ["objects-deleted", "required-resource-deleted"],
    },
    {
      title: "names none that warns",
      findings: [finding("objects-deleted"), finding("version-in-use-unserved", "warn")],
      expected: ["objects-deleted"],
    },
    { title: "is none where nothing is denied", findings: [finding("objects-deleted", "warn")], expected: [] },
    {
      title: "is none where one denial cannot be overridden: the change would be refused all the same",
      findings: [finding("required-version-unserved"), finding("stored-version-removed")],
      expected: [],
    },
    {
      title: "is none where the API server refuses what only warns here",
      findings: [finding("required-version-unserved"), finding("stored-version-removed", "warn")],
      expected: [],
    },
    { title: "is none for a workload", findings: [finding("workload-requirement-unmet")], expected: [] },
  ])("$title", ({ findings, expected }) => {
    expect(rulesToOverride(findings)).toEqual(expected);
  });

  it("is open for every rule but two", () => {
    expect(RULE_IDS.filter((id) => !isOverridable(id))).toEqual(["stored-version-removed", "workload-requirement-unmet"]);
    expect(isOverridable("no-rule")).toBe(false);
  });
});
