/** @file The one use case: a change, the facts, the rules and the policy make a verdict. */
import type { Cluster, Requester } from "../cluster/cluster.ts";
import { overrideClaims, overrideRequestOf, withOverrides } from "../policy/override.ts";
import { type JudgedFinding, type Policy, judge } from "../policy/policy.ts";
import { type Change, changedCrdName, previousCrd } from "../rules/change.ts";
import { rules } from "../rules/checks/index.ts";
import { evaluate, evidenceNeeded } from "../rules/evaluate.ts";
import type { Facts, MigrationEvidence, ObjectEvidence, WriterEvidence } from "../rules/facts.ts";
import type { Verdict } from "./verdict.ts";

export interface Question {
  readonly change: Change;
  /** Null: nobody in particular asks, as on the command line. */
  readonly requester: Requester | null;
}

/**
 * @param signal aborted shortly before the asker stops waiting; evidence gathered so far is then used, as a lower bound.
 * @returns a verdict always; it rejects only if crdguard itself is broken.
 */
export async function review(question: Question, cluster: Cluster, policy: Policy, signal: AbortSignal): Promise<Verdict> {
  const facts = await gatherFacts(question, cluster, policy, signal);
  if (facts === null) return { kind: "undecided", reason: "facts-not-synced" };

  const judged = judge(evaluate(question.change, facts), policy);
  const [first, ...others] = await overridden(judged, question, cluster, signal);
  if (first?.enforcement === "deny") return { kind: "deny", findings: [first, ...others] };
  return { kind: "allow", findings: first === undefined ? [] : [first, ...others] };
}

/** Nobody is asked about an override unless a rule denies and the CRD names it. */
async function overridden(
  findings: readonly JudgedFinding[],
  { change, requester }: Question,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<readonly JudgedFinding[]> {
  // A workload is only ever warned about, but by `check`, which nobody needs to override.
  if (change.kind === "apply-workload") return findings;
  const by = requester?.username ?? null;
  const claims = overrideClaims(findings, overrideRequestOf(change), { now: new Date(), by });
  const asked = [...claims].filter(([, { kind }]) => kind === "permission-needed").map(([rule]) => rule);
  const answers = await Promise.all(
    asked.map(async (rule) => [rule, await cluster.mayOverride(requester, rule, signal)] as const),
  );
  return withOverrides(findings, claims, new Map(answers), by);
}

async function gatherFacts(
  { change, requester }: Question,
  cluster: Cluster,
  policy: Policy,
  signal: AbortSignal,
): Promise<Facts | null> {
  const picture = cluster.picture();
  if (picture === null) return null;

  const { crds, applied, bundles, unreadableDeclarations } = picture;
  if (change.kind === "apply-workload") return { ...NOTHING_GATHERED, crds, applied, bundles, unreadableDeclarations };
  // What only a rule asks for that is off is not worth a request.
  const needed = evidenceNeeded(
    change,
    rules.filter(({ id }) => policy.enforcement.get(id) !== "off"),
  );
  const crd = previousCrd(change);
  const objects = crd !== null && needed.has("objects") ? cluster.countObjects(crd, signal) : NOT_COUNTED;
  const migration =
    crd !== null && needed.has("migration") ? (ownMigration(requester) ?? cluster.findMigration(crd, signal)) : NO_MIGRATION;
  const writers = crd !== null && needed.has("writers") ? cluster.sampleWriters(crd, signal) : NOT_SAMPLED;
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
  };
}

const NOTHING_GATHERED = {
  needs: [],
  objects: { kind: "not-counted" },
  migration: { kind: "none" },
  writers: { kind: "not-sampled" },
} as const satisfies Partial<Facts>;
const NOT_COUNTED: ObjectEvidence = { kind: "not-counted" };
const NO_MIGRATION: MigrationEvidence = { kind: "none" };
const NOT_SAMPLED: WriterEvidence = { kind: "not-sampled" };

/**
 * Since Kubernetes 1.36 the API server's own migrator prunes storedVersions when it is done, under this identity, which
 * only the API server can give. Source: kubernetes/kubernetes#135297.
 */
const IN_TREE_MIGRATOR = "system:serviceaccount:kube-system:storage-version-migrator-controller";

function ownMigration(requester: Requester | null): MigrationEvidence | null {
  return requester?.username === IN_TREE_MIGRATOR ? { kind: "succeeded", by: "Kubernetes' storage version migrator" } : null;
}
