/** @file Brings an installation into a cluster: looks first, refuses as a whole, and waits until the cluster is guarded. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { listAt, memberAt, textAt } from "../cluster/live/json.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { canonicalText } from "../crd/canonical-text.ts";
import { isRecord } from "../crd/is-record.ts";
import { asKubernetesObject, type KubernetesObject, pathOf } from "./kubernetes-object.ts";
import { LEADER_LEASE, leasesPath, UNINSTALLING_ANNOTATION } from "./shared-names.ts";

export interface InstallOptions {
  /** It never rejects. */
  readonly client: Pick<ApiClient, "request">;
  /** In the order of need. */
  readonly objects: readonly KubernetesObject[];
  /** What another choice would have brought: what an earlier installation has left of it goes. */
  readonly unwanted: readonly KubernetesObject[];
  /** Takes fields over that somebody else has set. */
  readonly forcesConflicts: boolean;
  /** Looks, and changes nothing. */
  readonly isDryRun: boolean;
  /** Each object, as it has been applied. */
  readonly told: (object: KubernetesObject, change: ObjectChange) => void;
}

/** `left-alone`: a namespace that was there before crdguard, and is somebody else's. */
export type ObjectChange = "created" | "changed" | "unchanged" | "left-alone" | "deleted";

export type InstallResult = { readonly ok: true } | { readonly ok: false; readonly error: InstallError };

export type InstallError =
  /** Of the name of ours, and nobody says that it is ours. */
  | { readonly code: "foreign-object"; readonly objects: readonly KubernetesObject[] }
  /** Helm would take for its own what is changed behind its back. `release`: `namespace/name`. */
  | { readonly code: "helm-release"; readonly release: string }
  | { readonly code: "namespace-terminating"; readonly namespace: string }
  | { readonly code: "install-forbidden"; readonly refused: readonly Refusal[] }
  | { readonly code: "apply-conflict"; readonly refused: readonly Refusal[] }
  /** Its definition is not there. */
  | { readonly code: "kind-unknown"; readonly object: KubernetesObject }
  | { readonly code: "apply-failed"; readonly refused: readonly Refusal[] }
  /** The cluster does not tell what is there. */
  | { readonly code: null; readonly error: ApiError };

export interface Refusal {
  readonly object: KubernetesObject;
  readonly error: ApiError;
}

/** Not that of a running server: what it keeps, and what an installation sets, are told apart. */
const INSTALL_MANAGER = "crdguard-install";

/**
 * Everything is tried as a dry run first, so that a missing right, a foreign object or a conflict is told before anything
 * has changed. Never rejects.
 */
export async function install(options: InstallOptions): Promise<InstallResult> {
  const looked = await lookAt(options);
  if (!looked.ok) return looked;

  const { found } = looked;
  const wanted = options.objects.filter((object) => !isLeftAlone(object, found));
  const tried = await applyAll({ ...options, objects: wanted, isDryRun: true }, found, false);
  if (!tried.ok) return tried;

  for (const object of options.objects) if (isLeftAlone(object, found)) options.told(object, "left-alone");
  if (options.isDryRun) {
    for (const [object, change] of tried.changes) options.told(object, change);
    return prune(options);
  }
  const applied = await applyAll({ ...options, objects: wanted }, found, true);
  if (!applied.ok) return applied;
  const pruned = await prune(options);
  return pruned.ok ? unmark(options) : pruned;
}

/** Only what is ours by its label. */
async function prune({ client, unwanted, isDryRun, told }: InstallOptions): Promise<InstallResult> {
  const refused: Refusal[] = [];
  for (const object of unwanted.toReversed()) {
    const live = await client.request({ method: "GET", path: pathOf(object) });
    // What nobody may read, nobody has installed by these means.
    if (!live.ok || !isOurs(live.body)) continue;
    const query = { dryRun: isDryRun ? "All" : undefined };
    const deleted = await client.request({ method: "DELETE", path: pathOf(object), query });
    if (deleted.ok) told(object, "deleted");
    else if (deleted.error.code !== "not-found") refused.push({ object, error: deleted.error });
  }
  return refused.length === 0 ? { ok: true } : { ok: false, error: errorOf(refused) };
}

type Found = ReadonlyMap<KubernetesObject, unknown>;

async function lookAt({
  client,
  objects,
}: InstallOptions): Promise<{ readonly ok: true; readonly found: Found } | Extract<InstallResult, { ok: false }>> {
  const found = new Map<KubernetesObject, unknown>();
  const foreign: KubernetesObject[] = [];
  for (const object of objects) {
    const live = await client.request({ method: "GET", path: pathOf(object) });
    if (!live.ok) {
      if (live.error.code === "not-found") continue;
      return live.error.code === "forbidden"
        ? { ok: false, error: { code: "install-forbidden", refused: [{ object, error: live.error }] } }
        : { ok: false, error: { code: null, error: live.error } };
    }
    found.set(object, live.body);
    const release = helmReleaseOf(live.body);
    // A definition that Helm has left behind has no release any more.
    if (release !== null && object.kind === "Deployment") return { ok: false, error: { code: "helm-release", release } };
    if (object.kind === "Namespace") {
      if (memberAt(live.body, "metadata", "deletionTimestamp") !== undefined) {
        return { ok: false, error: { code: "namespace-terminating", namespace: object.metadata.name } };
      }
    } else if (!isOurs(live.body)) foreign.push(object);
  }
  return foreign.length === 0 ? { ok: true, found } : { ok: false, error: { code: "foreign-object", objects: foreign } };
}

function isLeftAlone(object: KubernetesObject, found: Found): boolean {
  return object.kind === "Namespace" && found.has(object) && !isOurs(found.get(object));
}

/** By the label that each manifest of ours has, however it came into the cluster. */
export function isOurs(live: unknown): boolean {
  return textAt(live, "metadata", "labels", "app.kubernetes.io/part-of") === "crdguard";
}

/** `namespace/name` of the release that an object belongs to. Source: Helm, pkg/action/validate.go. */
export function helmReleaseOf(live: unknown): string | null {
  if (textAt(live, "metadata", "labels", "app.kubernetes.io/managed-by") !== "Helm") return null;
  const name = textAt(live, "metadata", "annotations", "meta.helm.sh/release-name");
  const namespace = textAt(live, "metadata", "annotations", "meta.helm.sh/release-namespace");
  return name === null ? null : `${namespace ?? ""}/${name}`;
}

type Applied =
  { readonly ok: true; readonly changes: ReadonlyMap<KubernetesObject, ObjectChange> } | Extract<InstallResult, { ok: false }>;

/** As far as it can be: all that is refused is told at once. */
async function applyAll(
  { client, objects, forcesConflicts, isDryRun, told }: InstallOptions,
  found: Found,
  tells: boolean,
): Promise<Applied> {
  const changes = new Map<KubernetesObject, ObjectChange>();
  const refused: Refusal[] = [];
  for (const object of objects) {
    const answer = await applyOne(client, object, { forces: forcesConflicts, isDryRun });
    if (!answer.ok) {
      // A dry run creates no namespace, so that what goes into it has none yet.
      if (isDryRun && isForWantOfNamespace(answer.error, object, objects)) changes.set(object, "created");
      else refused.push({ object, error: answer.error });
      continue;
    }
    const change = found.has(object) ? compared(found.get(object), answer.body) : "created";
    changes.set(object, change);
    if (tells) told(object, change);
  }
  return refused.length === 0 ? { ok: true, changes } : { ok: false, error: errorOf(refused) };
}

async function applyOne(
  client: InstallOptions["client"],
  object: KubernetesObject,
  { forces, isDryRun }: { readonly forces: boolean; readonly isDryRun: boolean },
): ReturnType<ApiClient["request"]> {
  const send = (isForced: boolean): ReturnType<ApiClient["request"]> =>
    client.request({
      method: "PATCH",
      path: pathOf(object),
      query: { fieldManager: INSTALL_MANAGER, force: isForced, dryRun: isDryRun ? "All" : undefined },
      contentType: "application/apply-patch+yaml",
      body: object,
    });
  // Nobody but crdguard has anything to set in a schema of its own.
  const answer = await send(forces || object.kind === "CustomResourceDefinition");
  return !answer.ok && answer.error.code === "conflict" && isAmongOurselves(answer.error.message) ? send(true) : answer;
}

/** A running server of another version, or the first step of an installation that created what the second applies. */
function isAmongOurselves(message: string): boolean {
  const managers = [...message.matchAll(/conflicts? with "(?<manager>[^"]+)"/g)].map(({ groups }) => groups?.["manager"] ?? "");
  return managers.length > 0 && managers.every((manager) => /^crdguard(?:-|$)/.test(manager));
}

function isForWantOfNamespace(error: ApiError, object: KubernetesObject, objects: readonly KubernetesObject[]): boolean {
  return (
    error.code === "not-found" &&
    error.message.includes(`namespaces "${object.metadata.namespace ?? ""}" not found`) &&
    objects.some(({ kind, metadata }) => kind === "Namespace" && metadata.name === object.metadata.namespace)
  );
}

function errorOf(refused: readonly Refusal[]): InstallError {
  const forbidden = refused.filter(({ error }) => error.code === "forbidden");
  if (forbidden.length > 0) return { code: "install-forbidden", refused: forbidden };
  const conflicts = refused.filter(({ error }) => error.code === "conflict");
  if (conflicts.length > 0) return { code: "apply-conflict", refused: conflicts };
  // What is applied need not be there: it is its kind that is not found.
  const unknown = refused.find(({ error }) => error.code === "not-found" && !error.message.startsWith("namespaces "));
  return unknown === undefined ? { code: "apply-failed", refused } : { code: "kind-unknown", object: unknown.object };
}

function compared(before: unknown, after: unknown): ObjectChange {
  return canonical(before) === canonical(after) ? "unchanged" : "changed";
}

/** Without what every write counts up or notes. */
function canonical(live: unknown): string {
  if (!isRecord(live) || !isRecord(live["metadata"])) return "";
  const { managedFields: _, resourceVersion: __, generation: ___, ...metadata } = live["metadata"];
  return canonicalText({ ...live, metadata });
}

/** An uninstallation that was broken off has left its mark, by which no replica would lead. */
async function unmark({ client, objects }: InstallOptions): Promise<InstallResult> {
  const namespace = objects.find(({ kind }) => kind === "Deployment")?.metadata.namespace ?? "";
  const path = `${leasesPath(namespace)}/${LEADER_LEASE}`;
  const lease = await client.request({ method: "GET", path });
  const isMarked = lease.ok && textAt(lease.body, "metadata", "annotations", UNINSTALLING_ANNOTATION) !== null;
  if (!isMarked) return { ok: true };
  const unmarked = await client.request({
    method: "PATCH",
    path,
    contentType: "application/merge-patch+json",
    body: { metadata: { annotations: { [UNINSTALLING_ANNOTATION]: null } } },
  });
  if (unmarked.ok || unmarked.error.code === "not-found") return { ok: true };
  const object = asKubernetesObject(lease.body);
  return {
    ok: false,
    error: object === null ? { code: null, error: unmarked.error } : errorOf([{ object, error: unmarked.error }]),
  };
}

/** How far an installed server is. */
export type Standing =
  | {
      readonly kind: "starting";
      readonly ready: number;
      readonly wanted: number;
      /** Why pods wait, if they tell. */ readonly trouble: readonly string[];
    }
  | { readonly kind: "unregistered" }
  /** Registered, and changes go through while it does not answer. */
  | { readonly kind: "failing-open" }
  | { readonly kind: "unreadable"; readonly error: ApiError }
  | { readonly kind: "guarding" };

export interface AwaitOptions {
  readonly client: Pick<ApiClient, "request">;
  /** As it was installed. */
  readonly deployment: KubernetesObject;
  /** The registration is to fail open for good. */
  readonly isToFailOpen: boolean;
  readonly timeoutSeconds: number;
  /** Told when it changes. */
  readonly told: (standing: Standing) => void;
  readonly timing?: Timing;
}

/** Looks each second until the cluster is guarded. Returns the last standing. Never rejects. */
export async function awaitGuard(options: AwaitOptions): Promise<Standing> {
  const { timeoutSeconds, told, timing = SYSTEM_TIMING } = options;
  const until = timing.now() + timeoutSeconds * 1_000;
  let last = "";
  for (;;) {
    const standing = await standingOf(options);
    const key = JSON.stringify(standing);
    if (key !== last) told(standing);
    last = key;
    if (standing.kind === "guarding" || timing.now() >= until) return standing;
    await timing.sleep(LOOK_MILLISECONDS, new AbortController().signal);
  }
}

const LOOK_MILLISECONDS = 1_000;

async function standingOf({ client, deployment, isToFailOpen }: AwaitOptions): Promise<Standing> {
  const live = await client.request({ method: "GET", path: pathOf(deployment) });
  if (!live.ok) return { kind: "unreadable", error: live.error };
  const { ready, wanted, isRolledOut } = rolloutOf(live.body);
  if (!isRolledOut) return { kind: "starting", ready, wanted, trouble: await troubleOf(client, deployment) };

  const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/crdguard";
  const registration = await client.request({ method: "GET", path });
  if (!registration.ok) {
    return registration.error.code === "not-found" ? { kind: "unregistered" } : { kind: "unreadable", error: registration.error };
  }
  const webhooks = listAt(registration.body, "webhooks");
  const isTrusted = webhooks.length > 0 && webhooks.every((each) => textAt(each, "clientConfig", "caBundle") !== null);
  if (!isTrusted) return { kind: "unregistered" };
  const changes = webhooks.find((each) => textAt(each, "name") === "changes.crdguard.dev");
  return isToFailOpen || textAt(changes, "failurePolicy") === "Fail" ? { kind: "guarding" } : { kind: "failing-open" };
}

/** Source: kubectl rollout status, pkg/polymorphichelpers/rollout_status.go. */
function rolloutOf(live: unknown): { readonly ready: number; readonly wanted: number; readonly isRolledOut: boolean } {
  const count = (...path: readonly string[]): number => {
    const value = memberAt(live, ...path);
    return typeof value === "number" ? value : 0;
  };
  const wanted = count("spec", "replicas");
  const updated = count("status", "updatedReplicas");
  const available = count("status", "availableReplicas");
  return {
    ready: Math.min(updated, available),
    wanted,
    isRolledOut:
      count("status", "observedGeneration") >= count("metadata", "generation") &&
      updated >= wanted &&
      available >= updated &&
      count("status", "replicas") <= updated,
  };
}

/** What kubelet and scheduler say of pods that do not come up, at most a few. */
async function troubleOf(
  client: AwaitOptions["client"],
  { metadata, ...deployment }: KubernetesObject,
): Promise<readonly string[]> {
  const labels = memberAt(deployment, "spec", "selector", "matchLabels");
  const pods = await client.request({
    method: "GET",
    path: `/api/v1/namespaces/${metadata.namespace ?? ""}/pods`,
    query: {
      labelSelector: Object.entries(isRecord(labels) ? labels : {})
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(),
      limit: MOST_PODS,
    },
  });
  if (!pods.ok) return [];
  const reasons = listAt(pods.body, "items").flatMap((pod) => [
    ...listAt(pod, "status", "containerStatuses").map((status) => reasonOf(memberAt(status, "state", "waiting"))),
    ...listAt(pod, "status", "conditions")
      .filter((condition) => textAt(condition, "type") === "PodScheduled" && textAt(condition, "status") === "False")
      .map(reasonOf),
  ]);
  return [...new Set(reasons.flatMap((reason) => reason ?? []))].filter((reason) => !reason.startsWith("ContainerCreating"));
}

const MOST_PODS = 10;

function reasonOf(input: unknown): string | null {
  const reason = textAt(input, "reason");
  const message = textAt(input, "message");
  return reason === null ? null : message === null ? reason : `${reason}: ${message}`;
}
