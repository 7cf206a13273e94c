import { describe, expect, it } from "vitest";
import type { Crd, CrdDefiner, CrdOwner } from "../../../../src/crd/crd.ts";
import { ownerChanged } from "../../../../src/rules/checks/owner-changed.ts";
import { create, crd, noFacts, update } from "../../../support/builders.ts";
import { crdWithForms, form, specOf, type Written } from "../../../support/schemas.ts";

const helm = (name: string): CrdOwner => ({ kind: "helm-release", namespace: "tools", name, isKept: false });
const argo = (name: string): CrdOwner => ({ kind: "argo-application", namespace: null, name });
const flux: CrdOwner = { kind: "flux-kustomization", namespace: "flux-system", name: "crds" };
const fluxHelm = (name: string): CrdOwner => ({ kind: "flux-helm-release", namespace: "tools", name });

/** `helm`: by an update; `team-a*`: by server-side apply. */
function definer(text: string): CrdDefiner {
  return { manager: text.replace("*", ""), isApplied: text.endsWith("*") };
}

interface Side {
  readonly owners?: readonly CrdOwner[];
  readonly by?: readonly string[];
}

function side({ owners = [], by = [] }: Side, generation: number | null, served: readonly string[]): Crd {
  return { ...crd({ served }), owners, definers: by.map(definer), generation };
}

/** As admission sees a changed spec. */
function found(before: Side, after: Side): readonly string[] {
  const change = update(side(before, 1, ["v1"]), side(after, 2, ["v1"]));
  return ownerChanged.find({ change, facts: noFacts }).flatMap(({ fact }) => {
    if (fact.kind !== "owner-changed") return [];
    const names = (keepers: typeof fact.before) =>
      keepers.map((keeper) => ("name" in keeper ? keeper.name : keeper.kind)).join("+");
    return [`${names(fact.before)} → ${names(fact.after)}${fact.isMarkKept ? ", mark kept" : ""}`];
  });
}

describe("owner-changed", () => {
  it("tells who kept it, who has come, and how to settle it", () => {
    const previous = side({ owners: [helm("mill")], by: ["helm"] }, 1, ["v1"]);
    const next = side({ owners: [helm("mill")], by: ["kubectl-client-side-apply"] }, 2, ["v1"]);

    expect(ownerChanged.find({ change: update(previous, next), facts: noFacts })).toEqual([
      {
        field: "metadata.managedFields",
        fact: {
          kind: "owner-changed",
          before: [helm("mill")],
          after: [{ kind: "field-manager", name: "kubectl-client-side-apply" }],
          isMarkKept: true,
        },
        remedies: [
          { kind: "change-by-owner", owner: helm("mill") },
          { kind: "release-ownership", crd: previous, owner: helm("mill") },
        ],
      },
    ]);
  });

  it.each<{ title: string; before: Side; after: Side; told: string }>([
    {
      title: "another Helm release",
      before: { owners: [helm("a")], by: ["helm"] },
      after: { owners: [helm("b")], by: ["helm"] },
      told: "a → b",
    },
    {
      title: "another Argo CD application",
      before: { owners: [argo("a")], by: ["argocd-controller"] },
      after: { owners: [argo("b")], by: ["argocd-controller"] },
      told: "a → b",
    },
    {
      title: "Argo CD, where Helm's annotations stay",
      before: { owners: [helm("a")], by: ["helm"] },
      after: { owners: [helm("a"), argo("b")], by: ["argocd-controller"] },
      told: "a → b, mark kept",
    },
    {
      title: "Argo CD by its manager alone, where it tracks by a label that charts set too",
      before: { owners: [helm("a")], by: ["helm"] },
      after: { owners: [helm("a")], by: ["argocd-controller"] },
      told: "a → argocd-controller, mark kept",
    },
    {
      title: "a Helm release after Flux",
      before: { owners: [flux], by: ["kustomize-controller*"] },
      after: { owners: [flux, helm("a")], by: ["helm"] },
      told: "crds → a, mark kept",
    },
    {
      title: "kubectl, server-side, over a Helm release",
      before: { owners: [helm("a")], by: ["helm"] },
      after: { owners: [helm("a")], by: ["kubectl*"] },
      told: "a → kubectl, mark kept",
    },
    {
      title: "a server-side applier after another",
      before: { by: ["team-a*"] },
      after: { by: ["team-b*"] },
      told: "team-a → team-b",
    },
    {
      title: "one beside another, of the same mind as yet",
      before: { by: ["team-a*"] },
      after: { by: ["team-a*", "team-b*"] },
      told: "team-a → team-b",
    },
    {
      title: "Argo CD after a server-side applier",
      before: { by: ["team-a*"] },
      after: { owners: [argo("b")], by: ["argocd-controller*"] },
      told: "team-a → b",
    },
    {
      title: "kubectl over the addon manager, which is a kubectl itself but says so",
      before: { owners: [{ kind: "addon-manager" }], by: ["kubectl-client-side-apply"] },
      after: { owners: [{ kind: "addon-manager" }, helm("a")], by: ["helm"] },
      told: "addon-manager → a, mark kept",
    },
  ])("warns of $title", ({ before, after, told }) => {
    expect(found(before, after)).toEqual([told]);
  });

  it.each<{ title: string; before: Side; after: Side }>([
    { title: "whoever was there", before: { owners: [helm("a")], by: ["helm"] }, after: { owners: [helm("a")], by: ["helm"] } },
    { title: "somebody where nobody was", before: {}, after: { owners: [helm("a")], by: ["helm"] } },
    {
      title: "somebody after a person at kubectl",
      before: { by: ["kubectl-client-side-apply"] },
      after: { owners: [argo("a")], by: ["argocd-controller"] },
    },
    {
      title: "nobody after somebody",
      before: { owners: [helm("a")], by: ["helm"] },
      after: { owners: [], by: ["helm"] },
    },
    {
      title: "kubectl after kubectl, client-side and server-side",
      before: { by: ["kubectl-client-side-apply"] },
      after: { by: ["kubectl-client-side-apply", "kubectl*"] },
    },
    {
      title: "kubectl over what Helm made of a chart's crds folder, which nobody else upgrades",
      before: { by: ["helm"] },
      after: { by: ["kubectl-client-side-apply"] },
    },
    {
      title: "Helm 4 after Helm 3",
      before: { owners: [helm("a")], by: ["helm"] },
      after: { owners: [helm("a")], by: ["helm*"] },
    },
    {
      title: "the same release from a newer program with Helm in it",
      before: { owners: [helm("a")], by: ["terraform-provider-helm_v2.11.0_x5"] },
      after: { owners: [helm("a")], by: ["terraform-provider-helm_v2.12.1_x5"] },
    },
    {
      title: "the owner's return after kubectl",
      before: { owners: [helm("a")], by: ["kubectl-client-side-apply"] },
      after: { owners: [helm("a")], by: ["helm"] },
    },
    {
      title: "kubectl again",
      before: { owners: [helm("a")], by: ["kubectl-client-side-apply"] },
      after: { owners: [helm("a")], by: ["kubectl-client-side-apply"] },
    },
    {
      title: "a repair by kubectl patch",
      before: { owners: [helm("a")], by: ["helm"] },
      after: { owners: [helm("a")], by: ["kubectl-patch"] },
    },
    {
      title: "an operator that updates what its chart has made",
      before: { owners: [helm("a")], by: ["helm"] },
      after: { owners: [helm("a")], by: ["mill-operator"] },
    },
    {
      title: "Flux that comes to drive the same Helm release",
      before: { owners: [helm("a")], by: ["helm"] },
      after: { owners: [helm("a"), fluxHelm("mill")], by: ["helm-controller"] },
    },
    {
      title: "another name for the Helm release that Flux drives",
      before: { owners: [helm("a"), fluxHelm("mill")], by: ["helm-controller"] },
      after: { owners: [helm("b"), fluxHelm("mill")], by: ["helm-controller"] },
    },
    {
      title: "Argo CD that says for what it works",
      before: { by: ["argocd-controller"] },
      after: { owners: [argo("a")], by: ["argocd-controller"] },
    },
    {
      title: "managers where none were recorded",
      before: { owners: [helm("a")] },
      after: { owners: [helm("a")], by: ["kubectl*"] },
    },
  ])("allows $title", ({ before, after }) => {
    expect(found(before, after)).toEqual([]);
  });

  it("allows a change of metadata alone, at admission and for a manifest", () => {
    const [before, after] = [{ owners: [helm("a")] }, { owners: [helm("b")] }];

    for (const [earlier, later] of [
      [3, 3],
      [3, null],
    ] as const) {
      const change = update(side(before, earlier, ["v1", "v1beta1"]), side(after, later, ["v1", "v1beta1"]));
      expect(ownerChanged.find({ change, facts: noFacts })).toEqual([]);
    }
  });

  it("allows a change of metadata alone by the schemas of a manifest, and tells of another schema", () => {
    const written = (owner: string, fields: Written): Crd => ({
      ...crdWithForms({ served: ["v1"] }, { v1: form(specOf(fields)) }),
      owners: [helm(owner)],
    });
    const findings = (fields: Written): number =>
      ownerChanged.find({ change: update(written("a", {}), written("b", fields)), facts: noFacts }).length;

    expect(findings({})).toBe(0);
    expect(findings({ size: { type: "string" } })).toBe(1);
  });

  it("compares what a manifest says, which has no managers, and takes its silence for none", () => {
    const previous = side({ owners: [helm("a")], by: ["helm"] }, 3, ["v1"]);
    const asked = (owners: readonly CrdOwner[]) =>
      ownerChanged.find({ change: update(previous, side({ owners }, null, ["v1", "v2"])), facts: noFacts });

    expect(asked([argo("b")])).toMatchObject([{ field: "metadata.annotations", fact: { after: [argo("b")], isMarkKept: true } }]);
    expect(asked([helm("b")])).toMatchObject([{ fact: { after: [helm("b")], isMarkKept: false } }]);
    expect(asked([])).toEqual([]);
  });

  it("allows a creation", () => {
    expect(ownerChanged.find({ change: create(side({ owners: [helm("a")] }, 1, ["v1"])), facts: noFacts })).toEqual([]);
  });
});
