/**
 * @file Walks a plan: takes its first step, waits for the proof, plans anew. Whatever kills it, the next walk goes on, since the
 * cluster shows what has been done, and the journal what it does not show.
 */
import type { ExplainedStep } from "../../explain/plan-report.ts";
import type { Journal } from "./journal.ts";
import { owedAfter, withOwed } from "./owed.ts";
import type { WalkEnd, WalkPorts } from "./walk-ports.ts";

/** @param start as it was read, or a fresh one. */
export async function walk(start: Journal, ports: WalkPorts): Promise<WalkEnd> {
  let journal = start;
  const skipped = new Set<string>();
  /** Of this walk alone: a backup of an earlier one may be older than the objects. */
  const backedUp = new Set<string>();
  let stepCount = 0;
  let last: string | null = null;

  async function write(change: Partial<Journal>): Promise<void> {
    journal = { ...journal, ...change };
    await ports.write(journal);
  }

  function backupNumber(crd: string): number {
    return (journal.backups[crd] ?? 0) + (backedUp.has(crd) ? 0 : 1);
  }

  function stopped(): ReadonlySet<string> {
    return new Set(journal.owed.flatMap(({ workload }) => workload ?? []));
  }

  /** With the one of this walk last. */
  function owedBackups(crd: string): readonly number[] {
    const numbers = journal.owed.flatMap(({ objectsOf, backup }) => (objectsOf === crd && backup !== null ? [backup] : []));
    return [...numbers, backupNumber(crd)];
  }

  for (let isFirst = true; ; isFirst = false) {
    const plan = await ports.plan(backupNumber, stopped());
    const { outcome, steps } = plan.report;
    if (outcome === "impossible" || outcome === "undecided") return { kind: "no-plan", report: plan.report };
    if (isFirst) ports.tell({ kind: "planned", report: plan.report });
    const isDoneHere = ({ id, action }: ExplainedStep): boolean =>
      skipped.has(id) || (action === "back-up" && backedUp.has(plan.subjectOf(id).objectsOf ?? ""));
    const left = withOwed(plan, journal.owed).filter((one) => !isDoneHere(one));
    const [step] = left;
    if (step === undefined) {
      await write({ begun: null, isFinished: skipped.size === 0 });
      return { kind: "done", stepCount, skipped: [...skipped] };
    }
    if (step.id === last) {
      return { kind: "failed", step, why: "stuck", reason: "its proof holds, and yet the plan, made anew, begins with it again" };
    }
    const isOwed = !steps.some(({ id }) => id === step.id);
    const { objectsOf } = plan.subjectOf(step.id);

    // Each plan is made anew and begins at 1; a person counts on.
    const before = journal.done.length + skipped.size;
    ports.tell({ kind: "step", step, number: before + 1, count: before + left.length });
    const answer = await ports.ask(step);
    if (answer === "quit") return { kind: "quit", step, isByHand: false };
    if (answer === "skip") {
      skipped.add(step.id);
      ports.tell({ kind: "skipped", step });
      continue;
    }
    if (step.action === "delete-objects" && (objectsOf === null || !backedUp.has(objectsOf))) {
      return { kind: "failed", step, why: "no-backup", reason: "its objects have not been backed up in this walk" };
    }
    const isCovered =
      step.action === "delete-objects" && objectsOf !== null && (await ports.isCovered(objectsOf, owedBackups(objectsOf)));
    await write({
      begun: step.id,
      backups:
        step.action === "back-up" && objectsOf !== null
          ? { ...journal.backups, [objectsOf]: backupNumber(objectsOf) }
          : journal.backups,
      owed: [...journal.owed, ...(isCovered ? [] : owedAfter(step, plan, backupNumber))],
    });
    if (!isOwed) await plan.prepare(step.id);

    if (step.byHand !== null && journal.awaited !== step.id && !(await ports.handed(step))) {
      await write({ begun: null, awaited: step.id });
      return { kind: "quit", step, isByHand: true };
    }
    for (const command of step.commands) {
      const ran = await ports.run(command);
      if (!ran.ok) return { kind: "failed", step, why: "command", reason: ran.reason };
    }
    const proven = await ports.prove(step);
    if (!proven.ok) return { kind: "failed", step, why: "proof", reason: proven.reason };

    if (step.action === "back-up" && objectsOf !== null) backedUp.add(objectsOf);
    if (step.action === "delete-objects" && objectsOf !== null) backedUp.delete(objectsOf);
    await write({
      begun: null,
      awaited: null,
      done: [...journal.done, step.id],
      owed: journal.owed.filter((own) => own.step.id !== step.id),
    });
    ports.tell({ kind: "proven", step });
    stepCount += 1;
    last = step.action === "back-up" || isOwed ? null : step.id;
  }
}
