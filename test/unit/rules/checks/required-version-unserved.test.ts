import { describe, expect, it } from "vitest";
import type { Crd } from "../../../../src/crd/crd.ts";
import { requiredVersionUnserved } from "../../../../src/rules/checks/required-version-unserved.ts";
import type { Certainty, LaterRelease, WorkloadRef } from "../../../../src/rules/facts.ts";
import type { Remedy } from "../../../../src/rules/finding.ts";
import type { Outcome } from "../../../../src/rules/requirement.ts";
import { create, crd, need, noFacts, requirement, statusUpdate, update } from "../../../support/builders.ts";

const before = crd({ served: ["v1alpha2"] });
const after = crd({ served: ["v1"], unserved: ["v1alpha2"] });
const envoy = need({ versions: ["v1alpha2"] });

/** As the Cilium operator looks: the list decides, `served` is not looked at. */
const byList = { absent: "stops-working", unlisted: "stops-working", unserved: "crashes" } as const;
/** As Istio looks: by the name of the CRD alone. */
const byName = { absent: "works", unlisted: "crashes", unserved: "crashes" } as const;

describe("required-version-unserved", () => {
  it("denies that a needed version stays listed but is served no more", () => {
    expect(requiredVersionUnserved.find({ change: update(before, after), facts: { ...noFacts, needs: [envoy] } })).toEqual([
      {
        field: "spec.versions[v1alpha2].served",
        fact: {
          kind: "required-version-unserved",
          versions: ["v1alpha2"],
          stateAfter: "unserved",
          isCreate: false,
          hurt: [{ need: envoy, before: "works", after: "crashes", stateAfter: "unserved" }],
        },
        remedies: [
          { kind: "keep-version-served", versions: ["v1alpha2"], isListed: true },
          { kind: "scale-down", need: envoy },
        ],
      },
    ]);
  });

  it.each([
    {
      title: "denies that a needed version is dropped from the list",
      change: update(before, crd({ served: ["v1"] })),
      needs: [envoy],
      fields: ["spec.versions[v1alpha2]"],
    },
    {
      title: "denies a create that lists, unserved, what a workload looks up in the list",
      change: create(after),
      needs: [need({ versions: ["v1alpha2"], outcomes: byList, presence: "crd-version-listed" })],
      fields: ["spec.versions[v1alpha2].served"],
    },
    {
      title: "denies a create without the version for a workload that goes by the CRD's name",
      change: create(crd({ served: ["v1"] })),
      needs: [need({ versions: ["v1beta1"], outcomes: byName, presence: "crd-name" })],
      fields: ["spec.versions[v1beta1]"],
    },
    {
      title: "denies when the last of several accepted versions goes, naming only what goes",
      change: update(crd({ served: ["v1beta1"], unserved: ["v1"] }), crd({ served: ["v2"], unserved: ["v1", "v1beta1"] })),
      needs: [need({ versions: ["v1", "v1beta1"] })],
      fields: ["spec.versions[v1beta1].served"],
    },
    {
      title: "denies once for workloads that lose the same version in the same way",
      change: update(before, after),
      needs: [envoy, need({ versions: ["v1alpha2"], workload: { name: "other" } })],
      fields: ["spec.versions[v1alpha2].served"],
    },
    {
      title: "allows while one of several accepted versions stays served",
      change: update(crd({ served: ["v1", "v1beta1"] }), crd({ served: ["v1"] })),
      needs: [need({ versions: ["v1", "v1beta1"] })],
      fields: [],
    },
    {
      title: "allows when the version was unserved before: that is not this change's doing",
      change: update(after, { ...after, bundle: { version: "v2", channel: null } }),
      needs: [envoy],
      fields: [],
    },
    {
      title: "allows a create that brings back what was missing",
      change: create(before),
      needs: [envoy],
      fields: [],
    },
    {
      title: "allows a create without the version where its absence hurt as much",
      change: create(crd({ served: ["v1"] })),
      needs: [envoy],
      fields: [],
    },
    {
      title: "allows a drop that a workload which skips the kind does not mind",
      change: update(before, crd({ served: ["v1"] })),
      needs: [need({ versions: ["v1alpha2"], outcome: "works" })],
      fields: [],
    },
    { title: "allows when nobody needs the version", change: update(before, after), needs: [], fields: [] },
    { title: "has no opinion on the status", change: statusUpdate(before, []), needs: [envoy], fields: [] },
  ])("$title", ({ change, needs, fields }) => {
    const findings = requiredVersionUnserved.find({ change, facts: { ...noFacts, needs } });

    expect(findings.map(({ field }) => field)).toEqual(fields);
    expect(findings.some(({ isAdvisory }) => isAdvisory)).toBe(false);
  });

  it("warns, and no more, of a workload that loses a feature, apart from the denial", () => {
    const findings = requiredVersionUnserved.find({
      change: update(before, after),
      facts: {
        ...noFacts,
        needs: [envoy, need({ versions: ["v1alpha2"], outcome: "loses-feature", workload: { name: "other" } })],
      },
    });

    expect(findings.map(({ isAdvisory }) => isAdvisory ?? false)).toEqual([false, true]);
  });

  it("warns where the version of a known controller is unknown, once a workload", () => {
    const unknown = (version: string) =>
      need({ versions: [version], certainty: { kind: "unknown-version" }, image: "own.dev/turner:latest" });
    const findings = requiredVersionUnserved.find({
      change: update(crd({ served: ["v1alpha2", "v1beta1"] }), crd({ served: ["v1"] })),
      facts: { ...noFacts, needs: [unknown("v1alpha2"), unknown("v1beta1")] },
    });

    expect(findings).toEqual([
      {
        field: "spec.versions",
        fact: {
          kind: "requirement-unsure",
          doubt: "unknown-version",
          hurt: [{ need: unknown("v1alpha2"), before: "works", after: "crashes", stateAfter: "unlisted" }],
          isOfWorkload: false,
        },
        remedies: [{ kind: "declare-requirement", need: unknown("v1alpha2") }],
        isAdvisory: true,
      },
    ]);
  });

  it.each<{ title: string; certainty: Certainty; outcome?: Outcome; told: unknown }>([
    {
      title: "warns of a need that hangs on a setting which nothing tells",
      certainty: { kind: "conditional", condition: "--gears" },
      told: { doubt: "conditional", remedies: ["declare-requirement"] },
    },
    {
      title: "warns of a need that the catalog is not sure of",
      certainty: { kind: "unconfirmed" },
      told: { doubt: "unconfirmed", remedies: ["declare-requirement"] },
    },
    {
      title: "warns of a workload that is about to be replaced, whom nobody need ask",
      certainty: { kind: "replaced" },
      told: { doubt: "replaced", remedies: [] },
    },
    {
      title: "allows that a workload lacks a feature until it is replaced",
      certainty: { kind: "replaced" },
      outcome: "loses-feature",
      told: null,
    },
    {
      title: "warns of a feature that a workload may lose",
      certainty: { kind: "unconfirmed" },
      outcome: "loses-feature",
      told: { doubt: "unconfirmed", remedies: ["declare-requirement"] },
    },
  ])("$title", ({ certainty, outcome = "crashes", told }) => {
    const findings = requiredVersionUnserved.find({
      change: update(before, after),
      facts: { ...noFacts, needs: [need({ versions: ["v1alpha2"], certainty, outcome })] },
    });

    expect(
      findings.map(({ fact, remedies, isAdvisory }) => ({
        doubt: fact.kind === "requirement-unsure" ? fact.doubt : fact.kind,
        remedies: remedies.map(({ kind }) => kind),
        isAdvisory,
      })),
    ).toEqual(told === null ? [] : [{ ...told, isAdvisory: true }]);
  });

  it("denies by a need that is taken for granted because its setting cannot be read", () => {
    const assumed = need({
      versions: ["v1alpha2"],
      certainty: { kind: "assumed", condition: "gears=on in ConfigMap mill/config" },
    });
    const findings = requiredVersionUnserved.find({ change: update(before, after), facts: { ...noFacts, needs: [assumed] } });

    expect(findings.map(({ fact, isAdvisory }) => [fact.kind, isAdvisory ?? false])).toEqual([
      ["required-version-unserved", false],
    ]);
  });

  it("tells each doubt by itself, after what is sure", () => {
    const doubtful = (name: string, certainty: Certainty) => need({ versions: ["v1alpha2"], certainty, workload: { name } });
    const findings = requiredVersionUnserved.find({
      change: update(before, after),
      facts: {
        ...noFacts,
        needs: [
          doubtful("a", { kind: "unconfirmed" }),
          doubtful("b", { kind: "conditional", condition: "--gears" }),
          doubtful("c", { kind: "unconfirmed" }),
          envoy,
        ],
      },
    });

    expect(
      findings.map(({ fact }) => ("hurt" in fact ? [fact.kind, fact.hurt.map((one) => one.need.workload.name)] : [])),
    ).toEqual([
      ["required-version-unserved", ["turner"]],
      ["requirement-unsure", ["b"]],
      ["requirement-unsure", ["a", "c"]],
    ]);
  });

  describe("for a workload that asks discovery for preferred versions", () => {
    const preferring = need({ versions: ["v1beta1"], presence: "discovery-preferred" });

    it("denies that a newer served version hides the one it needs", () => {
      expect(
        requiredVersionUnserved.find({
          change: update(crd({ served: ["v1beta1"] }), crd({ served: ["v1", "v1beta1"] })),
          facts: { ...noFacts, needs: [preferring] },
        }),
      ).toEqual([
        {
          field: "spec.versions[v1beta1].served",
          fact: {
            kind: "required-version-unserved",
            versions: ["v1beta1"],
            stateAfter: "not-preferred",
            isCreate: false,
            hurt: [{ need: preferring, before: "works", after: "crashes", stateAfter: "not-preferred" }],
          },
          remedies: [
            { kind: "keep-version-served", versions: ["v1beta1"], isListed: true },
            { kind: "scale-down", need: preferring },
          ],
        },
      ]);
    });

    it.each([
      {
        title: "allows an older version beside it",
        change: update(crd({ served: ["v1beta1"] }), crd({ served: ["v1beta1", "v1alpha1"] })),
      },
      {
        title: "allows a newer version that is listed but not served",
        change: update(crd({ served: ["v1beta1"] }), crd({ served: ["v1beta1"], unserved: ["v1"] })),
      },
      {
        title: "allows what was hidden before",
        change: update(crd({ served: ["v1", "v1beta1"] }), crd({ served: ["v2", "v1", "v1beta1"] })),
      },
    ])("$title", ({ change }) => {
      expect(requiredVersionUnserved.find({ change, facts: { ...noFacts, needs: [preferring] } })).toEqual([]);
    });

    it("allows the newer version to others", () => {
      expect(
        requiredVersionUnserved.find({
          change: update(crd({ served: ["v1beta1"] }), crd({ served: ["v1", "v1beta1"] })),
          facts: { ...noFacts, needs: [need({ versions: ["v1beta1"], presence: "discovery-served" })] },
        }),
      ).toEqual([]);
    });
  });

  it("warns of a declaration that cannot be read when a served version goes, and only then", () => {
    const declaration = {
      workload: { kind: "Deployment", namespace: "mill", name: "turner" },
      key: "crdguard.dev/requires",
      value: "gears",
      problem: "no version",
    } as const;
    const facts = { ...noFacts, unreadableDeclarations: [declaration] };

    expect(requiredVersionUnserved.find({ change: update(before, after), facts }).map(({ fact }) => fact.kind)).toEqual([
      "declaration-unreadable",
    ]);
    expect(requiredVersionUnserved.find({ change: update(before, crd({ served: ["v1alpha2", "v1"] })), facts })).toEqual([]);
  });

  it("names the first later release that starts after the change, and the bundle that is left", () => {
    const upgradable = need({
      versions: ["v1alpha2"],
      image: "own.dev/turner:v1.0.0",
      laterReleases: [
        { minimumVersion: "1.1.0", requirements: [requirement({ versions: ["v1alpha2"] })] },
        { minimumVersion: "1.2.0", requirements: [requirement({ versions: ["v1", "v1alpha2"] })] },
        { minimumVersion: "1.3.0", requirements: [] },
      ],
    });
    const [finding] = requiredVersionUnserved.find({
      change: update(
        { ...before, bundle: { version: "v1.0.0", channel: "experimental" } },
        { ...after, bundle: { version: "v1.1.0", channel: "standard" } },
      ),
      facts: { ...noFacts, crds: new Map([[before.name, before]]), needs: [upgradable] },
    });

    expect(finding?.remedies).toEqual([
      { kind: "upgrade-workload", need: upgradable, minimumVersion: "1.2.0", isPossibleBefore: true },
      { kind: "keep-version-served", versions: ["v1alpha2"], isListed: true },
      { kind: "stay-on-bundle", version: "v1.0.0", channel: "experimental" },
      { kind: "scale-down", need: upgradable },
    ]);
  });

  describe("looks at all that a later release needs", () => {
    const v1 = requirement({ versions: ["v1"] });
    const either = requirement({ versions: ["v1", "v1alpha2"] });
    const cogs = { ...requirement({ versions: ["v1"] }), resource: "cogs" };
    const cogsCrd = crd({ name: "cogs.own.dev", served: ["v1"] });

    interface Case {
      readonly title: string;
      readonly kind?: WorkloadRef["kind"];
      readonly laterReleases: readonly LaterRelease[];
      /** Beside gears. */
      readonly crds?: readonly Crd[];
      readonly applied?: readonly Crd[];
      readonly remedies: readonly string[];
    }

    it.each<Case>([
      {
        title: "before the change, where it starts on the definitions of today too",
        laterReleases: [{ minimumVersion: "1.1.0", requirements: [either, cogs] }],
        crds: [cogsCrd],
        remedies: ["upgrade to 1.1.0 first", "keep-version-served", "scale-down"],
      },
      {
        title: "after it, where the change brings what it needs: the workload must be stopped meanwhile, and is told once",
        laterReleases: [{ minimumVersion: "1.1.0", requirements: [v1] }],
        remedies: ["stop, then upgrade to 1.1.0", "keep-version-served"],
      },
      {
        title: "and prefers a newer one that can come first to an older one that cannot",
        laterReleases: [
          { minimumVersion: "1.1.0", requirements: [v1] },
          { minimumVersion: "1.2.0", requirements: [either] },
        ],
        remedies: ["upgrade to 1.2.0 first", "keep-version-served", "scale-down"],
      },
      {
        title: "together with it, where another definition that is applied along brings what it needs",
        laterReleases: [{ minimumVersion: "1.1.0", requirements: [either, cogs] }],
        applied: [cogsCrd],
        remedies: ["stop, then upgrade to 1.1.0", "keep-version-served"],
      },
      {
        title: "and names none that would not start for want of another definition",
        laterReleases: [{ minimumVersion: "1.1.0", requirements: [either, cogs] }],
        remedies: ["keep-version-served", "scale-down"],
      },
      {
        title: "and names one that only loses a feature",
        laterReleases: [
          {
            minimumVersion: "1.1.0",
            requirements: [either, { ...cogs, outcomes: { absent: "loses-feature", unlisted: "crashes", unserved: "crashes" } }],
          },
        ],
        remedies: ["upgrade to 1.1.0 first", "keep-version-served", "scale-down"],
      },
      {
        title: "and cannot stop a DaemonSet for it",
        kind: "DaemonSet",
        laterReleases: [{ minimumVersion: "1.1.0", requirements: [v1] }],
        remedies: ["keep-version-served"],
      },
      {
        title: "but upgrades a DaemonSet that need not be stopped",
        kind: "DaemonSet",
        laterReleases: [{ minimumVersion: "1.1.0", requirements: [either] }],
        remedies: ["upgrade to 1.1.0 first", "keep-version-served"],
      },
    ])("$title", ({ kind = "Deployment", laterReleases, crds = [], applied = [], remedies }) => {
      const upgradable = need({ versions: ["v1alpha2"], image: "own.dev/turner:v1.0.0", laterReleases, workload: { kind } });
      const [finding] = requiredVersionUnserved.find({
        change: update(before, after),
        facts: { ...noFacts, crds: definitions(before, ...crds), applied: definitions(...applied), needs: [upgradable] },
      });

      expect(finding?.remedies.map(remedyWords)).toEqual(remedies);
    });
  });
});

function definitions(...crds: readonly Crd[]): ReadonlyMap<string, Crd> {
  return new Map(crds.map((one) => [one.name, one]));
}

function remedyWords(remedy: Remedy): string {
  if (remedy.kind !== "upgrade-workload") return remedy.kind;
  return remedy.isPossibleBefore ? `upgrade to ${remedy.minimumVersion} first` : `stop, then upgrade to ${remedy.minimumVersion}`;
}
