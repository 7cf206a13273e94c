/** @file Whether what is wanted can be had at all: every single thing that could be done, in every order, judged by the rules. */
import type { Crd } from "../../../src/crd/crd.ts";
import { commonVersions, readableVersion, storageVersion } from "../../../src/crd/versions.ts";
import type { PlanQuestion, WorkloadRelease } from "../../../src/plan/question.ts";
import { judgeChange } from "../../../src/review/effective-policy.ts";
import type { Change, CrdChange } from "../../../src/rules/change.ts";
import { evaluate } from "../../../src/rules/evaluate.ts";
import type { Facts } from "../../../src/rules/facts.ts";
import { outcomesOf } from "../../../src/rules/hurt.ts";
import { crdNameOf, fareOf, isHard } from "../../../src/rules/requirement.ts";
import { counted, noFacts } from "../../support/builders.ts";
import { isLike } from "../../support/plans.ts";

interface World {
  readonly crds: ReadonlyMap<string, Crd>;
  /** CRDs whose objects are in a copy alone. */
  readonly saved: ReadonlySet<string>;
  readonly restored: ReadonlySet<string>;
  /** Index of the release, and whether it runs. */
  readonly workloads: readonly { readonly release: number; readonly isRunning: boolean }[];
}

/** @returns null where there are more worlds than `limit`. */
export function isReachable(asked: PlanQuestion, limit = 20_000): boolean | null {
  const { picture, wanted } = asked;
  const releases = asked.workloads.map(({ today, later, target }): readonly WorkloadRelease[] => {
    const own = target !== null && target.kind !== "unknown" ? [target.release] : [];
    if (own[0] === today) return [today];
    const ceiling = own.length === 0 ? later.length : later.findIndex(({ version }) => version === own[0]?.version);
    return [today, ...later.slice(0, ceiling), ...own];
  });
  const forms = [...wanted.crds, ...picture.bundles.flatMap(({ crds }) => [...crds.values()])];
  const first: World = {
    crds: picture.crds,
    saved: new Set(),
    restored: new Set(),
    workloads: asked.workloads.map(() => ({ release: 0, isRunning: true })),
  };
  const seen = new Set([keyOf(first)]);
  const open = [first];
  for (let world = open.pop(); world !== undefined; world = open.pop()) {
    if (isGoal(world)) return true;
    if (seen.size > limit) return null;
    for (const next of nexts(world)) {
      const key = keyOf(next);
      if (!seen.has(key)) open.push(next);
      seen.add(key);
    }
  }
  return false;

  function nexts(world: World): readonly World[] {
    const moved: World[] = [];
    const change = (made: CrdChange, then: Partial<World> = {}): void => {
      const name = made.kind === "create" ? made.next.name : made.previous.name;
      const objects =
        world.saved.has(name) || then.saved?.has(name) ? counted(0) : (asked.evidence.get(name)?.objects ?? counted(0));
      const needs = running(world).flatMap((release) => release.needs.filter((need) => crdNameOf(need.requirement) === name));
      const facts: Facts = { ...noFacts, crds: world.crds, needs, objects, migration: { kind: "succeeded", by: "test" } };
      if (isDenied(made, facts)) return;
      const crds = new Map(world.crds);
      if (made.kind === "delete") crds.delete(name);
      else crds.set(name, made.next);
      moved.push({ ...world, ...then, crds });
    };
    for (const manifest of forms) {
      const previous = world.crds.get(manifest.name);
      if (previous === undefined) {
        const next: Crd = { ...manifest, stored: { names: [storageVersion(manifest) ?? ""], source: "status" } };
        const isSaved = world.saved.has(manifest.name);
        const saved = new Set([...world.saved].filter((name) => name !== manifest.name));
        const restored = new Set([...world.restored, ...(isSaved ? [manifest.name] : [])]);
        if (!isSaved || readableVersion(next) !== null) change({ kind: "create", next }, isSaved ? { saved, restored } : {});
      } else change({ kind: "update", previous, next: updated(previous, manifest) });
    }
    for (const [name, previous] of world.crds) {
      for (const { name: to } of previous.versions) {
        const versions = previous.versions.map((one) => ({ ...one, isStorage: one.name === to }));
        change({ kind: "update", previous, next: updated(previous, { ...previous, versions }) });
      }
      const names = [storageVersion(previous) ?? ""];
      const next: Crd = { ...previous, stored: { names, source: "status" } };
      if (readableVersion(previous) !== null) change({ kind: "status-update", previous, next });
      const isDeletion = wanted.deletions.some(({ crd }) => crd === name);
      const isReplacement =
        !world.restored.has(name) &&
        forms.some(
          (one) => one.name === name && (readableVersion(previous) === null || commonVersions(previous, one).length === 0),
        );
      const evidence = asked.evidence.get(name)?.objects;
      const hasObjects = evidence?.kind === "counted" && evidence.total > 0;
      if (!isDeletion && !isReplacement) continue;
      if (hasObjects && readableVersion(previous) === null) continue;
      const saved = new Set([...world.saved, name]);
      change({ kind: "delete", previous }, hasObjects ? { saved } : {});
    }
    for (const [index, own] of world.workloads.entries()) {
      const put = (one: World["workloads"][number]): void => {
        moved.push({ ...world, workloads: world.workloads.with(index, one) });
      };
      const all = releases[index] ?? [];
      const ref = asked.workloads[index]?.workload.ref;
      const now = all[own.release];
      if (ref === undefined || now === undefined) continue;
      for (const [to, release] of all.entries()) {
        if (to < own.release) continue;
        if (!own.isRunning) put({ release: to, isRunning: false });
        // What is asked for is to work: that something fails already is no reason to bring it.
        const isAsked = asked.workloads[index]?.target !== null && to === all.length - 1;
        const today = own.isRunning && !isAsked ? { outcomes: outcomesOf(now.needs, world.crds) } : null;
        const applied: Change = { kind: "apply-workload", workload: ref, needs: release.needs, unreadable: [], today };
        if (!isDenied(applied, { ...noFacts, crds: world.crds })) put({ release: to, isRunning: true });
      }
      if (own.isRunning && ref.kind !== "DaemonSet") put({ ...own, isRunning: false });
    }
    return moved;
  }

  function running({ workloads }: World): readonly WorkloadRelease[] {
    return workloads.flatMap(({ release, isRunning }, index) => (isRunning ? (releases[index]?.[release] ?? []) : []));
  }

  function isDenied(change: Change, facts: Facts): boolean {
    const sight = { crds: facts.crds, guardPolicies: picture.guardPolicies };
    return judgeChange(change, evaluate(change, facts), sight, asked.flags, 0).some(({ enforcement }) => enforcement === "deny");
  }

  function isGoal({ crds, saved, workloads }: World): boolean {
    const deleted = new Set(wanted.deletions.map(({ crd }) => crd));
    return (
      wanted.crds.every((one) => isLike(crds.get(one.name), one)) &&
      [...deleted].every((name) => !crds.has(name)) &&
      [...saved].every((name) => deleted.has(name)) &&
      workloads.every(({ release, isRunning }, index) => {
        const target = asked.workloads[index]?.target ?? null;
        const last = releases[index]?.[release];
        const isWorking = (last?.needs ?? []).every(({ requirement }) => !isHard(fareOf(requirement, crds).outcome));
        return isRunning && (target === null || (isWorking && release === (releases[index]?.length ?? 0) - 1));
      })
    );
  }
}

function updated(previous: Crd, manifest: Crd): Crd {
  const names = [...new Set([...previous.stored.names, storageVersion(manifest) ?? ""])];
  return { ...manifest, stored: { names, source: "status" } };
}

function keyOf({ crds, saved, restored, workloads }: World): string {
  const all = [...crds.values()].map((one) => [one.name, one.versions, one.stored.names.toSorted(), one.bundle?.version]);
  return JSON.stringify([
    all.map((one) => JSON.stringify(one)).toSorted(),
    [...saved].toSorted(),
    [...restored].toSorted(),
    workloads,
  ]);
}
