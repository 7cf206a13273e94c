/** @file Parses the command line, runs the command, and turns whatever ends it into one line and an exit status. */
import { CommanderError } from "commander";
import { escaped } from "../explain/text.ts";
import { withPlainSwitches } from "./cluster-flags.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { type Invocation, programOf } from "./invocation.ts";
import { createProgram } from "./program.ts";
import { standardTerminal } from "./terminal.ts";

let status: ExitStatus = EXIT.allowed;
const invocation: Invocation = {
  program: programOf(process.argv[1] ?? ""),
  terminal: standardTerminal(),
  end(reached) {
    status = reached;
  },
};

/** Not awaited at the top level: in the package, files of commands import this one, and would wait for it in turn. */
async function run(): Promise<void> {
  const { program, terminal } = invocation;
  try {
    const words = process.argv.slice(2);
    await createProgram(invocation, words[0]).parseAsync(withPlainSwitches(words), { from: "user" });
  } catch (error) {
    if (error instanceof CommandError) {
      // The message may quote a manifest, and a line of a log must stay one.
      terminal.tell(escaped(`crdguard: error (${error.code}): ${error.message}`));
      status = error.status;
    } else if (error instanceof CommanderError) {
      status = error.exitCode === 0 ? EXIT.allowed : EXIT.usage;
      // Where nothing was asked for, the help has been written already.
      if (error.exitCode !== 0 && error.code !== "commander.help") {
        terminal.tell(escaped(`crdguard: ${inOneLine(error.message)} (${program} --help tells more)`));
      }
    } else {
      // Node's own status for a crash is 1, which would read as a denial.
      status = EXIT.undecided;
      terminal.tell(
        escaped(`crdguard: error (internal-error): ${error instanceof Error ? error.message : String(error)}; please report it`),
      );
    }
    // A command that failed half-way may leave a server or a watch open, which would keep the process for ever.
    process.exit(status);
  }
  process.exitCode = status;
}

/** Commander guesses what was meant on a second line, in brackets, and takes our words for a sentence of their own. */
function inOneLine(message: string): string {
  const [first = "", guess] = message.split("\n", 2);
  // What it appends in our words begins with a small letter.
  const line = first.replace(/ is invalid\. (?=[a-z])/, " is invalid: ");
  return guess === undefined ? line : `${line}; ${guess.replace(/^\(Did/, "did").replace(/\)$/, "")}`;
}

void run();
