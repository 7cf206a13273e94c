/** @file Holds the live objects of a CRD against the schemas that it is about to have. */
import { setTimeout as wait } from "node:timers/promises";
import type { Crd } from "../../crd/crd.ts";
import { isUnformed, type Look, looksFor } from "../../crd/schema/looks.ts";
import type { Examination, Examiner } from "../../objects/examiner.ts";
import type { FitEvidence } from "../../rules/facts.ts";
import { fitEvidenceOf, type LookOutcome, UNEXAMINED } from "../fit-evidence.ts";
import type { ApiClient } from "./api-client.ts";
import type { ApiError } from "./api-error.ts";
import { listBytes } from "./list-bytes.ts";
import { whyUnlisted } from "./list-metadata.ts";

export interface ObjectLookOptions {
  /** Opened with the first look: most changes need none. */
  readonly openExaminer: () => Promise<Examiner>;
  /** Objects looked at so far, and all there are in the version being read, as far as the API server says; once a page. */
  readonly onProgress?: ((crd: Crd, objectCount: number, totalCount: number | null) => void) | undefined;
}

/**
 * Objects of the CRD are read and no others, a page at a time. Never rejects: what goes wrong before an object was seen is
 * `unreadable`, and what was seen until `signal` or an error counts.
 * @param previous with its forms.
 */
export async function lookAtObjects(
  client: Pick<ApiClient, "requestBytes">,
  previous: Crd,
  next: Crd,
  options: ObjectLookOptions,
  signal: AbortSignal,
): Promise<FitEvidence> {
  if (isUnformed(previous) && !isUnformed(next)) return { kind: "unreadable", reason: "the schemas of today could not be read" };
  const looks = looksFor(previous, next);
  if (looks.length === 0) return { kind: "not-looked" };
  const begun = performance.now();
  const outcomes: LookOutcome[] = [];
  try {
    const examiner = await options.openExaminer();
    for (const look of looks) outcomes.push(await lookOnce(client, previous, look, examiner, options, signal));
  } catch (error) {
    return {
      kind: "unreadable",
      reason: `they could not be examined: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  return fitEvidenceOf(outcomes, (performance.now() - begun) / 1_000, { kind: "cluster" });
}

async function lookOnce(
  client: Pick<ApiClient, "requestBytes">,
  crd: Crd,
  { readIn, checks }: Look,
  examiner: Examiner,
  { onProgress }: ObjectLookOptions,
  signal: AbortSignal,
): Promise<LookOutcome> {
  const opening = examiner.open({ apiGroup: crd.group, kind: crd.kind, checks });
  const examination = await untilAborted(opening, signal, 0);
  if (examination === null) {
    opening.then(
      (late) => {
        late.close();
      },
      () => undefined,
    );
    return UNEXAMINED;
  }
  try {
    return await examinePages(client, crd, readIn, examination, onProgress, signal);
  } finally {
    examination.close();
  }
}

async function examinePages(
  client: Pick<ApiClient, "requestBytes">,
  crd: Crd,
  readIn: string,
  examination: Examination,
  onProgress: ObjectLookOptions["onProgress"],
  signal: AbortSignal,
): Promise<LookOutcome> {
  let objectCount = 0;
  let totalCount: number | null = null;
  const error = await listBytes(client, {
    path: `/apis/${crd.group}/${readIn}/${crd.plural}`,
    signal,
    async onPage(page) {
      const look = await untilAborted(examination.addPage(page), signal, GRACE_MILLISECONDS);
      if (look === null) return null;
      objectCount += look.objectCount;
      const remaining = look.continueToken === null ? 0 : look.remainingCount;
      if (remaining !== null) totalCount = objectCount + remaining;
      onProgress?.(crd, objectCount, totalCount);
      return look;
    },
  });
  const isComplete = error === null;
  if (!isComplete && objectCount === 0 && !signal.aborted) return { ...UNEXAMINED, problem: problemOf(error, crd, readIn) };
  const tally = await untilAborted(examination.tally(), signal, GRACE_MILLISECONDS);
  return {
    tally: tally ?? UNEXAMINED.tally,
    objectCount,
    totalCount: isComplete ? objectCount : totalCount,
    isComplete: isComplete && tally !== null,
    problem: null,
  };
}

/** What was read before the time was over is still being examined then, a page at most: 500 objects at 5,000 a second, and as long again. */
const GRACE_MILLISECONDS = 200;

/** Null where the signal came, and the time after it passed, before the work was done. @throws what the work rejects with. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal, graceMilliseconds: number): Promise<T | null> {
  const done = new AbortController();
  const over = (async () => {
    if (!signal.aborted) {
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve, { once: true, signal: done.signal });
        done.signal.addEventListener("abort", resolve, { once: true });
      });
    }
    if (!done.signal.aborted) await wait(graceMilliseconds, null, { signal: done.signal }).catch(() => null);
    return null;
  })();
  try {
    return await Promise.race([work, over]);
  } finally {
    done.abort();
  }
}

function problemOf(error: ApiError, crd: Crd, version: string): LookOutcome["problem"] {
  return { reason: whyUnlisted(error, crd, version), isForbidden: error.code === "forbidden" };
}
