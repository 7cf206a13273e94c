/** @file Which CRDs of a cluster have a migration due. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { isRecord } from "../cluster/live/json.ts";
import { listPages } from "../cluster/live/pages.ts";
import type { Crd } from "../crd/crd.ts";
import { parseCrd } from "../crd/parse.ts";
import { isMigrationDue } from "../crd/storage-record.ts";

/** By name. Never rejects. */
export async function listDue(
  client: Pick<ApiClient, "request">,
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly crds: readonly Crd[] } | { readonly ok: false; readonly error: ApiError }> {
  const due: Crd[] = [];
  const listed = await listPages(client, {
    path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    pageSize: PAGE_SIZE,
    signal,
    onPage(items) {
      for (const item of items) {
        // Items of a list do not say what they are.
        const crd = parseCrd(
          isRecord(item) ? { ...item, apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" } : item,
        );
        if (crd.ok && isMigrationDue(crd.value)) due.push(crd.value);
      }
    },
  });
  return listed.ok ? { ok: true, crds: due.toSorted((left, right) => (left.name < right.name ? -1 : 1)) } : listed;
}

/** A CRD may be a megabyte. */
const PAGE_SIZE = 25;
