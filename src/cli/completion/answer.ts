/** @file What could stand in place of the last word of a command line, in the form that shells' scripts and kubectl read. */
import type { Command } from "commander";
import { type Line, readLine } from "./line.ts";
import { type Candidate, NOTHING, type Offer, offerFor } from "./values.ts";

export type Asker = "bash" | "zsh" | "fish" | "kubectl";

/**
 * A line for each candidate, `value` or `value TAB description`, and a last one with cobra's directive, `:4`, which kubectl
 * reads as of 1.26. Source: kubectl, pkg/cmd/plugin/plugin_completion.go; cobra, completions.go, ShellCompDirective.
 * @param words all after the program's name, up to the one that is being typed; those of bash as it breaks them.
 */
export async function completionAnswer(program: Command, asker: Asker, words: readonly string[]): Promise<string> {
  const whole = asker === "bash" ? joinBroken(words) : { words, kept: "" };
  const line = readLine(program, whole.words);
  // What cannot be found out is not offered; an error has no place in the middle of a command line.
  const offer = await offerOn(program, line).catch(() => NOTHING);
  const lines = offer.candidates
    .filter(({ value }) => value.startsWith(line.partial))
    .flatMap((candidate) => inFormOf(asker, candidate, line, whole.kept))
    .map(({ value, description }) => (description === "" ? value : `${value}\t${description}`));
  return `${[...lines, `:${String(directiveOf(offer))}`].join("\n")}\n`;
}

async function offerOn(program: Command, { command, partial, wanted, given }: Line): Promise<Offer> {
  switch (wanted.kind) {
    case "value":
      return offerFor(wanted.option, partial, given);
    case "flag":
      return { ...NOTHING, candidates: flagsOf(command, given) };
    case "argument": {
      // What `help` takes is a command.
      if (command.name() === "help") return { ...NOTHING, candidates: wanted.mayBeCommand ? commandsOf(program) : [] };
      const commands = wanted.mayBeCommand ? commandsOf(command) : [];
      if (wanted.argument === null) return { ...NOTHING, candidates: commands };
      const offer = await offerFor(wanted.argument, partial, given);
      return { ...offer, candidates: [...commands, ...offer.candidates] };
    }
  }
}

function commandsOf(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((below) => ({ value: below.name(), description: oneLine(below.description()) }));
}

/** Those that may be given again, and those that were not given yet. */
function flagsOf(command: Command, given: ReadonlyMap<string, string>): readonly Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => Array.isArray(option.defaultValue) || !given.has(option.attributeName()))
    .flatMap(({ long, description }) =>
      long === undefined || long === null ? [] : [{ value: long, description: oneLine(description) }],
    );
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

/** zsh and fish take the place of the whole word; bash of what it has not broken off; kubectl of what stands after a flag's `=`. */
function inFormOf(asker: Asker, candidate: Candidate, { start }: Line, kept: string): readonly Candidate[] {
  switch (asker) {
    case "zsh":
    case "fish":
      return [{ ...candidate, value: `${start}${candidate.value}` }];
    case "bash": {
      const word = `${start}${candidate.value}`;
      return word.startsWith(kept) ? [{ ...candidate, value: word.slice(kept.length) }] : [];
    }
    case "kubectl":
      // kubectl's scripts write such a value twice over once the `=` in it has been typed.
      return /=./.test(candidate.value) ? [] : [candidate];
  }
}

/** bash breaks words at the characters of $COMP_WORDBREAKS, and replaces the last piece alone. */
function joinBroken(pieces: readonly string[]): { readonly words: readonly string[]; readonly kept: string } {
  const words: string[] = [];
  let kept = "";
  let isOpen = false;
  for (const piece of pieces) {
    const isBreak = /^[=:@]+$/.test(piece);
    if ((isBreak || isOpen) && words.length > 0) {
      const word = words.pop() ?? "";
      kept = isBreak ? `${word}${piece}` : word;
      words.push(`${word}${piece}`);
    } else {
      kept = "";
      words.push(piece);
    }
    isOpen = isBreak;
  }
  return { words, kept };
}

const NO_SPACE = 2;
const NO_FILES = 4;
const FOLDERS_ALONE = 16;

function directiveOf({ paths, isOpen }: Offer): number {
  const ofPaths = { none: NO_FILES, files: 0, folders: FOLDERS_ALONE }[paths];
  return ofPaths + (isOpen ? NO_SPACE : 0);
}
