/** @file One rule, compiled: whether it holds for a value, and what is said where it does not. */
import type { CelRule, Schema } from "../../crd/schema/schema.ts";
import type { Budget } from "./expression/budget.ts";
import { compileNode } from "./expression/compile.ts";
import { parseExpression, readsName } from "./expression/parse.ts";
import { Scope } from "./expression/scope.ts";
import type { Frame, Run } from "./expression/scope.ts";
import { parseFieldPath } from "./field-path.ts";
import { CelFailure, NONE, NoSuchOverload, NotEvaluated } from "./values/value.ts";
import type { Value } from "./values/value.ts";

/**
 * @param self is called once, and may throw a CelFailure.
 * @throws NotEvaluated where we do not know.
 */
export type CompiledRule = (self: () => Value, budget: Budget) => RuleOutcome;

export type RuleOutcome =
  { readonly kind: "held" } | { readonly kind: "failed"; readonly fieldPath: readonly string[]; readonly message: string };

/** @throws NotEvaluated for what is not evaluated here. */
export function compileRule(rule: CelRule, schema: Schema): CompiledRule {
  if (rule.rule.trim() === "") return () => ({ kind: "held" });
  const condition = compileText(rule.rule, rule, schema);
  const message = rule.messageExpression === null ? null : compileMessage(rule.messageExpression, rule, schema);
  const fieldPath = rule.fieldPath === null ? [] : parseFieldPath(rule.fieldPath);
  return (self, budget) => {
    const frame: Frame = { slots: [], budget };
    try {
      frame.slots.push(self(), NONE);
      if (condition(frame) === true) return { kind: "held" };
    } catch (error) {
      if (!(error instanceof CelFailure)) throw error;
      return { kind: "failed", fieldPath: [], message: failureMessage(error, rule) };
    }
    return { kind: "failed", fieldPath, message: (message && madeMessage(message, frame)) ?? writtenMessage(rule) };
  };
}

function compileText(text: string, { optionalOldSelf }: CelRule, schema: Schema): Run {
  const tree = parseExpression(text);
  if (optionalOldSelf !== true && readsName(tree, "oldSelf")) throw new NotEvaluated("it reads oldSelf");
  const { scope } = Scope.empty().with("self", schema);
  return compileNode(tree, scope.with("oldSelf", null).scope).run;
}

/** Null where it is not evaluated here: the message that is written does as well. */
function compileMessage(text: string, rule: CelRule, schema: Schema): Run | null {
  try {
    return compileText(text, rule, schema);
  } catch (error) {
    if (error instanceof NotEvaluated) return null;
    throw error;
  }
}

/** In bytes. Source: k8s.io/apiserver/pkg/apis/cel/config.go. */
const MAX_MADE_MESSAGE = 5 * 1024;

/** Null where it has no such form as the API server takes; it then tells what is written. */
function madeMessage(message: Run, frame: Frame): string | null {
  try {
    const made = message(frame);
    if (typeof made !== "string") return null;
    const text = made.trim();
    return text === "" || text.includes("\n") || Buffer.byteLength(text) > MAX_MADE_MESSAGE ? null : text;
  } catch (error) {
    if (error instanceof CelFailure || error instanceof NotEvaluated) return null;
    throw error;
  }
}

function writtenMessage({ rule, message }: CelRule): string {
  return message === null ? `failed rule: ${rule.trim()}` : message.trim();
}

/** In the API server's words. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go, validateExpressions. */
function failureMessage(error: CelFailure, { rule, message }: CelRule): string {
  const told = (message ?? rule).trim();
  if (error instanceof NoSuchOverload) {
    return `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${told}`;
  }
  return `${error.message} evaluating rule: ${told}`;
}
