/** @file `crdguard check`: would this change be allowed? */
import type { Cluster } from "../cluster/cluster.ts";
import { type RawGuardPolicy, sortedPolicies } from "../cluster/guard-policies.ts";
import type { Applied } from "../cluster/preview.ts";
import type { FolderCluster } from "../cluster/snapshot/folder-cluster.ts";
import type { Crd } from "../crd/crd.ts";
import { EVERYTHING } from "../explain/audience.ts";
import { checkTelling, severityOf } from "../explain/check-telling.ts";
import { checkReport, type CheckReport } from "../explain/report.ts";
import { isFailing, type Severity } from "../health/severity.ts";
import type { PolicyFlags } from "../policy/combine.ts";
import { reviewBundle } from "../review/review-bundle.ts";
import { crdNameHint } from "./crd-names.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { type AgainstChoice, withCluster } from "./against.ts";
import { findPlaces } from "./places.ts";
import { printReport } from "./print-report.ts";
import { type Bundle, type BundleOptions, readBundle } from "./read-bundle.ts";
import type { ReportFormat } from "./report-formats.ts";
import type { Terminal } from "./terminal.ts";
import { loadBundles, loadCatalog, policyFromFlags, tellIdleRequirements, tellPolicyProblems } from "./sources.ts";

export interface CheckOptions extends BundleOptions, AgainstChoice {
  /** Judge CRDs that belong with those applied, and are not among them, as deleted. */
  readonly prune: boolean;
  /** Which findings end in exit status 1. */
  readonly failOn: "deny" | "warn" | "none";
  readonly output: ReportFormat;
  readonly rule: readonly string[];
  /** How many live objects are held against new schemas: `sample` for a bounded time. */
  readonly objects: "none" | "sample" | "all";
  /** Files and folders of own catalog entries. */
  readonly catalog: readonly string[];
}

/** How long the evidence for one change, such as the count of its objects, may take; nobody holds an API server up here. */
const COUNT_MILLISECONDS = 60_000;

/** How long ConfigMaps that new workloads hang on are waited for; without, they are taken for granted. */
const SETTINGS_MILLISECONDS = 5_000;

/** How long objects of one CRD are looked at: some 50,000 of them, and about as long as a person waits without a doubt. */
const SAMPLE_MILLISECONDS = 10_000;

export async function check(options: CheckOptions, terminal: Terminal): Promise<ExitStatus> {
  const policy = policyFromFlags(options.rule);
  const bundle = await readBundle(options);
  const catalog = await loadCatalog(options.catalog);
  const bundles = await loadBundles();
  return withCluster(options, { catalog, bundles }, terminal, async (cluster, folder) => {
    if (folder !== null) tellIdle(folder, bundle.applied, terminal);
    tellPolicyProblems(policiesAfter(cluster, bundle.applied), terminal);
    return tell(await judgeAll(bundle, cluster, policy, options), bundle, options, terminal);
  });
}

/** As they are judged by. */
function policiesAfter(cluster: Cluster, { guardPolicies }: Applied): readonly RawGuardPolicy[] {
  return sortedPolicies([...(cluster.picture()?.guardPolicies ?? []), ...guardPolicies]);
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

/** CRDs are judged against the cluster as it is, workloads against the CRDs as they will be. */
async function judgeAll(
  bundle: Bundle,
  opened: Cluster,
  policy: PolicyFlags,
  { prune, objects }: CheckOptions,
): Promise<CheckReport> {
  const cluster = withObjectsLook(opened, objects);
  const crds = cluster.picture()?.crds ?? new Map<string, Crd>();
  const deleted = bundle.deleted.map((name) => crds.get(name) ?? unknownCrd(name, crds));
  const { judged, leaving } = await reviewBundle({ applied: bundle.applied, deleted, isPruned: prune }, cluster, policy, {
    evidence: COUNT_MILLISECONDS,
    settings: SETTINGS_MILLISECONDS,
  });
  return checkReport(judged, EVERYTHING, { input: bundle.input, leaving });
}

/** In time of its own, apart from that of other evidence. */
function withObjectsLook(cluster: Cluster, objects: CheckOptions["objects"]): Cluster {
  return {
    ...cluster,
    lookAtObjects(previous, next) {
      if (objects === "none") return Promise.resolve({ kind: "not-looked" });
      const signal = objects === "all" ? new AbortController().signal : AbortSignal.timeout(SAMPLE_MILLISECONDS);
      return cluster.lookAtObjects(previous, next, signal);
    },
  };
}

function unknownCrd(name: string, crds: ReadonlyMap<string, Crd>): never {
  throw new CommandError(
    EXIT.usage,
    "crd-unknown",
    `--delete ${name}: the cluster has no such CustomResourceDefinition; ${crdNameHint(name, [...crds.keys()].toSorted(), crds)}`,
  );
}

async function tell(report: CheckReport, { manifests }: Bundle, options: CheckOptions, terminal: Terminal): Promise<ExitStatus> {
  const failLevel = FAIL_LEVEL[options.failOn];
  const printable = {
    report,
    tell: async (precision: "document" | "field") =>
      checkTelling(report, { placeOf: await findPlaces(manifests, options.namespace, precision) }),
    failLevel,
    anchor: [...options.filename, ...options.kustomize].find((path) => path !== "-") ?? null,
  };
  await printReport(options.output, printable, terminal);
  return statusOf(report, failLevel);
}

const FAIL_LEVEL: Readonly<Record<CheckOptions["failOn"], Severity | null>> = { deny: "error", warn: "warning", none: null };

/** What is undecided is no pass, whatever findings lead to. */
function statusOf({ changes }: CheckReport, failLevel: Severity | null): ExitStatus {
  const findings = changes.flatMap((change) => change.findings);
  if (findings.some(({ enforcement }) => isFailing(severityOf(enforcement), failLevel))) return EXIT.denied;
  return changes.some(({ verdict }) => verdict === "undecided") ? EXIT.undecided : EXIT.allowed;
}
