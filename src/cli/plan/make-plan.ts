/** @file The plan from the cluster as it is now to what is wanted: gathers what the search must know, and tells what it found. */
import type { Manifest } from "../../cluster/snapshot/manifests.ts";
import type { Crd } from "../../crd/crd.ts";
import { planReport } from "../../explain/plan.ts";
import type { PlanContext } from "../../explain/plan-commands.ts";
import { leavingNote, nowhereNote, othersNote, unwrittenNote } from "../../explain/plan-notes.ts";
import type { PlanReport } from "../../explain/plan-report.ts";
import type { ConflictStrategy } from "../../plan/conflicts.ts";
import { formsOf, touchedNames } from "../../plan/forms.ts";
import { findPlan } from "../../plan/find-plan.ts";
import type { Planned, Step } from "../../plan/plan.ts";
import type { CrdEvidence, Deletion, PlanQuestion } from "../../plan/question.ts";
import { planWorkloads } from "../../plan/workloads.ts";
import type { PolicyFlags } from "../../policy/combine.ts";
import type { Workload } from "../../requirements/workload.ts";
import { crdNameOf } from "../../rules/requirement.ts";
import type { Catalog } from "../../requirements/catalog.ts";
import type { Bundle as ReleasedBundle } from "../../rules/bundle.ts";
import { workloadKey } from "../../rules/facts.ts";
import { leavingCrds } from "../../rules/leaving.ts";
import { crdNameHint } from "../crd-names.ts";
import { CommandError, EXIT } from "../exit-status.ts";
import type { BundleOptions } from "../read-bundle.ts";
import { differs } from "./differing.ts";
import { type Given, givenFor } from "./given.ts";
import type { Opened } from "./opened.ts";
import { heldBack, runningAgain, withStarts } from "./stopped.ts";
import { type StepManifest, stepManifests } from "./step-manifests.ts";

/** What stays the same however often a plan is made anew. */
export interface PlanRequest {
  readonly options: BundleOptions;
  /** All that was given, what was given twice among it. */
  readonly read: readonly Manifest[];
  readonly onConflict: ConflictStrategy;
  readonly prune: boolean;
  /** By id of the controller. */
  readonly versions: ReadonlyMap<string, string>;
  readonly flags: PolicyFlags;
  readonly catalog: Catalog;
  readonly bundles: readonly ReleasedBundle[];
  /** Keys of workloads that the walk has stopped. */
  readonly stopped: ReadonlySet<string>;
  /** A CRD that is to be deleted and is not there is done, rather than a slip of the hand. */
  readonly isResumed: boolean;
}

export interface MadePlan {
  readonly report: PlanReport;
  readonly steps: readonly Step[];
  /** That the step's commands name. */
  manifestsOf(step: Step): readonly StepManifest[];
}

/** How long the evidence for one definition, and ConfigMaps that new workloads hang on, may take. Milliseconds. */
const EVIDENCE_MILLISECONDS = 60_000;
const SETTINGS_MILLISECONDS = 5_000;

type Wording = Omit<PlanContext, "given" | "families">;

export async function makePlan(request: PlanRequest, opened: Opened, wording: Wording): Promise<MadePlan> {
  const { options, read, onConflict, bundles } = request;
  const picture = opened.cluster.picture();
  if (picture === null) throw new Error("a cluster that has been read has a picture");
  const given = givenFor(read, options, picture.crds, onConflict);
  const { question, leaving } = await questionOf(request, given, opened, picture);
  const found = findPlan(question);
  const steps =
    found.kind === "plan" ? withStarts(found.steps, question.workloads, request.stopped, given.bundle.applied.workloads) : [];
  const planned: Planned = found.kind === "plan" ? { ...found, steps } : found;
  const context: PlanContext = {
    ...wording,
    given: given.argument,
    families: new Map(bundles.flatMap(({ title, crds }) => [...crds.keys()].map((name) => [name, title] as const))),
  };
  const manifestsOf = (step: Step): readonly StepManifest[] =>
    stepManifests(step, steps, given.bundle.manifests, context, options.namespace);
  const notes = [
    ...given.notes,
    ...(leaving.length === 0 ? [] : [leavingNote(leaving)]),
    ...otherNotes(given, planned),
    ...[...request.versions.keys()].filter((id) => !isPlaced(id, question)).map(nowhereNote),
    ...(wording.isWritten || !steps.some((step) => manifestsOf(step).length > 0) ? [] : [unwrittenNote(wording.stepsDirectory)]),
  ];
  return { report: planReport(planned, context, notes), steps, manifestsOf };
}

function isPlaced(controller: string, { workloads }: PlanQuestion): boolean {
  return workloads.some(({ workload, target }) => workload.controller === controller && target !== null);
}

/** What is neither a definition nor a workload comes with the workloads, where any are applied. */
function otherNotes({ bundle }: Given, planned: Planned): readonly string[] {
  const { notJudged } = bundle.input;
  if (Object.keys(notJudged).length === 0 || planned.kind !== "plan") return [];
  const isTaken = planned.steps.some(
    ({ action }) => action.kind === "apply-workloads" || (action.kind === "upgrade-workload" && action.byManifest),
  );
  return isTaken ? [] : [othersNote(notJudged)];
}

async function questionOf(
  request: PlanRequest,
  { bundle }: Given,
  { cluster, workloads, definitions }: Opened,
  picture: PlanQuestion["picture"],
): Promise<{ readonly question: PlanQuestion; readonly leaving: readonly string[] }> {
  const { prune, versions, flags, catalog, bundles, isResumed, stopped } = request;
  const { crds } = picture;
  const inTheEnd = runningAgain(workloads, stopped);
  const preview = await cluster.preview(bundle.applied, AbortSignal.timeout(SETTINGS_MILLISECONDS));
  const needs = stopped.size === 0 ? picture.needs : await needsWith(inTheEnd, stopped, cluster, picture.needs);
  const manifests = (preview?.workloads ?? []).flatMap((change, index) => {
    const workload = bundle.applied.workloads[index];
    return workload === undefined ? [] : [{ workload, change }];
  });
  const named = bundle.deleted.filter((name) => crds.has(name) || missing(name, crds, isResumed));
  const leaving = leavingCrds(bundle.applied.crds, crds)
    .map(({ name }) => name)
    .filter((name) => !named.includes(name));
  const deletions = [...named, ...(prune ? leaving : [])].map((crd): Deletion => ({ crd, isLeftover: true }));
  const wanted = { crds: bundle.applied.crds, differing: await differingOf(bundle, crds, definitions), deletions };
  const withoutEvidence: PlanQuestion = {
    picture: { ...picture, bundles },
    wanted,
    workloads: heldBack(planWorkloads({ workloads: inTheEnd, picture: { needs }, catalog, manifests, versions }), stopped),
    evidence: new Map<string, CrdEvidence>(),
    flags,
    nowMilliseconds: Date.now(),
  };
  const touched = touchedNames(withoutEvidence, formsOf(withoutEvidence)).flatMap((name) => crds.get(name) ?? []);
  const evidence = await Promise.all(touched.map(async (crd) => [crd.name, await evidenceOf(crd, cluster)] as const));
  return { question: { ...withoutEvidence, evidence: new Map(evidence) }, leaving: prune ? [] : leaving };
}

/** With those that stopped workloads have when they run. */
async function needsWith(
  workloads: readonly Workload[],
  stopped: ReadonlySet<string>,
  cluster: Opened["cluster"],
  needs: PlanQuestion["picture"]["needs"],
): Promise<PlanQuestion["picture"]["needs"]> {
  const own = workloads.filter(({ ref }) => stopped.has(workloadKey(ref)));
  const nothing = { crds: [], apiRequirements: [], configMaps: new Map<string, never>(), guardPolicies: [] };
  const preview = await cluster.preview({ ...nothing, workloads: own }, AbortSignal.timeout(SETTINGS_MILLISECONDS));
  const all = [...[...needs.values()].flat(), ...(preview?.workloads ?? []).flatMap((change) => change.needs)];
  return Map.groupBy([...new Set(all)], ({ requirement }) => crdNameOf(requirement));
}

function missing(name: string, crds: ReadonlyMap<string, Crd>, isResumed: boolean): false {
  if (isResumed) return false;
  throw new CommandError(
    EXIT.usage,
    "crd-unknown",
    `--delete ${name}: the cluster has no such CustomResourceDefinition; ${crdNameHint(name, [...crds.keys()].toSorted(), crds)}`,
  );
}

async function differingOf(
  { applied, manifests }: Given["bundle"],
  crds: ReadonlyMap<string, Crd>,
  definitions: Opened["definitions"],
): Promise<ReadonlySet<string>> {
  const names = applied.crds.map(({ name }) => name).filter((name) => crds.has(name));
  const there = names.length === 0 ? null : await definitions(names);
  if (there === null) return new Set();
  const byName = new Map(manifests.map(({ object }) => [nameOf(object), object] as const));
  return new Set(
    names.filter((name) => {
      const [wanted, own] = [byName.get(name), there.get(name)];
      return wanted !== undefined && own !== undefined && differs(wanted, own);
    }),
  );
}

/** Of a definition; of what is none, something that is no name of one. */
function nameOf(object: Manifest["object"]): string {
  const { kind, metadata } = object;
  const name = typeof metadata === "object" && metadata !== null && "name" in metadata ? metadata.name : undefined;
  return kind === "CustomResourceDefinition" && typeof name === "string" ? name : "";
}

async function evidenceOf(crd: Crd, cluster: Opened["cluster"]): Promise<CrdEvidence> {
  const signal = AbortSignal.timeout(EVIDENCE_MILLISECONDS);
  const { conversion } = crd;
  const [objects, migration, writers, webhook] = await Promise.all([
    cluster.countObjects(crd, signal),
    cluster.findMigration(crd, signal),
    cluster.sampleWriters(crd, signal),
    conversion.kind === "none" ? null : cluster.lookAtWebhook(conversion, signal),
  ]);
  return { objects, migration, writers, ...(webhook === null ? {} : { webhook }) };
}
