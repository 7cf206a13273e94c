/** @file How crdguard was called: by which name, and where its results go. */
import type { ExitStatus } from "./exit-status.ts";
import type { Terminal } from "./terminal.ts";

export interface Invocation {
  /** What a person types to call it again. */
  readonly program: "crdguard" | "kubectl crdguard";
  readonly terminal: Terminal;
  /** Called once, with what the process is to exit with. */
  end(status: ExitStatus): void;
}

/** @param script path that Node was started with: npm's links, and those of an image, keep the name that was called. */
export function programOf(script: string): Invocation["program"] {
  return /(?:^|[/\\])kubectl-crdguard(?:\.\w+)?$/.test(script) ? "kubectl crdguard" : "crdguard";
}

/** Lines below the help of a command. @param commands without the program's name. */
export function examples({ program }: Pick<Invocation, "program">, ...commands: readonly [string, ...string[]]): string {
  const lines = commands.map((command) => `  ${command.replaceAll("crdguard ", `${program} `)}`);
  return `\n${lines.length === 1 ? "Example" : "Examples"}:\n${lines.join("\n")}`;
}
