import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Crd, CrdDefiner, CrdOwner, CrdVersion } from "../../../src/crd/crd.ts";
import { changeKey } from "../../../src/crd/schema/same-change.ts";
import { DEFAULT_POLICY, judge } from "../../../src/policy/policy.ts";
import { type Change, type CrdChange, type WorkloadChange } from "../../../src/rules/change.ts";
import { rules } from "../../../src/rules/checks/index.ts";
import { evaluate, evidenceNeeded } from "../../../src/rules/evaluate.ts";
import type {
  Certainty,
  Facts,
  LaterRelease,
  Need,
  ObjectEvidence,
  UnreadableDeclaration,
  WebhookLook,
  WriterEvidence,
} from "../../../src/rules/facts.ts";
import type { Fact, Finding } from "../../../src/rules/finding.ts";
import { type Outcome, PRESENCES, type Requirement } from "../../../src/rules/requirement.ts";
import { converter, crd } from "../../support/builders.ts";

const versionName = fc.constantFrom("v1", "v2", "v1beta1", "v1beta2", "v1alpha1", "v1alpha2", "odd");
const outcome = fc.constantFrom<Outcome>("works", "loses-feature", "stops-working", "crashes");

const anyOwner = fc.constantFrom<CrdOwner>(
  { kind: "helm-release", namespace: "tools", name: "mill", isKept: false },
  { kind: "helm-release", namespace: "tools", name: "other", isKept: false },
  { kind: "flux-helm-release", namespace: "tools", name: "mill" },
  { kind: "argo-application", namespace: null, name: "mill" },
  { kind: "olm" },
);

const anyDefiner: fc.Arbitrary<CrdDefiner> = fc.record({
  manager: fc.constantFrom("helm", "kubectl", "kubectl-patch", "argocd-controller", "team-a", "mill-operator"),
  isApplied: fc.boolean(),
});

const anyConversion = fc.constantFrom<Crd["conversion"]>(
  { kind: "none" },
  converter(),
  converter("other"),
  converter("other", "bmV3"),
);

const anyBundle = fc.constantFrom(
  null,
  { version: "v1.0.0", channel: "experimental" },
  { version: "v1.1.0-rc.1", channel: null },
  { version: "v1.1.0", channel: "standard" },
  { version: "monthly", channel: "experimental" },
);

/** A CRD that an API server would take: one storage version, which is stored; the others may be stored too. */
const anyCrd: fc.Arbitrary<Crd> = fc
  .uniqueArray(fc.record({ name: versionName, isServed: fc.boolean(), isStored: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
    selector: ({ name }) => name,
  })
  .chain((versions) =>
    fc.record({
      versions: fc.constant(versions),
      storage: fc.nat(versions.length - 1),
      isTerminating: fc.constant(false),
      conversion: anyConversion,
      bundle: anyBundle,
      owners: fc.array(anyOwner, { maxLength: 2 }),
      definers: fc.array(anyDefiner, { maxLength: 2 }),
    }),
  )
  .map(({ versions, storage, isTerminating, ...rest }) => ({
    ...crd({ served: ["v1"] }),
    ...rest,
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

const anyRequirement: fc.Arbitrary<Requirement> = fc.record({
  group: fc.constant("own.dev"),
  resource: fc.constant("gears"),
  versions: fc.uniqueArray(versionName, { minLength: 1, maxLength: 3 }),
  presence: fc.constantFrom(...PRESENCES),
  outcomes: fc.record({ absent: outcome, unlisted: outcome, unserved: outcome }),
});

const unsure = fc.constantFrom<Certainty>(
  { kind: "unknown-version" },
  { kind: "conditional", condition: "--gears" },
  { kind: "unconfirmed" },
  { kind: "replaced" },
);

const anyNeed: fc.Arbitrary<Need> = fc.record({
  workload,
  requirement: anyRequirement,
  source: fc.oneof(
    fc.constant({ kind: "annotation", key: "crdguard.dev/requires" } as const),
    fc.constantFrom([], ["own.dev"]).map((owns) => ({
      kind: "catalog" as const,
      controller: "turner",
      versionRange: ">=1.0.0",
      image: "own.dev/turner:v1.0.0",
      container: "main",
      effect: null,
      owns,
    })),
  ),
  certainty: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<Certainty>({ kind: "known" }, { kind: "assumed", condition: "gears=on" }) },
    { weight: 1, arbitrary: unsure },
  ),
  laterReleases: fc.array(
    fc.record<LaterRelease>({
      minimumVersion: fc.constantFrom("1.1.0", "2.0.0"),
      requirements: fc.array(anyRequirement, { maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
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

const anyWriters: fc.Arbitrary<WriterEvidence> = fc.oneof(
  fc.constant({ kind: "unreadable", reason: "forbidden" } as const),
  fc.record({
    kind: fc.constant("sampled" as const),
    objectCount: fc.nat(2000),
    isComplete: fc.boolean(),
    writers: fc.array(
      fc.record({
        kind: fc.constantFrom("field-manager", "file"),
        name: fc.constantFrom("argocd-controller", "kubectl-edit", "gears.yaml"),
        version: versionName,
        objectCount: fc.nat(2000),
        isSubresourceOnly: fc.boolean(),
        lastWrittenAt: fc.constantFrom(null, "2026-05-01T10:00:00Z"),
      }),
      { maxLength: 4 },
    ),
  }),
);

const anyLook = fc.constantFrom<WebhookLook>(
  { kind: "answers" },
  { kind: "broken", problem: { kind: "no-endpoints" } },
  { kind: "broken", problem: { kind: "distrusted", reason: "expired" } },
  { kind: "broken", problem: { kind: "refused", reason: "ECONNREFUSED" } },
  { kind: "unknown", reason: "forbidden" },
);

/** The same CRD, or none. */
const someCrds: fc.Arbitrary<ReadonlyMap<string, Crd>> = fc
  .option(anyCrd)
  .map((one) => new Map(one === null ? [] : [[one.name, one]]));

const anyFacts: fc.Arbitrary<Facts> = fc.record({
  crds: someCrds,
  applied: someCrds,
  bundles: someCrds.map((crds) => [
    { name: "mill", title: "Mill", version: "1.0.0", channel: "standard", releasedOn: "2026-05-01", installUrl: null, crds },
  ]),
  needs: fc.array(anyNeed, { maxLength: 6 }),
  unreadableDeclarations: fc.array(anyDeclaration, { maxLength: 2 }),
  objects: anyObjects,
  migration: fc.constantFrom(
    { kind: "none" } as const,
    { kind: "succeeded", by: "a migration" } as const,
    { kind: "outdated", by: "a migration", reason: "the CRD was written later" } as const,
  ),
  writers: anyWriters,
  fit: fc.constant({ kind: "not-looked" } as const),
  webhooks: fc.record({ before: fc.option(anyLook), after: fc.option(anyLook) }),
});

const anyCrdChange: fc.Arbitrary<CrdChange> = fc.oneof(
  anyCrd.map((next) => ({ kind: "create" as const, next })),
  fc.tuple(anyCrd, anyCrd).map(([previous, next]) => ({ kind: "update" as const, previous, next })),
  fc.tuple(anyCrd, fc.uniqueArray(versionName)).map(([previous, names]) => ({
    kind: "status-update" as const,
    previous,
    next: { ...previous, stored: { names, source: "status" as const } },
  })),
  anyCrd.map((previous) => ({ kind: "delete" as const, previous })),
);

const anyWorkloadChange: fc.Arbitrary<WorkloadChange> = fc.record({
  kind: fc.constant("apply-workload"),
  workload,
  needs: fc.array(anyNeed, { maxLength: 4 }),
  unreadable: fc.array(anyDeclaration, { maxLength: 2 }),
  today: fc.option(outcome.map((worst) => ({ outcomes: new Map([["gears.own.dev", worst]]) }))),
});

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: anyCrdChange },
  { weight: 1, arbitrary: anyWorkloadChange },
);

/**
 * What was there, served at least as before, and more that is served: nothing that anybody had goes away, but to those who
 * ask for preferred versions. Nothing is converted by a webhook, which might not be there.
 */
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
    const { conversion } = crd({ served: ["v1"] });
    return {
      kind: "update",
      previous: { ...previous, conversion },
      next: { ...previous, conversion, versions: [...kept, ...fresh] },
    };
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
    case "workload-requirement-unmet":
      return [fact.case, ...fact.unmet.map(({ need, before, after }) => JSON.stringify([need, before, after]))];
    case "requirement-unsure":
      return [fact.doubt, ...fact.hurt.map(({ need }) => JSON.stringify(need.workload))];
    case "declaration-unreadable":
      return fact.declarations.map((declaration) => JSON.stringify(declaration));
    case "stored-version-removed":
      return [fact.version, fact.case];
    case "stored-version-forgotten":
      return [fact.version, String(fact.isStorageVersion)];
    case "version-in-use-unserved":
      return [fact.version, ...fact.writers.map((writer) => JSON.stringify(writer))];
    case "writers-unknown":
      return [fact.versions.join("|"), fact.reason];
    case "schema-narrowed":
      return [...fact.versions, ...fact.causes.map(changeKey)];
    case "versions-apart":
      return [fact.writtenIn, fact.readIn, ...fact.causes.map(changeKey)];
    case "version-renamed":
      return [fact.from, fact.to];
    case "schemas-unknown":
      return fact.versions;
    case "names-gone":
      return fact.names;
    case "objects-deleted":
      return [];
    case "conversion-removed":
    case "conversion-unreachable":
    case "conversion-unknown":
      return [fact.versions.toSorted().join("|"), JSON.stringify(fact.target)];
    case "bundle-downgraded":
      return [...fact.dropped, ...fact.unserved, String(fact.isOlder)];
    case "storage-version-downgraded":
      return [fact.before, fact.after];
    case "owner-changed":
      return [...fact.before, ...fact.after].map((keeper) => JSON.stringify(keeper));
    case "object-rejected":
      return fact.causes.map((cause) => JSON.stringify(cause));
    case "object-pruned":
      return [fact.role, ...fact.fields.map((field) => JSON.stringify(field))];
    case "object-rules-failed":
    case "object-rules-unevaluated":
      return fact.rules.map((rule) => JSON.stringify(rule));
    case "objects-not-all-checked":
      return [JSON.stringify(fact.look)];
    case "objects-unchecked":
      return [fact.reason];
    case "objects-known-in-outline":
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

function reorderedChange(change: Change, first: readonly number[], second: readonly number[]): Change {
  switch (change.kind) {
    case "create":
      return { ...change, next: reordered(change.next, first) };
    case "delete":
      return { ...change, previous: reordered(change.previous, first) };
    case "update":
    case "status-update":
      return { ...change, previous: reordered(change.previous, first), next: reordered(change.next, second) };
    case "apply-workload":
      return { ...change, needs: shuffled(change.needs, first) };
  }
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
        const needs = facts.needs.filter(({ requirement }) => requirement.presence !== "discovery-preferred");

        expect(evaluate(change, { ...facts, needs })).toEqual([]);
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

  it("finds nothing in a change of metadata alone, but that of the release which it says it is of", () => {
    fc.assert(
      fc.property(anyCrd, anyBundle, fc.array(anyOwner), anyFacts, (before, bundle, owners, facts) => {
        const previous: Crd = { ...before, generation: 7 };
        const next: Crd = { ...previous, bundle, owners, lastWrittenAt: "2026-01-01T00:00:00Z", isMigratedInTree: true };

        const found = evaluate({ kind: "update", previous, next }, facts).map(({ rule }) => rule);
        expect(found.filter((rule) => rule !== "bundle-downgraded")).toEqual([]);
        expect([...evidenceNeeded({ kind: "update", previous, next })]).toEqual([]);
      }),
    );
  });

  it("never denies, unless told to, because of a webhook of which nothing is known", () => {
    fc.assert(
      fc.property(anyCrd, anyCrd, anyFacts, (previous, next, facts) => {
        fc.pre(next.conversion.kind === "webhook");
        const unknown: WebhookLook = { kind: "unknown", reason: "forbidden" };
        const findings = evaluate(
          { kind: "update", previous, next },
          { ...facts, webhooks: { before: unknown, after: unknown } },
        );

        const denied = judge(findings, DEFAULT_POLICY).filter(({ enforcement }) => enforcement === "deny");
        expect(denied.map(({ rule }) => rule)).not.toContain("conversion-lost");
      }),
    );
  });

  it("warns of a release that goes back on the way there or on the way back, and never on both", () => {
    fc.assert(
      fc.property(anyCrd, anyCrd, anyFacts, (left, right, facts) => {
        const isWarned = (previous: Crd, next: Crd): boolean =>
          evaluate({ kind: "update", previous, next }, facts).some(
            ({ fact }) => fact.kind === "bundle-downgraded" && fact.isOlder,
          );

        expect(isWarned(left, right) && isWarned(right, left)).toBe(false);
      }),
    );
  });

  it("finds nothing, and asks for no evidence, where the CRD is terminating", () => {
    fc.assert(
      fc.property(anyCrdChange, anyFacts, (change, facts) => {
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
          const other = reorderedChange(change, first, second);

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
      fc.property(anyCrdChange, anyFacts, unsure, (change, facts, certainty) => {
        const guessed = facts.needs.map((need): Need => ({ ...need, certainty }));

        expect(isDenied(change, { ...facts, needs: guessed })).toBe(
          isDenied(change, { ...facts, needs: [], unreadableDeclarations: [] }),
        );
      }),
    );
  });

  it("never denies a workload because of a need that is only guessed, or for what is no worse than today", () => {
    fc.assert(
      fc.property(anyWorkloadChange, anyFacts, unsure, (change, facts, certainty) => {
        const guessed = { ...change, needs: change.needs.map((need): Need => ({ ...need, certainty })) };
        const crashing = { ...change, today: { outcomes: new Map([["gears.own.dev", "crashes" as const]]) } };

        expect(isDenied(guessed, facts)).toBe(false);
        expect(isDenied(crashing, facts)).toBe(false);
      }),
    );
  });

  it("never denies, unless told to, because of who writes objects", () => {
    fc.assert(
      fc.property(anyChange, anyFacts, (change, facts) => {
        expect(isDenied(change, facts)).toBe(isDenied(change, { ...facts, writers: { kind: "not-sampled" } }));
      }),
    );
  });

  it("warns of writers of versions that go away, and of no others", () => {
    fc.assert(
      fc.property(anyCrd, anyCrd, anyFacts, (previous, next, facts) => {
        const served = (subject: Crd) => subject.versions.filter(({ isServed }) => isServed).map(({ name }) => name);
        const dying = served(previous).filter((name) => !served(next).includes(name));
        const warned = evaluate({ kind: "update", previous, next }, facts).flatMap(({ fact }) =>
          fact.kind === "version-in-use-unserved" ? [fact.version] : fact.kind === "writers-unknown" ? fact.versions : [],
        );
        const writers = facts.writers.kind === "sampled" ? facts.writers.writers : null;
        const isUsed = (version: string) =>
          writers === null ||
          writers.some((writer) => writer.version === version && (writer.kind === "file" || writer.name !== "kubectl-edit"));

        expect(warned.toSorted()).toEqual(dying.filter(isUsed).toSorted());
      }),
    );
  });

  it("names each finding's rule and field, sorted by both", () => {
    fc.assert(
      fc.property(anyChange, anyFacts, (change, facts) => {
        const places = evaluate(change, facts).map(({ rule, field }) => `${rule} ${field}`);

        expect(places).toEqual(places.toSorted((left, right) => (left < right ? -1 : 1)));
        expect(
          places.filter(
            (place) =>
              !/^[a-z-]+ (?:metadata\.(?:name|annotations|managedFields)|spec\.(?:versions|conversion|template)|status\.storedVersions)/.test(
                place,
              ),
          ),
        ).toEqual([]);
      }),
    );
  });

  it("changes nothing that a rule is given", () => {
    fc.assert(
      fc.property(anyChange, anyFacts, (change, facts) => {
        const input = { change, facts };
        // Freezing tells where it happens, but a frozen map can still be changed.
        const before = structuredClone(input);
        deepFrozen(input);
        for (const rule of rules) {
          rule.evidence?.(input.change);
          rule.find(input);
        }
        expect(input).toEqual(before);
      }),
    );
  });
});
