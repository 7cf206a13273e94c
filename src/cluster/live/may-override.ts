/** @file Asks the API server whether somebody may override a rule. */
import type { OverrideRight, Requester } from "../cluster.ts";
import { reviewAccess } from "./access-review.ts";
import type { ApiClient } from "./api-client.ts";

/** Without a requester, about whoever the client is. Never rejects. */
export async function mayOverride(
  client: Pick<ApiClient, "request">,
  requester: Requester | null,
  ruleId: string,
  signal: AbortSignal,
): Promise<OverrideRight> {
  switch (await reviewAccess(client, requester, { ...OVERRIDING, name: ruleId }, signal)) {
    case true:
      return "allowed";
    case false:
      return "not-allowed";
    case null:
      return "unverified";
  }
}

/** The resource need not exist for RBAC to grant it; rules stand in the place of names. */
const OVERRIDING = { verb: "override", group: "crdguard.dev", resource: "guardpolicies" } as const;
