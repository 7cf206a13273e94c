/** @file Has the API server convert an object, to see whether the conversion webhook works. */
import type { Crd } from "../../../crd/crd.ts";
import { servedVersions, storageVersion } from "../../../crd/versions.ts";
import type { ConversionTrial } from "../../../health/facts.ts";
import type { ApiClient } from "../api-client.ts";
import { listAt } from "../json.ts";
import { METADATA_LIST } from "../list-metadata.ts";

/**
 * Reads the metadata of one object in each served version that is not the storage version. The API server converts the whole
 * object before it takes the metadata out of it. Never rejects.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go, for the words of the error.
 */
export async function tryConversion(client: Pick<ApiClient, "request">, crd: Crd, signal: AbortSignal): Promise<ConversionTrial> {
  const storage = storageVersion(crd);
  const others = servedVersions(crd).filter((name) => name !== storage);
  let result: ConversionTrial = { kind: "nothing-to-convert" };
  for (const version of others.slice(0, MAX_VERSIONS)) {
    const answer = await client.request({
      method: "GET",
      path: `/apis/${crd.group}/${version}/${crd.plural}`,
      query: { limit: 1 },
      accept: METADATA_LIST,
      signal,
      timeoutSeconds: TIMEOUT_SECONDS,
    });
    if (!answer.ok) {
      const { code, message } = answer.error;
      if (message.includes(WEBHOOK_FAILED)) return { kind: "failed", version, reason: message };
      return { kind: "unknown", reason: code === "aborted" ? "there was no time left to try it" : message };
    }
    if (listAt(answer.body, "items").length === 0) return { kind: "nothing-to-convert" };
    // An object may be stored in this very version, where another one has been the storage version before.
    const isSure = crd.stored.source === "status" && !crd.stored.names.includes(version);
    if (result.kind !== "works" || !result.isSure) result = { kind: "works", version, isSure };
  }
  return result;
}

const WEBHOOK_FAILED = "conversion webhook for ";

/** Of many versions each goes by the same webhook. */
const MAX_VERSIONS = 3;

/** The API server gives a conversion webhook 30 s. Source: webhook_converter.go, defaultTimeout. */
const TIMEOUT_SECONDS = 10;
