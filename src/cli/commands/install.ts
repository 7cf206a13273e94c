/** @file The flags of `crdguard install`. */
import type { Command } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { parseSeconds } from "../flags.ts";
import { addInstallationFlags } from "../installation-flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareInstall(command: Command, invocation: Invocation): void {
  command
    .description(
      "install the server in the cluster of the kubeconfig, or upgrade it, and wait until it guards: exit status 0 it does, 1 something is in the way, 2 wrong usage, 3 out of reach or not in time",
    )
    .option("--dry-run", "tell what would change, and change nothing", false)
    .option("--force-conflicts", "take over fields that somebody else has set", false)
    .option("--no-wait", "do not wait for the server")
    .option("--timeout <seconds>", "how long to wait for the server", parseSeconds, 180);
  addClusterFlags(addInstallationFlags(command, "existing"))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard install --dry-run",
        "crdguard install --overlay ha",
        "crdguard install --image registry.example/crdguard:0.1.0",
      ),
    )
    .action(async (options) => {
      const { install } = await import("../install.ts");
      invocation.end(await install({ image: undefined, ...options }, invocation));
    });
}
