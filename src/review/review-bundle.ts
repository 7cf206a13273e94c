/** @file Reviews all that is applied together: each CRD against the cluster as it is, each workload against it as it will be. */
import type { Cluster } from "../cluster/cluster.ts";
import type { Applied } from "../cluster/preview.ts";
import type { Crd } from "../crd/crd.ts";
import type { PolicyFlags } from "../policy/combine.ts";
import { keepingOverride } from "../policy/override.ts";
import type { Change } from "../rules/change.ts";
import { leavingCrds } from "../rules/leaving.ts";
import { review } from "./review.ts";
import type { JudgedChange } from "./verdict.ts";

export interface BundleQuestion {
  /** Each object once. */
  readonly applied: Applied;
  /** Deleted along with it. */
  readonly deleted: readonly Crd[];
  /** Whether CRDs that belong with those applied, and are not among them, are deleted. */
  readonly isPruned: boolean;
}

export interface BundleAnswer {
  readonly judged: readonly JudgedChange[];
  /** CRDs that belong with those applied, are not among them, and stay; by name. */
  readonly leaving: readonly string[];
}

/** What a person waits for: nobody holds an API server up here. Milliseconds. */
export interface BundleDeadlines {
  /** For the evidence of one change. */
  readonly evidence: number;
  /** For ConfigMaps that new workloads hang on; without, they are taken for granted. */
  readonly settings: number;
}

export async function reviewBundle(
  { applied, deleted, isPruned }: BundleQuestion,
  cluster: Cluster,
  flags: PolicyFlags,
  deadlines: BundleDeadlines,
): Promise<BundleAnswer> {
  const preview = await cluster.preview(applied, AbortSignal.timeout(deadlines.settings));
  const crds = cluster.picture()?.crds ?? new Map<string, Crd>();
  const named = new Set(deleted.map(({ name }) => name));
  const leaving = leavingCrds(applied.crds, crds).filter(({ name }) => !named.has(name));
  const gone = [...deleted, ...(isPruned ? leaving : [])];
  const crdChanges: readonly Change[] = [
    ...applied.crds.map((next): Change => {
      const previous = crds.get(next.name);
      return previous === undefined
        ? { kind: "create", next }
        : { kind: "update", previous, next: keepingOverride(previous, next) };
    }),
    ...gone.map((previous): Change => ({ kind: "delete", previous })),
  ];
  const picture = preview?.picture ?? null;
  const goneNames = new Set(gone.map(({ name }) => name));
  const remaining = new Map([...crds].filter(([name]) => !goneNames.has(name)));
  const judged: JudgedChange[] = [];
  for (const change of crdChanges) judged.push(await judge(change, { ...cluster, picture: () => picture }));
  const afterwards = { ...cluster, picture: () => (picture === null ? null : { ...picture, crds: remaining }) };
  for (const change of preview?.workloads ?? []) judged.push(await judge(change, afterwards));
  return { judged, leaving: isPruned ? [] : leaving.map(({ name }) => name) };

  async function judge(change: Change, seen: Cluster): Promise<JudgedChange> {
    const signal = AbortSignal.timeout(deadlines.evidence);
    return { change, verdict: await review({ change, requester: null }, seen, flags, signal) };
  }
}
