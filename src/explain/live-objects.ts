/** @file Words about live objects: what the new schemas would refuse of them, and what of them would be lost. */
import type { FitExample, ObjectRef } from "../rules/facts.ts";
import type { LiveObjectsFact, LookSize, Remedy } from "../rules/finding.ts";
import type { Audience } from "./audience.ts";
import { countOf, listOf, numberOf, quoted, shellWord, shown } from "./text.ts";

/** An object that a reader may see; `value` as JSON, or null where it may be a secret, or is not known. */
export interface ExampleEvidence {
  /** `namespace/name` or `name`. */
  readonly object: string;
  /** With indexes. */
  readonly path: string;
  readonly value: string | null;
}

/** Counts are of objects, and lower bounds where `isComplete` is false. */
export type LiveObjectsEvidence =
  | {
      readonly kind: "rejected-objects";
      readonly versions: readonly string[];
      readonly path: string;
      readonly message: string;
      readonly count: number;
      readonly isComplete: boolean;
      readonly examples: readonly ExampleEvidence[];
    }
  | {
      readonly kind: "lost-field";
      readonly versions: readonly string[];
      readonly path: string;
      readonly count: number;
      readonly isComplete: boolean;
      readonly examples: readonly ExampleEvidence[];
    }
  | {
      readonly kind: "failed-rule";
      readonly version: string;
      readonly path: string;
      readonly rule: string;
      readonly message: string;
      readonly count: number;
      readonly isComplete: boolean;
      readonly examples: readonly ExampleEvidence[];
    }
  | {
      readonly kind: "unevaluated-rule";
      readonly version: string;
      readonly path: string;
      readonly rule: string;
      readonly reason: string;
    }
  /** What there was no room for. */
  | {
      readonly kind: "more-causes";
      readonly of: "rejected-objects" | "lost-field" | "failed-rule" | "unevaluated-rule";
      readonly count: number;
    };

interface Resource {
  readonly group: string;
  readonly plural: string;
}

/** One sentence without a full stop, and without names. */
export function liveObjectsMessage(fact: LiveObjectsFact): string {
  switch (fact.kind) {
    case "object-rejected": {
      const [first] = fact.causes;
      const count = fact.causes.length + fact.otherCauseCount;
      const versions = [...new Set(fact.causes.flatMap((cause) => cause.versions))];
      const why = count === 1 ? `: ${pathOf(first.path)} ${shown(first.message)}` : ` for ${numberOf(count)} causes`;
      return (
        `${schemaOf(versions)} would refuse ${ofObjects(fact.objectCount, fact.look)}${why}; ` +
        (fact.isRatcheted
          ? "an update that leaves that part alone passes, but to change it, to create such objects anew or to restore them fails"
          : "no write of them passes any more, be it of labels, the status or a finalizer, until that part is of the new form")
      );
    }
    case "object-pruned": {
      const [first] = fact.fields;
      const count = fact.fields.length + fact.otherFieldCount;
      const versions = [...new Set(fact.fields.flatMap((field) => field.versions))];
      const what = count === 1 ? pathOf(first.path) : `${pathOf(first.path)} and ${countOf(count - 1, "more field")}`;
      const knows = `${schemaOf(versions)} does not know ${count === 1 ? "it" : "them"}`;
      const it = count === 1 ? "it is" : "they are";
      return (
        `${what} would be lost from ${ofObjects(fact.objectCount, fact.look, fact.look.outline !== undefined && count > 1)}: ${knows}; ` +
        (fact.role === "stored"
          ? `${it} gone from what is read at once, and for good with the next write of each object`
          : `${it} gone for good with the next write in ${versions.length === 1 ? "that version" : "one of these versions"}`)
      );
    }
    case "objects-not-all-checked":
      return `${checkedOf(fact.look)}: what the others would come to is not known`;
    case "objects-unchecked":
      return `whether live objects fit the new schemas is not known: ${shown(fact.reason)}`;
    case "objects-known-in-outline":
      return (
        "whether live objects fit the new schemas is not wholly known: the snapshot tells which fields they set, and neither values " +
        "nor keys of maps, so that of what would be refused nothing is said"
      );
    case "object-rules-failed": {
      const count = fact.rules.length + fact.otherRuleCount;
      return `${ofObjects(fact.rules[0].objectCount, fact.look, count > 1)} would fail ${count === 1 ? "a rule" : countOf(count, "rule")} of x-kubernetes-validations, by an evaluation that is not the API server's own`;
    }
    case "object-rules-unevaluated":
      return `${countOf(fact.rules.length + fact.otherRuleCount, "rule")} of the new schemas could not be tried on live objects`;
  }
}

export function liveObjectsEvidence(fact: LiveObjectsFact, crd: Resource, audience: Audience): readonly LiveObjectsEvidence[] {
  switch (fact.kind) {
    case "object-rejected": {
      const { isComplete } = fact.look;
      return [
        ...fact.causes.map(
          ({ versions, path, message, objectCount, examples }) =>
            ({
              kind: "rejected-objects",
              versions: versions.map(shown),
              path: shown(path),
              message: shown(message),
              count: objectCount,
              isComplete,
              examples: examplesFor(examples, crd, audience),
            }) as const,
        ),
        ...moreOf("rejected-objects", fact.otherCauseCount),
      ];
    }
    case "object-pruned": {
      const { isComplete } = fact.look;
      return [
        ...fact.fields.map(
          ({ versions, path, objectCount, examples }) =>
            ({
              kind: "lost-field",
              versions: versions.map(shown),
              path: shown(path),
              count: objectCount,
              isComplete,
              examples: examplesFor(examples, crd, audience),
            }) as const,
        ),
        ...moreOf("lost-field", fact.otherFieldCount),
      ];
    }
    case "object-rules-failed": {
      const { isComplete } = fact.look;
      return [
        ...fact.rules.map(
          ({ version, path, rule, message, objectCount, examples }) =>
            ({
              kind: "failed-rule",
              version: shown(version),
              path: shown(path),
              rule: shown(rule),
              message: shown(message),
              count: objectCount,
              isComplete,
              examples: examplesFor(examples, crd, audience),
            }) as const,
        ),
        ...moreOf("failed-rule", fact.otherRuleCount),
      ];
    }
    case "object-rules-unevaluated":
      return [
        ...fact.rules.map(
          ({ version, path, rule, reason }) =>
            ({
              kind: "unevaluated-rule",
              version: shown(version),
              path: shown(path),
              rule: shown(rule),
              reason: shown(reason),
            }) as const,
        ),
        ...moreOf("unevaluated-rule", fact.otherRuleCount),
      ];
    case "objects-not-all-checked":
    case "objects-unchecked":
    case "objects-known-in-outline":
      return [];
  }
}

/** One line for people. */
export function liveObjectsLine(evidence: LiveObjectsEvidence): string {
  switch (evidence.kind) {
    case "rejected-objects":
      return `${evidence.path} ${evidence.message}: ${objectsOf(evidence)}, in ${listOf(evidence.versions)}${examplesOf(evidence)}`;
    case "lost-field":
      return `${evidence.path}: ${objectsOf(evidence)}${examplesOf(evidence)}`;
    case "failed-rule":
      return `${evidence.version} ${placeOf(evidence.path)}: ${evidence.message} (${evidence.rule}): ${objectsOf(evidence)}${examplesOf(evidence)}`;
    case "unevaluated-rule":
      return `${evidence.version} ${placeOf(evidence.path)}: ${evidence.rule}: ${evidence.reason}`;
    case "more-causes":
      return `and ${numberOf(evidence.count)} more`;
  }
}

type LiveObjectsRemedy = Extract<
  Remedy,
  { kind: "correct-objects" | "take-out-fields" | "keep-accepting" | "keep-field" | "back-up-first" }
>;

export function liveObjectsTitle(remedy: Exclude<LiveObjectsRemedy, { kind: "back-up-first" }>): string {
  switch (remedy.kind) {
    case "correct-objects":
      return "correct these objects first, by whoever writes them, so that both schemas take them; to see what they hold";
    case "take-out-fields":
      return "do without: take the field out of these objects first, by whoever sets it, then apply your change again; to see who has it";
    case "keep-accepting":
      return `keep accepting ${pathOf(remedy.path)} as it is, in the new schema of ${listOf(remedy.versions.map(quoted))}`;
    case "keep-field":
      return `keep ${pathOf(remedy.path)} in the new schema of ${listOf(remedy.versions.map(quoted))}, or apply a release or channel that has it`;
  }
}

/** A column of kubectl's; null for a path that its JSONPath has no simple word for. */
export function columnOf(path: string): string | null {
  return /^[\w-]+(?:\[\])*(?:\.[\w-]+(?:\[\])*)*$/.test(path)
    ? shellWord(`NAMESPACE:.metadata.namespace,NAME:.metadata.name,FIELD:.${path.replaceAll("[]", "[*]")}`)
    : null;
}

function examplesFor(
  examples: readonly FitExample[],
  { group, plural }: Resource,
  audience: Audience,
): readonly ExampleEvidence[] {
  return examples
    .filter(({ object }) => audience.mayName({ group, resource: plural, namespace: object.namespace }))
    .map(({ object, path, value }) => ({
      object: nameOf(object),
      path: shown(path),
      value: value === null ? null : shown(value),
    }));
}

function nameOf({ namespace, name }: ObjectRef): string {
  return shown(namespace === "" ? name : `${namespace}/${name}`);
}

function moreOf(of: Extract<LiveObjectsEvidence, { kind: "more-causes" }>["of"], count: number): readonly LiveObjectsEvidence[] {
  return count === 0 ? [] : [{ kind: "more-causes", of, count }];
}

function schemaOf(versions: readonly string[]): string {
  return `the new schema of ${listOf(versions.map(quoted))}`;
}

function pathOf(path: string): string {
  return path === "" ? "the object" : quoted(path);
}

function placeOf(path: string): string {
  return path === "" ? "(whole object)" : path;
}

/** `2 of 12 objects`; of a look that was cut short, what was looked at. */
function ofObjects(count: number, look: LookSize, isLeast = false): string {
  const atLeast = isLeast || !look.isComplete ? "at least " : "";
  if (look.isComplete) return `${atLeast}${numberOf(count)} of ${countOf(look.objectCount, "object")}${whenOf(look)}`;
  return `${atLeast}${countOf(count, "object")} (checked ${sizeOf(look)})`;
}

function checkedOf(look: LookSize): string {
  if (look.objectCount === 0) return `no object could be checked in ${secondsOf(look)}`;
  return `checked ${sizeOf(look)}, and found nothing that would be refused or lost`;
}

/** `4,000 of about 12,000 in 3.0 s`. */
function sizeOf(look: LookSize): string {
  const total = look.totalCount === null ? "" : ` of about ${numberOf(look.totalCount)}`;
  return `${numberOf(look.objectCount)}${total} in ${secondsOf(look)}`;
}

function secondsOf({ seconds }: LookSize): string {
  return `${seconds.toFixed(1)} s`;
}

function whenOf({ source }: LookSize): string {
  switch (source.kind) {
    case "cluster":
      return "";
    case "folder":
      return "";
    case "snapshot":
      return " of when the snapshot was taken";
  }
}

function objectsOf({ count, isComplete }: { readonly count: number; readonly isComplete: boolean }): string {
  return `${isComplete ? "" : "at least "}${countOf(count, "object")}`;
}

/** The first one with what it holds, the others by name. */
function examplesOf({ count, examples }: { readonly count: number; readonly examples: readonly ExampleEvidence[] }): string {
  const [first, ...others] = examples;
  if (first === undefined) return "";
  const more = count - examples.length;
  const named = [
    first.value === null ? first.object : `${first.object} has ${first.value}`,
    ...others.map(({ object }) => object),
    ...(more > 0 ? [`${numberOf(more)} more`] : []),
  ];
  return `: ${named.join(", ")}`;
}
