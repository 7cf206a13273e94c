/** @file Compares a webhook configuration of the cluster with what this version of crdguard renders for the same address. */
import { isRecord } from "../crd/is-record.ts";
import { readWebhookTarget } from "../crd/parse.ts";
import type { Difference, Registration } from "../health/facts.ts";
import { renderWebhookConfigurations, type Webhook, type WebhookEndpoint } from "./webhook-configurations.ts";

export interface LiveConfiguration {
  readonly kind: Registration["kind"];
  readonly object: Readonly<Record<string, unknown>>;
}

/** Which of our registrations this is, by the names of its webhooks, or by its own; null for a foreign one. */
export function roleOf({ kind, object }: LiveConfiguration): Registration["role"] | null {
  const names = webhooksOf(object).map(({ name }) => name);
  const { metadata } = object;
  const ownName = isRecord(metadata) ? metadata["name"] : undefined;
  const isNamed = (role: Registration["role"]): boolean => ownName === NAMES[role] || ownName === `${NAMES[role]}-dev`;
  if (kind === "MutatingWebhookConfiguration") return names.includes(EXPLAIN) || isNamed("explainer") ? "explainer" : null;
  if (names.includes(WORKLOADS) || isNamed("workloads")) return "workloads";
  return names.some((name) => name === CHANGES || name === CREATES) || isNamed("validating") ? "validating" : null;
}

const NAMES = { validating: "crdguard", explainer: "crdguard-explainer", workloads: "crdguard-workloads" } as const;
const [CHANGES, CREATES, EXPLAIN, WORKLOADS] = [
  "changes.crdguard.dev",
  "creates.crdguard.dev",
  "explain.crdguard.dev",
  "workloads.crdguard.dev",
];

/**
 * Of what crdguard renders, and nothing else: labels, and what a policy of the cluster adds beside, are left alone. A selector
 * that somebody has added keeps changes from us, and counts.
 */
export function differencesOf({ object }: LiveConfiguration, role: Registration["role"]): readonly Difference[] {
  const live = webhooksOf(object);
  const endpoint = endpointOf(live);
  if (endpoint === null) return [{ field: "webhooks", expected: JSON.stringify([nameOfRole(role)]), found: null }];
  const rendered = renderWebhookConfigurations(endpoint, { warnWorkloads: true });
  const expected: readonly Webhook[] =
    ({ validating: rendered.validating, explainer: rendered.mutating, workloads: rendered.workloads } as const)[role]?.webhooks ??
    [];
  return [
    ...expected.flatMap((webhook) => {
      const found = live.find(({ name }) => name === webhook.name);
      return found === undefined
        ? [{ field: `webhooks[${webhook.name}]`, expected: JSON.stringify(webhook.name), found: null }]
        : webhookDifferences(webhook, found);
    }),
    ...live
      .filter(({ name }) => !expected.some((webhook) => webhook.name === name))
      .map(({ name }) => ({ field: `webhooks[${String(name)}]`, expected: null, found: JSON.stringify(name) })),
  ];
}

function nameOfRole(role: Registration["role"]): string {
  return { validating: CHANGES, explainer: EXPLAIN, workloads: WORKLOADS }[role] ?? "";
}

/** What decides when and how we are asked; `clientConfig` is somebody's own, but for the path. */
const OWNED = [
  "rules",
  "matchPolicy",
  "matchConditions",
  "failurePolicy",
  "sideEffects",
  "admissionReviewVersions",
  "timeoutSeconds",
  "reinvocationPolicy",
] as const;

/** Empty, as the API server fills them in. */
const UNSELECTIVE = ["namespaceSelector", "objectSelector"] as const;

function webhookDifferences(expected: Webhook, found: Readonly<Record<string, unknown>>): readonly Difference[] {
  const wanted: Readonly<Record<string, unknown>> = { ...expected };
  const compared = [
    ...OWNED.map((member) => ({ member, expected: wanted[member], found: found[member] })),
    ...UNSELECTIVE.map((member) => ({ member, expected: {}, found: found[member] ?? {} })),
    { member: "clientConfig.path", expected: pathOf(expected.clientConfig), found: pathOf(found["clientConfig"]) },
  ];
  return compared
    .filter((each) => canonical(each.expected) !== canonical(each.found))
    .map((each) => ({
      field: `webhooks[${expected.name}].${each.member}`,
      expected: canonical(each.expected),
      found: canonical(each.found),
    }));
}

function endpointOf(webhooks: readonly Readonly<Record<string, unknown>>[]): WebhookEndpoint | null {
  const target = webhooks.map(({ clientConfig }) => readWebhookTarget(clientConfig)).find((found) => found !== null);
  if (target === undefined || target === null) return null;
  if (target.kind === "service") return target;
  return { kind: "url", url: URL.canParse(target.url) ? new URL(target.url).origin : target.url, caBundle: "" };
}

/** The last part of it: before it may stand a prefix of a proxy. */
function pathOf(clientConfig: unknown): string | null {
  if (!isRecord(clientConfig)) return null;
  const { url, service } = clientConfig;
  const path = typeof url === "string" && URL.canParse(url) ? new URL(url).pathname : isRecord(service) ? service["path"] : null;
  return typeof path === "string" ? `/${path.split("/").at(-1) ?? ""}` : null;
}

function webhooksOf(object: Readonly<Record<string, unknown>>): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(object["webhooks"]) ? object["webhooks"].filter(isRecord) : [];
}

/** JSON with the members of objects in one order; null for nothing. */
function canonical(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}
