/** @file Definitions of the live cluster, by the names that a person gave. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import { listCrdNames } from "../cluster/live/crd-names.ts";
import { isRecord, type JsonRecord } from "../cluster/live/json.ts";
import type { Crd } from "../crd/crd.ts";
import { parseCrd } from "../crd/parse.ts";
import { shown } from "../explain/text.ts";
import { crdNameHint } from "./crd-names.ts";
import { CommandError, EXIT } from "./exit-status.ts";
import { unreadableError } from "./live-source.ts";

export interface Definition {
  readonly crd: Crd;
  /** As the API server gave it, with all digits of its integers. */
  readonly manifest: JsonRecord;
}

/** @returns null where there is none of that name. @throws CommandError where the cluster does not tell. */
export async function readDefinition(client: ApiClient, name: string, signal?: AbortSignal): Promise<Definition | null> {
  const answer = await client.request({
    method: "GET",
    path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${encodeURIComponent(name)}`,
    numbers: "exact",
    signal,
  });
  if (!answer.ok) {
    if (answer.error.code === "not-found") return null;
    throw unreadableError(client, shown(name), answer.error);
  }
  const crd = parseCrd(answer.body);
  if (!crd.ok || !isRecord(answer.body)) {
    const message = crd.ok ? "it is no object" : `${crd.error.path}: ${crd.error.message}`;
    throw unreadableError(client, shown(name), { code: "invalid", status: null, message });
  }
  return { crd: crd.value, manifest: answer.body };
}

/** @throws CommandError that says which one may be meant. */
export async function neededDefinition(client: ApiClient, name: string, signal?: AbortSignal): Promise<Definition> {
  const found = await readDefinition(client, name, signal);
  if (found !== null) return found;
  const listed = await listCrdNames(client);
  const hint = crdNameHint(name, listed.ok ? listed.names.toSorted() : [], new Map());
  throw new CommandError(EXIT.usage, "crd-unknown", `${client.server} has no CRD "${shown(name)}"; ${hint}`);
}
