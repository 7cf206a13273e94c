/** @file The flags of `crdguard plan`. */
import { type Command, Option } from "commander";
import { addClusterFlags, type ClusterFlags, parseDuration } from "../cluster-flags.ts";
import { addCatalogFlags, repeatable, ruleOption } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declarePlan(command: Command, invocation: Invocation): void {
  command
    .description(
      "lay out the steps from the cluster as it is to new CRDs and workloads, and with --run take them: exit status 0 a plan, " +
        "or nothing to do, 1 no safe order, or a step that is not proven, 2 unreadable input, 3 undecided",
    )
    .addOption(repeatable("-f, --filename <path>", "wanted CRDs and workloads: a file, a folder, a URL, or - for standard input"))
    .addOption(repeatable("-k, --kustomize <folder>", "a kustomization, which kubectl builds"))
    .option("-R, --recursive", "read folders below the given ones too", false)
    .option("-n, --namespace <namespace>", "namespace of objects whose manifest names none; else the context's, or default")
    .addOption(repeatable("--delete <crd>", "a CRD that is to go"))
    .option("--prune", "CRDs of the same API groups that are not among those given are to go", false)
    .addOption(repeatable("--with <controller=version>", "a version that a controller of the catalog is to have in the end"))
    .addOption(
      new Option("--on-conflict <strategy>", "what counts of definitions that several files have, each its own")
        .choices(["fail", "keep-newer", "keep-existing"])
        .default("fail"),
    )
    .option("--allow-private-urls", "fetch URLs from private networks too", false)
    .option(
      "--against <live|snapshot|folder>",
      "the cluster as it is, live for that of the kubeconfig, a snapshot of it, or a folder of manifests",
      "live",
    )
    .addOption(ruleOption())
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "markdown", "json"]).default("text"))
    .option("--backup-dir <folder>", "where steps back objects up", "crdguard-backup")
    .option(
      "--steps-dir <folder>",
      "write manifests of single steps there; with --run, and by default crdguard-plan, the journal too",
    )
    .option("--run", "take the steps, asking before each, and stop at the first that is not proven", false)
    .option("--yes", "with --run: yes to all steps but those that delete or stop something", false)
    .option("--yes-destructive", "with --yes: yes to these too", false)
    .addOption(
      new Option("--proof-timeout <duration>", "with --run: how long to wait for the proof of a step")
        .default(PROOF_SECONDS, "5m")
        .argParser(parseDuration),
    );
  addClusterFlags(addCatalogFlags(command))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard plan -f gateway-api-v1.1.0/",
        "crdguard plan -f crds.yaml --with envoy-gateway=1.1.0 -o markdown",
        "crdguard plan -f crds.yaml --run",
      ),
    )
    .action(async (options) => {
      const { plan } = await import("../plan.ts");
      const namespace = options.namespace ?? (await namespaceOf(options));
      invocation.end(await plan({ stepsDir: undefined, catalogConfigMap: undefined, ...options, namespace }, invocation));
    });
}

/** As long as `kubectl rollout status` of a proof waits by itself. */
const PROOF_SECONDS = 300;

async function namespaceOf(options: ClusterFlags & { readonly against: string }): Promise<string> {
  if (options.against !== "live") return "default";
  const { contextNamespace } = await import("../live-source.ts");
  return contextNamespace(options) ?? "default";
}
