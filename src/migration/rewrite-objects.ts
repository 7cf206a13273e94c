/** @file One walk over the objects of a CRD: each that is not proven is written, several at a time. */
import type { ApiError } from "../cluster/live/api-client.ts";
import type { ObjectRef } from "../rules/facts.ts";
import { type ObjectHead, objectPages } from "./object-pages.ts";
import { type Rewriting, rewriteObject, type Rewritten, type Task, taskFor } from "./rewrite-object.ts";
import { type DefinitionChange, differenceFrom } from "./watched-definition.ts";

export interface Walk extends Rewriting {
  /** Writes under way at a time. */
  readonly concurrency: number;
  /** Counts what has to be written, and sends nothing. */
  readonly isCount: boolean;
  /** After each object, and each page. */
  readonly told: (tally: WalkTally) => void;
}

/** What has become of objects; those of `refused` are the first few. */
export interface WalkTally {
  /** Objects that there were at the beginning, and how many of them have been dealt with. */
  total: number;
  done: number;
  /** There was nothing to do about them. */
  proven: number;
  rewritten: number;
  touched: number;
  cleaned: number;
  overtaken: number;
  gone: number;
  refusedCount: number;
  readonly refused: Refusal[];
}

export interface Refusal {
  readonly object: ObjectRef;
  readonly error: ApiError;
}

export type WalkEnd =
  | { readonly kind: "walked" }
  | { readonly kind: "interrupted" }
  | { readonly kind: "changed"; readonly change: DefinitionChange }
  /** `what`: as in "… cannot be read" or "… cannot be written". */
  | { readonly kind: "failed"; readonly what: "list" | "write" | "definition"; readonly error: ApiError };

/** Of more, one is like the other, and a webhook's reason may be a page long. */
const MOST_REFUSALS_KEPT = 1_000;

/** A page may take a minute, at ten objects a second. */
const LOOK_EVERY_MILLISECONDS = 5_000;

export function emptyTally(): WalkTally {
  return {
    total: 0,
    done: 0,
    proven: 0,
    rewritten: 0,
    touched: 0,
    cleaned: 0,
    overtaken: 0,
    gone: 0,
    refusedCount: 0,
    refused: [],
  };
}

/** Never rejects. Ends when no write is under way any more. @param tally is counted on. */
export async function rewriteObjects(walk: Walk, tally: WalkTally): Promise<WalkEnd> {
  const { signal } = walk.line;
  const writers = createWriters(walk, tally);
  let end: WalkEnd = { kind: "walked" };
  let lookedAt = 0;

  async function lookAtDefinition(): Promise<WalkEnd> {
    lookedAt = walk.line.timing.now();
    const same = await differenceFrom(walk.line, walk.collection.crd);
    if (!same.ok) return { kind: "failed", what: "definition", error: same.error };
    return same.change === null ? { kind: "walked" } : { kind: "changed", change: same.change };
  }

  for await (const page of objectPages(walk.line, walk.collection)) {
    if (page.kind === "failed") {
      end = { kind: "failed", what: "list", error: page.error };
      break;
    }
    if (page.kind === "anew") {
      tally.done = 0;
      tally.proven = 0;
      continue;
    }
    tally.total = page.total;
    end = await lookAtDefinition();
    for (const object of page.objects) {
      if (walk.line.timing.now() - lookedAt > LOOK_EVERY_MILLISECONDS) end = await lookAtDefinition();
      if (end.kind !== "walked" || signal.aborted || writers.failure() !== null) break;
      const task = taskFor(object, walk);
      if (task === null) {
        tally.proven += 1;
        tally.done += 1;
      } else if (walk.isCount) {
        tally.rewritten += 1;
        tally.done += 1;
      } else {
        await writers.give(object, task);
      }
    }
    walk.told(tally);
    if (end.kind !== "walked" || signal.aborted || writers.failure() !== null) break;
  }
  await writers.drained();
  const error = writers.failure();
  if (signal.aborted) return { kind: "interrupted" };
  return error === null ? end : { kind: "failed", what: "write", error };
}

interface Writers {
  /** Resolves as soon as one is free to take it. */
  give(object: ObjectHead, task: Task): Promise<void>;
  drained(): Promise<void>;
  /** What no other object would fare better with, or null. */
  failure(): ApiError | null;
}

function createWriters(walk: Walk, tally: WalkTally): Writers {
  const underWay = new Set<Promise<void>>();
  let failure: ApiError | null = null;

  async function write(object: ObjectHead, task: Task): Promise<void> {
    count(tally, object, await rewriteObject(object, task, walk));
    walk.told(tally);
  }

  function count(into: WalkTally, { namespace, name }: ObjectHead, outcome: Rewritten): void {
    if (outcome.kind === "failed") {
      failure ??= outcome.error;
      return;
    }
    if (outcome.kind === "dropped") return;
    into.done += 1;
    if (outcome.kind !== "refused") {
      into[outcome.kind] += 1;
      return;
    }
    into.refusedCount += 1;
    if (into.refused.length < MOST_REFUSALS_KEPT) into.refused.push({ object: { namespace, name }, error: outcome.error });
  }

  return {
    async give(object, task) {
      while (underWay.size >= walk.concurrency) await Promise.race(underWay);
      if (walk.line.signal.aborted || failure !== null) return;
      const own = write(object, task).finally(() => underWay.delete(own));
      underWay.add(own);
    },
    async drained() {
      await Promise.all(underWay);
    },
    failure: () => failure,
  };
}
