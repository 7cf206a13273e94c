/** @file Counts which fields the live objects of a CRD set, a page at a time. */
import type { Crd } from "../../crd/crd.ts";
import { parseExactJson } from "../../crd/exact-json.ts";
import { versionsToLookIn } from "../../crd/schema/looks.ts";
import { readSchema } from "../../crd/schema/read-schema.ts";
import { findVersion } from "../../crd/versions.ts";
import { createFieldCounter } from "../../objects/fields-in-use.ts";
import type { FieldStatistics } from "../snapshot/snapshot.ts";
import type { ApiClient } from "./api-client.ts";
import { isRecord, listAt, memberAt, textAt } from "./json.ts";
import { listBytes } from "./list-bytes.ts";
import { whyUnlisted } from "./list-metadata.ts";

/** Never rejects: what was seen until `signal` counts. @param crd with its forms. */
export async function takeFieldStatistics(
  client: Pick<ApiClient, "requestBytes">,
  crd: Crd,
  signal: AbortSignal,
): Promise<readonly FieldStatistics[]> {
  const taken: FieldStatistics[] = [];
  for (const version of versionsToLookIn(crd)) taken.push(await takeInVersion(client, crd, version, signal));
  return taken;
}

async function takeInVersion(
  client: Pick<ApiClient, "requestBytes">,
  crd: Crd,
  version: string,
  signal: AbortSignal,
): Promise<FieldStatistics> {
  const schema = findVersion(crd, version)?.form?.schema;
  if (schema === undefined) return { version, state: "unreadable", reason: `${crd.name} has no schema of ${version}` };
  const begun = performance.now();
  const counter = createFieldCounter(readSchema(schema));
  let objectCount = 0;
  let totalCount: number | null = null;
  try {
    const error = await listBytes(client, {
      path: `/apis/${crd.group}/${version}/${crd.plural}`,
      signal,
      onPage(bytes) {
        const page = parseExactJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
        const items = listAt(page, "items");
        for (const item of items) if (isRecord(item)) counter.add(item);
        objectCount += items.length;
        const continueToken = textAt(page, "metadata", "continue");
        const remaining = continueToken === null ? 0 : memberAt(page, "metadata", "remainingItemCount");
        if (typeof remaining === "number") totalCount = objectCount + remaining;
        return Promise.resolve(signal.aborted ? null : { objectCount: items.length, continueToken });
      },
    });
    if (error !== null && objectCount === 0) return { version, state: "unreadable", reason: whyUnlisted(error, crd, version) };
    return {
      version,
      state: "read",
      objectCount,
      totalCount,
      isComplete: error === null,
      // To the tenth, which is told.
      seconds: Math.round((performance.now() - begun) / 100) / 10,
      ...counter.result(),
    };
  } catch {
    return { version, state: "unreadable", reason: `the API server did not answer with a list of ${crd.name}` };
  }
}
