/** What the sources say of themselves, read by TypeScript's own parser, for tests that compare documents with it. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export interface ErrorCodes {
  readonly codes: ReadonlySet<string>;
  /** Beginnings of codes that are put together of one of these and another code. */
  readonly prefixes: ReadonlySet<string>;
}

/**
 * Codes are string literals in these places: members named `code`, types named `…Code` or `UndecidedReason`, and the
 * arguments of the calls that make errors.
 */
export async function errorCodes(): Promise<ErrorCodes> {
  const codes = new Set<string>();
  const prefixes = new Set<string>();
  for (const node of await allNodes()) {
    if ((ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) && node.name.getText() === "code") {
      for (const literal of literalsOf(node.type)) codes.add(literal);
    } else if (ts.isTypeAliasDeclaration(node) && /(?:Code|UndecidedReason)$/.test(node.name.text)) {
      for (const literal of literalsOf(node.type)) codes.add(literal);
    } else {
      const expression = codeExpression(node);
      if (expression !== undefined && ts.isStringLiteralLike(expression)) codes.add(expression.text);
      if (expression !== undefined && ts.isTemplateExpression(expression)) prefixes.add(expression.head.text);
    }
  }
  return { codes, prefixes };
}

export interface LogMessage {
  readonly level: string;
  readonly message: string;
}

/** Every `logger.<level>(fields, "message")`. */
export async function logMessages(): Promise<readonly LogMessage[]> {
  return (await allNodes()).flatMap((node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
    if (node.expression.expression.getText() !== "logger") return [];
    const message = node.arguments.at(-1);
    if (message === undefined || !ts.isStringLiteralLike(message)) throw new Error(`a message is not static: ${node.getText()}`);
    return [{ level: node.expression.name.text, message: message.text }];
  });
}

/** Names of the members of an interface. */
export async function membersOf(interfaceName: string): Promise<readonly string[]> {
  const found = (await allNodes()).find((node) => ts.isInterfaceDeclaration(node) && node.name.text === interfaceName);
  if (found === undefined || !ts.isInterfaceDeclaration(found)) throw new Error(`no interface ${interfaceName} in src`);
  return found.members.map((member) => member.name?.getText() ?? "");
}

/** Cells of all tables of a Markdown text; an escaped bar stays one. */
export function tableRows(markdown: string): readonly (readonly string[])[] {
  return markdown
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** What stands between backticks in a text. */
export function quotedIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, quoted = ""]) => quoted);
}

/** Which argument of a call, or which property, is a code. */
const CODE_ARGUMENT: Readonly<Record<string, number>> = { CommandError: 1, BodyError: 0, refuse: 2 };

function codeExpression(node: ts.Node): ts.Expression | undefined {
  if (ts.isPropertyAssignment(node) && node.name.getText() === "code") return node.initializer;
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return undefined;
  const index = ts.isIdentifier(node.expression) ? CODE_ARGUMENT[node.expression.text] : undefined;
  return index === undefined ? undefined : node.arguments?.[index];
}

function literalsOf(type: ts.TypeNode | undefined): readonly string[] {
  if (type === undefined) return [];
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(literalsOf);
  return ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? [type.literal.text] : [];
}

let parsed: Promise<readonly ts.Node[]> | undefined;

function allNodes(): Promise<readonly ts.Node[]> {
  parsed ??= parseAll();
  return parsed;
}

async function parseAll(): Promise<readonly ts.Node[]> {
  const files = (await readdir(`${ROOT}src`, { recursive: true })).filter((file) => file.endsWith(".ts")).toSorted();
  const sources = await Promise.all(files.map(async (file) => ({ file, text: await readFile(`${ROOT}src/${file}`, "utf8") })));
  return sources.flatMap(({ file, text }) => descendants(ts.createSourceFile(file, text, ts.ScriptTarget.ES2024, true)));
}

function descendants(node: ts.Node): readonly ts.Node[] {
  return [node, ...node.getChildren().flatMap(descendants)];
}
