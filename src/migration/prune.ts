/** @file Forgets the stored versions that no object is stored in any more. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import type { Crd } from "../crd/crd.ts";
import { storageVersion } from "../crd/versions.ts";
import { changeBetween, type DefinitionChange, definitionPath, readDefinition } from "./watched-definition.ts";

export type Pruned =
  /** Of `status.storedVersions`. */
  | { readonly kind: "pruned"; readonly before: readonly string[]; readonly after: readonly string[] }
  /** Somebody else did it. */
  | { readonly kind: "pruned-already" }
  | { readonly kind: "changed"; readonly change: DefinitionChange }
  /** By the guard's own rule, by another webhook, or for want of a right. */
  | { readonly kind: "denied"; readonly error: ApiError }
  | { readonly kind: "failed"; readonly error: ApiError };

/**
 * Carries the resource version of a definition that was seen to be the proven one, so that it fails if that is changed
 * meanwhile. Never rejects.
 * @param proven what objects were proven for.
 */
export async function prune(client: Pick<ApiClient, "request">, proven: Crd, signal: AbortSignal): Promise<Pruned> {
  for (let attempt = 1; ; attempt += 1) {
    const read = await readDefinition(client, proven.name, signal);
    if (!read.ok) {
      return read.error.code === "not-found"
        ? { kind: "changed", change: "it was deleted" }
        : { kind: "failed", error: read.error };
    }
    const { crd, resourceVersion } = read.definition;
    const change = changeBetween(proven, crd);
    if (change !== null) return { kind: "changed", change };
    const storage = storageVersion(crd);
    if (storage === null || crd.stored.names.every((name) => name === storage)) return { kind: "pruned-already" };

    const answer = await client.request({
      method: "PATCH",
      path: `${definitionPath(crd.name)}/status`,
      query: { fieldManager: "crdguard-migrate" },
      contentType: "application/merge-patch+json",
      body: { metadata: { uid: crd.uid, resourceVersion }, status: { storedVersions: [storage] } },
      signal,
    });
    if (answer.ok) return { kind: "pruned", before: crd.stored.names, after: [storage] };
    const { error } = answer;
    if (error.code === "conflict" && attempt < MOST_ATTEMPTS) continue;
    return error.code === "forbidden" || error.code === "invalid" ? { kind: "denied", error } : { kind: "failed", error };
  }
}

/** The API server's own controllers write the status a few times in a row, and nobody else does. */
const MOST_ATTEMPTS = 10;
