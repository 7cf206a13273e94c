/** @file The metrics, in one table. Base units; counters end in `_total`. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Each server has a registry of its own, so that two in one process do not share their counts.
 * @param objectCounts asked at each scrape: what is known of the cluster, by plural resource name.
 * @param version of crdguard, for `build_info`.
 */
export function createMetrics(
  objectCounts: () => Readonly<Record<string, number>> = () => ({}),
  version = "development",
): {
  readonly registry: Registry;
  readonly admissionRequests: Counter<"phase" | "operation" | "subresource" | "decision" | "dry_run">;
  readonly admissionDuration: Histogram<"phase">;
  readonly admissionRejected: Counter<"reason">;
  /** Read at each scrape; set by the server that counts them. */
  readonly bytesInFlight: { read: () => number };
  readonly ruleResults: Counter<"rule" | "enforcement">;
  readonly cacheSynced: Gauge;
  readonly cacheObjects: Gauge<"resource">;
  readonly watchRestarts: Counter<"resource" | "reason">;
  readonly certificateNotAfter: Gauge<"kind">;
  readonly certificateNotBefore: Gauge<"kind">;
  readonly certificateReloads: Counter<"result">;
  readonly certificateRotations: Counter<"kind" | "result">;
  readonly clientCertificates: Counter<"state">;
  readonly leader: Gauge;
  readonly keptObjects: Gauge<"kind" | "name">;
  readonly driftRepaired: Counter<"kind" | "name">;
  readonly overrides: Counter<"rule" | "result">;
  readonly exceptionsApplied: Counter<"policy" | "rule">;
  readonly policies: Gauge<"state">;
  readonly events: Counter<"reason" | "result">;
  readonly storageRecords: Gauge<"state">;
  readonly storageRecordsWritten: Counter<"result">;
  readonly healthFindings: Gauge<"check" | "severity">;
  readonly healthReports: Counter<"result">;
  readonly catalogReloads: Counter<"result">;
  /** 1 until a mistake is met. */
  readonly catalogUsable: Gauge;
} {
  const registry = new Registry();
  const registers = [registry];
  const bytesInFlight = { read: () => 0 };
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "crdguard_build_info",
    help: "Always 1; which crdguard this is, on which Node.js",
    labelNames: ["version", "node"],
    registers,
  }).set({ version, node: process.versions.node }, 1);
  void new Gauge({
    name: "crdguard_admission_bytes_in_flight",
    help: "Bytes of bodies being read or judged",
    registers,
    collect() {
      this.set(bytesInFlight.read());
    },
  });
  return {
    registry,
    admissionRequests: new Counter({
      name: "crdguard_admission_requests_total",
      help: "Reviews answered, by phase (validate, explain, workloads), operation, subresource, decision and whether it was a dry run",
      labelNames: ["phase", "operation", "subresource", "decision", "dry_run"],
      registers,
    }),
    admissionDuration: new Histogram({
      name: "crdguard_admission_duration_seconds",
      help: "Time from the whole body read to the answer written",
      labelNames: ["phase"],
      // From half a millisecond, the time of a usual decision, to the longest wait of the API server.
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    admissionRejected: new Counter({
      name: "crdguard_admission_rejected_total",
      help: "Requests that got no review in answer, by reason: their error code",
      labelNames: ["reason"],
      registers,
    }),
    bytesInFlight,
    ruleResults: new Counter({
      name: "crdguard_rule_results_total",
      help: "Findings, by rule and enforcement",
      labelNames: ["rule", "enforcement"],
      registers,
    }),
    cacheSynced: new Gauge({ name: "crdguard_cache_synced", help: "1 once the cluster has been read completely", registers }),
    cacheObjects: new Gauge({
      name: "crdguard_cache_objects",
      help: "Objects known, by resource",
      labelNames: ["resource"],
      registers,
      collect() {
        for (const [resource, count] of Object.entries(objectCounts())) this.set({ resource }, count);
      },
    }),
    watchRestarts: new Counter({
      name: "crdguard_watch_restarts_total",
      help: "Watches begun again, by resource and reason",
      labelNames: ["resource", "reason"],
      registers,
    }),
    certificateNotAfter: new Gauge({
      name: "crdguard_certificate_not_after_seconds",
      help: "When a certificate expires, in seconds since 1970; kind is serving or authority",
      labelNames: ["kind"],
      registers,
    }),
    certificateNotBefore: new Gauge({
      name: "crdguard_certificate_not_before_seconds",
      help: "Since when a certificate is valid, in seconds since 1970; kind is serving",
      labelNames: ["kind"],
      registers,
    }),
    certificateReloads: new Counter({
      name: "crdguard_certificate_reloads_total",
      help: "Serving certificates read anew, by result",
      labelNames: ["result"],
      registers,
    }),
    certificateRotations: new Counter({
      name: "crdguard_certificate_rotations_total",
      help: "Certificates made anew by crdguard, by kind (serving, authority) and result",
      labelNames: ["kind", "result"],
      registers,
    }),
    clientCertificates: new Counter({
      name: "crdguard_client_certificates_total",
      help: "Requests by what the caller showed: accepted, missing, untrusted or wrong-subject",
      labelNames: ["state"],
      registers,
    }),
    leader: new Gauge({
      name: "crdguard_leader",
      help: "1 while this replica leads, and writes what all replicas need",
      registers,
    }),
    keptObjects: new Gauge({
      name: "crdguard_kept_object_in_order",
      help: "1 while an object that crdguard keeps is as it must be, as the leader sees it",
      labelNames: ["kind", "name"],
      registers,
    }),
    driftRepaired: new Counter({
      name: "crdguard_drift_repaired_total",
      help: "Times that an object that crdguard keeps was put right again",
      labelNames: ["kind", "name"],
      registers,
    }),
    overrides: new Counter({
      name: "crdguard_overrides_total",
      help: "Overrides asked for, by rule and result: allowed, or why it did not count",
      labelNames: ["rule", "result"],
      registers,
    }),
    exceptionsApplied: new Counter({
      name: "crdguard_exceptions_applied_total",
      help: "Denials that an exception of a GuardPolicy made a warning of",
      labelNames: ["policy", "rule"],
      registers,
    }),
    policies: new Gauge({
      name: "crdguard_policies",
      help: "GuardPolicies, by state: accepted or malformed",
      labelNames: ["state"],
      registers,
    }),
    storageRecords: new Gauge({
      name: "crdguard_storage_records",
      help: "CRDs to be migrated, by the record of their storage version: current or missing; told by the leader",
      labelNames: ["state"],
      registers,
    }),
    storageRecordsWritten: new Counter({
      name: "crdguard_storage_records_written_total",
      help: "Records of storage versions: taken, carried-over or deleted, or the error code",
      labelNames: ["result"],
      registers,
    }),
    events: new Counter({
      name: "crdguard_events_total",
      help: "Events, by reason and result: written, repeated, dropped (over the limit) or failed",
      labelNames: ["reason", "result"],
      registers,
    }),
    healthFindings: new Gauge({
      name: "crdguard_health_findings",
      help: "Findings of the last periodic doctor run, by check and severity",
      labelNames: ["check", "severity"],
      registers,
    }),
    healthReports: new Counter({
      name: "crdguard_health_reports_total",
      help: "Reports of periodic doctor runs, by result",
      labelNames: ["result"],
      registers,
    }),
    catalogReloads: new Counter({
      name: "crdguard_catalog_reloads_total",
      help: "Changes of the ConfigMap of own catalog entries, by result",
      labelNames: ["result"],
      registers,
    }),
    catalogUsable: startingAt(
      1,
      new Gauge({
        name: "crdguard_catalog_usable",
        help: "0 while the ConfigMap of own catalog entries holds a mistake, and the last good ones stay",
        registers,
      }),
    ),
  };
}

/** A gauge says 0 until it is set. */
function startingAt(value: number, gauge: Gauge): Gauge {
  gauge.set(value);
  return gauge;
}
