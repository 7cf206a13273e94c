/** @file Who keeps a CRD, and who has come to keep it too: by what it says of itself, and by who has written its versions. */
import type { Crd, CrdDefiner, CrdOwner } from "../crd/crd.ts";
import type { Keeper } from "./finding.ts";

/**
 * Those that a CRD belongs to: by its labels and annotations, and tools that apply it again and again. Flux' HelmRelease works
 * by a Helm release: the two are one. A person at kubectl keeps nothing, nor does an operator that updates what it once made.
 */
export function keepersOf({ owners, definers }: Crd): readonly Keeper[] {
  const isOfFlux = owners.some(({ kind }) => kind === "flux-helm-release");
  const recorded = owners.filter(({ kind }) => kind !== "helm-release" || !isOfFlux);
  // What Helm makes of `crds/` has no annotations, and Helm never touches it again.
  const syncing = definers.filter(
    ({ manager, isApplied }) =>
      toolOf(manager) === "argo" || toolOf(manager) === "flux" || (isApplied && toolOf(manager) === null),
  );
  return [
    ...recorded,
    ...syncing
      .filter(({ manager }) => !recorded.some((owner) => worksBy(owner, manager)))
      .map(({ manager }): Keeper => ({ kind: "field-manager", name: manager })),
  ];
}

/**
 * Who has come: owners that were not named before, and managers that have taken `spec.versions` and are tools of none of those
 * before. An unknown program counts if it applies server-side, as one does who means to keep what it applies.
 */
export function newKeepers(previous: Crd, next: Crd): readonly Keeper[] {
  const before = keepersOf(previous);
  const known = new Set(previous.owners.map(ownerKey));
  const recorded = next.owners.filter((owner) => !known.has(ownerKey(owner)) && !isSameByAnother(owner, previous, next));
  // Of whom nothing was recorded, nobody can be told apart.
  const came =
    previous.definers.length === 0
      ? []
      : next.definers.filter(
          (definer) =>
            takesOver(definer) &&
            !previous.definers.some((one) => isSameTool(one.manager, definer.manager)) &&
            !before.some((keeper) => worksBy(keeper, definer.manager)) &&
            !recorded.some((owner) => worksBy(owner, definer.manager)),
        );
  // A manager that was there before, and now says for what it works.
  const named = recorded.filter(
    (owner) =>
      !previous.definers.some(({ manager }) => worksBy(owner, manager)) || before.some(({ kind }) => kind === owner.kind),
  );
  return [...named, ...came.map(({ manager }): Keeper => ({ kind: "field-manager", name: manager }))];
}

type Tool = "kubectl" | "kubectl-once" | "helm" | "argo" | "flux";

/**
 * Helm's is the name of the program that it is built into, such as `terraform-provider-helm_v2`.
 * Source: k8s.io/kubectl/pkg/cmd (FieldManager of each command); helm.sh/helm/v3/pkg/kube/client.go, getManagedFieldsManager;
 * argo-cd common/common.go, ArgoCDSSAManager; fluxcd/kustomize-controller and helm-controller, main.go (controllerName).
 */
function toolOf(manager: string): Tool | null {
  if (/^kubectl-(?:edit|patch|label|annotate|set|scale)$/.test(manager)) return "kubectl-once";
  if (/^kubectl(?:-|$)/.test(manager) || manager === "before-first-apply") return "kubectl";
  if (manager.startsWith("argocd-")) return "argo";
  if (manager === "kustomize-controller" || manager === "helm-controller" || manager === "flux-client-side-apply") return "flux";
  if (/helm/i.test(manager)) return "helm";
  return null;
}

/** A repair by hand, of one field, makes no owner. */
function takesOver({ manager, isApplied }: CrdDefiner): boolean {
  const tool = toolOf(manager);
  return tool === null ? isApplied : tool !== "kubectl-once" && manager !== "before-first-apply";
}

function isSameTool(left: string, right: string): boolean {
  return left === right || (toolOf(left) !== null && plain(toolOf(left)) === plain(toolOf(right)));
}

function plain(tool: Tool | null): string | null {
  return tool === "kubectl-once" ? "kubectl" : tool;
}

/** Whether the manager is the hand of this keeper. */
function worksBy(keeper: Keeper, manager: string): boolean {
  const tool = toolOf(manager);
  switch (keeper.kind) {
    case "helm-release":
      return tool === "helm" || manager === "helm-controller";
    case "flux-helm-release":
      return tool === "helm" || tool === "flux";
    case "flux-kustomization":
      return tool === "flux";
    case "argo-application":
      return tool === "argo";
    case "olm":
      // The name of whichever of its programs has written it.
      return manager === "olm" || manager === "catalog" || manager === "packageserver-manager";
    case "addon-manager":
      // It is a script around kubectl.
      return tool === "kubectl";
    case "field-manager":
      return isSameTool(keeper.name, manager);
  }
}

/** A Helm release that Flux has come to drive, or that drives itself again, is the same release. */
function isSameByAnother(owner: CrdOwner, previous: Crd, next: Crd): boolean {
  const both = (kind: CrdOwner["kind"]): boolean => {
    const keys = new Set(previous.owners.filter((one) => one.kind === kind).map(ownerKey));
    return next.owners.some((one) => one.kind === kind && keys.has(ownerKey(one)));
  };
  if (owner.kind === "flux-helm-release") return both("helm-release");
  return owner.kind === "helm-release" && both("flux-helm-release");
}

function ownerKey(owner: CrdOwner): string {
  return "name" in owner ? JSON.stringify([owner.kind, owner.namespace, owner.name]) : owner.kind;
}
