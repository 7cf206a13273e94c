/** @file What a replica tells of itself, in a Lease of its own: that it is alive, and by which authority it serves. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { textAt } from "../cluster/live/json.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { microTime } from "./event-object.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import { FRESH_SECONDS, REPLICA_LABEL, SERVES_BY_ANNOTATION, WAY_ANNOTATION } from "./replica-list.ts";
import { KEPT_LABELS, leasesPath, REPLICA_LEASE_PREFIX } from "./shared-names.ts";

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
          labels: { ...KEPT_LABELS, [REPLICA_LABEL]: "true" },
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

const RENEW_SECONDS = 10;
const DELETE_SECONDS = 2;

function now(): Date {
  return new Date();
}
