/** @file Gathers all that the checks of `doctor` go by: the picture, and what must be asked for beside it, within bounds. */
import type { Crd } from "../crd/crd.ts";
import {
  type ConversionEvidence,
  type GuardEvidence,
  type HealthFacts,
  type OwnerEvidence,
  ownerKey,
  type TraceableOwner,
  type Unread,
  type UnreadThing,
} from "../health/facts.ts";
import { ownersToTrace, questionsOf } from "../health/questions.ts";
import type { Catalog } from "../requirements/catalog.ts";
import { controllerPresences } from "../requirements/controllers.ts";
import type { Workload } from "../requirements/workload.ts";
import { isNonEmpty } from "../rules/hurt.ts";
import type { Cluster } from "./cluster.ts";
import type { Answer, HealthProbe } from "./health-probe.ts";
import type { ClusterPicture } from "./picture.ts";

export interface HealthSources {
  readonly cluster: Pick<Cluster, "source" | "countObjects" | "findMigration">;
  readonly picture: ClusterPicture;
  /** What the picture's GuardPolicies come to. */
  readonly guardPolicies: HealthFacts["guardPolicies"];
  readonly catalog: Catalog;
  /** Running or not. */
  readonly workloads: readonly Workload[];
  /** Null where no cluster answers: a folder or a snapshot stands for it. */
  readonly probe: HealthProbe | null;
  /** Never rejects. Null as above. */
  readonly examineGuard: ((signal: AbortSignal) => Promise<Answer<GuardEvidence>>) | null;
  readonly nowMilliseconds: number;
  /** What has not been asked when it is aborted counts as unread. */
  readonly signal: AbortSignal;
  /** Told what is being looked at, for people who wait. */
  readonly progress: (step: GatheringStep) => void;
}

export type GatheringStep =
  | { readonly kind: "owners" | "objects" | "conversions"; readonly done: number; readonly of: number }
  | { readonly kind: "guard" };

/**
 * Requests are made where something ails, few at a time, and of each kind so many at most: a cluster of a thousand CRDs must
 * neither be kept busy nor keep anybody waiting. Never rejects.
 */
export async function gatherHealth(sources: HealthSources): Promise<HealthFacts> {
  const { cluster, picture, catalog, workloads, probe, signal, progress } = sources;
  const { crds, needs } = picture;
  const unread: Unread[] = [];
  const controllers = controllerPresences(catalog, new Set([...crds.values()].map(({ group }) => group)), workloads);
  const guardAndPolicies = Promise.all([sources.examineGuard?.(signal) ?? null, probe?.readPolicies(signal) ?? null]);

  const owners = await traceOwners(sources, unread);
  const questions = questionsOf({ crds, controllers, needs, owners });
  const counter = probe ?? cluster;
  const objects = await askAll("objects", questions.objects, unread, (crd, index, count) => {
    progress({ kind: "objects", done: index, of: count });
    return counter.countObjects(crd, signal);
  });
  const migrations = await askAll("migrations", questions.migrations, unread, (crd) => counter.findMigration(crd, signal));
  const held =
    probe === null
      ? null
      : await askAll("finalizers", questions.finalizers, unread, (crd) => probe.sampleFinalizers(crd, signal));
  const conversions = await tryConversions(sources, questions.conversions, unread);
  progress({ kind: "guard" });
  const [examined, policies] = await guardAndPolicies;
  const guard =
    (examined === null ? null : orUnread(examined, { kind: "registrations" }, unread)) ?? ({ kind: "not-examined" } as const);
  tellUnreadEndpoints(conversions, guard, unread);
  return {
    source: cluster.source,
    nowMilliseconds: sources.nowMilliseconds,
    crds,
    needs,
    unreadableDeclarations: picture.unreadableDeclarations,
    bundles: picture.bundles,
    controllers,
    objects: new Map([...objects].map(([{ name }, evidence]) => [name, evidence])),
    finalizers: new Map(
      [...(held ?? [])].map(([{ name }, answer]) => [name, orUnread(answer, { kind: "finalizers", crd: name }, unread) ?? []]),
    ),
    migrations: new Map([...migrations].map(([{ name }, evidence]) => [name, evidence])),
    owners,
    conversions,
    policies: (policies === null ? null : orUnread(policies, { kind: "policies" }, unread)) ?? [],
    guard,
    guardPolicies: sources.guardPolicies,
    unread,
  };
}

/** Requests under way at a time. */
const CONCURRENCY = 8;

/** Of each kind of question. What is beyond is said to be unread. */
const MAX_QUESTIONS = 500;

/** Answers by what was asked about, in its order. */
async function askAll<Item, Result>(
  kind: Extract<UnreadThing, { kind: "surplus" }>["of"],
  items: readonly Item[],
  unread: Unread[],
  ask: (item: Item, index: number, count: number) => Promise<Result>,
): Promise<ReadonlyMap<Item, Result>> {
  const asked = items.slice(0, MAX_QUESTIONS);
  if (items.length > asked.length) {
    const what = { kind: "surplus", of: kind, count: items.length - asked.length } as const;
    unread.push({ what, reason: `a run asks about ${String(MAX_QUESTIONS)} at most`, isForbidden: false });
  }
  const results: Result[] = [];
  let next = 0;
  async function work(): Promise<void> {
    for (let index = next++; index < asked.length; index = next++) {
      const item = asked[index];
      if (item !== undefined) results[index] = await ask(item, index, asked.length);
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, asked.length) }, work));
  return new Map(
    asked.flatMap((item, index) => {
      const result = results[index];
      return result === undefined ? [] : [[item, result] as const];
    }),
  );
}

function orUnread<T>(answer: Answer<T>, what: UnreadThing, unread: Unread[]): T | null {
  if (answer.ok) return answer.value;
  unread.push({ what, reason: answer.reason, isForbidden: answer.isForbidden });
  return null;
}

async function traceOwners(
  { picture, probe, workloads, signal, progress }: HealthSources,
  unread: Unread[],
): Promise<HealthFacts["owners"]> {
  if (probe === null) return new Map();
  // A workload of the release proves it, without a look at any Secret.
  const releases = new Set(workloads.flatMap(({ helmRelease }) => (helmRelease === undefined ? [] : [releaseKey(helmRelease)])));
  const wanted = ownersToTrace(picture.crds);
  const known = wanted.filter((owner) => owner.kind === "helm-release" && releases.has(releaseKey(owner)));
  const answers = await askAll(
    "owners",
    wanted.filter((owner) => !known.includes(owner)),
    unread,
    (owner, index, count) => {
      progress({ kind: "owners", done: index, of: count });
      return probe.findOwner(owner, picture.crds, signal);
    },
  );
  tellUnreadOwners(answers, unread);
  return new Map([
    ...known.map((owner) => [ownerKey(owner), { kind: "exists" }] as const),
    ...[...answers].map(
      ([owner, answer]) =>
        [ownerKey(owner), answer.ok ? answer.value : ({ kind: "unknown", reason: answer.reason } as const)] as const,
    ),
  ]);
}

function releaseKey({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** A release in each of fifty namespaces that may not be read is one thing to know, not fifty. */
function tellUnreadOwners(answers: ReadonlyMap<TraceableOwner, Answer<OwnerEvidence>>, unread: Unread[]): void {
  const unknown = [...answers].flatMap(([owner, answer]) => {
    if (!answer.ok) return [{ owner, reason: answer.reason, isForbidden: answer.isForbidden }];
    return answer.value.kind === "unknown" ? [{ owner, reason: answer.value.reason, isForbidden: false }] : [];
  });
  for (const same of Map.groupBy(unknown, ({ owner, isForbidden }) => `${owner.kind} ${String(isForbidden)}`).values()) {
    const owners = same.map(({ owner }) => owner);
    const [first] = same;
    if (first === undefined || !isNonEmpty(owners)) continue;
    unread.push({ what: { kind: "owners", owners }, reason: first.reason, isForbidden: first.isForbidden });
  }
}

async function tryConversions(
  { probe, signal, progress }: HealthSources,
  crds: readonly Crd[],
  unread: Unread[],
): Promise<ReadonlyMap<string, ConversionEvidence>> {
  if (probe === null) return new Map();
  // Many CRDs of one operator share a webhook.
  const endpoints = new Map<string, ReturnType<HealthProbe["examineEndpoint"]>>();
  const answers = await askAll("conversions", crds, unread, async (crd, index, count) => {
    progress({ kind: "conversions", done: index, of: count });
    if (crd.conversion.kind !== "webhook") return null;
    const key = JSON.stringify(crd.conversion);
    const examined = endpoints.get(key) ?? probe.examineEndpoint(crd.conversion, signal);
    endpoints.set(key, examined);
    const [endpoint, trial] = await Promise.all([examined, probe.tryConversion(crd, signal)]);
    return { endpoint, trial };
  });
  const found = [...answers].flatMap(([{ name }, evidence]) => (evidence === null ? [] : [{ name, ...evidence }]));
  tellUnreadConversions(found, unread);
  return new Map(found.map(({ name, ...evidence }) => [name, evidence]));
}

function tellUnreadConversions(found: readonly (ConversionEvidence & { readonly name: string })[], unread: Unread[]): void {
  const untried = found.flatMap(({ name, trial }) => (trial.kind === "unknown" ? [{ name, reason: trial.reason }] : []));
  const crds = untried.map(({ name }) => name);
  if (isNonEmpty(crds)) {
    const reason = untried[0]?.reason ?? "";
    unread.push({ what: { kind: "conversions", crds }, reason, isForbidden: reason.includes("forbidden") });
  }
}

/** Of services that could not be looked at, and, of crdguard's own, of the certificate that is served. */
function tellUnreadEndpoints(conversions: ReadonlyMap<string, ConversionEvidence>, guard: GuardEvidence, unread: Unread[]): void {
  const own = guard.kind === "examined" ? guard.registrations.flatMap(({ endpoints }) => endpoints) : [];
  const untold = [...conversions.values()].filter(({ trial }) => trial.kind !== "works" && trial.kind !== "failed");
  const unreached = [...own, ...untold.map(({ endpoint }) => endpoint)].flatMap(({ target, reach }) =>
    reach.kind === "unknown" ? [{ target, reason: reach.reason }] : [],
  );
  const unseen = own.flatMap(({ target, reach, served }) =>
    reach.kind === "listening" && served.kind === "not-seen" ? [{ target, reason: served.reason }] : [],
  );
  for (const [kind, endpoints] of [["endpoints", unreached] as const, ["served", unseen] as const]) {
    for (const same of Map.groupBy(endpoints, ({ reason }) => reason).values()) {
      const targets = [...new Map(same.map(({ target }) => [JSON.stringify(target), target])).values()];
      const reason = same[0]?.reason ?? "";
      if (isNonEmpty(targets)) unread.push({ what: { kind, targets }, reason, isForbidden: reason.includes("forbidden") });
    }
  }
}
