/** @file Migrates one CRD: secures a record, rewrites what it does not prove, looks again, and prunes the stored versions. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { reviewAccess } from "../cluster/live/access-review.ts";
import type { Timing } from "../cluster/live/timing.ts";
import type { Crd } from "../crd/crd.ts";
import { isMigrationDue, type StorageRecord } from "../crd/storage-record.ts";
import { readableVersion, storageVersion } from "../crd/versions.ts";
import { createPace } from "./pace.ts";
import type { Persistence } from "./persist.ts";
import { prune, type Pruned } from "./prune.ts";
import { emptyTally, rewriteObjects, type WalkEnd, type WalkTally } from "./rewrite-objects.ts";
import { dropAnnotation, type RecordPlace, secureRecord } from "./secure-record.ts";
import { type DefinitionChange, differenceFrom, type LiveDefinition, readDefinition } from "./watched-definition.ts";

export interface MigrationChoice {
  /** Null: all of them. Of one namespace, nothing is pruned. */
  readonly namespace: string | null;
  readonly concurrency: number;
  /** 0: as fast as it goes. */
  readonly maxPerSecond: number;
  readonly settleMilliseconds: number;
  readonly cleansManagedFields: boolean;
  /** `client`: what there is to do is counted. `server`: the API server goes through it too, and writes nothing. */
  readonly dryRun: "none" | "client" | "server";
}

export interface Migration extends MigrationChoice {
  readonly client: Pick<ApiClient, "request" | "serverTime">;
  readonly crdName: string;
  readonly timing: Timing;
  /** Aborted: nothing more is begun, and what is under way ends. */
  readonly signal: AbortSignal;
  readonly told: (event: MigrationEvent) => void;
}

/** What is told on the way. Of a tally, only how it is now. */
export type MigrationEvent =
  /** `version`: the one that objects are read and written in. */
  | { readonly kind: "started"; readonly storage: string; readonly stored: readonly string[]; readonly version: string }
  | { readonly kind: "settling"; readonly milliseconds: number }
  | { readonly kind: "recorded"; readonly record: StorageRecord; readonly place: RecordPlace; readonly isNew: boolean }
  /** `pass`: 1 for the first; each that follows looks again at all objects. */
  | { readonly kind: "progress"; readonly pass: number; readonly tally: Readonly<WalkTally> }
  | { readonly kind: "in-tree-waiting"; readonly migration: string };

/** What became of it. `tally`: of all passes, where objects were walked at all. */
export type Migrated =
  | { readonly kind: "nothing-due"; readonly storage: string }
  /** All is proven. `pruned` null: nothing was to be pruned. */
  | { readonly kind: "done"; readonly storage: string; readonly tally: WalkTally; readonly pruned: PrunedWell | null }
  /** Of one namespace alone, so that nothing is pruned. */
  | { readonly kind: "namespace-done"; readonly storage: string; readonly tally: WalkTally; readonly namespace: string }
  | { readonly kind: "would"; readonly storage: string; readonly tally: WalkTally; readonly wouldPrune: readonly string[] }
  | { readonly kind: "in-tree-done"; readonly storage: string; readonly migration: string; readonly pruned: PrunedWell }
  | { readonly kind: "refused"; readonly storage: string; readonly tally: WalkTally }
  /** Again and again, objects were there that were written before the record. */
  | { readonly kind: "unproven"; readonly storage: string; readonly tally: WalkTally; readonly count: number }
  | { readonly kind: "changed"; readonly change: DefinitionChange; readonly tally: WalkTally | null }
  | { readonly kind: "prune-denied"; readonly error: ApiError; readonly tally: WalkTally | null }
  | { readonly kind: "in-tree-failed"; readonly migration: string; readonly reason: string }
  | { readonly kind: "interrupted"; readonly tally: WalkTally | null }
  | { readonly kind: "unservable"; readonly code: "crd-unserved" | "crd-terminating" | "crd-cluster-scoped" }
  | { readonly kind: "in-tree-missing" }
  | {
      readonly kind: "failed";
      readonly what: "definition" | "list" | "write" | "prune" | "in-tree";
      readonly error: ApiError;
      readonly tally: WalkTally | null;
    };

export type PrunedWell = Extract<Pruned, { kind: "pruned" | "pruned-already" }>;

/** Never rejects. */
export async function migrateCrd(migration: Migration): Promise<Migrated> {
  const opened = await openMigration(migration);
  if (opened.kind !== "open") return opened;
  const { definition, storage, version } = opened;
  const { crd } = definition;
  const isDue = isMigrationDue(crd);
  if (!isDue && !migration.cleansManagedFields) return { kind: "nothing-due", storage };

  const { told } = migration;
  told({ kind: "started", storage, stored: crd.stored.names, version });
  const secured = isDue ? await secure(migration, definition) : ({ kind: "secured", record: null, place: null } as const);
  if (secured.kind !== "secured") return secured;
  const { record, place } = secured;

  const walked = await walkUntilProven(migration, crd, version, record);
  const { tally, end } = walked;
  if (end.kind === "interrupted") return { kind: "interrupted", tally };
  if (end.kind === "changed") return { kind: "changed", change: end.change, tally };
  if (end.kind === "failed") return { kind: "failed", what: end.what, error: end.error, tally };
  if (tally.refusedCount > 0) return { kind: "refused", storage, tally };
  if (migration.dryRun !== "none") return { kind: "would", storage, tally, wouldPrune: wouldPrune(migration, crd, storage) };
  if (walked.unproven > 0) return { kind: "unproven", storage, tally, count: walked.unproven };
  if (migration.namespace !== null) return { kind: "namespace-done", storage, tally, namespace: migration.namespace };
  if (!isDue) return { kind: "done", storage, tally, pruned: null };
  return finish(migration, crd, storage, tally, place === "annotation");
}

type Opened =
  | { readonly kind: "open"; readonly definition: LiveDefinition; readonly storage: string; readonly version: string }
  | Extract<Migrated, { kind: "unservable" | "failed" | "interrupted" }>;

/** Reads the CRD, and sees whether it can be migrated at all. */
export async function openMigration({ client, crdName, namespace, signal }: Migration): Promise<Opened> {
  const read = await readDefinition(client, crdName, signal);
  if (signal.aborted) return { kind: "interrupted", tally: null };
  if (!read.ok) return { kind: "failed", what: "definition", error: read.error, tally: null };
  const { crd } = read.definition;
  const storage = storageVersion(crd);
  const version = readableVersion(crd);
  if (crd.isTerminating) return { kind: "unservable", code: "crd-terminating" };
  if (version === null || storage === null) return { kind: "unservable", code: "crd-unserved" };
  if (namespace !== null && crd.scope === "Cluster") return { kind: "unservable", code: "crd-cluster-scoped" };
  const rights = { verb: "patch", group: crd.group, resource: crd.plural, ...(namespace === null ? {} : { namespace }) };
  // Else each of a hundred thousand objects would be refused, one by one.
  if ((await reviewAccess(client, null, rights, signal)) === false) {
    const message = `you may not patch ${crd.name}${namespace === null ? " in all namespaces" : ` in namespace ${namespace}`}`;
    return { kind: "failed", what: "write", error: { code: "forbidden", status: 403, message }, tally: null };
  }
  return { kind: "open", definition: read.definition, storage, version };
}

/** Prunes what is proven. */
export async function finish(
  { client, signal }: Pick<Migration, "client" | "signal">,
  crd: Crd,
  storage: string,
  tally: WalkTally,
  isAnnotated: boolean,
): Promise<Migrated> {
  const pruned = await prune(client, crd, signal);
  switch (pruned.kind) {
    case "pruned":
    case "pruned-already":
      if (isAnnotated) await dropAnnotation(client, crd, signal);
      return { kind: "done", storage, tally, pruned };
    case "changed":
      return { kind: "changed", change: pruned.change, tally };
    case "denied":
      return { kind: "prune-denied", error: pruned.error, tally };
    case "failed":
      return signal.aborted ? { kind: "interrupted", tally } : { kind: "failed", what: "prune", error: pruned.error, tally };
  }
}

type Secured =
  | { readonly kind: "secured"; readonly record: StorageRecord; readonly place: RecordPlace }
  | Extract<Migrated, { kind: "changed" | "failed" | "interrupted" }>;

async function secure(migration: Migration, definition: LiveDefinition): Promise<Secured> {
  const { client, settleMilliseconds, dryRun, timing, signal, told } = migration;
  const secured = await secureRecord({
    client,
    definition,
    settleMilliseconds,
    isDryRun: dryRun !== "none",
    timing,
    signal,
    waits(milliseconds) {
      told({ kind: "settling", milliseconds });
    },
  });
  if (signal.aborted) return { kind: "interrupted", tally: null };
  switch (secured.kind) {
    case "secured":
      told({ kind: "recorded", record: secured.record, place: secured.place, isNew: secured.isNew });
      return secured;
    case "changed": {
      const now = await differenceFrom(lineOf(migration), definition.crd);
      const change = now.ok && now.change !== null ? now.change : "its spec was changed";
      return { kind: "changed", change, tally: null };
    }
    case "unreadable":
      return { kind: "failed", what: "definition", error: secured.error, tally: null };
    case "unlisted":
      return {
        kind: "failed",
        what: "list",
        error: secured.error ?? { code: "invalid", status: null, message: secured.reason },
        tally: null,
      };
  }
}

/** As many as a second writer, who restores objects of old resource versions, would have to defeat. */
const MOST_PASSES = 5;

interface Walked {
  readonly end: WalkEnd;
  readonly tally: WalkTally;
  /** Objects that the last look did not find proven. */
  readonly unproven: number;
}

/** The last pass writes nothing: it is the look that proves all. Where the first one does not, there is none before. */
async function walkUntilProven(migration: Migration, crd: Crd, version: string, record: StorageRecord | null): Promise<Walked> {
  const { namespace, concurrency, cleansManagedFields, dryRun, told } = migration;
  const line = lineOf(migration);
  const sum = emptyTally();
  for (let pass = 1; ; pass += 1) {
    const tally = emptyTally();
    const end = await rewriteObjects(
      {
        line,
        collection: { crd, version, namespace },
        record,
        cleansManagedFields,
        isDryRun: dryRun === "server",
        isCount: dryRun === "client",
        concurrency,
        told(now) {
          told({ kind: "progress", pass, tally: now });
        },
      },
      tally,
    );
    add(sum, tally, pass === 1);
    const undone = tally.total === 0 ? 0 : tally.done - tally.proven;
    const isLast = end.kind !== "walked" || dryRun !== "none" || tally.refusedCount > 0 || undone === 0 || pass === MOST_PASSES;
    if (isLast) return { end, tally: sum, unproven: undone };
  }
}

/** Objects are counted as they were found first; what was done to them, by all passes. */
function add(sum: WalkTally, tally: Readonly<WalkTally>, isFirst: boolean): void {
  if (isFirst) {
    sum.proven = tally.proven;
    sum.done = tally.done;
  }
  sum.total = tally.total;
  for (const member of ["rewritten", "touched", "cleaned", "overtaken", "gone", "refusedCount"] as const)
    sum[member] += tally[member];
  sum.refused.push(...tally.refused);
}

function wouldPrune({ namespace }: Migration, crd: Crd, storage: string): readonly string[] {
  return namespace === null && isMigrationDue(crd) ? crd.stored.names.filter((name) => name !== storage) : [];
}

function lineOf({ client, timing, maxPerSecond, signal }: Migration): Persistence {
  return { client, timing, pace: createPace(maxPerSecond, timing), signal };
}
