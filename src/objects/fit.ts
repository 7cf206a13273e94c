/** @file What of one object is not fine by a schema, and was by the one before. */
import type { Schema } from "../crd/schema/schema.ts";
import { asRead, asReadPruned } from "./apply-defaults.ts";
import type { CelChecker, CelFailedRule } from "./cel/compile-cel-rules.ts";
import type { Path } from "./paths.ts";
import type { Keyword, Problem } from "./problem.ts";
import { problemsOf } from "./problems-of.ts";
import { prune, unknownFields } from "./unknown-fields.ts";
import { MAX_PROBLEMS } from "./validate.ts";
import type { JsonObject } from "./with-member.ts";

/** A `FitCheck` whose schemas are read. */
export interface ReadCheck {
  readonly version: string;
  readonly before: Schema | null;
  readonly after: Schema;
  readonly isValidated: boolean;
  readonly prunedAs: "stored" | "served" | null;
  /** Null where no rule of CEL is new. */
  readonly celRules: CelChecker | null;
}

export interface Fit {
  readonly problems: readonly Problem[];
  /** Roots of what is lost. */
  readonly losses: readonly Path[];
  readonly failedRules: readonly CelFailedRule[];
}

/** @param object of the version of the check. */
export function fitOf(object: JsonObject, check: ReadCheck): Fit {
  const { before, after } = check;
  const pruned = prune(object, after);
  const isLossLooked = check.prunedAs !== null && pruned !== object;
  const losses = isLossLooked ? unknownFields(before === null ? object : prune(object, before), after) : [];
  if (!check.isValidated) return { problems: [], losses, failedRules: [] };
  const read = asReadPruned(pruned, after);
  const problems = problemsOf(read, after);
  return {
    problems: problems.length === 0 || before === null ? problems : withoutThoseOf(problems, object, before),
    losses,
    failedRules: problems.some(({ keyword }) => BLOCKING.has(keyword)) ? [] : (check.celRules?.check(read) ?? []),
  };
}

/** Rules of CEL are not asked of what has such a problem. Source: registry/customresource/strategy.go, hasBlockingErr. */
const BLOCKING: ReadonlySet<Keyword> = new Set(["enum", "format", "maxItems", "maxLength", "maxProperties", "required", "type"]);

/** A value that broke the same keyword before is no worse off by another bound or list. */
function withoutThoseOf(problems: readonly Problem[], object: JsonObject, before: Schema): readonly Problem[] {
  const knownProblems = problemsOf(asRead(object, before), before);
  // Not all of them are told, and what is not may be among these.
  if (knownProblems.length >= MAX_PROBLEMS) return [];
  const known = new Set(knownProblems.map(identity));
  return problems.filter((problem) => !known.has(identity(problem)));
}

function identity({ path, keyword }: Problem): string {
  return JSON.stringify([keyword, ...path]);
}
