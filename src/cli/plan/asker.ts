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

/** Where it asks, and whom it tells of a Ctrl-C: on a terminal that is asked on, that is a key like others. */
export interface AskerSurroundings {
  readonly interrupt: () => void;
  readonly input?: NodeJS.ReadStream;
  readonly output?: NodeJS.WriteStream;
}

/** @throws CommandError where nobody is there to be asked, and not all is answered beforehand. */
export function createAsker(
  { yes, yesDestructive }: AskerOptions,
  { interrupt, input = process.stdin, output = process.stderr }: AskerSurroundings,
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
  /** @param answers beside "no", by their first letter; each may be written out. Asked again after any other word. */
  async function question<T extends string>(text: string, answers: readonly T[]): Promise<T | "no"> {
    for (;;) {
      lines ??= createInterface({ input, output }).on("SIGINT", () => {
        output.write("\n");
        interrupt();
      });
      let said: string;
      try {
        said = (await lines.question(text)).trim().toLowerCase();
      } catch (error) {
        // Ctrl-D, or the terminal is gone: nobody has said yes.
        if (!(error instanceof Error) || error.name !== "AbortError") throw error;
        output.write("\n");
        return "no";
      }
      const answer = answers.find((own) => said === own || said === own[0]);
      if (answer !== undefined) return answer;
      if (["", "n", "no", "q", "quit"].includes(said)) return "no";
    }
  }
  return {
    isInteractive,
    async ask({ isDestructive, title }) {
      if (yes && (!isDestructive || yesDestructive)) return "yes";
      if (!isInteractive) {
        throw new CommandError(
          EXIT.usage,
          "nobody-to-ask",
          `this step deletes or stops something, which --yes does not answer for: ${title}; walk on a terminal, or give --yes-destructive too`,
        );
      }
      const answer = await question("   Take this step? [y]es, [s]kip it, [N]o, stop here: ", ["yes", "skip"]);
      return answer === "no" ? "quit" : answer;
    },
    async handed({ commands }) {
      // Without a command to run, the proof tells when it is done.
      if (commands.length === 0) return isInteractive;
      if (!isInteractive) return false;
      return (await question("   Is it done by hand? [y]es, [N]o, stop here: ", ["yes"])) === "yes";
    },
    close() {
      lines?.close();
    },
  };
}
