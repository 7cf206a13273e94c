/** @file Patterns of schemas are RE2, which differ from those of JavaScript, and take no time that grows beyond the text. */
import { createRequire } from "node:module";
import type * as Re2Package from "re2js";

/** Compiled when first asked for: no command but those that look at objects needs it. */
const require = createRequire(import.meta.url);

/** A pattern that cannot be read here refuses nothing: see `unreadablePatterns`. */
export function matches(pattern: string, text: string): boolean {
  const compiled = compile(pattern);
  return compiled === null || compiled.matches(text);
}

/** The API server has read it, so RE2 knows it; null where this implementation does not. */
export function isReadable(pattern: string): boolean {
  return compile(pattern) !== null;
}

interface Matcher {
  matches(text: string): boolean;
}

/** As many as a dozen large CRDs have; a schema compiles its own again afterwards. */
const MAX_COMPILED = 2_000;

const compiled = new Map<string, Matcher | null>();

function compile(pattern: string): Matcher | null {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  const made = make(pattern);
  compiled.set(pattern, made);
  return made;
}

function make(pattern: string): Matcher | null {
  const { RE2JS }: typeof Re2Package = require("re2js");
  try {
    const expression = RE2JS.compile(pattern);
    return { matches: (text) => expression.matcher(text).find() };
  } catch {
    return null;
  }
}
