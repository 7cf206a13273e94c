/** @file Asks the live cluster for names, and not for long. */
import { loadApiClient } from "../../cluster/live/api-client.ts";
import { nameAt } from "./name-at.ts";

/** @param given flags of the line. Empty where the cluster cannot be asked, or does not answer in time. */
export async function listNames(path: string, given: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const { asGroup, requestTimeout: _, insecureSkipTlsVerify, ...texts } = Object.fromEntries(given);
  const client = loadApiClient({
    ...texts,
    asGroup: asGroup === undefined ? [] : [asGroup],
    insecureSkipTlsVerify: insecureSkipTlsVerify !== undefined,
  });
  if (!client.ok) return [];
  const answer = await client.value.request({
    method: "GET",
    path,
    query: { limit: MOST_NAMES, resourceVersion: "0" },
    accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
  });
  client.value.close();
  return answer.ok ? nameAt(answer.body, "items") : [];
}

/** More than anybody reads, and half a second's answer at most. */
const MOST_NAMES = 1_000;

/** Whoever presses the tab key goes on typing soon. */
const PATIENCE_MILLISECONDS = 2_000;
