/** @file The flags of `crdguard requirements`. */
import type { Command } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { addCatalogFlags, outputOption } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareRequirements(command: Command, invocation: Invocation): void {
  command
    .description(
      "tell who needs which API, from where that is known, and whether it is met: in a cluster, in a snapshot of one, or in a folder of manifests",
    )
    .option(
      "--against <live|snapshot|folder>",
      "the cluster: live for that of the kubeconfig, a snapshot of it, or a folder of manifests",
      "live",
    )
    .option("--crd <crd>", "of this CRD alone, and who would be hurt if a version of it or all of it went away")
    .option("-n, --namespace <namespace>", "workloads of this namespace alone")
    .addOption(outputOption("text", "json"))
    .option("--fail-on-unmet", "exit status 1 where a workload does not get what it cannot work without", false);
  addClusterFlags(addCatalogFlags(command))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard requirements --crd grpcroutes.gateway.networking.k8s.io",
        "crdguard requirements --context production --fail-on-unmet",
      ),
    )
    .action(async (options) => {
      const { requirements } = await import("../requirements.ts");
      invocation.end(
        await requirements(
          { crd: undefined, namespace: undefined, catalogConfigMap: undefined, ...options },
          invocation.terminal,
        ),
      );
    });
}
