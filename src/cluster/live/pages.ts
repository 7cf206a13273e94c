/** @file Lists a collection page by page. */
import type { ApiClient } from "./api-client.ts";
import { type ApiError, localError } from "./api-error.ts";
import { listAt, textAt } from "./json.ts";

export interface ListRequest {
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  readonly accept?: string;
  /** `exact`: integers that a double cannot hold are `bigint`. */
  readonly numbers?: "exact" | undefined;
  /** Objects a page; null: all in one answer. */
  readonly pageSize: number | null;
  /** Stop after so many; all unless told. */
  readonly maxPages?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onPage: (items: readonly unknown[]) => void;
}

/** `resourceVersion`: that of the snapshot which all pages show. `isComplete`: there was no page after the last one read. */
export type ListResult =
  | { readonly ok: true; readonly resourceVersion: string; readonly pages: number; readonly isComplete: boolean }
  | { readonly ok: false; readonly error: ApiError; /** Pages that were read before it. */ readonly pages: number };

/**
 * No `resourceVersion` is asked for: the newest state, as a guard must not decide on what a lagging cache shows. A failure
 * of code `gone` after the first page is an expired continue token (etcd compacts after five minutes): list again.
 */
export async function listPages(client: Pick<ApiClient, "request">, request: ListRequest): Promise<ListResult> {
  const { path, fieldSelector, labelSelector, accept, numbers, pageSize, maxPages = Infinity, signal, onPage } = request;
  let resourceVersion: string | null = null;
  let continueToken: string | null = null;
  let pages = 0;
  do {
    const answer = await client.request({
      method: "GET",
      path,
      query: { limit: pageSize ?? undefined, continue: continueToken ?? undefined, fieldSelector, labelSelector },
      ...(accept === undefined ? {} : { accept }),
      ...(numbers === undefined ? {} : { numbers }),
      signal,
    });
    if (!answer.ok) return { ok: false, error: answer.error, pages };
    resourceVersion ??= textAt(answer.body, "metadata", "resourceVersion");
    if (resourceVersion === null) return { ok: false, error: localError("invalid", `${path} did not answer with a list`), pages };
    pages += 1;
    onPage(listAt(answer.body, "items"));
    continueToken = textAt(answer.body, "metadata", "continue");
  } while (continueToken !== null && pages < maxPages);
  return { ok: true, resourceVersion, pages, isComplete: continueToken === null };
}
