import { describe, expect, it } from "vitest";
import { migrationEvent, outcomeEvents } from "../../../src/explain/migration-events.ts";
import {
  barLine,
  migrateCommand,
  type MigrationOutcome,
  type MigrationTally,
  outcomeLines,
  plainLine,
  recordedLine,
  settlingLine,
  startedLine,
  unservableReason,
} from "../../../src/explain/migration.ts";
import { problemsOfEvent } from "../../support/event-schemas.ts";

const NONE: MigrationTally = {
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
const AGAIN = "crdguard migrate gears.own.dev";

function refusal(name: string, message: string) {
  return { object: { namespace: "mill", name }, error: { message, status: 422 } };
}

const REFUSED = {
  ...NONE,
  total: 4,
  rewritten: 1,
  refusedCount: 3,
  refused: [refusal("a", 'gears "a" is refused'), refusal("b", 'gears "b" is refused'), refusal("c", "another\u001b[2J reason")],
};

const OUTCOMES: readonly { readonly outcome: MigrationOutcome; readonly lines: readonly string[] }[] = [
  { outcome: { kind: "nothing-due", storage: "v1" }, lines: ["gears.own.dev: nothing to do, stored in v1 alone"] },
  {
    outcome: { kind: "done", storage: "v1", tally: NONE, pruned: { kind: "pruned", before: ["v1alpha1", "v1"], after: ["v1"] } },
    lines: ["gears.own.dev: there are no objects; status.storedVersions was v1alpha1 and v1, and is v1 now"],
  },
  {
    outcome: {
      kind: "done",
      storage: "v1",
      tally: { ...NONE, total: 3_210, rewritten: 3_000, touched: 100, overtaken: 9, gone: 1, proven: 100 },
      pruned: { kind: "pruned-already" },
    },
    lines: [
      "gears.own.dev: all 3,210 objects are stored in v1 (3,000 rewritten, 100 stored so before, and touched, 9 written by somebody else meanwhile, 1 deleted meanwhile, 100 proven before); status.storedVersions had been pruned already",
    ],
  },
  {
    outcome: { kind: "namespace-done", storage: "v1", namespace: "mill", tally: { ...NONE, total: 1, rewritten: 1 } },
    lines: [
      "gears.own.dev: in namespace mill, 1 object is stored in v1 (1 rewritten); nothing is pruned, as other namespaces were not looked at",
    ],
  },
  {
    outcome: { kind: "would", storage: "v1", tally: { ...NONE, total: 5, rewritten: 2 }, wouldPrune: ["v1alpha1"] },
    lines: [
      "gears.own.dev: 2 of 5 objects would be written to be stored in v1, and status.storedVersions would lose v1alpha1 (dry run)",
    ],
  },
  {
    outcome: { kind: "in-tree-done", storage: "v1", migration: "gears", pruned: { kind: "pruned-already" } },
    lines: [
      "gears.own.dev: StorageVersionMigration gears has rewritten all objects into v1; status.storedVersions had been pruned already",
    ],
  },
  {
    outcome: { kind: "refused", storage: "v1", tally: REFUSED },
    lines: [
      "gears.own.dev: 3 of 4 objects could not be rewritten, and nothing is pruned:",
      "  mill/a, mill/b:",
      '    gears "a" is refused',
      "  mill/c:",
      String.raw`    another\u001b[2J reason`,
      `  mend them, or what refuses them, and run it again: ${AGAIN}`,
    ],
  },
  {
    outcome: { kind: "unproven", storage: "v1", tally: NONE, count: 2 },
    lines: [
      `gears.own.dev: 2 objects had to be written again and again, and nothing is pruned: something restores old objects, or deletes and makes them all the time; run it again once that has ended: ${AGAIN}`,
    ],
  },
  {
    outcome: { kind: "changed", change: "its spec was changed", tally: null },
    lines: [
      `gears.own.dev: stopped, since its spec was changed meanwhile; nothing is pruned, and nothing is lost: see whether the change was meant, and run it again: ${AGAIN}`,
    ],
  },
  {
    outcome: {
      kind: "prune-denied",
      error: { message: "denied by crdguard:\n\nstored-version-forgotten: 3 objects\r\n  rewrite\u001b[2J them\n" },
      tally: NONE,
    },
    lines: [
      "gears.own.dev: all objects are rewritten, but status.storedVersions was not pruned:",
      "  denied by crdguard:",
      "  stored-version-forgotten: 3 objects",
      String.raw`    rewrite\u001b[2J them`,
      `  see to that, and run it again: ${AGAIN}`,
    ],
  },
  {
    outcome: { kind: "in-tree-failed", migration: "gears", reason: "a webhook" },
    lines: [
      "gears.own.dev: StorageVersionMigration gears failed, and nothing is pruned: a webhook; without --in-tree, crdguard rewrites the objects itself and tells which are refused",
    ],
  },
  {
    outcome: { kind: "interrupted", tally: { ...NONE, rewritten: 40, touched: 3 } },
    lines: [`gears.own.dev: interrupted after 43 objects were written; nothing is lost, and what is left goes on by: ${AGAIN}`],
  },
];

describe("what came of a migration", () => {
  it.each(OUTCOMES)("is told: $outcome.kind", ({ outcome, lines }) => {
    expect(outcomeLines("gears.own.dev", outcome, AGAIN)).toEqual(lines);
  });

  it.each(OUTCOMES)("is an event of the schema: $outcome.kind", ({ outcome, lines }) => {
    const events = outcomeEvents({ time: "2026-05-06T08:00:00Z", crd: "gears.own.dev" }, outcome, lines);

    expect(events.map(problemsOfEvent)).toEqual(events.map(() => []));
    expect(events.at(-1)).toMatchObject({ event: "ended", outcome: outcome.kind });
  });

  it("tells ten objects of a reason, and ten reasons", () => {
    const same = Array.from({ length: 13 }, (_, index) => refusal(`a${String(index).padStart(2, "0")}`, "same"));
    const others = Array.from({ length: 12 }, (_, index) => refusal(`o${String(index)}`, `reason ${String(index)}`));
    const tally = { ...NONE, total: 25, refusedCount: 25, refused: [...same, ...others] };

    const lines = outcomeLines("gears.own.dev", { kind: "refused", storage: "v1", tally }, AGAIN);

    expect(lines[1]).toMatch(/mill\/a09, and 3 more:$/);
    expect(lines.at(-2)).toBe("  and 3 other reasons; -o json tells all");
  });
});

describe("on the way", () => {
  const tally = { ...NONE, total: 1_000, done: 340 };

  it.each([
    {
      title: "a bar",
      line: barLine("gears.own.dev", 1, tally, { perSecond: 98.2 }),
      told: "gears.own.dev [######--------------] 340/1,000 objects, 98/s, 7 s left",
    },
    {
      title: "before a rate is known",
      line: barLine("gears.own.dev", 1, tally, { perSecond: null }),
      told: "gears.own.dev [######--------------] 340/1,000 objects",
    },
    {
      title: "minutes",
      line: plainLine("gears.own.dev", 1, tally, { perSecond: 2 }),
      told: "gears.own.dev: 340 of 1,000 objects dealt with, 2/s, 6 min left",
    },
    {
      title: "hours",
      line: plainLine("gears.own.dev", 2, { ...tally, total: 100_000, refusedCount: 2 }, { perSecond: 2 }),
      told: "gears.own.dev: 340 of 100,000 objects looked at again, 2/s, 14 h left, 2 refused",
    },
    {
      title: "a storage version that is not served",
      line: startedLine("gears.own.dev", "v1", ["v1alpha1", "v1"], "v1beta1"),
      told: "gears.own.dev: stored in v1alpha1 and v1; rewriting into v1, read and written as v1beta1, since v1 is not served",
    },
    {
      title: "a wait",
      line: settlingLine("gears.own.dev", 65_000),
      told: "gears.own.dev: waiting 65 s until every API server stores in the storage version",
    },
  ])("tells $title", ({ line, told }) => {
    expect(line).toBe(told);
  });

  it.each([
    { place: "object", isNew: true, told: "recorded as a StorageVersionRecord" },
    {
      place: "annotation",
      isNew: true,
      told: "recorded as an annotation of the CRD, since no StorageVersionRecord could be written",
    },
    { place: "memory", isNew: true, told: "not recorded, so that another run begins anew" },
    { place: "object", isNew: false, told: "as crdguard-0 has seen" },
  ] as const)("tells where the record is: $place, new: $isNew", ({ place, isNew, told }) => {
    const record = { storageVersion: "v1", writtenSince: "233", recordedBy: "crdguard-0" };

    expect(recordedLine("gears.own.dev", record, place, isNew)).toContain(`objects newer than 233 are stored in v1`);
    expect(recordedLine("gears.own.dev", record, place, isNew)).toContain(told);
  });

  it.each([
    ["started", { storageVersion: "v1", storedVersions: ["v1alpha1", "v1"], writtenAs: "v1" }],
    ["settling", { seconds: 65 }],
    [
      "recorded",
      { writtenSince: "233", recordedAt: "2026-05-06T08:00:00Z", recordedBy: "crdguard-0", keptAs: "object", isNew: true },
    ],
    ["in-tree-waiting", { migration: "gears" }],
  ])("is an event of the schema: %s", (event, members) => {
    expect(problemsOfEvent(migrationEvent({ time: "2026-05-06T08:00:00Z", crd: "gears.own.dev" }, event, members))).toEqual([]);
  });

  it("names no event that the schema does not have", () => {
    expect(problemsOfEvent(migrationEvent({ time: "2026-05-06T08:00:00Z", crd: "gears.own.dev" }, "paused", {}))).not.toEqual([]);
  });
});

describe("the line that goes on", () => {
  it("can be pasted, whatever is in it", () => {
    expect(
      migrateCommand("kubectl crdguard", "gears.own.dev", [
        ["--in-tree", null],
        ["--context", "it's; rm -rf"],
      ]),
    ).toBe(`kubectl crdguard migrate gears.own.dev --in-tree --context 'it'\\''s; rm -rf'`);
  });
});

describe("a definition that cannot be migrated", () => {
  it.each(["crd-unserved", "crd-terminating", "crd-cluster-scoped"] as const)("is told with the way out: %s", (code) => {
    expect(unservableReason("gears.own.dev", code)).toMatch(
      /gears\.own\.dev .*: (?:serve one|there is nothing|leave --namespace out)/,
    );
  });
});
