/** @file Registers a running server with the API server, and takes back exactly what it registered. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import { isRecord } from "../crd/is-record.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import { REGISTERED_BY_LABEL, type WebhookConfigurations } from "./webhook-configurations.ts";

/** What of the API client is needed here. It never rejects. */
export type RegistrationClient = Pick<ApiClient, "request">;

export type RegistrationResult = { readonly ok: true } | { readonly ok: false; readonly error: RegistrationError };

interface RegistrationError {
  readonly code: "registration-failed" | "removal-failed";
  readonly message: string;
}

/**
 * Creates or replaces the configurations, by server-side apply. Those that fail open come first: should a later call fail,
 * nothing that could block a cluster is left, and the earlier ones are taken back as well.
 */
export async function registerWebhooks(
  client: RegistrationClient,
  configurations: WebhookConfigurations,
): Promise<RegistrationResult> {
  for (const configuration of failingOpenFirst(configurations)) {
    const applied = await client.request({
      method: "PATCH",
      path: pathOf(configuration),
      query: { fieldManager: FIELD_MANAGER, force: "true" },
      contentType: "application/apply-patch+yaml",
      body: configuration,
    });
    if (!applied.ok) {
      await unregisterWebhooks(client, configurations);
      return {
        ok: false,
        error: { code: "registration-failed", message: `${titleOf(configuration)} was not registered: ${applied.error.message}` },
      };
    }
  }
  return { ok: true };
}

/**
 * Deletes the configurations if they are still the ones that `registerWebhooks` made: labelled as registered by a
 * running server, with the same URL and the same caBundle. One that is gone, or that another server took over meanwhile, is left
 * alone and counts as done. Tries all, even if one fails; the one that fails closed goes first.
 */
export async function unregisterWebhooks(
  client: RegistrationClient,
  configurations: WebhookConfigurations,
): Promise<RegistrationResult> {
  const problems: string[] = [];
  for (const configuration of failingOpenFirst(configurations).toReversed()) {
    const problem = await remove(client, configuration);
    if (problem !== null) problems.push(`${titleOf(configuration)} was not removed: ${problem}`);
  }
  return problems.length === 0 ? { ok: true } : { ok: false, error: { code: "removal-failed", message: problems.join("; ") } };
}

type Configuration = NonNullable<WebhookConfigurations[keyof WebhookConfigurations]>;

function failingOpenFirst({ mutating, workloads, validating }: WebhookConfigurations): readonly Configuration[] {
  return [mutating, ...(workloads === undefined ? [] : [workloads]), validating];
}

/** A server that ends must end, even where others write without a pause; two writers at a time are rare enough. */
const MAX_REMOVAL_ATTEMPTS = 3;

/** Null when nothing of ours is left, else what went wrong. */
async function remove(client: RegistrationClient, configuration: Configuration, attempt = 1): Promise<string | null> {
  const path = pathOf(configuration);
  const found = await client.request({ method: "GET", path });
  if (!found.ok) return found.error.code === "not-found" ? null : found.error.message;

  const live = readLive(found.body);
  if (live === null || !isOurs(live, configuration)) return null;

  const deleted = await client.request({
    method: "DELETE",
    path,
    // Without the precondition a server that registers itself between our two calls would lose what it has just made.
    body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid: live.uid, resourceVersion: live.resourceVersion } },
    contentType: "application/json",
  });
  if (deleted.ok || deleted.error.code === "not-found") return null;
  // Somebody wrote it since we looked, so whether it is still ours must be asked anew.
  if (deleted.error.code === "conflict" && attempt < MAX_REMOVAL_ATTEMPTS) return remove(client, configuration, attempt + 1);
  return deleted.error.message;
}

interface LiveConfiguration {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly registeredBy: unknown;
  /** URL and caBundle of each entry, in order. */
  readonly endpoints: readonly (readonly [url: unknown, caBundle: unknown])[];
}

/** A restarted server has the URL of the one before it, but a certificate of its own. */
function isOurs(live: LiveConfiguration, { metadata, webhooks }: Configuration): boolean {
  return (
    live.registeredBy === "running-server" &&
    metadata.labels[REGISTERED_BY_LABEL] === "running-server" &&
    live.endpoints.length === webhooks.length &&
    webhooks.every(({ clientConfig }, index) => {
      const [url, caBundle] = live.endpoints[index] ?? [];
      return "url" in clientConfig && clientConfig.url === url && clientConfig.caBundle === caBundle;
    })
  );
}

function readLive(body: unknown): LiveConfiguration | null {
  if (!isRecord(body) || !isRecord(body["metadata"])) return null;
  const { uid, resourceVersion, labels } = body["metadata"];
  if (typeof uid !== "string" || typeof resourceVersion !== "string") return null;
  const webhooks: readonly unknown[] = Array.isArray(body["webhooks"]) ? body["webhooks"] : [];
  return {
    uid,
    resourceVersion,
    registeredBy: isRecord(labels) ? labels[REGISTERED_BY_LABEL] : undefined,
    endpoints: webhooks.map((webhook) => {
      const clientConfig = isRecord(webhook) && isRecord(webhook["clientConfig"]) ? webhook["clientConfig"] : {};
      return [clientConfig["url"], clientConfig["caBundle"]];
    }),
  };
}

function pathOf({ kind, metadata }: Configuration): string {
  const resource =
    kind === "ValidatingWebhookConfiguration" ? "validatingwebhookconfigurations" : "mutatingwebhookconfigurations";
  return `/apis/admissionregistration.k8s.io/v1/${resource}/${metadata.name}`;
}

function titleOf({ kind, metadata }: Configuration): string {
  return `${kind} ${metadata.name}`;
}
