/** @file The flags of `crdguard render`. */
import { type Command, Option } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { addInstallationFlags } from "../installation-flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareRender(command: Command, invocation: Invocation): void {
  command
    .description("print the manifests of the server, to be looked at, kept in a repository, or applied by something else")
    .option(
      "--webhook-configurations",
      "print the webhook configurations instead, which a server started with --keep-installed makes itself",
      false,
    )
    .option("--warn-workloads", "with --webhook-configurations: that for workloads too", false)
    .addOption(new Option("-o, --output <format>", "output format").choices(["yaml", "json"]).default("yaml"));
  addClusterFlags(addInstallationFlags(command, "none"))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard render > crdguard.yaml",
        "crdguard render --overlay ha --count-objects existing",
        "crdguard render --webhook-configurations | kubectl diff -f -",
      ),
    )
    .action(async (options) => {
      const { render } = await import("../render.ts");
      invocation.end(await render({ image: undefined, ...options }, invocation.terminal));
    });
}
