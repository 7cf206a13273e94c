/** @file What `x-kubernetes-validations` of a schema say of an object. */
import type { CelRule, Schema } from "../../crd/schema/schema.ts";
import { Budget } from "./expression/budget.ts";
import { NotEvaluated } from "./values/value.ts";
import { compileRule } from "./rule.ts";
import type { CompiledRule } from "./rule.ts";
import { newRulesOf } from "./new-rules.ts";
import type { RulePlace } from "./new-rules.ts";
import { toValue } from "./values/object-values.ts";
import { isRecord } from "../../crd/is-record.ts";

export interface CelChecker {
  /**
   * Advice: what the API server would say of the object if it were created. Never throws.
   * @param object pruned and with defaults.
   */
  check(object: Readonly<Record<string, unknown>>): readonly CelFailedRule[];
  /** Grows while objects are checked: some rules are only seen then not to be evaluated here. */
  readonly unevaluated: readonly CelUnevaluatedRule[];
}

export interface CelFailedRule {
  readonly path: readonly (string | number)[];
  readonly rule: string;
  /** As the API server tells it. */
  readonly message: string;
}

export interface CelUnevaluatedRule {
  /** Of the schema that has the rule: `spec.rules[*].filters`; empty for the root. */
  readonly path: string;
  readonly rule: string;
  /** As a clause: `it reads oldSelf`. */
  readonly reason: string;
}

/**
 * An object of 3 kB takes some 300 steps of the rules of HTTPRoute; a step takes less than a microsecond, so that this is some 50 ms
 * of one object at worst.
 */
const STEPS_PER_OBJECT = 100_000;

/** @param before rules that it has at the same place, whitespace apart, are left out; null where all are new. */
export function compileCelRules(after: Schema, before: Schema | null): CelChecker {
  const unevaluated: CelUnevaluatedRule[] = [];
  const root = compilePlace(newRulesOf(after, before), unevaluated);
  const budget = new Budget(STEPS_PER_OBJECT);
  return {
    unevaluated,
    check(object) {
      budget.refill();
      const failed: CelFailedRule[] = [];
      if (root !== null) checkPlace(root, object, [], { budget, failed, unevaluated });
      return failed;
    },
  };
}

interface Place {
  readonly path: string;
  readonly schema: Schema;
  readonly rules: readonly PlacedRule[];
  readonly properties: readonly (readonly [string, Place])[];
  readonly items: Place | null;
  readonly values: Place | null;
}

interface PlacedRule {
  readonly rule: CelRule;
  readonly compiled: CompiledRule;
  isUnevaluated: boolean;
}

function compilePlace(place: RulePlace | null, unevaluated: CelUnevaluatedRule[]): Place | null {
  if (place === null) return null;
  const { path, schema } = place;
  const rules = place.rules.flatMap((rule): PlacedRule[] => {
    try {
      return [{ rule, compiled: compileRule(rule, schema), isUnevaluated: false }];
    } catch (error) {
      if (!(error instanceof NotEvaluated)) throw error;
      unevaluated.push({ path, rule: rule.rule, reason: error.message });
      return [];
    }
  });
  const properties = place.properties.flatMap(([name, below]) => {
    const compiled = compilePlace(below, unevaluated);
    return compiled === null ? [] : [[name, compiled] as const];
  });
  const items = compilePlace(place.items, unevaluated);
  const values = compilePlace(place.values, unevaluated);
  if (rules.length === 0 && properties.length === 0 && items === null && values === null) return null;
  return { path, schema, rules, properties, items, values };
}

interface Checking {
  readonly budget: Budget;
  readonly failed: CelFailedRule[];
  readonly unevaluated: CelUnevaluatedRule[];
}

/** Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go, validate. */
function checkPlace(place: Place, raw: unknown, path: readonly (string | number)[], checking: Checking): void {
  if (raw === null || raw === undefined) return;
  for (const placed of place.rules) checkRule(placed, place, raw, path, checking);
  if (Array.isArray(raw)) {
    if (place.items === null) return;
    for (const [index, element] of raw.entries()) checkPlace(place.items, element, [...path, index], checking);
    return;
  }
  if (!isRecord(raw)) return;
  for (const [name, below] of place.properties) {
    if (Object.hasOwn(raw, name)) checkPlace(below, raw[name], [...path, name], checking);
  }
  if (place.values === null) return;
  for (const [name, value] of Object.entries(raw)) checkPlace(place.values, value, [...path, name], checking);
}

function checkRule(placed: PlacedRule, place: Place, raw: unknown, path: readonly (string | number)[], checking: Checking): void {
  if (placed.isUnevaluated) return;
  const { rule } = placed.rule;
  try {
    const outcome = placed.compiled(() => toValue(raw, place.schema), checking.budget);
    if (outcome.kind === "failed")
      checking.failed.push({ path: [...path, ...outcome.fieldPath], rule, message: outcome.message });
  } catch (error) {
    placed.isUnevaluated = true;
    // It is not evaluated again, so that those after it may have what it took.
    checking.budget.refill();
    checking.unevaluated.push({ path: place.path, rule, reason: reasonOf(error) });
  }
}

/** Whatever else goes wrong is a fault of ours, such as a stack too deep: a rule that we cannot judge. */
function reasonOf(error: unknown): string {
  if (error instanceof NotEvaluated) return error.message;
  return `it cannot be evaluated here (${error instanceof Error ? error.message : String(error)})`;
}
