/** @file Worlds to plan in, and a walk through a plan that trusts none of what the search believes: by its actions alone, through the rules. */
import { type Crd, UNRECORDED } from "../../src/crd/crd.ts";
import { storageVersion } from "../../src/crd/versions.ts";
import type { ClusterPicture } from "../../src/cluster/picture.ts";
import type { Action, Step } from "../../src/plan/plan.ts";
import type { CrdEvidence, PlanQuestion, PlanWorkload, WorkloadRelease } from "../../src/plan/question.ts";
import { NO_FLAGS } from "../../src/policy/combine.ts";
import { judgeChange } from "../../src/review/effective-policy.ts";
import type { Bundle } from "../../src/rules/bundle.ts";
import type { Change, CrdChange } from "../../src/rules/change.ts";
import { evaluate } from "../../src/rules/evaluate.ts";
import { type Facts, type Need, workloadKey } from "../../src/rules/facts.ts";
import { outcomesOf } from "../../src/rules/hurt.ts";
import { crdNameOf, fareOf, isHard, type Outcome, type Presence } from "../../src/rules/requirement.ts";
import { counted, crd, noFacts } from "./builders.ts";

/** `v1*` is the storage version, `v1-` is listed and not served: `v1* v1beta1-`. */
export function form(name: string, words: string, stored?: readonly string[], of: Crd["bundle"] = null): Crd {
  const versions = words.split(" ").map((word) => word.replace(/[*-]/g, ""));
  const unserved = words.split(" ").filter((word) => word.includes("-"));
  const storage = words
    .split(" ")
    .find((word) => word.includes("*"))
    ?.replace(/[*-]/g, "");
  const plain = unserved.map((word) => word.replace(/[*-]/g, ""));
  return {
    ...crd({
      name: `${name}.own.dev`,
      served: versions.filter((version) => !plain.includes(version)),
      unserved: plain,
      ...(storage === undefined ? {} : { storage }),
      ...(stored === undefined ? {} : { stored }),
      bundle: of,
    }),
    ...UNRECORDED,
  };
}

export interface NeedWords {
  readonly crd: string;
  readonly versions: readonly string[];
  readonly outcome?: Outcome;
  readonly presence?: Presence;
}

export interface WorkloadWords {
  readonly name: string;
  readonly kind?: "Deployment" | "DaemonSet";
  /** By version, the first that runs today. */
  readonly releases: Readonly<Record<string, readonly NeedWords[]>>;
  /** Asked for; the last of the releases unless it is none of them. */
  readonly target?: string;
  readonly isRunning?: boolean;
}

function planWorkload({ name, kind = "Deployment", releases, target, isRunning = true }: WorkloadWords): PlanWorkload {
  const ref = { kind, namespace: "mill", name } as const;
  const all = Object.entries(releases).map(([version, needs]): WorkloadRelease => ({
    version,
    needs: needs.map((words) => needOf(ref, version, words)),
  }));
  const [today = { version: null, needs: [] }, ...later] = all;
  const asked = all.find(({ version }) => version === target);
  return {
    workload: { ref, controller: name, image: `own.dev/${name}:v${today.version ?? ""}`, container: "main", helmRelease: null },
    isRunning,
    today: isRunning ? today : { version: null, needs: [] },
    later: isRunning ? later : [],
    target:
      target === undefined
        ? null
        : asked === undefined
          ? { kind: "unknown", wanted: target }
          : isRunning
            ? { kind: "version", release: asked }
            : { kind: "manifest", release: asked, unreadable: [] },
  };
}

function needOf(
  workload: Need["workload"],
  version: string,
  { crd: plural, versions, outcome = "crashes", presence }: NeedWords,
): Need {
  return {
    workload,
    requirement: {
      group: "own.dev",
      resource: plural,
      versions,
      presence: presence ?? "unconditional",
      outcomes: { absent: outcome, unlisted: outcome, unserved: outcome },
    },
    source: {
      kind: "catalog",
      controller: workload.name,
      versionRange: `>=${version}`,
      image: `own.dev/${workload.name}:v${version}`,
      container: "main",
      effect: null,
      owns: [],
    },
    certainty: { kind: "known" },
    laterReleases: [],
  };
}

export interface WorldWords {
  readonly installed: readonly Crd[];
  readonly wanted?: readonly Crd[];
  readonly delete?: readonly string[];
  readonly workloads?: readonly WorkloadWords[];
  readonly bundles?: readonly Bundle[];
  /** By plural; two unless told. */
  readonly objects?: Readonly<Record<string, number>>;
  readonly differing?: readonly string[];
  readonly guardPolicies?: ClusterPicture["guardPolicies"];
}

export function question(words: WorldWords): PlanQuestion {
  const workloads = (words.workloads ?? []).map(planWorkload);
  return {
    picture: {
      crds: new Map(words.installed.map((one) => [one.name, one])),
      needs: Map.groupBy(
        workloads.flatMap(({ today }) => today.needs),
        (need) => crdNameOf(need.requirement),
      ),
      unreadableDeclarations: [],
      applied: new Map(),
      bundles: words.bundles ?? [],
      guardPolicies: words.guardPolicies ?? [],
    },
    wanted: {
      crds: words.wanted ?? [],
      ...(words.differing === undefined ? {} : { differing: new Set(words.differing) }),
      deletions: (words.delete ?? []).map((name) => ({ crd: `${name}.own.dev`, isLeftover: false })),
    },
    workloads,
    evidence: new Map(words.installed.map((one) => [one.name, evidence(words.objects?.[one.plural] ?? 2)])),
    flags: NO_FLAGS,
    nowMilliseconds: 0,
  };
}

export function evidence(total: number): CrdEvidence {
  return { objects: counted(total), migration: { kind: "none" }, writers: { kind: "not-sampled" } };
}

export function bundle(version: string, crds: readonly Crd[], channel = "standard"): Bundle {
  return {
    name: "mill",
    title: "Mill",
    version,
    channel,
    releasedOn: "2026-01-01",
    installUrl: null,
    crds: new Map(crds.map((one) => [one.name, { ...one, bundle: { version: `v${version}`, channel } }])),
  };
}

/** `migrate gears`: one line a step. */
export function told(steps: readonly Step[]): readonly string[] {
  return steps.map(({ action }) => tellAction(action));
}

function tellAction(action: Action): string {
  switch (action.kind) {
    case "apply-definitions": {
      const { definitions, crds, isWhole } = action;
      const set = definitions.kind === "wanted" ? "wanted" : `${definitions.bundle.version} ${definitions.bundle.channel}`;
      return isWhole ? `apply ${set}` : `apply ${crds.map((name) => name.split(".")[0]).join(" ")} of ${set}`;
    }
    case "upgrade-workload":
      return `upgrade ${action.workload.ref.name} ${action.from ?? "?"} → ${action.to}`;
    case "stop-workload":
      return `stop ${action.workload.ref.name}`;
    case "start-workload":
      return `start ${action.workload.ref.name}`;
    case "apply-workloads":
      return `apply ${action.workloads.map(({ ref }) => ref.name).join(" ")}`;
    case "flip-storage":
      return `flip ${action.crd.plural} to ${action.to}`;
    case "migrate":
      return `migrate ${action.crd.plural} to ${action.remaining.join(" ")}`;
    case "back-up":
      return `back up ${action.crd.plural} in ${action.readIn}`;
    case "delete-objects":
      return `delete objects of ${action.crd.plural}`;
    case "delete-definition":
      return `delete ${action.crd.plural}`;
    case "restore":
      return `restore ${action.crd.plural} in ${action.restoredIn}${action.mustBeEdited ? ", edited" : ""}`;
  }
}

export interface Walked {
  /** `<step>: <rule> of <CRD or workload>`; empty for a sound plan. */
  readonly denials: readonly string[];
  /** What is missing of what was wanted. */
  readonly missing: readonly string[];
  readonly crds: ReadonlyMap<string, Crd>;
  readonly running: ReadonlyMap<string, WorkloadRelease>;
}

/** Does what the actions say, and has each change judged as admission would. */
export function walk(asked: PlanQuestion, steps: readonly Step[]): Walked {
  const { picture, wanted } = asked;
  const crds = new Map(picture.crds);
  const running = new Map(
    asked.workloads.flatMap(({ workload, isRunning, today }) => (isRunning ? [[workloadKey(workload.ref), today] as const] : [])),
  );
  const releases = new Map(running);
  const emptied = new Set<string>();
  const saved = new Set<string>();
  const denials: string[] = [];
  const byKey = new Map(asked.workloads.map((one) => [workloadKey(one.workload.ref), one] as const));
  const unmetBefore = unmet(crds, running);
  // Who was asked for by its version is to work in the end, whatever it did before.
  const targets = asked.workloads.flatMap(({ workload, target }) =>
    target?.kind === "version" ? [workloadKey(workload.ref)] : [],
  );

  for (const { id, action } of steps) {
    const deny = (change: Change, facts: Facts, subject: string): void => {
      const judged = judgeChange(change, evaluate(change, facts), { crds, guardPolicies: picture.guardPolicies }, asked.flags, 0);
      for (const { enforcement, rule } of judged) if (enforcement === "deny") denials.push(`${id}: ${rule} of ${subject}`);
    };
    const change = (made: CrdChange): void => {
      const name = made.kind === "create" ? made.next.name : made.previous.name;
      const own = asked.evidence.get(name);
      const needs = [...running.values()].flatMap((one) => one.needs).filter((need) => crdNameOf(need.requirement) === name);
      const isMigration = made.kind === "status-update";
      const objects = emptied.has(name) ? counted(0) : (own?.objects ?? noFacts.objects);
      const migration: Facts["migration"] = isMigration ? { kind: "succeeded", by: "test" } : { kind: "none" };
      const writers = own?.writers ?? noFacts.writers;
      deny(made, { ...noFacts, crds, bundles: picture.bundles, needs, objects, migration, writers }, name);
      if (made.kind === "delete") crds.delete(name);
      else crds.set(name, made.next);
    };
    const apply = (manifest: Crd): void => {
      const previous = crds.get(manifest.name);
      const storage = storageVersion(manifest) ?? "";
      const names = [...new Set([...(previous?.stored.names ?? []), storage])];
      const next: Crd = { ...manifest, stored: { names, source: "status" } };
      change(previous === undefined ? { kind: "create", next } : { kind: "update", previous, next });
    };
    const there = (name: string): Crd => {
      const own = crds.get(name);
      if (own === undefined) throw new Error(`${id}: there is no ${name}`);
      return own;
    };
    const start = (key: string, release: WorkloadRelease, before: WorkloadRelease | undefined): void => {
      // What nobody wants by itself comes along with its controller.
      const names = new Set(wanted.crds.map(({ name }) => name));
      const needs = release.needs.filter(
        ({ source, requirement }) =>
          source.kind !== "catalog" || !source.owns.includes(requirement.group) || names.has(crdNameOf(requirement)),
      );
      const own = byKey.get(key);
      if (own === undefined) throw new Error(`${id}: there is no ${key}`);
      const today = before === undefined ? null : { outcomes: outcomesOf(before.needs, crds) };
      deny({ kind: "apply-workload", workload: own.workload.ref, needs, unreadable: [], today }, { ...noFacts, crds }, key);
      running.set(key, release);
      releases.set(key, release);
    };
    switch (action.kind) {
      case "apply-definitions": {
        const { definitions } = action;
        const all = definitions.kind === "wanted" ? wanted.crds : [...definitions.bundle.crds.values()];
        const chosen = all.filter(({ name }) => action.crds.includes(name));
        if (action.isWhole && chosen.length !== all.length) throw new Error(`${id}: not all of it`);
        for (const manifest of chosen) apply(manifest);
        break;
      }
      case "upgrade-workload": {
        const key = workloadKey(action.workload.ref);
        const own = byKey.get(key);
        const wish = own?.target ?? null;
        const target = wish !== null && wish.kind !== "unknown" ? [wish.release] : [];
        const release = [...target, ...(own?.later ?? [])].find(({ version }) => version === action.to);
        if (release === undefined) throw new Error(`${id}: there is no such release`);
        if (releases.get(key)?.version !== action.from) throw new Error(`${id}: it is not at ${action.from ?? "?"}`);
        if (running.has(key)) start(key, release, running.get(key));
        else releases.set(key, release);
        break;
      }
      case "stop-workload":
        if (action.workload.ref.kind === "DaemonSet") throw new Error(`${id}: a DaemonSet cannot be stopped`);
        running.delete(workloadKey(action.workload.ref));
        break;
      case "start-workload": {
        const key = workloadKey(action.workload.ref);
        const release = releases.get(key);
        if (release === undefined || running.has(key)) throw new Error(`${id}: it was not stopped`);
        start(key, release, undefined);
        break;
      }
      case "apply-workloads":
        for (const { ref } of action.workloads) {
          const target = byKey.get(workloadKey(ref))?.target;
          if (target?.kind !== "manifest") throw new Error(`${id}: nobody gave ${ref.name}`);
          start(workloadKey(ref), target.release, undefined);
        }
        break;
      case "flip-storage": {
        const own = there(action.crd.name);
        apply({ ...own, versions: own.versions.map((one) => ({ ...one, isStorage: one.name === action.to })) });
        break;
      }
      case "migrate": {
        const previous = there(action.crd.name);
        change({ kind: "status-update", previous, next: { ...previous, stored: { names: action.remaining, source: "status" } } });
        break;
      }
      case "back-up":
        saved.add(there(action.crd.name).name);
        break;
      case "delete-objects":
        if (!saved.has(action.crd.name)) throw new Error(`${id}: nothing was saved`);
        emptied.add(action.crd.name);
        break;
      case "delete-definition":
        change({ kind: "delete", previous: there(action.crd.name) });
        break;
      case "restore":
        if (!there(action.crd.name).versions.some(({ name, isServed }) => isServed && name === action.restoredIn)) {
          throw new Error(`${id}: ${action.restoredIn} is not served`);
        }
        emptied.delete(action.crd.name);
        saved.delete(action.crd.name);
        break;
    }
  }
  const deleted = new Set(wanted.deletions.map(({ crd: name }) => name));
  const missing = [
    ...wanted.crds.filter((one) => !isLike(crds.get(one.name), one)).map(({ name }) => name),
    ...[...deleted].filter((name) => crds.has(name)),
    ...[...saved].filter((name) => !deleted.has(name)).map((name) => `objects of ${name}`),
    ...asked.workloads.flatMap(({ workload, target, isRunning }) => {
      const key = workloadKey(workload.ref);
      const version = running.get(key)?.version;
      const isReached = target === null || target.kind === "unknown" || version === target.release.version;
      return isReached && (running.has(key) || (!isRunning && target === null)) ? [] : [key];
    }),
    ...[...unmet(crds, running)].filter((line) => !unmetBefore.has(line) || targets.some((key) => line.startsWith(`${key} `))),
  ];
  return { denials, missing, crds, running };
}

/** What each workload needs for sure, and is not served; a definition of its own comes with it. */
function unmet(crds: ReadonlyMap<string, Crd>, running: ReadonlyMap<string, WorkloadRelease>): ReadonlySet<string> {
  return new Set(
    [...running].flatMap(([key, { needs }]) =>
      needs
        .filter(({ certainty }) => certainty.kind === "known" || certainty.kind === "assumed")
        .filter(({ source, requirement }) => source.kind !== "catalog" || !source.owns.includes(requirement.group))
        .filter(({ requirement }) => isHard(fareOf(requirement, crds).outcome))
        .map(({ requirement }) => `${key} needs ${crdNameOf(requirement)}`),
    ),
  );
}

export function isLike(left: Crd | undefined, right: Crd): boolean {
  const tell = (one: Crd): string =>
    JSON.stringify([one.versions.toSorted((a, b) => (a.name < b.name ? -1 : 1)), one.bundle?.version, one.bundle?.channel]);
  return left !== undefined && tell(left) === tell(right);
}

/** The question that is asked after some of the steps. */
export function questionAfter(asked: PlanQuestion, steps: readonly Step[]): PlanQuestion {
  const { crds, running } = walk(asked, steps);
  const workloads = asked.workloads.map((one): PlanWorkload => {
    const now = running.get(workloadKey(one.workload.ref));
    if (now === undefined) return one;
    const from = one.later.findIndex(({ version }) => version === now.version);
    const isThere = one.target !== null && one.target.kind !== "unknown" && one.target.release.version === now.version;
    return {
      ...one,
      isRunning: true,
      today: now,
      later: now.version === one.today.version ? one.later : one.later.slice(from + 1),
      target: !isThere ? one.target : one.target?.kind === "version" ? { kind: "version", release: now } : null,
    };
  });
  return {
    ...asked,
    picture: {
      ...asked.picture,
      crds,
      needs: Map.groupBy(
        [...running.values()].flatMap(({ needs }) => needs),
        (need) => crdNameOf(need.requirement),
      ),
    },
    workloads,
  };
}
