/** @file Asks the API server whether somebody may override a rule. */
import type { OverrideRight, Requester } from "../cluster.ts";
import type { ApiClient, ApiError } from "./api-client.ts";
import { memberAt, textAt } from "./json.ts";

/**
 * A SubjectAccessReview; without a requester, a SelfSubjectAccessReview, so that it is about whoever the client is. Never
 * rejects.
 */
export async function mayOverride(
  client: Pick<ApiClient, "request">,
  requester: Requester | null,
  ruleId: string,
  signal: AbortSignal,
): Promise<OverrideRight> {
  const kind = requester === null ? "SelfSubjectAccessReview" : "SubjectAccessReview";
  const answer = await client.request({
    method: "POST",
    path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind,
      spec: { ...subjectOf(requester), resourceAttributes: { ...OVERRIDING, name: ruleId } },
    },
    signal,
  });
  if (!answer.ok) return "unverified";
  const isAllowed = memberAt(answer.body, "status", "allowed") === true && memberAt(answer.body, "status", "denied") !== true;
  return isAllowed ? "allowed" : "not-allowed";
}

/** The resource need not exist for RBAC to grant it; rules stand in the place of names. */
const OVERRIDING = { verb: "override", group: "crdguard.dev", resource: "guardpolicies" } as const;

function subjectOf(requester: Requester | null): Readonly<Record<string, unknown>> {
  if (requester === null) return {};
  const { username, uid, groups, extra } = requester;
  return { user: username, uid, groups, extra };
}

/** Null: the API server does not tell, as those before 1.28 do not. */
export async function whoAmI(
  client: Pick<ApiClient, "request">,
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly value: string | null } | { readonly ok: false; readonly error: ApiError }> {
  const kind = "SelfSubjectReview";
  const answer = await client.request({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind },
    signal,
  });
  if (answer.ok) return { ok: true, value: textAt(answer.body, "status", "userInfo", "username") };
  return answer.error.code === "not-found" ? { ok: true, value: null } : answer;
}
