/** Each alert by Prometheus' own engine: when it fires, and when it does not. */
import { beforeAll, describe, expect, it } from "vitest";
import { dashboardQueries, readDashboard, readRuleGroups, ruleFile } from "../support/monitoring.ts";
import { type Evaluation, evaluate } from "./support/prometheus.ts";

interface Example {
  readonly alert: string;
  readonly title: string;
  /** A sample a minute. */
  readonly series: readonly string[];
  /** 30 unless told. */
  readonly atMinute?: number;
  /** Of what fires, the labels that tell it apart; none: it is silent. */
  readonly fires: readonly Readonly<Record<string, string>>[];
}

const A = 'job="crdguard",instance="a",namespace="crdguard",pod="a"';
const B = 'job="crdguard",instance="b",namespace="crdguard",pod="b"';
const OF_A = { job: "crdguard", instance: "a", namespace: "crdguard", pod: "a" };
const NAMESPACE = { namespace: "crdguard" };
const UNDECIDED = `crdguard_admission_requests_total{${A},phase="validate",operation="UPDATE",decision="undecided",dry_run="false"}`;
const BUCKET = `crdguard_admission_duration_seconds_bucket{${A},phase="validate"`;
const FAILED_OPEN = 'apiserver_admission_webhook_fail_open_count{instance="api",type="validating"';
const REJECTED = 'apiserver_admission_webhook_rejection_count{instance="api",type="validating",operation="UPDATE"';
const KEPT = `kind="ValidatingWebhookConfiguration",name="crdguard"`;
/** Whose process it is. */
const BUILD = `crdguard_build_info{${A},version="0.1.0"} 1x30`;
const DAY = 86_400;

const EXAMPLES: readonly Example[] = [
  { alert: "CrdguardAbsent", title: "fires where nothing is scraped", series: [], fires: [{}] },
  {
    alert: "CrdguardAbsent",
    title: "fires five minutes after the last replica",
    series: [`crdguard_build_info{${A}} 1x10 stale`],
    fires: [{}],
  },
  {
    alert: "CrdguardAbsent",
    title: "is silent while one replica is there",
    series: [`crdguard_build_info{${A}} 1x30`],
    fires: [],
  },
  {
    alert: "CrdguardAbsent",
    title: "is silent through a gap of three minutes",
    series: [`crdguard_build_info{${A}} 1x10 stale _ _ 1x20`],
    fires: [],
  },

  {
    alert: "CrdguardNotSynced",
    title: "fires for the replica that has not read the cluster",
    series: [`crdguard_cache_synced{${A}} 0x30`, `crdguard_cache_synced{${B}} 1x30`],
    fires: [OF_A],
  },
  {
    alert: "CrdguardNotSynced",
    title: "is silent for one that has just started",
    series: [`crdguard_cache_synced{${A}} _x26 0x4`],
    fires: [],
  },

  {
    alert: "CrdguardSlow",
    title: "fires where two answers in a hundred take longer than a second",
    series: [
      `${BUCKET},le="0.5"} 0+98x30`,
      `${BUCKET},le="1"} 0+98x30`,
      `${BUCKET},le="2.5"} 0+100x30`,
      `${BUCKET},le="+Inf"} 0+100x30`,
    ],
    fires: [{ ...NAMESPACE, phase: "validate" }],
  },
  {
    alert: "CrdguardSlow",
    title: "is silent where they take half a second",
    series: [`${BUCKET},le="0.5"} 0+100x30`, `${BUCKET},le="1"} 0+100x30`, `${BUCKET},le="+Inf"} 0+100x30`],
    fires: [],
  },
  {
    alert: "CrdguardSlow",
    title: "is silent where nobody asks",
    series: [`${BUCKET},le="1"} 5x30`, `${BUCKET},le="+Inf"} 9x30`],
    fires: [],
  },

  {
    alert: "CrdguardUndecided",
    title: "fires at the first one ever",
    series: [`${UNDECIDED} _x25 1x5`],
    fires: [{ ...NAMESPACE, phase: "validate" }],
  },
  {
    alert: "CrdguardUndecided",
    title: "fires at one more",
    series: [`${UNDECIDED} 4x25 5x5`],
    fires: [{ ...NAMESPACE, phase: "validate" }],
  },
  { alert: "CrdguardUndecided", title: "is silent ten minutes later", series: [`${UNDECIDED} _x10 1x20`], fires: [] },
  {
    alert: "CrdguardUndecided",
    title: "is silent at denials",
    series: [`${UNDECIDED.replace("undecided", "deny")} 0+3x30`],
    fires: [],
  },

  {
    alert: "CrdguardFailingOpen",
    title: "fires at the first one",
    series: [`${FAILED_OPEN},name="creates.crdguard.dev"} _x25 1x5`],
    fires: [{ name: "creates.crdguard.dev" }],
  },
  {
    alert: "CrdguardFailingOpen",
    title: "is silent at another's webhook",
    series: [`${FAILED_OPEN},name="creates.example.dev"} 0+1x30`],
    fires: [],
  },

  {
    alert: "CrdguardFailingClosed",
    title: "fires where crdguard did not answer",
    series: [`${REJECTED},name="changes.crdguard.dev",error_type="calling_webhook_error",rejection_code="500"} 0x25 1x5`],
    fires: [{ name: "changes.crdguard.dev", operation: "UPDATE" }],
  },
  {
    alert: "CrdguardFailingClosed",
    title: "is silent where it answered by a denial",
    series: [`${REJECTED},name="changes.crdguard.dev",error_type="no_error",rejection_code="422"} 0+1x30`],
    fires: [],
  },

  {
    alert: "CrdguardNoLeader",
    title: "fires where nobody has led for five minutes",
    series: [`crdguard_leader{${A}} 1x20 0x10`, `crdguard_leader{${B}} 0x30`],
    fires: [NAMESPACE],
  },
  {
    alert: "CrdguardNoLeader",
    title: "is silent while one leads",
    series: [`crdguard_leader{${A}} 1x20 0x10`, `crdguard_leader{${B}} 0x20 1x10`],
    fires: [],
  },
  {
    alert: "CrdguardNoLeader",
    title: "is silent where nobody is ever elected",
    series: [`crdguard_leader{${A}} 0x30`],
    fires: [],
  },

  {
    alert: "CrdguardTwoLeaders",
    title: "fires where two lead",
    series: [`crdguard_leader{${A}} 1x30`, `crdguard_leader{${B}} 1x30`],
    fires: [NAMESPACE],
  },
  {
    alert: "CrdguardTwoLeaders",
    title: "is silent at a hand-over",
    series: [`crdguard_leader{${A}} 1x28 0 0`, `crdguard_leader{${B}} 0x26 1x4`],
    fires: [],
  },

  {
    alert: "CrdguardDriftRepeated",
    title: "fires at an object that is put right again and again",
    series: [`crdguard_drift_repaired_total{${A},${KEPT}} 0+1x60`],
    atMinute: 60,
    fires: [{ kind: "ValidatingWebhookConfiguration", name: "crdguard" }],
  },
  {
    alert: "CrdguardDriftRepeated",
    title: "is silent at somebody's single edit",
    series: [`crdguard_drift_repaired_total{${A},${KEPT}} 0x30 1x30`],
    atMinute: 60,
    fires: [],
  },

  {
    alert: "CrdguardObjectOutOfOrder",
    title: "fires as the leader sees it",
    series: [`crdguard_kept_object_in_order{${A},${KEPT}} 0x30`, `crdguard_leader{${A}} 1x30`],
    fires: [{ ...OF_A, kind: "ValidatingWebhookConfiguration", name: "crdguard" }],
  },
  {
    alert: "CrdguardObjectOutOfOrder",
    title: "is silent at what a former leader remembers",
    series: [`crdguard_kept_object_in_order{${A},${KEPT}} 0x30`, `crdguard_leader{${A}} 0x30`],
    fires: [],
  },
  {
    alert: "CrdguardObjectOutOfOrder",
    title: "is silent while it is being mended",
    series: [`crdguard_kept_object_in_order{${A},${KEPT}} 1x25 0x5`, `crdguard_leader{${A}} 1x30`],
    fires: [],
  },

  {
    alert: "CrdguardServingCertificateOverdue",
    title: "fires with a quarter of the life left",
    series: [...life("serving", -3 * DAY, DAY)],
    fires: [{ ...OF_A, kind: "serving" }],
  },
  {
    alert: "CrdguardServingCertificateOverdue",
    title: "is silent with a third left",
    series: [...life("serving", -2 * DAY, DAY)],
    fires: [],
  },
  {
    alert: "CrdguardServingCertificateOverdue",
    title: "fires at one that has expired",
    series: [...life("serving", -3 * DAY, 60)],
    fires: [{ ...OF_A, kind: "serving" }],
  },

  {
    alert: "CrdguardAuthorityExpiring",
    title: "fires with six days left",
    series: [`crdguard_certificate_not_after_seconds{${A},kind="authority"} ${String(6 * DAY)}x30`],
    fires: [{ ...OF_A, kind: "authority" }],
  },
  {
    alert: "CrdguardAuthorityExpiring",
    title: "is silent with eight, and at what a server serves by",
    series: [
      `crdguard_certificate_not_after_seconds{${A},kind="authority"} ${String(8 * DAY)}x30`,
      `crdguard_certificate_not_after_seconds{${A},kind="serving"} ${String(DAY)}x30`,
    ],
    fires: [],
  },

  {
    alert: "CrdguardRotationFailing",
    title: "fires at the first failure",
    series: [`crdguard_certificate_rotations_total{${A},kind="authority",result="forbidden"} _x25 1x5`],
    fires: [{ kind: "authority", result: "forbidden" }],
  },
  {
    alert: "CrdguardRotationFailing",
    title: "is silent where all goes well",
    series: [`crdguard_certificate_rotations_total{${A},kind="serving",result="ok"} 0+1x30`],
    fires: [],
  },

  {
    alert: "CrdguardCertificateFilesUnusable",
    title: "fires at the first failure",
    series: [`crdguard_certificate_reloads_total{${A},result="key-mismatch"} _x25 1x5`],
    fires: [{ result: "key-mismatch" }],
  },
  {
    alert: "CrdguardCertificateFilesUnusable",
    title: "is silent where all goes well",
    series: [`crdguard_certificate_reloads_total{${A},result="ok"} 0+1x30`],
    fires: [],
  },

  {
    alert: "CrdguardCallersRefused",
    title: "fires at a stranger",
    series: [`crdguard_client_certificates_total{${A},state="wrong-subject"} _x25 1x5`],
    fires: [{ state: "wrong-subject" }],
  },
  {
    alert: "CrdguardCallersRefused",
    title: "is silent at the API server, and at callers without one",
    series: [
      `crdguard_client_certificates_total{${A},state="accepted"} 0+1x30`,
      `crdguard_client_certificates_total{${A},state="missing"} 0+1x30`,
    ],
    fires: [],
  },

  {
    alert: "CrdguardRestarting",
    title: "fires at the third restart",
    series: [`process_start_time_seconds{${A}} 100x5 200x5 300x5 400x5`, BUILD],
    atMinute: 20,
    fires: [OF_A],
  },
  {
    alert: "CrdguardRestarting",
    title: "is silent at one, and at others' programs",
    series: [
      `process_start_time_seconds{${A}} 100x15 200x15`,
      BUILD,
      `process_start_time_seconds{job="other",instance="c"} 0+60x30`,
    ],
    fires: [],
  },

  {
    alert: "CrdguardWatchesUnstable",
    title: "fires at watches that break all the time",
    series: [`crdguard_watch_restarts_total{${A},resource="deployments",reason="broken"} 0+2x30`],
    fires: [{ resource: "deployments" }],
  },
  {
    alert: "CrdguardWatchesUnstable",
    title: "is silent at watches that end in order",
    series: [`crdguard_watch_restarts_total{${A},resource="deployments",reason="ended"} 0+2x30`],
    fires: [],
  },

  {
    alert: "CrdguardEventLoopBlocked",
    title: "fires after ten minutes",
    series: [`nodejs_eventloop_lag_p99_seconds{${A}} 0.8x30`, BUILD],
    fires: [OF_A],
  },
  {
    alert: "CrdguardEventLoopBlocked",
    title: "is silent at a usual lag, and at others' programs",
    series: [
      `nodejs_eventloop_lag_p99_seconds{${A}} 0.02x30`,
      BUILD,
      `nodejs_eventloop_lag_p99_seconds{job="other",instance="c"} 3x30`,
    ],
    fires: [],
  },

  {
    alert: "CrdguardPolicyMalformed",
    title: "fires once, whichever replicas see it",
    series: [`crdguard_policies{${A},state="malformed"} 1x30`, `crdguard_policies{${B},state="malformed"} 1x30`],
    fires: [NAMESPACE],
  },
  {
    alert: "CrdguardPolicyMalformed",
    title: "is silent where all are accepted",
    series: [`crdguard_policies{${A},state="malformed"} 0x30`, `crdguard_policies{${A},state="accepted"} 3x30`],
    fires: [],
  },

  {
    alert: "CrdguardExceptionLapsed",
    title: "fires for an hour",
    series: [`crdguard_events_total{${A},reason="ExceptionLapsed",result="written"} _x25 1x5`],
    fires: [NAMESPACE],
  },
  {
    alert: "CrdguardExceptionLapsed",
    title: "is silent at other Events",
    series: [`crdguard_events_total{${A},reason="UpgradeDenied",result="written"} 0+1x30`],
    fires: [],
  },

  {
    alert: "CrdguardOverridden",
    title: "fires at an override that counted",
    series: [`crdguard_overrides_total{${A},rule="objects-deleted",result="allowed"} _x25 1x5`],
    fires: [{ rule: "objects-deleted" }],
  },
  {
    alert: "CrdguardOverridden",
    title: "is silent at one that did not",
    series: [`crdguard_overrides_total{${A},rule="objects-deleted",result="not-allowed"} 0+1x30`],
    fires: [],
  },

  {
    alert: "CrdguardCatalogUnusable",
    title: "fires where one replica has met a mistake",
    series: [`crdguard_catalog_usable{${A}} 0x30`, `crdguard_catalog_usable{${B}} 1x30`],
    fires: [NAMESPACE],
  },
  {
    alert: "CrdguardCatalogUnusable",
    title: "is silent where all can be used",
    series: [`crdguard_catalog_usable{${A}} 1x30`],
    fires: [],
  },

  {
    alert: "CrdguardClusterAiling",
    title: "fires for each check that finds an error",
    series: [`crdguard_health_findings{${A},check="crd-terminating",severity="error"} 2x30`],
    fires: [{ check: "crd-terminating" }],
  },
  {
    alert: "CrdguardClusterAiling",
    title: "is silent at warnings",
    series: [`crdguard_health_findings{${A},check="migration-due",severity="warning"} 5x30`],
    fires: [],
  },
];

/** Seconds from the time of the last evaluation, which is minute 30; time is counted from 1970 there. */
function life(kind: string, from: number, to: number): readonly string[] {
  const last = 30 * 60;
  return [
    `crdguard_certificate_not_before_seconds{${A},kind="${kind}"} ${String(from + last)}x30`,
    `crdguard_certificate_not_after_seconds{${A},kind="${kind}"} ${String(to + last)}x30`,
  ];
}

describe("alerts", () => {
  let evaluation: Evaluation;

  beforeAll(async () => {
    const tests = EXAMPLES.map(({ alert, series, atMinute = 30 }) => ({ alert, series, atMinute }));
    evaluation = await evaluate(await ruleFile(), dashboardQueries(await readDashboard()), tests);
  }, 1_800_000);

  it("are a rule file, and queries of the dashboard, that Prometheus accepts", () => {
    expect(evaluation.errors).toEqual([]);
  });

  it("have each an example in which they fire, and one in which they do not", async () => {
    const alerts = (await readRuleGroups()).flatMap(({ rules }) => rules.map(({ alert }) => alert));
    const of = (isFiring: boolean): readonly string[] =>
      [...new Set(EXAMPLES.filter(({ fires }) => fires.length > 0 === isFiring).map(({ alert }) => alert))].toSorted();

    expect(of(true)).toEqual(alerts.toSorted());
    expect(of(false)).toEqual(alerts.toSorted());
  });

  it.each(EXAMPLES.map((example, index) => ({ ...example, index })))("$alert $title", ({ index, fires }) => {
    const firing = evaluation.firing[index]?.map(({ severity, ...labels }) => {
      expect(severity).toMatch(/^(?:critical|warning|info)$/);
      return labels;
    });

    expect(firing).toEqual(fires.map((labels) => expect.objectContaining(labels) as unknown));
  });
});
