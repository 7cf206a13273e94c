/** @file Finds what clients could write, read or do in a version, and no longer can by its new schema. */
import type { Crd, CrdVersion, VersionForm } from "../../crd/crd.ts";
import { compareDefinitions, compareForms, renamedVersions } from "../../crd/schema/compare-crds.ts";
import { directionOf } from "../../crd/schema/direction.ts";
import { changeKey, changePlace } from "../../crd/schema/same-change.ts";
import type { FormChange } from "../../crd/schema/schema-change.ts";
import { findVersion } from "../../crd/versions.ts";
import type { RuleFinding, SchemaRemedy } from "../finding.ts";
import { defineRule } from "../rule.ts";

/**
 * The API server takes any schema, drops what the new one does not know without a word, and refuses what it no longer allows: which
 * clients learn one by one. Only versions that are served before and after are compared, and of the new definition those that clients
 * may mix, since nothing converts between them. What widens, or changes no object's fate, is not told.
 * Source: Kubernetes, "Versions in CustomResourceDefinitions" and "Extend the Kubernetes API with CustomResourceDefinitions", sections
 * on field pruning and validation; cilium/cilium#35562 and envoyproxy/gateway#4059.
 */
export const schemaNarrowed = defineRule({
  id: "schema-narrowed",
  defaultEnforcement: "warn",
  evidence: (change) => (change.kind === "update" && isComparable(change.previous, change.next) ? ["forms"] : []),
  find({ change }) {
    if (change.kind !== "update") return [];

    const { previous, next } = change;
    const pairs = lasting(previous, next);
    const narrowed = pairs.map(({ name, before, after }) => ({ name, causes: narrowing(before, after) }));
    return [
      ...narrowings(narrowed),
      ...divergences(previous, next, new Map(narrowed.map(({ name, causes }) => [name, new Set(causes.map(changePlace))]))),
      ...renamings(previous, next),
      ...namesGone(previous, next),
      ...unknowns(previous, next),
    ];
  },
});

/** Without schemas in the new definition there is nothing to compare with, and nobody needs to be asked. */
function isComparable(previous: Crd, next: Crd): boolean {
  return next.versions.some(({ name, form }) => form !== undefined && !isAlike(findVersion(previous, name), form));
}

function isAlike(before: CrdVersion | null, after: VersionForm): boolean {
  return before?.form !== undefined && compareForms(before.form, after).length === 0;
}

interface Lasting {
  readonly name: string;
  readonly before: VersionForm;
  readonly after: VersionForm;
}

function lasting(previous: Crd, next: Crd): readonly Lasting[] {
  return next.versions.flatMap(({ name, isServed, form: after }) => {
    const before = findVersion(previous, name);
    if (!isServed || after === undefined || before?.isServed !== true || before.form === undefined) return [];
    return [{ name, before: before.form, after }];
  });
}

function narrowing(before: VersionForm, after: VersionForm): readonly FormChange[] {
  return compareForms(before, after).filter((change) => directionOf(change) === "narrows");
}

interface Narrowed {
  readonly name: string;
  readonly causes: readonly FormChange[];
}

interface Cause {
  readonly change: FormChange;
  readonly versions: readonly [string, ...string[]];
}

/**
 * A warning has one line, and ten are shown of all that is found; so few causes have a finding each. More are one finding for the
 * versions that they are common to, which lists them.
 */
const MAX_SINGLE_CAUSES = 5;

function narrowings(narrowed: readonly Narrowed[]): readonly RuleFinding[] {
  const causes = causesOf(narrowed);
  if (causes.length <= MAX_SINGLE_CAUSES)
    return causes.map(({ change, versions }) => finding(versions, [change], fieldOf(versions[0], change)));
  const groups = new Map<string, { versions: Cause["versions"]; changes: [FormChange, ...FormChange[]] }>();
  for (const { change, versions } of causes) {
    const key = JSON.stringify(versions);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { versions, changes: [change] });
    else group.changes.push(change);
  }
  return [...groups.values()].map(({ versions, changes }) => finding(versions, changes, `spec.versions[${versions[0]}].schema`));
}

/** One for the same change in several versions. */
function causesOf(narrowed: readonly Narrowed[]): readonly Cause[] {
  const causes = new Map<string, { change: FormChange; versions: [string, ...string[]] }>();
  for (const { name, causes: changes } of narrowed.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    for (const change of changes) {
      const key = changeKey(change);
      const known = causes.get(key);
      if (known === undefined) causes.set(key, { change, versions: [name] });
      else known.versions.push(name);
    }
  }
  return [...causes.values()];
}

function finding(
  versions: readonly [string, ...string[]],
  causes: readonly [FormChange, ...FormChange[]],
  field: string,
): RuleFinding {
  const optional = causes.flatMap((change): readonly SchemaRemedy[] =>
    change.kind === "required-added" || change.kind === "default" ? [{ kind: "leave-optional", path: change.path }] : [],
  );
  return {
    field,
    fact: { kind: "schema-narrowed", versions, causes },
    remedies: [...optional.slice(0, MAX_SINGLE_CAUSES), { kind: "keep-schema", versions }],
  };
}

function fieldOf(version: string, change: FormChange): string {
  const start = `spec.versions[${version}]`;
  switch (change.kind) {
    case "status-subresource":
      return `${start}.subresources.status`;
    case "scale-subresource":
      return `${start}.subresources.scale`;
    case "selectable-field-removed":
    case "selectable-field-added":
      return `${start}.selectableFields`;
    case "printer-columns":
      return `${start}.additionalPrinterColumns`;
    case "deprecated":
      return `${start}.deprecated`;
    default:
      return change.path === "" ? `${start}.schema` : `${start}.schema: ${change.path}`;
  }
}

/**
 * With `conversion: None` nothing but `apiVersion` changes between versions. What was so before between the same two is no news, nor
 * what follows from a change of either that is told by itself.
 */
function divergences(previous: Crd, next: Crd, told: ReadonlyMap<string, ReadonlySet<string>>): readonly RuleFinding[] {
  if (next.conversion.kind !== "none") return [];
  const served = next.versions.filter(({ isServed, form }) => isServed && form !== undefined);
  return served.flatMap((from) =>
    served.flatMap((to): readonly RuleFinding[] => {
      if (from === to || isUnknown(previous, from) || isUnknown(previous, to)) return [];
      const known = new Set([
        ...(previous.conversion.kind === "none"
          ? differing(findVersion(previous, from.name), findVersion(previous, to.name)).map(changePlace)
          : []),
        ...(told.get(from.name) ?? []),
        ...(told.get(to.name) ?? []),
      ]);
      const [first, ...others] = differing(from, to).filter((change) => !known.has(changePlace(change)));
      if (first === undefined) return [];
      return [
        {
          field: `spec.versions[${to.name}].schema`,
          fact: { kind: "versions-apart", writtenIn: from.name, readIn: to.name, causes: [first, ...others] },
          remedies: [{ kind: "align-versions", versions: [from.name, to.name] }],
        },
      ];
    }),
  );
}

/** Of objects; how clients see them is for each version to say. */
function differing(from: CrdVersion | null, to: CrdVersion | null): readonly FormChange[] {
  if (from?.form === undefined || to?.form === undefined || !from.isServed || !to.isServed) return [];
  return narrowing(from.form, to.form).filter((change) => "path" in change);
}

function isUnknown(previous: Crd, { name }: CrdVersion): boolean {
  const before = findVersion(previous, name);
  return before !== null && before.form === undefined;
}

/** Who writes the version that is gone must write another; that this is all there is to it, is worth a line. */
function renamings(previous: Crd, next: Crd): readonly RuleFinding[] {
  return renamedVersions(previous, next)
    .filter(({ from, to }) => from.isServed && to.isServed)
    .map(({ from, to }) => ({
      field: `spec.versions[${from.name}]`,
      fact: { kind: "version-renamed", from: from.name, to: to.name },
      remedies: [
        { kind: "write-in-version", crd: previous, from: from.name, to: to.name, isPossibleBefore: false, areRecorded: false },
      ],
      isAdvisory: true,
    }));
}

/** Of a definition that is known by its versions alone, as from a list of releases, the names are not known either. */
function namesGone(previous: Crd, next: Crd): readonly RuleFinding[] {
  if (next.versions.some(({ form }) => form === undefined)) return [];
  return compareDefinitions(previous, next).flatMap((change): readonly RuleFinding[] => {
    if (change.kind !== "names" || directionOf(change) !== "narrows") return [];
    const [first, ...others] = change.removed;
    if (first === undefined) return [];
    const names = [first, ...others] as const;
    return [{ field: "spec.names", fact: { kind: "names-gone", names }, remedies: [{ kind: "keep-names", names }] }];
  });
}

function unknowns(previous: Crd, next: Crd): readonly RuleFinding[] {
  const [first, ...others] = next.versions
    .filter(({ name, isServed, form }) => {
      const before = findVersion(previous, name);
      return isServed && form !== undefined && before?.isServed === true && before.form === undefined;
    })
    .map(({ name }) => name)
    .toSorted();
  if (first === undefined) return [];
  return [
    {
      field: "spec.versions",
      fact: { kind: "schemas-unknown", versions: [first, ...others] },
      remedies: [{ kind: "compare-with-schemas" }],
      isAdvisory: true,
    },
  ];
}
