/** @file The objects of a CRD, metadata alone, page by page: the next one is read while this one is worked on, and none before. */
import type { ApiRequest, ApiResult } from "../cluster/live/api-client.ts";
import type { ApiError } from "../cluster/live/api-error.ts";
import { listAt, memberAt, textAt } from "../cluster/live/json.ts";
import { METADATA_LIST } from "../cluster/live/list-metadata.ts";
import type { Crd } from "../crd/crd.ts";
import { createPageSize } from "./page-size.ts";
import { persist, type Persistence } from "./persist.ts";

export interface Collection {
  readonly crd: Crd;
  /** One that is served. */
  readonly version: string;
  /** Null: all of them. */
  readonly namespace: string | null;
}

/** What is kept of an object. */
export interface ObjectHead {
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly annotations: unknown;
  readonly managedFields: readonly unknown[];
}

export type ObjectPage =
  /** `total`: objects that there were when the first page was read. */
  | { readonly kind: "page"; readonly objects: readonly ObjectHead[]; readonly total: number }
  /** The API server has forgotten the state that pages showed: they begin anew. */
  | { readonly kind: "anew" }
  /** The last one. */
  | { readonly kind: "failed"; readonly error: ApiError };

export async function* objectPages(line: Persistence, collection: Collection): AsyncGenerator<ObjectPage, void, undefined> {
  let beginnings = 0;
  let seen = 0;
  let total: number | null = null;
  const size = createPageSize(FIRST_PAGE_SIZE, PAGE_SIZE);
  const ask = (token: string | null): Promise<ApiResult> =>
    askForPage(line, collection, { token, limit: size.limit(), accept: METADATA_LIST });
  let pending: Promise<ApiResult> | null = ask(null);
  while (pending !== null) {
    const answer: ApiResult = await pending;
    if (!answer.ok && answer.error.code === "gone" && beginnings < MOST_BEGINNINGS) {
      beginnings += 1;
      seen = 0;
      total = null;
      yield { kind: "anew" };
      pending = ask(null);
      continue;
    }
    if (!answer.ok) {
      yield { kind: "failed", error: answer.error };
      return;
    }
    const token = textAt(answer.body, "metadata", "continue");
    const objects = listAt(answer.body, "items").flatMap(headOf);
    size.seen(objects);
    seen += objects.length;
    total ??= seen + remainingIn(answer.body);
    pending = token === null ? null : ask(token);
    yield { kind: "page", objects, total: Math.max(total, seen) };
  }
}

/** Where the objects are, and each of them by its name. */
export function pathOf({ crd, version, namespace }: Collection): string {
  return `/apis/${crd.group}/${version}/${namespace === null ? "" : `namespaces/${namespace}/`}${crd.plural}`;
}

/** Objects a page, as client-go's pager asks for; less where their metadata is large. Two pages are held at a time. */
const PAGE_SIZE = 500;
/** Annotations may hold 256 KiB, so that this is 13 MB at the worst (TotalAnnotationSizeLimitB of k8s.io/apimachinery). */
const FIRST_PAGE_SIZE = 50;

/**
 * A continue token lives for five minutes (kube-apiserver, --etcd-compaction-interval). At ten objects a second a page takes 50
 * seconds, and the token of the next one is used at once: a list that is forgotten so often is not going to end.
 */
const MOST_BEGINNINGS = 20;

export interface PageRequest extends Pick<ApiRequest, "accept" | "numbers"> {
  /** Of the page before; null for the first one. */
  readonly token: string | null;
  /** Objects at most. */
  readonly limit: number;
}

export function askForPage(
  line: Persistence,
  collection: Collection,
  { token, limit, ...form }: PageRequest,
): Promise<ApiResult> {
  return persist(line, {
    method: "GET",
    path: pathOf(collection),
    query: { limit, continue: token ?? undefined },
    ...form,
    signal: line.signal,
  });
}

/** Objects that the list has after this page; 0 where it does not tell. */
export function remainingIn(body: unknown): number {
  const remaining = memberAt(body, "metadata", "remainingItemCount");
  return typeof remaining === "number" ? remaining : 0;
}

function headOf(item: unknown): readonly ObjectHead[] {
  const name = textAt(item, "metadata", "name");
  const uid = textAt(item, "metadata", "uid");
  const resourceVersion = textAt(item, "metadata", "resourceVersion");
  if (name === null || uid === null || resourceVersion === null) return [];
  return [
    {
      namespace: textAt(item, "metadata", "namespace") ?? "",
      name,
      uid,
      resourceVersion,
      annotations: memberAt(item, "metadata", "annotations"),
      managedFields: listAt(item, "metadata", "managedFields"),
    },
  ];
}
