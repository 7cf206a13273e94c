/** @file The flags of `crdguard override`. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { outputOption, repeatable } from "../flags.ts";
import { CommandError, EXIT } from "../exit-status.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareOverride(command: Command, invocation: Invocation): void {
  command
    .description(
      "print the command that overrides a denial of a change of this CRD, and tell whether you may: exit status 0 you may, 1 you may not, 3 it could not be asked",
    )
    .argument("<crd>", "name of the CRD, as the denial has it")
    .addOption(repeatable("--rule <rule>", "rules that deny, by id; several are separated by commas"))
    .option("--reason <text>", "needed: why; it is recorded with whatever is let through")
    .addOption(
      new Option("--for <duration>", "how long it is to count: 30m, 1h, 2d; 30 days at most")
        .default(HOUR_SECONDS, "1h")
        .argParser(parseLifetime),
    )
    .option("--offline", "ask no cluster whether you may", false)
    .addOption(outputOption("text", "json"));
  addClusterFlags(command)
    .addHelpText(
      "after",
      examples(
        invocation,
        'crdguard override gears.own.dev --rule objects-deleted --reason "in a backup"',
        "crdguard override gears.own.dev --rule objects-deleted --for 2d --reason moved",
      ),
    )
    .action(async (crd: string, options) => {
      // Needed; were they so for commander, a mistyped flag beside their absence would never be told.
      if (options.rule.length === 0) {
        throw new CommandError(EXIT.usage, "flags-incomplete", "give --rule with the ids of the rules that deny");
      }
      if (options.reason === undefined) {
        throw new CommandError(EXIT.usage, "flags-incomplete", "give --reason: without one, an override does not count");
      }
      const { override } = await import("../override.ts");
      const { for: lifetimeSeconds, ...others } = options;
      invocation.end(await override({ ...others, crd, lifetimeSeconds }, invocation.terminal));
    });
}

const HOUR_SECONDS = 3_600;
/** What is to count for longer is no moment of need, but an exception of a GuardPolicy. */
const MAX_DAYS = 30;

/** @returns seconds. */
function parseLifetime(value: string): number {
  const parts = [...value.matchAll(/(\d+)(d|h|m|s)/gy)];
  const seconds = parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (SECONDS_OF[unit] ?? 0), 0);
  if (parts.map(([part]) => part).join("") !== value || seconds === 0 || seconds > MAX_DAYS * 86_400) {
    throw new InvalidArgumentError("give a number and its unit, for example 30m, 1h or 2d; 30d at most.");
  }
  return seconds;
}

const SECONDS_OF: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
