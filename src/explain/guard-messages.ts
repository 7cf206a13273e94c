/** @file Fact → sentence, of what goes back: conversion, releases of bundles, storage versions, owners. */
import type { BundleNarrowing, Fact, Keeper, ReleaseMark } from "../rules/finding.ts";
import { objectCount } from "./object-count.ts";
import { ownerName } from "./owner-name.ts";
import { countOf, listOf, quoted, shown } from "./text.ts";
import { targetName, webhookProblem } from "./webhook-words.ts";

type GuardFact = Extract<
  Fact,
  {
    kind:
      | "conversion-removed"
      | "conversion-unreachable"
      | "conversion-unknown"
      | "bundle-downgraded"
      | "storage-version-downgraded"
      | "owner-changed";
  }
>;

/** One sentence without a full stop, as `messageOf` gives it. */
export function guardMessage(fact: GuardFact): string {
  switch (fact.kind) {
    case "conversion-removed":
      return conversionRemoved(fact);
    case "conversion-unreachable":
      return (
        `${versionsOf(fact.versions)} are to be converted by ${targetName(fact.target)}, and ${webhookProblem(fact.problem)}` +
        `${fact.wasBroken ? ", nor did what was called before answer" : ""}: objects can then not be read or written in a version ` +
        `that they are not stored in; ${objectCount(fact.objects)}`
      );
    case "conversion-unknown":
      return `whether ${targetName(fact.target)} converts ${versionsOf(fact.versions)}, as it must then, is not known: ${shown(fact.reason)}`;
    case "bundle-downgraded":
      return bundleDowngraded(fact);
    case "storage-version-downgraded":
      return (
        `new objects would be stored in ${quoted(fact.after)} and no longer in ${quoted(fact.before)}, the more stable one: fields that ` +
        `only ${quoted(fact.before)} has are dropped when an object is written${fact.isConverted ? ", unless the conversion webhook keeps them" : ""}`
      );
    case "owner-changed":
      return ownerChanged(fact);
  }
}

/** `Helm release "mill" in namespace "tools"`, `field manager "kubectl"`. */
export function keeperName(keeper: Keeper): string {
  return keeper.kind === "field-manager" ? `field manager ${quoted(keeper.name)}` : ownerName(keeper);
}

function versionsOf(versions: readonly string[]): string {
  return listOf(versions.map(quoted));
}

function conversionRemoved({ target, look, versions, objects, isUntold }: Extract<Fact, { kind: "conversion-removed" }>): string {
  const dead = look?.kind === "broken" ? `, which does not work (${webhookProblem(look.problem)})` : "";
  const untold = isUntold ? ", if what nobody writes of is not kept, as by kubectl replace" : "";
  return (
    `objects would no longer be converted between ${versionsOf(versions)}, as ${targetName(target)} does today${dead}${untold}: fields that the ` +
    `version asked for does not have are dropped; ${objectCount(objects)}`
  );
}

function bundleDowngraded(fact: Extract<Fact, { kind: "bundle-downgraded" }>): string {
  const { before, after, isOlder, dropped, unserved, narrowing } = fact;
  const clauses = [
    ...(dropped.length === 0 ? [] : [`${versionsOf(dropped)} would be gone`]),
    ...(unserved.length === 0 ? [] : [`${versionsOf(unserved)} would no longer be served`]),
    ...(narrowing === null
      ? [
          `fields that only the ${isOlder ? "newer release" : "experimental channel"} has are dropped from objects at their next write`,
        ]
      : narrowingClauses(narrowing)),
  ];
  return `${markName(before)} would be replaced by ${isOlder ? "the older " : ""}${markName(after)}: ${clauses.join(", and ")}`;
}

/** So many fields are named; `schema-narrowed` tells of more. */
const MAX_FIELDS = 3;

function narrowingClauses({ fields, otherCount }: BundleNarrowing): readonly string[] {
  const named = fields.slice(0, MAX_FIELDS).map(shown);
  const more = fields.length - named.length;
  const all = listOf(more === 0 ? named : [...named, countOf(more, "more field")]);
  return [
    ...(fields.length === 0 ? [] : [`${all} would be dropped from objects at their next write`]),
    ...(otherCount === 0 ? [] : [`${countOf(otherCount, "place")} would take less than today`]),
  ];
}

function markName({ version, channel }: ReleaseMark): string {
  return channel === null ? quoted(version) : `${quoted(version)} (${shown(channel)})`;
}

function ownerChanged({ before, after, isMarkKept }: Extract<Fact, { kind: "owner-changed" }>): string {
  const others = listOf(after.map(keeperName));
  const what = after.every(({ kind }) => kind === "field-manager") ? "be written by" : "belong to";
  const beside = isMarkKept ? " too" : "";
  return (
    `it is kept by ${listOf(before.map(keeperName))}, and would ${what} ${others}${beside}: ` +
    "whichever of them applies it next undoes what the other has done"
  );
}
