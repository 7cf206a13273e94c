/** @file The flags of `crdguard restore`. */
import { type Command, Option } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { outputOption, parseRate, repeatable } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareRestore(command: Command, invocation: Invocation): void {
  command
    .description("create the objects of a backup again, owners first, and read them back; what is there already stays")
    .argument("<folder>", "one that crdguard backup has written")
    .argument("[crd...]", "only objects of these")
    .addOption(new Option("--version <version>", "served version to restore them in; else the one that they were read in"))
    .addOption(repeatable("-n, --namespace <namespace>", "only objects of this one", "all"))
    .option("--edited", "take files that were edited since, and do without those that were deleted", false)
    .option("--overwrite", "replace objects that are there and differ", false)
    .option("--drop-unknown-fields", "let go of fields that the version has not, rather than refuse their objects", false)
    .option("--dry-run", "tell what would be restored and what must be edited first, and write nothing", false)
    .option("--max-per-second <number>", "writes a second at most; 0 for as fast as it goes", parseRate, 100)
    .addOption(outputOption("text", "json"));
  addClusterFlags(command)
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard restore policies --dry-run",
        "crdguard restore policies --version v1alpha3 --edited",
        "crdguard restore mill gears.own.dev --namespace mill",
      ),
    )
    .action(async (folder: string, crds: readonly string[], { output, ...options }) => {
      const { restore } = await import("../restore.ts");
      invocation.end(await restore({ ...options, folder, crds, output: output === "json" ? "json" : "text" }, invocation));
    });
}
