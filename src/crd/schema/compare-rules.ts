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
  const left = new Map<string, number>();
  for (const other of others.map(schemaText)) left.set(other, (left.get(other) ?? 0) + 1);
  return branches.filter((branch) => {
    const text = schemaText(branch);
    const count = left.get(text) ?? 0;
    if (count > 0 && kind === "one-of") left.set(text, count - 1);
    return count === 0;
  });
}

function textOf(schema: Schema | null): string | null {
  return schema === null ? null : schemaText(schema);
}

/** Those with the same text are the same; of the others, two that say the same where they fail, or the only two, are one that changed. */
export function compareCelRules(before: readonly CelRule[], after: readonly CelRule[]): readonly SchemaDifference[] {
  if (before === after || (before.length === 0 && after.length === 0)) return [];
  const differences: SchemaDifference[] = [];
  const left = new Set(before);
  const sameBefore = groupedBy(before, ruleText);
  const added: CelRule[] = [];
  for (const rule of after) {
    const candidates = sameBefore.get(ruleText(rule)) ?? [];
    const same = take(candidates, (other) => isSaidAlike(other, rule)) ?? candidates.shift();
    if (same === undefined) {
      added.push(rule);
      continue;
    }
    left.delete(same);
    if (!isSaidAlike(same, rule)) differences.push({ kind: "cel-rule-reworded", before: same, after: rule });
  }
  const [only] = left.size === 1 && added.length === 1 ? left : [];
  const saidBefore = groupedBy([...left], ({ message }) => message);
  for (const rule of added) {
    const changed = only ?? (rule.message === null ? undefined : saidBefore.get(rule.message)?.shift());
    if (changed !== undefined) left.delete(changed);
    differences.push(
      changed === undefined
        ? { kind: "cel-rule-added", after: rule }
        : { kind: "cel-rule-changed", before: changed, after: rule },
    );
  }
  return [...differences, ...[...left].map((rule) => ({ kind: "cel-rule-removed", before: rule }) as const)];
}

/** In their order: to look each up among all would take a schema of thousands of rules to minutes. */
function groupedBy<Key>(rules: readonly CelRule[], keyOf: (rule: CelRule) => Key): Map<Key, CelRule[]> {
  const groups = new Map<Key, CelRule[]>();
  for (const rule of rules) {
    const key = keyOf(rule);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [rule]);
    else group.push(rule);
  }
  return groups;
}

/** Takes out the first that is meant, if there is one. */
function take(rules: CelRule[], isMeant: (rule: CelRule) => boolean): CelRule | undefined {
  const index = rules.findIndex(isMeant);
  return index === -1 ? undefined : rules.splice(index, 1)[0];
}

function ruleText({ rule, optionalOldSelf }: CelRule): string {
  return `${String(optionalOldSelf)} ${celText(rule)}`;
}

function isSaidAlike(left: CelRule, right: CelRule): boolean {
  return (
    left.message === right.message &&
    left.messageExpression === right.messageExpression &&
    left.reason === right.reason &&
    left.fieldPath === right.fieldPath
  );
}
