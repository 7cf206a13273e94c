/** @file What doctor found → the report of a cluster that dashboards read: ClusterReport of OpenReports, or ClusterPolicyReport. */
import { checks } from "../health/checks/index.ts";
import type { HealthFacts, UnreadThing } from "../health/facts.ts";
import type { HealthFinding } from "../health/finding.ts";
import type { CheckSetting, Severity } from "../health/severity.ts";
import { healthEvidence } from "./health-evidence.ts";
import { healthMessage } from "./health-messages.ts";
import { subjectTitle } from "./health-names.ts";
import { healthRemedy } from "./health-remedies.ts";
import { type Examined, healthTelling } from "./health-report.ts";
import { type ObjectReference, referencesOf } from "./health-references.ts";
import type { ExplainedRemedy } from "./remedies.ts";
import { countOf, shown } from "./text.ts";

/** `openreports`: openreports.io/v1alpha1 ClusterReport; `policyreport`: wgpolicyk8s.io/v1alpha2 ClusterPolicyReport. */
export type ReportForm = "openreports" | "policyreport";

/**
 * An object of the cluster. Sources: openreports/reports-api, apis/openreports.io/v1alpha1/clusterreport_types.go;
 * kubernetes-sigs/wg-policy-prototypes, policy-report/apis/wgpolicyk8s.io/v1alpha2/policyreport_types.go.
 */
export interface ClusterReport {
  readonly apiVersion: "openreports.io/v1alpha1" | "wgpolicyk8s.io/v1alpha2";
  readonly kind: "ClusterReport" | "ClusterPolicyReport";
  readonly metadata: {
    readonly name: typeof REPORT_NAME;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  /** Of OpenReports alone; the other form has it on each result. */
  readonly source?: "crdguard";
  /** Of all that was found, whether or not its result had room. */
  readonly summary: Readonly<Record<Outcome, number>>;
  /** Worst first, then what could not be looked at, then what is well. */
  readonly results: readonly ClusterResult[];
}

/** Words of both forms; `error`: could not be evaluated. */
type Outcome = "pass" | "fail" | "warn" | "error" | "skip";

interface ClusterResult {
  readonly source: "crdguard";
  /** The check's id. */
  readonly policy: string;
  /** What of it was found. */
  readonly rule?: string;
  readonly category: "CRD health";
  readonly result: Outcome;
  readonly severity?: "high" | "medium" | "low";
  readonly scored: boolean;
  /** When it was looked at. */
  readonly timestamp: { readonly seconds: number; readonly nanos: number };
  readonly message: string;
  readonly resources?: readonly ObjectReference[];
  readonly properties?: Readonly<Record<string, string>>;
}

/** One object of this name, whoever writes it. */
export const REPORT_NAME = "crdguard";

/**
 * - An error fails, with high severity; a warning warns, with medium, and a note with low. These three are all that older
 *   definitions of ClusterPolicyReport accept.
 * - What could not be looked at is an error in the report's own sense: it could not be evaluated.
 * - A check passes where it found nothing and all that it goes by was read. One that is off is skipped.
 * @param settings what checks were set to; `off` is all that counts here, the rest is in the findings.
 */
export function clusterReport(
  examined: Examined,
  { form, settings = new Map() }: { readonly form: ReportForm; readonly settings?: ReadonlyMap<string, CheckSetting> },
): ClusterReport {
  const { facts, findings } = examined;
  const moment = momentOf(facts);
  const found = findings.map((finding) => resultOf(finding, moment));
  // A stable sort: worst first among themselves, as they were found.
  const ordered = [...found.filter(({ result }) => result !== "error"), ...found.filter(({ result }) => result === "error")];
  const rest = [...quietResults(examined, settings, moment), ...standInResults(examined, moment)];
  const kept = withinBounds(ordered, rest);
  const leftOut = ordered.length - kept.length;
  const marker = leftOut === 0 ? [] : [leftOutResult(leftOut, moment)];
  return {
    ...TYPES[form],
    metadata: {
      name: REPORT_NAME,
      labels: {
        "app.kubernetes.io/name": "crdguard",
        "app.kubernetes.io/part-of": "crdguard",
        "app.kubernetes.io/managed-by": "crdguard",
      },
      annotations: {
        "crdguard.dev/summary": healthTelling(examined, "error").summary,
        ...(leftOut === 0 ? {} : { "crdguard.dev/results-left-out": String(leftOut) }),
      },
    },
    ...(form === "openreports" ? { source: "crdguard" } : {}),
    summary: summaryOf([...ordered, ...rest, ...marker]),
    results: [...kept, ...marker, ...rest],
  };
}

const TYPES = {
  openreports: { apiVersion: "openreports.io/v1alpha1", kind: "ClusterReport" },
  policyreport: { apiVersion: "wgpolicyk8s.io/v1alpha2", kind: "ClusterPolicyReport" },
} as const satisfies Record<ReportForm, Pick<ClusterReport, "apiVersion" | "kind">>;

type Moment = ClusterResult["timestamp"];

function momentOf({ nowMilliseconds }: HealthFacts): Moment {
  return { seconds: Math.floor(nowMilliseconds / 1_000), nanos: Math.floor(nowMilliseconds % 1_000) * 1_000_000 };
}

const OUTCOMES = { error: "fail", warning: "warn", note: "warn" } as const satisfies Record<Severity, Outcome>;
const SEVERITIES = { error: "high", warning: "medium", note: "low" } as const satisfies Record<Severity, string>;

function resultOf(finding: HealthFinding, timestamp: Moment): ClusterResult {
  const { check, severity, subject, field, fact } = finding;
  const result = fact.kind === "facts-unread" ? "error" : OUTCOMES[severity];
  const resources = referencesOf(finding).slice(0, MAX_RESOURCES);
  return {
    source: "crdguard",
    policy: check,
    rule: fact.kind,
    category: "CRD health",
    result,
    severity: SEVERITIES[severity],
    scored: result === "fail",
    timestamp,
    message: cut(`${subjectTitle(subject)}: ${healthMessage(fact)}`, MAX_MESSAGE),
    ...(resources.length === 0 ? {} : { resources }),
    properties: propertiesOf({
      field: shown(field),
      evidence: withinLines(healthEvidence(fact)),
      fix: fixOf(finding.remedies.map(healthRemedy)),
      page: `docs/doctor/${check}.md`,
    }),
  };
}

/** Each of so many CRDs of one finding; the message and the evidence tell how many there are. */
const MAX_RESOURCES = 100;
/** Characters; the longest message that the tests of doctor have seen is a fifth of it. */
const MAX_MESSAGE = 2_000;
const MAX_PROPERTY = 8_000;

function propertiesOf(properties: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ""));
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`;
}

function withinLines(lines: readonly string[]): string {
  let text = "";
  for (const [index, line] of lines.entries()) {
    if (text.length + line.length > MAX_PROPERTY) return `${text}… and ${countOf(lines.length - index, "line")} more`;
    text += `${line}\n`;
  }
  return text.trimEnd();
}

/** Ways out, one after the other. A command is given whole or not at all: half a patch is none. */
function fixOf(remedies: readonly ExplainedRemedy[]): string {
  let text = "";
  for (const { title, command } of remedies) {
    const whole = command === undefined ? `${title}\n` : `${title}:\n${command}\n`;
    const piece =
      text.length + whole.length <= MAX_PROPERTY ? whole : `${cut(title, MAX_MESSAGE)}; crdguard doctor has the command\n`;
    if (text.length + piece.length > MAX_PROPERTY) break;
    text += piece;
  }
  return text.trimEnd();
}

/** Of checks that found nothing. */
function quietResults(
  { facts, findings }: Examined,
  settings: ReadonlyMap<string, CheckSetting>,
  timestamp: Moment,
): readonly ClusterResult[] {
  const loud = new Set(findings.map(({ check }) => check));
  const unproven = new Set(facts.unread.flatMap(({ what }) => checksThatGoBy(what)));
  const common = { source: "crdguard", category: "CRD health", timestamp } as const;
  return checks.flatMap(({ id }): readonly ClusterResult[] => {
    if (settings.get(id) === "off") {
      return [{ ...common, policy: id, result: "skip", scored: false, message: `the check ${id} is off` }];
    }
    if (loud.has(id) || unproven.has(id) || facts.source.kind !== "cluster") return [];
    return [{ ...common, policy: id, result: "pass", scored: true, message: "nothing found" }];
  });
}

/** These say nothing, rather than that all is well, where this was not read. */
function checksThatGoBy(what: UnreadThing): readonly string[] {
  switch (what.kind) {
    case "owners":
      return ["crd-owner-gone"];
    case "conversions":
      return ["conversion-webhook-unreachable"];
    case "endpoints":
      return ["conversion-webhook-unreachable", "guard-unreachable"];
    case "served":
      return ["conversion-certificate-expired", "guard-certificate-expired", "guard-ca-mismatch"];
    case "finalizers":
      return ["crd-terminating"];
    case "policies":
      return ["rollback-refused"];
    case "registrations":
      return GUARD_CHECKS;
    case "surplus":
      return SURPLUS_CHECKS[what.of];
  }
}

const GUARD_CHECKS = [
  "guard-ca-mismatch",
  "guard-certificate-expired",
  "guard-not-registered",
  "guard-registration-drifted",
  "guard-unreachable",
];

const SURPLUS_CHECKS = {
  objects: ["crd-owner-gone", "crd-terminating", "migration-due", "stored-version-unlisted"],
  owners: ["crd-owner-gone"],
  conversions: ["conversion-certificate-expired", "conversion-webhook-unreachable"],
  migrations: ["migration-due"],
  finalizers: ["crd-terminating"],
} as const satisfies Record<Extract<UnreadThing, { kind: "surplus" }>["of"], readonly string[]>;

/** Where files stand for a cluster, silence proves nothing of what they do not hold. */
function standInResults(examined: Examined, timestamp: Moment): readonly ClusterResult[] {
  if (examined.facts.source.kind === "cluster") return [];
  return healthTelling(examined, null).notes.map((message) => ({
    source: "crdguard",
    policy: "crdguard",
    rule: "not-examined",
    category: "CRD health",
    result: "skip",
    scored: false,
    timestamp,
    message,
  }));
}

function leftOutResult(count: number, timestamp: Moment): ClusterResult {
  return {
    source: "crdguard",
    policy: "crdguard",
    rule: "results-left-out",
    category: "CRD health",
    result: "skip",
    scored: false,
    timestamp,
    message: `${countOf(count, "more result")} found no room in this object; crdguard doctor tells all of them`,
    properties: { leftOut: String(count) },
  };
}

/** Of what was found the worst, as far as the object has room beside the rest. */
function withinBounds(found: readonly ClusterResult[], rest: readonly ClusterResult[]): readonly ClusterResult[] {
  let bytes = bytesOf(rest);
  const kept: ClusterResult[] = [];
  for (const result of found.slice(0, MAX_RESULTS)) {
    bytes += bytesOf(result);
    if (bytes > MAX_BYTES) break;
    kept.push(result);
  }
  return kept;
}

/** A page that nobody reads to its end. */
const MAX_RESULTS = 1_000;
/** Of JSON. etcd takes requests of 1.5 MiB (--max-request-bytes), and the API server adds managedFields. */
const MAX_BYTES = 1_000_000;

function bytesOf(value: unknown): number {
  // UTF-8 takes three bytes at most for what JavaScript counts as one.
  const json = JSON.stringify(value);
  return /^[ -~]*$/.test(json) ? json.length : json.length * 3;
}

function summaryOf(results: readonly ClusterResult[]): ClusterReport["summary"] {
  const summary = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 };
  for (const { result } of results) summary[result] += 1;
  return summary;
}
