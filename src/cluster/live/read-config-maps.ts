/** @file Reads ConfigMaps once, for workloads that do not run yet, and may never. */
import type { ApiClient } from "./api-client.ts";
import { readValues, type SettingValues } from "./settings.ts";

export interface ConfigMapName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Not watched: whoever sends a review of a workload, or tries one on by a dry run, names the namespace, and a watch for
 * each would stay. Never rejects: what does not exist, may not be read or does not come in time is left out.
 * @returns values by key, by `namespace/name`.
 */
export async function readConfigMaps(
  client: Pick<ApiClient, "request">,
  names: readonly ConfigMapName[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SettingValues>> {
  const read = await Promise.all(
    names.slice(0, MAX_AT_ONCE).map(async ({ namespace, name }): Promise<readonly [string, SettingValues][]> => {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
      const answer = await client.request({ method: "GET", path, signal });
      return answer.ok ? [[`${namespace}/${name}`, readValues(answer.body)]] : [];
    }),
  );
  return new Map(read.flat());
}

/** A workload hangs on one or two; a question to the guard must not become a burst of requests. */
const MAX_AT_ONCE = 16;
