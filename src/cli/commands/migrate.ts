/** @file The flags of `crdguard migrate`. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { addClusterFlags } from "../cluster-flags.ts";
import { outputOption, parseRate, parseSeconds } from "../flags.ts";
import { examples, type Invocation } from "../invocation.ts";

export function declareMigrate(command: Command, invocation: Invocation): void {
  command
    .description(
      "rewrite every object of a CRD into its storage version and, once that is proven, prune status.storedVersions: exit status 0 done, or nothing to do, 1 not all could be done, 2 wrong usage, 3 out of reach or interrupted",
    )
    .argument("[crd...]", "names of CRDs: <plural>.<group>")
    .option("--all-due", "every CRD that has a stored version beside its storage version", false)
    .option("-n, --namespace <namespace>", "objects of this namespace alone; nothing is pruned then")
    .addOption(
      new Option(
        "--dry-run [client|server]",
        "write nothing: client counts what would be written, server has the API server try it, which finds what is refused",
      ).preset("client"),
    )
    .option("--concurrency <number>", "writes under way at a time", parseConcurrency, 8)
    .option("--max-per-second <number>", "writes a second at most; 0: as fast as it goes", parseRate, 100)
    .addOption(
      new Option(
        "--settle-seconds <seconds>",
        "how long the storage version must have been in force before what is written counts; 65 unless told",
      ).argParser(parseSeconds),
    )
    .option(
      "--clean-managed-fields",
      "remove entries of managedFields that name versions which are not served, or about to be pruned",
      false,
    )
    .option("--in-tree", "let Kubernetes' own storage version migrator do it", false)
    .addOption(outputOption("text", "json"));
  addClusterFlags(command)
    .addHelpText(
      "after",
      examples(
        invocation,
        "crdguard migrate grpcroutes.gateway.networking.k8s.io",
        "crdguard migrate --all-due --dry-run=server",
        "crdguard migrate gears.own.dev --max-per-second 20 -o json",
      ),
    )
    .action(async (crds: string[], { dryRun: given, ...options }) => {
      const { migrate } = await import("../migrate.ts");
      // As with kubectl, the switch takes a value after an equals sign alone: a word that follows is the name of a CRD.
      const isMode = given === undefined || given === true || given === "client" || given === "server" || given === "none";
      const dryRun = given === "server" ? "server" : given === undefined || given === "none" ? "none" : "client";
      const names = isMode ? crds : [given, ...crds];
      invocation.end(await migrate({ ...options, dryRun, crds: names }, invocation));
    });
}

/** More than an API server gives one user at a time. Source: kube-apiserver flag --max-mutating-requests-inflight, default 200. */
const MOST_AT_A_TIME = 200;

function parseConcurrency(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || count < 1 || count > MOST_AT_A_TIME) {
    throw new InvalidArgumentError(`give a whole number from 1 to ${String(MOST_AT_A_TIME)}.`);
  }
  return count;
}
