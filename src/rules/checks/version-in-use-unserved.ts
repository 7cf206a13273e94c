/** @file Finds an update after which a version is no longer served that somebody writes objects in. */
import type { Crd } from "../../crd/crd.ts";
import { allowCounting } from "../allow-counting.ts";
import { findVersion, servedVersions } from "../../crd/versions.ts";
import type { Writer } from "../facts.ts";
import type { Remedy, RuleFinding } from "../finding.ts";
import { isNonEmpty } from "../hurt.ts";
import { defineRule } from "../rule.ts";

/**
 * Nobody declares the needs of manifests, charts and scripts, but the API server records in which version each field
 * manager wrote an object. Once that version is not served, applying the same manifest again fails, although the object
 * itself lives on. A warning, since nothing that runs breaks: the record cannot tell a tool that still writes from one that
 * is long gone.
 * Source: external-secrets/external-secrets#4840, stakater/application#390, argoproj/argo-helm#3605 (manifests in a version
 * that is unserved); k8s.io/apimachinery/pkg/apis/meta/v1, ManagedFieldsEntry.
 */
export const versionInUseUnserved = defineRule({
  id: "version-in-use-unserved",
  defaultEnforcement: "warn",
  evidence: (change) => (change.kind === "update" && dyingVersions(change.previous, change.next).length > 0 ? ["writers"] : []),
  find({ change, facts: { writers: evidence } }) {
    if (change.kind !== "update") return [];

    const { previous, next } = change;
    const versions = dyingVersions(previous, next);
    switch (evidence.kind) {
      case "not-sampled":
        return [];
      case "unreadable":
        return isNonEmpty(versions) ? [unknownWriters(previous, versions, evidence)] : [];
      case "sampled":
        return versions.flatMap((version): readonly RuleFinding[] => {
          const writers = evidence.writers.filter((writer) => writer.version === version && !isUnharmed(writer));
          if (!isNonEmpty(writers)) return [];
          const isListed = findVersion(next, version) !== null;
          const { objectCount, isComplete } = evidence;
          return [
            {
              field: isListed ? `spec.versions[${version}].served` : `spec.versions[${version}]`,
              fact: { kind: "version-in-use-unserved", version, isListed, writers, objectCount, isComplete },
              remedies: remediesFor(previous, next, version, writers),
            },
          ];
        });
    }
  },
});

/** Served before and not after, whether or not it stays listed; most stable first. */
function dyingVersions(previous: Crd, next: Crd): readonly string[] {
  const served = servedVersions(next);
  return servedVersions(previous).filter((version) => !served.includes(version));
}

/**
 * Who is not asked for a version writes in the one that the API server prefers at the time. `before-first-apply` is nobody:
 * the API server's name for fields that were there before it kept a record.
 * Source: k8s.io/kubectl/pkg/cmd (annotate, edit, label, patch); k8s.io/kubernetes/pkg/controller/garbagecollector;
 * k8s.io/apimachinery/pkg/util/managedfields/internal/skipnonapplied.go.
 */
const UNHARMED: ReadonlySet<string> = new Set([
  "before-first-apply",
  "kube-controller-manager",
  "kubectl-annotate",
  "kubectl-edit",
  "kubectl-label",
  "kubectl-patch",
]);

function isUnharmed({ kind, name }: Writer): boolean {
  return kind === "field-manager" && UNHARMED.has(name);
}

/** Nobody is known to be hurt, so that this can never be a denial. */
function unknownWriters(
  crd: Crd,
  versions: readonly [string, ...string[]],
  evidence: { readonly kind: "unreadable"; readonly reason: string; readonly isForbidden?: boolean },
): RuleFinding {
  return {
    field: "spec.versions",
    fact: { kind: "writers-unknown", versions, reason: evidence.reason },
    remedies: [...allowCounting(crd, evidence), { kind: "list-writers", crd, versions }],
    isAdvisory: true,
  };
}

function remediesFor(previous: Crd, next: Crd, version: string, writers: readonly Writer[]): readonly Remedy[] {
  const after = servedVersions(next);
  const both = after.find((name) => findVersion(previous, name)?.isServed);
  const to = both ?? after[0];
  const areRecorded = writers.some(({ kind }) => kind === "field-manager");
  const isListed = findVersion(next, version) !== null;
  return [
    ...(to === undefined
      ? []
      : [
          {
            kind: "write-in-version",
            crd: previous,
            from: version,
            to,
            isPossibleBefore: both !== undefined,
            areRecorded,
          } as const,
        ]),
    { kind: "keep-version-served", versions: [version], isListed },
  ];
}
