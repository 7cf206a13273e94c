/** @file Lists the live objects of a CRD, their metadata alone. */
import type { Crd } from "../../crd/crd.ts";
import type { ApiClient, ApiError } from "./api-client.ts";
import { type ListResult, listPages } from "./pages.ts";

export interface MetadataRequest {
  readonly crd: Crd;
  /** One that is served. */
  readonly version: string;
  /** Stop after so many; all unless told. */
  readonly maxPages?: number;
  readonly signal: AbortSignal;
  /** Items with `metadata` and nothing else. */
  readonly onPage: (items: readonly unknown[]) => void;
}

export function listMetadata(client: Pick<ApiClient, "request">, request: MetadataRequest): Promise<ListResult> {
  const { crd, version, maxPages, signal, onPage } = request;
  return listPages(client, {
    path: `/apis/${crd.group}/${version}/${crd.plural}`,
    accept: METADATA_LIST,
    pageSize: PAGE_SIZE,
    maxPages,
    signal,
    onPage,
  });
}

/** Source: Kubernetes, "API Concepts", section "Metadata-only fetches". */
export const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/** One page of metadata takes some 200 kB and 20 ms; client-go's pager asks for as many. */
const PAGE_SIZE = 500;

/** Why objects could not be listed, as a clause. */
export function whyUnlisted(error: ApiError, crd: Crd, version: string): string {
  switch (error.code) {
    case "forbidden":
      return `crdguard may not list ${crd.name}`;
    case "unauthorized":
      return "the API server did not accept crdguard's credentials";
    case "not-found":
      return `the API server does not serve ${crd.name} in ${version}`;
    case "too-many-requests":
      return "the API server is too busy to list them";
    case "timeout":
    case "aborted":
      return "the API server did not list them in time";
    case "unreachable":
      return `the API server could not be reached: ${error.message}`;
    // With the API server's own words: a conversion webhook that is down, or an object stored in a version that is gone.
    case "conflict":
    case "gone":
    case "server-error":
    case "invalid":
      return `the API server could not list them in ${version}: ${error.message}`;
  }
}
