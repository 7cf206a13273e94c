/** @file Flags that several commands have alike. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseConfigMapName } from "./config-map-name.ts";

/** A flag that may be given again; its values come as a list. @param none what it means not to give it. */
export function repeatable(flags: string, description: string, none = "none"): Option {
  return new Option(flags, `${description}; may be given again`)
    .default([], none)
    .argParser((value: string, previous: readonly string[]) => [...previous, value]);
}

export function outputOption(...formats: readonly ["text", ...string[]]): Option {
  return new Option("-o, --output <format>", "output format").choices(formats).default("text");
}

/** @returns the command itself. */
export function addCatalogFlags(command: Command): Command {
  return command
    .addOption(
      repeatable("--catalog <path>", "catalog entries of your own, beside or in place of those built in: a file or a folder"),
    )
    .addOption(
      new Option(
        "--catalog-config-map <ns/name>",
        "ConfigMap of the cluster that holds catalog entries, which count more than all others",
      ).argParser(parseConfigMapName),
    );
}

export function ruleOption(): Option {
  return repeatable("--rule <id=deny|warn|audit|off>", "what a rule's findings lead to", "each rule's own default");
}

export function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (!/^\d+(?:\.\d+)?$/.test(value) || seconds > 600) throw new InvalidArgumentError("give seconds from 0 to 600.");
  return seconds;
}

/** Writes a second; 0: as fast as it goes. */
export function parseRate(value: string): number {
  const rate = Number(value);
  if (!/^\d+(?:\.\d+)?$/.test(value) || rate > 100_000) throw new InvalidArgumentError("give a number from 0 to 100000.");
  return rate;
}

/** Ten years: longer than any cluster goes without an upgrade of crdguard. */
const MOST_HOURS = 87_600;

export function parseHours(value: string): number {
  const hours = Number(value);
  if (!/^\d+(?:\.\d+)?$/.test(value) || hours <= 0 || hours > MOST_HOURS)
    throw new InvalidArgumentError(`give hours, more than 0 and at most ${String(MOST_HOURS)}; fractions are fine.`);
  return hours;
}
