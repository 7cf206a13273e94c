/** @file Examines the cluster every so often, as `crdguard doctor` does, and keeps what was found as an object of the cluster. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { SYSTEM_TIMING, type Timing } from "../cluster/live/timing.ts";
import { type ClusterReport, clusterReport, type ReportForm } from "../explain/cluster-report.ts";
import type { Examined } from "../explain/health-report.ts";
import type { HealthFinding } from "../health/finding.ts";
import { FIELD_MANAGER } from "./kept-object.ts";

export interface HealthReportingObserver {
  /** What was found, before it is written. */
  examined(findings: readonly HealthFinding[]): void;
  written(report: ClusterReport): void;
  /** The cluster does not know reports of this form. */
  unknownForm(resource: string): void;
  failed(resource: string, error: ApiError): void;
  /** Another replica leads now, and speaks of the cluster's health from here on. */
  resigned(): void;
  /** A defect of crdguard: the next round is made all the same. */
  broken(error: unknown): void;
}

export interface HealthReportingOptions {
  readonly client: Pick<ApiClient, "request">;
  readonly form: ReportForm;
  /** One replica writes; the others only look whether they lead. */
  readonly leadership: { isLeader(): boolean };
  /** Null until the cluster has been read. Never rejects but for defects. */
  readonly examine: (signal: AbortSignal) => Promise<Examined | null>;
  readonly observer: HealthReportingObserver;
  readonly intervalSeconds: number;
  readonly timing?: Timing;
}

export interface HealthReporting {
  /** At once and for good; the object stays as it is. */
  stop(): void;
}

/**
 * The first examination is made as soon as the cluster has been read, and whenever a replica begins to lead; then one each
 * interval. The report stays when all is well, since a report that passes says more than none.
 */
export function startHealthReporting(options: HealthReportingOptions): HealthReporting {
  const { form, leadership, examine, observer, intervalSeconds, timing = SYSTEM_TIMING } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let dueAt = -Infinity;
  let didLead = false;

  async function run(): Promise<void> {
    for (;;) {
      await timing.sleep(LOOK_MILLISECONDS, signal);
      if (signal.aborted) return;
      if (!leadership.isLeader()) {
        if (didLead) observer.resigned();
        didLead = false;
        dueAt = -Infinity;
        continue;
      }
      didLead = true;
      if (timing.now() < dueAt) continue;
      try {
        dueAt = timing.now() + (await makeRound()) * 1_000;
      } catch (error) {
        observer.broken(error);
        dueAt = timing.now() + intervalSeconds * 1_000;
      }
    }
  }

  /** Returns seconds until the next round. */
  async function makeRound(): Promise<number> {
    const examined = await examine(signal);
    // Who leads may have changed meanwhile, and then somebody else has written something newer.
    if (examined === null || signal.aborted || !leadership.isLeader()) return 0;
    observer.examined(examined.findings);
    const report = clusterReport(examined, { form });
    const path = `${COLLECTIONS[form].path}/${encodeURIComponent(report.metadata.name)}`;
    const written = await options.client.request({
      method: "PATCH",
      path,
      query: { fieldManager: FIELD_MANAGER, force: "true" },
      contentType: "application/apply-patch+yaml",
      body: report,
      signal,
    });
    if (signal.aborted) return 0;
    if (written.ok) {
      observer.written(report);
      return intervalSeconds;
    }
    const { resource } = COLLECTIONS[form];
    // The API server answers 404 for a group that it does not serve, and a PATCH creates whatever is not there.
    if (written.error.code === "not-found") {
      observer.unknownForm(resource);
      return intervalSeconds;
    }
    observer.failed(resource, written.error);
    return Math.min(intervalSeconds, RETRY_SECONDS);
  }

  void run();
  return {
    stop() {
      stopping.abort();
    },
  };
}

/** Who begins to lead is soon known to lead. */
const LOOK_MILLISECONDS = 1_000;

/** As the shortest interval: whoever tries again examines again. */
const RETRY_SECONDS = 60;

const COLLECTIONS = {
  openreports: { path: "/apis/openreports.io/v1alpha1/clusterreports", resource: "clusterreports.openreports.io" },
  policyreport: {
    path: "/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports",
    resource: "clusterpolicyreports.wgpolicyk8s.io",
  },
} as const satisfies Record<ReportForm, { readonly path: string; readonly resource: string }>;
