/** @file What several outputs say alike: marks, titles, places, the outcome of the whole. */
import type { Place, Telling, ToldSubject } from "../telling.ts";
import { inert } from "./harmless.ts";

export function markOf(outcome: ToldSubject["outcome"]): string {
  switch (outcome) {
    case "passed":
      return "✓";
    case "warned":
      return "!";
    case "failed":
      return "✗";
    case "undecided":
      return "?";
  }
}

/** Nothing is to be said of it but that all is well. */
export function isSilent({ outcome, reason, findings }: ToldSubject): boolean {
  return outcome === "passed" && reason === null && findings.length === 0;
}

/** One failure fails the whole; else one undecided subject leaves it undecided. */
export function outcomeOfAll({ command, subjects }: Telling): Pick<ToldSubject, "outcome" | "outcomeWord"> {
  return (
    subjects.find(({ outcome }) => outcome === "failed") ??
    subjects.find(({ outcome }) => outcome === "undecided") ??
    subjects.find(({ outcome }) => outcome === "warned") ??
    subjects[0] ?? { outcome: "passed", outcomeWord: command === "check" ? "allowed" : "healthy" }
  );
}

/** `gears.own.dev UPDATE` */
export function titleOf({ name, operation }: ToldSubject): string {
  return operation === null ? name : `${name} ${operation}`;
}

/** `crds/gears.yaml:12:5`, as compilers write it. */
export function placeText({ file, line, column }: Place): string {
  return `${inert(file)}:${String(line)}:${String(column)}`;
}
