/** @file Makes steps of a path: walks it through the rules once more, with everything that runs at each moment. */
import type { Crd } from "../crd/crd.ts";
import { type JudgedFinding, worstFirst } from "../policy/policy.ts";
import { compareText } from "../crd/compare-text.ts";
import { type Bundle, compareReleases } from "../rules/bundle.ts";
import type { CrdChange } from "../rules/change.ts";
import { isNonEmpty } from "../rules/hurt.ts";
import { becauseOfHarm, becauseOfNeeds, becauseOfOverlap, becauseOfStored } from "./because.ts";
import { type Crew, type Release, toldVersion } from "./crew.ts";
import type { Deed } from "./deed.ts";
import { afterApplying, definition, isSameDefinition, withStorage, withStored } from "./definition.ts";
import type { Doing } from "./doings.ts";
import type { Form } from "./forms.ts";
import { isDenial, workloadChange } from "./judge.ts";
import type { Action, Because, CrdStepChange, PlannedWorkload, Step } from "./plan.ts";
import type { PlanQuestion } from "./question.ts";
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
  return steps.map((step, index) => withStay(step, steps.slice(index + 1)));

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
    const rest = bundle !== null && origin.kind === "bundle" && origin.isWhole ? restOf(bundle, deeds) : [];
    const changed = [...deeds, ...rest].map((deed) => made(deed, bundle));
    const all = bundle === null ? question.wanted.crds.map(({ name }) => name) : [...bundle.crds.keys()].toSorted();
    const isWhole = bundle === null ? isAllWanted(crds) : isAllOf(bundle.crds);
    const names = isWhole ? all : all.filter((name) => changed.some((change) => change.name === name));
    if (definitions === null || !isNonEmpty(names)) return;
    const changes = changed
      .map(({ name, before: was, after }) => ({ name, before: was, after }))
      .toSorted((left, right) => compareText(left.name, right.name));
    const asked = changes.filter(({ name }) => deeds.some((deed) => deed.before.name === name));
    const because =
      (bundle === null ? null : becauseOfOverlap(asked, later, before)) ??
      (bundle === null && isWhole ? null : becauseOfNeeds(asked, later, before)) ??
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

  /** Of all of a bundle, what is in place but for its release: it comes along, unless it is denied, or told otherwise. */
  function restOf(bundle: Bundle, deeds: readonly Deed[]): readonly Deed[] {
    const rest = remainderOf(bundle, deeds, crds, question);
    return rest.some((deed) => findingsOf(deed).some(isDenial)) ? [] : rest;
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
  function made(deed: Deed, bundle: Bundle | null): CrdStepChange & { readonly findings: readonly JudgedFinding[] } {
    const { name } = deed.before;
    const before = crds.get(name) ?? null;
    const after = resultOf(deed, before, bundle);
    const findings = findingsOf({ ...deed, change: changeOf(deed, before, after) });
    refuseDenials(findings);
    if (after === null) crds.delete(name);
    else crds.set(name, after);
    return { name, before, after, findings };
  }

  function findingsOf(deed: Deed): readonly JudgedFinding[] {
    const needs = crews.flatMap((crew) => running.get(crew)?.needsByCrd.get(deed.before.name) ?? []);
    const { unreadableDeclarations: unreadable } = question.picture;
    return judge.findingsOf(deed, { crds: new Map(crds), needs, unreadable });
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
        if (isSameRelease(from, to)) {
          if (!isStopped) running.set(crew, to);
          return;
        }
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

/**
 * What a bundle holds beside the definitions that must change, where nobody wants it otherwise and none of it would go back to an
 * older release. All of a release is tested together, and one command.
 */
function remainderOf(
  bundle: Bundle,
  deeds: readonly Deed[],
  crds: ReadonlyMap<string, Crd>,
  { wanted }: PlanQuestion,
): readonly Deed[] {
  const taken = new Set(deeds.map(({ after }) => after.name));
  const asked = new Set([...wanted.crds.map(({ name }) => name), ...wanted.deletions.map(({ crd }) => crd)]);
  const rest = [...bundle.crds].filter(([name]) => !taken.has(name)).toSorted(([left], [right]) => compareText(left, right));
  const remainder = rest.flatMap(([name, crd]): readonly Deed[] => {
    const previous = crds.get(name);
    if (asked.has(name) || previous === undefined || previous.bundle === null) return [];
    if (compareReleases(previous.bundle.version, bundle.version) > 0) return [];
    const next = afterApplying(previous, crd);
    const before = definition({ name, crd: previous, objects: "found", saved: null, isDiffering: false });
    const form: Form = { name, crd, isWanted: false, bundles: [bundle], key: "" };
    return [
      {
        before,
        after: definition({ ...before, crd: next }),
        change: { kind: "update", previous, next },
        work: { kind: "apply", form },
      },
    ];
  });
  return remainder.length === rest.length ? remainder : [];
}

/** It was asked for, and has run all along, if not well. */
function isSameRelease(from: Release, to: Release): boolean {
  return !to.byManifest && from.needs === to.needs && from.version === to.version;
}

/** A released set that nothing changes again was no stop in between. */
function withStay(step: Step, later: readonly Step[]): Step {
  const { action, changes } = step;
  if (action.kind !== "apply-definitions" || action.definitions.kind !== "bundle") return step;
  const names = new Set(changes.map(({ name }) => name));
  if (later.some((other) => other.changes.some(({ name }) => names.has(name)))) return step;
  return { ...step, action: { ...action, definitions: { ...action.definitions, stays: true } } };
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

function resultOf({ work, after }: Deed, before: Crd | null, bundle: Bundle | null): Crd | null {
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
