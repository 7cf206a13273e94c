/** @file Kubernetes' label selectors. */
import { isRecord } from "./is-record.ts";

export type Labels = Readonly<Record<string, string>>;

/** All must hold. Source: k8s.io/apimachinery/pkg/apis/meta/v1, LabelSelector. */
export interface LabelSelector {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly LabelExpression[];
}

export type LabelExpression =
  | { readonly key: string; readonly operator: "In" | "NotIn"; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: "Exists" | "DoesNotExist" };

/** An empty selector selects everything, as it does for Kubernetes. */
export function selects({ matchLabels, matchExpressions }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    matchExpressions.every((expression) => holds(expression, labelOf(labels, expression.key)))
  );
}

/** @returns null for what is no selector that an API server would have accepted. */
export function parseLabelSelector(input: unknown): LabelSelector | null {
  if (!isRecord(input)) return null;
  const { matchLabels = {}, matchExpressions = [] } = input;
  if (!isRecord(matchLabels) || !Array.isArray(matchExpressions)) return null;
  const labels = Object.entries(matchLabels).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const expressions = matchExpressions.map(parseExpression).filter((expression) => expression !== null);
  if (labels.length < Object.keys(matchLabels).length || expressions.length < matchExpressions.length) return null;
  return { matchLabels: Object.fromEntries(labels), matchExpressions: expressions };
}

/** A missing label is not in any list: `NotIn` holds for it. Source: k8s.io/apimachinery/pkg/labels, Requirement.Matches. */
function holds(expression: LabelExpression, value: string | undefined): boolean {
  switch (expression.operator) {
    case "In":
      return value !== undefined && expression.values.includes(value);
    case "NotIn":
      return value === undefined || !expression.values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}

function parseExpression(input: unknown): LabelExpression | null {
  if (!isRecord(input)) return null;
  const { key, operator, values = [] } = input;
  if (typeof key !== "string" || !Array.isArray(values)) return null;
  if (operator === "Exists" || operator === "DoesNotExist") return values.length === 0 ? { key, operator } : null;
  if (operator !== "In" && operator !== "NotIn") return null;
  const texts = values.filter((value): value is string => typeof value === "string");
  return texts.length === values.length && texts.length > 0 ? { key, operator, values: texts } : null;
}

function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
