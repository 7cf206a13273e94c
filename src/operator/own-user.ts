/** @file Who we are to the API server: the user name that our own requests come to us by. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import { textAt } from "../cluster/live/json.ts";

export interface OwnUser {
  /** Null until it is known. */
  name(): string | null;
  /** Asks unless it is known. Never rejects. @returns why it is not known, or null. */
  learn(signal: AbortSignal): Promise<string | null>;
}

/** By SelfSubjectReview, which every authenticated user may create (ClusterRole system:basic-user), since Kubernetes 1.28. */
export function createOwnUser(client: Pick<ApiClient, "request">): OwnUser {
  let known: string | null = null;
  return {
    name: () => known,
    async learn(signal) {
      if (known !== null) return null;
      const answered = await client.request({
        method: "POST",
        path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
        signal,
      });
      if (!answered.ok) return answered.error.message;
      known = textAt(answered.body, "status", "userInfo", "username");
      return known === null ? "the API server does not say who we are" : null;
    },
  };
}
