/** @file A change of a schema → words: what could be written before, and what becomes of it. */
import { exactJsonText } from "../crd/exact-json.ts";
import { readsOldSelf } from "../crd/schema/cel-text.ts";
import type { CelRule } from "../crd/schema/schema.ts";
import type { Bound, Count, CountKind, FormChange, SchemaChange, TypeForm } from "../crd/schema/schema-change.ts";
import type { SchemaFact, SchemaRemedy } from "../rules/finding.ts";
import { countOf, listOf, numberOf, quoted, shown } from "./text.ts";

/** One sentence without a full stop. */
export function schemaMessage(fact: SchemaFact): string {
  switch (fact.kind) {
    case "schema-narrowed": {
      const [first, ...others] = fact.causes;
      const versions = listOf(fact.versions.map(quoted));
      return others.length === 0
        ? `in ${versions}, ${changePhrase(first)}`
        : `${versions} would take less than today: ${sums(fact.causes)}`;
    }
    case "versions-apart":
      return (
        `what is written in ${quoted(fact.writtenIn)} would not all fit ${quoted(fact.readIn)}, and nothing converts between them: ` +
        apart(fact.causes)
      );
    case "version-renamed":
      return `${quoted(fact.from)} would go on as ${quoted(fact.to)}, with the very same schema: writes in ${quoted(fact.from)} fail, and need another apiVersion, no more`;
    case "names-gone":
      return `${listOf(fact.names.map(quoted))} would no longer name its objects: commands and scripts that say so would fail`;
    case "schemas-unknown":
      return `whether ${listOf(fact.versions.map(quoted))} would take less than today is not known: the schemas of today are not`;
  }
}

/** As a clause: what would be, of one place. */
export function changePhrase(change: FormChange): string {
  switch (change.kind) {
    case "field-removed":
      return `${placeOf(change)} would be gone: what clients set there would be dropped without a word`;
    case "field-added":
      return change.wasPreserved
        ? `${placeOf(change)}, where anything was kept, would be checked`
        : `${placeOf(change)} would be new`;
    case "type":
    case "int-or-string":
      if (change.after === null) return `${placeOf(change)} would be anything, not only ${typeWord(change.before)}`;
      return `${placeOf(change)} would have to be ${typeWord(change.after)}, ${change.before === null ? "where anything is taken today" : `no longer ${typeWord(change.before)}`}`;
    case "required-added":
      return `${placeOf(change)} would be required: objects without it would be refused`;
    case "enum":
      return enumPhrase(change);
    case "minimum":
      return `${placeOf(change)} would have to be ${boundWords(change.after, "above", "at least")} (today: ${boundWords(change.before, "above", "at least")})`;
    case "maximum":
      return `${placeOf(change)} would have to be ${boundWords(change.after, "below", "at most")} (today: ${boundWords(change.before, "below", "at most")})`;
    case "min-length":
    case "max-length":
    case "min-items":
    case "max-items":
    case "min-properties":
    case "max-properties":
    case "multiple-of":
      return countPhrase(change);
    case "pattern":
      return change.after === null
        ? `${placeOf(change)} would have no pattern`
        : `${placeOf(change)} would have to match ${shown(change.after)}${change.before === null ? "" : `, no longer ${shown(change.before)}`}`;
    case "format":
      return change.after === null
        ? `${placeOf(change)} would have no format`
        : `${placeOf(change)} would have to be of the format ${quoted(change.after)}`;
    case "nullable":
      return `${placeOf(change)} would ${change.after ? "take" : "no longer take"} null`;
    case "preserve-unknown-fields":
      return change.after
        ? `${placeOf(change)} would keep fields that it does not know`
        : `${placeOf(change)} would no longer keep fields that it does not know: they would be dropped without a word`;
    case "unique-items":
      return `${placeOf(change)} would take ${change.after ? "no item" : "items"} twice`;
    case "default":
      if (change.after !== undefined) return `${placeOf(change)} would be ${jsonWord(change.after)} where nobody sets it`;
      return change.isRequired
        ? `${placeOf(change)}, which is required, would have no default: objects without it would be refused`
        : `${placeOf(change)} would have no default`;
    case "additional-properties":
      return additionalPhrase(change);
    case "embedded-resource":
      if (change.after) return `${placeOf(change)} would have to be an object with apiVersion and kind`;
      return `${placeOf(change)} would no longer be known for an object${change.keepsMetadata ? "" : ": its apiVersion, kind and metadata would be dropped without a word"}`;
    case "items":
      return `items of ${placeOf(change)} would ${change.after === null ? "no longer " : ""}be checked`;
    case "list-type":
      return listTypePhrase(change);
    case "list-map-keys":
      return `no two items of ${placeOf(change)} could be alike in ${listOf(change.after.map(quoted))} (today: ${listOf(change.before.map(quoted))})`;
    case "all-of":
    case "any-of":
    case "one-of":
    case "not":
      return `${placeOf(change)} would have to meet other conditions than today (${JUNCTORS[change.kind]})`;
    case "cel-rule-added":
      return `${rulePlace(change, change.after)} would have to meet a new rule: ${ruleWords(change.after)}`;
    case "cel-rule-changed":
      return `${rulePlace(change, change.after)} would have to meet another rule than today: ${ruleWords(change.after)}`;
    case "unhandled":
      return `${placeOf(change)} would be told otherwise by ${quoted(change.keyword)}, which crdguard does not know`;
    case "status-subresource":
      return change.after
        ? "there would be a /status: the status in what is written elsewhere would be ignored without a word"
        : "/status would be gone: who writes the status there fails";
    case "scale-subresource":
      if (change.after === null) return "/scale would be gone: kubectl scale and autoscalers fail";
      return change.before === null ? "there would be a /scale" : "/scale would read and write other fields than today";
    case "selectable-field-removed":
      return `field selectors could no longer name ${shown(change.jsonPath)}: requests that do would fail`;
    case "selectable-field-added":
      return `field selectors could name ${shown(change.jsonPath)}`;
    case "required-removed":
      return `${placeOf(change)} would no longer be required`;
    case "map-type":
      return `${placeOf(change)} would be applied ${change.after === "atomic" ? "as a whole" : "member by member"}`;
    case "cel-rule-removed":
      return `${rulePlace(change, change.before)} would no longer have to meet: ${ruleWords(change.before)}`;
    case "cel-rule-reworded":
      return `a rule of ${placeOf(change)} would be told in other words`;
    case "documentation":
      return `${placeOf(change)} would be described otherwise`;
    case "printer-columns":
      return "kubectl get would print other columns";
    case "deprecated":
      return change.after ? "it would be deprecated" : "it would no longer be deprecated";
  }
}

/** What becomes of what clients write as before. */
export type ChangeEffect = "dropped" | "refused" | "gone";

export function changeEffect(change: FormChange): ChangeEffect {
  switch (change.kind) {
    case "field-removed":
    case "preserve-unknown-fields":
      return "dropped";
    case "additional-properties":
      return change.after === null ? "dropped" : "refused";
    case "embedded-resource":
      return change.after ? "refused" : "dropped";
    case "status-subresource":
      return change.after ? "dropped" : "gone";
    case "scale-subresource":
    case "selectable-field-removed":
      return "gone";
    default:
      return "refused";
  }
}

export function schemaRemedyTitle(remedy: SchemaRemedy): string {
  switch (remedy.kind) {
    case "keep-schema":
      return `keep in ${listOf(remedy.versions.map(quoted))} what ${remedy.versions.length === 1 ? "it takes" : "they take"} today, and serve the stricter form as a new version`;
    case "leave-optional":
      return `leave ${shown(remedy.path)} optional, or give it a default`;
    case "align-versions":
      return `say the same in the schemas of ${listOf(remedy.versions.map(quoted))}, or convert between them by a webhook`;
    case "keep-names":
      return `keep ${listOf(remedy.names.map(quoted))} in spec.names`;
    case "compare-with-schemas":
      return "compare with the cluster itself, by --against live, or with a snapshot that was taken by crdguard snapshot --objects: the schemas are left out of what you compare with";
  }
}

type Of<Kind> = Extract<SchemaChange, { readonly kind: Kind }>;

function placeOf({ path }: Pick<SchemaChange, "path">): string {
  return path === "" ? "the object" : shown(path);
}

/** `3 fields are dropped, 2 places are stricter`, worst first. */
function sums(causes: readonly FormChange[]): string {
  const count = (effect: ChangeEffect): number => causes.filter((change) => changeEffect(change) === effect).length;
  const [dropped, refused, gone] = [count("dropped"), count("refused"), count("gone")];
  return listOf([
    ...(dropped === 0 ? [] : [`what clients set in ${countOf(dropped, "place")} would be dropped without a word`]),
    ...(refused === 0 ? [] : [`${countOf(refused, "place")} would be stricter`]),
    ...(gone === 0 ? [] : [`${countOf(gone, "way")} to use it would be gone`]),
  ]);
}

/** So many places are named in the sentence; evidence has them all. */
const MAX_NAMED = 2;

function apart(causes: readonly FormChange[]): string {
  const paths = (effect: ChangeEffect): string => {
    const all = [
      ...new Set(
        causes.filter((change) => changeEffect(change) === effect).map((change) => ("path" in change ? placeOf(change) : "")),
      ),
    ];
    return listOf([...all.slice(0, MAX_NAMED), ...(all.length > MAX_NAMED ? [`${numberOf(all.length - MAX_NAMED)} more`] : [])]);
  };
  const [dropped, refused] = [paths("dropped"), paths("refused")];
  return listOf([
    ...(dropped === "" ? [] : [`${dropped} would be lost there`]),
    ...(refused === "" ? [] : [`${refused} could be refused there`]),
  ]);
}

function typeWord(type: TypeForm): string {
  switch (type) {
    case null:
      return "anything";
    case "int-or-string":
      return "an integer or a string";
    case "array":
      return "a list";
    case "integer":
    case "object":
      return `an ${type}`;
    case "null":
      return "null";
    case "boolean":
    case "number":
    case "string":
      return `a ${type}`;
  }
}

function enumPhrase(change: Of<"enum">): string {
  const { before, after } = change;
  if (after === null) return `${placeOf(change)} would take any value`;
  const allowed = new Set(after.map(exactJsonText));
  const removed = before?.filter((value) => !allowed.has(exactJsonText(value))) ?? [];
  if (before === null) return `${placeOf(change)} would take ${values(after)} alone`;
  if (removed.length > 0) return `${placeOf(change)} would no longer take ${values(removed)}`;
  return `${placeOf(change)} would take more values`;
}

function values(of: readonly unknown[]): string {
  const words = of.slice(0, MAX_VALUES).map(jsonWord);
  return listOf(of.length > MAX_VALUES ? [...words, `${numberOf(of.length - MAX_VALUES)} more`] : words, "or");
}

const MAX_VALUES = 5;

function jsonWord(value: unknown): string {
  return shown(exactJsonText(value));
}

function boundWords(bound: Bound | null, exclusive: string, inclusive: string): string {
  return bound === null ? "any" : `${bound.isExclusive ? exclusive : inclusive} ${String(bound.value)}`;
}

function countPhrase({ path, kind, before, after }: Of<CountKind>): string {
  const today = before === null ? "" : ` (today: ${String(before)})`;
  const place = placeOf({ path });
  if (after === null) return `${place} would have no ${kind}`;
  if (kind === "multiple-of") return `${place} would have to be a multiple of ${String(after)}${today}`;
  const word = kind.startsWith("min") ? "at least" : "at most";
  return `${place} would have to have ${word} ${nounOf(kind, after)}${today}`;
}

function nounOf(kind: Exclude<CountKind, "multiple-of">, count: Count): string {
  const noun = kind.endsWith("length") ? "character" : kind.endsWith("items") ? "item" : "member";
  return `${String(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function additionalPhrase(change: Of<"additional-properties">): string {
  if (change.after === false) return `${placeOf(change)} would refuse members that it does not name`;
  if (change.after === null) {
    return change.isPreserved
      ? `members of ${placeOf(change)} would no longer be checked`
      : `${placeOf(change)} would no longer take members of any name: those that it does not know would be dropped without a word`;
  }
  return `members of ${placeOf(change)} of any name would be ${change.wasPreserved ? "checked" : "taken"}`;
}

function listTypePhrase(change: Of<"list-type">): string {
  switch (change.after) {
    case "set":
      return `${placeOf(change)} would take no item twice`;
    case "map":
      return `${placeOf(change)} would take no two items with the same keys`;
    case "atomic":
    case null:
      return `${placeOf(change)} would take any items, and be applied as a whole`;
  }
}

/** As the schema has them. */
const JUNCTORS = { "all-of": "allOf", "any-of": "anyOf", "one-of": "oneOf", not: "not" } as const;

/** A rule that reads the old value is about changes of it. */
function rulePlace(change: Pick<SchemaChange, "path">, { rule }: CelRule): string {
  return readsOldSelf(rule) ? `updates of ${placeOf(change)}` : placeOf(change);
}

function ruleWords({ message, rule }: CelRule): string {
  return shown(message ?? rule.trim());
}
