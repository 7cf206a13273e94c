import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isChosen, parseGuardPolicy, type PolicyProblem, readTime } from "../../../src/policy/guard-policy.ts";
import { exceptionEntry, policyOf, rawPolicy } from "../../support/policies.ts";

const deny = { id: "objects-deleted", enforcement: "deny" };

function problemsOf(spec: unknown): readonly PolicyProblem[] {
  const parsed = parseGuardPolicy(rawPolicy("mill", spec));
  return parsed.ok ? parsed.problems : parsed.error.problems;
}

describe("a GuardPolicy", () => {
  it("is read whole", () => {
    const parsed = parseGuardPolicy(
      rawPolicy("mill", {
        priority: 200,
        crds: { names: ["*.own.dev"], labels: { matchLabels: { team: "mill" } } },
        rules: [deny, { id: "version-in-use-unserved", enforcement: "audit" }],
        onInternalError: "allow",
        objects: { onIncomplete: "deny", budgetPercent: 40 },
        exceptions: [exceptionEntry(), exceptionEntry({ rule: "stored-version-removed", versions: ["v1alpha1"] })],
      }),
    );

    expect(parsed).toEqual({
      ok: true,
      value: {
        name: "mill",
        priority: 200,
        selection: { names: ["*.own.dev"], labels: { matchLabels: { team: "mill" }, matchExpressions: [] } },
        enforcement: new Map([
          ["objects-deleted", "deny"],
          ["version-in-use-unserved", "audit"],
        ]),
        onInternalError: "allow",
        objects: { onIncomplete: "deny", budgetPercent: 40 },
        exceptions: [
          { ...exceptionEntry(), versions: [] },
          { ...exceptionEntry(), rule: "stored-version-removed", versions: ["v1alpha1"] },
        ],
      },
      problems: [],
    });
  });

  it.each([
    { title: "an empty specification", spec: {} },
    {
      title: "one of nulls",
      spec: { priority: null, crds: null, rules: null, onInternalError: null, objects: null, exceptions: null },
    },
  ])("says nothing by $title, for all CRDs, with the priority of those that name none", ({ spec }) => {
    expect(parseGuardPolicy(rawPolicy("mill", spec))).toEqual({
      ok: true,
      value: {
        name: "mill",
        priority: 100,
        selection: { names: null, labels: null },
        enforcement: new Map(),
        onInternalError: null,
        objects: { onIncomplete: null, budgetPercent: null },
        exceptions: [],
      },
      problems: [],
    });
  });

  it.each<{ title: string; spec: unknown; problems: readonly PolicyProblem[] }>([
    { title: "no specification", spec: null, problems: [{ kind: "malformed", path: "spec", expected: "an object" }] },
    {
      title: "a choice of CRDs that is none",
      spec: { crds: [], rules: [deny] },
      problems: [{ kind: "malformed", path: "spec.crds", expected: "an object" }],
    },
    {
      title: "an empty choice, which could mean all CRDs or none",
      spec: { crds: {} },
      problems: [{ kind: "malformed", path: "spec.crds", expected: "names, labels or both" }],
    },
    {
      title: "a choice by what it does not know",
      spec: { crds: { name: ["gears.own.dev"], labels: {} } },
      problems: [{ kind: "member-unknown", path: "spec.crds.name", nearest: "names" }],
    },
    {
      title: "names that are none",
      spec: { crds: { names: [] } },
      problems: [
        { kind: "malformed", path: "spec.crds.names", expected: "a list of names of CRDs, in which * stands for any characters" },
      ],
    },
    {
      title: "labels that do not hold together",
      spec: { crds: { labels: { matchExpressions: [{ key: "team", operator: "In" }] } } },
      problems: [{ kind: "malformed", path: "spec.crds.labels", expected: "a label selector" }],
    },
    {
      title: "a priority that is no number",
      spec: { priority: "high" },
      problems: [{ kind: "malformed", path: "spec.priority", expected: "a whole number" }],
    },
  ])("does not count at all with $title", ({ spec, problems }) => {
    expect(parseGuardPolicy(rawPolicy("mill", spec))).toEqual({
      ok: false,
      error: { code: "guard-policy-malformed", problems },
    });
  });

  it.each<{ title: string; wrong: Readonly<Record<string, unknown>>; problems: readonly PolicyProblem[] }>([
    {
      title: "a rule that nobody knows, with the one that may be meant",
      wrong: { rules: [deny, { id: "object-deleted", enforcement: "off" }] },
      problems: [{ kind: "rule-unknown", path: "spec.rules[1].id", id: "object-deleted", nearest: "objects-deleted" }],
    },
    {
      title: "a rule that is like none",
      wrong: { rules: [{ id: "quota-exceeded-today", enforcement: "deny" }, deny] },
      problems: [{ kind: "rule-unknown", path: "spec.rules[0].id", id: "quota-exceeded-today", nearest: null }],
    },
    {
      title: "an enforcement that is none",
      wrong: { rules: [deny, { id: "stored-version-removed", enforcement: "block" }] },
      problems: [{ kind: "malformed", path: "spec.rules[1].enforcement", expected: "deny, warn, audit, off" }],
    },
    {
      title: "what YAML makes of the bare word off",
      wrong: { rules: [deny, { id: "stored-version-removed", enforcement: false }] },
      problems: [{ kind: "malformed", path: "spec.rules[1].enforcement", expected: 'deny, warn, audit, "off" in quotes' }],
    },
    {
      title: "a rule that is set twice, of which the first counts",
      wrong: { rules: [deny, { ...deny, enforcement: "off" }] },
      problems: [{ kind: "repeated", path: "spec.rules[1]", id: "objects-deleted" }],
    },
    {
      title: "an entry that is no object",
      wrong: { rules: ["objects-deleted=off", deny] },
      problems: [{ kind: "malformed", path: "spec.rules[0]", expected: "an object" }],
    },
    {
      title: "exceptions that are no list",
      wrong: { rules: [deny], exceptions: {} },
      problems: [{ kind: "malformed", path: "spec.exceptions", expected: "a list" }],
    },
    {
      title: "an answer that is none",
      wrong: { rules: [deny], onInternalError: "ignore" },
      problems: [{ kind: "malformed", path: "spec.onInternalError", expected: "deny, allow" }],
    },
    {
      title: "a budget that leaves no time for the answer, and an answer that is none",
      wrong: { rules: [deny], objects: { budgetPercent: 80, onIncomplete: "allow" } },
      problems: [
        { kind: "malformed", path: "spec.objects.onIncomplete", expected: "allow-with-warning, deny" },
        { kind: "malformed", path: "spec.objects.budgetPercent", expected: "a whole number from 1 to 70" },
      ],
    },
    {
      title: "a member that nobody knows",
      wrong: { rules: [deny], exeptions: [exceptionEntry()] },
      problems: [{ kind: "member-unknown", path: "spec.exeptions", nearest: "exceptions" }],
    },
  ])("keeps the rest, and tells $title", ({ wrong, problems }) => {
    const parsed = parseGuardPolicy(rawPolicy("mill", wrong));

    expect(parsed).toMatchObject({ ok: true, problems });
    expect(policyOf("mill", wrong).enforcement).toEqual(new Map([["objects-deleted", "deny"]]));
  });

  it.each<{ title: string; shape: Readonly<Record<string, unknown>>; problem: PolicyProblem }>([
    {
      title: "of a rule that nobody knows",
      shape: { rule: "objects-delete" },
      problem: { kind: "rule-unknown", path: "spec.exceptions[0].rule", id: "objects-delete", nearest: "objects-deleted" },
    },
    {
      title: "of no CRD",
      shape: { crd: "" },
      problem: { kind: "malformed", path: "spec.exceptions[0].crd", expected: "the name of a CRD" },
    },
    {
      title: "without a reason",
      shape: { reason: " " },
      problem: { kind: "malformed", path: "spec.exceptions[0].reason", expected: "why, in words" },
    },
    {
      title: "without an owner",
      shape: { owner: undefined },
      problem: { kind: "malformed", path: "spec.exceptions[0].owner", expected: "who answers for it" },
    },
    {
      title: "without an end",
      shape: { expires: undefined },
      problem: { kind: "malformed", path: "spec.exceptions[0].expires", expected: "a time, as in 2027-01-01T00:00:00Z" },
    },
    {
      title: "that ends on a day rather than at a time",
      shape: { expires: "2027-01-01" },
      problem: { kind: "malformed", path: "spec.exceptions[0].expires", expected: "a time, as in 2027-01-01T00:00:00Z" },
    },
    {
      title: "that ends on the 45th",
      shape: { expires: "2027-01-45T00:00:00Z" },
      problem: { kind: "malformed", path: "spec.exceptions[0].expires", expected: "a time, as in 2027-01-01T00:00:00Z" },
    },
    {
      title: "narrowed by what nobody knows",
      shape: { namespace: "mill" },
      problem: { kind: "member-unknown", path: "spec.exceptions[0].namespace", nearest: null },
    },
    {
      title: "of versions, of a rule that speaks of none",
      shape: { versions: ["v1"] },
      problem: { kind: "versions-useless", path: "spec.exceptions[0].versions", rule: "objects-deleted" },
    },
  ])("drops an exception $title, and keeps the others", ({ shape, problem }) => {
    const other = exceptionEntry({ crd: "cogs.own.dev" });
    const spec = { exceptions: [exceptionEntry(shape), other] };

    expect(problemsOf(spec)).toEqual([problem]);
    expect(policyOf("mill", spec).exceptions).toEqual([{ ...other, versions: [] }]);
  });

  it("is read or refused, whatever it holds, and never throws", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (spec, rules, exceptions) => {
        for (const given of [spec, { rules, exceptions }, { rules: [rules], exceptions: [exceptions], crds: spec }]) {
          expect(parseGuardPolicy(rawPolicy("mill", given))).toHaveProperty("ok");
        }
      }),
    );
  });
});

describe("the choice of CRDs", () => {
  const gears = { name: "gears.own.dev", labels: { team: "mill" } };

  it.each([
    { title: "all, where nothing is chosen", crds: undefined, isChosen: true },
    { title: "one by its name", crds: { names: ["gears.own.dev"] }, isChosen: true },
    { title: "one by the second name", crds: { names: ["cogs.own.dev", "gears.own.dev"] }, isChosen: true },
    { title: "a group", crds: { names: ["*.own.dev"] }, isChosen: true },
    { title: "a group and those below it", crds: { names: ["*own.dev"] }, isChosen: true },
    { title: "by a beginning", crds: { names: ["gears.*"] }, isChosen: true },
    { title: "by several parts, in their order", crds: { names: ["g*r*.o*n.dev"] }, isChosen: true },
    { title: "by a star that stands for nothing", crds: { names: ["gears*.own.dev*"] }, isChosen: true },
    { title: "all, by a star", crds: { names: ["*"] }, isChosen: true },
    { title: "by a label", crds: { labels: { matchLabels: { team: "mill" } } }, isChosen: true },
    { title: "by both", crds: { names: ["*.own.dev"], labels: { matchLabels: { team: "mill" } } }, isChosen: true },
    { title: "not by part of a name", crds: { names: ["gears"] }, isChosen: false },
    { title: "not by an end alone", crds: { names: ["own.dev"] }, isChosen: false },
    { title: "not by parts in another order", crds: { names: ["*own*gears*"] }, isChosen: false },
    { title: "not by parts that would overlap", crds: { names: ["gears.own*own.dev"] }, isChosen: false },
    { title: "not where a dot is no dot: it stands for itself", crds: { names: ["gearsxown.dev"] }, isChosen: false },
    { title: "not by another label", crds: { labels: { matchLabels: { team: "press" } } }, isChosen: false },
    {
      title: "not where only one of both holds",
      crds: { names: ["*.own.dev"], labels: { matchLabels: { team: "press" } } },
      isChosen: false,
    },
  ])("is $title", ({ crds, isChosen: expected }) => {
    expect(isChosen(policyOf("mill", { crds }).selection, gears)).toBe(expected);
  });

  it("matches as a regular expression would", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (own, name) => {
        const expression = new RegExp(`^${own.replaceAll(".", String.raw`\.`).replaceAll("*", ".*")}$`);
        expect(isChosen(policyOf("mill", { crds: { names: [own] } }).selection, { name, labels: {} })).toBe(
          expression.test(name),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a time", () => {
  it.each([
    { text: "2027-01-01T00:00:00Z", iso: "2027-01-01T00:00:00.000Z" },
    { text: "2027-01-01t00:00:00z", iso: "2027-01-01T00:00:00.000Z" },
    { text: "2027-01-01T02:00:00+02:00", iso: "2027-01-01T00:00:00.000Z" },
    { text: "2027-01-01T00:00:00.25Z", iso: "2027-01-01T00:00:00.250Z" },
    { text: "2027-01-01T00:00:00", iso: null },
    { text: "1 January 2027", iso: null },
    { text: "2027-13-01T00:00:00Z", iso: null },
  ])("$text is $iso", ({ text, iso }) => {
    expect(readTime(text)).toBe(iso === null ? null : Date.parse(iso));
  });
});
