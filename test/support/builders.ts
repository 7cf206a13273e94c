/** @file Short ways to write CRDs, changes, needs and facts in tests; every default is the harmless one. */
import {
  type Bundle,
  type ConversionWebhook,
  type Crd,
  type CrdConversion,
  UNRECORDED,
  type VersionForm,
} from "../../src/crd/crd.ts";
import type { CheckReport } from "../../src/explain/report.ts";
import type { CrdChange } from "../../src/rules/change.ts";
import type {
  Certainty,
  Facts,
  FitLook,
  LaterRelease,
  Need,
  ObjectEvidence,
  WorkloadRef,
  Writer,
  WriterEvidence,
} from "../../src/rules/facts.ts";
import type { Outcome, Presence, Requirement } from "../../src/rules/requirement.ts";

export interface CrdShape {
  readonly name?: string;
  readonly served: readonly string[];
  /** Listed, but not served. */
  readonly unserved?: readonly string[];
  /** The first served version unless told. */
  readonly storage?: string;
  /** The storage version alone unless told. */
  readonly stored?: readonly string[];
  readonly storedSource?: "status" | "assumed";
  readonly scope?: "Namespaced" | "Cluster";
  readonly bundle?: Bundle | null;
  readonly isTerminating?: boolean;
  /** By version; versions have no form where it is missing. */
  readonly schemas?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** None unless told. */
  readonly conversion?: CrdConversion;
}

export function crd(shape: CrdShape): Crd {
  const name = shape.name ?? "gears.own.dev";
  const [plural = "", ...group] = name.split(".");
  const storage = shape.storage ?? shape.served[0] ?? shape.unserved?.[0] ?? "v1";
  const version = (isServed: boolean) => (versionName: string) => ({
    name: versionName,
    isServed,
    isStorage: versionName === storage,
    ...(shape.schemas === undefined ? {} : { form: form(shape.schemas[versionName] ?? {}) }),
  });
  return {
    name,
    group: group.join("."),
    plural,
    kind: "Gear",
    scope: shape.scope ?? "Namespaced",
    versions: [...shape.served.map(version(true)), ...(shape.unserved ?? []).map(version(false))],
    stored: { names: shape.stored ?? [storage], source: shape.storedSource ?? "status" },
    bundle: shape.bundle ?? null,
    ...UNRECORDED,
    isTerminating: shape.isTerminating ?? false,
    conversion: shape.conversion ?? { kind: "none" },
  };
}

/** At service mill/<name>:443, without a caBundle unless told. */
export function converter(name = "converter", caBundle: string | null = null): ConversionWebhook {
  return { kind: "webhook", target: { kind: "service", namespace: "mill", name, port: 443 }, caBundle };
}

function form(value: Readonly<Record<string, unknown>>): VersionForm {
  return {
    schema: { kind: "value", value },
    hasStatus: false,
    scale: null,
    selectableFields: [],
    printerColumns: [],
    isDeprecated: false,
  };
}

/** A look at 12 objects, all there are, at which nothing was found. */
export function looked(found: Partial<FitLook> = {}): FitLook {
  return {
    kind: "looked",
    objectCount: 12,
    totalCount: 12,
    isComplete: true,
    seconds: 0.1,
    rejectedCount: Math.max(0, ...(found.rejections ?? []).map(({ objectCount }) => objectCount)),
    losingCount: Math.max(0, ...(found.losses ?? []).map(({ objectCount }) => objectCount)),
    rejections: [],
    losses: [],
    failedRules: [],
    unevaluatedRules: [],
    source: { kind: "cluster" },
    ...found,
  };
}

export function create(next: Crd): CrdChange {
  return { kind: "create", next };
}

export function update(previous: Crd, next: Crd): CrdChange {
  return { kind: "update", previous, next };
}

export function statusUpdate(previous: Crd, stored: readonly string[]): CrdChange {
  return { kind: "status-update", previous, next: { ...previous, stored: { names: stored, source: "status" } } };
}

export function remove(previous: Crd): CrdChange {
  return { kind: "delete", previous };
}

export const noFacts: Facts = {
  crds: new Map(),
  applied: new Map(),
  bundles: [],
  needs: [],
  unreadableDeclarations: [],
  objects: { kind: "not-counted" },
  migration: { kind: "none" },
  writers: { kind: "not-sampled" },
  fit: { kind: "not-looked" },
  webhooks: { before: null, after: null },
};

export interface NeedShape {
  readonly workload?: Partial<WorkloadRef>;
  readonly versions: readonly string[];
  /** In all three states, unless told one by one. */
  readonly outcome?: Outcome;
  readonly outcomes?: Requirement["outcomes"];
  readonly presence?: Presence;
  readonly certainty?: Certainty;
  readonly laterReleases?: readonly LaterRelease[];
  readonly image?: string;
  /** API groups that come with the catalogued controller. */
  readonly owns?: readonly string[];
}

/** A need for gears.own.dev that an annotation declares, or the catalog where an image is given. */
export function need(shape: NeedShape): Need {
  return {
    workload: { kind: "Deployment", namespace: "mill", name: "turner", ...shape.workload },
    requirement: requirement(shape),
    source:
      shape.image === undefined
        ? { kind: "annotation", key: "crdguard.dev/requires" }
        : {
            kind: "catalog",
            controller: "turner",
            versionRange: ">=1.0.0 <2.0.0",
            image: shape.image,
            container: "main",
            effect: null,
            owns: shape.owns ?? [],
          },
    certainty: shape.certainty ?? { kind: "known" },
    laterReleases: shape.laterReleases ?? [],
  };
}

export function requirement(shape: Pick<NeedShape, "versions" | "outcome" | "outcomes" | "presence">): Requirement {
  const outcome = shape.outcome ?? "crashes";
  return {
    group: "own.dev",
    resource: "gears",
    versions: shape.versions,
    presence: shape.presence ?? "unconditional",
    outcomes: shape.outcomes ?? { absent: outcome, unlisted: outcome, unserved: outcome },
  };
}

/** So many objects, all in the namespace `mill`. */
export function counted(total: number, { isComplete = true }: { readonly isComplete?: boolean } = {}): ObjectEvidence {
  return {
    kind: "counted",
    total,
    isComplete,
    byNamespace: total === 0 ? new Map() : new Map([["mill", total]]),
    examples: total === 0 ? [] : [{ namespace: "mill", name: "g1" }],
    source: { kind: "cluster" },
  };
}

/** A field manager that wrote three objects whole, unless told. */
export function writer(shape: Pick<Writer, "name" | "version"> & Partial<Writer>): Writer {
  return { kind: "field-manager", objectCount: 3, isSubresourceOnly: false, lastWrittenAt: "2026-05-01T10:00:00Z", ...shape };
}

/** All of ten objects were looked at, unless told. */
export function sampled(
  writers: readonly Writer[],
  { isComplete = true }: { readonly isComplete?: boolean } = {},
): WriterEvidence {
  return { kind: "sampled", objectCount: 10, isComplete, writers };
}

/** What `check` was given besides what is told of it: four CRDs, and nothing that stays behind. */
export function given(
  shape: Partial<CheckReport["input"]> = {},
  leaving: readonly string[] = [],
): Pick<CheckReport, "input" | "leaving"> {
  return {
    input: {
      customResourceDefinitions: 4,
      workloads: 0,
      apiRequirements: 0,
      configMaps: 0,
      guardPolicies: 0,
      notJudged: {},
      repeated: [],
      ...shape,
    },
    leaving,
  };
}
