/** @file The flags of `crdguard uninstall`. */
import type { Command } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { namespaceOption } from "../installation-flags.ts";
import { parseSeconds } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareUninstall(command: Command, invocation: Invocation): void {
  command
    .description(
      "remove the server, and all that it has made, from the cluster of the kubeconfig, in an order in which nothing fails closed",
    )
    .addOption(namespaceOption())
    .option("--dry-run", "tell what would be deleted, and delete nothing", false)
    .option("-y, --yes", "do not ask", false)
    .option(
      "--delete-objects",
      "delete crdguard's definitions even if people have made objects by them, and those objects",
      false,
    )
    .option(
      "--kept-only",
      "only what the running server has made, and stop it; whatever installed it removes the rest (Helm's hook)",
      false,
    )
    .option("--keep-definitions", "leave crdguard's definitions, even if nobody has made an object by them", false)
    .option("--deployment <name>", "Deployment of the server", "crdguard")
    .option("--timeout <seconds>", "how long to wait for its pods to end", parseSeconds, 60);
  addClusterFlags(command)
    .addHelpText("after", examples(invocation, "crdguard uninstall --dry-run", "crdguard uninstall --yes"))
    .action(async (options) => {
      const { uninstallFrom } = await import("../uninstall.ts");
      invocation.end(await uninstallFrom(options, invocation));
    });
}
