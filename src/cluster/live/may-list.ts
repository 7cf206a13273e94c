/** @file Asks the API server whether somebody may list something. */
import type { ListTarget, Requester } from "../cluster.ts";
import { reviewAccess } from "./access-review.ts";
import type { ApiClient } from "./api-client.ts";

/** Never rejects: what cannot be asked is not allowed. */
export async function mayList(
  client: Pick<ApiClient, "request">,
  requester: Requester,
  { group, resource, namespace }: ListTarget,
  signal: AbortSignal,
): Promise<boolean> {
  return (await reviewAccess(client, requester, { verb: "list", group, resource, namespace }, signal)) === true;
}
