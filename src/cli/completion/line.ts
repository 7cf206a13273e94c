/** @file A command line that is being typed: which command it is in, and what its last word belongs to. */
import type { Argument, Command, Option } from "commander";

export interface Line {
  readonly command: Command;
  /** What is typed of the last word, of a flag's value what stands after `=`. */
  readonly partial: string;
  /** What stands before `partial` in the same word: `--output=`. */
  readonly start: string;
  readonly wanted: Wanted;
  /** Flags that were given, by their attribute name, with the last value; text `""` for those without. */
  readonly given: ReadonlyMap<string, string>;
}

export type Wanted =
  | { readonly kind: "value"; readonly option: Option }
  | { readonly kind: "flag" }
  | { readonly kind: "argument"; readonly argument: Argument | null; readonly mayBeCommand: boolean };

/** @param words all after the program's name, up to the one that is being typed, which may be empty. */
export function readLine(program: Command, words: readonly string[]): Line {
  let command = program;
  let argumentCount = 0;
  let isAfterDashes = false;
  let open: Option | null = null;
  const given = new Map<string, string>();

  for (const word of words.slice(0, -1)) {
    if (open !== null) {
      given.set(open.attributeName(), word);
      open = null;
    } else if (isAfterDashes || !word.startsWith("-") || word === "-") {
      const below = isAfterDashes || argumentCount > 0 ? undefined : commandBelow(command, word);
      if (below === undefined) argumentCount += 1;
      else command = below;
    } else if (word === "--") {
      isAfterDashes = true;
    } else {
      const { option, value } = readFlag(command, word);
      if (option === null) continue;
      if (value === null && option.required) open = option;
      else given.set(option.attributeName(), value ?? "");
    }
  }

  const last = words.at(-1) ?? "";
  if (open !== null) return { command, partial: last, start: "", wanted: { kind: "value", option: open }, given };
  const equals = last.indexOf("=");
  if (!isAfterDashes && last.startsWith("--") && equals > 0) {
    const { option } = readFlag(command, last);
    if (option?.required === true) {
      const start = last.slice(0, equals + 1);
      return { command, partial: last.slice(equals + 1), start, wanted: { kind: "value", option }, given };
    }
  }
  if (!isAfterDashes && last.startsWith("-") && last !== "-")
    return { command, partial: last, start: "", wanted: { kind: "flag" }, given };
  const { registeredArguments } = command;
  const lastArgument = registeredArguments.at(-1);
  const argument = registeredArguments[argumentCount] ?? (lastArgument?.variadic === true ? lastArgument : null);
  const mayBeCommand = !isAfterDashes && argumentCount === 0;
  return { command, partial: last, start: "", wanted: { kind: "argument", argument, mayBeCommand }, given };
}

/** Commander's own `help` is not among the commands, but in what help tells of them. */
function commandBelow(command: Command, name: string): Command | undefined {
  return command
    .createHelp()
    .visibleCommands(command)
    .find((each) => each.name() === name);
}

/** `--flag`, `--flag=value`, `-f`, `-fvalue`; of several letters in one, `-Rf`, the last counts. */
function readFlag(command: Command, word: string): { readonly option: Option | null; readonly value: string | null } {
  const equals = word.indexOf("=");
  if (word.startsWith("--")) {
    const name = equals < 0 ? word : word.slice(0, equals);
    const option = command.options.find((each) => each.long === name) ?? null;
    return { option, value: equals < 0 ? null : word.slice(equals + 1) };
  }
  const first = command.options.find((each) => each.short === word.slice(0, 2)) ?? null;
  if (first?.required === true) return { option: first, value: word.length > 2 ? word.slice(2) : null };
  return { option: command.options.find((each) => each.short === `-${word.at(-1) ?? ""}`) ?? null, value: null };
}
