/** @file Takes out of a cluster what running servers of crdguard put into it, in an order in which nothing is put back. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { listAt, memberAt, textAt } from "../cluster/live/json.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { REGISTERED_BY_LABEL } from "./webhook-configurations.ts";
import { AUTHORITY_SECRET, LEADER_LEASE, REPLICA_LEASE_PREFIX, UNINSTALLING_ANNOTATION } from "./shared-names.ts";

export interface UninstallOptions {
  /** It never rejects. */
  readonly client: Pick<ApiClient, "request">;
  /** Of the server. */
  readonly namespace: string;
  /** Deployment to scale to zero, so that no replica puts back what is deleted; null: there is none, or it goes by other means. */
  readonly deployment: string | null;
  /** How long replicas may take to end; {@link DRAIN_SECONDS} unless told. */
  readonly drainSeconds?: number;
  /** Each step as it has been made, or has failed. */
  told(step: UninstallStep): void;
  readonly signal: AbortSignal;
  readonly timing?: Timing;
}

export interface UninstalledObject {
  readonly kind:
    "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" | "Deployment" | "GuardPolicy" | "Secret" | "Lease";
  readonly name: string;
  /** Null for what has none. */
  readonly namespace: string | null;
}

export type UninstallStep =
  /** From now on no replica leads. */
  | { readonly kind: "marked"; readonly object: UninstalledObject }
  | { readonly kind: "deleted"; readonly object: UninstalledObject }
  /** There was none. */
  | { readonly kind: "absent"; readonly object: UninstalledObject }
  /** It has a name of ours and is not ours: it stays. `registeredBy`: what its label says, null without one. */
  | { readonly kind: "foreign"; readonly object: UninstalledObject; readonly registeredBy: string | null }
  /** `from`: replicas that it wanted before. */
  | { readonly kind: "scaled-down"; readonly object: UninstalledObject; readonly from: number | null }
  /** Told once, when there are any. `replicas`: names of their Leases. */
  | { readonly kind: "waiting"; readonly replicas: readonly string[] }
  | { readonly kind: "failed"; readonly object: UninstalledObject; readonly error: ApiError }
  /** They are still there after the time was up; the marked Lease stays, so that they put nothing back. */
  | { readonly kind: "replicas-left"; readonly replicas: readonly string[] };

/** `isComplete`: nothing is left, and a server that is installed now starts afresh. */
export interface Uninstalled {
  readonly isComplete: boolean;
}

/**
 * The configuration that fails closed goes first, so that whatever goes wrong later, nothing is blocked any more. Goes on
 * after a failure, and may be called again. Never rejects.
 */
export async function uninstall(options: UninstallOptions): Promise<Uninstalled> {
  const { namespace, deployment } = options;
  const progress = createProgress((step) => {
    options.told(step);
  });
  await mark(options, progress);
  for (const configuration of CONFIGURATIONS) await deleteConfiguration(options, configuration, progress, "tell");
  if (deployment !== null) await scaleDown(options, deployment, progress);
  const left = await waitForReplicas(options, progress);
  // One of them may have been about to write when the Lease was marked.
  for (const configuration of CONFIGURATIONS) await deleteConfiguration(options, configuration, progress, "tell-if-any");
  await deleteObject(options, { kind: "GuardPolicy", name: "default", namespace: null }, progress);
  await deleteObject(options, { kind: "Secret", name: AUTHORITY_SECRET, namespace }, progress);
  if (left.length > 0) {
    progress.tell({ kind: "replicas-left", replicas: left });
    return { isComplete: false };
  }
  // Last, as the mark is on it: a server that is installed afterwards makes a new one, and leads.
  await deleteObject(options, { kind: "Lease", name: LEADER_LEASE, namespace }, progress);
  return { isComplete: !progress.hasFailed() };
}

/** The server's own drain of 10 s, its grace period of 40 s, and the kubelet's time to notice. */
const DRAIN_SECONDS = 60;
const LOOK_MILLISECONDS = 1_000;

type Configuration = UninstalledObject & { readonly kind: "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" };

const CONFIGURATIONS: readonly Configuration[] = [
  { kind: "ValidatingWebhookConfiguration", name: "crdguard", namespace: null },
  { kind: "ValidatingWebhookConfiguration", name: "crdguard-workloads", namespace: null },
  { kind: "MutatingWebhookConfiguration", name: "crdguard-explainer", namespace: null },
];

interface Progress {
  tell(step: UninstallStep): void;
  hasFailed(): boolean;
}

function createProgress(told: UninstallOptions["told"]): Progress {
  let hasFailed = false;
  return {
    tell(step) {
      if (step.kind === "failed") hasFailed = true;
      told(step);
    },
    hasFailed: () => hasFailed,
  };
}

async function mark({ client, namespace, signal }: UninstallOptions, progress: Progress): Promise<void> {
  const object: UninstalledObject = { kind: "Lease", name: LEADER_LEASE, namespace };
  const annotations = { [UNINSTALLING_ANNOTATION]: "true" };
  const patched = await client.request({
    method: "PATCH",
    path: pathOf(object),
    contentType: "application/merge-patch+json",
    body: { metadata: { annotations } },
    signal,
  });
  if (patched.ok) {
    progress.tell({ kind: "marked", object });
    return;
  }
  if (patched.error.code !== "not-found") {
    progress.tell({ kind: "failed", object, error: patched.error });
    return;
  }
  // A server that has not led yet must not begin to.
  const created = await client.request({
    method: "POST",
    path: collectionPathOf(object),
    body: {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: LEADER_LEASE, namespace, annotations },
      spec: {},
    },
    signal,
  });
  if (created.ok) progress.tell({ kind: "marked", object });
  // Without its namespace there is no server either.
  else if (created.error.code === "not-found") progress.tell({ kind: "absent", object });
  else progress.tell({ kind: "failed", object, error: created.error });
}

async function deleteConfiguration(
  options: UninstallOptions,
  object: Configuration,
  progress: Progress,
  absence: "tell" | "tell-if-any",
): Promise<void> {
  const found = await options.client.request({ method: "GET", path: pathOf(object), signal: options.signal });
  if (!found.ok) {
    if (found.error.code !== "not-found") progress.tell({ kind: "failed", object, error: found.error });
    else if (absence === "tell") progress.tell({ kind: "absent", object });
    return;
  }
  if (!isRegisteredByUs(found.body)) {
    const registeredBy = textAt(found.body, "metadata", "labels", REGISTERED_BY_LABEL);
    if (absence === "tell") progress.tell({ kind: "foreign", object, registeredBy });
    return;
  }
  await deleteObject(options, object, progress, { uid: textAt(found.body, "metadata", "uid") });
}

/** Of an installation, rather than of a server on a developer's machine or of somebody else. */
export function isRegisteredByUs(configuration: unknown): boolean {
  const registeredBy = textAt(configuration, "metadata", "labels", REGISTERED_BY_LABEL);
  return registeredBy === "kept" || registeredBy === "manifests";
}

async function deleteObject(
  { client, signal }: UninstallOptions,
  object: UninstalledObject,
  progress: Progress,
  preconditions: { readonly uid: string | null } = { uid: null },
): Promise<void> {
  const deleted = await client.request({
    method: "DELETE",
    path: pathOf(object),
    ...(preconditions.uid === null ? {} : { body: { apiVersion: "v1", kind: "DeleteOptions", preconditions } }),
    signal,
  });
  if (deleted.ok) progress.tell({ kind: "deleted", object });
  else if (deleted.error.code === "not-found") progress.tell({ kind: "absent", object });
  else progress.tell({ kind: "failed", object, error: deleted.error });
}

async function scaleDown({ client, namespace, signal }: UninstallOptions, deployment: string, progress: Progress): Promise<void> {
  const object: UninstalledObject = { kind: "Deployment", name: deployment, namespace };
  const path = `${pathOf(object)}/scale`;
  const scale = await client.request({ method: "GET", path, signal });
  if (!scale.ok) {
    if (scale.error.code === "not-found") progress.tell({ kind: "absent", object });
    else progress.tell({ kind: "failed", object, error: scale.error });
    return;
  }
  const wanted = memberAt(scale.body, "spec", "replicas");
  const scaled = await client.request({
    method: "PATCH",
    path,
    contentType: "application/merge-patch+json",
    body: { spec: { replicas: 0 } },
    signal,
  });
  if (scaled.ok) progress.tell({ kind: "scaled-down", object, from: typeof wanted === "number" ? wanted : null });
  else progress.tell({ kind: "failed", object, error: scaled.error });
}

/** Returns the Leases of replicas that are still alive when the time is up. */
async function waitForReplicas(options: UninstallOptions, progress: Progress): Promise<readonly string[]> {
  const { signal, timing = SYSTEM_TIMING, drainSeconds = DRAIN_SECONDS, namespace } = options;
  const until = timing.now() + drainSeconds * 1_000;
  let isTold = false;
  /** When a Lease was first seen as it is: one that is renewed no more belongs to a replica that was killed. */
  const seen = new Map<string, { readonly renewTime: string; readonly at: number }>();
  for (;;) {
    const listed = await listReplicas(options);
    if (!listed.ok) {
      if (listed.error.code === "not-found") return [];
      progress.tell({
        kind: "failed",
        object: { kind: "Lease", name: `${REPLICA_LEASE_PREFIX}*`, namespace },
        error: listed.error,
      });
      return [];
    }
    const alive: string[] = [];
    for (const { name, renewTime, durationSeconds } of listed.replicas) {
      const last = seen.get(name);
      if (last?.renewTime !== renewTime) seen.set(name, { renewTime, at: timing.now() });
      const silentMilliseconds = timing.now() - (seen.get(name)?.at ?? timing.now());
      if (silentMilliseconds < durationSeconds * 1_000) alive.push(name);
      else await deleteObject(options, { kind: "Lease", name, namespace }, progress);
    }
    if (alive.length === 0) return [];
    if (!isTold) progress.tell({ kind: "waiting", replicas: alive });
    isTold = true;
    if (timing.now() >= until || signal.aborted) return alive;
    await timing.sleep(LOOK_MILLISECONDS, signal);
  }
}

interface ReplicaLease {
  readonly name: string;
  readonly renewTime: string;
  readonly durationSeconds: number;
}

type ListedReplicas =
  { readonly ok: true; readonly replicas: readonly ReplicaLease[] } | { readonly ok: false; readonly error: ApiError };

async function listReplicas({ client, namespace, signal }: UninstallOptions): Promise<ListedReplicas> {
  const listed = await client.request({
    method: "GET",
    path: collectionPathOf({ kind: "Lease", name: "", namespace }),
    query: { limit: MAX_LEASES },
    signal,
  });
  if (!listed.ok) return listed;
  const replicas = listAt(listed.body, "items").flatMap((lease): readonly ReplicaLease[] => {
    const name = textAt(lease, "metadata", "name");
    if (name?.startsWith(REPLICA_LEASE_PREFIX) !== true) return [];
    const duration = memberAt(lease, "spec", "leaseDurationSeconds");
    return [
      {
        name,
        renewTime: textAt(lease, "spec", "renewTime") ?? "",
        durationSeconds: typeof duration === "number" ? duration : REPLICA_LEASE_SECONDS,
      },
    ];
  });
  return { ok: true, replicas };
}

/** Of one namespace, which holds replicas and little else. */
const MAX_LEASES = 500;
/** For a Lease that does not say how long it holds. */
const REPLICA_LEASE_SECONDS = 60;

const COLLECTIONS = {
  ValidatingWebhookConfiguration: { group: "/apis/admissionregistration.k8s.io/v1", resource: "validatingwebhookconfigurations" },
  MutatingWebhookConfiguration: { group: "/apis/admissionregistration.k8s.io/v1", resource: "mutatingwebhookconfigurations" },
  Deployment: { group: "/apis/apps/v1", resource: "deployments" },
  GuardPolicy: { group: "/apis/crdguard.dev/v1alpha1", resource: "guardpolicies" },
  Secret: { group: "/api/v1", resource: "secrets" },
  Lease: { group: "/apis/coordination.k8s.io/v1", resource: "leases" },
} as const satisfies Record<UninstalledObject["kind"], { readonly group: string; readonly resource: string }>;

function collectionPathOf({ kind, namespace }: UninstalledObject): string {
  const { group, resource } = COLLECTIONS[kind];
  return namespace === null ? `${group}/${resource}` : `${group}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
}

function pathOf(object: UninstalledObject): string {
  return `${collectionPathOf(object)}/${encodeURIComponent(object.name)}`;
}
