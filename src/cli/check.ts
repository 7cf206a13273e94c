/** @file `crdguard check`: would this change be allowed? */
import { createColors } from "picocolors";
import type { Cluster } from "../cluster/cluster.ts";
import type { Applied } from "../cluster/preview.ts";
import { readContents } from "../cluster/snapshot/contents.ts";
import type { FolderCluster } from "../cluster/snapshot/folder-cluster.ts";
import { readManifests } from "../cluster/snapshot/manifests.ts";
import type { Crd } from "../crd/crd.ts";
import { EVERYTHING } from "../explain/audience.ts";
import { checkReport, type CheckReport, type JudgedChange, reportLines } from "../explain/report.ts";
import type { Policy } from "../policy/policy.ts";
import { review } from "../review/review.ts";
import type { Change } from "../rules/change.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { crdNameHint } from "./crd-names.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { readAll, type Terminal } from "./terminal.ts";
import { loadBundles, loadCatalog, policyFromFlags, tellIdleRequirements } from "./sources.ts";
import { withCluster } from "./against.ts";

export interface CheckOptions {
  readonly filename: readonly string[];
  /** Names of CRDs that would be deleted. */
  readonly delete: readonly string[];
  readonly recursive: boolean;
  /** Of objects whose manifest names none. */
  readonly namespace: string;
  /** `live`, a snapshot, or a folder of manifests. */
  readonly against: string;
  readonly output: "text" | "json";
  readonly rule: readonly string[];
  /** Files and folders of own catalog entries. */
  readonly catalog: readonly string[];
  readonly catalogConfigMap: ConfigMapName | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

/** How long counting the objects of one CRD may take; nobody holds an API server up here. */
const COUNT_MILLISECONDS = 60_000;

/** How long ConfigMaps that new workloads hang on are waited for; without, they are taken for granted. */
const SETTINGS_MILLISECONDS = 5_000;

export async function check(options: CheckOptions, terminal: Terminal): Promise<ExitStatus> {
  const policy = policyFromFlags(options.rule);
  const bundle = await readBundle(options);
  const catalog = await loadCatalog(options.catalog);
  const bundles = await loadBundles();
  return withCluster(options, { catalog, bundles }, terminal, async (cluster, folder) => {
    if (folder !== null) tellIdle(folder, bundle.applied, terminal);
    return tell(await judgeAll(bundle, cluster, policy), bundle.otherCount, options, terminal);
  });
}

function tellIdle(folder: FolderCluster, applied: Applied, terminal: Terminal): void {
  tellIdleRequirements(
    {
      apiRequirements: [...folder.apiRequirements, ...applied.apiRequirements],
      workloads: [...folder.workloads, ...applied.workloads],
      crds: folder.picture()?.crds ?? new Map<string, Crd>(),
    },
    terminal,
  );
}

interface Bundle {
  readonly applied: Applied;
  /** Names of CRDs. */
  readonly deleted: readonly string[];
  /** Objects of kinds that crdguard has no opinion on. */
  readonly otherCount: number;
}

async function readBundle(options: CheckOptions): Promise<Bundle> {
  if (options.filename.length + options.delete.length === 0) {
    throw new CommandError(
      EXIT.usage,
      "nothing-to-check",
      "give the new CRDs and workloads: -f FILE, -f FOLDER, or -f - for standard input; or --delete CRD",
    );
  }
  const manifests = await readManifests(options.filename, {
    isRecursive: options.recursive,
    readStandardInput: () => readAll(process.stdin),
  });
  if (!manifests.ok) throw new CommandError(EXIT.usage, manifests.error.code, manifests.error.message);
  const contents = readContents(manifests.value, options.namespace);
  if (!contents.ok) throw new CommandError(EXIT.usage, contents.error.code, contents.error.message);
  const { crds, workloads, others } = contents.value;
  if (crds.length + workloads.length + options.delete.length === 0) {
    throw new CommandError(
      EXIT.usage,
      "nothing-to-check",
      `${options.filename.join(", ")}: no CustomResourceDefinition, Deployment, StatefulSet or DaemonSet in there`,
    );
  }
  return { applied: contents.value, deleted: options.delete, otherCount: others.length };
}

/** CRDs are judged against the cluster as it is, workloads against the CRDs as they will be. */
async function judgeAll({ applied, deleted }: Bundle, cluster: Cluster, policy: Policy): Promise<CheckReport> {
  const preview = await cluster.preview(applied, AbortSignal.timeout(SETTINGS_MILLISECONDS));
  const crds = cluster.picture()?.crds ?? new Map<string, Crd>();
  const crdChanges: readonly Change[] = [
    ...applied.crds.map((next): Change => {
      const previous = crds.get(next.name);
      return previous === undefined ? { kind: "create", next } : { kind: "update", previous, next };
    }),
    ...deleted.map((name): Change => ({ kind: "delete", previous: crds.get(name) ?? unknownCrd(name, crds) })),
  ];
  const remaining = new Map([...crds].filter(([name]) => !deleted.includes(name)));
  const picture = preview?.picture ?? null;
  return checkReport(
    [
      ...(await judge(crdChanges, { ...cluster, picture: () => picture }, policy)),
      ...(await judge(
        preview?.workloads ?? [],
        { ...cluster, picture: () => (picture === null ? null : { ...picture, crds: remaining }) },
        policy,
      )),
    ],
    EVERYTHING,
  );
}

async function judge(changes: readonly Change[], cluster: Cluster, policy: Policy): Promise<readonly JudgedChange[]> {
  const judged: JudgedChange[] = [];
  for (const change of changes) {
    const signal = AbortSignal.timeout(COUNT_MILLISECONDS);
    judged.push({ change, verdict: await review({ change, requester: null }, cluster, policy, signal) });
  }
  return judged;
}

function unknownCrd(name: string, crds: ReadonlyMap<string, Crd>): never {
  throw new CommandError(
    EXIT.usage,
    "crd-unknown",
    `--delete ${name}: the cluster has no such CustomResourceDefinition; ${crdNameHint(name, [...crds.keys()].toSorted(), crds)}`,
  );
}

function tell(report: CheckReport, otherCount: number, options: CheckOptions, terminal: Terminal): ExitStatus {
  if (otherCount > 0) {
    terminal.tell(
      otherCount === 1
        ? "1 other object is neither a CustomResourceDefinition nor a workload, and not judged"
        : `${String(otherCount)} other objects are neither CustomResourceDefinitions nor workloads, and not judged`,
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
