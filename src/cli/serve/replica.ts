/** @file One replica among others: it leads or follows, and serves by the authority that all of them have. */
import type { TrustSource, Publication } from "../../certificates/trust.ts";
import { watchAuthoritiesFile } from "../../certificates/authorities-file.ts";
import type { TrustedCertificate } from "../../certificates/authority.ts";
import { createFileTrust } from "../../certificates/file-trust.ts";
import { createDevelopmentPair } from "../../certificates/development-pair.ts";
import { parseHosts } from "../../certificates/hosts.ts";
import { startLeafSource } from "../../certificates/leaf-source.ts";
import type { ServingPair } from "../../certificates/serving-pair.ts";
import {
  createFirstTrust,
  createPairGate,
  createTrustSight,
  type FirstTrust,
  type TrustSight,
} from "../../certificates/trusted-pair.ts";
import type { ApiClient } from "../../cluster/live/api-client.ts";
import { SYSTEM_TIMING } from "../../cluster/live/timing.ts";
import { authorityEvent, leaderNote } from "../../explain/certificate-events.ts";
import type { LogFields, Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import { type AuthorityKeeper, type AuthorityObserver, startAuthorityKeeper } from "../../operator/authority-keeper.ts";
import type { ClusterEvent, EventRecorder } from "../../operator/cluster-event.ts";
import { type Leadership, type LeadershipObserver, startLeadership } from "../../operator/leadership.ts";
import { startPrecedence } from "../../operator/precedence.ts";
import { type ReplicaLease, startReplicaLease } from "../../operator/replica-lease.ts";
import { REPLACE_BEFORE_ANNOTATION } from "../../operator/shared-names.ts";
import { CommandError, EXIT } from "../exit-status.ts";
import type { Admit, Certificate } from "./certificate.ts";
import type { KeepingChoice, TrustChoice } from "./keeping-choice.ts";

export interface Replica {
  readonly leadership: Leadership;
  readonly trust: TrustSource;
  readonly certificate: Certificate;
  /**
   * To be called once, when the rest of the server is there: what tells that the bundle of `trust` was published, and whom
   * Events are told; those of before then are told now.
   */
  join(others: { readonly publication: Publication; readonly events: EventRecorder }): void;
  /** After the last answer. */
  stop(): Promise<void>;
}

export interface ReplicaOptions {
  readonly choice: KeepingChoice;
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

type Choice<Kind extends TrustChoice["kind"]> = Extract<TrustChoice, { readonly kind: Kind }>;

/** @throws CommandError */
export async function openSelfManaged(options: ReplicaOptions, trust: Choice<"self-managed">): Promise<Replica> {
  const { choice, client } = options;
  const { events, leadership, lease, stopOthers } = joinOthers(options);
  const watch = watchTrust(trust.rotationHoldSeconds);
  const keeper = startAuthorityKeeper({
    client,
    namespace: choice.service.namespace,
    leadership,
    observer: tellAuthority(options, events),
    authorityHours: trust.authorityHours,
    holdSeconds: trust.rotationHoldSeconds,
  });
  const certificate = await ownCertificate(options, { keeper, lease, hours: trust.certificateHours });
  return {
    leadership,
    trust: keeper,
    certificate: { ...certificate, isTrusted: () => watch.first.isGiven(certificate.tls().cert) },
    join(others) {
      events.handTo(others.events);
      keeper.follow(others.publication);
      watch.follow(others.publication);
    },
    async stop() {
      keeper.stop();
      watch.stop();
      await stopOthers();
    },
  };
}

/** @throws CommandError */
export async function openFromFiles(
  options: ReplicaOptions,
  trust: Choice<"file" | "external">,
  open: (admit: Admit) => Promise<Certificate>,
): Promise<Replica> {
  const { logger, client } = options;
  const watch = watchTrust(trust.rotationHoldSeconds);
  const opened = await open((pair, serve) => {
    waiting = pair;
    gate.offer(pair.cert, serve);
  });
  let waiting: ServingPair | null = null;
  const gate = createPairGate({
    sight: watch.sight,
    served: () => opened.tls().cert,
    holdMilliseconds: trust.rotationHoldSeconds * 1_000,
    now: () => (client.serverTime() ?? new Date()).getTime(),
    onWaiting() {
      logger.info(
        { names: waiting?.names ?? [], notAfter: waiting?.notAfter.toISOString() ?? "" } satisfies LogFields,
        "new certificate waits until its authority is trusted",
      );
    },
  });
  watch.onLook(() => {
    gate.look();
  });
  const certificate: Certificate = { ...opened, isTrusted: () => watch.first.isGiven(opened.tls().cert) };
  const file = trust.kind === "file" ? await openAuthorities(trust.path, options) : null;
  const { events, leadership, lease, stopOthers } = joinOthers(options);
  if (file === null) {
    return {
      leadership,
      trust: { isExternal: true, bundle: () => null, onChange: () => () => undefined },
      certificate,
      join(others) {
        events.handTo(others.events);
        watch.follow(others.publication);
      },
      async stop() {
        watch.stop();
        await stopOthers();
      },
    };
  }
  const own = createFileTrust({
    current: file.current,
    isLeader: () => leadership.isLeader(),
    now: () => (options.client.serverTime() ?? new Date()).getTime(),
  });
  /** For a leader that makes certificates of its own, while a Deployment goes from one way to the other. */
  function announce(): void {
    void lease.announce(file?.current().map(({ fingerprint }) => fingerprint) ?? []);
  }
  file.onChange(() => {
    own.changed();
    announce();
  });
  leadership.onChange(() => {
    if (leadership.isLeader()) own.begin();
  });
  announce();
  return {
    leadership,
    trust: own,
    certificate,
    join(others) {
      events.handTo(others.events);
      own.follow(others.publication);
      watch.follow(others.publication);
    },
    async stop() {
      file.stop();
      watch.stop();
      await stopOthers();
    },
  };
}

interface TrustWatch {
  readonly sight: TrustSight;
  readonly first: FirstTrust;
  onLook(use: () => void): void;
  follow(publication: Publication): void;
  stop(): void;
}

function watchTrust(holdSeconds: number): TrustWatch {
  const sight = createTrustSight({ timing: SYSTEM_TIMING });
  const uses = new Set<() => void>();
  const timer = setInterval(() => {
    sight.look();
    for (const use of uses) use();
  }, TRUST_LOOK_MILLISECONDS).unref();
  return {
    sight,
    first: createFirstTrust({ sight, holdMilliseconds: holdSeconds * 1_000, timing: SYSTEM_TIMING }),
    onLook(use) {
      uses.add(use);
    },
    follow(publication) {
      sight.follow(publication);
    },
    stop() {
      clearInterval(timer);
    },
  };
}

/** What is looked at is in memory. */
const TRUST_LOOK_MILLISECONDS = 250;

interface Membership {
  readonly stopOthers: () => Promise<void>;
  readonly events: WaitingRecorder;
  readonly leadership: Leadership;
  readonly lease: ReplicaLease;
}

function joinOthers(options: ReplicaOptions): Membership {
  const { choice, client, logger } = options;
  const { namespace } = choice.service;
  const events = createWaitingRecorder();
  const precedence = startPrecedence({ client, namespace, replica: choice.replica });
  const leadership = startLeadership({
    client,
    namespace,
    replica: choice.replica,
    observer: tellLeadership(options, events),
    isOutranked: () => precedence.isOutranked(),
  });
  const lease = startReplicaLease({
    client,
    namespace,
    replica: choice.replica,
    way: choice.trust.kind,
    clock: () => client.serverTime() ?? new Date(),
    failed({ code, message }) {
      logger.warn({ code, reason: message } satisfies LogFields, "lease of this replica cannot be written, trying again");
    },
  });
  return {
    events,
    leadership,
    lease,
    async stopOthers() {
      precedence.stop();
      await Promise.all([leadership.stop(), lease.stop()]);
    },
  };
}

interface OpenAuthorities {
  readonly current: () => readonly TrustedCertificate[];
  readonly onChange: (use: () => void) => void;
  readonly stop: () => void;
}

async function openAuthorities(path: string, { logger }: ReplicaOptions): Promise<OpenAuthorities> {
  let use: () => void = () => undefined;
  const file = await watchAuthoritiesFile({
    path,
    flag: "--tls-ca-file or --ca-bundle",
    intervalMs: LOOK_MILLISECONDS,
    onChange(authorities) {
      logger.info(
        { names: authorities.map(({ fingerprint }) => shortened(fingerprint)) } satisfies LogFields,
        "trusted authorities replaced",
      );
      use();
    },
    onProblem({ code, message }) {
      logger.error({ code, reason: message } satisfies LogFields, "trusted authorities unusable, the old ones stay");
    },
  });
  if (!file.ok) throw new CommandError(EXIT.usage, file.error.code, file.error.message);
  return {
    current: () => file.value.current(),
    onChange(next) {
      use = next;
    },
    stop() {
      file.value.stop();
    },
  };
}

/** As often as the serving pair is looked at. */
const LOOK_MILLISECONDS = 2_000;

/** Until there is an authority, by a pair that nobody trusts: the server then is not ready. */
async function ownCertificate(
  { choice, client, logger, metrics }: ReplicaOptions,
  { keeper, lease, hours }: { readonly keeper: AuthorityKeeper; readonly lease: ReplicaLease; readonly hours: number },
): Promise<Certificate> {
  const { service, webhookUrl } = choice;
  // Exactly what the API server calls. Source: apiserver/pkg/util/webhook/client.go, "<name>.<namespace>.svc".
  const host = webhookUrl === null ? `${service.name}.${service.namespace}.svc` : webhookUrl.hostname;
  const hosts = parseHosts([host]);
  const provisional = await createDevelopmentPair({ hosts: [host] });
  if (!hosts.ok) throw new CommandError(EXIT.usage, hosts.error.code, hosts.error.message);
  if (!provisional.ok) throw new CommandError(EXIT.usage, provisional.error.code, provisional.error.message);

  let use: (tls: { readonly cert: string; readonly key: string }) => void = () => undefined;
  const source = startLeafSource({
    hosts: hosts.value,
    hours,
    authority: keeper,
    announce: (servesBy) => lease.announce(servesBy),
    now: () => client.serverTime(),
    onLeaf(leaf) {
      use(leaf);
      metrics.certificateRotations.inc({ kind: "serving", result: "ok" });
      metrics.certificateNotAfter.set({ kind: "serving" }, leaf.notAfter / 1_000);
      logger.info(
        {
          names: [host],
          notAfter: new Date(leaf.notAfter).toISOString(),
          authority: shortened(leaf.signedBy),
        } satisfies LogFields,
        "serving certificate made",
      );
    },
    onProblem(error) {
      metrics.certificateRotations.inc({ kind: "serving", result: "internal-error" });
      logger.error({ err: error } satisfies LogFields, "serving certificate cannot be made");
    },
  });
  return {
    tls: () => source.current() ?? provisional.value,
    caBundle: () => keeper.bundle() ?? "",
    isInOrder() {
      const leaf = source.current();
      const now = client.serverTime();
      return leaf !== null && now !== null && now.getTime() >= leaf.notBefore && now.getTime() < leaf.notAfter;
    },
    isMendedByRestart: false,
    onChange(next) {
      use = next;
      const leaf = source.current();
      if (leaf !== null) next(leaf);
    },
    stop() {
      source.stop();
    },
  };
}

function tellLeadership({ choice, logger, metrics }: ReplicaOptions, events: EventRecorder): LeadershipObserver {
  const { replica } = choice;
  return {
    elected({ namespace, name, uid }) {
      metrics.leader.set(1);
      logger.info({ replica } satisfies LogFields, "this replica leads");
      events.record({
        regarding: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace, name, ...(uid === null ? {} : { uid }) },
        type: "Normal",
        reason: "LeaderElected",
        action: "Lead",
        note: leaderNote(replica),
      });
    },
    lost(reason) {
      metrics.leader.set(0);
      logger.info({ replica, reason } satisfies LogFields, "this replica no longer leads");
    },
    following(holder) {
      logger.info({ replica: holder } satisfies LogFields, "another replica leads");
    },
    failed({ code, message }) {
      logger.warn({ code, reason: message } satisfies LogFields, "leader's lease cannot be read or written, trying again");
    },
  };
}

function tellAuthority({ logger, metrics }: ReplicaOptions, events: EventRecorder): AuthorityObserver {
  return {
    listed: () => undefined,
    watchRestarted(resource, reason) {
      metrics.watchRestarts.inc({ resource, reason });
    },
    failed(resource, { code, message }) {
      logger.warn({ resource, code, reason: message } satisfies LogFields, "cluster cannot be read, trying again");
    },
    known({ signer }) {
      if (signer !== null) metrics.certificateNotAfter.set({ kind: "authority" }, signer.notAfter / 1_000);
    },
    written({ because, issued, state }, { namespace, name, uid }) {
      const made = issued?.fingerprint ?? null;
      const signer = state.signer?.fingerprint ?? null;
      if (issued !== null) metrics.certificateRotations.inc({ kind: "authority", result: "ok" });
      logger.info(
        {
          reason: because,
          authority: shortened(made ?? signer ?? ""),
          names: state.trusted.map((each) => shortened(each.fingerprint)),
        } satisfies LogFields,
        "authority's secret written",
      );
      events.record({
        regarding: { apiVersion: "v1", kind: "Secret", namespace, name, ...(uid === null ? {} : { uid }) },
        ...authorityEvent({ because, issued: made, signer }),
      });
    },
    waiting({ until, replicas }) {
      logger.info({ reason: until, names: replicas } satisfies LogFields, "rotation waits");
    },
    requestMalformed(value, { namespace, name }) {
      logger.warn(
        {
          code: "replace-before-malformed",
          names: [`Secret ${namespace}/${name}`],
          reason: `${REPLACE_BEFORE_ANNOTATION}: ${JSON.stringify(value.slice(0, 64))} is no time of RFC 3339, such as 2026-05-06T08:00:00Z`,
        } satisfies LogFields,
        "annotation cannot be read",
      );
    },
    stuck({ code, message }) {
      metrics.certificateRotations.inc({ kind: "authority", result: code });
      logger.error({ code, reason: message } satisfies LogFields, "authority cannot be kept, trying again");
    },
  };
}

interface WaitingRecorder extends EventRecorder {
  handTo(recorder: EventRecorder): void;
}

function createWaitingRecorder(): WaitingRecorder {
  const waiting: ClusterEvent[] = [];
  let use: EventRecorder | null = null;
  return {
    record(event) {
      if (use === null) waiting.push(event);
      else use.record(event);
    },
    handTo(recorder) {
      use = recorder;
      for (const event of waiting.splice(0)) recorder.record(event);
    },
  };
}

function shortened(fingerprint: string): string {
  return fingerprint.slice(0, 16);
}
