/** @file Who we are to the API server: the user name that our own requests come to us by. */
import { whoAmI } from "../cluster/live/access-review.ts";
import type { ApiClient } from "../cluster/live/api-client.ts";

export interface OwnUser {
  /** Null until it is known. */
  name(): string | null;
  /** Asks unless it is known. Never rejects. @returns why it is not known, or null. */
  learn(signal: AbortSignal): Promise<string | null>;
}

export function createOwnUser(client: Pick<ApiClient, "request">): OwnUser {
  let known: string | null = null;
  return {
    name: () => known,
    async learn(signal) {
      if (known !== null) return null;
      const answered = await whoAmI(client, signal);
      if (!answered.ok) return answered.error.message;
      known = answered.value;
      return known === null ? "the API server does not say who we are" : null;
    },
  };
}
