import { afterEach, describe, expect, it } from "vitest";
import { type Examination, type Examiner, type ExaminerQuestion, MAX_PAGE_BYTES } from "../../../src/objects/examiner.ts";
import { createWorkerExaminer } from "../../../src/objects/worker-examiner.ts";
import { gear, written } from "./schemas.ts";

const QUESTION: ExaminerQuestion = {
  apiGroup: "own.dev",
  kind: "Gear",
  checks: [
    {
      version: "v1",
      before: written({ type: "object", properties: { teeth: { type: "integer" } } }),
      after: written({ type: "object", properties: {}, "x-kubernetes-preserve-unknown-fields": true, maxProperties: 1 }),
      isValidated: true,
      prunedAs: "stored",
    },
  ],
};

const opened: Examiner[] = [];

function examiner(options: Parameters<typeof createWorkerExaminer>[0] = {}): Examiner {
  const made = createWorkerExaminer(options);
  opened.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

function page(...specs: readonly string[]): Uint8Array {
  const items = specs.map((spec) => `{"metadata":{"name":"g"},"spec":${spec}}`);
  return new TextEncoder().encode(`{"metadata":{"continue":"next"},"items":[${items.join(",")}]}`);
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "none",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );
}

describe("an examiner in a worker", () => {
  it("examines pages and objects, which it takes over", async () => {
    const examination = await examiner().open(QUESTION);
    const bytes = page('{"teeth":1,"more":2}', "{}");

    expect(await examination.addPage(bytes)).toEqual({ objectCount: 2, continueToken: "next", remainingCount: null });
    await examination.addObjects(Array.from({ length: 120 }, () => gear('{"a":1,"b":2}')));

    expect(bytes.byteLength).toBe(0);
    expect(await examination.tally()).toMatchObject({
      objectCount: 122,
      rejectedCount: 121,
      rejections: [{ path: "spec", message: "Too many: must have at most 1 item", objectCount: 121 }],
    });
  });

  it("leaves alone what else is in the buffer of a page", async () => {
    const examination = await examiner().open(QUESTION);
    const bytes = page("{}");
    const larger = new Uint8Array(bytes.byteLength + 10);
    larger.set(bytes, 5);

    await examination.addPage(larger.subarray(5, 5 + bytes.byteLength));

    expect(larger.byteLength).toBe(bytes.byteLength + 10);
  });

  it("tells of what it cannot read, and goes on", async () => {
    const examination = await examiner().open(QUESTION);

    expect(await codeOf(examination.addPage(new TextEncoder().encode("{")))).toBe("list-unreadable");
    expect(await examination.addPage(page("{}"))).toMatchObject({ objectCount: 1 });
  });

  it("tells of a schema that cannot be read, and leaves the place to others", async () => {
    const one = examiner({ maxOpen: 1 });
    const [check] = QUESTION.checks;
    if (check === undefined) throw new Error("there is one");

    expect(await codeOf(one.open({ ...QUESTION, checks: [{ ...check, after: { kind: "json", text: "{" } }] }))).toBe(
      "schema-unreadable",
    );
    expect(await (await one.open(QUESTION)).tally()).toMatchObject({ objectCount: 0 });
  });

  it("takes objects that are nested as deeply as the API server takes JSON", async () => {
    const examination = await examiner().open(QUESTION);
    const lists = `${"[".repeat(9_990)}${"]".repeat(9_990)}`;
    const objects = `${'{"a":'.repeat(9_990)}1${"}".repeat(9_990)}`;

    expect(await examination.addPage(page(lists, objects))).toMatchObject({ objectCount: 2 });
  });

  it("lets so many be open at a time, and others wait", async () => {
    const one = examiner({ maxOpen: 1 });
    const first = await one.open(QUESTION);
    let second: Examination | null = null;
    const waiting = one.open(QUESTION).then((examination) => {
      second = examination;
    });
    await first.addPage(page("{}"));
    expect(second).toBeNull();

    first.close();
    await waiting;

    expect(second).not.toBeNull();
    expect(await codeOf(first.tally())).toBe("examiner-closed");
  });

  it("takes no page that V8 could end the process over", async () => {
    const examination = await examiner().open(QUESTION);

    expect(await codeOf(examination.addPage(new Uint8Array(MAX_PAGE_BYTES + 1)))).toBe("page-too-large");
  });

  it("tells when objects take more memory than they may, and examines others in another worker", async () => {
    const small = examiner({ maxHeapMebibytes: 64 });
    const names = Array.from({ length: 40 }, (_, index) => `f${String(index)}`);
    const properties = Object.fromEntries(names.map((name) => [name, { type: "string", default: name }]));
    const after = written({ type: "array", items: { type: "object", properties } });
    const checks = [{ version: "v1", before: null, after, isValidated: true, prunedAs: null }];
    const examination = await small.open({ ...QUESTION, checks });

    expect(await codeOf(examination.addPage(page(`[${"{},".repeat(300_000)}{}]`)))).toBe("worker-out-of-memory");
    expect(await codeOf(examination.tally())).toBe("worker-out-of-memory");
    examination.close();
    expect(await (await small.open(QUESTION)).addPage(page("{}"))).toMatchObject({ objectCount: 1 });
  });

  it("tells of a fault of its own, and examines others in another worker", async () => {
    const one = examiner();
    const examination = await one.open(QUESTION);
    const [check] = QUESTION.checks;
    const faulty = { ...QUESTION, checks: [{ ...check, after: undefined }] } as never;

    expect(await codeOf(one.open(faulty))).toBe("worker-died");
    expect(await codeOf(examination.tally())).toBe("worker-died");
    expect(await (await one.open(QUESTION)).addPage(page("{}"))).toMatchObject({ objectCount: 1 });
  });

  it("ends a worker that has nothing to do, and starts another", async () => {
    const brief = examiner({ idleMilliseconds: 0 });
    for (let round = 0; round < 3; round += 1) {
      const examination = await brief.open(QUESTION);
      expect(await examination.addPage(page("{}"))).toMatchObject({ objectCount: 1 });
      examination.close();
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  });

  it("tells whoever waits that it is closed", async () => {
    const one = examiner({ maxOpen: 1 });
    const first = await one.open(QUESTION);
    const waiting = codeOf(one.open(QUESTION));
    const asked = codeOf(first.tally());

    await one.close();

    expect(await waiting).toBe("examiner-closed");
    expect(["none", "examiner-closed"]).toContain(await asked);
    expect(await codeOf(one.open(QUESTION))).toBe("examiner-closed");
  });
});
