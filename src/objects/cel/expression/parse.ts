/** @file Text → syntax tree. */
import { Environment } from "@marcbachmann/cel-js";
import type { ASTNode } from "@marcbachmann/cel-js";
import { NotEvaluated } from "../values/value.ts";

export type Node = ASTNode;

/** @throws NotEvaluated where the parser cannot read it, or reads it in another way than the API server. */
export function parseExpression(text: string): Node {
  let root: Node;
  try {
    root = PARSER.parse(text).ast;
  } catch (error) {
    throw new NotEvaluated(`it cannot be parsed here (${summaryOf(error)})`, { cause: error });
  }
  if (NON_ASCII_BYTES.test(text)) throw new NotEvaluated("it has a literal of bytes with characters beyond ASCII");
  refuseAmbiguity(root);
  return root;
}

const PARSER = new Environment({ enableOptionalTypes: true, unlistedVariablesAreDyn: true });

/** The parser takes one byte per character of them. */
const NON_ASCII_BYTES = /(?<![\w"'])[bB](["']).*?[^\0-\x7f].*?\1/;

/**
 * All comparisons bind alike in CEL, and the parser has `==` and `!=` bind less than the others: where one follows the other without
 * parentheses, the two trees differ. Source: cel-spec, doc/langdef.md, "Syntax", Relation.
 */
function refuseAmbiguity(node: Node): void {
  if (node.op === "==" || node.op === "!=") {
    const [left, right] = node.args;
    const between = node.input.slice(left.end, right.start);
    if (RELATIONS.has(right.op) && !between.includes("(")) {
      throw new NotEvaluated("it has comparisons in a row without parentheses");
    }
  }
  for (const child of childrenOf(node)) refuseAmbiguity(child);
}

const RELATIONS: ReadonlySet<string> = new Set(["<", "<=", ">", ">=", "in"]);

function childrenOf(node: Node): readonly Node[] {
  switch (node.op) {
    case "value":
    case "id":
      return [];
    case ".":
    case ".?":
      return [node.args[0]];
    case "!_":
    case "-_":
      return [node.args];
    case "call":
      return node.args[1];
    case "rcall":
      return [node.args[1], ...node.args[2]];
    case "map":
      return node.args.flat();
    default:
      return node.args;
  }
}

export function readsName(node: Node, name: string): boolean {
  return (node.op === "id" && node.args === name) || childrenOf(node).some((child) => readsName(child, name));
}

/** The parser's message goes on with a picture of the place. */
function summaryOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}
