/** @file The flags of `crdguard backup`. */
import { type Command, Option } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareBackup(command: Command, invocation: Invocation): void {
  command
    .description(
      "save all objects of CRDs, and the definitions, to files that a person can read and edit, verified by count and hash",
    )
    .argument("<crd...>", "names, for example gears.own.dev")
    .requiredOption("-o, --output <folder>", "where to write them; a folder that is empty, or not there yet")
    .addOption(
      new Option(
        "--version <version>",
        "served version to read the objects in; else the storage version, or the most stable one served",
      ),
    )
    .option("-n, --namespace <namespace>", "only objects of this one")
    .option("--overwrite", "delete the backup that is in the folder, first of all", false)
    .addOption(
      new Option("--format <format>", "what is printed: lines for people, or JSON, an event a line")
        .choices(["text", "json"])
        .default("text"),
    );
  addClusterFlags(command)
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard backup backendtlspolicies.gateway.networking.k8s.io -o policies",
        "crdguard backup gears.own.dev axles.own.dev -o mill --namespace mill",
        "crdguard restore policies --dry-run",
      ),
    )
    .action(async (crds: readonly string[], { version, format, ...options }) => {
      const { backUp } = await import("../backup.ts");
      invocation.end(
        await backUp({ ...options, crds, readVersion: version, format: format === "json" ? "json" : "text" }, invocation),
      );
    });
}
