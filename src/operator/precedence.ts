/** @file Which replicas stand back from leading, while a Deployment goes from one way of having certificates to another. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { createReplicaSight, FRESH_SECONDS, type SeenReplica } from "./replica-list.ts";

export interface Precedence {
  /** A live replica that started later has its certificates in another way. */
  isOutranked(): boolean;
  /** At once and for good. */
  stop(): void;
}

export interface PrecedenceOptions {
  readonly client: Pick<ApiClient, "request">;
  readonly namespace: string;
  readonly replica: string;
  readonly timing?: Timing;
}

/**
 * Only who has an authority can publish it, and only who leads publishes. A replica of the new way is not ready until its
 * authority is trusted, and a rollout waits for it: so the way of the replica that started last leads.
 */
export function startPrecedence({ client, namespace, replica, timing = SYSTEM_TIMING }: PrecedenceOptions): Precedence {
  const stopping = new AbortController();
  const sight = createReplicaSight({ client, namespace, timing });
  let seen: readonly SeenReplica[] = [];

  async function read(): Promise<void> {
    const listed = await sight.read({ timeoutSeconds: READ_SECONDS, signal: stopping.signal });
    if (listed.ok) seen = listed.replicas;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await read();
      await timing.sleep(READ_SECONDS * 1_000, stopping.signal);
    }
  }

  void run();
  return {
    isOutranked() {
      const own = seen.find(({ name }) => name === replica);
      if (own === undefined) return false;
      return seen.some(
        ({ name, way, startedAt, changedAt }) =>
          way !== null &&
          way !== own.way &&
          timing.now() - changedAt < FRESH_SECONDS * 1_000 &&
          (startedAt === own.startedAt ? name > own.name : startedAt > own.startedAt),
      );
    },
    stop() {
      stopping.abort();
    },
  };
}

const READ_SECONDS = 5;
