/** @file Counts the live objects of a CRD without reading more of them than their names. */
import type { Crd } from "../../crd/crd.ts";
import { readableVersion } from "../../crd/versions.ts";
import type { ObjectEvidence, ObjectRef } from "../../rules/facts.ts";
import type { ApiClient, ApiError } from "./api-client.ts";
import { textAt } from "./json.ts";
import { listMetadata, whyUnlisted } from "./list-metadata.ts";

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
  return {
    kind: "uncountable",
    reason: whyUnlisted(first.error, crd, version),
    ...(first.error.code === "forbidden" ? { isForbidden: true } : {}),
  };
}

/** Enough to recognise whose objects they are. */
const EXAMPLES = 5;

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
  const listed = await listMetadata(client, {
    crd,
    version,
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
