/** @file `crdguard doctor`: what is wrong in this cluster now, before anyone changes anything? */
import { gatherHealth } from "../cluster/gather-health.ts";
import { type Examined, healthReport, healthTelling } from "../explain/health-report.ts";
import { gatheringLine } from "../explain/progress.ts";
import { lookAtPolicies } from "../explain/policy-looks.ts";
import { checks } from "../health/checks/index.ts";
import { examine } from "../health/examine.ts";
import { type CheckSetting, isFailing, type Severity } from "../health/severity.ts";
import { parseCheckSettings } from "./check-settings.ts";
import { type AgainstChoice, openStandIn } from "./against.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { startProgress } from "./progress.ts";
import { printReport } from "./print-report.ts";
import { type HealthFormat, isReportForm } from "./report-formats.ts";
import { loadBundles, loadCatalog } from "./sources.ts";
import type { Known, StandIn } from "./stand-in.ts";
import type { Terminal } from "./terminal.ts";

export interface DoctorOptions extends AgainstChoice {
  readonly output: HealthFormat;
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
  const standIn = await openStandIn(options.against, options.catalogConfigMap, known, terminal);
  return tell(options, await examineStandIn(standIn, known, options, settings), settings, terminal);
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
  const { examineCluster } = await import("./examine-cluster.ts");
  const { runsInCluster } = await import("./runs-in-cluster.ts");
  return withLiveCluster(options, known, terminal, async (cluster, client) => {
    const progress = startProgress();
    try {
      const examined = await examineCluster({
        cluster,
        client,
        catalog: known.catalog,
        settings,
        isInCluster: runsInCluster(options),
        signal: AbortSignal.timeout(options.timeoutSeconds * 1_000),
        progress: (step) => {
          progress.tell(gatheringLine(step));
        },
      });
      progress.end();
      if (examined === null) throw new Error(UNREAD);
      return await tell(options, examined, settings, terminal);
    } finally {
      progress.end();
    }
  });
}

const UNREAD = "a cluster that has been read has a picture";

async function examineStandIn(
  { cluster, workloads }: StandIn,
  { catalog }: Known,
  options: DoctorOptions,
  settings: Settings,
): Promise<Examined> {
  const picture = cluster.picture();
  if (picture === null) throw new Error(UNREAD);
  const nowMilliseconds = Date.now();
  const facts = await gatherHealth({
    cluster,
    picture,
    catalog,
    workloads,
    probe: null,
    examineGuard: null,
    guardPolicies: lookAtPolicies(picture.guardPolicies, nowMilliseconds),
    nowMilliseconds,
    signal: AbortSignal.timeout(options.timeoutSeconds * 1_000),
    progress: () => undefined,
  });
  return { facts, findings: examine(facts, settings), workloadCount: workloads.length };
}

async function tell(
  { output, failOn }: DoctorOptions,
  examined: Examined,
  settings: Settings,
  terminal: Terminal,
): Promise<ExitStatus> {
  if (isReportForm(output)) {
    const { clusterReport } = await import("../explain/cluster-report.ts");
    const { yamlText } = await import("./yaml-text.ts");
    terminal.print(yamlText(clusterReport(examined, { form: output, settings })));
  } else {
    const report = healthReport(examined);
    await printReport(output, { report, tell: () => healthTelling(examined, failOn), failLevel: failOn, anchor: null }, terminal);
  }
  return examined.findings.some(({ severity }) => isFailing(severity, failOn)) ? EXIT.denied : EXIT.allowed;
}
