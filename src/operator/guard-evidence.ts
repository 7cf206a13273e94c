/** @file Looks at crdguard's own webhook configurations, as they are in the cluster: are they what we render, and who answers. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import { textAt } from "../cluster/live/json.ts";
import { listPages } from "../cluster/live/pages.ts";
import type { Answer, HealthProbe } from "../cluster/health-probe.ts";
import { compareText } from "../crd/compare-text.ts";
import { isRecord } from "../crd/is-record.ts";
import { readWebhookTarget } from "../crd/parse.ts";
import type { EndpointEvidence, GuardEvidence, Registration } from "../health/facts.ts";
import type { WorkloadRef } from "../rules/facts.ts";
import { differencesOf, type LiveConfiguration, roleOf, webhooksOf } from "./registration-drift.ts";
import { REGISTERED_BY_LABEL } from "./webhook-configurations.ts";

export interface GuardQuestion {
  readonly client: Pick<ApiClient, "request">;
  readonly probe: Pick<HealthProbe, "examineEndpoint">;
  /** Workloads of crdguard that run. */
  readonly servers: readonly WorkloadRef[];
  readonly signal: AbortSignal;
}

/** Never rejects. */
export async function examineGuard({ client, probe, servers, signal }: GuardQuestion): Promise<Answer<GuardEvidence>> {
  const found: LiveConfiguration[] = [];
  for (const kind of ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] as const) {
    const listed = await listPages(client, {
      path: `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s`,
      pageSize: PAGE_SIZE,
      signal,
      onPage(items) {
        found.push(...items.filter(isRecord).map((object) => ({ kind, object })));
      },
    });
    if (!listed.ok) {
      const { code, message } = listed.error;
      return { ok: false, reason: message, isForbidden: code === "forbidden" || code === "unauthorized" };
    }
  }
  const own = found.flatMap((configuration) => {
    const role = roleOf(configuration);
    return role === null ? [] : [{ ...configuration, role }];
  });
  const registrations = await Promise.all(
    own.map(async ({ kind, object, role }): Promise<Registration> => ({
      kind,
      name: nameOf(object),
      role,
      differences: differencesOf({ kind, object }, role),
      endpoints: await endpointsOf(object, probe, signal),
      isBlocking: webhooksOf(object).some((webhook) => webhook["failurePolicy"] === "Fail"),
      isKept: textAt(object, "metadata", "labels", REGISTERED_BY_LABEL) === "kept",
    })),
  );
  return {
    ok: true,
    value: {
      kind: "examined",
      servers,
      registrations: registrations.toSorted((left, right) => compareText(left.name, right.name)),
    },
  };
}

/** A hundred would be many. */
const PAGE_SIZE = 500;

function endpointsOf(
  object: Readonly<Record<string, unknown>>,
  probe: Pick<HealthProbe, "examineEndpoint">,
  signal: AbortSignal,
): Promise<readonly EndpointEvidence[]> {
  const webhooks = webhooksOf(object).flatMap(({ clientConfig }) => {
    const target = readWebhookTarget(clientConfig);
    if (target === null || !isRecord(clientConfig)) return [];
    const { caBundle } = clientConfig;
    // Each webhook of a server has a path of its own.
    const address = target.kind === "url" && URL.canParse(target.url) ? { ...target, url: new URL(target.url).origin } : target;
    return [{ target: address, caBundle: typeof caBundle === "string" && caBundle !== "" ? caBundle : null }];
  });
  const distinct = [...new Map(webhooks.map((webhook) => [JSON.stringify(webhook), webhook])).values()];
  return Promise.all(distinct.map((webhook) => probe.examineEndpoint(webhook, signal)));
}

function nameOf(object: Readonly<Record<string, unknown>>): string {
  const { metadata } = object;
  return isRecord(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "";
}
