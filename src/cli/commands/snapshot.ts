/** @file The flags of `crdguard snapshot`. */
import { type Command, InvalidArgumentError } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { addCatalogFlags } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareSnapshot(command: Command, invocation: Invocation): void {
  command
    .description(
      "write the facts of a cluster to one file, which every command takes in its place: no Secrets, no objects' contents",
    )
    .requiredOption("-o, --output <file>", "where to write it, for example prod.crdguard.json.gz; - for standard output")
    .option(
      "--objects",
      "also count which fields objects set, and keep the schemas: no values, no keys of maps; check then tells what a change would lose",
      false,
    )
    .option("--redact", "names of namespaces, workloads, objects and own images become pseudonyms", false)
    .option("--against <live|folder>", "the cluster: live for that of the kubeconfig, or a folder of manifests", "live")
    .option(
      "--timeout <seconds>",
      "how long it may take; what was not counted by then is told to be a lower bound",
      parseTimeout,
      300,
    );
  addClusterFlags(addCatalogFlags(command))
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard snapshot -o prod.crdguard.json.gz",
        "crdguard check -f new-crds.yaml --against prod.crdguard.json.gz",
        "crdguard snapshot --objects -o prod.crdguard.json.gz",
        "crdguard snapshot --context production --redact -o prod.crdguard.json.gz",
      ),
    )
    .action(async ({ timeout, ...options }) => {
      const { writeSnapshot } = await import("../snapshot.ts");
      invocation.end(
        await writeSnapshot({ catalogConfigMap: undefined, ...options, timeoutSeconds: timeout }, invocation.terminal),
      );
    });
}

/** A day is more than any cluster takes. */
function parseTimeout(value: string): number {
  const seconds = Number(value);
  if (!/^\d+(?:\.\d+)?$/.test(value) || seconds <= 0 || seconds > 86_400) {
    throw new InvalidArgumentError("give seconds, more than 0 and at most 86400.");
  }
  return seconds;
}
