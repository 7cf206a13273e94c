/** @file The flags of `crdguard check`. */
import { type Command, Option } from "commander";
import { addClusterFlags, type ClusterFlags } from "../cluster-flags.ts";
import { addCatalogFlags, outputOption, repeatable, ruleOption } from "../flags.ts";
import { CommandError, EXIT } from "../exit-status.ts";
import { examples, type Invocation } from "../invocation.ts";
import { REPORT_FORMATS } from "../report-formats.ts";

export function declareCheck(command: Command, invocation: Invocation): void {
  command
    .description(
      "tell whether new CRDs and workloads would be allowed: exit status 0 allowed, 1 denied, 2 unreadable input, 3 undecided",
    )
    .addOption(repeatable("-f, --filename <path>", "new CRDs and workloads: a file, a folder, a URL, or - for standard input"))
    .addOption(repeatable("-k, --kustomize <folder>", "a kustomization, which kubectl builds"))
    .option("-R, --recursive", "read folders below the given ones too", false)
    .option("-n, --namespace <namespace>", "namespace of objects whose manifest names none; else the context's, or default")
    .addOption(repeatable("--delete <crd>", "a CRD that would be deleted"))
    .option("--prune", "judge CRDs of the same API groups that are not among those given as deleted", false)
    .option("--allow-private-urls", "fetch URLs from private networks too", false)
    .addOption(
      new Option("--fail-on <level>", "which findings end in exit status 1").choices(["deny", "warn", "none"]).default("deny"),
    )
    .addOption(
      new Option(
        "--objects <how many>",
        "hold live objects against new schemas: for ten seconds a definition (sample), all of them however long it takes, or none",
      )
        .choices(["none", "sample", "all"])
        .default("sample"),
    )
    // Needed; were it so for commander, a mistyped flag beside its absence would never be told.
    .option(
      "--against <live|snapshot|folder>",
      "needed: the cluster as it is, live for that of the kubeconfig, a snapshot of it, or a folder of manifests",
    )
    .addOption(outputOption(...REPORT_FORMATS))
    .addOption(ruleOption());
  addClusterFlags(addCatalogFlags(command))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard check -f gateway-api-v1.1.0/ --against live",
        "helm template my-chart --include-crds | crdguard check -f - --against live",
        "crdguard check -k overlay/ --against prod.crdguard.json.gz",
        "crdguard check --delete httproutes.gateway.networking.k8s.io --against live",
      ),
    )
    .action(async (options) => {
      if (options.against === undefined) {
        throw new CommandError(
          EXIT.usage,
          "flags-incomplete",
          "give the cluster as it is: --against live, a snapshot, or a folder",
        );
      }
      const { check } = await import("../check.ts");
      const namespace = options.namespace ?? (await namespaceOf(options));
      invocation.end(await check({ ...options, namespace }, invocation.terminal));
    });
}

async function namespaceOf(options: ClusterFlags & { readonly against: string }): Promise<string> {
  if (options.against !== "live") return "default";
  const { contextNamespace } = await import("../live-source.ts");
  return contextNamespace(options) ?? "default";
}
