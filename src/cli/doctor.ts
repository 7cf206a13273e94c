/** @file `crdguard doctor`: what is wrong in this cluster now, before anyone changes anything? */
import type { Cluster } from "../cluster/cluster.ts";
import { gatherHealth, type HealthSources } from "../cluster/gather-health.ts";
import { healthReport, healthTelling } from "../explain/health-report.ts";
import { gatheringLine } from "../explain/progress.ts";
import { lookAtPolicies } from "../explain/policy-looks.ts";
import { checks } from "../health/checks/index.ts";
import { examine } from "../health/examine.ts";
import type { HealthFacts } from "../health/facts.ts";
import { type CheckSetting, isFailing, type Severity } from "../health/severity.ts";
import { parseImage } from "../requirements/image.ts";
import type { Workload } from "../requirements/workload.ts";
import { parseCheckSettings } from "./check-settings.ts";
import { type AgainstChoice, openStandIn } from "./against.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { type Progress, startProgress } from "./progress.ts";
import { printReport } from "./print-report.ts";
import type { ReportFormat } from "./report-formats.ts";
import { loadBundles, loadCatalog } from "./sources.ts";
import type { Known } from "./stand-in.ts";
import type { Terminal } from "./terminal.ts";

export interface DoctorOptions extends AgainstChoice {
  readonly output: ReportFormat;
  /** `<check>=<severity>`, as `--check` and `--rule` give them. */
  readonly check: readonly string[];
  /** The mildest severity that gives exit status 1; null: none does. */
  readonly failOn: Severity | null;
  /** For what is asked beside CRDs and workloads. */
  readonly timeoutSeconds: number;
  /** Files and folders of own catalog entries. */
  readonly catalog: readonly string[];
}

export async function doctor(options: DoctorOptions, terminal: Terminal): Promise<ExitStatus> {
  const settings = settingsFrom(options.check);
  const known: Known = { catalog: await loadCatalog(options.catalog), bundles: await loadBundles() };
  if (options.against === "live") return examineLive(options, known, settings, terminal);
  const { cluster, workloads } = await openStandIn(options.against, options.catalogConfigMap, known, terminal);
  const beside = { catalog: known.catalog, workloads, probe: null, examineGuard: null };
  return tell(options, await gather(cluster, beside, options, SILENT), settings, terminal);
}

type Settings = ReadonlyMap<string, CheckSetting>;

function settingsFrom(given: readonly string[]): Settings {
  const settings = parseCheckSettings(
    given,
    checks.map(({ id }) => id),
  );
  if (!settings.ok) throw new CommandError(EXIT.usage, settings.error.code, `--check: ${settings.error.message}`);
  return settings.value;
}

async function examineLive(options: DoctorOptions, known: Known, settings: Settings, terminal: Terminal): Promise<ExitStatus> {
  // The Kubernetes client takes a third of a second to load, which only a live cluster is worth.
  const { withLiveCluster } = await import("./live-source.ts");
  const { createLiveProbe } = await import("../cluster/live/health/live-probe.ts");
  const { examineGuard } = await import("../operator/guard-evidence.ts");
  return withLiveCluster(options, known, terminal, async (cluster, client) => {
    const progress = startProgress();
    try {
      const workloads = [...cluster.workloads()];
      const probe = createLiveProbe(client, isInCluster(options));
      const servers = workloads.filter(isOwnServer).map(({ ref }) => ref);
      const beside: Beside = {
        catalog: known.catalog,
        workloads,
        probe,
        examineGuard: (signal) => examineGuard({ client, probe, servers, signal }),
      };
      const examined = await gather(cluster, beside, options, progress);
      progress.end();
      return await tell(options, examined, settings, terminal);
    } finally {
      progress.end();
    }
  });
}

/** A pod that was given no other cluster asks about its own, in which names of services resolve. */
function isInCluster({ kubeconfig, context }: DoctorOptions): boolean {
  const { env } = process;
  return (
    kubeconfig === undefined &&
    context === undefined &&
    env["KUBECONFIG"] === undefined &&
    env["KUBERNETES_SERVICE_HOST"] !== undefined
  );
}

/** By the label that the manifests give it, or by its image. */
function isOwnServer({ labels, containers, isRunning }: Workload): boolean {
  const isOwnImage = containers.some(({ image }) => parseImage(image).path.split("/").at(-1) === "crdguard");
  return isRunning && (labels["app.kubernetes.io/name"] === "crdguard" || isOwnImage);
}

type Beside = Pick<HealthSources, "catalog" | "workloads" | "probe" | "examineGuard">;

async function gather(cluster: Cluster, beside: Beside, options: DoctorOptions, progress: Progress): Promise<Gathered> {
  const picture = cluster.picture();
  if (picture === null) throw new Error("a cluster that has been read has a picture");
  const nowMilliseconds = Date.now();
  const facts = await gatherHealth({
    cluster,
    picture,
    ...beside,
    guardPolicies: lookAtPolicies(picture.guardPolicies, nowMilliseconds),
    nowMilliseconds,
    signal: AbortSignal.timeout(options.timeoutSeconds * 1_000),
    progress: (step) => {
      progress.tell(gatheringLine(step));
    },
  });
  return { facts, workloadCount: beside.workloads.length };
}

interface Gathered {
  readonly facts: HealthFacts;
  readonly workloadCount: number;
}

const SILENT: Progress = { tell: () => undefined, end: () => undefined };

async function tell(
  { output, failOn }: DoctorOptions,
  gathered: Gathered,
  settings: Settings,
  terminal: Terminal,
): Promise<ExitStatus> {
  const findings = examine(gathered.facts, settings);
  const examined = { ...gathered, findings };
  const report = healthReport(examined);
  await printReport(output, { report, tell: () => healthTelling(examined, failOn), failLevel: failOn, anchor: null }, terminal);
  return findings.some(({ severity }) => isFailing(severity, failOn)) ? EXIT.denied : EXIT.allowed;
}
