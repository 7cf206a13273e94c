/** @file In which versions live objects are to be read, and against which schemas they are to be held, before a CRD changes. */
import type { Crd, CrdVersion, WrittenSchema } from "../crd.ts";
import { findVersion, readableVersion, servedVersions, storageVersion } from "../versions.ts";
import { isSameSchema } from "./same-schema.ts";

/** Objects are listed in one version, and held against schemas of it and of others. */
export interface Look {
  /** Served before the change. */
  readonly readIn: string;
  readonly checks: readonly FitCheck[];
}

/** What is not fine by `after`, and was by `before`. */
export interface FitCheck {
  /** Of the CRD after the change. */
  readonly version: string;
  /** Null: objects could not be read or written in it before, so that whatever is wrong is new. */
  readonly before: WrittenSchema | null;
  readonly after: WrittenSchema;
  /** Objects can be read, and so written, in this version: the API server validates them by `after`. */
  readonly isValidated: boolean;
  /** Fields that `before` knows and `after` does not are lost by a write; null where none is looked for. */
  readonly prunedAs: "stored" | "served" | null;
}

/**
 * Empty where no schema changes in a way that an object could mind: then nothing is read at all. Versions that go away are other
 * rules' business, and so is what has no form.
 *
 * Where conversion changes `apiVersion` alone, an object is the same in every version, and one look is enough. A webhook makes
 * another object of it in each, so that each version is looked at by itself.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver, customresource_handler.go: a write is pruned, defaulted and validated by the
 * schema of its version, converted, then pruned and defaulted by that of the storage version; a read is pruned by the schema of the
 * version that the object was stored in, then by that of the version it is read in.
 */
export function looksFor(previous: Crd, next: Crd): readonly Look[] {
  const known = remembered.get(previous)?.get(next);
  if (known !== undefined) return known;
  const found = isConverted(previous) || isConverted(next) ? ownLooks(previous, next) : sharedLooks(previous, next);
  const looks = next.preservesUnknownFields === true ? withoutPruning(found) : found;
  const ofPrevious = remembered.get(previous) ?? new WeakMap<Crd, readonly Look[]>();
  remembered.set(previous, ofPrevious.set(next, looks));
  return looks;
}

/** In which `looksFor` may want objects to be read, as long as the conversion stays as it is. */
export function versionsToLookIn(crd: Crd): readonly string[] {
  const readIn = readableVersion(crd);
  if (isConverted(crd) || readIn !== storageVersion(crd)) return servedVersions(crd);
  return readIn === null ? [] : [readIn];
}

/** Source: k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go: no schema prunes where `preserveUnknownFields` is set. */
function withoutPruning(looks: readonly Look[]): readonly Look[] {
  return looks.flatMap(({ readIn, checks }): readonly Look[] => {
    const validated = checks.filter(({ isValidated }) => isValidated).map((check): FitCheck => ({ ...check, prunedAs: null }));
    return validated.length === 0 ? [] : [{ readIn, checks: validated }];
  });
}

/** The schemas of some version are not known. */
export function isUnformed({ versions }: Crd): boolean {
  return versions.some(({ form }) => form === undefined);
}

/** Rules are asked what they need in several rounds of one review, and to compare schemas takes milliseconds. */
const remembered = new WeakMap<Crd, WeakMap<Crd, readonly Look[]>>();

function isConverted({ conversion }: Crd): boolean {
  return conversion.kind === "webhook";
}

/** Each version that is served before and after, in itself. */
function ownLooks(previous: Crd, next: Crd): readonly Look[] {
  return servedVersions(previous).flatMap((readIn): readonly Look[] => {
    const check = ownCheck(previous, next, readIn);
    return check === null ? [] : [{ readIn, checks: [check] }];
  });
}

function sharedLooks(previous: Crd, next: Crd): readonly Look[] {
  const readIn = readableVersion(previous);
  if (readIn === null) return [];
  // Objects that are stored in a version which goes are no objects of another one: they cannot be read at all then.
  const goOn = next.versions.some(({ name }) => name === storageVersion(previous));
  const others = [
    ...(goOn ? newlyServed(previous, next, readIn) : []),
    ...storedAlone(previous, next),
    ...(goOn ? flipped(previous, next) : []),
  ];
  // Objects are pruned by the version that they are read in: what another one knows besides is not to be seen.
  if (readIn !== storageVersion(previous)) {
    const own = ownLooks(previous, next);
    return others.length === 0 ? own : withChecks(own, readIn, others);
  }
  const isFlipChecked = others.some(({ prunedAs, version }) => prunedAs === "stored" && version === storageVersion(next));
  const own = servedVersions(previous).flatMap((version): readonly FitCheck[] => {
    const check = ownCheck(previous, next, version);
    if (check === null) return [];
    // What the new storage version loses is told once, by what was stored until now.
    return [isFlipChecked && version === storageVersion(next) ? { ...check, prunedAs: null } : check];
  });
  const checks = [...own, ...others];
  return checks.length === 0 ? [] : [{ readIn, checks }];
}

function withChecks(looks: readonly Look[], readIn: string, checks: readonly FitCheck[]): readonly Look[] {
  const own = looks.find((look) => look.readIn === readIn);
  if (own === undefined) return [{ readIn, checks }, ...looks];
  return looks.map((look) => (look === own ? { readIn, checks: [...look.checks, ...checks] } : look));
}

/** Null where the version is not served before and after, or its schema stays as it is. */
function ownCheck(previous: Crd, next: Crd, version: string): FitCheck | null {
  const [before, after] = [findVersion(previous, version), findVersion(next, version)];
  if (before?.isServed !== true || after?.isServed !== true) return null;
  const changed = changedSchema(before, after);
  return changed && { version, ...changed, isValidated: true, prunedAs: isStored(previous, after) ? "stored" : "served" };
}

/**
 * A version in which objects can be read from now on, and so written. The objects stay as they are, so that what is wrong with
 * them by the schema that they are read by today is not new.
 */
function newlyServed(previous: Crd, next: Crd, readIn: string): readonly FitCheck[] {
  const today = findVersion(previous, readIn);
  return next.versions.flatMap((after): readonly FitCheck[] => {
    if (!after.isServed || findVersion(previous, after.name)?.isServed === true) return [];
    const changed = changedSchema(today, after);
    return changed === null ? [] : [{ version: after.name, ...changed, isValidated: true, prunedAs: null }];
  });
}

/** Versions that nobody can read or write objects in, and in which objects are stored all the same: the new schema decodes them. */
function storedAlone(previous: Crd, next: Crd): readonly FitCheck[] {
  return next.versions.flatMap((after): readonly FitCheck[] => {
    const before = findVersion(previous, after.name);
    const isFlippedTo = after.isStorage && storageVersion(previous) !== after.name;
    if (isFlippedTo || !isStored(previous, after) || (after.isServed && before?.isServed === true)) return [];
    const changed = changedSchema(before, after);
    return changed === null ? [] : [{ version: after.name, ...changed, isValidated: false, prunedAs: "stored" }];
  });
}

/** From now on every write ends in another version, which may know less than the one that objects were stored in. */
function flipped(previous: Crd, next: Crd): readonly FitCheck[] {
  const [from, to] = [storageVersion(previous), storageVersion(next)];
  if (from === null || to === null || from === to) return [];
  const changed = changedSchema(findVersion(previous, from), findVersion(next, to));
  return changed === null ? [] : [{ version: to, ...changed, isValidated: false, prunedAs: "stored" }];
}

/** Objects are, or will be, stored in it. */
function isStored(previous: Crd, after: CrdVersion): boolean {
  return after.isStorage || previous.stored.names.includes(after.name);
}

/** Null where one of them is not known, or where they say the same. */
function changedSchema(
  before: CrdVersion | null,
  after: CrdVersion | null,
): { readonly before: WrittenSchema; readonly after: WrittenSchema } | null {
  const [old, young] = [before?.form?.schema, after?.form?.schema];
  return old === undefined || young === undefined || isSameSchema(old, young) ? null : { before: old, after: young };
}
