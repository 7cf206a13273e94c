/** @file `crdguard check`: would this change be allowed? */
import { createColors } from "picocolors";
import type { Cluster } from "../cluster/cluster.ts";
import { type Manifest, readManifests } from "../cluster/snapshot/manifests.ts";
import type { Crd } from "../crd/crd.ts";
import { isCrdManifest, parseCrd } from "../crd/parse.ts";
import { EVERYTHING } from "../explain/audience.ts";
import { checkReport, type CheckReport, type JudgedChange, reportLines } from "../explain/report.ts";
import type { Policy } from "../policy/policy.ts";
import { review } from "../review/review.ts";
import type { Change } from "../rules/change.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { readAll, type Terminal } from "./terminal.ts";
import { loadCatalog, openFolderCluster, policyFromFlags } from "./sources.ts";

export interface CheckOptions {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  /** A folder of manifests, or `live`. */
  readonly against: string;
  readonly output: "text" | "json";
  readonly rule: readonly string[];
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

/** How long counting the objects of one CRD may take; nobody holds an API server up here. */
const COUNT_MILLISECONDS = 60_000;

export async function check(options: CheckOptions, terminal: Terminal): Promise<ExitStatus> {
  const policy = policyFromFlags(options.rule);
  const { crds, otherCount } = await readBundle(options);
  const catalog = await loadCatalog();
  if (options.against !== "live") {
    return tell(await judgeAll(crds, await openFolderCluster(options.against, catalog), policy), otherCount, options, terminal);
  }
  // The Kubernetes client takes a third of a second to load, which only a live cluster is worth.
  const { withLiveCluster } = await import("./live-source.ts");
  return withLiveCluster(options, catalog, async (cluster) =>
    tell(await judgeAll(crds, cluster, policy), otherCount, options, terminal),
  );
}

async function readBundle(options: CheckOptions): Promise<{ readonly crds: readonly Crd[]; readonly otherCount: number }> {
  if (options.filename.length === 0) {
    throw new CommandError(EXIT.usage, "nothing-to-check", "give the new CRDs: -f FILE, -f FOLDER, or -f - for standard input");
  }
  const manifests = await readManifests(options.filename, {
    isRecursive: options.recursive,
    readStandardInput: () => readAll(process.stdin),
  });
  if (!manifests.ok) throw new CommandError(EXIT.usage, manifests.error.code, manifests.error.message);
  const crds = manifests.value.filter(({ object }) => isCrdManifest(object)).map(toCrd);
  if (crds.length === 0) {
    throw new CommandError(
      EXIT.usage,
      "nothing-to-check",
      `${options.filename.join(", ")}: no CustomResourceDefinition in there`,
    );
  }
  return { crds, otherCount: manifests.value.length - crds.length };
}

function toCrd({ file, line, object }: Manifest): Crd {
  const crd = parseCrd(object);
  if (crd.ok) return crd.value;
  throw new CommandError(EXIT.usage, crd.error.code, `${file}:${String(line)}:1: ${crd.error.path}: ${crd.error.message}`);
}

async function judgeAll(crds: readonly Crd[], cluster: Cluster, policy: Policy): Promise<CheckReport> {
  const judged: JudgedChange[] = [];
  for (const next of crds) {
    const previous = cluster.picture()?.crds.get(next.name);
    const change: Change = previous === undefined ? { kind: "create", next } : { kind: "update", previous, next };
    const verdict = await review({ change, requester: null }, cluster, policy, AbortSignal.timeout(COUNT_MILLISECONDS));
    judged.push({ change, verdict });
  }
  return checkReport(judged, EVERYTHING);
}

function tell(report: CheckReport, otherCount: number, options: CheckOptions, terminal: Terminal): ExitStatus {
  if (otherCount > 0) {
    terminal.tell(
      otherCount === 1
        ? "1 other object is no CustomResourceDefinition, and not judged"
        : `${String(otherCount)} other objects are no CustomResourceDefinitions, and not judged`,
    );
  }
  if (options.output === "json") terminal.print(`${JSON.stringify(report, null, 2)}\n`);
  else terminal.print(`${reportLines(report, createColors(terminal.hasColors)).join("\n")}\n`);
  switch (report.verdict) {
    case "allow":
      return EXIT.allowed;
    case "deny":
      return EXIT.denied;
    case "undecided":
      return EXIT.undecided;
  }
}
