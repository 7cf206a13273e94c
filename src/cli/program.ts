/** @file All commands and their flags; what a command does is loaded when it is called. */
import { Command, CommanderError } from "commander";
import { declareBackup } from "./commands/backup.ts";
import { declareCatalog } from "./commands/catalog.ts";
import { declareCheck } from "./commands/check.ts";
import { declareComplete, declareCompletion } from "./commands/completion.ts";
import { declareDemo } from "./commands/demo.ts";
import { declareDoctor } from "./commands/doctor.ts";
import { declareInstall } from "./commands/install.ts";
import { declareMatrix } from "./commands/matrix.ts";
import { declareMigrate } from "./commands/migrate.ts";
import { declareRender } from "./commands/render.ts";
import { declareOverride } from "./commands/override.ts";
import { declareRequirements } from "./commands/requirements.ts";
import { declareRestore } from "./commands/restore.ts";
import { declareServe } from "./commands/serve.ts";
import { declareSnapshot } from "./commands/snapshot.ts";
import { examples, type Invocation } from "./invocation.ts";
import { declareUninstall } from "./commands/uninstall.ts";
import { VERSION } from "./version.ts";

type Declare = (command: Command, invocation: Invocation) => void;

/** In the order of `--help`. */
const COMMANDS: ReadonlyMap<string, Declare> = new Map<string, Declare>([
  ["check", declareCheck],
  ["snapshot", declareSnapshot],
  ["doctor", declareDoctor],
  ["requirements", declareRequirements],
  ["override", declareOverride],
  ["migrate", declareMigrate],
  ["backup", declareBackup],
  ["restore", declareRestore],
  ["serve", declareServe],
  ["install", declareInstall],
  ["render", declareRender],
  ["uninstall", declareUninstall],
  ["catalog", declareCatalog],
  ["matrix", declareMatrix],
  ["demo", declareDemo],
  ["completion", declareCompletion],
]);

/**
 * @param named the first word of the line: of a command, it alone is declared, since to declare a dozen flags for each of the
 * others takes as long as some commands run. Without it, all are.
 */
export function createProgram(invocation: Invocation, named = ""): Command {
  const program = new Command(invocation.program)
    .description(
      "Denies a CustomResourceDefinition change that would break the cluster, and explains what, who is hurt and the way out.",
    )
    .option("-V, --version", "tell the version")
    .on("option:version", () => {
      invocation.terminal.print(`${VERSION}\n`);
      throw new CommanderError(0, "commander.version", "");
    })
    // Else --version would be the program's own wherever it stands, and that of a command would never be seen.
    .enablePositionalOptions()
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

  const wanted = COMMANDS.get(named);
  for (const [name, declare] of wanted === undefined ? COMMANDS : [[named, wanted] as const]) {
    declare(program.command(name), invocation);
  }
  if (wanted === undefined) declareComplete(program.command("__complete", { hidden: true }), program, invocation);
  return program;
}

/** Lines of more than a hundred columns are hard to read, however wide the terminal is. */
function helpWidth({ columns, isTTY }: NodeJS.WriteStream): number {
  return isTTY ? Math.min(columns, 100) : 80;
}
