/** @file What a server keeps in its cluster, by `--keep-installed`: put together, logged, counted and told. */
import type { Publication, TrustSource } from "../../certificates/trust.ts";
import {
  keptContested,
  keptCreated,
  keptRepaired,
  registrationEnforcing,
  registrationUnproven,
} from "../../explain/registration.ts";
import { textAt } from "../../cluster/live/json.ts";
import type { LogFields, Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import type { ClusterEvent, EventReason, EventRecorder } from "../../operator/cluster-event.ts";
import { createKeeper, type Drift, type KeeperObserver } from "../../operator/keeper.ts";
import type { KeptObject, LiveObject } from "../../operator/kept-object.ts";
import type { OwnUser } from "../../operator/own-user.ts";
import { createRegistrationKeeper, type RegistrationObserver } from "../../operator/registration-keeper.ts";
import { callSelf } from "../../operator/self-call.ts";
import type { WebhookAddress, WebhookProfile } from "../../operator/webhook-configurations.ts";
import type { LiveFacts } from "./live-facts.ts";

export interface KeepingOptions {
  readonly facts: Pick<LiveFacts, "cluster" | "client">;
  readonly leadership: { isLeader(): boolean };
  readonly trust: TrustSource;
  readonly address: WebhookAddress;
  readonly profile: WebhookProfile;
  readonly warnWorkloads: boolean;
  /** The server answers nobody but the API server, which alone has the certificate that it asks for. */
  readonly needsClientCertificate: boolean;
  readonly ownUser: OwnUser;
  /** Kept beside the webhook configurations. */
  readonly others: readonly KeptObject[];
  readonly events: EventRecorder;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface Keeping {
  readonly publication: Publication;
  /** Something that a kept object hangs on has changed. */
  poke(): void;
  /** At once and for good; nothing is removed. */
  stop(): void;
}

export function startKeeping(options: KeepingOptions): Keeping {
  const { facts, leadership, others, logger } = options;
  const telling = createTelling(options);
  const registration = createRegistrationKeeper({
    ...options,
    client: facts.client,
    isReady: () => facts.cluster.picture() !== null,
    callSelf,
    observer: observeRegistration(telling, logger),
  });
  const keeper = createKeeper({
    client: facts.client,
    leadership,
    objects: [...registration.objects, ...others],
    observer: observeKeeper(options, telling),
  });
  keeper.start();
  registration.start(keeper);
  return {
    publication: registration.publication,
    poke() {
      keeper.poke();
    },
    stop() {
      registration.stop();
      keeper.stop();
    },
  };
}

type Tell = (
  object: KeptObject,
  live: LiveObject,
  event: Pick<ClusterEvent, "type" | "action" | "note"> & { readonly reason: EventReason },
) => void;

function createTelling({ events }: Pick<KeepingOptions, "events">): Tell {
  return ({ kind, name }, live, event) => {
    const apiVersion = textAt(live, "apiVersion") ?? "";
    const uid = textAt(live, "metadata", "uid");
    events.record({ ...event, regarding: { apiVersion, kind, name, ...(uid === null ? {} : { uid }) } });
  };
}

function observeRegistration(tell: Tell, logger: Logger): RegistrationObserver {
  return {
    proven(object, live) {
      logger.info(fieldsOf(object), "the API server reaches this server, failing closed");
      tell(object, live, { type: "Normal", reason: "RegistrationEnforcing", action: "Enforce", note: registrationEnforcing() });
    },
    unproven(object, live, reason) {
      logger.warn({ ...fieldsOf(object), reason }, "the API server was not seen to reach this server, failing open");
      tell(object, live, {
        type: "Warning",
        reason: "RegistrationUnproven",
        action: "ProveReached",
        note: registrationUnproven(reason),
      });
    },
    broken(error) {
      logger.error({ err: error } satisfies LogFields, "internal error");
    },
  };
}

function observeKeeper({ logger, metrics }: KeepingOptions, tell: Tell): KeeperObserver {
  return {
    judged({ kind, name }, isInOrder) {
      metrics.keptObjects.set({ kind, name }, isInOrder ? 1 : 0);
    },
    handedOver({ kind, name }) {
      metrics.keptObjects.remove({ kind, name });
    },
    waiting(object, reason) {
      logger.info({ ...fieldsOf(object), reason }, "kept object has to wait");
    },
    created(object, live) {
      logger.info(fieldsOf(object), "kept object created");
      const note = keptCreated(object);
      tell(object, live, { type: "Normal", reason: reasonOf(object, "RegistrationCreated"), action: "Create", note });
    },
    moved(object, _live, drifted) {
      logger.info({ ...fieldsOf(object), drifted }, "kept object brought up to date");
    },
    repaired(object, live, drift) {
      const { kind, name } = object;
      metrics.driftRepaired.inc({ kind, name });
      logger.warn({ ...fieldsOf(object), ...driftFields(drift) }, "kept object put right");
      const note = keptRepaired(object, drift.fields, drift.changedBy);
      tell(object, live, { type: "Warning", reason: reasonOf(object, "RegistrationRepaired"), action: "Repair", note });
    },
    contested(object, live, drift, pauseMilliseconds) {
      const seconds = Math.ceil(pauseMilliseconds / 1_000);
      logger.warn(
        { ...fieldsOf(object), ...driftFields(drift), reason: `the next repair waits ${String(seconds)} s` },
        "kept object is changed back again and again",
      );
      const note = keptContested(object, drift.fields, drift.changedBy, seconds);
      tell(object, live, { type: "Warning", reason: reasonOf(object, "RegistrationRepaired"), action: "Repair", note });
    },
    failed(object, { code, message }) {
      logger.warn({ ...fieldsOf(object), code, reason: message }, "kept object cannot be written, trying again");
    },
    unreadable(object, { code, message }) {
      logger.warn({ ...fieldsOf(object), code, reason: message }, "kept object cannot be read, trying again");
    },
    watchRestarted(resource, reason) {
      metrics.watchRestarts.inc({ resource, reason });
      logger.debug({ resource, reason } satisfies LogFields, "watch begun again");
    },
    broken(error) {
      logger.error({ err: error } satisfies LogFields, "internal error");
    },
  };
}

function fieldsOf({ resource, name }: KeptObject): Pick<LogFields, "resource" | "names"> & object {
  return { resource, names: [name] };
}

function driftFields({ fields, changedBy }: Drift): LogFields {
  return { drifted: fields, ...(changedBy === null ? {} : { changedBy }) };
}

function reasonOf({ kind }: KeptObject, registration: EventReason): EventReason {
  return kind === "GuardPolicy" ? "PolicyRestored" : registration;
}
