/** @file Fact → evidence: what was seen, as far as the reader may see it. */
import type { Certainty, Need, ObjectEvidence, ObjectRef, WorkloadRef, Writer } from "../rules/facts.ts";
import type { Fact, HurtWorkload } from "../rules/finding.ts";
import { type ApiState, crdNameOf, type Outcome } from "../rules/requirement.ts";
import { type Audience, objectsEverywhere, workloadThings } from "./audience.ts";
import { type LiveObjectsEvidence, liveObjectsEvidence, liveObjectsLine } from "./live-objects.ts";
import { effectOf, outcomePhrase, statePhrase } from "./messages.ts";
import { type ChangeEffect, changeEffect, changePhrase } from "./schema-change.ts";
import { workloadName } from "./subject.ts";
import { countOf, listOf, numberOf, quoted, shown } from "./text.ts";

export type Evidence =
  | LiveObjectsEvidence
  | {
      readonly kind: "workload";
      /** `Deployment <namespace>/<name>`. */
      readonly workload: string;
      /** Null where the workload declares its needs itself. */
      readonly image: string | null;
      /** Where the need is known from, for people. */
      readonly source: string;
      /** Null where the version is unknown, so that nobody can tell. */
      readonly outcome: Outcome | null;
      /** What the catalog tells of the outcome beyond that. */
      readonly effect: string | null;
    }
  /** An API that a workload needs. */
  | {
      readonly kind: "api";
      readonly crd: string;
      /** Any one of them would do. */
      readonly versions: readonly string[];
      readonly state: ApiState;
      readonly source: string;
      readonly outcome: Outcome;
      readonly effect: string | null;
    }
  /** Workloads in namespaces that the reader may not list. */
  | { readonly kind: "hidden-workloads"; readonly count: number }
  | {
      readonly kind: "objects";
      readonly count: number;
      readonly isComplete: boolean;
      /** Only namespaces that the reader may list. */
      readonly namespaces: Readonly<Record<string, number>>;
      readonly examples: readonly string[];
    }
  /** Objects that are not known to have been written since the storage version is in force. */
  | {
      readonly kind: "unproven-objects";
      readonly count: number;
      readonly isComplete: boolean;
      /** Only in namespaces that the reader may list. */
      readonly examples: readonly string[];
    }
  /** Who wrote objects in a version that goes away. */
  | {
      readonly kind: "writer";
      readonly writer: Writer["kind"];
      /** Of the field manager, or the file's path. */
      readonly name: string;
      readonly version: string;
      /** Objects, of those that were looked at. */
      readonly count: number;
      readonly isSubresourceOnly: boolean;
      /** RFC 3339, or null where no time is recorded. */
      readonly lastWrittenAt: string | null;
    }
  /** Field managers of objects that the reader may not list. */
  | { readonly kind: "hidden-writers"; readonly count: number }
  | {
      readonly kind: "schema-change";
      /** As `FormChange` has it. */
      readonly change: string;
      /** Of the objects; empty: the object as a whole. */
      readonly path: string;
      /** What becomes of what clients write as before: `gone`, of what is no field. */
      readonly effect: ChangeEffect;
      /** Null where the sentence has told it, as there is no other. */
      readonly text: string | null;
    };

export function evidenceOf(
  fact: Fact,
  crd: { readonly group: string; readonly plural: string },
  audience: Audience,
): readonly Evidence[] {
  switch (fact.kind) {
    case "object-rejected":
    case "object-pruned":
    case "objects-not-all-checked":
    case "objects-unchecked":
    case "objects-known-in-outline":
    case "object-rules-failed":
    case "object-rules-unevaluated":
      return liveObjectsEvidence(fact, crd, audience);
    case "required-version-unserved":
    case "required-resource-deleted":
      return workloads(
        fact.hurt.map(({ need, after }) => ({ ref: need.workload, evidence: needEvidence(need, after) })),
        audience,
      );
    case "requirement-unsure":
      return workloads(
        fact.hurt.map(({ need, after }) => ({
          ref: need.workload,
          evidence: needEvidence(need, fact.doubt === "unknown-version" ? null : after),
        })),
        audience,
      );
    case "workload-requirement-unmet":
      return fact.unmet.map(apiEvidence);
    case "declaration-unreadable":
      return workloads(
        fact.declarations.map(({ workload, key, value, problem }) => ({
          ref: workload,
          evidence: {
            kind: "workload",
            workload: nameOf(workload),
            image: null,
            source: `annotation ${shown(key)}: "${shown(value)}": ${shown(problem)}`,
            outcome: null,
            effect: null,
          },
        })),
        audience,
      );
    case "stored-version-removed":
    case "objects-deleted":
    case "conversion-removed":
    case "conversion-unreachable":
      return objects(fact.objects, crd, audience);
    case "stored-version-forgotten":
      return storedObjects(fact, crd, audience);
    case "version-in-use-unserved":
      return audience.mayName(objectsEverywhere(crd))
        ? fact.writers.map(writerEvidence)
        : [{ kind: "hidden-writers", count: fact.writers.length }];
    case "schema-narrowed":
    case "versions-apart":
      return fact.causes.map((change) => ({
        kind: "schema-change",
        change: change.kind,
        path: "path" in change ? shown(change.path) : "",
        effect: changeEffect(change),
        text: fact.kind === "schema-narrowed" && fact.causes.length === 1 ? null : changePhrase(change),
      }));
    case "writers-unknown":
    case "version-renamed":
    case "names-gone":
    case "schemas-unknown":
    case "conversion-unknown":
    case "bundle-downgraded":
    case "storage-version-downgraded":
    case "owner-changed":
      return [];
  }
}

/** One line for people; null for evidence that the sentence has told already. */
export function evidenceLine(evidence: Evidence): string | null {
  switch (evidence.kind) {
    case "rejected-objects":
    case "lost-field":
    case "failed-rule":
    case "unevaluated-rule":
    case "more-causes":
      return liveObjectsLine(evidence);
    case "workload": {
      const known = evidence.image === null ? evidence.source : `image ${withShortDigest(evidence.image)}; ${evidence.source}`;
      const outcome = evidence.outcome === null ? "" : `: ${outcomeClause(evidence.outcome, evidence.effect)}`;
      return `${evidence.workload} (${known})${outcome}`;
    }
    case "api":
      return (
        `${listOf(evidence.versions.map(quoted), "or")} of ${evidence.crd}, ${statePhrase(evidence.state)} (${evidence.source}): ` +
        outcomePhrase(evidence.outcome, false)
      );
    case "hidden-workloads":
      return `${countOf(evidence.count, "workload")} in namespaces that you may not list`;
    case "objects":
    case "unproven-objects": {
      if (evidence.examples.length === 0) return null;
      const more = evidence.count - evidence.examples.length;
      const rest = more > 0 ? [`${evidence.isComplete ? "" : "at least "}${numberOf(more)} more`] : [];
      return [...evidence.examples, ...rest].join(", ");
    }
    case "writer": {
      const part = evidence.isSubresourceOnly ? "status or scale of " : "";
      const time = evidence.lastWrittenAt === null ? "" : `, last at ${evidence.lastWrittenAt}`;
      return `${evidence.name}: ${part}${countOf(evidence.count, "object")}${time}`;
    }
    case "hidden-writers":
      return `${countOf(evidence.count, "field manager")}, whose ${evidence.count === 1 ? "name is" : "names are"} for those who may list these objects`;
    case "schema-change":
      return evidence.text;
  }
}

/** The first twelve digits tell as much to a reader as all of them. */
function withShortDigest(image: string): string {
  return image.replace(/(?<start>@[a-z0-9]+:[0-9a-f]{12})[0-9a-f]+$/, "$<start>…");
}

function workloads(
  items: readonly { readonly ref: WorkloadRef; readonly evidence: Evidence }[],
  audience: Audience,
): readonly Evidence[] {
  const visible = items.filter(({ ref }) => audience.mayName(workloadThings(ref)));
  const hiddenCount = items.length - visible.length;
  return [
    ...visible.map(({ evidence }) => evidence),
    ...(hiddenCount > 0 ? [{ kind: "hidden-workloads", count: hiddenCount } as const] : []),
  ];
}

function needEvidence(need: Need, outcome: Outcome | null): Evidence {
  return {
    kind: "workload",
    workload: nameOf(need.workload),
    image: need.source.kind === "catalog" ? shown(need.source.image) : null,
    source: sourceOf(need),
    outcome,
    effect: outcome === null ? null : effectOf(need, outcome),
  };
}

function apiEvidence({ need, after, stateAfter }: HurtWorkload): Evidence {
  return {
    kind: "api",
    crd: shown(crdNameOf(need.requirement)),
    versions: need.requirement.versions.map(shown),
    state: stateAfter,
    source: sourceOf(need),
    outcome: after,
    effect: effectOf(need, after),
  };
}

function outcomeClause(outcome: Outcome, effect: string | null): string {
  return effect === null ? outcomePhrase(outcome, true) : `${outcomePhrase(outcome, true)}; it ${shown(effect)}`;
}

/** Where a need is known from, and how surely. */
export function sourceOf({ source, certainty }: Pick<Need, "source" | "certainty">): string {
  switch (source.kind) {
    case "annotation":
      return `annotation ${source.key}${doubtOf(certainty)}`;
    case "api-requirement": {
      const reason = source.reason === null ? "" : ` (${shown(source.reason)})`;
      return `APIRequirement ${shown(source.name)}${reason}${doubtOf(certainty)}`;
    }
    case "cluster-service-version":
      return `ClusterServiceVersion ${shown(source.name)}${doubtOf(certainty)}`;
    case "catalog":
      return certainty.kind === "unknown-version"
        ? `catalog: ${source.controller}, version unknown`
        : `catalog: ${source.controller} ${source.versionRange}${doubtOf(certainty)}`;
  }
}

function doubtOf(certainty: Certainty): string {
  switch (certainty.kind) {
    case "known":
    case "unknown-version":
      return "";
    case "assumed":
      return `, taking ${shown(certainty.condition)} for granted`;
    case "conditional":
      return `, if ${shown(certainty.condition)}`;
    case "unconfirmed":
      return ", of low confidence";
    case "replaced":
      return ", until it is replaced";
  }
}

function objects(
  evidence: ObjectEvidence,
  crd: { readonly group: string; readonly plural: string },
  audience: Audience,
): readonly Evidence[] {
  if (evidence.kind !== "counted") return [];
  const mayName = (namespace: string): boolean => audience.mayName({ group: crd.group, resource: crd.plural, namespace });
  const namespaces = [...evidence.byNamespace].filter(([namespace]) => namespace !== "" && mayName(namespace));
  return [
    {
      kind: "objects",
      count: evidence.total,
      isComplete: evidence.isComplete,
      namespaces: Object.fromEntries(
        namespaces.toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([name, count]) => [shown(name), count]),
      ),
      examples: namesOf(evidence.examples, crd, audience),
    },
  ];
}

/** Of those that exist, the ones that stand in the way are told by name, and no others. */
function storedObjects(
  { objects: evidence, migration }: Extract<Fact, { kind: "stored-version-forgotten" }>,
  crd: { readonly group: string; readonly plural: string },
  audience: Audience,
): readonly Evidence[] {
  const all = objects(evidence, crd, audience);
  if (migration.kind !== "unproven") return all;
  return [
    ...all.map((each) => (each.kind === "objects" ? { ...each, examples: [] } : each)),
    {
      kind: "unproven-objects",
      count: migration.unprovenCount,
      isComplete: migration.isComplete,
      examples: namesOf(migration.examples, crd, audience),
    },
  ];
}

function namesOf(
  examples: readonly ObjectRef[],
  { group, plural }: { readonly group: string; readonly plural: string },
  audience: Audience,
): readonly string[] {
  return examples
    .filter(({ namespace }) => audience.mayName({ group, resource: plural, namespace }))
    .map(({ namespace, name }) => shown(namespace === "" ? name : `${namespace}/${name}`));
}

function writerEvidence({ kind, name, version, objectCount, isSubresourceOnly, lastWrittenAt }: Writer): Evidence {
  return {
    kind: "writer",
    writer: kind,
    name: shown(name),
    version: shown(version),
    count: objectCount,
    isSubresourceOnly,
    lastWrittenAt: lastWrittenAt === null ? null : shown(lastWrittenAt),
  };
}

function nameOf(ref: WorkloadRef): string {
  return shown(workloadName(ref));
}
