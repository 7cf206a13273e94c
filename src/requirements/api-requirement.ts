/** @file APIRequirement objects: what somebody declares of workloads that they cannot or will not annotate. */
import type { ErrorObject, ValidateFunction } from "ajv";
import { isRecord } from "../crd/is-record.ts";
import type { WorkloadRef } from "../rules/facts.ts";
import { type Outcome, type Presence, type Requirement } from "../rules/requirement.ts";
import { type LabelSelector, parseLabelSelector, selects } from "../crd/label-selector.ts";
import { loadAjv } from "./lazy-packages.ts";
import type { Workload } from "./workload.ts";

export const API_REQUIREMENT_CRD = "apirequirements.crdguard.dev";
export const API_REQUIREMENT_VERSION = "v1alpha1";

export interface ApiRequirement {
  readonly namespace: string;
  readonly name: string;
  /** `metadata.generation`; 0 where a manifest carries none. */
  readonly generation: number;
  readonly target: RequirementTarget;
  readonly requirements: readonly DeclaredRequirement[];
}

/** Workloads of the object's own namespace. */
export type RequirementTarget =
  | { readonly kind: "reference"; readonly workload: { readonly kind: WorkloadRef["kind"]; readonly name: string } }
  | { readonly kind: "selector"; readonly selector: LabelSelector };

export interface DeclaredRequirement {
  readonly requirement: Requirement;
  readonly reason: string | null;
}

export type ApiRequirementResult =
  | { readonly ok: true; readonly value: ApiRequirement }
  | {
      readonly ok: false;
      /** `message` begins with the path of what is wrong: `spec.requirements[0].group: …`. */
      readonly error: { readonly code: "api-requirement-malformed"; readonly message: string };
    };

export function isApiRequirementManifest(input: unknown): boolean {
  return isRecord(input) && input["kind"] === "APIRequirement" && String(input["apiVersion"]).startsWith("crdguard.dev/");
}

/**
 * Accepts what the API server accepts by the CRD's schema (manifests/crds/apirequirements.yaml), in the same words where
 * that has words of its own. Members that are null count as absent, as they do there.
 * @param unknownMembers `refuse` in a manifest, where one is a mistake, as `kubectl apply` finds it; `ignore` in a cluster,
 *   whose CRD may be newer than this program.
 */
export function parseApiRequirement(input: unknown, unknownMembers: "ignore" | "refuse" = "refuse"): ApiRequirementResult {
  const object = withoutNulls(input);
  const { isApiRequirementText, hasKnownMembers } = (validators ??= compileValidators());
  if (!isApiRequirementText(object)) return malformed(describeError(isApiRequirementText.errors));
  if (unknownMembers === "refuse" && !hasKnownMembers(object)) return malformed(describeError(hasKnownMembers.errors));
  const { metadata, spec } = object;
  const problem = problemOf(spec);
  if (problem !== null) return malformed(problem);
  const target = targetOf(spec);
  if (target === null) return malformed(`spec.selector: ${RULES.selectorValues}`);
  return {
    ok: true,
    value: {
      namespace: metadata.namespace ?? "default",
      name: metadata.name,
      generation: metadata.generation ?? 0,
      target,
      requirements: spec.requirements.map((requirement) => ({
        requirement: toRequirement(requirement),
        reason: requirement.reason ?? null,
      })),
    },
  };
}

export function speaksOf({ namespace, target }: ApiRequirement, workload: Pick<Workload, "ref" | "labels">): boolean {
  if (workload.ref.namespace !== namespace) return false;
  return target.kind === "selector"
    ? selects(target.selector, workload.labels)
    : workload.ref.kind === target.workload.kind && workload.ref.name === target.workload.name;
}

interface ApiRequirementText {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly generation?: number };
  readonly spec: SpecText;
}

interface SpecText {
  readonly workload?: { readonly kind?: WorkloadRef["kind"]; readonly name: string };
  readonly selector?: unknown;
  readonly requirements: readonly RequirementText[];
}

interface RequirementText {
  readonly group: string;
  readonly resource: string;
  readonly versions: readonly string[];
  readonly level?: "Hard" | "Soft";
  readonly presence?: keyof typeof PRESENCE_OF;
  readonly reason?: string;
}

const PRESENCE_OF = {
  Unconditional: "unconditional",
  CRDName: "crd-name",
  VersionListed: "crd-version-listed",
  DiscoveryServed: "discovery-served",
  DiscoveryPreferred: "discovery-preferred",
  BundleVersion: "bundle-version",
} as const satisfies Record<string, Presence>;

/** The messages of the CRD's rules, which a schema for Ajv has no room for. */
export const RULES = {
  target: "give either workload or selector, and not both",
  once: "a resource may stand here only once, with all versions of it that are enough",
  group: "an API group of CRDs is a domain, as in gateway.networking.k8s.io, without a version",
  resource: "a resource is named in the plural and in small letters, as in httproutes, without its group",
  version: "an API version is named as in a CRD, for example v1, v1beta1 or v2alpha3, without its group",
  selectorValues: "In and NotIn need values; Exists and DoesNotExist take none",
} as const;

/** As a CRD must be named. Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation, DNS-1123 and DNS-1035. */
export const GROUP = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/;
export const LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

const objectName = { type: "string", minLength: 1, maxLength: 253 } as const;
const labelName = { type: "string", minLength: 1, maxLength: 63 } as const;
const labelValue = { type: "string", maxLength: 63 } as const;

const selector = {
  type: "object",
  properties: {
    matchLabels: { type: "object", maxProperties: 32, additionalProperties: labelValue },
    matchExpressions: {
      type: "array",
      maxItems: 32,
      items: {
        type: "object",
        required: ["key", "operator"],
        properties: {
          key: { type: "string", minLength: 1, maxLength: 317 },
          operator: { enum: ["In", "NotIn", "Exists", "DoesNotExist"] },
          values: { type: "array", maxItems: 32, items: labelValue },
        },
      },
    },
  },
} as const;

const spec = {
  type: "object",
  required: ["requirements"],
  properties: {
    workload: {
      type: "object",
      required: ["name"],
      properties: { kind: { enum: ["Deployment", "StatefulSet", "DaemonSet"] }, name: objectName },
    },
    selector,
    requirements: {
      type: "array",
      minItems: 1,
      maxItems: 64,
      items: {
        type: "object",
        required: ["group", "resource", "versions"],
        properties: {
          group: objectName,
          resource: labelName,
          versions: { type: "array", minItems: 1, maxItems: 16, uniqueItems: true, items: labelName },
          level: { enum: ["Hard", "Soft"] },
          presence: { enum: Object.keys(PRESENCE_OF) },
          reason: { type: "string", maxLength: 256 },
        },
      },
    },
  },
} as const;

/** Exported for the test that compares it with the CRD's. */
export const SPEC_SCHEMA: Readonly<Record<string, unknown>> = spec;

const API_REQUIREMENT_SCHEMA = {
  type: "object",
  required: ["apiVersion", "metadata", "spec"],
  properties: {
    apiVersion: { const: `crdguard.dev/${API_REQUIREMENT_VERSION}` },
    metadata: {
      type: "object",
      required: ["name"],
      properties: { name: objectName, namespace: objectName, generation: { type: "integer" } },
    },
    spec,
  },
};

/** Knows what may stand where; that it is of the right form has been checked before. */
const KNOWN_MEMBERS_SCHEMA = {
  type: "object",
  properties: {
    spec: closed(spec.properties, {
      workload: closed(spec.properties.workload.properties),
      selector: closed(selector.properties, {
        matchExpressions: { type: "array", items: closed(selector.properties.matchExpressions.items.properties) },
      }),
      requirements: { type: "array", items: closed(spec.properties.requirements.items.properties) },
    }),
  },
};

interface Validators {
  readonly isApiRequirementText: ValidateFunction<ApiRequirementText>;
  readonly hasKnownMembers: ValidateFunction;
}

/** Null until the first APIRequirement comes along. */
let validators: Validators | null = null;

function compileValidators(): Validators {
  const { Ajv } = loadAjv();
  return {
    isApiRequirementText: new Ajv({ verbose: true }).compile<ApiRequirementText>(API_REQUIREMENT_SCHEMA),
    hasKnownMembers: new Ajv({ verbose: true, strictRequired: false }).compile(KNOWN_MEMBERS_SCHEMA),
  };
}

function closed(members: object, deeper: object = {}): Readonly<Record<string, unknown>> {
  const open = Object.fromEntries(Object.keys(members).map((member) => [member, {}]));
  return { type: "object", additionalProperties: false, properties: { ...open, ...deeper } };
}

/** What the CRD's rules say beside its schema; null: nothing is wrong. */
function problemOf({ workload, selector: labels, requirements }: SpecText): string | null {
  if ((workload === undefined) === (labels === undefined)) return `spec: ${RULES.target}`;
  const seen = new Set<string>();
  for (const [index, { group, resource, versions }] of requirements.entries()) {
    const path = `spec.requirements[${String(index)}]`;
    if (!GROUP.test(group)) return `${path}.group: ${JSON.stringify(group)}: ${RULES.group}`;
    if (!LABEL.test(resource)) return `${path}.resource: ${JSON.stringify(resource)}: ${RULES.resource}`;
    const wrong = versions.findIndex((version) => !LABEL.test(version));
    if (wrong !== -1) return `${path}.versions[${String(wrong)}]: ${JSON.stringify(versions[wrong])}: ${RULES.version}`;
    const name = `${resource}.${group}`;
    if (seen.has(name)) return `${path}: "${name}": ${RULES.once}`;
    seen.add(name);
  }
  return null;
}

/** Null for a selector that no API server takes. */
function targetOf({ workload, selector: text }: SpecText): RequirementTarget | null {
  if (workload !== undefined) {
    return { kind: "reference", workload: { kind: workload.kind ?? "Deployment", name: workload.name } };
  }
  const labels = parseLabelSelector(text);
  return labels === null ? null : { kind: "selector", selector: labels };
}

function toRequirement({ group, resource, versions, level = "Hard", presence = "Unconditional" }: RequirementText): Requirement {
  return { group, resource, versions, presence: PRESENCE_OF[presence], outcomes: outcomesOf(PRESENCE_OF[presence], level) };
}

/**
 * What the level means in each state, by the way the workload looks for the API: one that looks for the CRD's name alone
 * does well without it, and one that reads `spec.versions` believes a version that is listed but not served.
 */
function outcomesOf(presence: Presence, level: "Hard" | "Soft"): Requirement["outcomes"] {
  const unmet: Outcome = level === "Hard" ? "crashes" : "loses-feature";
  switch (presence) {
    case "crd-name":
      return { absent: "works", unlisted: unmet, unserved: unmet };
    case "crd-version-listed": {
      const switchedOff: Outcome = level === "Hard" ? "stops-working" : "loses-feature";
      return { absent: switchedOff, unlisted: switchedOff, unserved: "crashes" };
    }
    case "unconditional":
    case "discovery-served":
    case "discovery-preferred":
    case "bundle-version":
      return { absent: unmet, unlisted: unmet, unserved: unmet };
  }
}

function withoutNulls(input: unknown): unknown {
  if (Array.isArray(input)) return input.map(withoutNulls);
  if (!isRecord(input)) return input;
  return Object.fromEntries(
    Object.entries(input)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, withoutNulls(value)]),
  );
}

function describeError(errors: readonly ErrorObject[] | null | undefined): string {
  const [error] = errors ?? [];
  if (error === undefined) return "malformed";
  const path = pathOf(error.instancePath);
  return `${path === "" ? "" : `${path}: `}${wordsOf(error)}`;
}

function wordsOf({ keyword, message, params, data }: ErrorObject): string {
  switch (keyword) {
    case "additionalProperties":
      return `unknown member ${JSON.stringify(params["additionalProperty"])}`;
    case "required":
      return `"${String(params["missingProperty"])}" is missing`;
    case "enum":
      return `${JSON.stringify(data)} is none of ${String(params["allowedValues"]).replaceAll(",", ", ")}`;
    case "const":
      return `expected ${String(params["allowedValue"])}`;
    default:
      return message ?? "is malformed";
  }
}

/** `/spec/requirements/0/group` as Kubernetes writes it: `spec.requirements[0].group`. */
function pathOf(pointer: string): string {
  return pointer
    .slice(1)
    .replaceAll("~1", "/")
    .replaceAll("~0", "~")
    .split("/")
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "");
}

function malformed(message: string): ApiRequirementResult {
  return { ok: false, error: { code: "api-requirement-malformed", message } };
}
