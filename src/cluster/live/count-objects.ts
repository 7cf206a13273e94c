/** @file Counts the live objects of a CRD without reading more of them than their names. */
import type { Crd } from "../../crd/crd.ts";
import { readableVersion } from "../../crd/versions.ts";
import type { ObjectEvidence, ObjectRef } from "../../rules/facts.ts";
import type { ApiClient, ApiError } from "./api-client.ts";
import { textAt } from "./json.ts";
import { listPages } from "./pages.ts";

/**
 * A list that fails after some objects were seen is still a lower bound, which is enough to know that objects exist; one
 * that fails before tells nothing. Never rejects.
 */
export async function countObjects(client: Pick<ApiClient, "request">, crd: Crd, signal: AbortSignal): Promise<ObjectEvidence> {
  const version = readableVersion(crd);
  if (version === null) return { kind: "uncountable", reason: "no version of it is served, so its objects cannot be listed" };

  const first = await tally(client, crd, version, signal);
  if (first.error === null) return counted(first, true);
  if (first.error.code === "gone") {
    const second = await tally(client, crd, version, signal);
    if (second.error === null) return counted(second, true);
    return counted(second.total > first.total ? second : first, false);
  }
  if (first.error.code === "aborted" || first.total > 0) return counted(first, false);
  return { kind: "uncountable", reason: explain(first.error, crd, version) };
}

/** One page of metadata takes some 200 kB and 20 ms; client-go's pager asks for as many. */
const PAGE_SIZE = 500;
/** Enough to recognise whose objects they are. */
const EXAMPLES = 5;
const NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

interface Tally {
  readonly total: number;
  readonly byNamespace: ReadonlyMap<string, number>;
  readonly examples: readonly ObjectRef[];
  /** What ended it before the last page, or null. */
  readonly error: ApiError | null;
}

async function tally(client: Pick<ApiClient, "request">, crd: Crd, version: string, signal: AbortSignal): Promise<Tally> {
  const byNamespace = new Map<string, number>();
  const examples: ObjectRef[] = [];
  let total = 0;
  const listed = await listPages(client, {
    path: `/apis/${crd.group}/${version}/${crd.plural}`,
    accept: NAMES_ONLY,
    pageSize: PAGE_SIZE,
    signal,
    onPage(items) {
      total += items.length;
      for (const item of items) {
        const namespace = textAt(item, "metadata", "namespace") ?? "";
        byNamespace.set(namespace, (byNamespace.get(namespace) ?? 0) + 1);
        const name = textAt(item, "metadata", "name");
        if (name !== null && examples.length < EXAMPLES) examples.push({ namespace, name });
      }
    },
  });
  return { total, byNamespace, examples, error: listed.ok ? null : listed.error };
}

function counted({ total, byNamespace, examples }: Tally, isComplete: boolean): ObjectEvidence {
  return { kind: "counted", total, isComplete, byNamespace, examples, source: { kind: "cluster" } };
}

function explain(error: ApiError, crd: Crd, version: string): string {
  switch (error.code) {
    case "forbidden":
      return `crdguard may not list ${crd.name}`;
    case "unauthorized":
      return "the API server did not accept crdguard's credentials";
    case "not-found":
      return `the API server does not serve ${crd.name} in ${version}`;
    case "too-many-requests":
      return "the API server is too busy to list them";
    case "timeout":
      return "the API server did not list them in time";
    case "unreachable":
      return `the API server could not be reached: ${error.message}`;
    // With the API server's own words: a conversion webhook that is down, or an object stored in a version that is gone.
    case "conflict":
    case "gone":
    case "aborted":
    case "server-error":
    case "invalid":
      return `the API server could not list them in ${version}: ${error.message}`;
  }
}
