/** @file How a walk has ended, and what to do next. */
import { createColors } from "picocolors";
import type { PlanReport } from "../../explain/plan-report.ts";
import { obstacleText, prefaceLines } from "../../explain/plan-text.ts";
import { countOf, escaped } from "../../explain/text.ts";
import { CommandError, EXIT, type ExitStatus } from "../exit-status.ts";
import type { Terminal } from "../terminal.ts";
import { type PlanOptions, statusOf } from "./options.ts";
import type { WalkEnd } from "./walk-ports.ts";

/** @throws CommandError for a step that is not done. */
export function tellEnd(end: WalkEnd, options: PlanOptions & { readonly stepsDir: string }, terminal: Terminal): ExitStatus {
  switch (end.kind) {
    case "done": {
      const skipped =
        end.skipped.length === 0 ? "" : `, ${countOf(end.skipped.length, "step")} skipped: ${end.skipped.join(", ")}`;
      if (end.stepCount === 0 && end.skipped.length === 0) {
        terminal.print("Nothing to do: the cluster is as wanted.\n");
        return EXIT.allowed;
      }
      terminal.print(
        `\n${countOf(end.stepCount, "step")} done${skipped}. ${end.skipped.length === 0 ? "The cluster is as wanted." : "The cluster is not as wanted yet."}\n`,
      );
      return end.skipped.length === 0 ? EXIT.allowed : EXIT.denied;
    }
    case "quit":
      terminal.tell(
        escaped(
          end.isByHand
            ? `a step needs a hand: ${end.step.byHand ?? ""}; when that is done, ${goOn(options)}`
            : `stopped before this step; ${goOn(options)}`,
        ),
      );
      return EXIT.denied;
    case "no-plan":
      return tellNoPlan(end.report, terminal);
    case "failed":
      throw new CommandError(
        EXIT.denied,
        STEP_CODES[end.why],
        `this step is not done: ${end.step.title}: ${end.reason}; ${wayOut(end, options)}`,
      );
  }
}

type StepErrorCode = "step-failed" | "step-unproven" | "step-stuck" | "step-not-backed-up";

const STEP_CODES: Readonly<Record<Extract<WalkEnd, { kind: "failed" }>["why"], StepErrorCode>> = {
  command: "step-failed",
  proof: "step-unproven",
  stuck: "step-stuck",
  "no-backup": "step-not-backed-up",
};

function wayOut(end: Extract<WalkEnd, { kind: "failed" }>, options: { readonly stepsDir: string }): string {
  const back =
    end.step.wayBack.commands.length === 0
      ? ""
      : `, or go back: ${end.step.wayBack.commands.join(" && ").replaceAll(/\s+/g, " ")}`;
  return `see to the cause, then ${goOn(options)}${back}`;
}

function tellNoPlan(report: PlanReport, terminal: Terminal): ExitStatus {
  const show = { colors: createColors(terminal.hasColors), columns: terminal.columns };
  for (const line of prefaceLines(report, show)) terminal.tell(line);
  terminal.print(obstacleText(report, show));
  return statusOf(report);
}

/** What a person types next. */
export function goOn({ stepsDir }: { readonly stepsDir: string }): string {
  return `give the same command again to go on, with the same --steps-dir (${stepsDir}) and in the same folder`;
}
