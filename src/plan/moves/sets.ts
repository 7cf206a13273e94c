/** @file Applying sets of definitions: all that is wanted, a part of it, a bundle in between, or a part of one. */
import { COST } from "../cost.ts";
import type { Deed, Move, Origin } from "../deed.ts";
import type { Definition } from "../definition.ts";
import type { BundleForms, Form, Forms } from "../forms.ts";
import type { Usefulness } from "../usefulness.ts";
import type { Applications } from "./apply.ts";

type Find = (name: string) => Definition;

/** Refused if any of it is, as `kubectl apply` of all of it ends in an error. */
export function applyWanted({ wanted }: Forms, find: Find, applications: Applications): Move | null {
  return applySet(wanted, { kind: "wanted", isWhole: true }, COST.applyWanted, find, applications);
}

/** One by one; steps of the same kind are put together later. */
export function applyParts(
  { wanted }: Forms,
  { isHelpful }: Usefulness,
  find: Find,
  applications: Applications,
): readonly Move[] {
  return wanted
    .filter((form) => isHelpful(find(form.name), form))
    .flatMap((form) => applySet([form], { kind: "wanted", isWhole: false }, COST.applyPart, find, applications) ?? []);
}

export function applyBundle(
  { bundle, forms, strayCount }: BundleForms,
  { isUseful }: Usefulness,
  find: Find,
  applications: Applications,
): Move | null {
  if (!forms.some((form) => isUseful(find(form.name), form))) return null;
  const origin: Origin = { kind: "bundle", candidates: [bundle], isWhole: true };
  return applySet(forms, origin, COST.between + strayCount * COST.stray, find, applications);
}

export function applyBundleParts(
  { between }: Forms,
  { isUseful }: Usefulness,
  find: Find,
  applications: Applications,
): readonly Move[] {
  return [...between]
    .flatMap(([name, forms]) => forms.filter((form) => isUseful(find(name), form)))
    .flatMap((form) => {
      const origin: Origin = { kind: "bundle", candidates: form.bundles, isWhole: false };
      return applySet([form], origin, COST.between, find, applications) ?? [];
    });
}

function applySet(forms: readonly Form[], origin: Origin, base: number, find: Find, applications: Applications): Move | null {
  const deeds: Deed[] = [];
  let cost = base;
  for (const form of forms) {
    const application = applications(find(form.name), form);
    if (application === null) return null;
    if (application === "in-place") continue;
    deeds.push(...application.deeds);
    cost += application.cost;
  }
  const [first, ...others] = deeds;
  return first === undefined ? null : { kind: "apply", origin, deeds: [first, ...others], cost };
}
