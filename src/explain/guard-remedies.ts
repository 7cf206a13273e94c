/** @file Remedy → title and command, for what goes back: conversion, releases of bundles, storage versions, owners. */
import type { Crd } from "../crd/crd.ts";
import type { Keeper, Remedy } from "../rules/finding.ts";
import { keeperName } from "./guard-messages.ts";
import { quoted, shellWord, shown } from "./text.ts";
import { endpointCommands, targetName } from "./webhook-words.ts";

type GuardRemedy = Extract<
  Remedy,
  {
    kind:
      | "keep-webhook"
      | "settle-on-version"
      | "start-webhook"
      | "look-at-webhook"
      | "install-other-channel"
      | "keep-storage-version"
      | "change-by-owner"
      | "release-ownership";
  }
>;

interface Explained {
  readonly title: string;
  readonly command?: string;
}

export function explainGuardRemedy(remedy: GuardRemedy): Explained {
  switch (remedy.kind) {
    case "keep-webhook":
      return { title: `keep ${targetName(remedy.target)} as the conversion webhook in the new manifest, and what answers there` };
    case "settle-on-version":
      return {
        title:
          `rewrite every object into ${quoted(remedy.version)} first, and serve and store no other version in the new manifest, ` +
          "so that nothing is left to convert",
        command: `crdguard migrate ${shellWord(remedy.crd.name)}`,
      };
    case "start-webhook":
      return startWebhook(remedy);
    case "look-at-webhook":
      return withCommands(`see whether ${targetName(remedy.target)} answers`, endpointCommands(remedy.target));
    case "install-other-channel": {
      const { title, version, channel, installUrl } = remedy.bundle;
      return {
        title: `install the ${channel} channel of ${title} v${version} in its place`,
        // Definitions of this size do not fit into the annotation of a client-side apply.
        ...(installUrl === null ? {} : { command: `kubectl apply --server-side -f ${shellWord(installUrl)}` }),
      };
    }
    case "keep-storage-version":
      return {
        title: remedy.isListed
          ? `go on storing ${quoted(remedy.version)}: set its storage to true in the new manifest, and that of all others to false`
          : `go on storing ${quoted(remedy.version)}: put it back into the new manifest, with storage: true`,
      };
    case "change-by-owner":
      return {
        title:
          remedy.owner.kind === "helm-release"
            ? `make the change where the definition is kept: upgrade ${keeperName(remedy.owner)}`
            : `make the change where the definition is kept, by ${keeperName(remedy.owner)}`,
      };
    case "release-ownership":
      return releaseOwnership(remedy.crd, remedy.owner);
  }
}

function startWebhook({ target, problem }: Extract<Remedy, { kind: "start-webhook" }>): Explained {
  switch (problem.kind) {
    case "service-missing":
    case "no-endpoints":
    case "refused":
      return withCommands(
        `start what is to answer at ${targetName(target)} first, then apply your change again; to see what is there`,
        endpointCommands(target),
      );
    case "ca-malformed":
    case "distrusted":
      return {
        title:
          `set a caBundle that vouches for the certificate of ${targetName(target)}, or have it written, ` +
          "as cert-manager does by the annotation cert-manager.io/inject-ca-from",
      };
  }
}

function withCommands(title: string, commands: readonly string[]): Explained {
  return commands.length === 0 ? { title } : { title, command: commands.join(" &&\n") };
}

/** What has been taken out of a chart or a repository is deleted with the next sync, and its objects with it: the mark comes first. */
function releaseOwnership({ name }: Crd, owner: Keeper): Explained {
  const mark = keepingMark(owner);
  const title = `if the new one is to keep it: take it out of what ${keeperName(owner)} applies`;
  return mark === null
    ? { title }
    : {
        title: `${title}, once it is marked to stay when that is done`,
        command: `kubectl annotate customresourcedefinition ${shellWord(name)} ${shown(mark)}`,
      };
}

/**
 * Source: helm.sh/helm/v3/pkg/kube/client.go (Update looks at the object in the cluster); Argo CD, "Sync Options", No Prune Resources;
 * Flux, "Kustomization", section on garbage collection.
 */
function keepingMark(owner: Keeper): string | null {
  switch (owner.kind) {
    case "helm-release":
    case "flux-helm-release":
      return "helm.sh/resource-policy=keep";
    case "argo-application":
      return "argocd.argoproj.io/sync-options=Prune=false";
    case "flux-kustomization":
      return "kustomize.toolkit.fluxcd.io/prune=disabled";
    case "addon-manager":
    case "olm":
    case "field-manager":
      return null;
  }
}
