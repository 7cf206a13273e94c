/** @file Calls of crdguard in documents, held against the commands and flags that there are. */
import type { Command } from "commander";
import { createProgram } from "../../src/cli/program.ts";

const program = createProgram({
  program: "crdguard",
  terminal: { print: () => undefined, tell: () => undefined, hasColors: false, columns: null },
  end: () => undefined,
});

/** Calls of crdguard in lines of a shell, each as its words, from the command on. */
export function callsIn(shell: string): readonly (readonly string[])[] {
  return shell
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .flatMap((line) => [...line.matchAll(CALL)].map(({ groups }) => wordsOf(groups?.["words"] ?? "")));
}

/** As `command`, `command --flag` or `command --flag=choice`: what of a call is not there. */
export function findUnknown(words: readonly string[]): readonly string[] {
  let command: Command = program;
  const names: string[] = [];
  const unknown: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    const { flag, value } = /^(?<flag>--?[a-z][a-z-]*)(?:=(?<value>.*))?$/is.exec(word)?.groups ?? {};
    if (flag === undefined) {
      const below = command.commands.find((each) => each.name() === word);
      if (below !== undefined) {
        command = below;
        names.push(word);
      } else if (command === program || command.commands.length > 0) {
        return [...unknown, [...names, word].join(" ")];
      }
      continue;
    }
    if (flag === "--help") continue;
    const option = command.options.find((each) => each.long === flag || each.short === flag);
    if (option === undefined) {
      unknown.push([...names, flag].join(" "));
      // Nobody knows whether it takes a value: what follows is taken for one unless it is a flag.
      if (value === undefined && words[index + 1]?.startsWith("-") === false) index += 1;
      continue;
    }
    const given = option.required && value === undefined ? words[(index += 1)] : value;
    if (option.argChoices !== undefined && given !== undefined && !option.argChoices.includes(given)) {
      unknown.push([...names, `${option.long ?? flag}=${given}`].join(" "));
    }
  }
  return unknown;
}

const CALL =
  /(?:^\s*|[(|]\s*|npx (?:--yes )?|kubectl |- |run: |entry: )crdguard(?:@[\w.]+)? (?<words>(?:[^|&;>)#"']|"[^"]*"|'[^']*')+)/g;

function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replaceAll(/["']/g, ""));
}
