/** @file What it costs to hold objects against schemas, beside reviews that go on. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { decodeReview } from "../../src/admission/decode.ts";
import type { FitCheck } from "../../src/crd/schema/looks.ts";
import { isRecord } from "../../src/crd/is-record.ts";
import { openExamination } from "../../src/objects/examine.ts";
import type { ExaminerQuestion } from "../../src/objects/examiner.ts";
import { createSchemaCache } from "../../src/objects/schema-cache.ts";
import { createWorkerExaminer } from "../../src/objects/worker-examiner.ts";
import { reviewOfSize } from "./reviews.ts";
import { HTTP_ROUTE_SCHEMA, httpRoute } from "./http-routes.ts";

export interface FitRow {
  readonly title: string;
  readonly objectsPerSecond: number;
  readonly ratio: number;
  readonly compileMilliseconds: number;
}

const OBJECTS = 10_000;
const PAGE = 500;
const ROUNDS = 5;

/** Parsed, pruned, with defaults, validated and counted; against parsed and validated by ajv, which knows nothing of the rest. */
export function measureFit(): readonly FitRow[] {
  const pages = routePages();
  const compiledAt = performance.now();
  const examination = openExamination(QUESTION, createSchemaCache());
  const ourCompile = performance.now() - compiledAt;
  const ajvAt = performance.now();
  const validate = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(plainSchema(HTTP_ROUTE_SCHEMA));
  const ajvCompile = performance.now() - ajvAt;

  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(
      timed(() => {
        for (const page of pages) {
          const { items } = JSON.parse(page.toString("utf8")) as { readonly items: readonly unknown[] };
          if (!items.every((item) => validate(item))) throw new Error("all are valid");
        }
      }),
    );
    ours.push(
      timed(() => {
        for (const page of pages) examination.addPage(page);
      }),
    );
  }
  const { rejections, losses } = examination.tally();
  if (rejections.length + losses.length > 0) throw new Error("nothing is wrong with them");
  return [
    row("parsed, and validated by ajv", median(bare), median(bare), ajvCompile),
    row("examined: parsed, pruned, defaulted, validated", median(ours), median(bare), ourCompile),
  ];
}

export interface BesideRow {
  readonly title: string;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly reviews: number;
}

/** How late a review of 90 kB is done that comes every 5 ms, while the worker examines without a pause, and while it does not. */
export async function measureBeside(): Promise<readonly BesideRow[]> {
  const quiet = await reviewsDuring("nothing else", wait(3_000));
  const pages = routePages();
  const examiner = createWorkerExaminer();
  const examination = await examiner.open(QUESTION);
  const examined = (async () => {
    for (let round = 0; round < 3; round += 1) for (const page of pages) await examination.addPage(new Uint8Array(page));
  })();
  const busy = await reviewsDuring("30,000 objects examined", examined);
  await examiner.close();
  return [quiet, busy];
}

/** Of this process, with the twenty largest schemas read; null where there are no CRDs at hand. */
export async function measureSchemaMemory(): Promise<{
  readonly schemas: number;
  readonly megabytes: number;
  readonly mebibytes: number;
} | null> {
  const folder = process.env["CRDGUARD_BENCH_CRDS"];
  if (folder === undefined || !existsSync(folder)) return null;
  const texts = (await schemaTexts(folder)).toSorted((left, right) => right.length - left.length).slice(0, 20);
  const cache = createSchemaCache();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (const text of texts) {
    const written = { kind: "json", text } as const;
    const checks: FitCheck[] = [{ version: "v1", before: written, after: written, isValidated: true, prunedAs: "stored" }];
    openExamination({ ...QUESTION, checks }, cache);
  }
  globalThis.gc?.();
  return {
    schemas: texts.length,
    megabytes: texts.reduce((sum, text) => sum + text.length, 0) / 1e6,
    mebibytes: (process.memoryUsage().heapUsed - before) / 2 ** 20,
  };
}

const WRITTEN = { kind: "json", text: JSON.stringify(HTTP_ROUTE_SCHEMA) } as const;

const QUESTION: ExaminerQuestion = {
  apiGroup: "gateway.networking.k8s.io",
  kind: "HTTPRoute",
  checks: [{ version: "v1", before: WRITTEN, after: WRITTEN, isValidated: true, prunedAs: "stored" }],
};

function routePages(): readonly Buffer[] {
  return Array.from({ length: OBJECTS / PAGE }, (_, page) => {
    const items = Array.from({ length: PAGE }, (__, index) => httpRoute(page * PAGE + index));
    return Buffer.from(JSON.stringify({ metadata: {}, items }));
  });
}

/** What ajv takes of it: nullable as it is, without formats and what Kubernetes alone knows. */
function plainSchema(schema: unknown): object {
  return JSON.parse(
    JSON.stringify(schema, (keyword, value: unknown) => (keyword.startsWith("x-") ? undefined : value)),
  ) as object;
}

async function reviewsDuring(title: string, work: Promise<unknown>): Promise<BesideRow> {
  const body = reviewOfSize(90_000);
  const times: number[] = [];
  let isOver = false;
  void work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const due = performance.now() + 5;
    await wait(5);
    decodeReview(body);
    times.push(performance.now() - due);
  }
  await work;
  times.sort((left, right) => left - right);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0;
  return { title, p50Milliseconds: at(0.5), p99Milliseconds: at(0.99), reviews: times.length };
}

async function schemaTexts(folder: string): Promise<readonly string[]> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".yaml"));
  const texts = new Set<string>();
  for (const file of files) {
    const crd: unknown = parse(await readFile(join(folder, file), "utf8"));
    const spec = isRecord(crd) && isRecord(crd["spec"]) ? crd["spec"] : {};
    for (const version of Array.isArray(spec["versions"]) ? spec["versions"] : []) {
      texts.add(JSON.stringify(version?.schema?.openAPIV3Schema));
    }
  }
  return [...texts];
}

function row(title: string, milliseconds: number, bare: number, compileMilliseconds: number): FitRow {
  return { title, objectsPerSecond: (OBJECTS / milliseconds) * 1_000, ratio: bare / milliseconds, compileMilliseconds };
}

function timed(run: () => void): number {
  const startedAt = performance.now();
  run();
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}
