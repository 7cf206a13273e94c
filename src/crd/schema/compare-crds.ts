/** @file What changed between two definitions: in each version that both list, and in both as a whole. */
import { canonicalText } from "../canonical-text.ts";
import type { Crd, CrdVersion, VersionForm, WrittenSchema } from "../crd.ts";
import { findVersion } from "../versions.ts";
import { compareSchemas } from "./compare-schemas.ts";
import { readSchema } from "./read-schema.ts";
import type { DefinitionChange, FormChange, VersionChange } from "./schema-change.ts";

export function compareForms(before: VersionForm, after: VersionForm): readonly FormChange[] {
  return [...compareWritten(before.schema, after.schema), ...compareViews(before, after)];
}

/** Reads neither where they are alike as written, which costs nothing for texts of one review. */
function compareWritten(before: WrittenSchema, after: WrittenSchema): readonly FormChange[] {
  if (before === after || (before.kind === "json" && after.kind === "json" && before.text === after.text)) return [];
  const known = compared.get(before)?.get(after);
  if (known !== undefined) return known;
  const changes = compareSchemas(readSchema(before), readSchema(after));
  const others = compared.get(before) ?? new WeakMap<WrittenSchema, readonly FormChange[]>();
  compared.set(before, others.set(after, changes));
  return changes;
}

/** A plan asks for the same again and again. */
const compared = new WeakMap<WrittenSchema, WeakMap<WrittenSchema, readonly FormChange[]>>();

function compareViews(before: VersionForm, after: VersionForm): readonly VersionChange[] {
  const changes: VersionChange[] = [];
  if (before.hasStatus !== after.hasStatus)
    changes.push({ kind: "status-subresource", before: before.hasStatus, after: after.hasStatus });
  if (before.scale !== after.scale) changes.push({ kind: "scale-subresource", before: before.scale, after: after.scale });
  for (const jsonPath of without(before.selectableFields, after.selectableFields))
    changes.push({ kind: "selectable-field-removed", jsonPath });
  for (const jsonPath of without(after.selectableFields, before.selectableFields))
    changes.push({ kind: "selectable-field-added", jsonPath });
  if (canonicalText(before.printerColumns) !== canonicalText(after.printerColumns))
    changes.push({ kind: "printer-columns", before: before.printerColumns, after: after.printerColumns });
  if (before.isDeprecated !== after.isDeprecated)
    changes.push({ kind: "deprecated", before: before.isDeprecated, after: after.isDeprecated });
  return changes;
}

export function compareDefinitions(before: Crd, after: Crd): readonly DefinitionChange[] {
  const changes: DefinitionChange[] = [];
  if (canonicalText(before.conversion) !== canonicalText(after.conversion))
    changes.push({ kind: "conversion", before: before.conversion, after: after.conversion });
  if (before.scope !== after.scope) changes.push({ kind: "scope", before: before.scope, after: after.scope });
  const removed = without(namesOf(before), namesOf(after));
  const added = without(namesOf(after), namesOf(before));
  if (removed.length > 0 || added.length > 0) changes.push({ kind: "names", removed, added });
  return changes;
}

export interface RenamedVersion {
  readonly from: CrdVersion;
  readonly to: CrdVersion;
}

/**
 * Versions that are gone, of which another one that is new has the very schema, but for documentation: objects need nothing but another
 * `apiVersion`. Each new one stands for one that is gone.
 */
export function renamedVersions(previous: Crd, next: Crd): readonly RenamedVersion[] {
  const fresh = next.versions.filter(({ name }) => findVersion(previous, name) === null);
  return previous.versions
    .filter(({ name }) => findVersion(next, name) === null)
    .flatMap((from) => {
      const index = fresh.findIndex((to) => isRenamed(from, to));
      const [to] = index === -1 ? [] : fresh.splice(index, 1);
      return to === undefined ? [] : [{ from, to }];
    });
}

function isRenamed({ form: before }: CrdVersion, { form: after }: CrdVersion): boolean {
  return before !== undefined && after !== undefined && isSameSchema(before.schema, after.schema);
}

/** But for documentation: whatever is said to whom, the same objects are taken, and kept as a whole. */
export function isSameSchema(left: WrittenSchema, right: WrittenSchema): boolean {
  return compareWritten(left, right).every(({ kind }) => kind === "documentation" || kind === "cel-rule-reworded");
}

function namesOf({ kind, plural, otherNames }: Crd): readonly string[] {
  return [kind, plural, ...otherNames];
}

function without(items: readonly string[], others: readonly string[]): readonly string[] {
  return [...new Set(items)].filter((item) => !others.includes(item));
}
