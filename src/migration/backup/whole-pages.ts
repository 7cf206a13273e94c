/** @file Whole objects of a CRD, page by page, as they were at one moment. */
import type { ApiResult } from "../../cluster/live/api-client.ts";
import type { ApiError } from "../../cluster/live/api-error.ts";
import { isRecord, type JsonRecord, listAt, textAt } from "../../cluster/live/json.ts";
import { askForPage, type Collection, remainingIn } from "../object-pages.ts";
import { createPageSize } from "../page-size.ts";
import type { Persistence } from "../persist.ts";

export type WholePage =
  /** `total`: objects that there were when the first page was read. */
  | { readonly kind: "page"; readonly objects: readonly JsonRecord[]; readonly total: number; readonly resourceVersion: string }
  /** The API server has forgotten the state that pages showed: all begins anew. */
  | { readonly kind: "anew" }
  /** It has forgotten it again and again: what follows is as it is now. */
  | { readonly kind: "inconsistent" }
  /** The last one. */
  | { readonly kind: "failed"; readonly error: ApiError };

/** The next page is read while this one is worked on, and none before. */
export async function* wholePages(line: Persistence, collection: Collection): AsyncGenerator<WholePage, void, undefined> {
  let beginnings = 1;
  let resourceVersion: string | null = null;
  let seen = 0;
  let total: number | null = null;
  const size = createPageSize(FIRST_PAGE_SIZE, PAGE_SIZE);
  const ask = (token: string | null): Promise<ApiResult> =>
    askForPage(line, collection, { token, limit: size.limit(), numbers: "exact" });
  let pending: Promise<ApiResult> | null = ask(null);
  while (pending !== null) {
    const answer: ApiResult = await pending;
    if (!answer.ok && answer.error.code === "gone" && resourceVersion !== null) {
      const { continueToken } = answer.error;
      if (beginnings < MOST_BEGINNINGS || continueToken === undefined) {
        beginnings += 1;
        if (beginnings > 2 * MOST_BEGINNINGS) return yield { kind: "failed", error: answer.error };
        seen = 0;
        total = null;
        resourceVersion = null;
        yield { kind: "anew" };
        pending = ask(null);
      } else {
        yield { kind: "inconsistent" };
        pending = ask(continueToken);
      }
      continue;
    }
    if (!answer.ok) return yield { kind: "failed", error: answer.error };
    const token: string | null = textAt(answer.body, "metadata", "continue");
    const objects = listAt(answer.body, "items").filter(isRecord);
    size.seen(objects);
    resourceVersion ??= textAt(answer.body, "metadata", "resourceVersion") ?? "";
    seen += objects.length;
    total ??= seen + remainingIn(answer.body);
    pending = token === null ? null : ask(token);
    yield {
      kind: "page",
      objects: objects.map((object) => named(object, collection)),
      total: Math.max(total, seen),
      resourceVersion,
    };
  }
}

/** Objects; less where they are large. */
const PAGE_SIZE = 100;
/** Of the largest objects 15 MB. */
const FIRST_PAGE_SIZE = 10;

/** A token lives for five minutes. What was not read in that time twice will not be the third time. Source: etcd-compaction-interval. */
const MOST_BEGINNINGS = 2;

/** Items of a list name neither, for some kinds. */
function named(object: JsonRecord, { crd, version }: Collection): JsonRecord {
  return { apiVersion: `${crd.group}/${version}`, kind: crd.kind, ...object };
}
