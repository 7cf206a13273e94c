import { describe, expect, it } from "vitest";
import { restoreEvents } from "../../../src/cli/restore-telling.ts";
import type { RestoredObject, RestoreStep } from "../../../src/migration/backup/restore-work.ts";
import { problemsOfBackupEvent } from "../../support/event-schemas.ts";

const LEFT: RestoredObject = {
  crd: "gears.own.dev",
  namespace: "mill",
  name: "left",
  path: "gears.own.dev/objects/mill/left.yaml",
};
const UNKNOWN = { path: "spec.size", kind: "unknown-field", message: "" } as const;
const INVALID = { path: "", kind: "invalid", message: "no gears today" } as const;
const OWNER = { apiVersion: "own.dev/v1", kind: "Drum", name: "owner", namespace: "mill" };

const STEPS: readonly RestoreStep[] = [
  { kind: "tried", object: LEFT, version: "v1", trial: { kind: "fits" } },
  { kind: "tried", object: LEFT, version: "v1", trial: { kind: "same" } },
  { kind: "tried", object: LEFT, version: "v1", trial: { kind: "conflict", paths: ["spec.size"] } },
  { kind: "tried", object: LEFT, version: "v1", trial: { kind: "refused", problems: [UNKNOWN, INVALID] } },
  { kind: "tried", object: LEFT, version: "v1", trial: { kind: "untried", reason: "does not support dry run" } },
  {
    kind: "restored",
    object: LEFT,
    version: "v1",
    outcome: { kind: "created", status: "restored", leftOut: [{ owner: OWNER, reason: null }], dropped: [UNKNOWN] },
  },
  {
    kind: "restored",
    object: LEFT,
    version: "v1",
    outcome: { kind: "overwritten", status: "kept", leftOut: [{ owner: OWNER, reason: "you may not get drums" }], dropped: [] },
  },
  { kind: "restored", object: LEFT, version: "v1", outcome: { kind: "conflict", paths: ["spec.size"] } },
  { kind: "restored", object: LEFT, version: "v1", outcome: { kind: "refused", problems: [INVALID] } },
];

function eventsOf(steps: readonly RestoreStep[]): readonly Readonly<Record<string, unknown>>[] {
  const lines: string[] = [];
  const telling = restoreEvents({ print: (text) => lines.push(text) });
  for (const step of steps) telling.step(step);
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

describe("a restore as JSON", () => {
  it.each(STEPS)("holds to its schema, event $#: $kind", (step) => {
    const [event] = eventsOf([step]);

    expect(event).toMatchObject({ ...LEFT, apiVersion: "crdguard.dev/v1alpha1", kind: "RestoreEvent", event: step.kind });
    expect(problemsOfBackupEvent(event)).toEqual([]);
  });

  it("tells how far it is every hundred objects, and at the end", () => {
    const steps = Array.from({ length: 250 }, (_, index) => ({ kind: "restoring", done: index + 1, total: 250 }) as const);
    const events = eventsOf(steps);

    expect(events.map(({ done }) => done)).toEqual([100, 200, 250]);
    expect(events.flatMap(problemsOfBackupEvent)).toEqual([]);
  });

  it("names no event, and no outcome, that the schema does not have", () => {
    const [event] = eventsOf(STEPS);

    expect(problemsOfBackupEvent({ ...event, event: "paused" })).not.toEqual([]);
    expect(problemsOfBackupEvent({ ...event, outcome: "lost" })).not.toEqual([]);
    expect(problemsOfBackupEvent({ ...event, path: 1 })).not.toEqual([]);
  });
});
