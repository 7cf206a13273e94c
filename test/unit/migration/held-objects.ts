/** @file A CRD and its objects in memory, behind the client's own interface: pages, conflicts, and failures on demand. */
import type { ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import { type ApiError, errorOfAnswer } from "../../../src/cluster/live/api-error.ts";
import { isRecord, memberAt, textAt } from "../../../src/cluster/live/json.ts";
import type { Timing } from "../../../src/cluster/live/timing.ts";

interface Held {
  readonly uid: string;
  storedIn: string;
  resourceVersion: number;
  annotations: Readonly<Record<string, string>>;
}

type Answer = { readonly status: number; readonly message?: string; readonly retryAfter?: string } | "no answer";

export interface HeldObjects {
  readonly client: {
    readonly request: (request: ApiRequest) => Promise<ApiResult>;
    readonly serverTime: () => Date | null;
  };
  readonly timing: Timing & { readonly slept: readonly number[] };
  readonly objects: ReadonlyMap<string, Held>;
  /** Most writes under way at a time; most objects that were listed ahead of writes. */
  readonly seen: { mostWrites: number; writes: number; lists: number };
  /** Answers what matches, so many times, in place of what is held. */
  answer(matches: (request: ApiRequest) => boolean, answer: Answer, times?: number): void;
  changeDefinition(): void;
  readonly storedVersions: () => readonly string[];
}

/** Objects of `gears.own.dev`, all stored in v1alpha1, while v1 is the storage version. */
export function holdObjects(count: number): HeldObjects {
  let clock = 100;
  let generation = 2;
  let storedVersions: readonly string[] = ["v1alpha1", "v1"];
  let annotations: Record<string, unknown> = {};
  const objects = new Map<string, Held>();
  for (let index = 0; index < count; index += 1) {
    clock += 1;
    objects.set(`g${String(index).padStart(6, "0")}`, {
      uid: `u${String(index)}`,
      storedIn: "v1alpha1",
      resourceVersion: clock,
      annotations: {},
    });
  }
  const rules: { readonly matches: (request: ApiRequest) => boolean; readonly answer: Answer; left: number }[] = [];
  const seen = { mostWrites: 0, writes: 0, lists: 0 };
  let underWay = 0;
  const slept: number[] = [];
  let now = 0;

  async function request(asked: ApiRequest): Promise<ApiResult> {
    const isWrite = asked.method === "PATCH" && asked.path.includes("/gears/");
    if (isWrite) {
      underWay += 1;
      seen.writes += 1;
      seen.mostWrites = Math.max(seen.mostWrites, underWay);
    }
    // As the network has it: others come in between.
    await new Promise((resolve) => setImmediate(resolve));
    if (isWrite) underWay -= 1;
    const rule = rules.find(({ matches, left }) => left > 0 && matches(asked));
    if (rule === undefined) return answerFor(asked);
    rule.left -= 1;
    if (rule.answer === "no answer") return { ok: false, error: { code: "unreachable", status: null, message: "reset" } };
    const { status, message = "refused", retryAfter } = rule.answer;
    return { ok: false, error: errorOfAnswer(status, { message }, retryAfter) };
  }

  function answerFor({ method, path, query = {}, body }: ApiRequest): ApiResult {
    if (path.startsWith("/apis/apiextensions.k8s.io")) return definitionFor(method, path, body);
    if (path.startsWith("/apis/authorization.k8s.io")) return ok({ status: { allowed: true } });
    if (path.startsWith("/apis/crdguard.dev")) return refused(404, "no such kind");
    if (path === "/apis/own.dev/v1/gears") return listFrom(query);
    const name = path.split("/").at(-1) ?? "";
    const held = objects.get(name);
    return held === undefined ? refused(404, `${name} not found`) : patched(name, held, body, query["dryRun"] === "All");
  }

  function definitionFor(method: string, path: string, body: unknown): ApiResult {
    if (method === "PATCH" && path.endsWith("/status")) {
      const wanted = memberAt(body, "status", "storedVersions");
      storedVersions = Array.isArray(wanted) ? wanted.map(String) : storedVersions;
    } else if (method === "PATCH") {
      const own = memberAt(body, "metadata", "annotations");
      annotations = Object.fromEntries(
        Object.entries({ ...annotations, ...(isRecord(own) ? own : {}) }).filter(([, value]) => value !== null),
      );
    }
    const version = (name: string, storage: boolean) => ({ name, served: true, storage });
    return ok({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "gears.own.dev", uid: "crd", generation, resourceVersion: String(clock), annotations },
      spec: {
        group: "own.dev",
        scope: "Namespaced",
        names: { plural: "gears", kind: "Gear" },
        versions: [version("v1alpha1", false), version("v1", true)],
      },
      status: { storedVersions },
    });
  }

  function listFrom(query: Readonly<Record<string, unknown>>): ApiResult {
    seen.lists += 1;
    const from = Number(query["continue"] ?? 0);
    const limit = Number(query["limit"]);
    const names = [...objects.keys()];
    const rest = names.length - from - limit;
    return ok({
      metadata: {
        resourceVersion: String(clock),
        ...(rest > 0 ? { continue: String(from + limit), remainingItemCount: rest } : {}),
      },
      items: names.slice(from, from + limit).map((name) => ({ metadata: metadataOf(name) })),
    });
  }

  function metadataOf(name: string) {
    const held = objects.get(name);
    if (held === undefined) throw new Error(name);
    return {
      namespace: "mill",
      name,
      uid: held.uid,
      resourceVersion: String(held.resourceVersion),
      annotations: held.annotations,
    };
  }

  function patched(name: string, held: Held, body: unknown, isDryRun: boolean): ApiResult {
    if (textAt(body, "metadata", "resourceVersion") !== String(held.resourceVersion)) return refused(409, "modified");
    const own = memberAt(body, "metadata", "annotations");
    const next = Object.fromEntries(
      Object.entries({ ...held.annotations, ...(isRecord(own) ? own : {}) }).flatMap(([key, value]) =>
        typeof value === "string" ? [[key, value]] : [],
      ),
    );
    const isSame = held.storedIn === "v1" && JSON.stringify(next) === JSON.stringify(held.annotations);
    if (!isSame && !isDryRun) {
      clock += 1;
      held.storedIn = "v1";
      held.resourceVersion = clock;
      held.annotations = next;
    }
    return ok({ metadata: metadataOf(name) });
  }

  return {
    client: { request, serverTime: () => new Date("2026-05-06T08:00:00Z") },
    timing: {
      slept,
      now: () => now,
      random: () => 1,
      sleep(milliseconds) {
        slept.push(milliseconds);
        now += milliseconds;
        return Promise.resolve();
      },
    },
    objects,
    seen,
    answer(matches, answer, times = Infinity) {
      rules.unshift({ matches, answer, left: times });
    },
    changeDefinition() {
      generation += 1;
    },
    storedVersions: () => storedVersions,
  };
}

function ok(body: unknown): ApiResult {
  return { ok: true, status: 200, body };
}

function refused(status: number, message: string): { readonly ok: false; readonly error: ApiError } {
  return { ok: false, error: errorOfAnswer(status, { message }) };
}
