/** @file Tells how many objects of a CRD there are, by a single request. */
import type { Crd } from "../../../crd/crd.ts";
import { readableVersion } from "../../../crd/versions.ts";
import type { ObjectEvidence, ObjectRef } from "../../../rules/facts.ts";
import type { ApiClient } from "../api-client.ts";
import { listAt, memberAt, textAt } from "../json.ts";
import { METADATA_LIST, whyUnlisted } from "../list-metadata.ts";

/**
 * The API server tells how many objects remain after a page, where no selector is used; else it is a lower bound. Never rejects.
 * Source: k8s.io/apimachinery/pkg/apis/meta/v1, ListMeta.RemainingItemCount.
 */
export async function estimateObjects(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  signal: AbortSignal,
): Promise<ObjectEvidence> {
  const version = readableVersion(crd);
  if (version === null) return { kind: "uncountable", reason: "no version of it is served, so its objects cannot be listed" };

  const answer = await client.request({
    method: "GET",
    path: `/apis/${crd.group}/${version}/${crd.plural}`,
    query: { limit: EXAMPLES },
    accept: METADATA_LIST,
    signal,
  });
  if (!answer.ok) return { kind: "uncountable", reason: whyUnlisted(answer.error, crd, version) };
  const examples = listAt(answer.body, "items").flatMap((item): readonly ObjectRef[] => {
    const name = textAt(item, "metadata", "name");
    return name === null ? [] : [{ namespace: textAt(item, "metadata", "namespace") ?? "", name }];
  });
  const remaining = memberAt(answer.body, "metadata", "remainingItemCount");
  const isWhole = textAt(answer.body, "metadata", "continue") === null;
  return {
    kind: "counted",
    total: examples.length + (typeof remaining === "number" ? remaining : isWhole ? 0 : 1),
    isComplete: isWhole || typeof remaining === "number",
    // Told of the first few alone would be wrong.
    byNamespace: new Map(),
    examples,
    source: { kind: "cluster" },
  };
}

/** Enough to recognise whose objects they are. */
const EXAMPLES = 5;
