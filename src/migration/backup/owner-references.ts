/** @file Owner references of a backup: who is meant, how they point at whom there is now, and who must be restored before whom. */
import { isRecord, type JsonRecord, listAt, memberAt, textAt } from "../../cluster/live/json.ts";

/** Who owns an object. In its own namespace, or in none. */
export interface OwnerName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Of the owned object; empty where its scope is the cluster. */
  readonly namespace: string;
}

/** Who there is now. */
export type FoundOwner =
  /** `apiVersion`: one that is served. */
  | { readonly kind: "found"; readonly uid: string; readonly apiVersion: string }
  | { readonly kind: "gone" }
  | { readonly kind: "unknown"; readonly reason: string };

export interface LeftOutOwner {
  readonly owner: OwnerName;
  /** Why it is not known whether there is one, or null where there is none. */
  readonly reason: string | null;
}

export function ownersOf(object: JsonRecord): readonly OwnerName[] {
  const namespace = textAt(object, "metadata", "namespace") ?? "";
  return listAt(object, "metadata", "ownerReferences").flatMap((reference) => {
    const owner = ownerOf(reference, namespace);
    return owner === null ? [] : [owner];
  });
}

/**
 * The object with references to the owners that there are now. One that is gone is left out, since the garbage collector would delete the
 * object at once for want of any owner. Source: Kubernetes, "Garbage Collection", section "Owners and dependents".
 */
export function withOwners(
  object: JsonRecord,
  find: (owner: OwnerName) => FoundOwner,
): { readonly object: JsonRecord; readonly leftOut: readonly LeftOutOwner[] } {
  const { metadata } = object;
  if (!isRecord(metadata) || metadata["ownerReferences"] === undefined) return { object, leftOut: [] };
  const namespace = textAt(metadata, "namespace") ?? "";
  const leftOut: LeftOutOwner[] = [];
  const kept: unknown[] = [];
  for (const reference of listAt(metadata, "ownerReferences")) {
    const owner = ownerOf(reference, namespace);
    if (owner === null || !isRecord(reference)) continue;
    const found = find(owner);
    if (found.kind === "found") kept.push({ ...reference, apiVersion: found.apiVersion, uid: found.uid });
    else leftOut.push({ owner, reason: found.kind === "unknown" ? found.reason : null });
  }
  const { ownerReferences: _, ...rest } = metadata;
  return { object: { ...object, metadata: kept.length === 0 ? rest : { ...rest, ownerReferences: kept } }, leftOut };
}

/** What an object is known by, whatever version it is read in. */
export function ownerKey({ apiVersion, kind, namespace, name }: OwnerName): string {
  const [group] = apiVersion.includes("/") ? apiVersion.split("/") : [""];
  return JSON.stringify([group, kind, namespace, name]);
}

/**
 * In which wave each is restored, so that owners are there, and have their new uid, before what they own. Those of a circle come in the last
 * one, with whatever of their owners is there by then.
 * @param owners of each object by its key, as far as they are restored too.
 * @returns the wave of each key that is not in the first one, 0; and how many waves there are.
 */
export function wavesOf(owners: ReadonlyMap<string, readonly string[]>): {
  readonly waveOf: ReadonlyMap<string, number>;
  readonly count: number;
} {
  const waveOf = new Map<string, number>();
  let waiting = [...owners.keys()];
  let count = 1;
  const settled = (key: string): boolean => !owners.has(key) || (waveOf.get(key) ?? count) < count;
  for (; waiting.length > 0; count += 1) {
    const ready = waiting.filter((key) => (owners.get(key) ?? []).every((owner) => owner !== key && settled(owner)));
    const next = ready.length === 0 ? waiting : ready;
    for (const key of next) waveOf.set(key, count);
    const taken = new Set(next);
    waiting = waiting.filter((key) => !taken.has(key));
  }
  return { waveOf, count };
}

function ownerOf(reference: unknown, namespace: string): OwnerName | null {
  const apiVersion = textAt(reference, "apiVersion");
  const kind = textAt(reference, "kind");
  const name = memberAt(reference, "name");
  return apiVersion === null || kind === null || typeof name !== "string" ? null : { apiVersion, kind, name, namespace };
}
