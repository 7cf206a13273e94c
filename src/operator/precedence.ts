/** @file Which replicas stand back from leading, while a Deployment goes from one way of having certificates to another. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import { listAt, memberAt, textAt } from "../cluster/live/json.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { FRESH_SECONDS, leasesPath, REPLICA_LABEL, WAY_ANNOTATION } from "./replica-lease.ts";
import { REPLICA_LEASE_PREFIX } from "./shared-names.ts";

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
  const ownName = `${REPLICA_LEASE_PREFIX}${replica}`;
  let seen: ReadonlyMap<string, Seen> = new Map();

  async function read(): Promise<void> {
    const listed = await client.request({
      method: "GET",
      path: leasesPath(namespace),
      query: { labelSelector: `${REPLICA_LABEL}=true` },
      signal: stopping.signal,
      timeoutSeconds: READ_SECONDS,
    });
    if (!listed.ok) return;
    const at = timing.now();
    seen = new Map(
      listAt(listed.body, "items").flatMap((lease) => {
        const name = textAt(lease, "metadata", "name");
        if (name === null) return [];
        const record = JSON.stringify([memberAt(lease, "metadata", "uid"), memberAt(lease, "spec", "renewTime")]);
        const before = seen.get(name);
        return [
          [
            name,
            {
              record,
              changedAt: before?.record === record ? before.changedAt : at,
              way: textAt(lease, "metadata", "annotations", WAY_ANNOTATION),
              startedAt: textAt(lease, "spec", "acquireTime") ?? "",
            },
          ] as const,
        ];
      }),
    );
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
      const own = seen.get(ownName);
      if (own === undefined) return false;
      return [...seen].some(
        ([name, { way, startedAt, changedAt }]) =>
          way !== null &&
          way !== own.way &&
          timing.now() - changedAt < FRESH_SECONDS * 1_000 &&
          (startedAt === own.startedAt ? name > ownName : startedAt > own.startedAt),
      );
    },
    stop() {
      stopping.abort();
    },
  };
}

interface Seen {
  readonly record: string;
  readonly changedAt: number;
  readonly way: string | null;
  /** As a Lease has its times: such texts are in the order of what they say. */
  readonly startedAt: string;
}

const READ_SECONDS = 5;
