/** @file What known controllers need, by image and version: the model, and how a catalog file becomes it. */
import { Ajv } from "ajv";
import semver from "semver";
import type { Outcome, Presence, Requirement } from "../rules/requirement.ts";
import { type ImageReference, parseImage } from "./image.ts";

/** A setting of the controller that its needs hang on. */
export interface ConfigMapCondition {
  readonly configMap: { readonly namespace: string; readonly name: string; readonly key: string; readonly equals: string };
}

export interface CatalogRelease {
  /** Semver range over the image tag without a leading v. */
  readonly versions: string;
  readonly requirements: readonly Requirement[];
}

export interface CatalogController {
  readonly id: string;
  readonly images: readonly ImageReference[];
  /** Null: its needs always hold. */
  readonly when: ConfigMapCondition | null;
  /** Oldest first; ranges do not overlap. */
  readonly releases: readonly CatalogRelease[];
}

export type Catalog = readonly CatalogController[];

export interface CatalogError {
  readonly code: "catalog-malformed" | "catalog-range-invalid" | "catalog-ranges-overlap";
  readonly message: string;
}

export type CatalogResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CatalogError };

/** @param input one parsed catalog file; its shape is documented in `docs/catalog.md`. */
export function parseCatalogFile(input: unknown): CatalogResult<CatalogController> {
  if (!isCatalogFile(input)) {
    const first = isCatalogFile.errors?.[0];
    return fail(
      "catalog-malformed",
      `${first?.instancePath === "" ? "/" : (first?.instancePath ?? "/")} ${first?.message ?? "is malformed"}`,
    );
  }
  const invalid = input.releases.find((release) => semver.validRange(release.versions) === null);
  if (invalid !== undefined) return fail("catalog-range-invalid", `"${invalid.versions}" is not a semver range`);
  const releases = input.releases
    .map((release) => ({
      versions: release.versions,
      requirements: release.needs.map(({ resource, versions, presence, outcomes }) => {
        const dot = resource.indexOf(".");
        return { resource: resource.slice(0, dot), group: resource.slice(dot + 1), versions, presence, outcomes };
      }),
    }))
    .toSorted((left, right) => semver.compare(minimumVersion(left), minimumVersion(right)));
  for (const [index, release] of releases.entries()) {
    // Each with all that follow, since a range may have several pieces.
    const overlapping = releases.slice(index + 1).find((later) => semver.intersects(release.versions, later.versions));
    if (overlapping !== undefined) {
      return fail("catalog-ranges-overlap", `"${release.versions}" and "${overlapping.versions}" overlap`);
    }
  }
  return {
    ok: true,
    value: { id: input.controller, images: input.images.map(parseImage), when: input.when ?? null, releases },
  };
}

/** First version that a release's range holds. */
export function minimumVersion(release: CatalogRelease): string {
  return semver.minVersion(release.versions)?.version ?? "0.0.0";
}

interface CatalogFile {
  readonly controller: string;
  readonly images: readonly string[];
  readonly when?: ConfigMapCondition;
  readonly releases: readonly {
    readonly versions: string;
    readonly needs: readonly {
      readonly resource: string;
      readonly versions: readonly string[];
      readonly presence: Presence;
      readonly outcomes: { readonly absent: Outcome; readonly unlisted: Outcome; readonly unserved: Outcome };
    }[];
  }[];
}

const nonEmptyText = { type: "string", minLength: 1 } as const;
const outcome = { enum: ["works", "loses-feature", "stops-working", "crashes"] } as const;

const isCatalogFile = new Ajv({ allErrors: false }).compile<CatalogFile>({
  type: "object",
  required: ["controller", "images", "releases"],
  additionalProperties: false,
  properties: {
    controller: { type: "string", pattern: "^[a-z0-9][a-z0-9-]*$" },
    description: nonEmptyText,
    images: { type: "array", minItems: 1, items: nonEmptyText },
    when: {
      type: "object",
      required: ["configMap"],
      additionalProperties: false,
      properties: {
        configMap: {
          type: "object",
          required: ["namespace", "name", "key", "equals"],
          additionalProperties: false,
          properties: { namespace: nonEmptyText, name: nonEmptyText, key: nonEmptyText, equals: { type: "string" } },
        },
      },
    },
    releases: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["versions", "needs", "sources", "verified", "confidence"],
        additionalProperties: false,
        properties: {
          versions: nonEmptyText,
          verified: { enum: ["run", "source", "issue", "doc", "derived"] },
          confidence: { enum: ["high", "medium", "low"] },
          sources: { type: "array", minItems: 1, items: nonEmptyText },
          effect: nonEmptyText,
          needs: {
            type: "array",
            minItems: 1,
            items: {
              type: "object",
              required: ["resource", "versions", "presence", "outcomes"],
              additionalProperties: false,
              properties: {
                resource: { type: "string", pattern: "^[a-z0-9-]+(\\.[a-z0-9-]+)+$" },
                versions: { type: "array", minItems: 1, items: nonEmptyText },
                presence: {
                  enum: ["unconditional", "crd-name", "crd-version-listed", "discovery-served", "discovery-preferred"],
                },
                outcomes: {
                  type: "object",
                  required: ["absent", "unlisted", "unserved"],
                  additionalProperties: false,
                  properties: { absent: outcome, unlisted: outcome, unserved: outcome },
                },
                note: nonEmptyText,
              },
            },
          },
        },
      },
    },
  },
});

function fail(code: CatalogError["code"], message: string): { readonly ok: false; readonly error: CatalogError } {
  return { ok: false, error: { code, message } };
}
