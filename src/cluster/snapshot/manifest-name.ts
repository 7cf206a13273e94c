/** @file What a manifest calls itself, which can be told before anything else of it is read. */
import { isRecord } from "../../crd/is-record.ts";
import type { Manifest } from "./manifests.ts";

export interface ManifestName {
  readonly kind: string;
  /** Empty for the core group. */
  readonly group: string;
  /** Of an object without one, the default, though a cluster-scoped object has none. */
  readonly namespace: string;
  readonly name: string;
}

/** @param defaultNamespace of objects that name none, or an empty one, as kubectl has it. @returns null for what has no name. */
export function nameOfManifest({ object }: Manifest, defaultNamespace: string): ManifestName | null {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace } = isRecord(metadata) ? metadata : {};
  if (typeof name !== "string" || name === "") return null;
  const [group = "", version] = String(apiVersion).split("/", 2);
  return {
    kind: String(kind),
    group: version === undefined ? "" : group,
    namespace: typeof namespace === "string" && namespace !== "" ? namespace : defaultNamespace,
    name,
  };
}
