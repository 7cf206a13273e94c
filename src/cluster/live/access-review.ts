/** @file Asks the API server whether somebody may do something, and who we are to it. */
import type { Requester } from "../cluster.ts";
import type { ApiClient, ApiError } from "./api-client.ts";
import { memberAt, textAt } from "./json.ts";

/** Source: k8s.io/api/authorization/v1, ResourceAttributes. */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Of one object. */
  readonly name?: string;
  /** Empty or absent: in all namespaces, or a cluster-scoped resource. */
  readonly namespace?: string;
}

/**
 * A SubjectAccessReview; without a requester, a SelfSubjectAccessReview, so that it is about whoever the client is. Never
 * rejects.
 * @returns null where the API server did not say.
 */
export async function reviewAccess(
  client: Pick<ApiClient, "request">,
  requester: Requester | null,
  resourceAttributes: ResourceAttributes,
  signal: AbortSignal,
): Promise<boolean | null> {
  const kind = requester === null ? "SelfSubjectAccessReview" : "SubjectAccessReview";
  const answer = await client.request({
    method: "POST",
    path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: { apiVersion: "authorization.k8s.io/v1", kind, spec: { ...subjectOf(requester), resourceAttributes } },
    signal,
  });
  if (!answer.ok) return null;
  return memberAt(answer.body, "status", "allowed") === true && memberAt(answer.body, "status", "denied") !== true;
}

function subjectOf(requester: Requester | null): Readonly<Record<string, unknown>> {
  if (requester === null) return {};
  const { username, uid, groups, extra } = requester;
  return { user: username, uid, groups, extra };
}

/**
 * By SelfSubjectReview, which every authenticated user may create (ClusterRole system:basic-user). `value` is null where the
 * API server does not say, as those before 1.28 do not. Never rejects.
 */
export async function whoAmI(
  client: Pick<ApiClient, "request">,
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly value: string | null } | { readonly ok: false; readonly error: ApiError }> {
  const answer = await client.request({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    signal,
  });
  if (answer.ok) return { ok: true, value: textAt(answer.body, "status", "userInfo", "username") };
  return answer.error.code === "not-found" ? { ok: true, value: null } : answer;
}
