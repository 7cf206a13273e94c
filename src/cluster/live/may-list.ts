/** @file Asks the API server whether somebody may list something. */
import type { ListTarget, Requester } from "../cluster.ts";
import type { ApiClient } from "./api-client.ts";
import { memberAt } from "./json.ts";

/** A SubjectAccessReview. Never rejects: what cannot be asked is not allowed. */
export async function mayList(
  client: Pick<ApiClient, "request">,
  requester: Requester,
  target: ListTarget,
  signal: AbortSignal,
): Promise<boolean> {
  const { username, uid, groups, extra } = requester;
  const { group, resource, namespace } = target;
  const answer = await client.request({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: username, uid, groups, extra, resourceAttributes: { verb: "list", group, resource, namespace } },
    },
    signal,
  });
  return answer.ok && memberAt(answer.body, "status", "allowed") === true && memberAt(answer.body, "status", "denied") !== true;
}
