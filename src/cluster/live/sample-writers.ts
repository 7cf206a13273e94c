/** @file Looks at some live objects of a CRD to tell who writes them, and in which version. */
import type { Crd } from "../../crd/crd.ts";
import { readableVersion } from "../../crd/versions.ts";
import type { WriterEvidence } from "../../rules/facts.ts";
import { createWriterTally, recordedWrites } from "../writers.ts";
import type { ApiClient } from "./api-client.ts";
import { memberAt } from "./json.ts";
import { listMetadata, whyUnlisted } from "./list-metadata.ts";

/** What was read before a failure or the end of the time is used. Never rejects. */
export async function sampleWriters(client: Pick<ApiClient, "request">, crd: Crd, signal: AbortSignal): Promise<WriterEvidence> {
  const version = readableVersion(crd);
  if (version === null) return { kind: "unreadable", reason: "no version of it is served, so its objects cannot be listed" };

  const tally = createWriterTally();
  let objectCount = 0;
  const listed = await listMetadata(client, {
    crd,
    version,
    maxPages: MAX_PAGES,
    signal,
    onPage(items) {
      objectCount += items.length;
      for (const item of items) tally.add(recordedWrites(memberAt(item, "metadata"), crd.group));
    },
  });
  if (!listed.ok && objectCount === 0) {
    return {
      kind: "unreadable",
      reason: whyUnlisted(listed.error, crd, version),
      ...(listed.error.code === "forbidden" ? { isForbidden: true } : {}),
    };
  }
  return { kind: "sampled", objectCount, isComplete: listed.ok && listed.isComplete, writers: tally.writers() };
}

/**
 * 2,000 objects. They come by namespace, so that a single page might hold those of one team alone; with `managedFields` an
 * object's metadata takes some 2 kB.
 */
const MAX_PAGES = 4;
