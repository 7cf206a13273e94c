/** @file Which series a PromQL expression asks for, by the grammar that Prometheus' own pages use. */
import { parser } from "@prometheus-io/lezer-promql";

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
  /** As it is written. */
  readonly text: string;
}

export interface Matcher {
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

export interface Query {
  readonly selectors: readonly Selector[];
  /** Labels that series are grouped, joined or told apart by. */
  readonly groupings: readonly string[];
}

/** @throws Error that shows where the expression is no PromQL. */
export function parseQuery(expression: string): Query {
  const selectors: Selector[] = [];
  const groupings = new Set<string>();
  const textOf = ({ from, to }: { readonly from: number; readonly to: number }): string => expression.slice(from, to);
  parser.parse(expression).iterate({
    enter({ name, node, type }) {
      if (type.isError) throw new Error(`no PromQL at "${expression.slice(Math.max(0, node.from - 20), node.to + 20)}"`);
      if (name === "GroupingLabels") for (const label of node.getChildren("LabelName")) groupings.add(textOf(label));
      if (name !== "VectorSelector") return;
      const metric = node.getChild("Identifier");
      if (metric === null) throw new Error(`a selector without a metric: ${textOf(node)}`);
      const matchers = (node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []).map((matcher): Matcher => {
        const [label, operator, value] = [
          matcher.getChild("LabelName"),
          matcher.getChild("MatchOp"),
          matcher.getChild("StringLiteral"),
        ];
        if (label === null || operator === null || value === null) throw new Error(`unknown matcher ${textOf(matcher)}`);
        return { label: textOf(label), operator: operatorOf(textOf(operator)), value: unquoted(textOf(value)) };
      });
      selectors.push({ metric: textOf(metric), matchers, text: textOf(node) });
    },
  });
  return { selectors, groupings: [...groupings] };
}

/** Whether a series with these labels is selected. Prometheus anchors its patterns. */
export function isSelected({ matchers }: Selector, labels: ReadonlyMap<string, string>): boolean {
  return matchers.every(({ label, operator, value }) => {
    const actual = labels.get(label) ?? "";
    switch (operator) {
      case "=":
        return actual === value;
      case "!=":
        return actual !== value;
      case "=~":
        return new RegExp(`^(?:${value})$`).test(actual);
      case "!~":
        return !new RegExp(`^(?:${value})$`).test(actual);
    }
  });
}

function operatorOf(text: string): Matcher["operator"] {
  if (text === "=" || text === "!=" || text === "=~" || text === "!~") return text;
  throw new Error(`unknown operator ${text}`);
}

function unquoted(literal: string): string {
  const value: unknown = literal.startsWith('"') ? JSON.parse(literal) : literal.slice(1, -1);
  return String(value);
}
