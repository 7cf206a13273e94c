/** @file Which replicas are alive, by which authority each serves, and since when: by the Leases of all of them. */
import type { LiveReplica } from "../certificates/authority.ts";
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { listAt, memberAt, textAt } from "../cluster/live/json.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { leasesPath, REPLICA_LEASE_PREFIX } from "./shared-names.ts";

/** Of the Lease of a replica: fingerprints (SHA-256), separated by commas. */
export const SERVES_BY_ANNOTATION = "crdguard.dev/serves-by";
/** How the replica has its certificates; see precedence.ts. */
export const WAY_ANNOTATION = "crdguard.dev/certificates";
/** Selects the Leases of replicas. */
export const REPLICA_LABEL = "crdguard.dev/replica";
/** How long such a Lease holds: two renewals may fail. */
export const FRESH_SECONDS = 30;

export interface SeenReplica {
  readonly name: string;
  /** Of its Lease. */
  readonly uid: string | null;
  /** When its Lease was last seen to change, as {@link Timing.now} tells it; the times in it are another machine's clock, and not believed. */
  readonly changedAt: number;
  readonly servesBy: readonly string[];
  readonly way: string | null;
  /** As a Lease has its times: such texts are in the order of what they say. */
  readonly startedAt: string;
}

export interface ReplicaListOptions {
  readonly client: Pick<ApiClient, "request">;
  readonly namespace: string;
  readonly timing?: Timing;
}

export interface ReplicaSight {
  /** Reads all Leases of replicas anew. */
  read(limits: {
    readonly timeoutSeconds: number;
    readonly signal?: AbortSignal;
  }): Promise<
    { readonly ok: true; readonly replicas: readonly SeenReplica[] } | { readonly ok: false; readonly error: ApiError }
  >;
}

export function createReplicaSight({ client, namespace, timing = SYSTEM_TIMING }: ReplicaListOptions): ReplicaSight {
  let seen: ReadonlyMap<string, { readonly record: string; readonly changedAt: number }> = new Map();
  return {
    async read(limits) {
      const listed = await client.request({
        method: "GET",
        path: leasesPath(namespace),
        query: { labelSelector: `${REPLICA_LABEL}=true` },
        ...limits,
      });
      if (!listed.ok) return listed;
      const at = timing.now();
      const next = new Map<string, { readonly record: string; readonly changedAt: number }>();
      const replicas: SeenReplica[] = [];
      for (const lease of listAt(listed.body, "items")) {
        const name = textAt(lease, "metadata", "name");
        if (name?.startsWith(REPLICA_LEASE_PREFIX) !== true) continue;
        const uid = textAt(lease, "metadata", "uid");
        const record = JSON.stringify([uid, memberAt(lease, "spec", "renewTime")]);
        const before = seen.get(name);
        const changedAt = before?.record === record ? before.changedAt : at;
        next.set(name, { record, changedAt });
        replicas.push({
          name: name.slice(REPLICA_LEASE_PREFIX.length),
          uid,
          changedAt,
          servesBy: (textAt(lease, "metadata", "annotations", SERVES_BY_ANNOTATION) ?? "")
            .split(",")
            .filter((each) => each !== ""),
          way: textAt(lease, "metadata", "annotations", WAY_ANNOTATION),
          startedAt: textAt(lease, "spec", "acquireTime") ?? "",
        });
      }
      seen = next;
      return { ok: true, replicas };
    },
  };
}

export interface ReplicaList {
  /** Reads all Leases of replicas anew. */
  read(): Promise<
    { readonly ok: true; readonly replicas: readonly LiveReplica[] } | { readonly ok: false; readonly error: ApiError }
  >;
  /** Deletes the Leases of replicas that have been gone for long. */
  sweep(): Promise<void>;
}

/**
 * As a Lease's record changes, so is its replica alive. What happened while nobody looked counts for nothing: after the API
 * server was down, every replica has its whole time again.
 */
export function createReplicaList(options: ReplicaListOptions): ReplicaList {
  const { client, namespace, timing = SYSTEM_TIMING } = options;
  const sight = createReplicaSight(options);
  let seen: readonly SeenReplica[] = [];
  let readAt = -Infinity;
  let lookedAgainAt = -Infinity;

  function isGone({ changedAt }: SeenReplica, at: number): boolean {
    return at - Math.max(changedAt, lookedAgainAt) > GONE_SECONDS * 1_000;
  }

  return {
    async read() {
      const listed = await sight.read({ timeoutSeconds: READ_SECONDS });
      if (!listed.ok) return listed;
      const at = timing.now();
      if (at - readAt > LONGEST_BLINK_SECONDS * 1_000) lookedAgainAt = at;
      readAt = at;
      seen = listed.replicas;
      const alive = seen.filter((replica) => !isGone(replica, at));
      return { ok: true, replicas: alive.map(({ name, servesBy }) => ({ name, servesBy })) };
    },
    async sweep() {
      for (const replica of seen) {
        const { name, uid } = replica;
        if (uid === null || !isGone(replica, timing.now())) continue;
        await client.request({
          method: "DELETE",
          path: `${leasesPath(namespace)}/${encodeURIComponent(`${REPLICA_LEASE_PREFIX}${name}`)}`,
          body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } },
          timeoutSeconds: DELETE_SECONDS,
        });
      }
    },
  };
}

/** As often as the leader reads in calm times. */
const READ_SECONDS = 10;
/** Ten times as long as its Lease: a replica that the API server cannot hear may still be called by it. */
const GONE_SECONDS = 300;
/** The leader reads every ten seconds. */
const LONGEST_BLINK_SECONDS = 30;
const DELETE_SECONDS = 2;
