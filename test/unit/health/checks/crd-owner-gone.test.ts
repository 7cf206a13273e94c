import { describe, expect, it } from "vitest";
import { crdOwnerGone } from "../../../../src/health/checks/crd-owner-gone.ts";
import { counted, crd, need } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";
import type { CrdOwner } from "../../../../src/crd/crd.ts";
import { type OwnerEvidence, ownerKey, isTraceable } from "../../../../src/health/facts.ts";

const HELM = { kind: "helm-release", namespace: "mill", name: "gears", isKept: false } as const;
const ARGO = { kind: "argo-application", namespace: null, name: "platform" } as const;
const owned = (...owners: readonly CrdOwner[]) => ({ ...crd({ served: ["v1"] }), owners });

function ownersAre(...evidence: readonly (readonly [CrdOwner, OwnerEvidence["kind"]])[]): ReadonlyMap<string, OwnerEvidence> {
  return new Map(
    evidence.flatMap(([owner, kind]) =>
      isTraceable(owner) ? [[ownerKey(owner), kind === "unknown" ? { kind, reason: "" } : { kind }] as const] : [],
    ),
  );
}

const turner = { kind: "Deployment", namespace: "mill", name: "turner" } as const;
const catalogued = (installed: readonly (ReadonlySet<string> | null)[], everWanted = new Set(["gears.own.dev"])) => [
  {
    id: "turner",
    owns: ["own.dev"],
    everWanted,
    installed: installed.map((wanted) => ({ workload: turner, image: "own.dev/turner:v3", wanted })),
  },
];

describe("crd-owner-gone", () => {
  it("warns of a Helm release that is proven to be gone", () => {
    const ailing = owned(HELM);
    const facts = healthFacts({ crds: [ailing], objects: counted(0), owners: ownersAre([HELM, "gone"]) });

    expect(crdOwnerGone.find(facts)).toEqual([
      {
        subject: { kind: "crd", name: "gears.own.dev" },
        field: "metadata.annotations",
        fact: { kind: "recorded-owner-gone", owner: HELM, use: "none", crds: [{ crd: ailing, objects: counted(0) }] },
        remedies: [
          { kind: "ask-before-deletion", crds: [{ crd: ailing, objects: counted(0) }] },
          { kind: "delete-leftovers", crds: [{ crd: ailing, objects: counted(0) }] },
          { kind: "disown", crds: [{ crd: ailing, objects: counted(0) }], owner: HELM },
        ],
      },
    ]);
  });

  it.each([
    { title: "nothing of an owner that is there", crds: [owned(HELM)], owners: ownersAre([HELM, "exists"]) },
    { title: "nothing of an owner that cannot be looked up", crds: [owned(HELM)], owners: ownersAre([HELM, "unknown"]) },
    { title: "nothing of an owner that nothing is known of", crds: [owned(HELM)], owners: ownersAre() },
    { title: "nothing without an owner", crds: [owned()], owners: ownersAre([HELM, "gone"]) },
  ])("says $title", ({ crds, owners }) => {
    expect(crdOwnerGone.find(healthFacts({ crds, owners }))).toEqual([]);
  });

  it.each([
    { title: "a running workload needs it", owners: [HELM], evidence: [[HELM, "gone"]], isNeeded: true, use: "needed" },
    {
      title: "another owner is there",
      owners: [HELM, ARGO],
      evidence: [
        [HELM, "gone"],
        [ARGO, "exists"],
      ],
      isNeeded: false,
      use: "kept",
    },
    { title: "another owner may be there", owners: [HELM, ARGO], evidence: [[HELM, "gone"]], isNeeded: false, use: "kept" },
    {
      title: "the provider's addon manager keeps it",
      owners: [HELM, { kind: "addon-manager" }],
      evidence: [[HELM, "gone"]],
      isNeeded: false,
      use: "kept",
    },
  ] as const)("is a note where $title", ({ owners, evidence, isNeeded, use }) => {
    const needs = new Map(isNeeded ? [["gears.own.dev", [need({ versions: ["v1"] })]]] : []);

    expect(crdOwnerGone.find(healthFacts({ crds: [owned(...owners)], owners: ownersAre(...evidence), needs }))).toMatchObject([
      { severity: "note", fact: { use }, remedies: [{ kind: "disown" }] },
    ]);
  });

  it("warns of what a controller needs no more in the release that runs", () => {
    const controllers = catalogued([new Set(["other.own.dev"])]);

    expect(crdOwnerGone.find(healthFacts({ crds: [owned()], controllers, objects: counted(3) }))).toMatchObject([
      {
        field: "spec.group",
        fact: { kind: "crd-outgrown", controller: "turner", installed: [{ workload: turner }], crds: [{ objects: counted(3) }] },
      },
    ]);
  });

  it.each([
    { title: "a release that needs it", controllers: catalogued([new Set(["gears.own.dev"])]) },
    { title: "a release that is not known", controllers: catalogued([null]) },
    { title: "two installations of which one needs it", controllers: catalogued([new Set(), new Set(["gears.own.dev"])]) },
    { title: "a definition that no release has ever needed", controllers: catalogued([new Set()], new Set()) },
    { title: "a group that comes with nobody", controllers: [] },
  ])("says nothing of $title", ({ controllers }) => {
    expect(crdOwnerGone.find(healthFacts({ crds: [owned()], controllers }))).toEqual([]);
  });

  it("makes but a note of a controller that is nowhere, since others may read its definitions", () => {
    const facts = healthFacts({ crds: [owned()], controllers: catalogued([]), objects: counted(1) });

    expect(crdOwnerGone.find(facts)).toMatchObject([
      { severity: "note", fact: { kind: "controller-absent", controllers: ["turner"] } },
    ]);
    expect(
      crdOwnerGone.find(healthFacts({ crds: [owned(HELM)], controllers: catalogued([]), owners: ownersAre([HELM, "exists"]) })),
    ).toEqual([]);
  });

  it("tells of all that one owner has left behind at once, and of each owner by itself", () => {
    const other = { ...HELM, name: "wheels" };
    const crds = [
      { ...crd({ name: "gears.own.dev", served: ["v1"] }), owners: [HELM] },
      { ...crd({ name: "cogs.own.dev", served: ["v1"] }), owners: [HELM] },
      { ...crd({ name: "wheels.own.dev", served: ["v1"] }), owners: [other] },
    ];
    const findings = crdOwnerGone.find(healthFacts({ crds, owners: ownersAre([HELM, "gone"], [other, "gone"]) }));

    expect(findings).toMatchObject([
      {
        subject: { kind: "owner", owner: HELM },
        fact: { crds: [{ crd: { name: "cogs.own.dev" } }, { crd: { name: "gears.own.dev" } }] },
      },
      { subject: { kind: "crd", name: "wheels.own.dev" } },
    ]);
  });

  it("says nothing of what is being deleted", () => {
    const crds = [{ ...owned(HELM), isTerminating: true }];

    expect(crdOwnerGone.find(healthFacts({ crds, owners: ownersAre([HELM, "gone"]) }))).toEqual([]);
  });
});
