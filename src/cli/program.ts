/** @file All commands and their flags; what a command does is loaded when it is called. */
import { Command, CommanderError } from "commander";
import { declareCatalog } from "./commands/catalog.ts";
import { declareCheck } from "./commands/check.ts";
import { declareComplete, declareCompletion } from "./commands/completion.ts";
import { declareDemo } from "./commands/demo.ts";
import { declareDoctor } from "./commands/doctor.ts";
import { declareMatrix } from "./commands/matrix.ts";
import { declareRequirements } from "./commands/requirements.ts";
import { declareServe } from "./commands/serve.ts";
import { declareSnapshot } from "./commands/snapshot.ts";
import { examples, type Invocation } from "./invocation.ts";
import { VERSION } from "./version.ts";

export function createProgram(invocation: Invocation): Command {
  const program = new Command(invocation.program)
    .description(
      "Denies a CustomResourceDefinition change that would break the cluster, and explains what, who is hurt and the way out.",
    )
    .option("-V, --version", "tell the version")
    .on("option:version", () => {
      invocation.terminal.print(`${VERSION}\n`);
      throw new CommanderError(0, "commander.version", "");
    })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        invocation.terminal.print(text);
      },
      outputError: () => undefined,
      getOutHelpWidth: () => helpWidth(process.stdout),
      getErrHelpWidth: () => helpWidth(process.stderr),
    })
    .addHelpText(
      "after",
      examples(invocation, "crdguard demo", "crdguard check -f crds.yaml --against live", "crdguard help check"),
    );

  declareCheck(program.command("check"), invocation);
  declareSnapshot(program.command("snapshot"), invocation);
  declareDoctor(program.command("doctor"), invocation);
  declareRequirements(program.command("requirements"), invocation);
  declareServe(program.command("serve"), invocation);
  declareCatalog(program.command("catalog"), invocation);
  declareMatrix(program.command("matrix"), invocation);
  declareDemo(program.command("demo"), invocation);
  declareCompletion(program.command("completion"), invocation);
  declareComplete(program.command("__complete", { hidden: true }), program, invocation);
  return program;
}

/** Lines of more than a hundred columns are hard to read, however wide the terminal is. */
function helpWidth({ columns, isTTY }: NodeJS.WriteStream): number {
  return isTTY ? Math.min(columns, 100) : 80;
}
