/** @file What manifests hold that bears on decisions: CRDs, workloads, what is declared of them, and their settings. */
import type { Crd } from "../../crd/crd.ts";
import { isRecord } from "../../crd/is-record.ts";
import { isCrdManifest, parseCrd } from "../../crd/parse.ts";
import { type ApiRequirement, isApiRequirementManifest, parseApiRequirement } from "../../requirements/api-requirement.ts";
import {
  type ClusterServiceVersion,
  isClusterServiceVersionManifest,
  parseClusterServiceVersion,
} from "../../requirements/cluster-service-version.ts";
import { isWorkloadManifest, parseWorkload, type Workload } from "../../requirements/workload.ts";
import { isGuardPolicyManifest, type RawGuardPolicy, readGuardPolicy } from "../guard-policies.ts";
import type { Manifest, ManifestError } from "./manifests.ts";

export interface Contents {
  readonly crds: readonly Crd[];
  readonly workloads: readonly Workload[];
  readonly apiRequirements: readonly ApiRequirement[];
  readonly clusterServiceVersions: readonly ClusterServiceVersion[];
  /** Values by key, by `namespace/name` of their ConfigMap. */
  readonly configMaps: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly guardPolicies: readonly RawGuardPolicy[];
  /** Everything else. */
  readonly others: readonly Manifest[];
}

export type ContentsResult =
  { readonly ok: true; readonly value: Contents } | { readonly ok: false; readonly error: ManifestError };

/** @param namespace of objects whose manifest names none, as `kubectl -n` gives it. */
export function readContents(manifests: readonly Manifest[], namespace = "default"): ContentsResult {
  const crds: Crd[] = [];
  const workloads: Workload[] = [];
  const apiRequirements: ApiRequirement[] = [];
  const clusterServiceVersions: ClusterServiceVersion[] = [];
  const configMaps = new Map<string, ReadonlyMap<string, string>>();
  const guardPolicies: RawGuardPolicy[] = [];
  const others: Manifest[] = [];
  for (const manifest of manifests) {
    const place = `${manifest.file}:${String(manifest.line)}:1`;
    const isClusterScoped = isCrdManifest(manifest.object) || isGuardPolicyManifest(manifest.object);
    const object = isClusterScoped ? manifest.object : inNamespace(manifest.object, namespace);
    if (isCrdManifest(object)) {
      const crd = parseCrd(object);
      if (!crd.ok) return malformed(`${place}: ${crd.error.path}: ${crd.error.message}`);
      crds.push(crd.value);
    } else if (isWorkloadManifest(object)) {
      const workload = parseWorkload(object);
      if (workload === null) return malformed(`${place}: a ${String(object["kind"])} needs metadata.name and spec.template`);
      workloads.push(workload);
    } else if (isApiRequirementManifest(object)) {
      const requirement = parseApiRequirement(object);
      if (!requirement.ok) return malformed(`${place}: ${requirement.error.message}`);
      apiRequirements.push(requirement.value);
    } else if (isGuardPolicyManifest(object)) {
      const policy = readGuardPolicy(object);
      if (policy === null) return malformed(`${place}: a GuardPolicy needs metadata.name`);
      guardPolicies.push(policy);
    } else if (isClusterServiceVersionManifest(object)) {
      const version = parseClusterServiceVersion(object);
      if (version !== null) clusterServiceVersions.push(version);
    } else if (object["apiVersion"] === "v1" && object["kind"] === "ConfigMap") {
      const configMap = readConfigMap(object);
      configMaps.set(configMap.id, configMap.values);
    } else {
      others.push(manifest);
    }
  }
  return { ok: true, value: { crds, workloads, apiRequirements, clusterServiceVersions, configMaps, guardPolicies, others } };
}

function inNamespace(object: Readonly<Record<string, unknown>>, namespace: string): Readonly<Record<string, unknown>> {
  const { metadata } = object;
  // An empty name is none, as kubectl has it.
  if (!isRecord(metadata) || (typeof metadata["namespace"] === "string" && metadata["namespace"] !== "")) return object;
  return { ...object, metadata: { ...metadata, namespace } };
}

function readConfigMap({ metadata, data }: Readonly<Record<string, unknown>>): {
  readonly id: string;
  readonly values: ReadonlyMap<string, string>;
} {
  const { namespace, name } = isRecord(metadata) ? metadata : {};
  const entries = isRecord(data) ? Object.entries(data) : [];
  return {
    id: `${String(namespace)}/${String(name)}`,
    values: new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string")),
  };
}

function malformed(message: string): ContentsResult {
  return { ok: false, error: { code: "manifest-malformed", message } };
}
