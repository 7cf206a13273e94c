/** @file Which replicas are alive, and by which authority each serves: every replica tells it in a Lease of its own. */
import type { LiveReplica } from "../certificates/authority.ts";
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { listAt, memberAt, textAt } from "../cluster/live/json.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { microTime } from "./event-object.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import { LEASE_LABELS } from "./leadership.ts";
import { REPLICA_LEASE_PREFIX } from "./shared-names.ts";

export interface ReplicaLease {
  /**
   * From now on the Lease names these authorities.
   * @param servesBy fingerprints; what is about to be served by, too.
   * @returns whether it is written.
   */
  announce(servesBy: readonly string[]): Promise<boolean>;
  /** Deletes the Lease: for a replica that has answered its last call. Never rejects. */
  stop(): Promise<void>;
}

export interface ReplicaLeaseOptions {
  readonly client: Pick<ApiClient, "request">;
  readonly namespace: string;
  readonly replica: string;
  /** How it has its certificates. */
  readonly way: string;
  /** Told once for each kind of failure, until it was written again. */
  readonly failed: (error: ApiError) => void;
  readonly timing?: Timing;
  readonly clock?: () => Date;
}

/** Fingerprints (SHA-256), separated by commas. */
const SERVES_BY_ANNOTATION = "crdguard.dev/serves-by";

/** See precedence.ts. */
export const WAY_ANNOTATION = "crdguard.dev/certificates";

export function startReplicaLease(options: ReplicaLeaseOptions): ReplicaLease {
  const { client, namespace, replica, failed, timing = SYSTEM_TIMING, clock = now } = options;
  const name = `${REPLICA_LEASE_PREFIX}${replica}`;
  const path = `${leasesPath(namespace)}/${encodeURIComponent(name)}`;
  const stopping = new AbortController();
  let servesBy: readonly string[] = [];
  let startedAt: string | null = null;
  let uid: string | null = null;
  let failure: string | null = null;
  /** One write at a time, in order: an older one must not undo a newer one. */
  let writing: Promise<boolean> = Promise.resolve(true);

  async function write(): Promise<boolean> {
    if (stopping.signal.aborted) return false;
    startedAt ??= microTime(clock());
    const written = await client.request({
      method: "PATCH",
      path,
      query: { fieldManager: FIELD_MANAGER, force: "true" },
      contentType: "application/apply-patch+yaml",
      body: {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: {
          name,
          namespace,
          labels: { ...LEASE_LABELS, [REPLICA_LABEL]: "true" },
          annotations: { [SERVES_BY_ANNOTATION]: servesBy.join(","), [WAY_ANNOTATION]: options.way },
        },
        spec: {
          holderIdentity: replica,
          leaseDurationSeconds: FRESH_SECONDS,
          acquireTime: startedAt,
          renewTime: microTime(clock()),
        },
      },
      signal: stopping.signal,
      timeoutSeconds: RENEW_SECONDS,
    });
    if (written.ok) {
      uid = textAt(written.body, "metadata", "uid");
      failure = null;
    } else if (!stopping.signal.aborted && written.error.code !== failure) {
      failure = written.error.code;
      failed(written.error);
    }
    return written.ok;
  }

  function writeInTurn(): Promise<boolean> {
    writing = writing.then(write);
    return writing;
  }

  async function renew(): Promise<void> {
    while (!stopping.signal.aborted) {
      await writeInTurn();
      await timing.sleep(RENEW_SECONDS * 1_000, stopping.signal);
    }
  }

  const renewing = renew();
  return {
    async announce(fingerprints) {
      servesBy = [...new Set(fingerprints)];
      return writeInTurn();
    },
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      await Promise.all([renewing, writing]);
      if (uid === null) return;
      await client.request({
        method: "DELETE",
        path,
        // One that a new process of the same name has made since is not ours.
        body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } },
        timeoutSeconds: DELETE_SECONDS,
      });
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
 * As a Lease's record changes, so is its replica alive; the times in it are another machine's clock, and not believed. What
 * happened while nobody looked counts for nothing: after the API server was down, every replica has its whole time again.
 */
export function createReplicaList({
  client,
  namespace,
  timing = SYSTEM_TIMING,
}: Pick<ReplicaLeaseOptions, "client" | "namespace" | "timing">): ReplicaList {
  let seen = new Map<string, Seen>();
  let readAt = -Infinity;

  return {
    async read() {
      const listed = await client.request({
        method: "GET",
        path: leasesPath(namespace),
        query: { labelSelector: `${REPLICA_LABEL}=true` },
        timeoutSeconds: RENEW_SECONDS,
      });
      if (!listed.ok) return listed;
      const at = timing.now();
      const hasLookedAway = at - readAt > LONGEST_BLINK_SECONDS * 1_000;
      readAt = at;
      const next = new Map<string, Seen>();
      for (const lease of listAt(listed.body, "items")) {
        const name = textAt(lease, "metadata", "name");
        if (name === null || !name.startsWith(REPLICA_LEASE_PREFIX)) continue;
        const record = JSON.stringify([memberAt(lease, "metadata", "uid"), memberAt(lease, "spec", "renewTime")]);
        const before = seen.get(name);
        next.set(name, {
          uid: textAt(lease, "metadata", "uid"),
          record,
          changedAt: before?.record === record && !hasLookedAway ? before.changedAt : at,
          servesBy: (textAt(lease, "metadata", "annotations", SERVES_BY_ANNOTATION) ?? "")
            .split(",")
            .filter((each) => each !== ""),
        });
      }
      seen = next;
      const alive = [...seen].filter(([, { changedAt }]) => !isGone(changedAt, at));
      return {
        ok: true,
        replicas: alive.map(([name, { servesBy }]) => ({ name: name.slice(REPLICA_LEASE_PREFIX.length), servesBy })),
      };
    },
    async sweep() {
      for (const [name, { uid, changedAt }] of seen) {
        if (uid === null || !isGone(changedAt, timing.now())) continue;
        await client.request({
          method: "DELETE",
          path: `${leasesPath(namespace)}/${encodeURIComponent(name)}`,
          body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } },
          timeoutSeconds: DELETE_SECONDS,
        });
      }
    },
  };
}

interface Seen {
  readonly uid: string | null;
  readonly record: string;
  readonly changedAt: number;
  readonly servesBy: readonly string[];
}

/** Selects the Leases of replicas. */
export const REPLICA_LABEL = "crdguard.dev/replica";
const RENEW_SECONDS = 10;
/** Two renewals may fail. */
export const FRESH_SECONDS = 30;
/** Ten times as long as its Lease: a replica that the API server cannot hear may still be called by it. */
const GONE_SECONDS = 300;
/** The leader reads every ten seconds. */
const LONGEST_BLINK_SECONDS = 30;
const DELETE_SECONDS = 2;

function isGone(changedAt: number, at: number): boolean {
  return at - changedAt > GONE_SECONDS * 1_000;
}

export function leasesPath(namespace: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
}

function now(): Date {
  return new Date();
}
