/** @file Which replica leads: the one that holds the Lease, as client-go's leader election does it. */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { isRecord, type JsonRecord, memberAt, textAt } from "../cluster/live/json.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { microTime } from "./event-object.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import { KEPT_LABELS, LEADER_LEASE, leasesPath, UNINSTALLING_ANNOTATION } from "./shared-names.ts";

export interface Leadership {
  /** Asked anew before each write: it ends by itself when the Lease could not be renewed in time. */
  isLeader(): boolean;
  /** `use` is called after each change. Returns what ends that. */
  onChange(use: () => void): () => void;
  /** Gives the Lease back, if it is ours, so that another replica takes it within two seconds. Never rejects. */
  stop(): Promise<void>;
}

/**
 * `uninstalling`: the Lease says so. `outranked`: another replica is to lead. `overtaken`: another replica holds it. `expired`:
 * it was not renewed in time.
 */
export type LossReason = "uninstalling" | "outranked" | "overtaken" | "expired" | "stopped";

export interface LeadershipObserver {
  elected(lease: { readonly namespace: string; readonly name: string; readonly uid: string | null }): void;
  lost(reason: LossReason): void;
  /** Another replica holds the Lease; told once for each. `holder`: its identity. */
  following(holder: string): void;
  /** The Lease could not be read or written, and will be tried again; told once for each kind of failure. */
  failed(error: ApiError): void;
}

export interface LeadershipOptions {
  readonly client: Pick<ApiClient, "request">;
  readonly namespace: string;
  /** Of the Lease: {@link LEADER_LEASE} unless told. */
  readonly name?: string;
  /** Name of this replica; its identity adds what tells it from one of the same name that has just died. */
  readonly replica: string;
  readonly observer: LeadershipObserver;
  /** Whether another replica is to lead; no unless told. */
  readonly isOutranked?: () => boolean;
  readonly timing?: Timing;
  readonly clock?: () => Date;
}

/**
 * A Lease counts as held for {@link LEASE_SECONDS} after its record was last seen to change, by the own clock: what the
 * record says of time is another machine's, and not believed. Each write is guarded by the resource version.
 * Source of the rules and of the three times: client-go, tools/leaderelection/leaderelection.go.
 */
export function startLeadership(options: LeadershipOptions): Leadership {
  const { client, namespace, name = LEADER_LEASE, replica, observer, timing = SYSTEM_TIMING, clock = now } = options;
  const { isOutranked = () => false } = options;
  const identity = `${replica}_${randomUUID().slice(0, IDENTITY_DIGITS)}`;
  const collection = leasesPath(namespace);
  const path = `${collection}/${encodeURIComponent(name)}`;
  const stopping = new AbortController();
  const uses = new Set<() => void>();
  let renewed: Renewal | null = null;
  let isTold = false;
  let observed: Observation | null = null;
  let followed: string | null = null;
  let failure: string | null = null;

  /** By both clocks: the one that only goes forward stands still while the machine sleeps. */
  function isLeader(): boolean {
    if (renewed === null) return false;
    const limit = RENEW_DEADLINE_SECONDS * 1_000;
    return timing.now() - renewed.at < limit && clock().getTime() - renewed.date < limit;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await makeRound();
      } catch (error) {
        tellFailure({ code: "invalid", status: null, message: error instanceof Error ? error.message : String(error) });
      }
      if (stopping.signal.aborted) return;
      if (renewed !== null && !isLeader()) lose("expired");
      await timing.sleep(pauseMilliseconds(), stopping.signal);
    }
  }

  function pauseMilliseconds(): number {
    const retry = RETRY_SECONDS * 1_000;
    if (renewed === null) {
      const pause = retry * (LEAST_PAUSE + (1 - LEAST_PAUSE) * timing.random());
      const lapsesIn = observed === null ? 0 : observed.at + observed.record.seconds * 1_000 - timing.now();
      return lapsesIn > 0 ? Math.min(pause, lapsesIn) : pause;
    }
    const left = renewed.at + RENEW_DEADLINE_SECONDS * 1_000 - timing.now();
    return Math.max(0, Math.min(retry, left));
  }

  async function makeRound(): Promise<void> {
    // Over what was written last: if anybody has touched it since, an annotation included, the write is refused.
    if (renewed !== null && isLeader() && !isOutranked()) {
      const written = await write(renewed.lease, recordOf(renewed.lease));
      if (written.kind !== "conflict") return;
    }
    const found = await client.request({ method: "GET", path, signal: stopping.signal, timeoutSeconds: REQUEST_SECONDS });
    if (stopping.signal.aborted) return;
    if (!found.ok) {
      if (found.error.code !== "not-found") {
        tellFailure(found.error);
        return;
      }
      observed = null;
      if (renewed !== null) lose("overtaken");
      if (!isOutranked()) await create();
      return;
    }
    const lease = isRecord(found.body) ? found.body : {};
    const record = recordOf(lease);
    observe(record);
    if (isUninstalling(lease)) {
      await stepAside(lease, record, "uninstalling");
      return;
    }
    if (isOutranked()) {
      await stepAside(lease, record, "outranked");
      return;
    }
    if (record.holder !== "" && record.holder !== identity && isHeld(record)) {
      failure = null;
      if (renewed !== null) lose("overtaken");
      if (record.holder !== followed) observer.following(record.holder);
      followed = record.holder;
      return;
    }
    await write(lease, record);
  }

  async function create(): Promise<void> {
    const startedAt = timing.now();
    const date = clock();
    const created = await client.request({
      method: "POST",
      path: collection,
      query: { fieldManager: FIELD_MANAGER },
      body: {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name, namespace, labels: KEPT_LABELS },
        spec: specOf({ holder: identity, acquired: microTime(date), renewed: microTime(date), transitions: 0 }),
      },
      signal: stopping.signal,
      timeoutSeconds: REQUEST_SECONDS,
    });
    if (created.ok) take(created.body, startedAt, date);
    // A conflict is another replica's, which the next round finds.
    else if (created.error.code !== "conflict" && !stopping.signal.aborted) tellFailure(created.error);
  }

  /** Acquires or renews. */
  async function write(lease: JsonRecord, record: LeaseRecord): Promise<{ readonly kind: "done" | "conflict" | "failed" }> {
    const startedAt = timing.now();
    const date = clock();
    const isOurs = record.holder === identity;
    const spec = specOf({
      holder: identity,
      acquired: isOurs ? record.acquired : microTime(date),
      renewed: microTime(date),
      transitions: isOurs ? record.transitions : record.transitions + 1,
    });
    const written = await client.request({
      method: "PUT",
      path,
      query: { fieldManager: FIELD_MANAGER },
      body: { ...lease, spec },
      signal: stopping.signal,
      timeoutSeconds: REQUEST_SECONDS,
    });
    if (written.ok) {
      take(written.body, startedAt, date);
      return { kind: "done" };
    }
    if (written.error.code === "conflict" || written.error.code === "not-found") return { kind: "conflict" };
    if (!stopping.signal.aborted) tellFailure(written.error);
    return { kind: "failed" };
  }

  /** @param startedAt before the request was sent: whoever waits for the Lease to lapse begins later than that. */
  function take(body: unknown, startedAt: number, date: Date): void {
    const lease = isRecord(body) ? body : {};
    observe(recordOf(lease));
    const hasLed = isTold;
    renewed = { lease, at: startedAt, date: date.getTime() };
    failure = null;
    followed = null;
    if (hasLed) return;
    isTold = true;
    observer.elected({ namespace, name, uid: textAt(lease, "metadata", "uid") });
    tell();
  }

  function lose(reason: LossReason): void {
    renewed = null;
    if (!isTold) return;
    isTold = false;
    observer.lost(reason);
    tell();
  }

  function tell(): void {
    for (const use of uses) use();
  }

  function observe(record: LeaseRecord): void {
    if (!isDeepStrictEqual(observed?.record, record)) observed = { record, at: timing.now() };
  }

  function isHeld({ seconds }: LeaseRecord): boolean {
    return observed !== null && timing.now() - observed.at < seconds * 1_000;
  }

  async function stepAside(lease: JsonRecord, record: LeaseRecord, reason: LossReason): Promise<void> {
    if (renewed !== null) lose(reason);
    if (record.holder === identity) await giveBack(lease, record, stopping.signal);
  }

  async function giveBack(lease: JsonRecord, { transitions }: LeaseRecord, signal?: AbortSignal): Promise<ApiError | null> {
    const date = microTime(clock());
    const written = await client.request({
      method: "PUT",
      path,
      query: { fieldManager: FIELD_MANAGER },
      // Source: client-go, leaderelection.go, release: no holder, for a second.
      body: {
        ...lease,
        spec: { ...specOf({ holder: "", acquired: date, renewed: date, transitions }), leaseDurationSeconds: 1 },
      },
      signal,
      timeoutSeconds: RELEASE_SECONDS,
    });
    return written.ok ? null : written.error;
  }

  function tellFailure(error: ApiError): void {
    if (error.code === failure) return;
    failure = error.code;
    observer.failed(error);
  }

  const running = run();
  return {
    isLeader,
    onChange(use) {
      uses.add(use);
      return () => {
        uses.delete(use);
      };
    },
    async stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      await running;
      const last = renewed;
      if (last === null) return;
      lose("stopped");
      const error = await giveBack(last.lease, recordOf(last.lease));
      // A renewal that was under way may have been written all the same.
      if (error?.code === "conflict") await giveBackAnew();
    },
  };

  async function giveBackAnew(): Promise<void> {
    const found = await client.request({ method: "GET", path, timeoutSeconds: RELEASE_SECONDS });
    const lease = found.ok && isRecord(found.body) ? found.body : null;
    if (lease !== null && recordOf(lease).holder === identity) await giveBack(lease, recordOf(lease));
  }
}

/** Seconds; client-go's defaults for controllers. Two leaders at a time need a clock that is half as fast as another. */
const LEASE_SECONDS = 15;
const RENEW_DEADLINE_SECONDS = 10;
const RETRY_SECONDS = 2;
/** A Lease that somebody wrote an hour into must not keep everybody from leading for so long. */
const LONGEST_LEASE_SECONDS = 60;
/** In retry times: replicas drift apart, and a Lease that is given back is taken within one retry time. */
const LEAST_PAUSE = 0.6;
/** Two attempts fit into the deadline. */
const REQUEST_SECONDS = 4;
/** At exit nobody waits longer: the Lease lapses by itself. */
const RELEASE_SECONDS = 2;
const IDENTITY_DIGITS = 8;

interface Renewal {
  readonly lease: JsonRecord;
  /** By {@link Timing.now}. */
  readonly at: number;
  /** By the wall clock, in milliseconds. */
  readonly date: number;
}

interface LeaseRecord {
  /** Empty: nobody. */
  readonly holder: string;
  readonly seconds: number;
  readonly acquired: string;
  readonly renewed: string;
  readonly transitions: number;
}

interface Observation {
  readonly record: LeaseRecord;
  readonly at: number;
}

function recordOf(lease: JsonRecord): LeaseRecord {
  const seconds = memberAt(lease, "spec", "leaseDurationSeconds");
  const transitions = memberAt(lease, "spec", "leaseTransitions");
  return {
    holder: textAt(lease, "spec", "holderIdentity") ?? "",
    seconds: typeof seconds === "number" ? Math.min(seconds, LONGEST_LEASE_SECONDS) : 0,
    acquired: textAt(lease, "spec", "acquireTime") ?? "",
    renewed: textAt(lease, "spec", "renewTime") ?? "",
    transitions: typeof transitions === "number" ? transitions : 0,
  };
}

function specOf({ holder, acquired, renewed, transitions }: Omit<LeaseRecord, "seconds">): JsonRecord {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: LEASE_SECONDS,
    acquireTime: acquired === "" ? renewed : acquired,
    renewTime: renewed,
    leaseTransitions: transitions,
  };
}

function isUninstalling(lease: JsonRecord): boolean {
  return memberAt(lease, "metadata", "annotations", UNINSTALLING_ANNOTATION) === "true";
}

function now(): Date {
  return new Date();
}
