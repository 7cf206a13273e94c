import { describe, expect, it, onTestFinished } from "vitest";
import { createHealthServer } from "../../../src/admission/health-server.ts";
import { createMetrics } from "../../../src/observability/metrics.ts";

async function runHealth(isHealthy: { readonly certificate: boolean; readonly synced: boolean }): Promise<string> {
  const certificate = {
    name: "certificate",
    isHealthy: () => isHealthy.certificate,
    detail: "the serving certificate has expired",
  };
  const synced = { name: "cluster-synced", isHealthy: () => isHealthy.synced, detail: "not read yet" };
  const server = createHealthServer({ live: [certificate], ready: [certificate, synced], metrics: createMetrics() });
  onTestFinished(() => server.close());
  return server.listen("127.0.0.1", 0);
}

const well = { certificate: true, synced: true };
const unsynced = { certificate: true, synced: false };
const expired = { certificate: false, synced: true };

describe("the health server", () => {
  it.each([
    { title: "is live", path: "/livez", state: well, status: 200, text: "ok\n" },
    { title: "is ready", path: "/readyz", state: well, status: 200, text: "ok\n" },
    {
      title: "lists its checks when asked to",
      path: "/readyz?verbose",
      state: well,
      status: 200,
      text: "[+]certificate ok\n[+]cluster-synced ok\nreadyz check passed\n",
    },
    {
      title: "is live before the cluster is read: a restart would not mend that",
      path: "/livez",
      state: unsynced,
      status: 200,
      text: "ok\n",
    },
    {
      title: "is not ready before the cluster is read",
      path: "/readyz",
      state: unsynced,
      status: 503,
      text: "[+]certificate ok\n[-]cluster-synced failed: not read yet\nreadyz check failed\n",
    },
    { title: "tells of one check that is well", path: "/readyz/certificate", state: unsynced, status: 200, text: "ok\n" },
    {
      title: "tells of one check that is not",
      path: "/readyz/cluster-synced",
      state: unsynced,
      status: 503,
      text: "cluster-synced failed: not read yet\n",
    },
    { title: "tells of a check of liveness", path: "/livez/certificate", state: well, status: 200, text: "ok\n" },
    {
      title: "is not live without a valid certificate",
      path: "/livez",
      state: expired,
      status: 503,
      text: "[-]certificate failed: the serving certificate has expired\nlivez check failed\n",
    },
  ])("$title", async ({ path, state, status, text }) => {
    const response = await fetch(`${await runHealth(state)}${path}`);

    expect({ status: response.status, type: response.headers.get("content-type"), text: await response.text() }).toEqual({
      status,
      type: "text/plain; charset=utf-8",
      text,
    });
  });

  it.each(["/readyz/nonsense", "/livez/cluster-synced"])("knows no check %s", async (path) => {
    expect((await fetch(`${await runHealth(well)}${path}`)).status).toBe(404);
  });

  it("answers a HEAD without a text, by the same status", async () => {
    const response = await fetch(`${await runHealth(unsynced)}/readyz`, { method: "HEAD" });

    expect({ status: response.status, text: await response.text() }).toEqual({ status: 503, text: "" });
  });

  it("serves the metrics in Prometheus' text format, each with its help", async () => {
    const response = await fetch(`${await runHealth(well)}/metrics`);
    const names = (await response.text()).matchAll(/^# HELP (crdguard_\w+) \S/gm);

    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect([...names].map(([, name = ""]) => name).toSorted((left, right) => (left < right ? -1 : 1))).toEqual([
      "crdguard_admission_bytes_in_flight",
      "crdguard_admission_duration_seconds",
      "crdguard_admission_rejected_total",
      "crdguard_admission_requests_total",
      "crdguard_build_info",
      "crdguard_cache_objects",
      "crdguard_cache_synced",
      "crdguard_catalog_reloads_total",
      "crdguard_catalog_usable",
      "crdguard_certificate_not_after_seconds",
      "crdguard_certificate_not_before_seconds",
      "crdguard_certificate_reloads_total",
      "crdguard_certificate_rotations_total",
      "crdguard_client_certificates_total",
      "crdguard_drift_repaired_total",
      "crdguard_events_total",
      "crdguard_exceptions_applied_total",
      "crdguard_health_findings",
      "crdguard_health_reports_total",
      "crdguard_kept_object_in_order",
      "crdguard_leader",
      "crdguard_overrides_total",
      "crdguard_policies",
      "crdguard_rule_results_total",
      "crdguard_storage_records",
      "crdguard_storage_records_written_total",
      "crdguard_watch_restarts_total",
    ]);
  });

  it("answers any other path by 404", async () => {
    expect((await fetch(`${await runHealth(well)}/validate`, { method: "POST" })).status).toBe(404);
  });
});
