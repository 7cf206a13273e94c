/** @file The definition that a migration began with, and whether it is still that one. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { localError } from "../cluster/live/api-error.ts";
import { memberAt, textAt } from "../cluster/live/json.ts";
import type { Crd } from "../crd/crd.ts";
import { parseCrd } from "../crd/parse.ts";
import { persist, type Persistence } from "./persist.ts";

/** A definition as the cluster has it. */
export interface LiveDefinition {
  readonly crd: Crd;
  readonly resourceVersion: string;
  readonly annotations: unknown;
}

export type ReadDefinition =
  { readonly ok: true; readonly definition: LiveDefinition } | { readonly ok: false; readonly error: ApiError };

/** How a definition differs from the one that was read before; a clause. */
export type DefinitionChange = "its spec was changed" | "it was deleted" | "it was deleted and made anew" | "it is being deleted";

export function definitionPath(name: string): string {
  return `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${encodeURIComponent(name)}`;
}

/** Asked once, so that a cluster out of reach is told at once. Never rejects. */
export async function readDefinition(
  client: Pick<ApiClient, "request">,
  name: string,
  signal: AbortSignal,
): Promise<ReadDefinition> {
  const answer = await client.request({ method: "GET", path: definitionPath(name), signal });
  if (!answer.ok) return answer;
  const parsed = parseCrd(answer.body);
  const resourceVersion = textAt(answer.body, "metadata", "resourceVersion");
  if (!parsed.ok || resourceVersion === null) {
    const reason = parsed.ok ? "it has no resource version" : `${parsed.error.path}: ${parsed.error.message}`;
    return { ok: false, error: localError("invalid", `${name} is not a CRD as the API server shows them: ${reason}`) };
  }
  const annotations = memberAt(answer.body, "metadata", "annotations");
  return { ok: true, definition: { crd: parsed.value, resourceVersion, annotations } };
}

/** By its metadata alone, as a CRD may be a megabyte. @returns null: it is as it was. Never rejects. */
export async function differenceFrom(
  line: Persistence,
  crd: Crd,
): Promise<{ readonly ok: true; readonly change: DefinitionChange | null } | { readonly ok: false; readonly error: ApiError }> {
  const answer = await persist(line, {
    method: "GET",
    path: definitionPath(crd.name),
    accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    signal: line.signal,
  });
  if (!answer.ok) {
    return answer.error.code === "not-found" ? { ok: true, change: "it was deleted" } : answer;
  }
  const { body } = answer;
  return {
    ok: true,
    change: changeBetween(crd, {
      uid: textAt(body, "metadata", "uid"),
      generation: memberAt(body, "metadata", "generation"),
      isTerminating: textAt(body, "metadata", "deletionTimestamp") !== null,
    }),
  };
}

/** @returns null: it is the same. */
export function changeBetween(
  { uid, generation }: Pick<Crd, "uid" | "generation">,
  now: { readonly uid: string | null; readonly generation: unknown; readonly isTerminating: boolean },
): DefinitionChange | null {
  if (uid !== now.uid) return "it was deleted and made anew";
  if (generation !== now.generation) return "its spec was changed";
  return now.isTerminating ? "it is being deleted" : null;
}
