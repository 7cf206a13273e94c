/** @file The webhook configurations as kept objects: when they may be made, what they trust, and when they begin to fail closed. */
import { X509Certificate } from "node:crypto";
import type { Publication, TrustSource } from "../certificates/trust.ts";
import type { ApiClient } from "../cluster/live/api-client.ts";
import { memberAt, textAt } from "../cluster/live/json.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import type { KeptObject, LiveObject, Mending } from "./kept-object.ts";
import type { OwnUser } from "./own-user.ts";
import { proveReached } from "./prove-reached.ts";
import { failurePolicyOf, keptDifferences, webhooksOf } from "./registration-drift.ts";
import type { SelfCall, SelfCallResult } from "./self-call.ts";
import {
  type FailurePolicy,
  renderWebhookConfigurations,
  type Webhook,
  type WebhookAddress,
  type WebhookConfiguration,
  type WebhookEndpoint,
  type WebhookProfile,
} from "./webhook-configurations.ts";

export interface RegistrationKeeperOptions {
  /** It never rejects. */
  readonly client: Pick<ApiClient, "request">;
  readonly leadership: { isLeader(): boolean };
  readonly trust: TrustSource;
  readonly address: WebhookAddress;
  readonly profile: WebhookProfile;
  readonly warnWorkloads: boolean;
  readonly needsClientCertificate: boolean;
  /** The server could judge a change. */
  readonly isReady: () => boolean;
  readonly ownUser: OwnUser;
  readonly callSelf: (call: SelfCall) => Promise<SelfCallResult>;
  readonly observer: RegistrationObserver;
  readonly timing?: Timing;
}

export interface RegistrationObserver {
  /** Told when the reason changes, and every {@link RETELL_MILLISECONDS}. */
  unproven(configuration: KeptObject, live: LiveObject, reason: string): void;
  /** Of this it follows that failurePolicy becomes Fail. */
  proven(configuration: KeptObject, live: LiveObject): void;
  /** A defect of crdguard: the next round is made all the same. */
  broken(error: unknown): void;
}

export interface RegistrationKeeper {
  readonly objects: readonly KeptObject[];
  readonly publication: Publication;
  /** With the keeper of the objects. */
  start(keeper: RegistrationSight): void;
  /** At once and for good. */
  stop(): void;
}

/** What of the keeper is needed. */
export interface RegistrationSight {
  live(object: KeptObject): LiveObject | null | undefined;
  poke(): void;
}

export function createRegistrationKeeper(options: RegistrationKeeperOptions): RegistrationKeeper {
  const { client, leadership, trust, address, ownUser, observer, timing = SYSTEM_TIMING } = options;
  const stopping = new AbortController();
  const knowledge: Knowledge = { callFailure: NOT_ASKED, isCallWanted: false, provenKey: null };
  const objects = ROLES.filter((role) => role.name !== "workloads" || options.warnWorkloads).map((role) =>
    keptConfiguration(role, options, knowledge),
  );
  const [validating] = objects;
  let sight: RegistrationSight | null = null;
  let learnDueAt = -Infinity;
  let callDueAt = -Infinity;
  let proofDueAt = -Infinity;
  /** Of the proofs in a row for one configuration. */
  let streak: { readonly key: string; readonly since: number } | null = null;
  let failing: { readonly since: number; readonly reason: string; readonly toldAt: number } | null = null;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await learnOwnUser();
        if (leadership.isLeader()) {
          await call();
          await prove();
        } else {
          streak = null;
          failing = null;
        }
      } catch (error) {
        observer.broken(error);
      }
      await timing.sleep(ROUND_MILLISECONDS, stopping.signal);
    }
  }

  /** Each replica, since each may be asked. */
  async function learnOwnUser(): Promise<void> {
    if (ownUser.name() !== null || timing.now() < learnDueAt) return;
    await ownUser.learn(stopping.signal);
    learnDueAt = timing.now() + PROVE_LATER_MILLISECONDS;
  }

  async function call(): Promise<void> {
    if (!knowledge.isCallWanted || timing.now() < callDueAt) return;
    const bundle = trust.bundle();
    if (bundle === null && !trust.isExternal) return;
    const { needsClientCertificate } = options;
    const answered = await options.callSelf({ address, bundle, needsClientCertificate, signal: stopping.signal });
    callDueAt = timing.now() + CALL_AGAIN_MILLISECONDS;
    knowledge.callFailure = answered.ok ? null : answered.reason;
    knowledge.isCallWanted = !answered.ok;
    sight?.poke();
  }

  async function prove(): Promise<void> {
    const live = validating === undefined ? null : sight?.live(validating);
    if (options.profile !== "staged" || validating === undefined || live === null || live === undefined) return;
    const key = keyOf(live);
    if (failurePolicyOf(live) !== "Ignore" || knowledge.provenKey === key || timing.now() < proofDueAt) return;
    const proof = await proveReached(client, ownUser, stopping.signal);
    const now = timing.now();
    if (stopping.signal.aborted) return;
    proofDueAt = now + PROVE_AGAIN_MILLISECONDS;
    if (!proof.ok) {
      streak = null;
      tellUnproven(validating, live, proof.reason, now);
      return;
    }
    failing = null;
    if (streak?.key !== key) streak = { key, since: now };
    if (now - streak.since < PROOF_HOLD_MILLISECONDS) return;
    knowledge.provenKey = key;
    observer.proven(validating, live);
    sight?.poke();
  }

  function tellUnproven(configuration: KeptObject, live: LiveObject, reason: string, now: number): void {
    failing ??= { since: now, reason: "", toldAt: -Infinity };
    if (now - failing.since < PATIENCE_MILLISECONDS) return;
    proofDueAt = now + PROVE_LATER_MILLISECONDS;
    if (failing.reason === reason && now - failing.toldAt < RETELL_MILLISECONDS) return;
    failing = { ...failing, reason, toldAt: now };
    observer.unproven(configuration, live, reason);
  }

  return {
    objects,
    publication: {
      isPublished(bundle) {
        const wanted = certificatesIn(bundle).map(({ fingerprint256 }) => fingerprint256);
        const published = objects.map((object) => authoritiesOf(sight?.live(object)));
        return (
          wanted.length > 0 &&
          published.every((webhooks) => webhooks !== null && webhooks.length > 0) &&
          published.flatMap((webhooks) => webhooks ?? []).every((trusted) => wanted.every((each) => trusted.has(each)))
        );
      },
      published() {
        const published = objects.map((object) => authoritiesOf(sight?.live(object)));
        if (published.includes(null)) return null;
        const all = new Map(published.flatMap((webhooks) => webhooks ?? []).flatMap((trusted) => [...trusted]));
        return [...all.values()].join("");
      },
    },
    start(keeper) {
      sight = keeper;
      void run();
      const end = trust.onChange(() => {
        keeper.poke();
      });
      stopping.signal.addEventListener("abort", end, { once: true });
    },
    stop() {
      stopping.abort();
    },
  };
}

const ROUND_MILLISECONDS = 250;
/** An endpoint comes a few seconds after its pod is ready; soon after that we are registered. */
const CALL_AGAIN_MILLISECONDS = 2_000;
/** Several API servers share the load, and each reads the registration for itself: in ten seconds most of them are asked. */
const PROOF_HOLD_MILLISECONDS = 10_000;
const PROVE_AGAIN_MILLISECONDS = 2_000;
/** The API server reads a new registration within seconds; before that it is no wonder that it asks nobody. */
const PATIENCE_MILLISECONDS = 20_000;
const PROVE_LATER_MILLISECONDS = 10_000;
const RETELL_MILLISECONDS = 600_000;

interface Knowledge {
  /** Why the endpoint does not answer; null: it has answered, since this server runs. */
  callFailure: string | null;
  isCallWanted: boolean;
  /** Of the configuration by which the API server was seen to reach us, for {@link PROOF_HOLD_MILLISECONDS}. */
  provenKey: string | null;
}

const NOT_ASKED = "the server was not asked yet";

const ROLES = [
  {
    name: "validating",
    kind: "ValidatingWebhookConfiguration",
    object: "crdguard",
    resource: "validatingwebhookconfigurations",
  },
  {
    name: "mutating",
    kind: "MutatingWebhookConfiguration",
    object: "crdguard-explainer",
    resource: "mutatingwebhookconfigurations",
  },
  {
    name: "workloads",
    kind: "ValidatingWebhookConfiguration",
    object: "crdguard-workloads",
    resource: "validatingwebhookconfigurations",
  },
] as const;

function keptConfiguration(
  role: (typeof ROLES)[number],
  { trust, address, profile, isReady }: RegistrationKeeperOptions,
  knowledge: Knowledge,
): KeptObject {
  /** What was found in order last: what differs from it, somebody else has changed. */
  let settled: WebhookConfiguration | null = null;
  /** Of the configuration that was seen to fail closed. */
  let enforcedKey: string | null = null;

  function render(endpoint: WebhookEndpoint, failurePolicy: FailurePolicy): WebhookConfiguration {
    const rendered = renderWebhookConfigurations(endpoint, { warnWorkloads: true, registeredBy: "kept", profile, failurePolicy });
    const configuration = rendered[role.name];
    if (configuration === undefined) throw new Error(`${role.name} is not rendered`);
    return configuration;
  }

  function failurePolicyFor(live: LiveObject | null): FailurePolicy {
    if (profile !== "staged") return profile === "fail-open" ? "Ignore" : "Fail";
    if (live === null) return "Ignore";
    const key = keyOf(live);
    return knowledge.provenKey === key || enforcedKey === key ? "Fail" : "Ignore";
  }

  function mend(live: LiveObject | null): Mending {
    const bundle = trust.bundle();
    if (bundle === null && !trust.isExternal) return { kind: "wait", reason: "there is no authority to trust yet" };
    const endpoint = bundle === null ? address : { ...address, caBundle: Buffer.from(bundle).toString("base64") };
    const isElsewhere = live === null || leadsElsewhere(render(endpoint, "Fail"), live);
    // Over restarts: what fails closed goes on to, unless it led to somewhere else.
    if (live !== null && !isElsewhere && failurePolicyOf(live) === "Fail") enforcedKey = keyOf(live);
    const configuration = render(endpoint, failurePolicyFor(live));
    // Before anything leads to us, we must be seen to answer there.
    if (isElsewhere) {
      if (!isReady()) return { kind: "wait", reason: "the cluster has not been read completely yet" };
      knowledge.isCallWanted = knowledge.callFailure !== null;
      if (knowledge.callFailure !== null) return { kind: "wait", reason: knowledge.callFailure };
    }
    if (live === null) return { kind: "create", whole: wholeOf(configuration), own: ownOf(configuration) };

    const fields = keptDifferences(configuration, live).map(({ field }) => field);
    if (fields.length === 0) {
      settled = configuration;
      return { kind: "none" };
    }
    const changed = new Set(keptDifferences(settled ?? configuration, live).map(({ field }) => field));
    const first = addressesToReplace(configuration, live);
    return {
      kind: "apply",
      ...(first.length > 0 ? { first } : {}),
      own: ownOf(configuration),
      drifted: fields.filter((field) => changed.has(field)),
      moved: fields.filter((field) => !changed.has(field)),
      ...(isAnyMissing(configuration, live) ? { defaults: defaultsOf(configuration, live) } : {}),
    };
  }

  return {
    kind: role.kind,
    name: role.object,
    resource: role.resource,
    collectionPath: `/apis/admissionregistration.k8s.io/v1/${role.resource}`,
    mend,
  };
}

function leadsElsewhere(configuration: WebhookConfiguration, live: LiveObject): boolean {
  return keptDifferences(configuration, live).some(({ field }) => /\.clientConfig\.(?:url|service)$/.test(field));
}

/** One that is made anew has another uid, and is proven anew. */
function keyOf(live: LiveObject): string {
  return textAt(live, "metadata", "uid") ?? "";
}

function wholeOf(configuration: WebhookConfiguration): LiveObject {
  return applied(configuration, ({ timeoutSeconds }) => ({ timeoutSeconds }));
}

/** All but what a user may change. */
function ownOf(configuration: WebhookConfiguration): LiveObject {
  return applied(configuration, () => ({}));
}

/** Empty selectors are applied, so that nobody else's stays. */
function applied(
  { apiVersion, kind, metadata, webhooks }: WebhookConfiguration,
  defaults: (webhook: Webhook) => LiveObject,
): LiveObject {
  return {
    apiVersion,
    kind,
    metadata,
    webhooks: webhooks.map((webhook) => {
      const { timeoutSeconds: _default, ...own } = webhook;
      return {
        ...own,
        namespaceSelector: {},
        objectSelector: {},
        ...defaults(webhook),
      };
    }),
  };
}

/**
 * An address is a URL or a Service, never both, and an apply takes the one away only where nobody else has set it: a Service
 * that is applied as null stays. Tried on kube-apiserver 1.35.
 */
function addressesToReplace({ webhooks }: WebhookConfiguration, live: LiveObject): readonly LiveObject[] {
  return webhooksOf(live).flatMap((found, index) => {
    const webhook = webhooks.find(({ name }) => name === found["name"]);
    if (webhook === undefined) return [];
    const other = "url" in webhook.clientConfig ? "service" : "url";
    if (memberAt(found, "clientConfig", other) === undefined) return [];
    const path = `/webhooks/${String(index)}`;
    return [
      { op: "test", path: `${path}/name`, value: webhook.name },
      { op: "replace", path: `${path}/clientConfig`, value: webhook.clientConfig },
    ];
  });
}

function isAnyMissing({ webhooks }: WebhookConfiguration, live: LiveObject): boolean {
  return webhooks.some((webhook) => !webhooksOf(live).some(({ name }) => name === webhook.name));
}

/** A webhook that is put back comes with its default; the others keep what they have. */
function defaultsOf({ apiVersion, kind, metadata: { name }, webhooks }: WebhookConfiguration, live: LiveObject): LiveObject {
  return {
    apiVersion,
    kind,
    metadata: { name },
    webhooks: webhooks.map((webhook) => {
      const found = webhooksOf(live).find((each) => each["name"] === webhook.name)?.["timeoutSeconds"];
      return { name: webhook.name, timeoutSeconds: found ?? webhook.timeoutSeconds };
    }),
  };
}

/** Of each webhook of ours, the certificates that it trusts: PEM by fingerprint. Null: it was not read yet. */
function authoritiesOf(live: LiveObject | null | undefined): readonly ReadonlyMap<string, string>[] | null {
  if (live === undefined) return null;
  const own = live === null ? [] : webhooksOf(live).filter(({ name }) => String(name).endsWith(".crdguard.dev"));
  return own.map((webhook) => {
    const caBundle = memberAt(webhook, "clientConfig", "caBundle");
    const pem = typeof caBundle === "string" ? Buffer.from(caBundle, "base64").toString("utf8") : "";
    return new Map(certificatesIn(pem).map((certificate) => [certificate.fingerprint256, certificate.toString()]));
  });
}

/** One that cannot be read counts as none. */
function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}
