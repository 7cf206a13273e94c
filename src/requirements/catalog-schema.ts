/** @file The form of a catalog file, and what is said of one that has another. docs/catalog.md tells it in words. */
import { Ajv, type ErrorObject } from "ajv";
import { type Outcome, PRESENCES, type Presence, type Requirement } from "../rules/requirement.ts";
import type { Confidence, Verification } from "./catalog.ts";
import { nearestWord } from "../crd/nearest-word.ts";

export interface CatalogFile {
  readonly controller: string;
  readonly description?: string;
  readonly images: readonly string[];
  readonly tagPrefixes?: readonly string[];
  readonly versionLabel?: string;
  readonly versionSetting?: { readonly configMap: ConfigMapText };
  readonly owns?: readonly string[];
  readonly when?: ConditionText;
  readonly releases: readonly {
    readonly versions: string;
    readonly verified: Verification;
    readonly confidence: Confidence;
    readonly effect?: string;
    readonly errors?: readonly string[];
    readonly sources: readonly string[];
    readonly needs: readonly NeedText[];
  }[];
}

export interface NeedText {
  /** Several share what is told of them. */
  readonly resource: string | readonly string[];
  readonly versions: readonly string[];
  readonly presence: Presence;
  readonly outcomes: Outcome | Requirement["outcomes"];
  readonly when?: ConditionText;
  readonly note?: string;
}

export interface ConfigMapText {
  readonly namespace?: string;
  readonly name: string;
  readonly key: string;
  readonly equals?: string;
  readonly matches?: string;
}

/** Exactly one member is set. */
export interface ConditionText {
  readonly arg?: string;
  readonly argRegex?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly configMap?: ConfigMapText;
  readonly not?: ConditionText;
  readonly anyOf?: readonly ConditionText[];
  readonly allOf?: readonly ConditionText[];
  readonly unreadable?: string;
}

const nonEmptyText = { type: "string", minLength: 1 } as const;
const texts = { type: "array", minItems: 1, items: nonEmptyText } as const;
const outcome = { enum: ["works", "loses-feature", "stops-working", "crashes"] } as const;
const condition = { $ref: "#/definitions/condition" } as const;
const configMap = {
  type: "object",
  required: ["name", "key"],
  additionalProperties: false,
  properties: {
    namespace: nonEmptyText,
    name: nonEmptyText,
    key: nonEmptyText,
    equals: { type: "string" },
    matches: nonEmptyText,
  },
} as const;

const crdName = {
  type: "string",
  pattern: "^[a-z0-9-]+(\\.[a-z0-9-]+)+$",
  description: "of the form <plural>.<group>, as the name of a CRD",
} as const;

/** Ten times what the longest file needs. Each is compared with all others, and a user's ConfigMap may be a megabyte. */
const MAX_RELEASES = 100;

export const isCatalogFile = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true }).compile<CatalogFile>({
  type: "object",
  required: ["controller", "images", "releases"],
  additionalProperties: false,
  definitions: {
    condition: {
      type: "object",
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: {
        arg: nonEmptyText,
        argRegex: nonEmptyText,
        env: { type: "object", minProperties: 1, maxProperties: 1, additionalProperties: { type: "string" } },
        configMap: { ...configMap, oneOf: [{ required: ["equals"] }, { required: ["matches"] }] },
        not: condition,
        anyOf: { type: "array", minItems: 1, items: condition },
        allOf: { type: "array", minItems: 1, items: condition },
        unreadable: nonEmptyText,
      },
    },
  },
  properties: {
    controller: {
      type: "string",
      pattern: "^[a-z0-9][a-z0-9-]*$",
      description: "an id of small letters, digits and hyphens",
    },
    description: nonEmptyText,
    images: texts,
    tagPrefixes: texts,
    versionLabel: nonEmptyText,
    versionSetting: {
      type: "object",
      required: ["configMap"],
      additionalProperties: false,
      properties: { configMap: { ...configMap, required: ["name", "key", "matches"] } },
    },
    owns: texts,
    when: condition,
    releases: {
      type: "array",
      minItems: 1,
      maxItems: MAX_RELEASES,
      items: {
        type: "object",
        required: ["versions", "needs", "sources", "verified", "confidence"],
        additionalProperties: false,
        properties: {
          versions: nonEmptyText,
          verified: { enum: ["run", "source", "issue", "doc", "derived"] },
          confidence: { enum: ["high", "medium", "low"] },
          sources: texts,
          effect: nonEmptyText,
          errors: texts,
          needs: {
            type: "array",
            minItems: 1,
            items: {
              type: "object",
              required: ["resource", "versions", "presence", "outcomes"],
              additionalProperties: false,
              properties: {
                resource: { ...crdName, type: ["string", "array"], minItems: 1, uniqueItems: true, items: crdName },
                versions: texts,
                presence: { enum: PRESENCES },
                outcomes: {
                  type: ["string", "object"],
                  required: ["absent", "unlisted", "unserved"],
                  additionalProperties: false,
                  properties: { absent: outcome, unlisted: outcome, unserved: outcome },
                  // No anyOf, which would tell the errors of the form that was not meant too.
                  if: { type: "object" },
                  else: outcome,
                },
                when: condition,
                note: nonEmptyText,
              },
            },
          },
        },
      },
    },
  },
});

export interface SchemaProblem {
  readonly code: "catalog-malformed";
  /** JSON pointer to what is wrong; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** What was wrong with the file that `isCatalogFile` was last asked of. */
export function catalogFileProblems(): readonly SchemaProblem[] {
  return (isCatalogFile.errors ?? []).filter(isTelling).map(toProblem);
}

/** Left out: errors of a whole that only repeat those of its parts, and those of parts of which one would do. */
function isTelling({ keyword, schemaPath }: ErrorObject): boolean {
  return keyword !== "if" && !schemaPath.includes("/oneOf/");
}

function toProblem(error: ErrorObject): SchemaProblem {
  const unknown: unknown = error.params["additionalProperty"];
  const path = typeof unknown === "string" ? `${error.instancePath}/${pointerStep(unknown)}` : error.instancePath;
  return { code: "catalog-malformed", path, message: describeError(error) };
}

/** Source: RFC 6901, section 3. */
function pointerStep(member: string): string {
  return member.replaceAll("~", "~0").replaceAll("/", "~1");
}

function describeError({ keyword, message, params, data, parentSchema }: ErrorObject): string {
  switch (keyword) {
    case "additionalProperties": {
      const unknown = String(params["additionalProperty"]);
      const meant = nearestWord(unknown, Object.keys(Object(parentSchema?.["properties"])));
      return `unknown member "${unknown}"${meant === null ? "" : `; did you mean "${meant}"?`}`;
    }
    case "required":
      return `"${String(params["missingProperty"])}" is missing`;
    case "enum":
      return `${shortened(data)} is none of ${String(params["allowedValues"]).replaceAll(",", ", ")}`;
    case "pattern":
      return `${shortened(data)} is not ${String(parentSchema?.["description"])}`;
    case "oneOf":
      return 'either "equals" or "matches" is needed';
    case "minProperties":
    case "maxProperties":
      return "exactly one member is needed; several conditions go into allOf or anyOf";
    default:
      return `${shortened(data)} ${message ?? "is malformed"}`;
  }
}

function shortened(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? "";
}
