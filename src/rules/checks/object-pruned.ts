/** @file Finds fields of live objects that the new schemas do not know. */
import type { Crd } from "../../crd/crd.ts";
import { readableVersion } from "../../crd/versions.ts";
import type { FitLook, Loss } from "../facts.ts";
import type { FieldLoss, Remedy, RuleFinding } from "../finding.ts";
import { isNonEmpty } from "../hurt.ts";
import { acrossVersions, doubtAboutObjects, fitNeeded, MAX_TOLD, sizeOf, stayOnBundle } from "../live-objects.ts";
import { defineRule } from "../rule.ts";

/**
 * What no schema knows is cut off without a word: at every read by the schema of the version that the object is stored in, and
 * for good by the next write, be it a status or a finalizer. An apply that names the field only warns. A downgrade, or the way from
 * an experimental to a standard channel, loses data in this manner.
 * Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions", section "Field pruning".
 */
export const objectPruned = defineRule({
  id: "object-pruned",
  defaultEnforcement: "deny",
  evidence: fitNeeded,
  find({ change, facts: { fit } }) {
    if (change.kind !== "update") return [];

    const { previous, next } = change;
    if (fit.kind !== "looked") return doubtAboutObjects(previous, fit);
    // What every write loses needs not be told of writes in one version.
    const always = fieldsOf(fit.losses.filter(({ role }) => role === "stored"));
    const paths = new Set(always.map(({ path }) => path));
    const sometimes = fieldsOf(fit.losses.filter(({ role, path }) => role === "served" && !paths.has(path)));
    return [
      ...pruned("stored", always, previous, next, fit),
      ...pruned("served", sometimes, previous, next, fit),
      ...doubtAboutObjects(previous, fit),
    ];
  },
});

function fieldsOf(losses: readonly Loss[]): readonly FieldLoss[] {
  return acrossVersions(losses, ({ path }) => path).map(({ first: { path }, versions, objectCount, examples }) => ({
    versions,
    path,
    objectCount,
    examples,
  }));
}

function pruned(
  role: Loss["role"],
  fields: readonly FieldLoss[],
  previous: Crd,
  next: Crd,
  fit: FitLook,
): readonly RuleFinding[] {
  const told = fields.slice(0, MAX_TOLD);
  if (!isNonEmpty(told)) return [];
  const [first] = told;
  return [
    {
      field: `spec.versions[${first.versions[0]}].schema`,
      fact: {
        kind: "object-pruned",
        role,
        // Of fields of one sort alone it is known how many objects set any of them.
        objectCount: fit.losses.every((loss) => fields.some(({ path }) => path === loss.path))
          ? Math.max(fit.losingCount, first.objectCount)
          : first.objectCount,
        fields: told,
        otherFieldCount: fields.length - told.length,
        look: sizeOf(fit),
      },
      remedies: remediesFor(previous, next, first),
    },
  ];
}

function remediesFor(previous: Crd, next: Crd, { versions, path }: FieldLoss): readonly Remedy[] {
  const readIn = readableVersion(previous);
  return [
    ...stayOnBundle(previous, next),
    { kind: "keep-field", versions, path },
    ...(readIn === null ? [] : [{ kind: "take-out-fields", crd: previous, readIn, path } as const]),
    { kind: "back-up-first", crd: previous },
  ];
}
