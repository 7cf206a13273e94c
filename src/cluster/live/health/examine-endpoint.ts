/** @file Looks whether somebody listens where a webhook is called, and by which certificate. */
import type { CrdConversion, WebhookTarget } from "../../../crd/crd.ts";
import type { EndpointEvidence, Reach, Served } from "../../../health/facts.ts";
import type { ApiClient } from "../api-client.ts";
import { listAt, memberAt } from "../json.ts";
import { authorityPem, readAuthorities } from "./authorities.ts";
import { connectTls, type TlsOutcome } from "./connect-tls.ts";

export interface EndpointQuestion {
  readonly client: Pick<ApiClient, "request">;
  readonly webhook: Omit<Extract<CrdConversion, { readonly kind: "webhook" }>, "kind">;
  /** The names of services resolve: this process runs in the cluster. */
  readonly isInCluster: boolean;
  readonly signal: AbortSignal;
}

/** Never rejects. */
export async function examineEndpoint({ client, webhook, isInCluster, signal }: EndpointQuestion): Promise<EndpointEvidence> {
  const { target, caBundle } = webhook;
  const [published, connected] = await Promise.all([
    target.kind === "service" ? findEndpoints(client, target, signal) : null,
    connect(webhook, isInCluster, signal),
  ]);
  return {
    target,
    reach: published ?? reachOf(connected),
    authorities: readAuthorities(caBundle),
    served: servedOf(connected),
  };
}

/** Ready unless told otherwise. Source: k8s.io/api/discovery/v1, EndpointConditions.Ready. */
async function findEndpoints(
  client: Pick<ApiClient, "request">,
  { namespace, name }: Extract<WebhookTarget, { kind: "service" }>,
  signal: AbortSignal,
): Promise<Reach> {
  const place = `namespaces/${encodeURIComponent(namespace)}`;
  const service = await client.request({ method: "GET", path: `/api/v1/${place}/services/${encodeURIComponent(name)}`, signal });
  if (!service.ok) {
    return service.error.code === "not-found" ? { kind: "service-missing" } : { kind: "unknown", reason: service.error.message };
  }
  // It stands for another name, and has no endpoints of its own.
  if (memberAt(service.body, "spec", "type") === "ExternalName")
    return { kind: "unknown", reason: "the service is an ExternalName" };
  const slices = await client.request({
    method: "GET",
    path: `/apis/discovery.k8s.io/v1/${place}/endpointslices`,
    query: { labelSelector: `kubernetes.io/service-name=${name}` },
    signal,
  });
  if (!slices.ok) return { kind: "unknown", reason: slices.error.message };
  const isReady = listAt(slices.body, "items")
    .flatMap((slice) => listAt(slice, "endpoints"))
    .some((endpoint) => memberAt(endpoint, "conditions", "ready") !== false);
  return isReady ? { kind: "listening" } : { kind: "no-endpoints" };
}

async function connect(
  { target, caBundle }: EndpointQuestion["webhook"],
  isInCluster: boolean,
  signal: AbortSignal,
): Promise<TlsOutcome> {
  const ca = authorityPem(caBundle);
  if (target.kind === "service") {
    if (!isInCluster) return { kind: "not-tried", reason: "the name of a service resolves inside of the cluster alone" };
    return connectTls({ host: `${target.name}.${target.namespace}.svc`, port: target.port, ca, signal });
  }
  if (!URL.canParse(target.url)) return { kind: "not-tried", reason: `"${target.url}" is no URL` };
  const { hostname, port } = new URL(target.url);
  return connectTls({ host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? HTTPS_PORT : Number(port), ca, signal });
}

const HTTPS_PORT = 443;

function reachOf(outcome: TlsOutcome): Reach {
  switch (outcome.kind) {
    case "connected":
      return { kind: "listening" };
    case "failed":
      return { kind: "refused", reason: outcome.reason };
    case "not-tried":
      return { kind: "unknown", reason: outcome.reason };
  }
}

function servedOf(outcome: TlsOutcome): Served {
  return outcome.kind === "connected"
    ? { kind: "seen", certificate: outcome.certificate, distrust: outcome.distrust }
    : { kind: "not-seen", reason: outcome.reason };
}
