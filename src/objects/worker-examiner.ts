/** @file Examines objects beside the event loop, in a worker that is there while it is needed. */
import { Worker } from "node:worker_threads";
import {
  type Examination,
  type Examiner,
  ExaminerError,
  type ExaminerQuestion,
  type FitTally,
  MAX_PAGE_BYTES,
  type PageLook,
} from "./examiner.ts";
import type { WorkerAnswer, WorkerRequest } from "./worker-messages.ts";

export interface WorkerExaminerOptions {
  /** Until a worker with nothing to do ends. */
  readonly idleMilliseconds?: number;
  /** Examinations that are open at a time; others wait. Each holds a page and a tally. */
  readonly maxOpen?: number;
  /** Of the worker's heap; past it the worker ends, and what it had open fails. */
  readonly maxHeapMebibytes?: number;
}

/** Starting one takes 40 ms, and a release applies its CRDs within seconds. */
const IDLE_MILLISECONDS = 30_000;
const MAX_OPEN = 4;
/** The largest page at its worst, and as many schemas as are kept. Hardly any look takes a tenth of it: see `npm run bench`. */
const MAX_HEAP_MEBIBYTES = 512;
/** Enough for 10,000 levels, which is as deep as the API server takes JSON (sigs.k8s.io/json, maxNestingDepth). Tried. */
const STACK_MEBIBYTES = 16;

/** Objects sent at once: to copy more than these takes too long beside other requests. */
const OBJECTS_AT_ONCE = 50;

export function createWorkerExaminer({
  idleMilliseconds = IDLE_MILLISECONDS,
  maxOpen = MAX_OPEN,
  maxHeapMebibytes = MAX_HEAP_MEBIBYTES,
}: WorkerExaminerOptions = {}): Examiner {
  let thread: Thread | null = null;
  let isClosed = false;
  let openCount = 0;
  let examinationCount = 0;
  let idleTimer: NodeJS.Timeout | null = null;
  const waiting: (() => void)[] = [];

  async function takePlace(): Promise<void> {
    if (isClosed) throw closedError();
    if (openCount >= maxOpen) await new Promise<void>((resolve) => waiting.push(resolve));
    else openCount += 1;
    if (isClosed) {
      leavePlace();
      throw closedError();
    }
  }

  function leavePlace(): void {
    const next = waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    openCount -= 1;
    if (openCount > 0 || thread === null) return;
    idleTimer = setTimeout(() => {
      void thread?.end();
      thread = null;
    }, idleMilliseconds).unref();
  }

  function runningThread(): Thread {
    if (idleTimer !== null) clearTimeout(idleTimer);
    idleTimer = null;
    if (thread === null || !thread.isAlive()) thread = startThread(maxHeapMebibytes);
    return thread;
  }

  return {
    async open(question) {
      await takePlace();
      const running = runningThread();
      examinationCount += 1;
      const number = examinationCount;
      const examination = examinationIn(running, number, leavePlace);
      try {
        await running.ask({ kind: "open", examination: number, question: plainQuestion(question) });
      } catch (error) {
        examination.close();
        throw error;
      }
      return examination;
    },
    async close() {
      isClosed = true;
      if (idleTimer !== null) clearTimeout(idleTimer);
      for (const next of waiting.splice(0)) {
        openCount += 1;
        next();
      }
      await thread?.end();
      thread = null;
    },
  };
}

/** Nothing else of a check may be copied to another thread. */
function plainQuestion({ apiGroup, kind, checks }: ExaminerQuestion): ExaminerQuestion {
  return {
    apiGroup,
    kind,
    checks: checks.map(({ version, before, after, isValidated, prunedAs }) => ({
      version,
      before,
      after,
      isValidated,
      prunedAs,
    })),
  };
}

function examinationIn(thread: Thread, examination: number, leavePlace: () => void): Examination {
  let isOpen = true;
  const ask = async <Kind extends WorkerAnswer["kind"]>(
    request: WorkerRequest,
    expected: Kind,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Extract<WorkerAnswer, { kind: Kind }>> => {
    if (!isOpen) throw closedError();
    const answer = await thread.ask(request, transfer);
    if (!isOfKind(answer, expected))
      throw new ExaminerError("worker-died", `the worker answered ${answer.kind} to ${request.kind}`);
    return answer;
  };
  return {
    async addPage(page): Promise<PageLook> {
      const { buffer, byteLength } = page;
      if (byteLength > MAX_PAGE_BYTES) {
        throw new ExaminerError(
          "page-too-large",
          `a page of objects has ${String(byteLength)} bytes, and may have ${String(MAX_PAGE_BYTES)}`,
        );
      }
      // Part of a larger buffer belongs to others too.
      const own = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? buffer : page.slice().buffer;
      return (await ask({ kind: "page", examination, page: new Uint8Array(own) }, "page", [own])).look;
    },
    async addObjects(objects): Promise<void> {
      for (let start = 0; start < objects.length; start += OBJECTS_AT_ONCE) {
        await ask({ kind: "objects", examination, objects: objects.slice(start, start + OBJECTS_AT_ONCE) }, "done");
      }
    },
    async tally(): Promise<FitTally> {
      return (await ask({ kind: "tally", examination }, "tally")).tally;
    },
    close(): void {
      if (!isOpen) return;
      isOpen = false;
      thread.tell({ kind: "close", examination });
      leavePlace();
    },
  };
}

function isOfKind<Kind extends WorkerAnswer["kind"]>(
  answer: WorkerAnswer,
  kind: Kind,
): answer is Extract<WorkerAnswer, { kind: Kind }> {
  return answer.kind === kind;
}

interface Thread {
  /** Rejects with an ExaminerError: what the worker could not do, or that it is gone. */
  ask(request: WorkerRequest, transfer?: readonly ArrayBuffer[]): Promise<WorkerAnswer>;
  tell(request: WorkerRequest): void;
  isAlive(): boolean;
  end(): Promise<void>;
}

interface Waiting {
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Keeps the process alive while somebody waits for it, and no longer. */
function startThread(maxHeapMebibytes: number): Thread {
  const worker = new Worker(workerFile(), {
    name: "crdguard-examiner",
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMebibytes, stackSizeMb: STACK_MEBIBYTES },
    // Neither flags of ours nor the environment, which may hold secrets, are its business.
    execArgv: [],
    env: {},
  });
  worker.unref();
  const waiting: Waiting[] = [];
  let death: ExaminerError | null = null;

  const die = (error: ExaminerError): void => {
    death ??= error;
    for (const { reject } of waiting.splice(0)) reject(death);
  };
  worker.on("message", (answer: WorkerAnswer) => {
    const first = waiting.shift();
    if (waiting.length === 0) worker.unref();
    if (answer.kind === "failed") first?.reject(new ExaminerError(answer.code, answer.message));
    else first?.resolve(answer);
  });
  worker.on("error", (error: unknown) => {
    die(deathOf(error, maxHeapMebibytes));
  });
  worker.on("exit", (code) => {
    die(new ExaminerError("worker-died", `the worker that examines objects ended with ${String(code)}`));
  });

  return {
    ask: (request, transfer = []) =>
      new Promise((resolve, reject) => {
        if (death !== null) {
          reject(death);
          return;
        }
        worker.postMessage(request, transfer);
        waiting.push({ resolve, reject });
        worker.ref();
      }),
    tell(request) {
      if (death === null) worker.postMessage(request, []);
    },
    isAlive: () => death === null,
    async end() {
      die(closedError());
      await worker.terminate();
    },
  };
}

/** Beside this file: a source beside sources, and bundled as this is. */
function workerFile(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "examiner-worker.ts" : "examiner-worker.js", import.meta.url);
}

function closedError(): ExaminerError {
  return new ExaminerError("examiner-closed", "objects are no longer examined, since the process ends");
}

function deathOf(error: unknown, maxHeapMebibytes: number): ExaminerError {
  if (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return new ExaminerError("worker-out-of-memory", `examining objects took more than ${String(maxHeapMebibytes)} MiB`);
  }
  return new ExaminerError(
    "worker-died",
    `the worker that examines objects failed: ${error instanceof Error ? error.message : String(error)}`,
  );
}
