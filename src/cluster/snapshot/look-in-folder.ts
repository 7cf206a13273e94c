/** @file Holds the objects of a folder against the schemas that their CRD is about to have. */
import type { Crd } from "../../crd/crd.ts";
import { looksFor } from "../../crd/schema/looks.ts";
import type { Examiner } from "../../objects/examiner.ts";
import type { EvidenceSource, FitEvidence } from "../../rules/facts.ts";
import { fitEvidenceOf, type LookOutcome, UNEXAMINED } from "../fit-evidence.ts";

/** An object of the CRD, in whichever version its manifest has it. */
export type FolderObject = Readonly<Record<string, unknown>>;

/**
 * Where conversion changes `apiVersion` alone, each object can be read in every version; a webhook that a folder does not have
 * converts none, so that each is looked at in its own. Never rejects; what was seen until `signal` counts.
 */
export async function lookInFolder(
  objects: readonly FolderObject[],
  previous: Crd,
  next: Crd,
  source: EvidenceSource,
  signal: AbortSignal,
  openExaminer: () => Promise<Examiner> = startExaminer,
): Promise<FitEvidence> {
  const looks = looksFor(previous, next);
  if (looks.length === 0) return { kind: "not-looked" };
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1_000;
  // A worker takes some 40 ms to start, which a folder without such objects is not worth.
  if (objects.length === 0) return fitEvidenceOf([{ ...UNEXAMINED, totalCount: 0, isComplete: true }], seconds(), source);
  const isConverted = [previous, next].some(({ conversion }) => conversion.kind === "webhook");
  try {
    const examiner = await openExaminer();
    try {
      const outcomes: LookOutcome[] = [];
      for (const { readIn, checks } of looks) {
        const own = isConverted ? objects.filter((object) => object["apiVersion"] === `${previous.group}/${readIn}`) : objects;
        const examination = await examiner.open({ apiGroup: previous.group, kind: previous.kind, checks });
        let seen = 0;
        while (seen < own.length && !signal.aborted) {
          const some = own.slice(seen, seen + AT_ONCE);
          await examination.addObjects(some);
          seen += some.length;
        }
        const tally = await examination.tally();
        outcomes.push({ tally, objectCount: seen, totalCount: own.length, isComplete: seen === own.length, problem: null });
        examination.close();
      }
      return fitEvidenceOf(outcomes, seconds(), source);
    } finally {
      await examiner.close();
    }
  } catch (error) {
    return {
      kind: "unreadable",
      reason: `they could not be examined: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** Between looks at the clock. */
const AT_ONCE = 200;

async function startExaminer(): Promise<Examiner> {
  const { createWorkerExaminer } = await import("../../objects/worker-examiner.ts");
  return createWorkerExaminer();
}
