/** @file Asks a person before each step of a walk. */
import { createInterface, type Interface } from "node:readline/promises";
import type { ExplainedStep } from "../../explain/plan-report.ts";
import { CommandError, EXIT } from "../exit-status.ts";
import type { Answer } from "./walk-ports.ts";

export interface Asker {
  readonly isInteractive: boolean;
  ask(step: ExplainedStep): Promise<Answer>;
  /** Whether what is done by hand is done. */
  handed(step: ExplainedStep): Promise<boolean>;
  close(): void;
}

export interface AskerOptions {
  /** To all but what deletes or stops. */
  readonly yes: boolean;
  /** To that too. */
  readonly yesDestructive: boolean;
}

/** @throws CommandError where nobody is there to be asked, and not all is answered beforehand. */
export function createAsker(
  { yes, yesDestructive }: AskerOptions,
  input: NodeJS.ReadStream = process.stdin,
  output: NodeJS.WriteStream = process.stderr,
): Asker {
  const isInteractive = input.isTTY && output.isTTY;
  if (!isInteractive && !yes) {
    throw new CommandError(
      EXIT.usage,
      "nobody-to-ask",
      "--run asks before each step, and there is no terminal to ask on: give --yes, and --yes-destructive for steps that delete or stop something",
    );
  }
  let lines: Interface | null = null;
  async function question(text: string): Promise<string> {
    lines ??= createInterface({ input, output });
    return (await lines.question(text)).trim().toLowerCase();
  }
  return {
    isInteractive,
    async ask({ isDestructive, id }) {
      if (yes && (!isDestructive || yesDestructive)) return "yes";
      if (!isInteractive) {
        throw new CommandError(
          EXIT.usage,
          "nobody-to-ask",
          `"${id}" deletes or stops something, which --yes does not answer for: walk on a terminal, or give --yes-destructive too`,
        );
      }
      const answer = await question("   Take this step? [y]es, [N]o: stop here, [s]kip, [q]uit: ");
      if (answer === "y" || answer === "yes") return "yes";
      return answer === "s" || answer === "skip" ? "skip" : "quit";
    },
    async handed({ commands }) {
      // Without a command to run, the proof tells when it is done.
      if (commands.length === 0) return isInteractive;
      if (!isInteractive) return false;
      const answer = await question("   Done by hand? [y]es, [N]o: stop here: ");
      return answer === "y" || answer === "yes";
    },
    close() {
      lines?.close();
    },
  };
}
