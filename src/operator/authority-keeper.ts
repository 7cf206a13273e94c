/** @file Keeps the Secret of the authority: every replica follows it, and the one that leads takes the steps of a rotation. */
import {
  type Authority,
  type AuthorityState,
  bundleOf,
  type Cause,
  decide,
  type LiveReplica,
  phaseOf,
  type SecretSight,
  type Sight,
  type Step,
  withIssued,
} from "../certificates/authority.ts";
import { decodeAuthority, encodeAuthority, readAuthority, readTrusted } from "../certificates/authority-secret.ts";
import { issueAuthority } from "../certificates/issue.ts";
import type { Publication, TrustSource } from "../certificates/trust.ts";
import type { ApiClient, ApiError, ApiErrorCode } from "../cluster/live/api-client.ts";
import { textAt } from "../cluster/live/json.ts";
import { createReflector, type ReflectorObserver } from "../cluster/live/reflector.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { readTime } from "../policy/guard-policy.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import type { Leadership } from "./leadership.ts";
import { createReplicaList } from "./replica-list.ts";
import { isOlderVersion } from "../crd/resource-version.ts";
import { AUTHORITY_SECRET, KEPT_LABELS, REPLACE_BEFORE_ANNOTATION } from "./shared-names.ts";

export interface AuthorityKeeper extends TrustSource {
  /** What replicas sign by, as far as this one knows; null until there is any. */
  signer(): Authority | null;
  /** Asks the API server itself, past the watch, whether this is what replicas sign by. */
  confirm(fingerprint: string): Promise<boolean>;
  /** What tells that the bundle was published; until it is given, the leader waits. */
  follow(publication: Publication): void;
  /** At once and for good. */
  stop(): void;
}

export interface AuthorityObserver extends ReflectorObserver {
  /** This process knows another state than before. */
  known(state: AuthorityState): void;
  /** The leader has written a step. `secret`: for an Event. */
  written(step: WrittenStep, secret: SecretIdentity): void;
  /** The leader waits before the next step; told once for each reason. */
  waiting(step: Extract<Step, { kind: "wait" }>): void;
  /** What asks for another authority cannot be read; told once for each value. */
  requestMalformed(value: string, secret: SecretIdentity): void;
  /** The leader could not do it, and tries again; told once for each kind of failure. */
  stuck(error: { readonly code: ApiErrorCode | "internal-error"; readonly message: string }): void;
}

export interface WrittenStep {
  readonly because: Cause;
  /** What was made in this step, if anything was. */
  readonly issued: Authority | null;
  readonly state: AuthorityState;
}

export interface SecretIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
}

export interface AuthorityKeeperOptions {
  readonly client: Pick<ApiClient, "request" | "watch" | "serverTime">;
  readonly namespace: string;
  readonly leadership: Pick<Leadership, "isLeader" | "onChange">;
  readonly observer: AuthorityObserver;
  readonly authorityHours: number;
  readonly holdSeconds: number;
  readonly timing?: Timing;
}

export function startAuthorityKeeper(options: AuthorityKeeperOptions): AuthorityKeeper {
  const { client, namespace, leadership, observer, timing = SYSTEM_TIMING } = options;
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
  const path = `${collection}/${AUTHORITY_SECRET}`;
  const stopping = new AbortController();
  const uses = new Set<() => void>();
  const replicaList = createReplicaList({ client, namespace, timing });
  const unserved = createUnservedClock(timing);
  let view: SecretView | null = null;
  let remembered: AuthorityState | null = null;
  let publication: Publication | null = null;
  /** Whether the Secret was read past the watch since this process began to lead. */
  let isConfirmed = false;
  /** Whether what live replicas serve by is among what is to be trusted, as far as that could be seen to. */
  let isSettled = false;
  let publishedSince: { readonly bundle: string; readonly at: number } | null = null;
  let readReplicasAt = -Infinity;
  let replicas: readonly LiveReplica[] = [];
  let told: string | null = null;
  let toldRequest: string | null = null;
  let wake = new AbortController();

  /** What comes by the watch may be older than what was read or written meanwhile. */
  function take(next: SecretView, isOrdered: boolean): void {
    if (isOrdered && view !== null && isOlder(next, view)) return;
    view = next;
    if (next.sight.kind === "good") {
      const isNews = remembered === null || !areSame(remembered, next.sight.state);
      remembered = next.sight.state;
      if (isNews) observer.known(remembered);
      if (isNews) tell();
    }
    wake.abort();
  }

  function tell(): void {
    for (const use of uses) use();
  }

  const reflector = createReflector<SecretView>({
    client,
    resource: "secrets",
    path: collection,
    fieldSelector: `metadata.name=${AUTHORITY_SECRET}`,
    pageSize: 1,
    transform: viewOf,
    handlers: {
      replace(items) {
        take(items.get(`${namespace}/${AUTHORITY_SECRET}`) ?? ABSENT, false);
      },
      put(_key, item) {
        take(item, true);
      },
      remove() {
        take(ABSENT, false);
      },
    },
    observer,
    timing,
  });

  async function read(): Promise<boolean> {
    const found = await client.request({ method: "GET", path, signal: stopping.signal, timeoutSeconds: REQUEST_SECONDS });
    if (found.ok) take(viewOf(found.body), false);
    else if (found.error.code === "not-found") take(ABSENT, false);
    else tellStuck(found.error);
    return found.ok || found.error.code === "not-found";
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      let hasActed = false;
      try {
        hasActed = await lead();
      } catch (error) {
        tellStuck({ code: "internal-error", message: error instanceof Error ? error.message : String(error) });
      }
      if (hasActed) continue;
      const woken = wake.signal;
      await timing.sleep(ROUND_MILLISECONDS, AbortSignal.any([stopping.signal, woken]));
      if (woken.aborted) wake = new AbortController();
    }
  }

  /** Returns whether a step was taken, so that the next one may be due at once. */
  async function lead(): Promise<boolean> {
    if (!leadership.isLeader()) {
      isConfirmed = false;
      isSettled = false;
      publishedSince = null;
      unserved.reset();
      return false;
    }
    if (!isConfirmed) {
      isConfirmed = await read();
      if (!isConfirmed) return false;
    }
    const sight = await look(false);
    if (sight === null) return false;
    const step = decide(sight);
    if (step.kind === "rest" || step.kind === "wait") {
      settle();
      tellWaiting(step);
      return false;
    }
    // Whoever began to serve by an authority did so after telling it, and before it was no longer the one to sign by.
    const fresh = await look(true);
    if (fresh === null || !leadership.isLeader()) return false;
    const again = decide(fresh);
    if (again.kind !== "write" && again.kind !== "issue") return false;
    const hasActed = await act(again);
    // What cannot be written must not keep the registration from being kept; but for what others serve by, it waits.
    if (!hasActed && again.because !== "trust-missing") settle();
    return hasActed;
  }

  function settle(): void {
    if (isSettled) return;
    isSettled = true;
    tell();
  }

  /** Null: something cannot be seen. */
  async function look(mustReadReplicas: boolean): Promise<Sight | null> {
    const now = client.serverTime();
    const bundle = publication?.published() ?? null;
    if (view === null || now === null) return null;
    if (bundle === null) {
      tellWaiting({ kind: "wait", until: "read", replicas: [] });
      return null;
    }
    const isCalm = view.sight.kind === "good" && phaseOf(view.sight.state) === "stable";
    const pause = isCalm ? CALM_READ_MILLISECONDS : 0;
    if (mustReadReplicas || timing.now() - readReplicasAt >= pause) {
      const listed = await replicaList.read();
      if (!listed.ok) {
        tellStuck(listed.error);
        return null;
      }
      replicas = listed.replicas;
      readReplicasAt = timing.now();
      unserved.update(view.sight, replicas);
      await replicaList.sweep();
    }
    const { sight } = view;
    return {
      secret: sight,
      remembered,
      replicas,
      published: readTrusted(bundle),
      publishedMilliseconds: sight.kind === "good" ? publishedMilliseconds(bundleOf(sight.state)) : null,
      unservedMilliseconds: unserved.milliseconds,
      now: now.getTime(),
      holdMilliseconds: options.holdSeconds * 1_000,
      replaceBefore: readRequest(view.replaceBefore),
    };
  }

  function readRequest(value: string | null): number | null {
    const time = value === null ? null : readTime(value);
    if (value !== null && time === null && value !== toldRequest) observer.requestMalformed(value, identity());
    toldRequest = value;
    return time;
  }

  function publishedMilliseconds(bundle: string): number | null {
    if (publication?.isPublished(bundle) !== true) publishedSince = null;
    else if (publishedSince?.bundle !== bundle) publishedSince = { bundle, at: timing.now() };
    return publishedSince === null ? null : timing.now() - publishedSince.at;
  }

  async function act(step: Extract<Step, { kind: "write" | "issue" }>): Promise<boolean> {
    const issued = step.kind === "issue" ? await makeAuthority() : null;
    const state = step.kind === "issue" && issued !== null ? withIssued(step, issued) : step.state;
    const error = await write(state);
    if (error === null) {
      told = null;
      observer.written({ because: step.because, issued, state }, identity());
      return true;
    }
    if (error.code === "conflict" || error.code === "not-found") {
      await read();
      return false;
    }
    tellStuck(error);
    return false;
  }

  async function makeAuthority(): Promise<Authority> {
    const now = client.serverTime() ?? new Date();
    // A name of its own: of two certificates of one name, some TLS libraries try only the first.
    const name = `crdguard ${now.toISOString()} ${crypto.randomUUID().slice(0, 8)}`;
    const { cert, key } = await issueAuthority(name, { days: options.authorityHours / 24, now });
    const made = readAuthority(cert, key);
    if (made === null) throw new Error("an authority that was just made cannot be read");
    return made;
  }

  async function write(state: AuthorityState): Promise<ApiError | null> {
    if (view === null || view.uid === null) {
      // Empty at first: what it holds is sealed with its uid, which only the API server knows. Applied rather than posted,
      // since RBAC can tie that to the name.
      const created = await send("application/apply-patch+yaml", {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: AUTHORITY_SECRET, namespace, labels: KEPT_LABELS },
        type: "Opaque",
      });
      if (!created.ok) return created.error;
      take(viewOf(created.body), false);
      // Somebody was faster: what to do about that is another question.
      if (view?.sight.kind !== "empty")
        return { code: "conflict", status: null, message: "the Secret was made by somebody else meanwhile" };
    }
    const uid = view?.uid ?? "";
    const patched = await send("application/merge-patch+json", {
      metadata: { uid, resourceVersion: view?.resourceVersion },
      data: encodeAuthority(state, uid),
    });
    if (patched.ok) {
      take(viewOf(patched.body), false);
      return null;
    }
    // Such as one that somebody made immutable: it is made anew.
    if (patched.error.code === "invalid") {
      await client.request({
        method: "DELETE",
        path,
        body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } },
        timeoutSeconds: REQUEST_SECONDS,
      });
    }
    return patched.error;
  }

  function send(contentType: string, body: unknown): ReturnType<ApiClient["request"]> {
    const isApplied = contentType === "application/apply-patch+yaml";
    return client.request({
      method: "PATCH",
      path,
      query: { fieldManager: FIELD_MANAGER, ...(isApplied ? { force: "true" } : {}) },
      contentType,
      body,
      signal: stopping.signal,
      timeoutSeconds: REQUEST_SECONDS,
    });
  }

  function identity(): SecretIdentity {
    return { namespace, name: AUTHORITY_SECRET, uid: view?.uid ?? null };
  }

  function tellWaiting(step: Extract<Step, { kind: "rest" | "wait" }>): void {
    const text = step.kind === "rest" ? null : `waiting ${step.until} ${step.replicas.join()}`;
    if (text !== null && text !== told && step.kind === "wait") observer.waiting(step);
    told = text;
  }

  function tellStuck(error: { readonly code: ApiErrorCode | "internal-error"; readonly message: string }): void {
    if (stopping.signal.aborted || told === `stuck ${error.code}`) return;
    told = `stuck ${error.code}`;
    observer.stuck(error);
  }

  reflector.start();
  const endLeadership = leadership.onChange(() => {
    wake.abort();
    tell();
  });
  void run();
  return {
    isExternal: false,
    bundle() {
      // A watch that lags must not take back what another leader has published, nor a Secret that does not tell it all.
      if (remembered === null || (leadership.isLeader() && !isSettled)) return null;
      return bundleOf(remembered);
    },
    onChange(use) {
      uses.add(use);
      return () => {
        uses.delete(use);
      };
    },
    signer: () => remembered?.signer ?? null,
    async confirm(fingerprint) {
      if (!(await read())) return false;
      return view?.sight.kind === "good" && view.sight.state.signer?.fingerprint === fingerprint;
    },
    follow(next) {
      publication = next;
      wake.abort();
    },
    stop() {
      stopping.abort();
      endLeadership();
      reflector.stop();
    },
  };
}

/** Half a minute is nothing to a rotation; what changes in the Secret wakes the leader at once. */
const ROUND_MILLISECONDS = 2_000;
/** As often as replicas renew their Leases. */
const CALM_READ_MILLISECONDS = 10_000;
const REQUEST_SECONDS = 5;

interface SecretView {
  readonly sight: SecretSight;
  readonly uid: string | null;
  readonly resourceVersion: string | null;
  /** As it is written. */
  readonly replaceBefore: string | null;
}

const ABSENT: SecretView = { sight: { kind: "absent" }, uid: null, resourceVersion: null, replaceBefore: null };

function viewOf(raw: unknown): SecretView {
  const uid = textAt(raw, "metadata", "uid");
  return {
    sight: decodeAuthority(raw, uid ?? ""),
    uid,
    resourceVersion: textAt(raw, "metadata", "resourceVersion"),
    replaceBefore: textAt(raw, "metadata", "annotations", REPLACE_BEFORE_ANNOTATION),
  };
}

/** Of one object. */
function isOlder(left: SecretView, right: SecretView): boolean {
  return left.uid === right.uid && isOlderVersion(left.resourceVersion, right.resourceVersion);
}

function areSame(left: AuthorityState, right: AuthorityState): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

interface UnservedClock {
  update(secret: SecretSight, replicas: readonly LiveReplica[]): void;
  readonly milliseconds: (fingerprint: string) => number;
  reset(): void;
}

/** Since when nobody was seen to serve by an authority, by this leader. */
function createUnservedClock(timing: Timing): UnservedClock {
  const since = new Map<string, number>();
  return {
    update(secret, replicas) {
      if (secret.kind !== "good") return;
      const served = new Set(replicas.flatMap(({ servesBy }) => servesBy));
      const { signer, trusted } = secret.state;
      const listed = new Set(trusted.map(({ fingerprint }) => fingerprint));
      for (const fingerprint of since.keys()) if (!listed.has(fingerprint)) since.delete(fingerprint);
      for (const fingerprint of listed) {
        if (served.has(fingerprint) || fingerprint === signer?.fingerprint) since.delete(fingerprint);
        else if (!since.has(fingerprint)) since.set(fingerprint, timing.now());
      }
    },
    milliseconds: (fingerprint) => timing.now() - (since.get(fingerprint) ?? timing.now()),
    reset() {
      since.clear();
    },
  };
}
