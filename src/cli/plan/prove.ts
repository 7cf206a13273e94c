/** @file Waits for the proof of a step. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ExplainedStep } from "../../explain/plan-report.ts";
import { escaped } from "../../explain/text.ts";
import type { Terminal } from "../terminal.ts";
import type { Shell } from "./shell.ts";
import type { StepResult } from "./walk-ports.ts";

/** Between two looks; a proof mostly holds at the first one. */
const LOOK_MILLISECONDS = 1_000;

/** Waits until all proofs hold, as long as it is told. */
export async function prove({ proof }: ExplainedStep, shell: Shell, seconds: number, terminal: Terminal): Promise<StepResult> {
  const deadline = Date.now() + seconds * 1_000;
  let isTold = false;
  for (;;) {
    let reason: string | null = null;
    for (const { command, prints, isPart } of proof) {
      const { status, stdout, stderr } = await shell.probe(command);
      const printed = stdout.replace(/\n$/, "");
      const isAsTold = prints === null || (isPart === true ? printed.includes(prints) : printed === prints);
      if (status === 0 && isAsTold) continue;
      const said = stderr.trim().split("\n").at(-1) ?? "";
      reason =
        status === 0 || (printed !== "" && !isAsTold)
          ? `${firstLine(command)} printed "${printed.slice(0, MOST_PRINTED)}" rather than "${prints ?? ""}"`
          : `${firstLine(command)} ended with ${status === null ? "a signal" : `status ${String(status)}`}${said === "" ? "" : `: ${said}`}`;
      break;
    }
    if (reason === null) return { ok: true };
    if (Date.now() >= deadline) return { ok: false, reason };
    if (!isTold) terminal.tell(escaped(`waiting for the proof: ${reason}`));
    isTold = true;
    await sleep(LOOK_MILLISECONDS);
  }
}

/** A difference may be as long as a definition. */
const MOST_PRINTED = 200;

/** Quoted, and cut where it is long. */
export function firstLine(command: string): string {
  const [line = ""] = command.split("\n", 1);
  return `"${line.length > MOST_PRINTED ? `${line.slice(0, MOST_PRINTED)}…` : line}"`;
}
