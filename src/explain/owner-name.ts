/** @file The name of whoever keeps a CRD, for people. */
import type { CrdOwner } from "../crd/crd.ts";
import { quoted } from "./text.ts";

export function ownerName(owner: CrdOwner): string {
  switch (owner.kind) {
    case "helm-release":
      return `Helm release ${quoted(owner.name)} in namespace ${quoted(owner.namespace)}`;
    case "argo-application":
      return `Argo CD application ${quoted(owner.name)}${owner.namespace === null ? "" : ` in namespace ${quoted(owner.namespace)}`}`;
    case "flux-kustomization":
      return `Flux Kustomization ${quoted(owner.name)} in namespace ${quoted(owner.namespace)}`;
    case "flux-helm-release":
      return `Flux HelmRelease ${quoted(owner.name)} in namespace ${quoted(owner.namespace)}`;
    case "addon-manager":
      return "the addon manager of the cluster's provider";
    case "olm":
      return "Operator Lifecycle Manager";
  }
}
