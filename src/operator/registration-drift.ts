/**
 * @file Compares a webhook configuration of the cluster with what crdguard renders: the one place that says what of it is
 * crdguard's own, for the server that keeps it as for `doctor`.
 */
import { canonicalText } from "../crd/canonical-text.ts";
import { isRecord } from "../crd/is-record.ts";
import { readWebhookTarget } from "../crd/parse.ts";
import type { Difference, Registration } from "../health/facts.ts";
import { FIELD_MANAGER } from "./kept-object.ts";
import {
  CHANGES_WEBHOOK,
  type FailurePolicy,
  OWN_WEBHOOK,
  PROFILE_ANNOTATION,
  renderWebhookConfigurations,
  type Webhook,
  type WebhookConfiguration,
  type WebhookEndpoint,
} from "./webhook-configurations.ts";

export interface LiveConfiguration {
  readonly kind: Registration["kind"];
  readonly object: LiveRecord;
}

type LiveRecord = Readonly<Record<string, unknown>>;

/** Which of our registrations this is, by the names of its webhooks, or by its own; null for a foreign one. */
export function roleOf({ kind, object }: LiveConfiguration): Registration["role"] | null {
  const names = webhooksOf(object).map(({ name }) => name);
  const { metadata } = object;
  const ownName = isRecord(metadata) ? metadata["name"] : undefined;
  const isNamed = (role: Registration["role"]): boolean => ownName === NAMES[role] || ownName === `${NAMES[role]}-dev`;
  if (kind === "MutatingWebhookConfiguration") return names.includes(EXPLAIN) || isNamed("explainer") ? "explainer" : null;
  if (names.includes(WORKLOADS) || isNamed("workloads")) return "workloads";
  return names.some((name) => name === CHANGES_WEBHOOK || name === CREATES || name === OWN_WEBHOOK) || isNamed("validating")
    ? "validating"
    : null;
}

const NAMES = { validating: "crdguard", explainer: "crdguard-explainer", workloads: "crdguard-workloads" } as const;
const [CREATES, EXPLAIN, WORKLOADS] = ["creates.crdguard.dev", "explain.crdguard.dev", "workloads.crdguard.dev"];

/** As `doctor` sees it: the address is taken from the configuration itself, and the profile from its annotation. */
export function differencesOf({ object }: LiveConfiguration, role: Registration["role"]): readonly Difference[] {
  const live = webhooksOf(object);
  const endpoint = endpointOf(live);
  if (endpoint === null) return [{ field: "webhooks", expected: JSON.stringify([nameOfRole(role)]), found: null }];
  const failurePolicy = expectedFailurePolicy(object);
  const rendered = renderWebhookConfigurations(endpoint, { warnWorkloads: true, failurePolicy });
  const expected: readonly Webhook[] =
    ({ validating: rendered.validating, explainer: rendered.mutating, workloads: rendered.workloads } as const)[role]?.webhooks ??
    [];
  return [
    ...webhooksDifferences(expected, object, pathDifferences),
    ...live
      .filter(({ name }) => String(name).endsWith(OWN_DOMAIN) && !expected.some((webhook) => webhook.name === name))
      .map(({ name }) => ({ field: `webhooks[${String(name)}]`, expected: null, found: JSON.stringify(name) })),
  ];
}

/** `staged` means either, depending on whether the API server was seen to reach the server. */
function expectedFailurePolicy(object: LiveRecord): FailurePolicy {
  const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
  const annotations = isRecord(metadata["annotations"]) ? metadata["annotations"] : {};
  switch (annotations[PROFILE_ANNOTATION]) {
    case "staged":
      return failurePolicyOf(object) === "Ignore" ? "Ignore" : "Fail";
    case "fail-open":
      return "Ignore";
    default:
      return "Fail";
  }
}

/** Of the one webhook that may fail closed; null where it is missing. */
export function failurePolicyOf(live: LiveRecord): FailurePolicy | null {
  const policy = webhooksOf(live).find(({ name }) => name === CHANGES_WEBHOOK)?.["failurePolicy"];
  return policy === "Fail" || policy === "Ignore" ? policy : null;
}

/** As the server that keeps it sees it: with the address, the authorities unless somebody else writes them, and our labels. */
export function keptDifferences(expected: WebhookConfiguration, live: LiveRecord): readonly Difference[] {
  const metadata = isRecord(live["metadata"]) ? live["metadata"] : {};
  return [
    ...membersDifferences("metadata.labels", expected.metadata.labels, metadata["labels"]),
    ...membersDifferences("metadata.annotations", expected.metadata.annotations ?? {}, metadata["annotations"]),
    ...webhooksDifferences(expected.webhooks, live, clientConfigDifferences),
    ...leftBehind(expected.webhooks, metadata),
  ];
}

/** Webhooks and conditions of another version of crdguard: by `managedFields` ours, and rendered no more. The next apply removes them. */
function leftBehind(expected: readonly Webhook[], metadata: LiveRecord): readonly Difference[] {
  const entries = Array.isArray(metadata["managedFields"]) ? metadata["managedFields"].filter(isRecord) : [];
  const own = entries.find(({ manager, operation }) => manager === FIELD_MANAGER && operation === "Apply");
  return namesIn(own?.["fieldsV1"], "f:webhooks").flatMap(({ name, fields }) => {
    const webhook = expected.find((each) => each.name === name);
    const field = `webhooks[${name}]`;
    if (webhook === undefined) return [{ field, expected: null, found: JSON.stringify(name) }];
    return namesIn(fields, "f:matchConditions")
      .filter((condition) => webhook.matchConditions?.some((each) => each.name === condition.name) !== true)
      .map((condition) => ({
        field: `${field}.matchConditions[${condition.name}]`,
        expected: null,
        found: JSON.stringify(condition.name),
      }));
  });
}

/** Entries of a list that is a map by name: `{"f:webhooks": {"k:{\"name\":\"…\"}": {…}}}`. Source: structured-merge-diff, fieldpath. */
function namesIn(fields: unknown, list: string): readonly { readonly name: string; readonly fields: unknown }[] {
  const entries = isRecord(fields) && isRecord(fields[list]) ? fields[list] : {};
  return Object.entries(entries).flatMap(([key, value]) => {
    const [, name] = /^k:\{"name":"([^"\\]+)"\}$/.exec(key) ?? [];
    return name === undefined ? [] : [{ name, fields: value }];
  });
}

function membersDifferences(field: string, expected: Readonly<Record<string, string>>, found: unknown): readonly Difference[] {
  const members = isRecord(found) ? found : {};
  return Object.entries(expected).flatMap(([key, value]) => compared(`${field}[${key}]`, value, members[key]));
}

/**
 * What is ours: all that decides whether, when and how we are asked. What is a user's: how long the API server waits, further
 * conditions, further webhooks, labels and annotations. An empty selector is ours, since another keeps changes from us.
 */
function webhooksDifferences(
  expected: readonly Webhook[],
  object: LiveRecord,
  addressDifferences: (webhook: Webhook, found: LiveRecord) => readonly Difference[],
): readonly Difference[] {
  const live = webhooksOf(object);
  return expected.flatMap((webhook) => {
    const found = live.find(({ name }) => name === webhook.name);
    if (found === undefined) {
      return [{ field: `webhooks[${webhook.name}]`, expected: JSON.stringify(webhook.name), found: null }];
    }
    return [...webhookDifferences(webhook, found), ...addressDifferences(webhook, found)];
  });
}

const OWN_DOMAIN = ".crdguard.dev";

const OWNED = ["rules", "matchPolicy", "failurePolicy", "sideEffects", "admissionReviewVersions", "reinvocationPolicy"] as const;

/** Empty, as the API server fills them in. */
const UNSELECTIVE = ["namespaceSelector", "objectSelector"] as const;

function webhookDifferences(expected: Webhook, live: LiveRecord): readonly Difference[] {
  const wanted: LiveRecord = { ...expected };
  const field = (member: string): string => `webhooks[${expected.name}].${member}`;
  return [
    ...OWNED.flatMap((member) => compared(field(member), wanted[member], live[member])),
    ...UNSELECTIVE.flatMap((member) => compared(field(member), {}, live[member] ?? {})),
    ...conditionDifferences(expected, live, field("matchConditions")),
  ];
}

function conditionDifferences(expected: Webhook, live: LiveRecord, field: string): readonly Difference[] {
  const conditions = Array.isArray(live["matchConditions"]) ? live["matchConditions"].filter(isRecord) : [];
  return (expected.matchConditions ?? []).flatMap(({ name, expression }) =>
    compared(`${field}[${name}]`, expression, conditions.find((condition) => condition["name"] === name)?.["expression"]),
  );
}

function clientConfigDifferences({ name, clientConfig: expected }: Webhook, live: LiveRecord): readonly Difference[] {
  const found = isRecord(live["clientConfig"]) ? live["clientConfig"] : {};
  const field = `webhooks[${name}].clientConfig`;
  const wanted: LiveRecord = { ...expected };
  return [
    ...compared(`${field}.url`, wanted["url"], found["url"]),
    ...compared(`${field}.service`, wanted["service"], found["service"]),
    // Where we write none, somebody else does.
    ...(wanted["caBundle"] === undefined ? [] : compared(`${field}.caBundle`, wanted["caBundle"], found["caBundle"])),
  ];
}

function pathDifferences({ name, clientConfig }: Webhook, live: LiveRecord): readonly Difference[] {
  return compared(`webhooks[${name}].clientConfig.path`, pathOf(clientConfig), pathOf(live["clientConfig"]));
}

function compared(field: string, expected: unknown, found: unknown): readonly Difference[] {
  const [left, right] = [canonical(expected), canonical(found)];
  return left === right ? [] : [{ field, expected: left, found: right }];
}

function nameOfRole(role: Registration["role"]): string {
  return { validating: CHANGES_WEBHOOK, explainer: EXPLAIN, workloads: WORKLOADS }[role] ?? "";
}

function endpointOf(webhooks: readonly LiveRecord[]): WebhookEndpoint | null {
  const target = webhooks
    .filter(({ name }) => String(name).endsWith(OWN_DOMAIN))
    .map(({ clientConfig }) => readWebhookTarget(clientConfig))
    .find((found) => found !== null);
  if (target === undefined || target === null) return null;
  if (target.kind === "service") return target;
  return { kind: "url", url: URL.canParse(target.url) ? new URL(target.url).origin : target.url };
}

/** The last part of it: before it may stand a prefix of a proxy. */
function pathOf(clientConfig: unknown): string | null {
  if (!isRecord(clientConfig)) return null;
  const { url, service } = clientConfig;
  const path = typeof url === "string" && URL.canParse(url) ? new URL(url).pathname : isRecord(service) ? service["path"] : null;
  return typeof path === "string" ? `/${path.split("/").at(-1) ?? ""}` : null;
}

/** Entries of a webhook configuration that are objects. */
export function webhooksOf(object: LiveRecord): readonly LiveRecord[] {
  return Array.isArray(object["webhooks"]) ? object["webhooks"].filter(isRecord) : [];
}

/** Null for nothing. */
function canonical(value: unknown): string | null {
  return value === undefined || value === null ? null : canonicalText(value);
}
