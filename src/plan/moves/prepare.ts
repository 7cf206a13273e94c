/** @file What must be done to a definition before another form of it can be applied: flip its storage version, migrate. */
import type { Crd } from "../../crd/crd.ts";
import { commonVersions, findVersion, readableVersion, storageVersion } from "../../crd/versions.ts";
import { COST } from "../cost.ts";
import type { Deed } from "../deed.ts";
import { type Definition, definition, withStorage, withStored } from "../definition.ts";
import { evidenceOf } from "../judge.ts";
import type { PlanQuestion } from "../question.ts";

export interface Preparation {
  readonly deeds: readonly Deed[];
  readonly ready: Definition;
  readonly cost: number;
}

/**
 * Stored versions that the next form does not list must be forgotten, which takes a proof that nothing is stored in them.
 * Where the storage version itself is among them, objects must be stored in another one first, which both forms list.
 * @returns null where they have none in common, or nothing is served, so that objects cannot stay where they are.
 */
export function prepare(from: Definition, next: Crd, question: PlanQuestion): Preparation | null {
  const { crd } = from;
  if (crd === null) return { deeds: [], ready: from, cost: 0 };
  const going = crd.stored.names.filter((name) => findVersion(next, name) === null && findVersion(crd, name) !== null);
  if (going.length === 0) return { deeds: [], ready: from, cost: 0 };
  // What nobody can read, nobody can rewrite.
  if (readableVersion(crd) === null) return null;
  const storage = storageVersion(crd);
  if (storage !== null && findVersion(next, storage) !== null) return migrated({ deeds: [], ready: from, cost: 0 }, crd, storage);
  const [to] = commonVersions(crd, next);
  if (to === undefined) return null;
  const flipped = withStorage(crd, to);
  const after = definition({ ...from, crd: flipped });
  const flip: Deed = {
    before: from,
    after,
    change: { kind: "update", previous: crd, next: flipped },
    work: { kind: "flip-storage", crd, to },
  };
  return migrated({ deeds: [flip], ready: after, cost: COST.flipStorage }, flipped, to);

  function migrated({ deeds, ready, cost }: Preparation, previous: Crd, version: string): Preparation {
    const remaining = [version];
    const pruned = withStored(previous, remaining);
    const done = definition({ ...ready, crd: pruned });
    const migration: Deed = {
      before: ready,
      after: done,
      change: { kind: "status-update", previous, next: pruned },
      work: { kind: "migrate", crd: previous, objects: evidenceOf(from.name, question).objects, remaining },
    };
    return { deeds: [...deeds, migration], ready: done, cost: cost + COST.migrate };
  }
}
