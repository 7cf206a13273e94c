/** @file Names of all CRDs, without their schemas, which are megabytes. */
import type { ApiClient, ApiError } from "./api-client.ts";
import { textAt } from "./json.ts";
import { METADATA_LIST } from "./list-metadata.ts";
import { listPages } from "./pages.ts";

/** `<plural>.<group>` of each, since the API server accepts no other name. */
export async function listCrdNames(
  client: Pick<ApiClient, "request">,
): Promise<{ readonly ok: true; readonly names: readonly string[] } | { readonly ok: false; readonly error: ApiError }> {
  const names: string[] = [];
  const listed = await listPages(client, {
    path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    accept: METADATA_LIST,
    pageSize: PAGE_SIZE,
    onPage(items) {
      names.push(...items.flatMap((item) => textAt(item, "metadata", "name") ?? []));
    },
  });
  return listed.ok ? { ok: true, names } : listed;
}

/** As client-go's pager asks for. */
const PAGE_SIZE = 500;
