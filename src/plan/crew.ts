/** @file Workloads as the search sees them: the releases that each may run, and which of them it may end with. */
import { compareText } from "../crd/compare-text.ts";
import { type Need, workloadKey } from "../rules/facts.ts";
import { crdNameOf } from "../rules/requirement.ts";
import { COST } from "./cost.ts";
import { isSure } from "../rules/hurt.ts";
import { faresIn, isInUse } from "./features.ts";
import type { PlannedWorkload } from "./plan.ts";
import type { PlanQuestion, PlanWorkload, WorkloadRelease } from "./question.ts";
import { compareReleases } from "../rules/bundle.ts";

export interface Crew {
  readonly workload: PlannedWorkload;
  readonly asked: PlanWorkload | null;
  /** The first is that of today. */
  readonly releases: readonly Release[];
  /** Names of CRDs that any of them needs. */
  readonly crds: readonly string[];
  /** Null: it does not run today. */
  readonly running: Release | null;
  /** Names of CRDs that it works with today, and that have objects, or may have. */
  readonly looksAfter: ReadonlySet<string>;
  /** A DaemonSet has no replicas to take away. */
  readonly canStop: boolean;
}

export interface Release {
  /** Tells releases of all workloads apart; those of one workload follow each other. */
  readonly id: number;
  readonly version: string | null;
  readonly image: string | null;
  readonly needs: readonly Need[];
  readonly needsByCrd: ReadonlyMap<string, readonly Need[]>;
  /**
   * What must be there before it comes: definitions of its own that nobody asked for by themselves come along with it.
   */
  readonly needsBefore: readonly Need[];
  /** It may run in the end. */
  readonly isFinal: boolean;
  readonly isTarget: boolean;
  readonly byManifest: boolean;
  /** What it costs to come to it. */
  readonly cost: number;
}

/** As steps name a release. */
export function toldVersion({ version, image }: Release): string {
  return version ?? image ?? "";
}

/** In the order of their keys, whatever the order of what is given. */
export function crewsOf(question: PlanQuestion): readonly Crew[] {
  const { picture, wanted, workloads } = question;
  const wantedNames = new Set(wanted.crds.map(({ name }) => name));
  const known = new Set(workloads.map(({ workload }) => workloadKey(workload.ref)));
  const unnamed = Map.groupBy([...picture.needs.values()].flat(), (need) => workloadKey(need.workload));
  let nextId = 0;
  const toRelease = (
    release: WorkloadRelease,
    shape: Pick<Release, "isFinal" | "isTarget" | "byManifest" | "cost">,
  ): Release => ({
    id: nextId++,
    version: release.version,
    image: release.image ?? null,
    needs: release.needs,
    needsByCrd: Map.groupBy(release.needs, (need) => crdNameOf(need.requirement)),
    needsBefore: release.needs.filter(({ source, requirement }) => {
      const isOwn = source.kind === "catalog" && source.owns.includes(requirement.group);
      return !isOwn || wantedNames.has(crdNameOf(requirement));
    }),
    ...shape,
  });
  return [
    ...workloads.map((asked) => ({ asked, ...asked })),
    ...[...unnamed].flatMap(([key, needs]) => (known.has(key) ? [] : [unaskedWorkload(needs)])),
  ]
    .toSorted((left, right) => compareText(workloadKey(left.workload.ref), workloadKey(right.workload.ref)))
    .map((own): Crew => {
      const target = own.target === null || own.target.kind === "unknown" ? null : own.target;
      const ceiling = target?.release.version ?? null;
      const today = toRelease(own.today, { isFinal: target === null, isTarget: false, byManifest: false, cost: 0 });
      const later = own.later
        .filter(({ version }) => target === null || isBelow(version, ceiling))
        .map((release, index) =>
          toRelease(release, {
            isFinal: target === null,
            isTarget: false,
            byManifest: false,
            cost: COST.unaskedUpgrade + (index + 1) * COST.laterRelease,
          }),
        );
      const last =
        target === null
          ? []
          : [
              toRelease(target.release, {
                isFinal: true,
                isTarget: true,
                byManifest: target.kind === "manifest",
                cost: isAsToday(own) ? 0 : COST.upgrade,
              }),
            ];
      const releases = own.isRunning ? [today, ...later, ...last] : last;
      return {
        workload: own.workload,
        asked: own.asked,
        releases,
        crds: [...new Set(releases.flatMap(({ needsByCrd }) => [...needsByCrd.keys()]))].toSorted(compareText),
        running: own.isRunning ? today : null,
        looksAfter: own.isRunning ? lookedAfter(today, question) : new Set(),
        canStop: own.workload.ref.kind !== "DaemonSet",
      };
    })
    .filter(({ releases }) => releases.length > 0);
}

/** The release that is asked for runs already. */
function isAsToday({ today, target }: Pick<PlanWorkload, "today" | "target">): boolean {
  return target?.kind === "version" && target.release === today;
}

function lookedAfter({ needsByCrd }: Release, question: PlanQuestion): ReadonlySet<string> {
  const fares = faresIn(question.picture.crds);
  const works = [...needsByCrd].filter(([, needs]) => needs.every((need) => isSure(need) && fares(need.requirement) === "works"));
  return new Set(works.map(([name]) => name).filter((name) => isInUse(name, question)));
}

/** What a picture tells of a workload that nobody spoke of. */
function unaskedWorkload(needs: readonly Need[]): Omit<PlanWorkload, "workload"> & {
  readonly asked: null;
  readonly workload: PlannedWorkload;
} {
  const source = needs.map((need) => need.source).find(({ kind }) => kind === "catalog");
  const [first] = needs;
  if (first === undefined) throw new Error("a workload is known by its needs");
  return {
    asked: null,
    workload: {
      ref: first.workload,
      controller: source?.kind === "catalog" ? source.controller : null,
      image: source?.kind === "catalog" ? source.image : null,
      container: source?.kind === "catalog" ? source.container : null,
      helmRelease: null,
    },
    isRunning: true,
    today: { version: null, needs },
    later: [],
    target: null,
  };
}

function isBelow(version: string | null, ceiling: string | null): boolean {
  return version !== null && ceiling !== null && compareReleases(version, ceiling) < 0;
}
