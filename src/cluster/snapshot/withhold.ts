/**
 * @file Leaves out of arguments, variables and settings what may be a credential, in such a way that every question of the
 * catalog gets the answer that it got before, or none.
 */
import { flagName, WITHHELD_ARGUMENTS, WITHHELD_VALUE, WITHHELD_WORD } from "../../requirements/condition.ts";
import type { KeyQuestion, Questions } from "../../requirements/questions.ts";
import { isHarmless, looksLikeCredential, looksLikeCredentialName } from "./credentials.ts";
import { recordOf } from "./json-members.ts";
import type { JsonRecord } from "./snapshot.ts";

/** `lenient`: what looks like a credential goes. `strict`: all goes that no question is about, as names may stand there. */
export type Strictness = "lenient" | "strict";

/** A container that no catalog speaks of is asked nothing, and most of what is secret stands in such. */
export function withholdAll(container: JsonRecord): JsonRecord {
  const hasArguments = textItems(container["command"]).length + textItems(container["args"]).length > 0;
  const hasVariables = isFilled(container["env"]) || isFilled(container["envFrom"]);
  return {
    ...(hasArguments ? { args: [WITHHELD_ARGUMENTS] } : {}),
    // As of a ConfigMap or a Secret that is not read.
    ...(hasVariables ? { envFrom: [{}] } : {}),
  };
}

/** Command, arguments and variables of a container that `asked` is about. */
export function withholdSome(container: JsonRecord, asked: Questions, strictness: Strictness): JsonRecord {
  const { command, args, env, envFrom } = container;
  const own = textItems(command);
  const words = withholdWords([...own, ...textItems(args)], asked, strictness);
  const named = referencesIn([...words, ...literalsOf(env)]);
  return {
    ...(own.length === 0 ? {} : { command: words.slice(0, own.length) }),
    ...(words.length === own.length ? {} : { args: words.slice(own.length) }),
    ...(isFilled(env) ? { env: env.map((variable) => withholdVariable(variable, asked, named, strictness)) } : {}),
    ...(isFilled(envFrom) ? { envFrom: [{}] } : {}),
  };
}

/**
 * @returns null where nothing can be left out without another answer to a question, so that the value must not be told.
 */
export function withholdSetting(value: string, asked: readonly KeyQuestion[], strictness: Strictness): string | null {
  const reduced = strictness === "strict" ? shortest(value, asked) : withoutCredentialLines(value);
  if (reduced === value || answersOf(reduced, asked) === answersOf(value, asked)) {
    return strictness === "strict" && looksLikeCredential(reduced) ? null : reduced;
  }
  return null;
}

/** Each argument may be a shell's script of many words. */
function withholdWords(args: readonly string[], asked: Questions, strictness: Strictness): readonly string[] {
  let next: Announced = null;
  return args.map((arg) => {
    const isScript = /\s/.test(arg.trim());
    const whole = isScript ? wholeCredential(arg, next, asked) : null;
    if (whole !== null) {
      next = null;
      return whole;
    }
    const own = isScript ? "strict" : strictness;
    return arg.replaceAll(/\S+/g, (word) => {
      // A script that goes on with the next line.
      if (word === "\\") return word;
      const announced: Announced = next;
      next = announcedBy(word, asked);
      // What follows a flag may be the next flag.
      if (announced === null || word.startsWith("-")) return withholdWord(word, asked, own);
      switch (announced) {
        case "asked":
          return looksLikeCredential(word) ? hidden(word, withholdAsked(word, asked), asked) : word;
        case "credential":
          return hidden(word, WITHHELD_VALUE, asked);
        case "value":
          return strictness === "lenient" || asked.words.has(bareWord(word)) || isHarmless(word)
            ? withholdWord(word, asked, own)
            : hidden(word, WITHHELD_VALUE, asked);
      }
    });
  });
}

/** An argument of several words that is one credential, such as a phrase; null where it is none, or where it is asked for. */
function wholeCredential(arg: string, announced: Announced, asked: Questions): string | null {
  const name = /^(?<name>-{0,2}[A-Za-z][\w.-]*)=/.exec(arg)?.groups?.["name"];
  const isNamed = name !== undefined && looksLikeCredentialName(name) && !asked.flags.has(flagName(name));
  if (!isNamed && announced !== "credential") return null;
  const told = isNamed ? `${name}=${WITHHELD_VALUE}` : WITHHELD_VALUE;
  const words = arg.split(/\s+/).map(bareWord);
  const isAsked =
    words.some((word) => asked.words.has(word) || asked.flags.has(flagName(word.split("=", 1)[0] ?? ""))) ||
    asked.patterns.some((pattern) => words.some((word) => pattern.test(word)) !== pattern.test(told));
  return isAsked ? null : told;
}

/** What the next word is: of a flag that the catalog asks for, `--token`, or any other flag; null: a word of its own. */
type Announced = "asked" | "credential" | "value" | null;

function announcedBy(word: string, asked: Questions): Announced {
  const {
    dashes = "",
    name = "",
    sign = "",
  } = /^(?<dashes>-{0,2})(?<name>[A-Za-z"'][^=:\s]*)(?<sign>[=:]?)$/.exec(word)?.groups ?? {};
  if (name === "" || (dashes === "" && sign === "")) return null;
  if (dashes !== "" && asked.flags.has(flagName(word))) return "asked";
  return looksLikeCredentialName(name) ? "credential" : "value";
}

function withholdWord(word: string, asked: Questions, strictness: Strictness): string {
  const bare = bareWord(word);
  if (asked.words.has(bare)) return word;
  const assigned = /^(?<name>["']?-{0,2}[A-Za-z_][\w.-]*)=(?<value>.*)$/s.exec(word)?.groups;
  if (assigned === undefined) {
    if (/^-{1,2}[A-Za-z][\w.-]*$/.test(bare)) return looksLikeCredential(bare) ? hidden(word, `-${WITHHELD_VALUE}`, asked) : word;
    return looksLikeCredential(bare) || (strictness === "strict" && !isHarmless(bare) && !isCommandName(bare))
      ? hidden(word, WITHHELD_VALUE, asked)
      : word;
  }
  const { name = "", value = "" } = assigned;
  if (name.replace(/^["']/, "").startsWith("-") && asked.flags.has(flagName(name.replace(/^["']/, "")))) {
    return looksLikeCredential(value) ? hidden(word, `${name}=${withholdAsked(value, asked)}`, asked) : word;
  }
  const mustGo = looksLikeCredentialName(name) || looksLikeCredential(value) || (strictness === "strict" && !isHarmless(value));
  return mustGo ? hidden(word, `${name}=${WITHHELD_VALUE}`, asked) : word;
}

/**
 * What looks like a credential, as the value of a flag that the catalog asks for: items of a list that are asked for, and
 * switches, stay, so that the answer does.
 */
function withholdAsked(value: string, { values }: Questions): string {
  if (values.has(value) || isHarmless(value)) return value;
  // With a variable in it, it could be any value.
  if (value.includes("$")) return WITHHELD_VALUE;
  return value
    .split(",")
    .map((item) => {
      const bare = bareWord(item);
      if (values.has(bare) || /^[A-Za-z][\w.]*=(?:1|t|true|0|f|false)$/i.test(bare)) return item;
      return `${/^[A-Za-z][\w.]*=/.exec(bare)?.[0] ?? ""}${WITHHELD_WORD}`;
    })
    .join();
}

/** Without quotes, as conditions read it. */
function bareWord(word: string): string {
  return word.replaceAll(/["']/g, "");
}

/** `serve`, `/manager`: what a program is told to be, rather than what it is told. */
function isCommandName(word: string): boolean {
  return /^(?:\/?[a-z][a-z0-9_-]{0,31}){1,4}$/.test(word);
}

/** Where a pattern of the catalog would see another word, the word stays. */
function hidden(word: string, replacement: string, { patterns }: Questions): string {
  const bare = bareWord(word);
  return patterns.some((pattern) => pattern.test(bare) !== pattern.test(replacement)) ? word : replacement;
}

function withholdVariable(variable: unknown, asked: Questions, named: ReadonlySet<string>, strictness: Strictness): JsonRecord {
  const { name, value, valueFrom } = recordOf(variable);
  if (typeof name !== "string") return {};
  if (valueFrom !== undefined && valueFrom !== null) return { name, valueFrom: {} };
  const literal = typeof value === "string" ? value : "";
  if (asked.variables.has(name)) return { name, value: literal };
  const mustGo =
    looksLikeCredentialName(name) ||
    looksLikeCredential(literal) ||
    (strictness === "strict" && !isHarmless(literal) && !named.has(name));
  // As a variable that comes from elsewhere: it is set, and nobody tells to what.
  return mustGo ? { name, valueFrom: {} } : { name, value: literal };
}

/** Names in `$(NAME)`. */
function referencesIn(texts: readonly string[]): ReadonlySet<string> {
  return new Set(
    texts.flatMap((text) => [...text.matchAll(/\$\((?<name>[^)]*)\)/g)].map(({ groups }) => groups?.["name"] ?? "")),
  );
}

function literalsOf(env: unknown): readonly string[] {
  return isFilled(env) ? env.flatMap((variable) => textItems([recordOf(variable)["value"]])) : [];
}

/** Lines of YAML or of `name=value`, and what is indented below one that is left out. */
function withoutCredentialLines(value: string): string {
  let below: number | null = null;
  return value
    .split("\n")
    .flatMap((line) => {
      const indent = line.search(/\S/);
      if (below !== null && (indent === -1 || indent > below)) return [];
      below = null;
      const name = /^\s*(?:-\s+)?["']?(?<name>[\w.-]+)["']?\s*[:=]/.exec(line)?.groups?.["name"] ?? "";
      if (!looksLikeCredentialName(name) && !looksLikeCredential(line)) return [line];
      // Lines of a key or a certificate stand beside their first one.
      below = name === "" ? indent - 1 : indent;
      return name === "" ? [] : [`${" ".repeat(indent)}${name}: ${WITHHELD_VALUE}`];
    })
    .join("\n");
}

/** Whether any line can go is tried by halves, then by quarters, and so on. */
function shortest(value: string, asked: readonly KeyQuestion[]): string {
  const wanted = answersOf(value, asked);
  let lines: readonly string[] = value.split("\n");
  for (let size = lines.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < lines.length;) {
      const rest = [...lines.slice(0, start), ...lines.slice(start + size)];
      if (answersOf(rest.join("\n"), asked) === wanted) lines = rest;
      else start += size;
    }
  }
  return lines.join("\n");
}

function answersOf(value: string, asked: readonly KeyQuestion[]): string {
  return JSON.stringify(asked.map(({ test }) => answerOf(value, test)));
}

function answerOf(value: string, test: KeyQuestion["test"]): string | boolean | null {
  switch (test.kind) {
    case "equals":
      return value === test.value;
    case "matches":
      return test.pattern.test(value);
    case "captures":
      return test.pattern.capture(value);
  }
}

function isFilled(input: unknown): input is readonly unknown[] {
  return Array.isArray(input) && input.length > 0;
}

function textItems(input: unknown): readonly string[] {
  return Array.isArray(input) ? input.filter((item): item is string => typeof item === "string") : [];
}
