/** @file Rules of `x-kubernetes-validations` as text: when two are the same, and what they read. */

/**
 * The tokens of a rule, so that blanks and comments between them do not count, and those within a string do. What no token begins with
 * stands for itself. Source: cel-spec, "Syntax": STRING_LIT, COMMENT, IDENT and the operators of two characters.
 */
function celTokens(rule: string): readonly string[] {
  return (rule.match(TOKEN) ?? []).filter((token) => !/^(?:\s|\/\/)/.test(token));
}

/** Two rules are the same if this is. */
export function celText(rule: string): string {
  return celTokens(rule).join("\u0000");
}

/** Of transitions: it says from which value to which one may go. */
export function readsOldSelf(rule: string): boolean {
  return celTokens(rule).includes("oldSelf");
}

const RAW = String.raw`[bB]?[rR][bB]?(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')`;
const PLAIN = String.raw`[bB]?(?:"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')`;
const NUMBER = String.raw`\d[\w.]*(?:(?<=[eE])[+-]\d+)?`;
const TOKEN = new RegExp(String.raw`\s+|//[^\n]*|${RAW}|${PLAIN}|[A-Za-z_]\w*|${NUMBER}|&&|\|\||[=!<>]=|\?\.|\[\?|[\s\S]`, "g");
