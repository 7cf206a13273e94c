import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Crd } from "../../../../src/crd/crd.ts";
import { UNEXAMINED } from "../../../../src/cluster/fit-evidence.ts";
import { isRecord, listAt, memberAt, textAt } from "../../../../src/cluster/live/json.ts";
import { nextTokenOf } from "../../../../src/cluster/live/list-bytes.ts";
import { lookAtObjects, type ObjectLookOptions } from "../../../../src/cluster/live/look-at-objects.ts";
import type { Examination, Examiner, ExaminerQuestion } from "../../../../src/objects/examiner.ts";
import type { Loss } from "../../../../src/rules/facts.ts";
import { crd } from "../../../support/builders.ts";
import { isList, type StandIn, type StandInObject, startStandIn, status } from "./stand-in-api-server.ts";

const GEARS = "/apis/own.dev/v1/gears";
const OLD = { type: "object", properties: { size: { type: "integer" } } };
const NEW = { type: "object", properties: {} };

let server: StandIn;

beforeEach(async () => {
  server = await startStandIn();
});

afterEach(async () => {
  await server.close();
});

describe("looking at live objects", () => {
  it("reads all pages, and nothing but the objects of the CRD", async () => {
    server.collection(GEARS, { count: 1_200, make: gear });
    const told: string[] = [];
    const examiner = fakeExaminer();

    const evidence = await look({
      examiner,
      onProgress: (_crd, count, total) => told.push(`${String(count)} of ${String(total)}`),
    });

    expect(evidence).toMatchObject({
      kind: "looked",
      objectCount: 1_200,
      totalCount: 1_200,
      isComplete: true,
      losses: [{ version: "v1", path: "size", objectCount: 1_200 }],
    });
    expect(new Set(server.requests.map(({ path }) => path))).toEqual(new Set([GEARS]));
    expect(examiner.asked).toEqual([
      { apiGroup: "own.dev", kind: "Gear", checks: [expect.objectContaining({ version: "v1", prunedAs: "stored" })] },
    ]);
    expect(told.at(-1)).toBe("1200 of 1200");
    expect(examiner.openCount()).toBe(0);
  });

  it("asks for the next page while one is examined, and for no third", async () => {
    server.collection(GEARS, { count: 2_000, make: gear });
    const requestsAtPage: number[] = [];
    const examiner = fakeExaminer({
      onPage: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        requestsAtPage.push(server.requests.length);
      },
    });

    await look({ examiner });

    expect(Math.max(...requestsAtPage.map((requests, index) => requests - index))).toBeLessThanOrEqual(2);
    expect(requestsAtPage[0]).toBe(2);
  });

  it("asks nothing where no schema changes", async () => {
    const evidence = await look({ next: gears(OLD) });

    expect(evidence).toEqual({ kind: "not-looked" });
    expect(server.requests).toEqual([]);
  });

  it("counts what was seen until it must stop", async () => {
    server.collection(GEARS, { count: 5_000, make: gear });
    const stop = new AbortController();
    let pages = 0;
    const examiner = fakeExaminer({
      onPage: () => {
        pages += 1;
        if (pages === 2) stop.abort();
        return Promise.resolve();
      },
    });

    const evidence = await look({ examiner, signal: stop.signal });

    expect(evidence).toMatchObject({ kind: "looked", isComplete: false, totalCount: 5_000 });
    const seen = evidence.kind === "looked" ? evidence.objectCount : 0;
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(5_000);
    expect(evidence).toMatchObject({ losses: [{ objectCount: seen }] });
  });

  it("gives up waiting for an examiner that is still compiling", async () => {
    const examiner = fakeExaminer({ open: () => new Promise(() => undefined) });

    const evidence = await look({ examiner, signal: AbortSignal.timeout(20) });

    expect(evidence).toMatchObject({ kind: "looked", objectCount: 0, totalCount: null, isComplete: false });
  });

  it("goes on at a newer state where the API server has forgotten the list", async () => {
    server.collection(GEARS, { count: 600, make: gear });
    let isForgotten = false;
    server.answer(
      ({ query }) => {
        if (query["continue"] === undefined || query["continue"] === "fresh" || isForgotten) return false;
        isForgotten = true;
        return true;
      },
      { status: 410, body: { ...status(410, "too old"), metadata: { continue: "fresh" } } },
    );
    server.answer(({ query }) => query["continue"] === "fresh", { status: 200, body: list([gear(1), gear(2)], null) });

    expect(await look({})).toMatchObject({ isComplete: true, objectCount: 252 });
  });

  it("tells a lower bound where the list breaks off", async () => {
    server.collection(GEARS, { count: 600, make: gear }).expireContinueTokens(10);

    expect(await look({})).toMatchObject({ kind: "looked", isComplete: false, objectCount: 250, totalCount: 600 });
  });

  it("waits where the API server asks for it", async () => {
    server.collection(GEARS, { count: 3, make: gear });
    server.answer(isList, { status: 429, body: status(429, "slow down"), headers: { "retry-after": "0.01" } }, 2);

    expect(await look({})).toMatchObject({ isComplete: true, objectCount: 3 });
  });

  it("asks for fewer objects where a page is too large", async () => {
    server.collection(GEARS, { count: 40, make: (index) => ({ ...gear(index), padding: "x".repeat(1_000_000) }) });

    expect(await look({})).toMatchObject({ isComplete: true, objectCount: 40 });
    expect(server.requests.map(({ query }) => query["limit"]).slice(0, 2)).toEqual(["250", "31"]);
  });

  it.each([
    { title: "without the right", code: 403, evidence: { reason: "crdguard may not list gears.own.dev", isForbidden: true } },
    {
      title: "where the API server cannot",
      code: 500,
      evidence: { reason: "the API server could not list them in v1: conversion webhook failed" },
    },
  ])("tells why objects cannot be read: $title", async ({ code, evidence }) => {
    server.answer(isList, { status: code, body: status(code, "conversion webhook failed") });

    expect(await look({})).toEqual({ kind: "unreadable", ...evidence });
  });

  it("tells where the examiner is broken", async () => {
    const examiner = fakeExaminer({ open: () => Promise.reject(new Error("out of memory")) });

    expect(await look({ examiner })).toEqual({ kind: "unreadable", reason: "they could not be examined: out of memory" });
  });

  it("tells where the schemas of today are not known", async () => {
    expect(await look({ previous: crd({ served: ["v1"] }) })).toEqual({
      kind: "unreadable",
      reason: "the schemas of today could not be read",
    });
  });
});

describe("the continue token, found without parsing a page", () => {
  const tail = (metadata: object): string => `,"kind":"GearList","metadata":${JSON.stringify(metadata)}}`;
  it.each([
    { title: "of a page", page: `{"items":[{"a":[1]}]${tail({ continue: "abc=", resourceVersion: "1" })}`, token: "abc=" },
    { title: "of the last page", page: `{"items":[]${tail({ continue: "", resourceVersion: "1" })}\n`, token: null },
    { title: "of a last page that says nothing of it", page: `{"items":[]${tail({ resourceVersion: "1" })}`, token: null },
    {
      title: "not from within an object",
      page: `{"items":[{"metadata":{"continue":"forged"}}]${tail({ resourceVersion: "1" })}`,
      token: null,
    },
    { title: "not where metadata stands first", page: `{"metadata":{"continue":"abc"},"items":[{"a":[]}]}`, token: undefined },
    { title: "not of what is no list", page: `{"kind":"Status"}`, token: undefined },
  ])("$title", ({ page, token }) => {
    expect(nextTokenOf(new TextEncoder().encode(page))).toBe(token);
  });
});

interface LookShape extends Partial<Omit<ObjectLookOptions, "openExaminer">> {
  readonly examiner?: Examiner;
  readonly previous?: Crd;
  readonly next?: Crd;
  readonly signal?: AbortSignal;
}

function look({ examiner = fakeExaminer(), previous = gears(OLD), next = gears(NEW), signal, onProgress }: LookShape) {
  const options = { openExaminer: () => Promise.resolve(examiner), onProgress };
  return lookAtObjects(server.client, previous, next, options, signal ?? new AbortController().signal);
}

function gears(schema: Readonly<Record<string, unknown>>): Crd {
  return crd({ served: ["v1"], schemas: { v1: schema } });
}

function gear(index: number): StandInObject {
  return { apiVersion: "own.dev/v1", kind: "Gear", metadata: { name: `g${String(index)}`, namespace: "mill" }, size: index };
}

function list(items: readonly unknown[], token: string | null): Readonly<Record<string, unknown>> {
  return { kind: "GearList", items, metadata: { resourceVersion: "1", ...(token === null ? {} : { continue: token }) } };
}

interface FakeExaminer extends Examiner {
  readonly asked: readonly ExaminerQuestion[];
  openCount(): number;
}

/** Tells every object to lose its size. */
function fakeExaminer(
  ways: { readonly open?: () => Promise<Examination>; readonly onPage?: () => Promise<void> } = {},
): FakeExaminer {
  const asked: ExaminerQuestion[] = [];
  let openCount = 0;
  return {
    asked,
    openCount: () => openCount,
    open(question) {
      asked.push(question);
      if (ways.open !== undefined) return ways.open();
      openCount += 1;
      let objectCount = 0;
      return Promise.resolve({
        async addPage(page) {
          const body: unknown = JSON.parse(
            new TextDecoder().decode(structuredClone(page, { transfer: [page.buffer as ArrayBuffer] })),
          );
          if (!isRecord(body)) throw new Error("no list");
          await ways.onPage?.();
          const count = listAt(body, "items").length;
          objectCount += count;
          const remaining = memberAt(body, "metadata", "remainingItemCount");
          return {
            objectCount: count,
            continueToken: textAt(body, "metadata", "continue"),
            remainingCount: typeof remaining === "number" ? remaining : null,
          };
        },
        addObjects: () => Promise.resolve(),
        tally: () => {
          const loss: Loss = { version: "v1", role: "stored", path: "size", objectCount, examples: [] };
          return Promise.resolve({ ...UNEXAMINED.tally, objectCount, losingCount: objectCount, losses: [loss] });
        },
        close() {
          openCount -= 1;
        },
      });
    },
    close: () => Promise.resolve(),
  };
}
