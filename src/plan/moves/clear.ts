/** @file Taking a definition away with its objects: to be replaced where no version survives, or for good. */
import type { Crd } from "../../crd/crd.ts";
import { readableVersion } from "../../crd/versions.ts";
import { COST } from "../cost.ts";
import type { Deed, Move } from "../deed.ts";
import { type Definition, definition } from "../definition.ts";
import type { Form } from "../forms.ts";
import { evidenceOf, type Judge, mayHaveObjects } from "../judge.ts";
import type { Deletion, PlanQuestion } from "../question.ts";
import { prepare } from "./prepare.ts";

/** Of a definition that has a form to come to, in which its objects cannot stay where they are: they go, and are restored from a copy. */
export function clearMove(from: Definition, forms: readonly Form[], question: PlanQuestion, judge: Judge): Move | null {
  const { crd } = from;
  if (crd === null || from.objects === "restored") return null;
  if (!forms.some((form) => prepare(from, form.crd, question) === null)) return null;
  return removal("clear", from, crd, { isLeftover: false }, question, judge);
}

export function deleteMove(from: Definition, deletion: Deletion, question: PlanQuestion, judge: Judge): Move | null {
  return from.crd === null ? null : removal("delete", from, from.crd, deletion, question, judge);
}

function removal(
  kind: "clear" | "delete",
  from: Definition,
  crd: Crd,
  { isLeftover }: Pick<Deletion, "isLeftover">,
  question: PlanQuestion,
  judge: Judge,
): Move | null {
  const { objects } = evidenceOf(from.name, question);
  const hasObjects = mayHaveObjects(from, question);
  const readIn = readableVersion(crd);
  // What nobody can read can be neither saved nor deleted.
  if (hasObjects && readIn === null) return null;
  const emptied = definition({
    ...from,
    objects: "none",
    saved: kind === "clear" && hasObjects && readIn !== null ? { writtenIn: readIn, objects } : null,
  });
  const gone = definition({ ...emptied, crd: null, isDiffering: from.isDiffering });
  const before: readonly Deed[] =
    hasObjects && readIn !== null
      ? [
          { before: from, after: from, change: null, work: { kind: "back-up", crd, readIn, objects } },
          { before: from, after: emptied, change: null, work: { kind: "delete-objects", crd, readIn, objects } },
        ]
      : [];
  const deletion: Deed = {
    before: emptied,
    after: gone,
    change: { kind: "delete", previous: crd },
    work: { kind: "delete-definition", crd, isLeftover },
  };
  if (judge.isRefused(deletion)) return null;
  const [first, ...others] = [...before, deletion];
  const cost = kind === "delete" ? COST.delete * (1 + before.length) : COST.replace + (hasObjects ? COST.replaceObjects : 0);
  return { kind, origin: null, deeds: [first, ...others], cost };
}
