/** @file Regular expressions, by RE2. Source: k8s.io/apiserver/pkg/cel/library/regex.go. */
import { RE2JS } from "re2js";
import type { Budget } from "../expression/budget.ts";
import { integer, text, three, two } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { MadeList } from "../values/collections.ts";
import { CelFailure } from "../values/value.ts";
import type { ListValue } from "../values/value.ts";

export const REGEX: Library = {
  ".find/2": [
    two(text, text, (value, pattern, budget) => {
      budget.spendOnText(value.length);
      const matcher = compiled(pattern).matcher(value);
      return matcher.find() ? (matcher.group() ?? "") : "";
    }),
  ],
  ".findAll/2": [two(text, text, (value, pattern, budget) => findAll(value, pattern, -1n, budget))],
  ".findAll/3": [three(text, text, integer, findAll)],
};

/** Anywhere in the text. @throws CelFailure for a pattern that RE2 does not take. */
export function matches(value: string, pattern: string, budget: Budget): boolean {
  budget.spendOnText(value.length);
  return compiled(pattern).test(value);
}

function findAll(value: string, pattern: string, limit: bigint, budget: Budget): ListValue {
  budget.spendOnText(value.length);
  const matcher = compiled(pattern).matcher(value);
  const found: string[] = [];
  let end = -1;
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) {
    budget.spend(1);
    // Go takes no empty match right behind another one.
    if (matcher.start() === matcher.end() && matcher.start() === end) continue;
    end = matcher.end();
    found.push(matcher.group() ?? "");
  }
  return new MadeList(found);
}

/** Patterns are mostly literals of rules; those that objects bring must not fill the memory. */
const MAX_PATTERNS = 500;

const patterns = new Map<string, RE2JS>();

function compiled(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  let made: RE2JS;
  try {
    made = RE2JS.compile(pattern);
  } catch (error) {
    throw new CelFailure(error instanceof Error ? error.message : String(error), { cause: error });
  }
  if (patterns.size >= MAX_PATTERNS) patterns.clear();
  patterns.set(pattern, made);
  return made;
}
