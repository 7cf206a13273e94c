/** @file Looks who keeps the objects of a CRD that is being deleted. */
import type { Crd } from "../../../crd/crd.ts";
import { compareText } from "../../../crd/compare-text.ts";
import { readableVersion } from "../../../crd/versions.ts";
import type { HeldObjects } from "../../../health/facts.ts";
import type { Answer } from "../../health-probe.ts";
import type { ApiClient } from "../api-client.ts";
import { listAt } from "../json.ts";
import { listMetadata } from "../list-metadata.ts";
import { unanswered } from "./unanswered.ts";

/** The finalizers of the first 500 objects, most objects first. Never rejects. */
export async function sampleFinalizers(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  signal: AbortSignal,
): Promise<Answer<readonly HeldObjects[]>> {
  const version = readableVersion(crd);
  if (version === null) return { ok: true, value: [] };

  const counts = new Map<string, number>();
  const listed = await listMetadata(client, {
    crd,
    version,
    maxPages: 1,
    signal,
    onPage(items) {
      for (const finalizer of items.flatMap((item) => listAt(item, "metadata", "finalizers"))) {
        if (typeof finalizer === "string") counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
      }
    },
  });
  if (!listed.ok) return unanswered(listed.error);
  const value = [...counts]
    .map(([finalizer, count]) => ({ finalizer, count }))
    .toSorted((left, right) => right.count - left.count || compareText(left.finalizer, right.finalizer));
  return { ok: true, value };
}
