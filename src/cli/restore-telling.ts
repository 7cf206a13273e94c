/** @file What `crdguard restore` tells while it works: lines for people, or JSON, an event a line. */
import { conflictLine, droppedLine, mustBeEditedLines, ownerLeftOutLine, restoringLine, untriedLine } from "../explain/backup.ts";
import { backupEventText } from "../explain/backup-events.ts";
import type { FolderFindings } from "../migration/backup/check-folder.ts";
import type { RestoreStep } from "../migration/backup/restore-work.ts";
import type { SteadyLines } from "./steady-lines.ts";
import type { Terminal } from "./terminal.ts";

export interface RestoreTelling {
  checked(findings: FolderFindings): void;
  step(step: RestoreStep): void;
}

export function restoreEvents({ print }: Pick<Terminal, "print">): RestoreTelling {
  const emit = (event: string, members: object): void => {
    print(backupEventText("RestoreEvent", event, members));
  };
  return {
    checked(findings) {
      emit("checked", findings);
    },
    step(step) {
      switch (step.kind) {
        case "tried":
          emit("tried", { ...step.object, ...withOutcome(step.trial) });
          return;
        case "restored":
          emit("restored", { ...step.object, ...withOutcome(step.outcome) });
          return;
        case "trying":
        case "restoring":
        case "reading-back":
          if (step.done === step.total || step.done % EVENT_EVERY === 0) emit(step.kind, { done: step.done, total: step.total });
      }
    },
  };
}

/** Each object has an event of its own; how far it is need not be told as often. */
const EVENT_EVERY = 100;

function withOutcome({ kind, ...members }: { readonly kind: string }): object {
  return { outcome: kind, ...members };
}

export function restoreLines({ print }: Pick<Terminal, "print">, steady: SteadyLines, isDryRun: boolean): RestoreTelling {
  const say = (lines: readonly string[]): void => {
    for (const line of lines) print(`${line}\n`);
  };
  return {
    checked: () => undefined,
    step(step) {
      switch (step.kind) {
        case "tried": {
          const { object, trial } = step;
          if (trial.kind === "refused") say(mustBeEditedLines(object.path, step.version, trial.problems));
          else if (trial.kind === "untried") say([untriedLine(object.path, trial.reason)]);
          // Else it is told when it is restored.
          else if (trial.kind === "conflict" && isDryRun) say([conflictLine(object.path, trial.paths)]);
          return;
        }
        case "restored": {
          const { object, outcome } = step;
          switch (outcome.kind) {
            case "refused":
              say(mustBeEditedLines(object.path, step.version, outcome.problems));
              return;
            case "conflict":
              say([conflictLine(object.path, outcome.paths)]);
              return;
            case "created":
            case "overwritten":
            case "same":
              say(outcome.leftOut.map(({ owner, reason }) => ownerLeftOutLine(object.path, owner, reason)));
              if (outcome.dropped.length > 0)
                say([
                  droppedLine(
                    object.path,
                    outcome.dropped.map(({ path }) => path),
                  ),
                ]);
              return;
            case "failed":
              return;
          }
          return;
        }
        case "trying":
        case "restoring":
        case "reading-back":
          steady.tell(step.done, step.total, (pace) => restoringLine(step.kind, pace));
      }
    },
  };
}
