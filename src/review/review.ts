/** @file The one use case: a change, the facts, the rules and the policy make a verdict. */
import type { Cluster, Requester } from "../cluster/cluster.ts";
import type { ClusterPicture } from "../cluster/picture.ts";
import type { Crd } from "../crd/crd.ts";
import type { PolicyFlags } from "../policy/combine.ts";
import { overrideClaims, overrideRequestOf, withOverrides } from "../policy/override.ts";
import type { JudgedFinding } from "../policy/policy.ts";
import { type Change, changedCrdName, type CrdChange, nextCrd, previousCrd } from "../rules/change.ts";
import { rules } from "../rules/checks/index.ts";
import { evaluate, evidenceNeeded } from "../rules/evaluate.ts";
import type {
  Facts,
  FitEvidence,
  MigrationEvidence,
  ObjectEvidence,
  WebhookLook,
  WebhookLooks,
  WriterEvidence,
} from "../rules/facts.ts";
import type { EvidenceKind } from "../rules/rule.ts";
import { judgeChange, policyOfCrd } from "./effective-policy.ts";
import type { Verdict } from "./verdict.ts";

export interface Question {
  readonly change: Change;
  /** Null: nobody in particular asks, as on the command line. */
  readonly requester: Requester | null;
}

/**
 * @param flags what the command line sets, above the GuardPolicies of the cluster.
 * @param signal aborted shortly before the asker stops waiting; evidence gathered so far is then used, as a lower bound.
 * @returns a verdict always; it rejects only if crdguard itself is broken.
 */
export async function review(
  question: Question,
  cluster: Cluster,
  flags: PolicyFlags,
  signal: AbortSignal,
  clock: () => number = Date.now,
): Promise<Verdict> {
  const picture = cluster.picture();
  if (picture === null) return { kind: "undecided", reason: "facts-not-synced" };

  const change = await withForms(question.change, { ...cluster, picture }, flags, signal, clock());
  const facts = await gatherFacts({ ...question, change }, { ...cluster, picture }, flags, signal, clock());
  const judged = judgeChange(change, evaluate(change, facts), picture, flags, clock());
  const [first, ...others] = await overridden(judged, question, cluster, signal, clock());
  if (first?.enforcement === "deny") return { kind: "deny", findings: [first, ...others] };
  return { kind: "allow", findings: first === undefined ? [] : [first, ...others] };
}

type SightedCluster = Omit<Cluster, "picture"> & { readonly picture: ClusterPicture };

/** At admission a change brings the old object along; elsewhere its schemas are asked for, where a rule reads them. */
async function withForms(
  change: Change,
  cluster: SightedCluster,
  flags: PolicyFlags,
  signal: AbortSignal,
  nowMilliseconds: number,
): Promise<Change> {
  if (change.kind !== "update" || change.previous.versions.every(({ form }) => form !== undefined)) return change;
  if (!evidenceWanted(change, cluster.picture, flags, nowMilliseconds).has("forms")) return change;
  const previous = await cluster.readForms(change.previous, signal);
  return previous === null ? change : { ...change, previous };
}

/** What only a rule asks for that is off is not worth a request. */
function evidenceWanted(
  change: CrdChange,
  picture: ClusterPicture,
  flags: PolicyFlags,
  nowMilliseconds: number,
): ReadonlySet<EvidenceKind> {
  const policy = policyOfCrd(change, picture, flags, nowMilliseconds);
  return evidenceNeeded(
    change,
    rules.filter(({ id }) => policy.enforcement.get(id) !== "off"),
  );
}

/** Nobody is asked about an override unless a rule denies and the CRD names it. */
async function overridden(
  findings: readonly JudgedFinding[],
  { change, requester }: Question,
  cluster: Cluster,
  signal: AbortSignal,
  nowMilliseconds: number,
): Promise<readonly JudgedFinding[]> {
  // A workload is only ever warned about, but by `check`, which nobody needs to override.
  if (change.kind === "apply-workload") return findings;
  const by = requester?.username ?? null;
  const claims = overrideClaims(findings, overrideRequestOf(change), { now: new Date(nowMilliseconds), by });
  const asked = [...claims].filter(([, { kind }]) => kind === "permission-needed").map(([rule]) => rule);
  const answers = await Promise.all(
    asked.map(async (rule) => [rule, await cluster.mayOverride(requester, rule, signal)] as const),
  );
  return withOverrides(findings, claims, new Map(answers), by);
}

async function gatherFacts(
  { change, requester }: Question,
  cluster: SightedCluster,
  flags: PolicyFlags,
  signal: AbortSignal,
  nowMilliseconds: number,
): Promise<Facts> {
  const { picture } = cluster;
  const { crds, applied, bundles, unreadableDeclarations } = picture;
  if (change.kind === "apply-workload") return { ...NOTHING_GATHERED, crds, applied, bundles, unreadableDeclarations };
  const needed = evidenceWanted(change, picture, flags, nowMilliseconds);
  const crd = previousCrd(change);
  const objects = crd !== null && needed.has("objects") ? cluster.countObjects(crd, signal) : NOT_COUNTED;
  const migration =
    crd !== null && needed.has("migration") ? (ownMigration(requester) ?? cluster.findMigration(crd, signal)) : NO_MIGRATION;
  const fit =
    change.kind === "update" && needed.has("fit") ? cluster.lookAtObjects(change.previous, change.next, signal) : NOT_LOOKED;
  const writers = crd !== null && needed.has("writers") ? cluster.sampleWriters(crd, signal) : NOT_SAMPLED;
  const webhooks = needed.has("webhooks") ? lookAtWebhooks(change, cluster, signal) : NO_WEBHOOKS;
  return {
    ...NOTHING_GATHERED,
    crds,
    applied,
    bundles,
    needs: picture.needs.get(changedCrdName(change)) ?? [],
    unreadableDeclarations,
    objects: await objects,
    migration: await migration,
    writers: await writers,
    fit: await fit,
    webhooks: await webhooks,
  };
}

const NOTHING_GATHERED = {
  needs: [],
  objects: { kind: "not-counted" },
  migration: { kind: "none" },
  writers: { kind: "not-sampled" },
  fit: { kind: "not-looked" },
  webhooks: { before: null, after: null },
} as const satisfies Partial<Facts>;
const NOT_COUNTED: ObjectEvidence = { kind: "not-counted" };
const NO_MIGRATION: MigrationEvidence = { kind: "none" };
const NOT_LOOKED: FitEvidence = { kind: "not-looked" };
const NOT_SAMPLED: WriterEvidence = { kind: "not-sampled" };

const NO_WEBHOOKS: WebhookLooks = { before: null, after: null };

/** One that stays is looked at once. */
async function lookAtWebhooks(
  change: CrdChange,
  cluster: Pick<Cluster, "lookAtWebhook">,
  signal: AbortSignal,
): Promise<WebhookLooks> {
  const [previous, next] = [previousCrd(change), nextCrd(change)];
  const look = async (crd: Crd | null): Promise<WebhookLook | null> =>
    crd === null || crd.conversion.kind === "none" ? null : cluster.lookAtWebhook(crd.conversion, signal);
  const before = look(previous);
  const isSame = JSON.stringify(previous?.conversion) === JSON.stringify(next?.conversion);
  const [first, second] = await Promise.all([before, isSame ? before : look(next)]);
  return { before: first, after: second };
}

/**
 * Since Kubernetes 1.36 the API server's own migrator prunes storedVersions when it is done, under this identity, which
 * only the API server can give. Source: kubernetes/kubernetes#135297.
 */
const IN_TREE_MIGRATOR = "system:serviceaccount:kube-system:storage-version-migrator-controller";

function ownMigration(requester: Requester | null): MigrationEvidence | null {
  return requester?.username === IN_TREE_MIGRATOR ? { kind: "succeeded", by: "Kubernetes' storage version migrator" } : null;
}
