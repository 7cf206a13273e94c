/** @file The flags of `crdguard matrix`. */
import type { Command } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { addCatalogFlags, outputOption, repeatable } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareMatrix(command: Command, invocation: Invocation): void {
  command
    .description("tell which releases of a bundle of CRDs the catalog's controllers, or those you name, get on with")
    .argument("<bundle>", "gateway-api")
    .addOption(
      repeatable(
        "--with <controller=version>",
        "tell which release suits all of: a controller at a version, and after spaces the arguments and variables that matter",
      ),
    )
    .option(
      "--against <live|snapshot|folder>",
      "the controllers that run in the cluster of the kubeconfig, in a snapshot of it, or in a folder of manifests",
    )
    .addOption(repeatable("--controller <controller>", "of the catalog, this controller alone", "all"))
    .addOption(repeatable("--release <release>", "this release of the bundle alone", "all"))
    .addOption(repeatable("--channel <channel>", "this channel alone", "all"))
    .addOption(outputOption("text", "json", "markdown"));
  addClusterFlags(addCatalogFlags(command))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard matrix gateway-api --with envoy-gateway=1.2.1 --with cilium=1.16.3",
        "crdguard matrix gateway-api --with 'traefik=3.7 --providers.kubernetesgateway'",
        "crdguard matrix gateway-api --against live",
      ),
    )
    .action(async (bundle, options) => {
      const { matrix } = await import("../matrix.ts");
      invocation.end(await matrix(bundle, { catalogConfigMap: undefined, against: undefined, ...options }, invocation.terminal));
    });
}
