/** @file Makes steps of a path: walks it through the rules once more, with everything that runs at each moment. */
import type { Crd } from "../crd/crd.ts";
import { type JudgedFinding, worstFirst } from "../policy/policy.ts";
import type { CrdChange } from "../rules/change.ts";
import { isNonEmpty } from "../rules/hurt.ts";
import { becauseOfHarm, becauseOfNeeds, becauseOfOverlap, becauseOfStored } from "./because.ts";
import { type Crew, type Release, toldVersion } from "./crew.ts";
import type { Deed } from "./deed.ts";
import { afterApplying, isSameDefinition, withStorage, withStored } from "./definition.ts";
import type { Doing } from "./doings.ts";
import type { Form } from "./forms.ts";
import { isDenial, workloadChange } from "./judge.ts";
import type { Action, Because, CrdStepChange, PlannedWorkload, Step } from "./plan.ts";
import type { State, World } from "./search.ts";
import { type Stretch, type StretchOrigin, stretchesOf } from "./stretches.ts";
import { stepId } from "./step-id.ts";

export function stepsOf(path: readonly State[], world: World): readonly Step[] {
  const { question, crews, judge } = world;
  const crds = new Map<string, Crd>(question.picture.crds);
  const running = new Map<Crew, Release>(crews.flatMap((crew) => (crew.running === null ? [] : [[crew, crew.running] as const])));
  const stretches = stretchesOf(path, world);
  const steps: Step[] = [];
  for (const [index, stretch] of stretches.entries()) {
    const later = stretches.slice(index + 1);
    takeDeeds(stretch, [...stretch.doings, ...later.flatMap(({ doings }) => doings)]);
    takeDoings(stretch.doings, later);
  }
  return steps;

  function takeDeeds({ kind, origin, deeds }: Stretch, later: readonly Doing[]): void {
    const isBefore = ({ work }: Deed): boolean => work.kind !== "apply" && work.kind !== "restore";
    for (const deed of deeds.filter(isBefore)) takeWork(deed, kind);
    const applied = deeds.filter(({ work }) => work.kind === "apply");
    if (origin !== null && applied.length > 0) applyAll(applied, origin, later);
    for (const deed of deeds.filter(({ work }) => work.kind === "restore")) takeWork(deed, kind);
  }

  function takeWork(deed: Deed, kind: Stretch["kind"]): void {
    const { work } = deed;
    if (work.kind === "apply") return;
    const { name } = deed.before;
    const changed = deed.change === null ? null : made(deed, null);
    const because =
      kind === "delete"
        ? work.kind === "delete-definition"
          ? null
          : ({ kind: "refused-before", rule: "objects-deleted", crds: [name] } as const)
        : work.kind === "restore"
          ? null
          : becauseOfStored(name);
    const previous = changed?.before ?? null;
    const action: Action = previous === null ? work : { ...work, crd: previous };
    add(action, changed === null ? [] : [changed], changed?.findings ?? [], because);
  }

  function applyAll(deeds: readonly Deed[], origin: StretchOrigin, later: readonly Doing[]): void {
    const before = new Map(crds);
    const definitions = origin.kind === "wanted" ? ({ kind: "wanted" } as const) : chosen(origin);
    const bundle = definitions?.kind === "bundle" ? definitions.bundle : null;
    const changed = deeds.map((deed) => made(deed, bundle));
    const all = bundle === null ? question.wanted.crds.map(({ name }) => name) : [...bundle.crds.keys()].toSorted();
    const isWhole = bundle === null ? isAllWanted(crds) : isAllOf(bundle.crds);
    const names = isWhole ? all : all.filter((name) => changed.some((change) => change.name === name));
    if (definitions === null || !isNonEmpty(names)) return;
    const changes = changed.map(({ name, before: was, after }) => ({ name, before: was, after }));
    const because =
      (bundle === null ? null : becauseOfOverlap(changes, later, before)) ??
      (bundle === null && isWhole ? null : becauseOfNeeds(changes, later, before)) ??
      (bundle === null || !isNonEmpty(changes)
        ? null
        : ({
            kind: "refused-before",
            rule: "stored-version-removed",
            crds: [changes[0].name, ...changes.slice(1).map(({ name }) => name)],
          } as const));
    const findings = changed.flatMap((change) => change.findings).toSorted(worstFirst);
    add({ kind: "apply-definitions", definitions, crds: names, isWhole }, changes, findings, because);
  }

  function isAllWanted(now: ReadonlyMap<string, Crd>): boolean {
    return question.wanted.crds.every((crd) => {
      const own = now.get(crd.name);
      return own !== undefined && isSameDefinition(own, crd);
    });
  }

  function isAllOf(bundled: ReadonlyMap<string, Crd>): boolean {
    return [...bundled].every(([name, crd]) => {
      const own = crds.get(name);
      return own !== undefined && isSameDefinition(own, crd);
    });
  }

  /** Makes a change to the definitions as they are now, and has it judged. */
  function made(
    deed: Deed,
    bundle: Form["bundles"][number] | null,
  ): CrdStepChange & { readonly findings: readonly JudgedFinding[] } {
    const { name } = deed.before;
    const before = crds.get(name) ?? null;
    const after = resultOf(deed, before, bundle);
    const change = changeOf(deed, before, after);
    const needs = crews.flatMap((crew) => running.get(crew)?.needsByCrd.get(name) ?? []);
    const { unreadableDeclarations: unreadable } = question.picture;
    const findings = judge.findingsOf({ ...deed, change }, { crds: new Map(crds), needs, unreadable });
    refuseDenials(findings);
    if (after === null) crds.delete(name);
    else crds.set(name, after);
    return { name, before, after, findings };
  }

  function takeDoings(doings: readonly Doing[], later: readonly Stretch[]): void {
    const brought = doings.filter((doing) => doing.kind === "bring");
    for (const doing of doings) if (doing.kind !== "bring") take(doing, later);
    if (brought.length === 0) return;
    const findings = brought.flatMap(({ crew, to }) => arrive(crew, null, to));
    const workloads = brought.map(({ crew }) => crew.workload);
    if (isNonEmpty(workloads)) add({ kind: "apply-workloads", workloads }, [], findings, null);
  }

  function take(doing: Exclude<Doing, { kind: "bring" }>, later: readonly Stretch[]): void {
    const { crew } = doing;
    const harmful = (release: Release): Because | null =>
      becauseOfHarm(
        release,
        later.flatMap(({ deeds }) => deeds),
        judge,
      );
    switch (doing.kind) {
      case "stop":
        running.delete(crew);
        add({ kind: "stop-workload", workload: crew.workload }, [], [], harmful(doing.at));
        return;
      case "start":
        add({ kind: "start-workload", workload: at(crew, doing.to) }, [], arrive(crew, null, doing.to), null);
        return;
      case "upgrade": {
        const { from, to, isStopped } = doing;
        const findings = isStopped ? [] : arrive(crew, from, to);
        add(
          {
            kind: "upgrade-workload",
            workload: crew.workload,
            from: from.version,
            to: toldVersion(to),
            byManifest: to.byManifest,
          },
          [],
          findings,
          isStopped ? null : harmful(from),
        );
      }
    }
  }

  function arrive(crew: Crew, from: Release | null, to: Release): readonly JudgedFinding[] {
    const findings = judge.findingsOfWorkload(workloadChange(crew, from, to, crds), new Map(crds));
    refuseDenials(findings);
    running.set(crew, to);
    return findings;
  }

  function add(
    action: Action,
    changes: readonly CrdStepChange[],
    findings: readonly JudgedFinding[],
    because: Because | null,
  ): void {
    const plain = changes.map(({ name, before, after }) => ({ name, before, after }));
    steps.push({ id: stepId(action), action, findings, changes: plain, because });
  }
}

/** The newest release that is not a step back is the last; the oldest of them changes least. */
function chosen({
  candidates,
}: Extract<StretchOrigin, { kind: "bundle" }>): Extract<
  Extract<Action, { kind: "apply-definitions" }>["definitions"],
  { kind: "bundle" }
> | null {
  const [bundle] = candidates;
  return bundle === undefined ? null : { kind: "bundle", bundle };
}

function resultOf({ work, after }: Deed, before: Crd | null, bundle: Form["bundles"][number] | null): Crd | null {
  switch (work.kind) {
    case "apply":
      return afterApplying(before, bundle?.crds.get(after.name) ?? work.form.crd);
    case "flip-storage":
      return before === null ? null : withStorage(before, work.to);
    case "migrate":
      return before === null ? null : withStored(before, work.remaining);
    case "delete-definition":
      return null;
    case "back-up":
    case "delete-objects":
    case "restore":
      return before;
  }
}

function changeOf({ change }: Deed, previous: Crd | null, next: Crd | null): CrdChange | null {
  if (change === null) return null;
  if (previous === null) return next === null ? null : { kind: "create", next };
  if (next === null) return { kind: "delete", previous };
  return { kind: change.kind === "status-update" ? "status-update" : "update", previous, next };
}

function at(crew: Crew, { image }: Release): PlannedWorkload {
  return image === null ? crew.workload : { ...crew.workload, image };
}

/** The search has asked the same rules. */
function refuseDenials(findings: readonly JudgedFinding[]): void {
  const denial = findings.find(isDenial);
  if (denial !== undefined) throw new Error(`a planned step would be denied by ${denial.rule} (${denial.field})`);
}
