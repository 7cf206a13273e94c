/** @file APIRequirement objects: what somebody declares of workloads that they cannot or will not annotate. */
import { Ajv } from "ajv";
import { isRecord } from "../crd/is-record.ts";
import type { WorkloadRef } from "../rules/facts.ts";
import { type Outcome, type Presence, type Requirement } from "../rules/requirement.ts";
import { type LabelSelector, parseLabelSelector, selects } from "./label-selector.ts";
import type { Workload } from "./workload.ts";

export const API_REQUIREMENT_GROUP = "crdguard.dev";
export const API_REQUIREMENT_VERSION = "v1alpha1";
export const API_REQUIREMENT_PLURAL = "apirequirements";

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
  | { readonly ok: false; readonly error: { readonly code: "api-requirement-malformed"; readonly message: string } };

export function isApiRequirementManifest(input: unknown): boolean {
  return (
    isRecord(input) && input["kind"] === "APIRequirement" && String(input["apiVersion"]).startsWith(`${API_REQUIREMENT_GROUP}/`)
  );
}

/** The CRD's schema has checked objects of a cluster; a manifest in a folder is checked here, by the same conditions. */
export function parseApiRequirement(input: unknown): ApiRequirementResult {
  if (!isApiRequirementText(input)) {
    const first = isApiRequirementText.errors?.[0];
    return malformed(`${first?.instancePath === "" ? "/" : (first?.instancePath ?? "/")} ${first?.message ?? "is malformed"}`);
  }
  const { metadata, spec } = input;
  if ((spec.workload === undefined) === (spec.selector === undefined)) {
    return malformed("/spec needs either workload or selector, and not both");
  }
  const selector = spec.selector === undefined ? null : parseLabelSelector(spec.selector);
  if (spec.workload === undefined && selector === null) return malformed("/spec/selector is no label selector");
  return {
    ok: true,
    value: {
      namespace: metadata.namespace ?? "default",
      name: metadata.name,
      generation: metadata.generation ?? 0,
      target:
        spec.workload === undefined
          ? { kind: "selector", selector: selector ?? { matchLabels: {}, matchExpressions: [] } }
          : { kind: "reference", workload: { kind: spec.workload.kind ?? "Deployment", name: spec.workload.name } },
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
  readonly spec: {
    readonly workload?: { readonly kind?: WorkloadRef["kind"]; readonly name: string };
    readonly selector?: unknown;
    readonly requirements: readonly RequirementText[];
  };
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

const name = { type: "string", minLength: 1, maxLength: 253 } as const;

const isApiRequirementText = new Ajv().compile<ApiRequirementText>({
  type: "object",
  required: ["metadata", "spec"],
  properties: {
    metadata: { type: "object", required: ["name"], properties: { name, namespace: name, generation: { type: "integer" } } },
    spec: {
      type: "object",
      required: ["requirements"],
      properties: {
        workload: {
          type: "object",
          required: ["name"],
          properties: { kind: { enum: ["Deployment", "StatefulSet", "DaemonSet"] }, name },
        },
        requirements: {
          type: "array",
          minItems: 1,
          items: {
            type: "object",
            required: ["group", "resource", "versions"],
            properties: {
              group: name,
              resource: name,
              versions: { type: "array", minItems: 1, items: name },
              level: { enum: ["Hard", "Soft"] },
              presence: { enum: Object.keys(PRESENCE_OF) },
              reason: { type: "string" },
            },
          },
        },
      },
    },
  },
});

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

function malformed(message: string): ApiRequirementResult {
  return { ok: false, error: { code: "api-requirement-malformed", message } };
}
