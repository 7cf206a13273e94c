/** @file What the examiner and its worker say to each other. */
import type { ExaminerErrorCode, ExaminerQuestion, FitTally, PageLook } from "./examiner.ts";
import type { JsonObject } from "./with-member.ts";

/** `examination`: a number that the examiner gives. Every request but `close` is answered once. */
export type WorkerRequest =
  | { readonly kind: "open"; readonly examination: number; readonly question: ExaminerQuestion }
  | { readonly kind: "page"; readonly examination: number; readonly page: Uint8Array }
  | { readonly kind: "objects"; readonly examination: number; readonly objects: readonly JsonObject[] }
  | { readonly kind: "tally"; readonly examination: number }
  | { readonly kind: "close"; readonly examination: number };

/** In the order of requests. */
export type WorkerAnswer =
  | { readonly kind: "done" }
  | { readonly kind: "page"; readonly look: PageLook }
  | { readonly kind: "tally"; readonly tally: FitTally }
  | { readonly kind: "failed"; readonly code: ExaminerErrorCode; readonly message: string };
