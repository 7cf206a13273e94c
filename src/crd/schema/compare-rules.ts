/** @file What changed in that which is said over a level: allOf, anyOf, oneOf, not, and rules in CEL. */
import { celText } from "./cel-text.ts";
import { branchesOf, schemaText } from "./same-value.ts";
import type { CelRule, Schema } from "./schema.ts";
import type { SchemaDifference } from "./schema-change.ts";

export function compareBranches(before: Schema, after: Schema): readonly SchemaDifference[] {
  const differences: SchemaDifference[] = [];
  for (const { kind, of } of JUNCTORS) {
    const removed = without(branchesOf(before, of), branchesOf(after, of), kind);
    const added = without(branchesOf(after, of), branchesOf(before, of), kind);
    if (removed.length > 0 || added.length > 0)
      differences.push({ kind, removed, added, keptCount: branchesOf(after, of).length - added.length });
  }
  if (before.not !== after.not && textOf(before.not) !== textOf(after.not))
    differences.push({ kind: "not", before: before.not, after: after.not });
  return differences;
}

const JUNCTORS = [
  { kind: "all-of", of: "allOf" },
  { kind: "any-of", of: "anyOf" },
  { kind: "one-of", of: "oneOf" },
] as const;

/** Twice the same in `oneOf` is another matter than once. */
function without(
  branches: readonly Schema[],
  others: readonly Schema[],
  kind: "all-of" | "any-of" | "one-of",
): readonly Schema[] {
  if (branches.length === 0 || branches === others) return [];
  const left = others.map(schemaText);
  return branches.filter((branch) => {
    const index = left.indexOf(schemaText(branch));
    if (index !== -1 && kind === "one-of") left.splice(index, 1);
    return index === -1;
  });
}

function textOf(schema: Schema | null): string | null {
  return schema === null ? null : schemaText(schema);
}

/** Those with the same text are the same; of the others, two that say the same where they fail, or the only two, are one that changed. */
export function compareCelRules(before: readonly CelRule[], after: readonly CelRule[]): readonly SchemaDifference[] {
  if (before === after || (before.length === 0 && after.length === 0)) return [];
  const differences: SchemaDifference[] = [];
  const left = [...before];
  const added: CelRule[] = [];
  for (const rule of after) {
    const same =
      take(left, (other) => isSameRule(other, rule) && isSaidAlike(other, rule)) ??
      take(left, (other) => isSameRule(other, rule));
    if (same === undefined) added.push(rule);
    else if (!isSaidAlike(same, rule)) differences.push({ kind: "cel-rule-reworded", before: same, after: rule });
  }
  const isOnlyOne = left.length === 1 && added.length === 1;
  for (const rule of added) {
    const changed = take(left, (other) => isOnlyOne || (other.message !== null && other.message === rule.message));
    differences.push(
      changed === undefined
        ? { kind: "cel-rule-added", after: rule }
        : { kind: "cel-rule-changed", before: changed, after: rule },
    );
  }
  return [...differences, ...left.map((rule) => ({ kind: "cel-rule-removed", before: rule }) as const)];
}

/** Takes out the first that is meant, if there is one. */
function take(rules: CelRule[], isMeant: (rule: CelRule) => boolean): CelRule | undefined {
  const index = rules.findIndex(isMeant);
  return index === -1 ? undefined : rules.splice(index, 1)[0];
}

function isSameRule(left: CelRule, right: CelRule): boolean {
  return (
    left.optionalOldSelf === right.optionalOldSelf && (left.rule === right.rule || celText(left.rule) === celText(right.rule))
  );
}

function isSaidAlike(left: CelRule, right: CelRule): boolean {
  return (
    left.message === right.message &&
    left.messageExpression === right.messageExpression &&
    left.reason === right.reason &&
    left.fieldPath === right.fieldPath
  );
}
