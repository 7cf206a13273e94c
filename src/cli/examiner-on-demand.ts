/** @file Whoever examines live objects, loaded with the first change that needs it: most changes need none. */
import type { Examiner } from "../objects/examiner.ts";

export interface ExaminerOnDemand {
  readonly open: () => Promise<Examiner>;
  /** Its worker ends. */
  close(): Promise<void>;
}

export function examinerOnDemand(): ExaminerOnDemand {
  let opened: Promise<Examiner> | null = null;
  return {
    open() {
      opened ??= import("../objects/worker-examiner.ts").then(({ createWorkerExaminer }) => createWorkerExaminer());
      return opened;
    },
    async close() {
      await (await opened)?.close();
    },
  };
}
