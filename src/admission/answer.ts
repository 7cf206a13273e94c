/** @file One decoded review → one answer: asks `review`, finds out what the asker may see, and has it explained. */
import type { Cluster, Requester } from "../cluster/cluster.ts";
import type { Applied } from "../cluster/preview.ts";
import { type Audience, audienceOf, targetsOf } from "../explain/audience.ts";
import {
  type AdmissionAnswer,
  explainNotJudged,
  explainUndecided,
  explainUnreadable,
  explainVerdict,
  explainWorkload,
} from "../explain/admission.ts";
import { REACHED_WARNING } from "../explain/registration.ts";
import { type Subject, subjectOf } from "../explain/subject.ts";
import type { PolicyFlags } from "../policy/combine.ts";
import { DEFAULT_POLICY, type Policy } from "../policy/policy.ts";
import type { Workload } from "../requirements/workload.ts";
import { policyOfCrd } from "../review/effective-policy.ts";
import { review } from "../review/review.ts";
import type { UndecidedReason, Verdict } from "../review/verdict.ts";
import type { CrdChange } from "../rules/change.ts";
import { evidenceNeeded } from "../rules/evaluate.ts";
import type { DecodedReview } from "./decode.ts";
import type { Deadlines } from "./deadline.ts";

/**
 * `validate`: the answer that counts. `explain`: the deny-only mutating webhook, called before the API server's own
 * validation; it stays silent unless it denies, since `validate` is asked afterwards and the API server refuses anyway.
 * `workloads`: what an applied workload needs; it warns at most.
 */
export type Phase = "validate" | "explain" | "workloads";

export interface Answered {
  readonly answer: AdmissionAnswer;
  /** Null for what was not judged. */
  readonly verdict: Verdict | null;
  /** What went wrong inside, for the log. */
  readonly error: unknown;
}

export interface AnswerContext {
  readonly cluster: Cluster;
  /** What the command line sets, above the GuardPolicies of the cluster. */
  readonly policy: PolicyFlags;
  /** By which user name our own requests come to us; null until that is known. Absent where nothing is kept installed. */
  readonly ownUser?: () => string | null;
  /**
   * By which exceptions and overrides end, in milliseconds since 1970: the API server's clock, so that all replicas agree. The
   * machine's own unless told.
   */
  readonly clock?: () => number;
}

/** Never rejects: a defect becomes an undecided answer, so that the API server gets a well-formed review always. */
export async function answerReview(
  phase: Phase,
  decoded: DecodedReview,
  deadlines: Deadlines,
  context: AnswerContext,
): Promise<Answered> {
  const { subject } = decoded;
  switch (subject.kind) {
    case "irrelevant":
      return { answer: phase === "explain" ? SILENT : explainNotJudged(subject.reason), verdict: null, error: null };
    case "unreadable":
      return {
        answer: phase === "validate" ? explainUnreadable(subject.code, subject.message) : SILENT,
        verdict: null,
        error: null,
      };
    case "change":
      return reached(decoded, context, await answerChange(phase, subject.change, decoded, deadlines, context));
    case "workload":
      return answerWorkload(subject.workload, decoded, deadlines, context);
  }
}

/**
 * To a dry run of our own user that comes from the API server we add that it has reached us, whatever the answer: by that the
 * replica which leads proves it.
 */
function reached({ isDryRun, requester }: DecodedReview, { ownUser }: AnswerContext, answered: Answered): Answered {
  if (!isDryRun || requester.username === "" || requester.username !== ownUser?.()) return answered;
  const { answer } = answered;
  return { ...answered, answer: { ...answer, warnings: [...(answer.warnings ?? []), REACHED_WARNING] } };
}

async function answerChange(
  phase: Phase,
  change: CrdChange,
  decoded: DecodedReview,
  deadlines: Deadlines,
  context: AnswerContext,
): Promise<Answered> {
  const decideUntil = (signal: AbortSignal): Promise<Answered> => decide(phase, change, decoded, signal, deadlines, context);
  try {
    // Most answers wait for nothing, and need no clock.
    if (evidenceNeeded(change).size === 0) return await decideUntil(NEVER);
    return await inTime(deadlines, decideUntil, () => undecided(phase, change, "deadline-exceeded", context, null));
  } catch (error) {
    return undecided(phase, change, "internal-error", context, error);
  }
}

/** Whatever goes wrong, the workload is applied, and whoever applies it is not troubled with it. */
async function answerWorkload(
  workload: Workload,
  { requester }: DecodedReview,
  deadlines: Deadlines,
  { cluster, policy, clock }: AnswerContext,
): Promise<Answered> {
  const judge = async (signal: AbortSignal): Promise<Answered> => {
    const preview = await cluster.preview({ ...NOTHING_APPLIED, workloads: [workload] }, signal);
    const [change] = preview?.workloads ?? [];
    if (preview === null || change === undefined) return notWarned("facts-not-synced", null);
    const verdict = await review({ change, requester }, { ...cluster, picture: () => preview.picture }, policy, signal, clock);
    if (verdict.kind === "undecided") return notWarned(verdict.reason, null);
    const warned = warningAtMost(verdict);
    return { answer: explainWorkload(warned, workload.ref), verdict: warned, error: null };
  };
  const evidenceMilliseconds = Math.min(deadlines.evidenceMilliseconds, MAX_SETTINGS_MILLISECONDS);
  try {
    return await inTime({ ...deadlines, evidenceMilliseconds }, judge, () => notWarned("deadline-exceeded", null));
  } catch (error) {
    return notWarned("internal-error", error);
  }
}

const NOTHING_APPLIED: Applied = { crds: [], workloads: [], apiRequirements: [], configMaps: new Map(), guardPolicies: [] };

/**
 * How long ConfigMaps that the needs of a workload hang on are waited for, where the guard does not watch them already; a
 * need whose ConfigMap does not come in time is taken for granted.
 */
const MAX_SETTINGS_MILLISECONDS = 1_000;

/** A denial would keep a controller from being repaired, which the CRDs that it lacks can still be applied after. */
function warningAtMost({ findings }: Exclude<Verdict, { kind: "undecided" }>): Extract<Verdict, { kind: "allow" }> {
  return {
    kind: "allow",
    findings: findings.map((finding) => (finding.enforcement === "deny" ? { ...finding, enforcement: "warn" } : finding)),
  };
}

function notWarned(reason: UndecidedReason, error: unknown): Answered {
  return {
    answer: { allowed: true, auditAnnotations: { verdict: "undecided", reason } },
    verdict: { kind: "undecided", reason },
    error,
  };
}

const NEVER = new AbortController().signal;

/** Aborts the signal when evidence must end, and gives up when the answer must be on its way. */
async function inTime<T>(deadlines: Deadlines, work: (signal: AbortSignal) => Promise<T>, giveUp: () => T): Promise<T> {
  const evidence = new AbortController();
  const tooLate = Promise.withResolvers<T>();
  const evidenceTimer = setTimeout(() => {
    evidence.abort();
  }, deadlines.evidenceMilliseconds);
  const answerTimer = setTimeout(() => {
    tooLate.resolve(giveUp());
  }, deadlines.answerMilliseconds);
  try {
    return await Promise.race([work(evidence.signal), tooLate.promise]);
  } finally {
    clearTimeout(evidenceTimer);
    clearTimeout(answerTimer);
  }
}

async function decide(
  phase: Phase,
  change: CrdChange,
  { requester }: DecodedReview,
  signal: AbortSignal,
  deadlines: Deadlines,
  context: AnswerContext,
): Promise<Answered> {
  const { cluster, policy, clock } = context;
  const accessReviewMilliseconds = accessMilliseconds(deadlines);
  const { budgetPercent } = policyOfCrd(change, cluster.picture(), policy, (clock ?? Date.now)()).objects;
  const lookMilliseconds = (deadlines.wholeMilliseconds * budgetPercent) / 100;
  const patient = withLookBudget(withOwnPatience(cluster, accessReviewMilliseconds), lookMilliseconds);
  const verdict = await review({ change, requester }, patient, policy, signal, clock);
  if (verdict.kind === "undecided") return undecided(phase, change, verdict.reason, context, null);
  if (phase === "explain" && verdict.kind === "allow") return { answer: SILENT, verdict, error: null };

  const subject = subjectOf(change);
  const audience =
    verdict.findings.length === 0 ? NOBODY : await audienceFor(verdict, subject, requester, cluster, accessReviewMilliseconds);
  return { answer: explainVerdict(verdict, subject, audience), verdict, error: null };
}

/**
 * Whether somebody may override is asked within a time of its own: a count that used up the time for evidence must not cost the
 * override that it makes necessary. What does not answer then is unverified, and lifts nothing.
 */
function withOwnPatience(cluster: Cluster, milliseconds: number): Cluster {
  return {
    ...cluster,
    mayOverride: (requester, ruleId) =>
      inOwnTime(milliseconds, "unverified", (signal) => cluster.mayOverride(requester, ruleId, signal)),
  };
}

/** Live objects are looked at for a share of the time alone; what was seen by then is told. */
function withLookBudget(cluster: Cluster, milliseconds: number): Cluster {
  return {
    ...cluster,
    lookAtObjects: (previous, next, signal) =>
      cluster.lookAtObjects(previous, next, AbortSignal.any([signal, AbortSignal.timeout(milliseconds)])),
  };
}

/** What does not answer within its own time is `otherwise`, even if it does not heed the signal. */
async function inOwnTime<T>(milliseconds: number, otherwise: T, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(milliseconds);
  const silence = new Promise<T>((resolve) => {
    signal.addEventListener("abort", () => {
      resolve(otherwise);
    });
  });
  return Promise.race([ask(signal), silence]);
}

async function audienceFor(
  verdict: Exclude<Verdict, { kind: "undecided" }>,
  subject: Subject,
  requester: Requester,
  cluster: Cluster,
  milliseconds: number,
): Promise<Audience> {
  const targets = targetsOf(verdict.findings, subject).slice(0, MAX_ACCESS_REVIEWS);
  // In time of its own: a count that used up its time must not cost the reader the names.
  const answers = await Promise.all(
    targets.map((target) => inOwnTime(milliseconds, false, (signal) => cluster.mayList(requester, target, signal))),
  );
  return audienceOf(targets.filter((_, index) => answers[index]));
}

/** Where there is nothing to name. */
const NOBODY = audienceOf([]);

/** Names in more namespaces than this stay counts: a denial must not become a burst of requests. */
const MAX_ACCESS_REVIEWS = 16;
/** An access review takes single milliseconds; one that does not answer hides a name rather than delay the denial. */
const MAX_ACCESS_REVIEW_MILLISECONDS = 2_000;

/**
 * A third of what is left once a count has used up its time, so that the denial itself is never late: whether it is overridden
 * is asked first, then whose names it may tell.
 */
function accessMilliseconds({ evidenceMilliseconds, answerMilliseconds }: Deadlines): number {
  return Math.floor(Math.min(MAX_ACCESS_REVIEW_MILLISECONDS, (answerMilliseconds - evidenceMilliseconds) / 3));
}

const SILENT: AdmissionAnswer = { allowed: true, auditAnnotations: {} };

/** A create is never held up by a guard that cannot answer, just as its webhook fails open: a CRD that is not there breaks more. */
function undecided(phase: Phase, change: CrdChange, reason: UndecidedReason, context: AnswerContext, error: unknown): Answered {
  const onUndecided = change.kind === "create" ? "allow" : onUndecidedOf(change, context);
  const answer = phase === "explain" ? SILENT : explainUndecided(reason, onUndecided);
  return { answer, verdict: { kind: "undecided", reason }, error };
}

/** What went wrong inside may go wrong here too, and there must be an answer all the same. */
function onUndecidedOf(change: CrdChange, { cluster, policy, clock = Date.now }: AnswerContext): Policy["onUndecided"] {
  try {
    return policyOfCrd(change, cluster.picture(), policy, clock()).onUndecided;
  } catch {
    return policy.onUndecided ?? DEFAULT_POLICY.onUndecided;
  }
}
