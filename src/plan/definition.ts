/** @file One definition in one state of the search, and what it is like once it is applied, migrated or gone. */
import { compareText } from "../crd/compare-text.ts";
import type { Crd } from "../crd/crd.ts";
import { storageVersion } from "../crd/versions.ts";
import type { ObjectEvidence } from "../rules/facts.ts";

export interface Definition {
  readonly name: string;
  /** Null: there is none. */
  readonly crd: Crd | null;
  /** As found in the cluster, deleted, or put back from a copy. */
  readonly objects: "found" | "none" | "restored";
  /** Objects that wait to be restored. */
  readonly saved: SavedObjects | null;
  /** It differs from what is wanted in what a `Crd` does not tell. */
  readonly isDiffering: boolean;
  /** The same for definitions that no rule and no move tells apart. */
  readonly key: string;
  /** The same for definitions that nobody who uses their API tells apart, nor the policies that look at their labels. */
  readonly apiKey: string;
}

export interface SavedObjects {
  readonly writtenIn: string;
  readonly objects: ObjectEvidence;
}

export function definition(shape: Omit<Definition, "key" | "apiKey">): Definition {
  return { ...shape, key: shortened(keyOf(shape)), apiKey: shortened(apiKeyOf(shape.crd)) };
}

/** As the API server stores it: a storage version that is new is added to those that are stored. */
export function afterApplying(previous: Crd | null, manifest: Crd): Crd {
  const storage = storageVersion(manifest);
  const own = storage === null ? [] : [storage];
  if (previous === null) return { ...manifest, stored: { names: own, source: "status" } };
  const { names, source } = previous.stored;
  return {
    ...manifest,
    uid: previous.uid,
    generation: nextGeneration(previous),
    labels: { ...previous.labels, ...manifest.labels },
    owners: manifest.owners.length === 0 ? previous.owners : manifest.owners,
    override: manifest.override ?? previous.override,
    stored: { names: [...names, ...own.filter((name) => !names.includes(name))], source },
  };
}

export function withStorage(crd: Crd, version: string): Crd {
  const versions = crd.versions.map((one) => ({ ...one, isStorage: one.name === version }));
  return afterApplying(crd, { ...crd, versions });
}

export function withStored(crd: Crd, remaining: readonly string[]): Crd {
  return { ...crd, stored: { names: remaining, source: "status" } };
}

/** In versions, what says which bundle it is of, and how objects are converted. */
export function isSameDefinition(left: Crd, right: Crd): boolean {
  return (
    versionsKey(left) === versionsKey(right) &&
    left.bundle?.version === right.bundle?.version &&
    left.bundle?.channel === right.bundle?.channel &&
    conversionKey(left) === conversionKey(right)
  );
}

/** Names of versions, which of them are served, and which is stored; in no order. */
export function versionsKey({ versions }: Pick<Crd, "versions">): string {
  return versions
    .map(({ name, isServed, isStorage }) => `${name}${isServed ? "" : "-"}${isStorage ? "*" : ""}`)
    .toSorted(compareText)
    .join(" ");
}

function conversionKey({ conversion }: Crd): string {
  return conversion.kind === "none" ? "" : JSON.stringify(conversion.target);
}

/** States are compared by the keys of all their definitions, so that short ones save most of the time. */
function shortened(key: string): string {
  const known = SHORT.get(key);
  if (known !== undefined) return known;
  const short = SHORT.size.toString(36);
  SHORT.set(key, short);
  return short;
}

const SHORT = new Map<string, string>();

function keyOf({ crd, objects, saved, isDiffering }: Omit<Definition, "key" | "apiKey">): string {
  const rest = `${objects}${saved === null ? "" : `,${saved.writtenIn}`}${isDiffering ? ",differing" : ""}`;
  if (crd === null) return rest;
  return JSON.stringify([
    apiKeyOf(crd),
    crd.stored.names.toSorted(compareText),
    crd.bundle?.version,
    crd.bundle?.channel,
    conversionKey(crd),
    rest,
  ]);
}

function apiKeyOf(crd: Crd | null): string {
  if (crd === null) return "";
  const labels = Object.entries(crd.labels)
    .map((entry) => entry.join("="))
    .toSorted(compareText);
  return JSON.stringify([versionsKey(crd), labels]);
}

function nextGeneration({ generation }: Crd): number | null {
  return generation === null ? null : generation + 1;
}
