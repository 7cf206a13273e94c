/** @file `--health-reports`: a running server examines its cluster as doctor does; what becomes of it is logged and counted. */
import type { ReportForm } from "../../explain/cluster-report.ts";
import type { LogFields, Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import { type HealthReportingObserver, startHealthReporting } from "../../operator/health-reporting.ts";
import type { Catalog } from "../../requirements/catalog.ts";
import { examineCluster } from "../examine-cluster.ts";
import type { LiveFacts } from "./live-facts.ts";

export interface HealthReports {
  /** At once and for good. */
  stop(): void;
}

export interface HealthReportsOptions {
  readonly facts: Pick<LiveFacts, "cluster" | "client">;
  readonly catalog: Catalog;
  readonly form: ReportForm;
  readonly intervalSeconds: number;
  readonly isInCluster: boolean;
  readonly leadership: { isLeader(): boolean };
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function startHealthReports(options: HealthReportsOptions): HealthReports {
  const { facts, catalog, form, intervalSeconds, leadership, isInCluster, logger, metrics } = options;
  return startHealthReporting({
    client: facts.client,
    form,
    intervalSeconds,
    leadership,
    examine: (stopped) =>
      examineCluster({
        ...facts,
        catalog,
        isInCluster,
        signal: AbortSignal.any([stopped, AbortSignal.timeout(EXAMINATION_SECONDS * 1_000)]),
      }),
    observer: logAndCount(logger, metrics),
  });
}

/** As the command's own --timeout; half of the shortest interval. */
const EXAMINATION_SECONDS = 30;

function logAndCount(logger: Logger, { healthFindings, healthReports }: Metrics): HealthReportingObserver {
  let isFormUnknown = false;
  return {
    examined(findings) {
      healthFindings.reset();
      for (const { check, severity } of findings) healthFindings.inc({ check, severity });
    },
    written({ kind, metadata, results }) {
      isFormUnknown = false;
      healthReports.inc({ result: "ok" });
      logger.info({ names: [`${kind}/${metadata.name}`], count: results.length } satisfies LogFields, "health report written");
    },
    unknownForm(resource) {
      healthReports.inc({ result: "form-unknown" });
      if (isFormUnknown) return;
      isFormUnknown = true;
      logger.warn({ resource } satisfies LogFields, "the cluster has no definition of health reports, going on without them");
    },
    failed(resource, { code, message }) {
      healthReports.inc({ result: code });
      logger.warn({ resource, code, reason: message } satisfies LogFields, "health report cannot be written, trying again");
    },
    resigned() {
      healthFindings.reset();
    },
    broken(error) {
      healthReports.inc({ result: "internal-error" });
      logger.error({ err: error } satisfies LogFields, "internal error");
    },
  };
}
