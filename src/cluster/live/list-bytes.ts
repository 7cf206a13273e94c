/** @file Lists whole objects page by page, unparsed: another thread parses them. */
import { setTimeout as wait } from "node:timers/promises";
import type { ApiClient } from "./api-client.ts";
import { type ApiError, localError } from "./api-error.ts";
import { isRecord, textAt } from "./json.ts";

export interface BytesListRequest {
  readonly path: string;
  readonly signal: AbortSignal;
  /**
   * Takes a page; the next one is asked for meanwhile, and no third.
   * @returns what goes on with listing, and how many objects it was; null to stop.
   */
  readonly onPage: (page: Uint8Array<ArrayBuffer>) => Promise<PageTaken | null>;
}

interface PageTaken {
  readonly objectCount: number;
  readonly continueToken: string | null;
}

/** Null: all pages were read. */
export type BytesListEnd = ApiError | null;

/**
 * No `resourceVersion` is asked for: the newest state. A list that the API server has forgotten (410) goes on at a newer one where it
 * gives a token for that.
 * @throws what `onPage` throws.
 */
export async function listBytes(client: Pick<ApiClient, "requestBytes">, request: BytesListRequest): Promise<BytesListEnd> {
  const { path, signal, onPage } = request;
  let limit = FIRST_LIMIT;
  let token: string | undefined;
  let coming = readPage(client, path, { limit, token }, signal);
  for (;;) {
    const page = await coming;
    if (page.kind === "failed") return page.error;
    const { bytes } = page;
    const size = bytes.byteLength;
    // Read before the page is handed on, after which it is empty.
    const early = nextTokenOf(bytes);
    const nextLimit = Math.min(page.limit, limit);
    if (early !== undefined && early !== null) coming = readPage(client, path, { limit: nextLimit, token: early }, signal);
    const taken = await onPage(bytes).catch(async (error: unknown) => {
      await coming;
      throw error;
    });
    if (taken === null) return localError("aborted", "the caller gave up");
    token = early === undefined ? (taken.continueToken ?? undefined) : (early ?? undefined);
    if (token === undefined) return null;
    limit = limitFor(size, taken.objectCount);
    if (early === undefined) coming = readPage(client, path, { limit, token }, signal);
  }
}

/** A request costs some milliseconds, a page at most a few megabytes: 250 objects of 3 kB are 0.75 MB. */
const FIRST_LIMIT = 250;
const MAX_LIMIT = 500;
/** Bytes; two pages are held at a time, as text and as what is parsed of it, some six times as large. */
const PAGE_BYTES = 4 * 2 ** 20;
/** Above it a page is asked for again with fewer objects. One object has 3 MiB at most, the API server's limit of a request. */
const MAX_PAGE_BYTES = 16 * 2 ** 20;

function limitFor(bytes: number, objectCount: number): number {
  if (objectCount === 0) return FIRST_LIMIT;
  return Math.max(1, Math.min(MAX_LIMIT, Math.floor(PAGE_BYTES / (bytes / objectCount))));
}

type Page =
  | { readonly kind: "page"; readonly bytes: Uint8Array<ArrayBuffer>; /** By which it was had. */ readonly limit: number }
  | { readonly kind: "failed"; readonly error: ApiError };

/** Never rejects. Waits where the API server asks for it, and asks for less where a page is too large. */
async function readPage(
  client: Pick<ApiClient, "requestBytes">,
  path: string,
  first: { readonly limit: number; readonly token: string | undefined },
  signal: AbortSignal,
): Promise<Page> {
  let { limit, token } = first;
  let waits = 0;
  for (;;) {
    const answer = await client.requestBytes({ path, query: { limit, continue: token }, signal, maxBytes: MAX_PAGE_BYTES });
    if (answer.kind === "bytes") return { kind: "page", bytes: answer.bytes, limit };
    if (answer.kind === "too-large") {
      if (limit === 1) return failed(localError("invalid", `an object of more than ${String(MAX_PAGE_BYTES)} bytes`));
      limit = Math.max(1, Math.floor(limit / SHRINK));
      continue;
    }
    const { error } = answer;
    if (error.code === "gone" && error.continueToken !== undefined && error.continueToken !== token) {
      token = error.continueToken;
      continue;
    }
    if (error.code !== "too-many-requests" || waits === MAX_WAITS) return failed(error);
    waits += 1;
    const isOver = await wait((error.retryAfterSeconds ?? 1) * 1_000, false, { signal }).catch(() => true);
    if (isOver) return failed(error);
  }
}

/** From 250 objects of 3 MiB to a page that fits takes three steps. */
const SHRINK = 8;

/** A second each, as a rule: an API server that is busy for longer has more to do than this. */
const MAX_WAITS = 5;

function failed(error: ApiError): Page {
  return { kind: "failed", error };
}

/**
 * The API server writes `metadata` of a list of custom resources after its `items`, so that the token is found without parsing them.
 * No token has a bracket: base64.
 * @returns null after the last page; undefined where it cannot be told.
 */
export function nextTokenOf(page: Uint8Array<ArrayBuffer>): string | null | undefined {
  const end = Buffer.from(page.buffer, page.byteOffset, page.byteLength).subarray(-MAX_TAIL).toString("latin1");
  const tail = /^\],(".*\})\s*$/s.exec(end.slice(Math.max(0, end.lastIndexOf("]"))))?.[1];
  if (tail === undefined) return undefined;
  try {
    const members: unknown = JSON.parse(`{${tail}`);
    if (!isRecord(members) || !isRecord(members["metadata"])) return undefined;
    const token = textAt(members, "metadata", "continue");
    return token === "" ? null : token;
  } catch {
    return undefined;
  }
}

/** Bytes. A token holds a key of etcd, which has some 500 at most, in base64. */
const MAX_TAIL = 8_192;
