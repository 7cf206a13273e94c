/** Every selector of alerts and dashboard against what a running guard and a real API server expose. */
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMetrics } from "../../src/observability/metrics.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { startInBackground } from "./support/child-processes.ts";
import { eventually } from "./support/eventually.ts";
import { parseExposition, type Series } from "./support/exposition.ts";
import { freePorts } from "./support/free-ports.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest } from "./support/manifests.ts";
import { readDashboard, readRuleGroups, withVariables } from "../support/monitoring.ts";
import { isSelected, parseQuery, type Selector } from "./support/promql.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What Prometheus adds to each series that it scrapes by manifests/monitoring/service-monitor.yaml. */
const TARGET = { job: "crdguard", namespace: "crdguard", pod: "crdguard-0", instance: "10.0.0.1:8080" };

/**
 * Selectors that no series answers here, each with the reason. What they ask for is held against the declaration of the metric
 * and the values below.
 */
const NOT_SEEN: Readonly<Record<string, string>> = {
  crdguard_kept_object_in_order: "this guard keeps nothing: it has registered itself by --register-url",
  crdguard_drift_repaired_total: "as above",
  crdguard_certificate_rotations_total: "as above: it has a self-signed certificate for development",
  crdguard_certificate_reloads_total: "as above",
  crdguard_certificate_not_after_seconds: "as above: there is no authority beside it",
  crdguard_client_certificates_total: "no client certificate is asked for",
  crdguard_policies: "no GuardPolicy is in this cluster",
  crdguard_exceptions_applied_total: "as above",
  crdguard_overrides_total: "nobody overrides anything here",
  crdguard_events_total: "no exception has lapsed",
  crdguard_storage_records: "only a guard that keeps itself installed records anything",
  crdguard_storage_records_written_total: "as above",
};

/** Label values that the code may set, of metrics above. The rest of the page is docs/log-and-metrics.md. */
const VALUES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  crdguard_certificate_rotations_total: { kind: ["serving", "authority"], result: ["ok", "forbidden"] },
  crdguard_certificate_reloads_total: { result: ["ok", "key-mismatch"] },
  crdguard_certificate_not_after_seconds: { kind: ["serving", "authority"] },
  crdguard_client_certificates_total: { state: ["accepted", "missing", "untrusted", "wrong-subject"] },
  crdguard_policies: { state: ["accepted", "malformed"] },
  crdguard_overrides_total: { result: ["allowed", "not-allowed"] },
  crdguard_events_total: { reason: ["ExceptionLapsed"], result: ["written", "repeated", "dropped", "failed"] },
};

let api: ApiServer;
let series: readonly Series[];

beforeAll(async () => {
  api = await startApiServer();
  // Before the first examination of the cluster: the next one is due in an hour.
  await applied(deploymentManifest({ name: "turner", annotations: { "crdguard.dev/requires": "missing.own.dev/v1" } }));
  const guard = await startGuardProcess(api, {
    args: ["--health-reports", "openreports", "--catalog-config-map", "crdguard/crdguard-catalog"],
  });
  await api.restart();
  await eventually("the guard watches again", async () => (await scraped(guard.healthUrl)).some(isWatchRestart), {
    timeoutMs: 30_000,
  });
  await allowAndDeny(guard);
  const blind = await startBlindGuard();
  await reviewBy(blind.url);
  await eventually("the cluster has been examined", async () =>
    (await scraped(guard.healthUrl)).some(({ name }) => name === "crdguard_health_findings"),
  );
  const own = [...(await scraped(guard.healthUrl)), ...(await scraped(blind.healthUrl))];
  await guard.process.kill9();
  await blind.stop();
  await askInVain();
  const { body } = await api.request("GET", "/metrics");
  series = [...own.map(withTarget), ...parseExposition(String(body))];
}, 180_000);

afterAll(async () => {
  await api.stop();
});

describe("expressions of alerts and dashboard", async () => {
  const alerts = (await readRuleGroups()).flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ of: alert, expr })));
  const dashboard = await readDashboard();
  const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, refId }) => ({ of: `panel ${title} ${refId}`, expr: withVariables(expr) })),
  );
  const expressions = [...alerts, ...panels];

  it.each(expressions)("$of asks for series that there are", ({ expr }) => {
    for (const selector of parseQuery(expr).selectors) {
      if (selector.metric in NOT_SEEN && !isAnswered(selector)) expectDeclared(selector);
      else expect(isAnswered(selector), `nothing answers ${selector.text}`).toBe(true);
    }
  });

  it.each(expressions)("$of groups by labels that these series have", ({ expr }) => {
    const { selectors, groupings } = parseQuery(expr);
    const known = new Set([...selectors.flatMap(({ metric }) => labelsOf(metric)), ...Object.keys(TARGET)]);

    expect(groupings.filter((label) => !known.has(label))).toEqual([]);
  });

  it("cover every metric that crdguard has", async () => {
    const asked = new Set(
      expressions.flatMap(({ expr }) => parseQuery(expr).selectors.map(({ metric }) => metric.replace(/_bucket$/, ""))),
    );
    const declared = (await createMetrics().registry.getMetricsAsJSON()).map(({ name }) => name);

    expect(declared.filter((name) => name.startsWith("crdguard_") && !asked.has(name))).toEqual([]);
  });

  it("would notice a metric, a label and a value that are not there", () => {
    for (const wrong of [
      "crdguard_admission_request_total",
      'crdguard_cache_synced{pod="other"}',
      'crdguard_rule_results_total{enforcement="denied"}',
    ]) {
      expect(parseQuery(wrong).selectors.map(isAnswered)).toEqual([false]);
    }
    expect(() => parseQuery("sum by (rule (x)")).toThrow("no PromQL");
  });
});

describe("the dashboard", async () => {
  const { panels, templating } = await readDashboard();

  it("has a data source and a namespace to choose", () => {
    expect(templating.list.map(({ name, type }) => `${name} ${type}`)).toEqual(["datasource datasource", "namespace query"]);
    expect(templating.list[1]?.query).toMatchObject({ query: "label_values(crdguard_build_info, namespace)" });
  });

  it("has panels that say what they show, by the chosen data source, and lie beside each other", () => {
    const boxes = panels.map(({ gridPos }) => gridPos);
    for (const { title, type, datasource, description = "", gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      const over = boxes.filter(
        (box) =>
          box !== gridPos &&
          box.x < gridPos.x + gridPos.w &&
          gridPos.x < box.x + box.w &&
          box.y < gridPos.y + gridPos.h &&
          gridPos.y < box.y + box.h,
      );
      expect(over, title).toEqual([]);
      if (type === "row") continue;
      expect(description, title).not.toBe("");
      expect(datasource).toEqual({ type: "prometheus", uid: "${datasource}" });
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it.each(panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target }))))(
    "names series of $title $refId by labels that they have",
    ({ expr, legendFormat = "" }) => {
      expect(
        unknownLabels(
          withVariables(expr),
          [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label),
        ),
      ).toEqual([]);
    },
  );
});

describe("the texts of alerts", async () => {
  const rules = (await readRuleGroups()).flatMap((group) => group.rules);

  it.each(rules)("$alert speaks of labels that there are", ({ expr, annotations }) => {
    expect(
      unknownLabels(
        expr,
        [...annotations.description.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label),
      ),
    ).toEqual([]);
  });
});

/** Of an expression without grouping the labels of its series are told, and those of their target. */
function unknownLabels(expr: string, used: readonly string[]): readonly string[] {
  const { selectors, groupings } = parseQuery(expr);
  const known = /\bby \(/.test(expr)
    ? groupings
    : [...selectors.flatMap(({ metric }) => labelsOf(metric)), ...Object.keys(TARGET)];

  return used.filter((label) => !known.includes(label));
}

function isAnswered(selector: Selector): boolean {
  return series.some(({ name, labels }) => name === selector.metric && isSelected(selector, labels));
}

function expectDeclared(selector: Selector): void {
  const declared = labelsOf(selector.metric);
  expect(declared, `${selector.metric} is not declared`).not.toEqual([]);
  for (const matcher of selector.matchers) {
    const { label, value } = matcher;
    if (label in TARGET) continue;
    expect(declared, selector.text).toContain(label);
    const values = VALUES[selector.metric]?.[label] ?? [];
    const one = { ...selector, matchers: [matcher] };
    expect(
      values.some((each) => isSelected(one, new Map([[label, each]]))),
      `${label}="${value}" is never set`,
    ).toBe(true);
  }
}

/** As they are seen, else as they are declared. */
function labelsOf(metric: string): readonly string[] {
  const seen = series.filter(({ name }) => name === metric).flatMap(({ labels }) => [...labels.keys()]);
  return seen.length > 0 ? [...new Set(seen)] : declaredLabels(metric);
}

function declaredLabels(metric: string): readonly string[] {
  const declared: unknown = createMetrics().registry.getSingleMetric(metric);
  return (declared as { readonly labelNames?: readonly string[] } | undefined)?.labelNames ?? [];
}

function withTarget({ name, labels, value }: Series): Series {
  return { name, value, labels: new Map([...Object.entries(TARGET), ...labels]) };
}

function isWatchRestart({ name, labels }: Series): boolean {
  return name === "crdguard_watch_restarts_total" && /broken|refused/.test(labels.get("reason") ?? "");
}

async function scraped(healthUrl: string): Promise<readonly Series[]> {
  return parseExposition(await (await fetch(`${healthUrl}/metrics`)).text());
}

/** A CRD that is created, changed as it may be, and as it may not; and a request that is no review. */
async function allowAndDeny(guard: GuardProcess): Promise<void> {
  const routes = { plural: "routes", kind: "Route" };
  await applied(crdManifest({ ...routes, versions: [{ name: "v1alpha2" }], storage: "v1alpha2" }));
  await applied(deploymentManifest({ name: "router", annotations: { "crdguard.dev/requires": "routes.own.dev/v1alpha2" } }));
  const unserved = crdManifest({ ...routes, versions: [{ name: "v1" }, { name: "v1alpha2", served: false }], storage: "v1" });
  await applied(crdManifest({ ...routes, versions: [{ name: "v1" }, { name: "v1alpha2" }], storage: "v1" }));
  await eventually("the change is denied", async () => {
    const { exitCode, stderr } = await api.kubectl(["apply", "-f", "-"], { stdin: unserved });
    return exitCode === 1 && stderr.includes("required-version-unserved");
  });
  await posted(`${guard.url}/nowhere`, "{}");
}

/** One that may read nothing, and thus never knows its cluster. */
async function startBlindGuard(): Promise<{ readonly url: string; readonly healthUrl: string; stop(): Promise<void> }> {
  const [port = 0, healthPort = 0] = await freePorts(2);
  const [listen, healthListen] = [`127.0.0.1:${String(port)}`, `127.0.0.1:${String(healthPort)}`];
  const child = startInBackground(process.execPath, {
    args: [
      join(ROOT, "src/cli/main.ts"),
      "serve",
      "--kubeconfig",
      await api.kubeconfigFor("bob"),
      "--listen",
      listen,
      "--health-listen",
      healthListen,
    ],
    logPath: join(api.workDir, "blind-guard.log"),
  });
  const healthUrl = `http://${healthListen}`;
  await eventually("the blind guard lives", async () => (await fetch(`${healthUrl}/livez`)).ok, { timeoutMs: 30_000 });
  return { url: `https://${listen}`, healthUrl, stop: () => child.kill9() };
}

async function reviewBy(url: string): Promise<void> {
  const answer = await posted(`${url}/validate?timeout=2s`, await readFile(join(ROOT, "demo/review.json"), "utf8"));
  expect(answer).toContain('"verdict":"undecided"');
}

function posted(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { method: "POST", rejectUnauthorized: false, headers: { "content-type": "application/json" } };
    const sent = request(url, options, (response) => {
      readText(response).then(resolve, reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** While nobody answers: what fails open, and what fails closed. */
async function askInVain(): Promise<void> {
  const news = { plural: "news", kind: "News" };
  await applied(crdManifest({ ...news, versions: [{ name: "v1" }], storage: "v1" }));
  const change = crdManifest({ ...news, versions: [{ name: "v1" }, { name: "v2" }], storage: "v1" });
  expect(await api.kubectl(["apply", "-f", "-"], { stdin: change })).toMatchObject({ exitCode: 1 });
}

async function applied(manifest: string): Promise<void> {
  const { exitCode, stderr } = await api.kubectl(["apply", "-f", "-"], { stdin: manifest });
  if (exitCode !== 0) throw new Error(stderr);
}
