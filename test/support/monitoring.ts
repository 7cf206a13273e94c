/** @file What manifests/monitoring holds, as Prometheus and Grafana read it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";

const FOLDER = join(import.meta.dirname, "../../manifests/monitoring");

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** `5m`; absent: at once. */
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

export async function readRuleGroups(): Promise<readonly RuleGroup[]> {
  const rule = parse(await readFile(join(FOLDER, "prometheus-rule.yaml"), "utf8")) as {
    readonly spec: { readonly groups: readonly RuleGroup[] };
  };
  return rule.spec.groups;
}

/** As Prometheus' own rule files have them. */
export async function ruleFile(): Promise<string> {
  return stringify({ groups: await readRuleGroups() });
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat?: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[] };
  readonly panels: readonly Panel[];
}

export async function readDashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(join(FOLDER, "dashboard.json"), "utf8")) as Dashboard;
}

/** As Grafana sends it, once its variables have values. */
export function withVariables(expression: string): string {
  return expression.replaceAll("$namespace", "crdguard").replaceAll("$__rate_interval", "5m").replaceAll("$__range", "1h");
}

/** Every expression of the dashboard: those of its panels, and those that its variables are filled by. */
export function dashboardQueries({ panels }: Dashboard): readonly string[] {
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => withVariables(expr)));
}
