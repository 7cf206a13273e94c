/** @file Reads a CRD with its schemas, which the picture does not keep. */
import type { Crd } from "../../crd/crd.ts";
import { parseCrd } from "../../crd/parse.ts";
import type { ApiClient } from "./api-client.ts";

/** Null where it is gone, changed its identity, or cannot be read. Never rejects. */
export async function readForms(client: Pick<ApiClient, "request">, crd: Crd, signal: AbortSignal): Promise<Crd | null> {
  const answer = await client.request({
    method: "GET",
    path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${encodeURIComponent(crd.name)}`,
    numbers: "exact",
    signal,
  });
  const read = answer.ok ? parseCrd(answer.body) : null;
  return read?.ok && read.value.uid === crd.uid ? read.value : null;
}
