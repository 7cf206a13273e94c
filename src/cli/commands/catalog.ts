/** @file The flags of `crdguard catalog lint` and `crdguard catalog show`. */
import type { Command } from "commander";
import { outputOption, repeatable } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareCatalog(command: Command, invocation: Invocation): void {
  command
    .description("what known controllers need: check files of it, or look it up")
    .addHelpText("after", examples(invocation, "crdguard catalog show envoy-gateway", "crdguard catalog lint my-catalog/"));

  command
    .command("lint")
    .description("tell all that is wrong with catalog files, by line: exit status 0 nothing, 2 something")
    .argument("[path...]", "catalog files, and folders of them; without any, the catalog that comes with crdguard")
    .addHelpText("after", examples(invocation, "crdguard catalog lint my-catalog/"))
    .action(async (paths) => {
      const { lintCatalog } = await import("../lint-catalog.ts");
      invocation.end(await lintCatalog(paths, invocation.terminal));
    });

  command
    .command("show")
    .description("list the controllers that the catalog knows, or what one of them needs, release by release")
    .argument("[controller]", "as in traefik, or traefik@3.7.2; without any, the list")
    .addOption(outputOption("text", "json"))
    .addOption(
      repeatable("--catalog <path>", "catalog entries of your own, beside or in place of those built in: a file or a folder"),
    )
    .addHelpText("after", examples(invocation, "crdguard catalog show", "crdguard catalog show envoy-gateway@1.0.1"))
    .action(async (wanted, options) => {
      const { showCatalog } = await import("../show-catalog.ts");
      invocation.end(await showCatalog(wanted, options, invocation.terminal));
    });
}
