import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { ExplainedStep } from "../../../../src/explain/plan-report.ts";
import { type Journal, journalPath, JournalUnreadable, openJournal } from "../../../../src/cli/plan/journal.ts";

const STEP: ExplainedStep = {
  number: 4,
  id: "restore/gears.own.dev",
  action: "restore",
  title: "Restore the objects of gears.own.dev",
  because: null,
  byHand: "by a person",
  commands: ["crdguard restore gears"],
  changes: ["gears.own.dev"],
  isDestructive: false,
  findings: [],
  proof: [
    { command: "kubectl get gears", prints: null },
    { command: "kubectl get gears -o name", prints: "gear.own.dev/left", isPart: true },
  ],
  wayBack: { sentence: "Delete them again.", commands: ["kubectl delete gears --all"] },
};

const JOURNAL: Journal = {
  cluster: "https://cluster.example",
  wanted: "4711",
  startedAt: "2026-01-02T03:04:05Z",
  begun: "restore/gears.own.dev",
  awaited: null,
  done: ["back-up/gears.own.dev"],
  backups: { "gears.own.dev": 2 },
  owed: [
    { step: STEP, workload: "Deployment/mill/turner", objectsOf: "gears.own.dev", backup: 2, after: ["back-up/gears.own.dev"] },
  ],
  isFinished: false,
};

const folder = mkdtempSync(join(tmpdir(), "crdguard-journal-"));
const own = join(folder, "plan");

beforeEach(() => {
  rmSync(own, { recursive: true, force: true });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("a journal", () => {
  it("is read as it was written, and nobody else may read it", () => {
    const file = openJournal(own);
    const before = file.read();
    file.write(JOURNAL);

    expect(before).toBeNull();
    expect(openJournal(own).read()).toEqual(JOURNAL);
    expect(readdirSync(own)).toEqual(["journal.json"]);
    expect(statSync(journalPath(own)).mode & 0o777).toBe(0o600);
  });

  it("that was cut short while a newer one was being written is the older one", () => {
    const file = openJournal(own);
    file.write(JOURNAL);
    writeFileSync(`${journalPath(own)}.new`, '{"apiVersion":"crdguard.dev/v1al');

    expect(file.read()).toEqual(JOURNAL);
    file.write({ ...JOURNAL, isFinished: true });
    expect(file.read()).toMatchObject({ isFinished: true });
  });

  it("that is a folder cannot be read, and its path is named", () => {
    openJournal(join(own, "journal.json/below")).write(JOURNAL);

    expect(() => openJournal(own).read()).toThrow(new JournalUnreadable(`${journalPath(own)} cannot be read`));
  });

  it.each<{ title: string; spoil: (journal: Record<string, unknown>) => unknown }>([
    { title: "no object", spoil: () => [] },
    { title: "of another kind", spoil: (journal) => ({ ...journal, kind: "Plan" }) },
    { title: "of a newer form", spoil: (journal) => ({ ...journal, apiVersion: "crdguard.dev/v2" }) },
    ...["cluster", "wanted", "startedAt", "begun", "awaited", "done", "backups", "owed", "isFinished"].map((member) => ({
      title: `without ${member}`,
      spoil: (journal: Record<string, unknown>) => Object.fromEntries(Object.entries(journal).filter(([key]) => key !== member)),
    })),
    { title: "with a step that is no text", spoil: (journal) => ({ ...journal, done: [1] }) },
    { title: "with a count that is no number", spoil: (journal) => ({ ...journal, backups: { "gears.own.dev": "2" } }) },
    { title: "with an owed step that no step follows", spoil: owing({ after: "all" }) },
    { title: "with an owed backup that is no number", spoil: owing({ backup: "2" }) },
    { title: "with an owed workload that is no text", spoil: owing({ workload: 1 }) },
    { title: "with an owed step that deletes", spoil: owingStep({ action: "delete-objects" }) },
    { title: "with a command that is no text", spoil: owingStep({ commands: [["rm"]] }) },
    { title: "with a proof without its command", spoil: owingStep({ proof: [{ prints: null }] }) },
    { title: "with a proof that prints a number", spoil: owingStep({ proof: [{ command: "a", prints: 1 }] }) },
    { title: "without a way back", spoil: owingStep({ wayBack: null }) },
  ])("$title is none that anybody can go by", ({ spoil }) => {
    openJournal(own).write(JOURNAL);
    const path = journalPath(own);
    const written = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify(spoil(written)));

    expect(() => openJournal(own).read()).toThrow(new JournalUnreadable(`${path} is no journal of this crdguard`));
  });

  it("that is no JSON is none either", () => {
    openJournal(own).write(JOURNAL);
    writeFileSync(journalPath(own), "{");

    expect(() => openJournal(own).read()).toThrow("is no journal of this crdguard");
  });
});

function owing(members: object): (journal: Record<string, unknown>) => unknown {
  return (journal) => ({ ...journal, owed: [{ ...JOURNAL.owed[0], ...members }] });
}

function owingStep(members: object): (journal: Record<string, unknown>) => unknown {
  return owing({ step: { ...STEP, ...members } });
}
