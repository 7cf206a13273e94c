/** @file Applying a definition in another form, with all that must come before; and restoring objects that wait for it. */
import { findVersion, readableVersion } from "../../crd/versions.ts";
import type { Deed } from "../deed.ts";
import { afterApplying, type Definition, definition, isSameDefinition, versionsKey } from "../definition.ts";
import type { Form } from "../forms.ts";
import type { Judge } from "../judge.ts";
import type { PlanQuestion } from "../question.ts";
import { prepare } from "./prepare.ts";

/** Of one definition. */
export interface Application {
  readonly deeds: readonly [Deed, ...Deed[]];
  readonly after: Definition;
  /** Of what must come before; that of applying itself is the set's. */
  readonly cost: number;
}

/**
 * @returns `in-place` where nothing would change, and null where it is refused, whoever runs. The same question gives the same
 * deeds, so that what is known of them is not asked again.
 */
export type Applications = (from: Definition, form: Form) => Application | "in-place" | null;

export function createApplications(question: PlanQuestion, judge: Judge): Applications {
  const known = new Map<Form, Map<string, Application | "in-place" | null>>();
  return (from, form) => {
    const own = known.get(form) ?? new Map<string, Application | "in-place" | null>();
    known.set(form, own);
    const before = own.get(from.key);
    if (before !== undefined) return before;
    const application = applicationOf(from, form, question);
    const answer =
      application === null || application === "in-place" || !application.deeds.some(judge.isRefused) ? application : null;
    own.set(from.key, answer);
    return answer;
  };
}

function applicationOf(from: Definition, form: Form, question: PlanQuestion): Application | "in-place" | null {
  if (isInPlace(from, form)) return "in-place";
  const preparation = prepare(from, form.crd, question);
  if (preparation === null) return null;
  const { ready, deeds, cost } = preparation;
  const previous = ready.crd;
  const next = afterApplying(previous, form.crd);
  const applied = definition({ ...ready, crd: next, isDiffering: ready.isDiffering && !form.isWanted });
  const apply: Deed = {
    before: ready,
    after: applied,
    change: previous === null ? { kind: "create", next } : { kind: "update", previous, next },
    work: { kind: "apply", form },
  };
  const [first, ...others] = [...deeds, apply];
  if (ready.saved === null) return { deeds: [first, ...others], after: applied, cost };
  const { writtenIn, objects } = ready.saved;
  const restoredIn = findVersion(next, writtenIn)?.isServed === true ? writtenIn : readableVersion(next);
  // Nothing could be written back.
  if (restoredIn === null) return null;
  const restored = definition({ ...applied, saved: null, objects: "restored" });
  const restore: Deed = {
    before: applied,
    after: restored,
    change: null,
    work: { kind: "restore", crd: next, writtenIn, restoredIn, mustBeEdited: restoredIn !== writtenIn, objects },
  };
  return { deeds: [apply, restore], after: restored, cost };
}

/** In between, only versions count. */
function isInPlace({ crd, isDiffering }: Pick<Definition, "crd" | "isDiffering">, form: Form): boolean {
  if (crd === null) return false;
  return form.isWanted ? isSameDefinition(crd, form.crd) && !isDiffering : versionsKey(crd) === versionsKey(form.crd);
}
