/** @file What OLM's ClusterServiceVersions say that the operators they install need. */
import { isRecord } from "../crd/is-record.ts";
import { crdNameOf, type Requirement } from "../rules/requirement.ts";
import type { Workload } from "./workload.ts";

export interface ClusterServiceVersion {
  readonly namespace: string;
  readonly name: string;
  /** Names of the Deployments that it installs, in its own namespace. */
  readonly deployments: readonly string[];
  /** Of the CRDs that it requires, and of those that it owns, since an operator watches what it owns; each CRD once. */
  readonly requirements: readonly Requirement[];
}

export const CLUSTER_SERVICE_VERSION_CRD = "clusterserviceversions.operators.coreos.com";
export const CLUSTER_SERVICE_VERSION_VERSION = "v1alpha1";

/** Of a copy, which OLM puts into every namespace that an operator watches. Source: CopiedLabelKey in the package below. */
export const COPIED_FROM_LABEL = "olm.copiedFrom";

export function isClusterServiceVersionManifest(input: unknown): boolean {
  return (
    isRecord(input) &&
    input["kind"] === "ClusterServiceVersion" &&
    String(input["apiVersion"]).startsWith("operators.coreos.com/")
  );
}

/**
 * What is not of the expected shape is passed over: OLM has checked the object, and what it holds beside is its business.
 * A copy installs nothing in its namespace.
 * Source: github.com/operator-framework/api/pkg/operators/v1alpha1, ClusterServiceVersionSpec.
 * @returns null for what has no name, and for a copy.
 */
export function parseClusterServiceVersion(input: unknown): ClusterServiceVersion | null {
  const metadata = memberOf(input, "metadata");
  const name = memberOf(metadata, "name");
  const namespace = memberOf(metadata, "namespace");
  const isCopy = typeof memberOf(memberOf(metadata, "labels"), COPIED_FROM_LABEL) === "string";
  if (typeof name !== "string" || isCopy) return null;
  const spec = memberOf(input, "spec");
  const definitions = memberOf(spec, "customresourcedefinitions");
  const installed = memberOf(memberOf(memberOf(spec, "install"), "spec"), "deployments");
  return {
    namespace: typeof namespace === "string" ? namespace : "default",
    name,
    deployments: listOf(installed).flatMap((deployment) => {
      const own = memberOf(deployment, "name");
      return typeof own === "string" ? [own] : [];
    }),
    requirements: onceEach(
      [...listOf(memberOf(definitions, "required")), ...listOf(memberOf(definitions, "owned"))].flatMap(toRequirement),
    ),
  };
}

export function installs({ namespace, deployments }: ClusterServiceVersion, { ref }: Pick<Workload, "ref">): boolean {
  return ref.kind === "Deployment" && ref.namespace === namespace && deployments.includes(ref.name);
}

/**
 * An owned CRD is listed once for each version that it has, old ones too, of which an operator watches one. So any one is
 * enough; else no version could ever be dropped.
 * Source: github.com/operator-framework/api/pkg/validation/internal/bundle.go, validateOwnedCRDs.
 */
function onceEach(requirements: readonly Requirement[]): readonly Requirement[] {
  return [...Map.groupBy(requirements, crdNameOf).values()].flatMap((same) =>
    same.slice(0, 1).map((first) => ({ ...first, versions: [...new Set(same.flatMap(({ versions }) => versions))] })),
  );
}

/** Nothing tells how an operator looks for the API, so the usual way is taken: an unconditional watch. */
function toRequirement(description: unknown): readonly Requirement[] {
  const name = memberOf(description, "name");
  const version = memberOf(description, "version");
  if (typeof name !== "string" || typeof version !== "string") return [];
  const dot = name.indexOf(".");
  if (dot <= 0) return [];
  return [
    {
      resource: name.slice(0, dot),
      group: name.slice(dot + 1),
      versions: [version],
      presence: "unconditional",
      outcomes: { absent: "crashes", unlisted: "crashes", unserved: "crashes" },
    },
  ];
}

function memberOf(input: unknown, member: string): unknown {
  return isRecord(input) ? input[member] : undefined;
}

function listOf(input: unknown): readonly unknown[] {
  return Array.isArray(input) ? input : [];
}
