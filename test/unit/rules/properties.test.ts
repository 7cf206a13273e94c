import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Crd, CrdVersion } from "../../../src/crd/crd.ts";
import { DEFAULT_POLICY, judge } from "../../../src/policy/policy.ts";
import { type Change, nextCrd } from "../../../src/rules/change.ts";
import { rules } from "../../../src/rules/checks/index.ts";
import { evaluate, evidenceNeeded } from "../../../src/rules/evaluate.ts";
import type { Facts, Need, ObjectEvidence, UnreadableDeclaration } from "../../../src/rules/facts.ts";
import type { Fact, Finding } from "../../../src/rules/finding.ts";
import type { Outcome } from "../../../src/rules/requirement.ts";
import { crd } from "../../support/builders.ts";

const versionName = fc.constantFrom("v1", "v2", "v1beta1", "v1beta2", "v1alpha1", "v1alpha2", "odd");
const outcome = fc.constantFrom<Outcome>("works", "loses-feature", "stops-working", "crashes");

/** A CRD that an API server would take: one storage version, which is stored; the others may be stored too. */
const anyCrd: fc.Arbitrary<Crd> = fc
  .uniqueArray(fc.record({ name: versionName, isServed: fc.boolean(), isStored: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
    selector: ({ name }) => name,
  })
  .chain((versions) =>
    fc.record({ versions: fc.constant(versions), storage: fc.nat(versions.length - 1), isTerminating: fc.constant(false) }),
  )
  .map(({ versions, storage, isTerminating }) => ({
    ...crd({ served: ["v1"] }),
    versions: versions.map(({ name, isServed }, index) => ({ name, isServed, isStorage: index === storage })),
    stored: {
      names: versions.filter(({ isStored }, index) => isStored || index === storage).map(({ name }) => name),
      source: "status" as const,
    },
    isTerminating,
  }));

const workload = fc.record({
  kind: fc.constantFrom("Deployment", "StatefulSet", "DaemonSet"),
  namespace: fc.constantFrom("mill", "shop"),
  name: fc.constantFrom("turner", "painter", "smith"),
});

const anyNeed: fc.Arbitrary<Need> = fc.record({
  workload,
  requirement: fc.record({
    group: fc.constant("own.dev"),
    resource: fc.constant("gears"),
    versions: fc.uniqueArray(versionName, { minLength: 1, maxLength: 3 }),
    presence: fc.constantFrom("unconditional", "crd-name", "crd-version-listed", "discovery-served"),
    outcomes: fc.record({ absent: outcome, unlisted: outcome, unserved: outcome }),
  }),
  source: fc.constant({ kind: "annotation", key: "crdguard.dev/requires" } as const),
  certainty: fc.oneof(
    { weight: 3, arbitrary: fc.constant({ kind: "known" } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: "unknown-version" } as const) },
  ),
  laterReleases: fc.constant([]),
});

const anyDeclaration: fc.Arbitrary<UnreadableDeclaration> = fc.record({
  workload,
  key: fc.constant("crdguard.dev/requires"),
  value: fc.string(),
  problem: fc.string(),
});

const anyObjects: fc.Arbitrary<ObjectEvidence> = fc.oneof(
  fc.constant({ kind: "not-counted" } as const),
  fc.constant({ kind: "uncountable", reason: "forbidden" } as const),
  fc.record({ total: fc.nat(5000), isComplete: fc.boolean() }).map(({ total, isComplete }) => ({
    kind: "counted" as const,
    total,
    isComplete,
    byNamespace: total === 0 ? new Map<string, number>() : new Map([["mill", total]]),
    examples: total === 0 ? [] : [{ namespace: "mill", name: "g1" }],
    source: { kind: "cluster" as const },
  })),
);

const anyFacts: fc.Arbitrary<Facts> = fc.record({
  needs: fc.array(anyNeed, { maxLength: 6 }),
  unreadableDeclarations: fc.array(anyDeclaration, { maxLength: 2 }),
  objects: anyObjects,
  migration: fc.constantFrom(
    { kind: "none" } as const,
    { kind: "succeeded", by: "a migration" } as const,
    { kind: "outdated", by: "a migration", reason: "the CRD was written later" } as const,
  ),
});

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  anyCrd.map((next) => ({ kind: "create" as const, next })),
  fc.tuple(anyCrd, anyCrd).map(([previous, next]) => ({ kind: "update" as const, previous, next })),
  fc.tuple(anyCrd, fc.uniqueArray(versionName)).map(([previous, names]) => ({
    kind: "status-update" as const,
    previous,
    next: { ...previous, stored: { names, source: "status" as const } },
  })),
  anyCrd.map((previous) => ({ kind: "delete" as const, previous })),
);

/** What was there, served at least as before, and more that is served: nothing that anybody had goes away. */
const removesNothing: fc.Arbitrary<Change> = fc
  .tuple(anyCrd, fc.uniqueArray(versionName), fc.uniqueArray(versionName))
  .map(([previous, switchedOn, added]) => {
    const kept = previous.versions.map((version) => ({
      ...version,
      isServed: version.isServed || new Set<string>(switchedOn).has(version.name),
    }));
    const fresh = added
      .filter((name) => !kept.some((version) => version.name === name))
      .map((name): CrdVersion => ({ name, isServed: true, isStorage: false }));
    return { kind: "update", previous, next: { ...previous, versions: [...kept, ...fresh] } };
  });

function isDenied(change: Change, facts: Facts): boolean {
  return judge(evaluate(change, facts), DEFAULT_POLICY)[0]?.enforcement === "deny";
}

/** Who is hurt by what, whatever the order. Of several guesses about one workload the first is told, so that only its name counts. */
function essence(findings: readonly Finding[]): readonly string[] {
  return findings
    .map(({ rule, field, fact, isAdvisory }) =>
      JSON.stringify([rule, field, isAdvisory ?? false, fact.kind, whoIn(fact).toSorted()]),
    )
    .toSorted();
}

function whoIn(fact: Fact): readonly string[] {
  switch (fact.kind) {
    case "required-version-unserved":
      return [
        fact.versions.toSorted().join("|"),
        ...fact.hurt.map(({ need, before, after }) => JSON.stringify([need, before, after])),
      ];
    case "required-resource-deleted":
      return fact.hurt.map(({ need, before, after }) => JSON.stringify([need, before, after]));
    case "requirement-unknown":
      return fact.needs.map((need) => JSON.stringify(need.workload));
    case "declaration-unreadable":
      return fact.declarations.map((declaration) => JSON.stringify(declaration));
    case "stored-version-removed":
      return [fact.version, fact.case];
    case "stored-version-forgotten":
      return [fact.version, String(fact.isStorageVersion)];
    case "objects-deleted":
      return [];
  }
}

/** The same values in another order, by a list of keys to sort them by. */
function shuffled<T>(values: readonly T[], keys: readonly number[]): readonly T[] {
  return values
    .map((value, index) => ({ value, key: keys[index % Math.max(keys.length, 1)] ?? 0 }))
    .toSorted((left, right) => left.key - right.key)
    .map(({ value }) => value);
}

function reordered(subject: Crd, keys: readonly number[]): Crd {
  return {
    ...subject,
    versions: shuffled(subject.versions, keys),
    stored: { ...subject.stored, names: shuffled(subject.stored.names, keys) },
  };
}

function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFrozen);
  }
  return value;
}

describe("whatever the change and the cluster", () => {
  it("finds nothing in an update that takes nothing away", () => {
    fc.assert(
      fc.property(removesNothing, anyFacts, (change, facts) => {
        expect(evaluate(change, facts)).toEqual([]);
        expect([...evidenceNeeded(change)]).toEqual([]);
      }),
    );
  });

  it("finds nothing in an update that changes nothing, however bad things are already", () => {
    fc.assert(
      fc.property(anyCrd, fc.uniqueArray(versionName), anyFacts, (subject, stored, facts) => {
        const broken: Crd = { ...subject, stored: { names: stored, source: "status" } };

        expect(evaluate({ kind: "update", previous: broken, next: broken }, facts)).toEqual([]);
        expect(evaluate({ kind: "status-update", previous: broken, next: broken }, facts)).toEqual([]);
      }),
    );
  });

  it("finds nothing in a change of metadata alone", () => {
    fc.assert(
      fc.property(
        anyCrd,
        fc.option(fc.record({ version: fc.string(), channel: fc.option(fc.string()) })),
        anyFacts,
        (previous, bundle, facts) => {
          const next: Crd = { ...previous, bundle, lastWrittenAt: "2026-01-01T00:00:00Z", isMigratedInTree: true };

          expect(evaluate({ kind: "update", previous, next }, facts)).toEqual([]);
        },
      ),
    );
  });

  it("finds nothing, and asks for no evidence, where the CRD is terminating", () => {
    fc.assert(
      fc.property(anyChange, anyFacts, (change, facts) => {
        fc.pre(change.kind !== "create");
        const terminating = { ...change, previous: { ...change.previous, isTerminating: true } };

        expect(evaluate(terminating, facts)).toEqual([]);
        expect([...evidenceNeeded(terminating)]).toEqual([]);
      }),
    );
  });

  it("finds the same whatever the order of versions, stored versions and needs", () => {
    fc.assert(
      fc.property(
        anyChange,
        anyFacts,
        fc.array(fc.nat(), { minLength: 1 }),
        fc.array(fc.nat(), { minLength: 1 }),
        (change, facts, first, second) => {
          const other: Change =
            change.kind === "create"
              ? { ...change, next: reordered(change.next, first) }
              : change.kind === "delete"
                ? { ...change, previous: reordered(change.previous, first) }
                : { ...change, previous: reordered(change.previous, first), next: reordered(change.next, second) };

          expect(essence(evaluate(other, { ...facts, needs: shuffled(facts.needs, second) }))).toEqual(
            essence(evaluate(change, facts)),
          );
        },
      ),
    );
  });

  it("never turns a denial into an allowance because somebody else needs the API too", () => {
    fc.assert(
      fc.property(anyChange, anyFacts, anyNeed, (change, facts, another) => {
        fc.pre(isDenied(change, facts));

        expect(isDenied(change, { ...facts, needs: [...facts.needs, another] })).toBe(true);
      }),
    );
  });

  it("never denies because of a need that is only guessed, or of a declaration that cannot be read", () => {
    fc.assert(
      fc.property(anyChange, anyFacts, (change, facts) => {
        const guessed = facts.needs.map((need): Need => ({ ...need, certainty: { kind: "unknown-version" } }));

        expect(isDenied(change, { ...facts, needs: guessed })).toBe(
          isDenied(change, { ...facts, needs: [], unreadableDeclarations: [] }),
        );
      }),
    );
  });

  it("names each finding's rule and field, sorted by both", () => {
    fc.assert(
      fc.property(anyChange, anyFacts, (change, facts) => {
        const places = evaluate(change, facts).map(({ rule, field }) => `${rule} ${field}`);

        expect(places).toEqual(places.toSorted((left, right) => (left < right ? -1 : 1)));
        expect(
          places.filter((place) => !/^[a-z-]+ (?:metadata\.name|spec\.versions|status\.storedVersions)/.test(place)),
        ).toEqual([]);
      }),
    );
  });

  it("changes nothing that a rule is given", () => {
    fc.assert(
      fc.property(anyChange, anyFacts, (change, facts) => {
        const input = deepFrozen({ change, facts });
        for (const rule of rules) {
          rule.evidence?.(input.change);
          rule.find(input);
        }
        expect(nextCrd(change) === null || Object.isFrozen(nextCrd(change)?.versions)).toBe(true);
      }),
    );
  });
});
