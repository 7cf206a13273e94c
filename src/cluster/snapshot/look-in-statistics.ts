/** @file Holds what a snapshot tells of objects, which fields they set, against the schemas that their CRD is about to have. */
import type { Crd, WrittenSchema } from "../../crd/crd.ts";
import { compareSchemas } from "../../crd/schema/compare-schemas.ts";
import { directionOf } from "../../crd/schema/direction.ts";
import { type FitCheck, isUnformed, type Look, looksFor } from "../../crd/schema/looks.ts";
import { readSchema } from "../../crd/schema/read-schema.ts";
import { findVersion } from "../../crd/versions.ts";
import { lostFields } from "../../objects/lost-fields.ts";
import type { EvidenceSource, FitEvidence, Loss } from "../../rules/facts.ts";
import { fitEvidenceOf, type LookOutcome, UNEXAMINED } from "../fit-evidence.ts";
import type { CrdEvidence, FieldStatistics } from "./snapshot.ts";

/** @param previous with its forms, where the snapshot has them. */
export function lookInStatistics(
  { objects, fields }: CrdEvidence,
  previous: Crd,
  next: Crd,
  source: EvidenceSource,
): FitEvidence {
  const hasNone = objects.kind === "counted" && objects.isComplete && objects.total === 0;
  if (hasNone) return fitEvidenceOf([{ ...UNEXAMINED, totalCount: 0, isComplete: true }], 0, source);
  if (isUnformed(previous) && !isUnformed(next))
    return { kind: "unreadable", reason: fields === undefined ? NO_STATISTICS : NO_SCHEMAS };
  const looks = looksFor(previous, next);
  if (looks.length === 0) return { kind: "not-looked" };
  if (fields === undefined) return { kind: "unreadable", reason: NO_STATISTICS };
  const told = looks.map((look) => lookIn(fields, look, previous));
  const seconds = Math.max(0, ...fields.map((own) => (own.state === "read" ? own.seconds : 0)));
  const evidence = fitEvidenceOf(
    told.map(({ outcome }) => outcome),
    seconds,
    source,
  );
  if (evidence.kind !== "looked") return evidence;
  // Where there is no object, nothing can be wrong with it.
  const isInDoubt = evidence.totalCount !== 0 && told.some((one) => one.isInDoubt);
  return { ...evidence, outline: { isInDoubt } };
}

const NO_STATISTICS = "the snapshot holds no statistics of objects; take it with --objects";
const NO_SCHEMAS = "the snapshot holds no schemas of theirs";

interface Told {
  readonly outcome: LookOutcome;
  readonly isInDoubt: boolean;
}

function lookIn(fields: readonly FieldStatistics[], { readIn, checks }: Look, previous: Crd): Told {
  const own = fields.find(({ version }) => version === readIn);
  const readBy = findVersion(previous, readIn)?.form?.schema;
  if (own?.state !== "read" || readBy === undefined) {
    const reason = own?.state === "unreadable" ? own.reason : `the snapshot holds no statistics of objects in ${readIn}`;
    return { outcome: { ...UNEXAMINED, problem: { reason, isForbidden: false } }, isInDoubt: false };
  }
  const { objectCount, totalCount, isComplete } = own;
  const lost = checks.map((check) => lossesBy(check, own, readBy));
  const losses = lost.flatMap((one) => one.losses);
  const tally = {
    ...UNEXAMINED.tally,
    objectCount,
    // Of one field at least.
    losingCount: Math.max(0, ...losses.map((loss) => loss.objectCount)),
    losses,
  };
  return {
    outcome: { tally, objectCount, totalCount, isComplete, problem: null },
    isInDoubt: lost.some((one) => one.isInDoubt) || checks.some(mayRefuse),
  };
}

function lossesBy(
  { version, before, after, prunedAs }: FitCheck,
  fields: Extract<FieldStatistics, { readonly state: "read" }>,
  readBy: WrittenSchema,
): { readonly losses: readonly Loss[]; readonly isInDoubt: boolean } {
  if (prunedAs === null) return { losses: [], isInDoubt: false };
  const lost = lostFields(fields, readSchema(readBy), readSchema(before ?? readBy), readSchema(after));
  return {
    losses: lost.fields.map(({ path, objectCount }) => ({ version, role: prunedAs, path, objectCount, examples: [] })),
    isInDoubt: lost.isInDoubt,
  };
}

/** Fields that go away refuse nothing. */
function mayRefuse({ before, after, isValidated }: FitCheck): boolean {
  if (!isValidated) return false;
  if (before === null) return true;
  return compareSchemas(readSchema(before), readSchema(after)).some(
    (change) => change.kind !== "field-removed" && directionOf(change) === "narrows",
  );
}
