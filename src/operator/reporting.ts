/**
 * @file Tells in the cluster what became of what people say there: the status of each APIRequirement and GuardPolicy, and an
 * Event for each annotation that cannot be read.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { ClusterPicture } from "../cluster/picture.ts";
import type { ApiClient, ApiError, ApiErrorCode } from "../cluster/live/api-client.ts";
import type { StoredApiRequirement, StoredGuardPolicy } from "../cluster/live/declarations.ts";
import { memberAt } from "../cluster/live/json.ts";
import { createBackoff, SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { findStatus, malformedStatus } from "../requirements/api-requirement-status.ts";
import type { Workload } from "../requirements/workload.ts";
import type { UnreadableDeclaration, WorkloadRef } from "../rules/facts.ts";
import { createAttempts } from "./attempts.ts";
import type { EventRecorder } from "./cluster-event.ts";
import { declarationEvent } from "./declaration-event.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import { createPolicyReports, type PolicyObserver, type PolicyReport } from "./policy-reports.ts";
import { withTransitionTimes } from "./transition-times.ts";
import { isTrouble } from "./trouble.ts";

/** What of the live cluster is read. Each gives the same object, by reference, while nothing changes. */
export interface ReportingSource {
  /** Null until all has been read once. */
  picture(): Sight | null;
  apiRequirements(): readonly StoredApiRequirement[];
  guardPolicies(): readonly StoredGuardPolicy[];
  workloads(): Iterable<Workload>;
}

type Sight = Pick<ClusterPicture, "crds" | "unreadableDeclarations">;

export interface ReportingObserver extends PolicyObserver {
  /** An annotation cannot be read; told once for each workload and value. */
  declarationUnreadable(declaration: UnreadableDeclaration): void;
  /** `name`: `namespace/name`, or `name` of what has no namespace. */
  written(resource: ReportedResource, name: string): void;
  /** Some of a resource could not be written, and will be tried again. `message`: of the first of `count`. */
  failed(resource: ReportedResource, code: ApiErrorCode, message: string, count: number): void;
  /** A defect of crdguard: the next round is made all the same. */
  broken(error: unknown): void;
}

export type ReportedResource = "apirequirements/status" | "guardpolicies/status" | "events";

export interface ReportingOptions {
  readonly client: Pick<ApiClient, "request">;
  readonly source: ReportingSource;
  readonly observer: ReportingObserver;
  /** Who reports, in Events: the name of the pod or host. */
  readonly instance: string;
  /** Takes what is told of GuardPolicies; null: nobody does. */
  readonly events?: EventRecorder | null;
  readonly timing?: Timing;
  readonly clock?: () => Date;
}

export interface Reporting {
  /** At once and for good. */
  stop(): void;
}

/**
 * Looks every second whether anything has changed, however much it was, and writes only what differs from what the API
 * server holds. Several replicas find the same; each writes over no more than it has seen, so that the second one's write
 * is refused, or changes nothing.
 */
export function startReporting(options: ReportingOptions): Reporting {
  const { source, observer, timing = SYSTEM_TIMING } = options;
  const stopping = new AbortController();
  const { clock = now } = options;
  const makeReports = reportMaker(options);
  const policyReports = createPolicyReports({ ...options, events: options.events ?? null, clock });
  const attempts = createAttempts();
  const backoff = createBackoff(() => timing.random());
  /** What the last round saw; there is nothing new to do before one of the three changes, or that time has come. */
  let seen: { readonly picture: unknown; readonly stored: unknown; readonly policies: unknown; readonly until: number } | null =
    null;

  async function run(): Promise<void> {
    let pauseMilliseconds = ROUND_MILLISECONDS;
    for (;;) {
      await timing.sleep(pauseMilliseconds, stopping.signal);
      if (stopping.signal.aborted) return;
      pauseMilliseconds = ROUND_MILLISECONDS;
      try {
        const isInTrouble = await makeRound();
        if (isInTrouble) pauseMilliseconds += backoff.nextMilliseconds();
        else backoff.reset();
      } catch (error) {
        observer.broken(error);
        pauseMilliseconds += backoff.nextMilliseconds();
      }
    }
  }

  /** Returns whether the API server is in trouble, so that there is no use in asking it soon. */
  async function makeRound(): Promise<boolean> {
    const picture = source.picture();
    if (picture === null) return false;
    const stored = source.apiRequirements();
    const policies = source.guardPolicies();
    const isSame = picture === seen?.picture && stored === seen.stored && policies === seen.policies;
    if (isSame && seen !== null && timing.now() < seen.until) return false;
    const failures = createFailures();
    const keys = new Set<string>();
    const ofPolicies = policyReports(policies);
    // By the clock, exceptions lapse by themselves.
    const { changesAtMilliseconds } = ofPolicies;
    let until =
      changesAtMilliseconds === null
        ? Infinity
        : timing.now() + Math.min(changesAtMilliseconds - clock().getTime(), CLOCK_MILLISECONDS);
    let isInTrouble = false;
    for await (const { key, resource, name, content, send } of reportsOf(ofPolicies.reports, makeReports(picture, stored))) {
      keys.add(key);
      if (!isInTrouble && attempts.dueAt(key, content) <= timing.now()) {
        const error = await send(stopping.signal);
        if (stopping.signal.aborted) return false;
        attempts.made(key, content, timing.now());
        if (error === null) observer.written(resource, name);
        // Somebody wrote it meanwhile, or it is gone: the watch will tell, and it is looked at anew.
        else if (error.code !== "conflict" && error.code !== "not-found") failures.add(resource, error);
        isInTrouble = error !== null && isTrouble(error.code);
      }
      until = Math.min(until, attempts.dueAt(key, content));
    }
    attempts.keepOnly(keys);
    failures.tell(observer);
    seen = { picture, stored, policies, until };
    return isInTrouble;
  }

  void run();
  return {
    stop() {
      stopping.abort();
    },
  };
}

/** A status a second after its cause is soon enough for people; facts may change hundreds of times in that second. */
const ROUND_MILLISECONDS = 1_000;

/** While there are exceptions that will lapse: clocks are set, and timers know nothing of it. */
const CLOCK_MILLISECONDS = 60_000;

interface Report {
  /** Of the object and what is told of it; of attempts at the same. */
  readonly key: string;
  readonly resource: ReportedResource;
  readonly name: string;
  readonly content: string;
  /** Null: done. */
  readonly send: (signal: AbortSignal) => Promise<ApiError | null>;
}

async function* reportsOf(policies: readonly PolicyReport[], others: AsyncGenerator<Report>): AsyncGenerator<Report> {
  for (const report of policies) yield { ...report, resource: "guardpolicies/status" };
  yield* others;
}

type MakeReports = (picture: Sight, stored: readonly StoredApiRequirement[]) => AsyncGenerator<Report>;

/** Gives what is to be written, one by one; what the API server holds already is left out. */
function reportMaker(options: ReportingOptions): MakeReports {
  const { source, timing = SYSTEM_TIMING } = options;
  const announce = announcer(options);
  return async function* makeReports(picture, stored) {
    const byNamespace = stored.length === 0 ? NO_WORKLOADS : Map.groupBy(source.workloads(), ({ ref }) => ref.namespace);
    let startedAt = timing.now();
    for (const own of stored) {
      if (timing.now() - startedAt > SLICE_MILLISECONDS) {
        await nextTurn();
        startedAt = timing.now();
      }
      const report = statusReport(own, { workloads: byNamespace.get(own.namespace) ?? [], crds: picture.crds }, options);
      if (report !== null) yield report;
    }
    yield* announce(picture.unreadableDeclarations);
  };
}

const NO_WORKLOADS: ReadonlyMap<string, readonly Workload[]> = new Map();

/** A review must not wait for longer than that while statuses are found. */
const SLICE_MILLISECONDS = 10;

function statusReport(
  own: StoredApiRequirement,
  facts: Parameters<typeof findStatus>[1],
  { client, clock = now }: ReportingOptions,
): Report | null {
  const { namespace, name, generation, content, resourceVersion } = own;
  const findings = content.ok ? findStatus(content.value, facts) : malformedStatus(generation, content.error.message);
  const status = withTransitionTimes(findings, own.status, clock());
  if (isDeepStrictEqual(status, own.status)) return null;
  return {
    key: `status ${namespace}/${name}`,
    resource: "apirequirements/status",
    name: `${namespace}/${name}`,
    content: JSON.stringify(findings),
    async send(signal) {
      const written = await client.request({
        method: "PATCH",
        path: `/apis/crdguard.dev/v1alpha1/namespaces/${encodeURIComponent(namespace)}/apirequirements/${encodeURIComponent(name)}/status`,
        query: { fieldManager: FIELD_MANAGER },
        contentType: "application/merge-patch+json",
        // Only over what was seen: what is written is no older than what it replaces.
        body: { metadata: { resourceVersion }, status },
        signal,
      });
      return written.ok ? null : written.error;
    },
  };
}

function now(): Date {
  return new Date();
}

/** Gives one report for each declaration that cannot be read, until its Event is there. */
function announcer({
  client,
  observer,
  instance,
  clock = now,
}: ReportingOptions): (declarations: readonly UnreadableDeclaration[]) => Generator<Report> {
  let announced = new Set<string>();
  let reported = new Set<string>();

  async function send(declaration: UnreadableDeclaration, key: string, signal: AbortSignal): Promise<ApiError | null> {
    const { workload } = declaration;
    const found = await client.request({ method: "GET", path: pathOf(workload), signal });
    if (!found.ok) return found.error;
    const uid = String(memberAt(found.body, "metadata", "uid"));
    const event = declarationEvent(declaration, { uid, instance, now: clock() });
    const created = await client.request({
      method: "POST",
      path: `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(workload.namespace)}/events`,
      query: { fieldManager: FIELD_MANAGER },
      body: event,
      signal,
    });
    // A conflict is another replica's Event, or our own from before a restart.
    if (!created.ok && created.error.code !== "conflict") return created.error;
    reported.add(key);
    return null;
  }

  return function* announce(declarations) {
    const keyed = new Map(declarations.map((declaration) => [keyOf(declaration), declaration]));
    // What was corrected and is wrong again is told again.
    announced = new Set([...announced].filter((key) => keyed.has(key)));
    reported = new Set([...reported].filter((key) => keyed.has(key)));
    for (const [key, declaration] of keyed) {
      if (!announced.has(key)) observer.declarationUnreadable(declaration);
      announced.add(key);
      if (reported.has(key)) continue;
      yield {
        key,
        resource: "events",
        name: `${declaration.workload.namespace}/${declaration.workload.name}`,
        content: "",
        send: (signal) => send(declaration, key, signal),
      };
    }
  };
}

function keyOf({ workload, key, value }: UnreadableDeclaration): string {
  return `event ${JSON.stringify([workload.kind, workload.namespace, workload.name, key, value])}`;
}

function pathOf({ kind, namespace, name }: WorkloadRef): string {
  return `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${PLURALS[kind]}/${encodeURIComponent(name)}`;
}

const PLURALS = {
  Deployment: "deployments",
  StatefulSet: "statefulsets",
  DaemonSet: "daemonsets",
} as const satisfies Record<WorkloadRef["kind"], string>;

interface Failures {
  add(resource: ReportedResource, error: ApiError): void;
  tell(observer: ReportingObserver): void;
}

/** One line a round for each resource and code, since what is refused for one object is refused for all. */
function createFailures(): Failures {
  const failures = new Map<string, { readonly resource: ReportedResource; readonly error: ApiError; count: number }>();
  return {
    add(resource, error) {
      const id = `${resource} ${error.code}`;
      const known = failures.get(id) ?? { resource, error, count: 0 };
      known.count += 1;
      failures.set(id, known);
    },
    tell(observer) {
      for (const { resource, error, count } of failures.values()) observer.failed(resource, error.code, error.message, count);
    },
  };
}
