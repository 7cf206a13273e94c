/** @file The port to whoever examines objects: `worker-examiner.ts` does it beside the event loop. */
import type { FitCheck } from "../crd/schema/looks.ts";
import type { FailedCelRule, Loss, Rejection, UnevaluatedCelRule } from "../rules/facts.ts";

export interface Examiner {
  /** Compiles what is not compiled yet. Rejects where the worker is broken. */
  open(question: ExaminerQuestion): Promise<Examination>;
  close(): Promise<void>;
}

export interface ExaminerQuestion {
  readonly apiGroup: string;
  readonly kind: string;
  /** Of the look; `readIn` is for whoever lists. */
  readonly checks: readonly FitCheck[];
}

export interface Examination {
  /**
   * @param page a list of objects, JSON as the API server sends it; it is transferred, and empty afterwards.
   * @returns what goes on with listing; rejects where it is no list, or has more than `MAX_PAGE_BYTES`.
   */
  addPage(page: Uint8Array): Promise<PageLook>;
  /** The same, of objects that are at hand. */
  addObjects(objects: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  tally(): Promise<FitTally>;
  close(): void;
}

/**
 * A page that is larger is to be asked for with a smaller limit; one object has at most 3 MB. V8 parses JSON without a look at the
 * limit of its heap, and ends the whole process where that is not enough: the worst of JSON, `{}` and a comma, takes some twenty
 * times its length.
 */
export const MAX_PAGE_BYTES = 16 * 2 ** 20;

export interface PageLook {
  readonly objectCount: number;
  /** `metadata.continue`; null on the last page. */
  readonly continueToken: string | null;
  /** `metadata.remainingItemCount`; null where the API server does not say. */
  readonly remainingCount: number | null;
}

export interface FitTally {
  readonly objectCount: number;
  /** Of which some version would refuse so many, each for at least one cause. */
  readonly rejectedCount: number;
  /** Of which so many would lose at least one field. */
  readonly losingCount: number;
  /** Most objects first; of each sort at most `MAX_CAUSES`. */
  readonly rejections: readonly Rejection[];
  readonly losses: readonly Loss[];
  readonly failedRules: readonly FailedCelRule[];
  readonly unevaluatedRules: readonly UnevaluatedCelRule[];
  /** Causes that are not among these, of all sorts. */
  readonly untoldCauses: number;
}

/** How examining ends where it goes wrong. `message`: a sentence's end, for whoever tells why nothing is known. */
export class ExaminerError extends Error {
  override readonly name = "ExaminerError";
  readonly code: ExaminerErrorCode;

  constructor(code: ExaminerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type ExaminerErrorCode =
  | "examiner-closed"
  | "list-unreadable"
  | "object-too-deep"
  | "page-too-large"
  | "schema-unreadable"
  | "worker-died"
  | "worker-out-of-memory";
