import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { combinePolicies, NO_FLAGS, type PolicyFlags } from "../../../src/policy/combine.ts";
import { compareStrictness, DEFAULT_POLICY, judge, type Policy, type RuleSetting } from "../../../src/policy/policy.ts";
import { rules } from "../../../src/rules/checks/index.ts";
import type { Finding } from "../../../src/rules/finding.ts";
import { exceptionEntry, policyOf } from "../../support/policies.ts";

const NOW = Date.parse("2026-06-15T12:00:00Z");
const gears = { name: "gears.own.dev", labels: { team: "mill" } };
const RULE = "objects-deleted";

function setting(enforcement: RuleSetting, shape: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { rules: [{ id: RULE, enforcement }], ...shape };
}

function combined(specs: Readonly<Record<string, unknown>>, flags: PolicyFlags = NO_FLAGS): Policy {
  const policies = Object.entries(specs).map(([name, spec]) => policyOf(name, spec));
  return combinePolicies(policies, flags, gears, NOW);
}

describe("policies that are combined", () => {
  it("are the built-in defaults where there is none", () => {
    expect(combined({})).toEqual(DEFAULT_POLICY);
  });

  it.each<{ title: string; specs: Readonly<Record<string, unknown>>; flags?: PolicyFlags; is: RuleSetting | undefined }>([
    { title: "leave a rule its default where none speaks of it", specs: { default: {} }, is: undefined },
    { title: "set a rule", specs: { default: setting("warn") }, is: "warn" },
    {
      title: "let the higher priority count, though it is milder",
      specs: { a: setting("deny"), b: setting("off", { priority: 101 }) },
      is: "off",
    },
    {
      title: "let the higher priority count, though it is stricter",
      specs: { a: setting("off"), b: setting("deny", { priority: 101 }) },
      is: "deny",
    },
    {
      title: "let a lower priority count for what the higher one says nothing of",
      specs: { a: setting("warn", { priority: 0 }), b: { priority: 500, rules: [] } },
      is: "warn",
    },
    {
      title: "let the stricter of the same priority count",
      specs: { a: setting("audit"), b: setting("warn"), c: setting("off") },
      is: "warn",
    },
    {
      title: "count where they are for the CRD by name",
      specs: { a: setting("warn", { crds: { names: ["*.own.dev"] } }) },
      is: "warn",
    },
    {
      title: "do not count where they are for others",
      specs: { a: setting("warn", { crds: { names: ["*.other.dev"] } }) },
      is: undefined,
    },
    {
      title: "do not count where they are for other labels, whatever their priority",
      specs: { a: setting("off", { priority: 900, crds: { labels: { matchLabels: { team: "press" } } } }), b: setting("deny") },
      is: "deny",
    },
    {
      title: "count less than a flag",
      specs: { a: setting("off", { priority: 1000 }) },
      flags: { ...NO_FLAGS, enforcement: new Map([[RULE, "audit"]]) },
      is: "audit",
    },
  ])("$title", ({ specs, flags, is }) => {
    expect(combined(specs, flags).enforcement.get(RULE)).toBe(is);
  });

  it.each<{ title: string; specs: Readonly<Record<string, unknown>>; flags?: PolicyFlags; is: Policy["objects"] }>([
    { title: "that say nothing", specs: { a: {} }, is: { onIncomplete: "allow-with-warning", budgetPercent: 60 } },
    {
      title: "of the same priority, by the stricter and by the longer look",
      specs: {
        a: { objects: { onIncomplete: "allow-with-warning", budgetPercent: 20 } },
        b: { objects: { onIncomplete: "deny", budgetPercent: 10 } },
        c: {},
      },
      is: { onIncomplete: "deny", budgetPercent: 20 },
    },
    {
      title: "by the higher priority, member by member",
      specs: {
        a: { objects: { onIncomplete: "deny", budgetPercent: 70 } },
        b: { priority: 500, objects: { onIncomplete: "allow-with-warning" } },
      },
      is: { onIncomplete: "allow-with-warning", budgetPercent: 70 },
    },
    {
      title: "that are for other CRDs not at all",
      specs: { a: { crds: { names: ["*.other.dev"] }, objects: { onIncomplete: "deny", budgetPercent: 5 } } },
      is: { onIncomplete: "allow-with-warning", budgetPercent: 60 },
    },
    {
      title: "less than a flag",
      specs: { a: { priority: 1000, objects: { onIncomplete: "allow-with-warning" } } },
      flags: { ...NO_FLAGS, onIncomplete: "deny" },
      is: { onIncomplete: "deny", budgetPercent: 60 },
    },
  ])("say how live objects are looked at: $title", ({ specs, flags, is }) => {
    expect(combined(specs, flags).objects).toEqual(is);
  });

  it.each<{ title: string; specs: Readonly<Record<string, unknown>>; flags?: PolicyFlags; is: Policy["onUndecided"] }>([
    { title: "denies where nobody says anything", specs: { a: {} }, is: "deny" },
    { title: "allows where one says so", specs: { a: { onInternalError: "allow" } }, is: "allow" },
    {
      title: "denies where two of the same priority disagree",
      specs: { a: { onInternalError: "allow" }, b: { onInternalError: "deny" } },
      is: "deny",
    },
    {
      title: "allows where the higher priority says so",
      specs: { a: { onInternalError: "allow", priority: 101 }, b: { onInternalError: "deny" } },
      is: "allow",
    },
    {
      title: "is for those CRDs alone that a policy is for",
      specs: { a: { onInternalError: "allow", crds: { names: ["cogs.own.dev"] } } },
      is: "deny",
    },
    {
      title: "is what the flag says, if it is given",
      specs: { a: { onInternalError: "allow" } },
      flags: { ...NO_FLAGS, onUndecided: "deny" },
      is: "deny",
    },
  ])("what cannot be judged: $title", ({ specs, flags, is }) => {
    expect(combined(specs, flags).onUndecided).toBe(is);
  });

  it("have the exceptions for this CRD, the one that holds the longest first, and know which are over", () => {
    const { exceptions } = combined({
      a: { exceptions: [exceptionEntry({ expires: "2026-06-15T12:00:00Z" })] },
      b: { exceptions: [exceptionEntry({ expires: "2026-06-15T14:00:01+02:00" }), exceptionEntry({ crd: "cogs.own.dev" })] },
      c: { crds: { names: ["cogs.own.dev"] }, exceptions: [exceptionEntry()] },
    });

    expect(exceptions.map(({ policy, isLapsed }) => [policy, isLapsed])).toEqual([
      ["c", false],
      ["b", false],
      ["a", true],
    ]);
  });

  const anyPolicy = fc.record(
    {
      priority: fc.constantFrom(0, 100, 200),
      crds: fc.constantFrom({ names: ["*.own.dev"] }, { names: ["*.other.dev"] }, { labels: { matchLabels: { team: "mill" } } }),
      rules: fc.uniqueArray(
        fc.record({
          id: fc.constantFrom(...rules.map(({ id }) => id)),
          enforcement: fc.constantFrom<RuleSetting[]>("deny", "warn", "audit", "off"),
        }),
        { selector: ({ id }) => id },
      ),
      onInternalError: fc.constantFrom("deny", "allow"),
      exceptions: fc
        .uniqueArray(
          fc.record({
            rule: fc.constantFrom(...rules.map(({ id }) => id)),
            expires: fc.constantFrom("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
          }),
          { selector: ({ rule }) => rule, maxLength: 3 },
        )
        .map((own) => own.map((shape) => exceptionEntry(shape))),
    },
    { requiredKeys: [] },
  );
  const anyPolicies = fc
    .array(anyPolicy, { maxLength: 6 })
    .map((specs) => specs.map((spec, index) => policyOf(`p${String(index)}`, spec)));

  function sorted({ enforcement, ...rest }: Policy): unknown {
    return { ...rest, enforcement: [...enforcement].toSorted() };
  }

  it("are the same in whichever order they come", () => {
    const shuffled = anyPolicies.chain((own) =>
      fc.shuffledSubarray(own, { minLength: own.length }).map((other) => ({ own, other })),
    );
    fc.assert(
      fc.property(shuffled, ({ own, other }) => {
        expect(sorted(combinePolicies(other, NO_FLAGS, gears, NOW))).toEqual(sorted(combinePolicies(own, NO_FLAGS, gears, NOW)));
      }),
    );
  });

  it("are never loosened by one more of the same priority that is stricter", () => {
    fc.assert(
      fc.property(anyPolicies, fc.constantFrom(0, 100, 200), (own, priority) => {
        const stricter = policyOf("stricter", {
          priority,
          rules: rules.map(({ id }) => ({ id, enforcement: "deny" })),
          onInternalError: "deny",
        });
        const before = combinePolicies(
          own.filter((policy) => policy.priority <= priority),
          NO_FLAGS,
          gears,
          NOW,
        );
        const after = combinePolicies([...own.filter((policy) => policy.priority <= priority), stricter], NO_FLAGS, gears, NOW);

        for (const { id, defaultEnforcement } of rules) {
          const previous = before.enforcement.get(id) ?? defaultEnforcement;
          expect(compareStrictness(after.enforcement.get(id) ?? defaultEnforcement, previous)).toBeGreaterThanOrEqual(0);
        }
        expect(after.onUndecided).toBe("deny");
        expect(after.exceptions).toEqual(before.exceptions);
      }),
    );
  });
});

describe("an exception", () => {
  function finding(shape: Partial<Finding> = {}): Finding {
    return {
      rule: RULE,
      field: "metadata.name",
      fact: { kind: "objects-deleted", objects: { kind: "not-counted" } },
      remedies: [],
      defaultEnforcement: "deny",
      ...shape,
    };
  }
  const removed = (version: string): Finding =>
    finding({
      rule: "stored-version-removed",
      field: `spec.versions[${version}]`,
      fact: {
        kind: "stored-version-removed",
        version,
        case: "migrate",
        objects: { kind: "not-counted" },
        isAssumedStored: false,
      },
    });
  const relief = {
    kind: "exception",
    policy: "mill",
    reason: "the mill moves",
    owner: "millers",
    expires: "2027-01-01T00:00:00Z",
  };
  const lapsed = "2026-06-01T00:00:00Z";

  it.each<{
    title: string;
    entries: readonly Readonly<Record<string, unknown>>[];
    given: Finding;
    is: Readonly<Record<string, unknown>>;
    set?: RuleSetting;
  }>([
    { title: "makes a warning of a denial", entries: [{}], given: finding(), is: { enforcement: "warn", relief } },
    {
      title: "makes a warning of a denial that a policy asks for",
      entries: [{}],
      given: finding({ defaultEnforcement: "warn" }),
      set: "deny",
      is: { enforcement: "warn", relief },
    },
    {
      title: "is not told of where there is nothing to lift",
      entries: [{}],
      given: finding(),
      set: "warn",
      is: { enforcement: "warn" },
    },
    {
      title: "does not count for another rule",
      entries: [{ rule: "stored-version-removed" }],
      given: finding(),
      is: { enforcement: "deny" },
    },
    {
      title: "does not count for another CRD",
      entries: [{ crd: "cogs.own.dev" }],
      given: finding(),
      is: { enforcement: "deny" },
    },
    {
      title: "of a version counts for it",
      entries: [{ rule: "stored-version-removed", versions: ["v1alpha1"] }],
      given: removed("v1alpha1"),
      is: { enforcement: "warn", relief },
    },
    {
      title: "of a version does not count for another",
      entries: [{ rule: "stored-version-removed", versions: ["v1alpha1"] }],
      given: removed("v1alpha2"),
      is: { enforcement: "deny" },
    },
    {
      title: "that has lapsed is told, and changes nothing",
      entries: [{ expires: lapsed }],
      given: finding(),
      is: { enforcement: "deny", unmet: [{ kind: "exception-lapsed", policy: "mill", owner: "millers", expires: lapsed }] },
    },
  ])("$title", ({ entries, given, is, set }) => {
    const policy = combined({
      mill: {
        exceptions: entries.map(exceptionEntry),
        ...(set === undefined ? {} : { rules: [{ id: given.rule, enforcement: set }] }),
      },
    });

    expect(judge([given], policy)).toEqual([{ ...given, ...is }]);
  });

  it("counts though another of the same has lapsed, which is not told then", () => {
    const policy = combined({
      old: { exceptions: [exceptionEntry({ expires: lapsed })] },
      mill: { exceptions: [exceptionEntry()] },
    });

    expect(judge([finding()], policy)).toEqual([{ ...finding(), enforcement: "warn", relief }]);
  });
});
