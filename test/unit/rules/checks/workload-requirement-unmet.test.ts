import { describe, expect, it } from "vitest";
import type { Crd } from "../../../../src/crd/crd.ts";
import type { Bundle } from "../../../../src/rules/bundle.ts";
import type { WorkloadChange } from "../../../../src/rules/change.ts";
import { workloadRequirementUnmet } from "../../../../src/rules/checks/workload-requirement-unmet.ts";
import type { Certainty, Facts, Need } from "../../../../src/rules/facts.ts";
import type { Outcome, Presence, Requirement } from "../../../../src/rules/requirement.ts";
import { create, crd, need, noFacts, remove, statusUpdate, update } from "../../../support/builders.ts";

const turner = { kind: "Deployment", namespace: "mill", name: "turner" } as const;
const gears = crd({ served: ["v1alpha2"] });
const newGears = crd({ served: ["v1"], unserved: ["v1alpha2"] });
const wantsV1 = need({ versions: ["v1"] });
const catalogued = need({ versions: ["v1"], image: "own.dev/turner:v1.1.0" });

/** Turner as it is applied. `today` by name of the CRD; null: it does not run. */
function applying(needs: readonly Need[], today: Readonly<Record<string, Outcome>> | null = null): WorkloadChange {
  return {
    kind: "apply-workload",
    workload: turner,
    needs,
    unreadable: [],
    today: today === null ? null : { outcomes: new Map(Object.entries(today)) },
  };
}

function facts(shape: { crds?: readonly Crd[]; applied?: readonly Crd[]; bundles?: readonly Bundle[] }): Facts {
  const { crds = [], applied = [], bundles = [] } = shape;
  const definitions = (list: readonly Crd[]): ReadonlyMap<string, Crd> => new Map(list.map((one) => [one.name, one]));
  return { ...noFacts, crds: definitions(crds), applied: definitions(applied), bundles };
}

function told(change: WorkloadChange, known: Facts): readonly string[] {
  return workloadRequirementUnmet
    .find({ change, facts: known })
    .map(({ fact, isAdvisory }) => `${"case" in fact ? fact.case : fact.kind}${isAdvisory ? " (advisory)" : ""}`);
}

describe("workload-requirement-unmet", () => {
  it("denies a controller over definitions that do not serve what it needs", () => {
    expect(workloadRequirementUnmet.find({ change: applying([catalogued]), facts: facts({ crds: [gears] }) })).toEqual([
      {
        field: "spec.template.spec.containers[main].image",
        fact: {
          kind: "workload-requirement-unmet",
          unmet: [{ need: catalogued, before: "works", after: "crashes", stateAfter: "unlisted" }],
          case: "worse",
        },
        remedies: [{ kind: "serve-required", requirements: [catalogued.requirement] }],
      },
    ]);
  });

  it.each<{ title: string; needs: readonly Need[]; known: Facts; findings: readonly string[] }>([
    { title: "denies when the definition is missing", needs: [wantsV1], known: facts({}), findings: ["worse"] },
    {
      title: "denies when the version is listed but not served",
      needs: [need({ versions: ["v1alpha2"] })],
      known: facts({ crds: [newGears] }),
      findings: ["worse"],
    },
    {
      title: "denies when a newer version hides the one that it prefers",
      needs: [need({ versions: ["v1beta1"], presence: "discovery-preferred" })],
      known: facts({ crds: [crd({ served: ["v1", "v1beta1"] })] }),
      findings: ["worse"],
    },
    {
      title: "denies when what is applied along takes the version away",
      needs: [need({ versions: ["v1alpha2"] })],
      known: facts({ crds: [gears], applied: [newGears] }),
      findings: ["worse"],
    },
    {
      title: "denies once for all that is missing, and warns apart of lost features",
      needs: [wantsV1, onCogs(wantsV1), need({ versions: ["v2"], outcome: "loses-feature" })],
      known: facts({}),
      findings: ["worse", "worse (advisory)"],
    },
    {
      title: "denies by a setting that cannot be read, and is taken for granted",
      needs: [need({ versions: ["v1"], certainty: { kind: "assumed", condition: "gears=on" } })],
      known: facts({}),
      findings: ["worse"],
    },
    { title: "allows when all is served", needs: [wantsV1], known: facts({ crds: [newGears] }), findings: [] },
    {
      title: "allows when what is applied along serves it",
      needs: [wantsV1],
      known: facts({ crds: [gears], applied: [newGears] }),
      findings: [],
    },
    {
      title: "allows a kind that the workload does without",
      needs: [need({ versions: ["v1"], outcome: "works" })],
      known: facts({}),
      findings: [],
    },
    { title: "allows a workload that needs nothing", needs: [], known: facts({}), findings: [] },
  ])("$title", ({ needs, known, findings }) => {
    expect(told(applying(needs), known)).toEqual(findings);
  });

  it.each<{ title: string; today: Readonly<Record<string, Outcome>>; after: Outcome; findings: readonly string[] }>([
    { title: "denies when it works today", today: { "gears.own.dev": "works" }, after: "crashes", findings: ["worse"] },
    { title: "denies when it does not need the API today", today: {}, after: "crashes", findings: ["worse"] },
    {
      title: "denies when it is worse off than today",
      today: { "gears.own.dev": "stops-working" },
      after: "crashes",
      findings: ["worse"],
    },
    {
      title: "warns, and no more, when it crashes today as well: the update may be its repair",
      today: { "gears.own.dev": "crashes" },
      after: "crashes",
      findings: ["same-today (advisory)"],
    },
    {
      title: "warns, and no more, when it is better off than today",
      today: { "gears.own.dev": "crashes" },
      after: "stops-working",
      findings: ["same-today (advisory)"],
    },
    {
      title: "warns of a feature that it has today",
      today: { "gears.own.dev": "works" },
      after: "loses-feature",
      findings: ["worse (advisory)"],
    },
    {
      title: "allows a feature to be missing that is missing today",
      today: { "gears.own.dev": "loses-feature" },
      after: "loses-feature",
      findings: [],
    },
  ])("of a workload that runs already, $title", ({ today, after, findings }) => {
    expect(told(applying([need({ versions: ["v1"], outcome: after })], today), facts({ crds: [gears] }))).toEqual(findings);
  });

  describe("of the definitions that come with a controller", () => {
    const own = need({ versions: ["v1"], image: "own.dev/turner:v1.1.0", owns: ["own.dev", "more.own.dev"] });

    it("warns, and no more, when none of them is there yet", () => {
      expect(workloadRequirementUnmet.find({ change: applying([own]), facts: facts({}) })).toEqual([
        {
          field: "spec.template.spec.containers[main].image",
          fact: {
            kind: "workload-requirement-unmet",
            unmet: [{ need: own, before: "works", after: "crashes", stateAfter: "absent" }],
            case: "own-definitions",
          },
          remedies: [{ kind: "apply-own-definitions", need: own }],
          isAdvisory: true,
        },
      ]);
    });

    it.each([
      { title: "one of them is there, of an older chart", known: facts({ crds: [gears] }) },
      {
        title: "one is there of another group that comes with it",
        known: facts({ crds: [crd({ name: "cogs.more.own.dev", served: ["v1"] })] }),
      },
      { title: "one of them is applied along", known: facts({ applied: [crd({ name: "cogs.own.dev", served: ["v1"] })] }) },
    ])("denies when $title", ({ known }) => {
      expect(told(applying([own]), known)).toEqual(["worse"]);
    });

    it("tells them apart from what others define", () => {
      const foreign = need({ versions: ["v1"], image: "own.dev/turner:v1.1.0", owns: ["more.own.dev"] });

      expect(told(applying([foreign, own]), facts({}))).toEqual(["worse", "own-definitions (advisory)"]);
    });
  });

  it.each<{ title: string; certainty: Certainty; doubt: string }>([
    {
      title: "hangs on a setting that nothing tells",
      certainty: { kind: "conditional", condition: "--gears" },
      doubt: "conditional",
    },
    { title: "the catalog is not sure of", certainty: { kind: "unconfirmed" }, doubt: "unconfirmed" },
    { title: "some version of it has", certainty: { kind: "unknown-version" }, doubt: "unknown-version" },
  ])("warns, and no more, of a need that $title", ({ certainty, doubt }) => {
    const unsure = need({ versions: ["v1"], certainty });

    expect(workloadRequirementUnmet.find({ change: applying([unsure]), facts: facts({}) })).toEqual([
      {
        field: "spec.template",
        fact: {
          kind: "requirement-unsure",
          doubt,
          hurt: [{ need: unsure, before: "works", after: "crashes", stateAfter: "absent" }],
          isOfWorkload: true,
        },
        remedies: [{ kind: "declare-requirement", need: unsure }],
        isAdvisory: true,
      },
    ]);
  });

  it("warns of an unknown version even where the need that was guessed would be met", () => {
    const guessed = need({ versions: ["v1"], certainty: { kind: "unknown-version" } });

    expect(told(applying([guessed]), facts({ crds: [newGears] }))).toEqual(["requirement-unsure (advisory)"]);
  });

  it("warns of a declaration that cannot be read", () => {
    const declaration = { workload: turner, key: "crdguard.dev/requires", value: "gears", problem: "no version" };

    expect(workloadRequirementUnmet.find({ change: { ...applying([]), unreadable: [declaration] }, facts: facts({}) })).toEqual([
      {
        field: "spec.template",
        fact: { kind: "declaration-unreadable", isOfWorkload: true, declarations: [declaration] },
        remedies: [{ kind: "correct-declaration", declaration }],
        isAdvisory: true,
      },
    ]);
  });

  it.each([
    {
      title: "to keep the version that runs, where it works today",
      today: { "gears.own.dev": "works" } as const,
      kinds: ["serve-required", "keep-workload"],
    },
    {
      title: "not to keep one that fails in some way today",
      today: { "gears.own.dev": "stops-working" } as const,
      kinds: ["serve-required"],
    },
    { title: "not to keep what does not run", today: null, kinds: ["serve-required"] },
  ])("offers $title", ({ today, kinds }) => {
    const [finding] = workloadRequirementUnmet.find({ change: applying([wantsV1], today), facts: facts({ crds: [gears] }) });

    expect(finding?.remedies.map(({ kind }) => kind)).toEqual(kinds);
  });

  it("offers the release of a bundle that serves all that is missing, before everything else", () => {
    const bundle: Bundle = {
      name: "mill",
      title: "Mill",
      version: "1.1.0",
      channel: "standard",
      releasedOn: "2026-05-01",
      installUrl: null,
      crds: new Map([[newGears.name, newGears]]),
    };
    const wanted = (needs: readonly Need[]): unknown =>
      workloadRequirementUnmet.find({ change: applying(needs), facts: facts({ crds: [gears], bundles: [bundle] }) })[0]?.remedies;
    // No bundle brings what comes with the controller; here it stands in the same group, some of which is there.
    const base = need({ versions: ["v1"], image: "own.dev/turner:v1.1.0", owns: ["own.dev"] });
    const ownCogs = { ...base, requirement: { ...base.requirement, resource: "cogs" } };

    expect(wanted([wantsV1])).toEqual([
      { kind: "install-bundle", bundle },
      { kind: "serve-required", requirements: [wantsV1.requirement] },
    ]);
    expect(wanted([wantsV1, ownCogs])).toEqual([
      { kind: "install-bundle", bundle },
      { kind: "serve-required", requirements: [wantsV1.requirement, ownCogs.requirement] },
    ]);
    expect(wanted([ownCogs])).toEqual([{ kind: "serve-required", requirements: [ownCogs.requirement] }]);
  });

  it.each([
    { title: "the annotation that declares the need", needs: [wantsV1], field: "metadata.annotations[crdguard.dev/requires]" },
    { title: "the image that the catalog knows", needs: [catalogued], field: "spec.template.spec.containers[main].image" },
    {
      title: "the template, where an object declares it",
      needs: [{ ...wantsV1, source: { kind: "api-requirement", name: "turner", reason: null } } as const],
      field: "spec.template",
    },
    { title: "the template, where several things do", needs: [wantsV1, catalogued], field: "spec.template" },
  ])("points to $title", ({ needs, field }) => {
    const [finding] = workloadRequirementUnmet.find({ change: applying(needs), facts: facts({}) });

    expect(finding?.field).toBe(field);
  });

  it.each([
    { title: "a create", change: create(gears) },
    { title: "an update", change: update(gears, newGears) },
    { title: "a deletion", change: remove(gears) },
    { title: "the status", change: statusUpdate(gears, []) },
  ])("has no opinion on $title of a definition", ({ change }) => {
    expect(workloadRequirementUnmet.find({ change, facts: { ...facts({}), needs: [wantsV1] } })).toEqual([]);
  });

  describe("at incidents", () => {
    const gatewayApi = (plural: string, versions: Parameters<typeof crd>[0]): Crd =>
      crd({ ...versions, name: `${plural}.gateway.networking.k8s.io` });
    const gatewayNeed = (resource: string, version: string, presence: Presence, outcomes: Requirement["outcomes"]): Need => {
      const base = need({ versions: [version], presence, outcomes, image: "own.dev/controller:v1" });
      return { ...base, requirement: { ...base.requirement, group: "gateway.networking.k8s.io", resource } };
    };
    const crashes = { absent: "crashes", unlisted: "crashes", unserved: "crashes" } as const;

    it("denies Envoy Gateway 1.1 over v1.0 and standard definitions (envoyproxy/gateway#3387)", () => {
      const needs = [
        gatewayNeed("grpcroutes", "v1", "unconditional", crashes),
        gatewayNeed("backendtlspolicies", "v1alpha3", "unconditional", crashes),
      ];
      const known = facts({
        crds: [
          gatewayApi("grpcroutes", { served: ["v1"], unserved: ["v1alpha2"] }),
          gatewayApi("backendtlspolicies", { served: ["v1alpha2"] }),
        ],
      });
      const [finding, ...others] = workloadRequirementUnmet.find({ change: applying(needs), facts: known });

      expect(others).toEqual([]);
      expect(finding?.isAdvisory).toBeUndefined();
      expect(finding?.fact).toEqual({
        kind: "workload-requirement-unmet",
        unmet: [{ need: needs[1], before: "works", after: "crashes", stateAfter: "unlisted" }],
        case: "worse",
      });
    });

    it("denies Cilium 1.15, rolled back to, over v1.1 standard definitions (cilium/cilium#34835)", () => {
      const byList = { absent: "stops-working", unlisted: "stops-working", unserved: "crashes" } as const;
      const needs = [
        gatewayNeed("grpcroutes", "v1alpha2", "crd-version-listed", byList),
        gatewayNeed("referencegrants", "v1beta1", "crd-version-listed", byList),
      ];
      const known = facts({
        crds: [
          gatewayApi("grpcroutes", { served: ["v1"], unserved: ["v1alpha2"] }),
          gatewayApi("referencegrants", { served: ["v1beta1"], unserved: ["v1alpha2"] }),
        ],
      });
      const today = {
        "grpcroutes.gateway.networking.k8s.io": "works",
        "referencegrants.gateway.networking.k8s.io": "works",
      } as const;

      expect(workloadRequirementUnmet.find({ change: applying(needs, today), facts: known })).toEqual([
        {
          field: "spec.template.spec.containers[main].image",
          fact: {
            kind: "workload-requirement-unmet",
            unmet: [{ need: needs[0], before: "works", after: "crashes", stateAfter: "unserved" }],
            case: "worse",
          },
          remedies: [
            { kind: "serve-required", requirements: [needs[0]?.requirement] },
            { kind: "keep-workload", need: needs[0] },
          ],
        },
      ]);
    });
  });
});

function onCogs(base: Need): Need {
  return { ...base, requirement: { ...base.requirement, resource: "cogs" } };
}
