/** @file Runs in a thread of its own, and examines what it is sent. */
import { parentPort } from "node:worker_threads";
import { type OpenExamination, openExamination } from "./examine.ts";
import { ExaminerError } from "./examiner.ts";
import { createSchemaCache } from "./schema-cache.ts";
import type { WorkerAnswer, WorkerRequest } from "./worker-messages.ts";

const schemas = createSchemaCache();
const examinations = new Map<number, OpenExamination>();

parentPort?.on("message", (request: WorkerRequest) => {
  if (request.kind === "close") examinations.delete(request.examination);
  else parentPort?.postMessage(answer(request), []);
});

/** What is no expected failure ends the worker, and whoever waits is told. */
function answer(request: Exclude<WorkerRequest, { kind: "close" }>): WorkerAnswer {
  try {
    if (request.kind === "open") {
      examinations.set(request.examination, openExamination(request.question, schemas));
      return { kind: "done" };
    }
    const examination = examinations.get(request.examination);
    if (examination === undefined) return { kind: "failed", code: "examiner-closed", message: "the examination is closed" };
    if (request.kind === "page") return { kind: "page", look: examination.addPage(request.page) };
    if (request.kind === "tally") return { kind: "tally", tally: examination.tally() };
    examination.addObjects(request.objects);
    return { kind: "done" };
  } catch (error) {
    if (!(error instanceof ExaminerError)) throw error;
    return { kind: "failed", code: error.code, message: error.message };
  }
}
