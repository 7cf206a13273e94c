/** @file A migration as JSON, one event a line: docs/schemas/migration-event.v1alpha1.json. */
import type { MigrationOutcome, MigrationTally } from "./migration.ts";

/** Whatever stands between two events of a CRD, all of one line have these. */
export interface EventHead {
  /** RFC 3339. */
  readonly time: string;
  readonly crd: string;
}

type Member = Readonly<Record<string, unknown>>;

export function migrationEvent({ time, crd }: EventHead, event: string, members: Member): Member {
  return { apiVersion: "crdguard.dev/v1alpha1", kind: "MigrationEvent", time, crd, event, ...members };
}

export function tallyMembers(tally: MigrationTally): Member {
  const { total, done, proven, rewritten, touched, cleaned, overtaken, gone, refusedCount } = tally;
  return { total, done, proven, rewritten, touched, cleaned, overtaken, gone, refused: refusedCount };
}

/** Of each object that is told, one event; then what came of all. @param lines the same in words. */
export function outcomeEvents(head: EventHead, outcome: MigrationOutcome, lines: readonly string[]): readonly Member[] {
  const tally = "tally" in outcome ? outcome.tally : null;
  const pruned = "pruned" in outcome && outcome.pruned?.kind === "pruned" ? outcome.pruned : null;
  return [
    ...(tally?.refused ?? []).map(({ object, error }) =>
      migrationEvent(head, "refused", {
        namespace: object.namespace,
        name: object.name,
        status: error.status,
        message: error.message,
      }),
    ),
    migrationEvent(head, "ended", {
      outcome: outcome.kind,
      objects: tally === null ? null : tallyMembers(tally),
      pruned: pruned === null ? null : { before: pruned.before, after: pruned.after },
      ...("wouldPrune" in outcome ? { wouldPrune: outcome.wouldPrune } : {}),
      message: lines.join("\n"),
    }),
  ];
}
