/** @file A cluster in a folder, and what `crdguard check` says of a change to it: the way a user asks. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { check, type CheckOptions } from "../../../src/cli/check.ts";
import type { CheckReport, ReportedChange } from "../../../src/explain/report.ts";
import { sharedPath } from "../../e2e/support/shared.ts";
import { problemsOfReport } from "../../support/report-schema.ts";

export interface WorkloadShape {
  readonly kind?: "Deployment" | "DaemonSet";
  /** `namespace/name` */
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function workload(shape: WorkloadShape): object {
  const [namespace, name] = shape.name.split("/");
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: shape.kind ?? "Deployment",
    metadata: { namespace, name, annotations: shape.annotations ?? {} },
    spec: {
      ...(shape.kind === "DaemonSet" ? {} : { replicas: shape.replicas ?? 1 }),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "main", image: shape.image, args: shape.args ?? [] }] } },
    },
  };
}

export function configMap(name: string, data: Readonly<Record<string, string>>): object {
  const [namespace, own] = name.split("/");
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: own }, data };
}

/** What stands in a folder: real CRDs, by their path below the shared folder, and objects. */
export type Contents = readonly (string | object)[];

/** @throws where a shared path is missing: suites look first. */
function folderOf(contents: Contents): string {
  const folder = mkdtempSync(join(tmpdir(), "crdguard-scenario-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [index, item] of contents.entries()) {
    const target = join(folder, String(index));
    if (typeof item === "object") {
      mkdirSync(target);
      writeFileSync(join(target, "object.json"), JSON.stringify(item));
      continue;
    }
    const source = sharedPath(item);
    if (source === null) throw new Error(`${item} is missing from the shared folder`);
    cpSync(source, source.endsWith(".yaml") ? `${target}.yaml` : target, { recursive: true });
  }
  return folder;
}

export interface Answer {
  readonly status: number;
  readonly report: CheckReport;
  /** `<rule>=<enforcement> <CRD or workload>`, sorted. */
  readonly findings: readonly string[];
  /** All sentences and evidence, as JSON: what a user could read of it. */
  readonly said: string;
}

export async function ask(question: {
  readonly cluster: Contents;
  readonly apply?: Contents;
  readonly delete?: readonly string[];
}): Promise<Answer> {
  const against = folderOf(question.cluster);
  const applied = question.apply === undefined ? undefined : folderOf(question.apply);
  const options: CheckOptions = {
    filename: applied === undefined ? [] : [applied],
    kustomize: [],
    delete: question.delete ?? [],
    prune: false,
    failOn: "deny",
    objects: "sample",
    allowPrivateUrls: false,
    recursive: true,
    namespace: "default",
    against,
    output: "json",
    rule: [],
    catalog: [],
    catalogConfigMap: undefined,
    kubeconfig: undefined,
    context: undefined,
  };
  const printed: string[] = [];
  const status = await check(options, {
    hasColors: false,
    columns: null,
    print: (text) => {
      printed.push(text);
    },
    tell: () => undefined,
  });
  const report = JSON.parse(printed.join("")) as CheckReport;
  expect(problemsOfReport(report)).toEqual([]);
  return {
    status,
    report,
    findings: report.changes.flatMap(findingsOf).toSorted(),
    said: JSON.stringify(report.changes.filter(({ findings }) => findings.length > 0)),
  };
}

function findingsOf(change: ReportedChange): readonly string[] {
  return change.findings.map(({ rule, enforcement }) => `${rule}=${enforcement} ${change.crd ?? change.workload ?? ""}`);
}
