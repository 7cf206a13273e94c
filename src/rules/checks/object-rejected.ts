/** @file Finds live objects that the new schema of a version refuses, and that the old one took. */
import type { Crd } from "../../crd/crd.ts";
import { readableVersion } from "../../crd/versions.ts";
import type { FitLook } from "../facts.ts";
import type { Remedy, RejectionCause, RuleFinding } from "../finding.ts";
import { isNonEmpty } from "../hurt.ts";
import { acrossVersions, doubtAboutObjects, fitNeeded, MAX_TOLD, sizeOf, stayOnBundle } from "../live-objects.ts";
import { defineRule } from "../rule.ts";

/**
 * The API server changes a schema without a look at what is stored. Objects that do not fit stay, and are read as they are; what
 * becomes of a write hangs on validation ratcheting: unchanged parts of an object pass an update, but neither a create, nor a
 * restore, nor a change of what stands around them.
 * Source: Kubernetes, "Validation rules", section "Validation ratcheting"; kubernetes-sigs/gateway-api#3200 (supportedFeatures).
 */
export const objectRejected = defineRule({
  id: "object-rejected",
  defaultEnforcement: "deny",
  evidence: fitNeeded,
  find({ change, facts: { fit } }) {
    if (change.kind !== "update") return [];

    const { previous, next } = change;
    const doubt = doubtAboutObjects(previous, fit);
    return fit.kind === "looked" ? [...rejected(previous, next, fit), ...failedRules(fit), ...doubt] : doubt;
  },
});

function rejected(previous: Crd, next: Crd, fit: FitLook): readonly RuleFinding[] {
  const causes = acrossVersions(fit.rejections, ({ path, message }) => JSON.stringify([path, message])).map(
    ({ first: { path, message }, versions, objectCount, examples }): RejectionCause => ({
      versions,
      path,
      message,
      objectCount,
      examples,
    }),
  );
  const told = causes.slice(0, MAX_TOLD);
  if (!isNonEmpty(told)) return [];
  const [{ versions }] = told;
  return [
    {
      field: `spec.versions[${versions[0]}].schema`,
      fact: {
        kind: "object-rejected",
        objectCount: Math.max(fit.rejectedCount, told[0].objectCount),
        causes: told,
        isRatcheted: causes.every(({ message }) => message !== NOT_RATCHETED),
        otherCauseCount: causes.length - told.length,
        look: sizeOf(fit),
      },
      remedies: remediesFor(previous, next, told[0]),
    },
  ];
}

/**
 * A list that was of texts and is a map of objects from now on: no write passes, not even of the status or of finalizers. All else is
 * ratcheted. Source: tried on kube-apiserver 1.35 (test/e2e/live-objects.test.ts); the words are those of
 * k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype, ValidateListSetsAndMaps.
 */
const NOT_RATCHETED = "must be an object for an array of list-type map";

function remediesFor(previous: Crd, next: Crd, { versions, path }: RejectionCause): readonly Remedy[] {
  const readIn = readableVersion(previous);
  return [
    ...(readIn === null ? [] : [{ kind: "correct-objects", crd: previous, readIn, path } as const]),
    { kind: "keep-accepting", versions, path },
    ...stayOnBundle(previous, next),
  ];
}

/** Rules that are evaluated by another program than the API server's are advice. */
function failedRules(fit: FitLook): readonly RuleFinding[] {
  const { failedRules: failed, unevaluatedRules: unevaluated, objectCount } = fit;
  const [toldFailed, toldUnevaluated] = [failed.slice(0, MAX_TOLD), unevaluated.slice(0, MAX_TOLD)];
  return [
    ...(isNonEmpty(toldFailed)
      ? [
          {
            field: `spec.versions[${toldFailed[0].version}].schema`,
            fact: {
              kind: "object-rules-failed",
              rules: toldFailed,
              otherRuleCount: failed.length - toldFailed.length,
              look: sizeOf(fit),
            },
            remedies: [],
            isAdvisory: true,
          } as const,
        ]
      : []),
    // Where there are no objects, no rule is of any account.
    ...(isNonEmpty(toldUnevaluated) && objectCount > 0
      ? [
          {
            field: `spec.versions[${toldUnevaluated[0].version}].schema`,
            fact: {
              kind: "object-rules-unevaluated",
              rules: toldUnevaluated,
              otherRuleCount: unevaluated.length - toldUnevaluated.length,
            },
            remedies: [],
            isAdvisory: true,
          } as const,
        ]
      : []),
  ];
}
