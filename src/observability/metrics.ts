/** @file The metrics, in one table. Base units; counters end in `_total`. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Each server has a registry of its own, so that two in one process do not share their counts.
 * @param objectCounts asked at each scrape: what is known of the cluster, by plural resource name.
 */
export function createMetrics(objectCounts: () => Readonly<Record<string, number>> = () => ({})): {
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
  readonly certificateNotAfter: Gauge;
  readonly certificateReloads: Counter<"result">;
  readonly catalogReloads: Counter<"result">;
  /** 1 until a mistake is met. */
  readonly catalogUsable: Gauge;
} {
  const registry = new Registry();
  const registers = [registry];
  const bytesInFlight = { read: () => 0 };
  collectDefaultMetrics({ register: registry });
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
      help: "When the serving certificate expires, in seconds since 1970",
      registers,
    }),
    certificateReloads: new Counter({
      name: "crdguard_certificate_reloads_total",
      help: "Serving certificates read anew, by result",
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
