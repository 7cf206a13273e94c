/**
 * @file A CRD, its objects and its record in memory, by a clock that a test moves: API servers that learn of a definition late,
 * writes that go on in the version that they began with, and the real code over it.
 */
import type { ApiRequest, ApiResult } from "../../src/cluster/live/api-client.ts";
import { errorOfAnswer } from "../../src/cluster/live/api-error.ts";
import { isRecord, memberAt, textAt } from "../../src/cluster/live/json.ts";
import type { Timing } from "../../src/cluster/live/timing.ts";
import type { Crd } from "../../src/crd/crd.ts";
import { parseCrd } from "../../src/crd/parse.ts";

export const NAME = "gears.own.dev";

export interface StorageCluster {
  readonly client: { request(request: ApiRequest): Promise<ApiResult>; serverTime(): Date };
  readonly timing: Timing;
  readonly requests: readonly ApiRequest[];
  /** As it is. */
  crd(): Crd;
  /** As `recordObject` was written, or null. */
  record(): Readonly<Record<string, unknown>> | null;
  /** Name, version that it is stored in, and resource version. */
  objects(): readonly { readonly name: string; readonly stored: string; readonly resourceVersion: number }[];
  /** API servers take up to so long to know of it, each for itself. */
  flip(storage: string, lags: readonly number[]): void;
  /** Changes something else of its spec. */
  edit(lags: readonly number[]): void;
  trim(): void;
  recreate(): void;
  /** @param takes from its beginning until it is in etcd, in milliseconds. */
  write(server: number, name: string, takes: number): void;
  deleteRecord(): void;
  /** Answers requests that match by that status, until told otherwise by null. */
  refuse(matches: ((request: ApiRequest) => boolean) | null, status?: number): void;
  /** Done right before the request after so many others is answered. */
  meanwhile(after: number, act: () => void): void;
  pass(milliseconds: number): Promise<void>;
}

/** Of a step of the clock; the recorder's own round. */
const STEP_MILLISECONDS = 1_000;
const RECORDS = "/apis/crdguard.dev/v1alpha1/storageversionrecords";

interface Definition {
  readonly uid: number;
  readonly generation: number;
  readonly storage: string;
  readonly stored: readonly string[];
}

export function createStorageCluster(): StorageCluster {
  let now = 0;
  let revision = 100;
  let definition: Definition = { uid: 1, generation: 1, storage: "v1alpha1", stored: ["v1alpha1"] };
  /** What each API server knows, and from when on. */
  const views: { readonly storage: string; readonly from: number }[][] = [
    [{ storage: "v1alpha1", from: 0 }],
    [{ storage: "v1alpha1", from: 0 }],
  ];
  const objects = new Map<string, { readonly stored: string; readonly resourceVersion: number }>();
  let record: {
    readonly uid: string;
    readonly resourceVersion: number;
    readonly body: Readonly<Record<string, unknown>>;
  } | null = null;
  let underWay: { readonly at: number; readonly name: string; readonly version: string }[] = [];
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  let interruptions: { readonly after: number; readonly act: () => void }[] = [];
  let refused: { readonly matches: (request: ApiRequest) => boolean; readonly status: number } | null = null;
  const requests: ApiRequest[] = [];

  function change(next: Partial<Definition>, lags: readonly number[]): void {
    definition = { ...definition, ...next, generation: definition.generation + 1 };
    revision += 1;
    for (const [index, view] of views.entries()) {
      view.push({ storage: definition.storage, from: now + (lags[index] ?? 0) });
    }
  }

  /** An informer tells of changes in their order. */
  function known(server: number): string {
    const view = views[server % views.length] ?? [];
    return (
      view.findLast(({ from }, index) => from <= now && view.slice(0, index).every((before) => before.from <= now))?.storage ?? ""
    );
  }

  function commit(): void {
    const done = underWay.filter(({ at }) => at <= now);
    underWay = underWay.filter(({ at }) => at > now);
    for (const { name, version } of done) {
      revision += 1;
      objects.set(name, { stored: version, resourceVersion: revision });
    }
  }

  function body(): Readonly<Record<string, unknown>> {
    const { uid, generation, storage, stored } = definition;
    return {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: NAME, uid: `uid-${String(uid)}`, generation },
      spec: {
        group: "own.dev",
        scope: "Namespaced",
        names: { plural: "gears", kind: "Gear" },
        versions: ["v1alpha1", "v1"].map((name) => ({ name, served: true, storage: name === storage })),
      },
      status: { storedVersions: stored },
    };
  }

  function answer({ method, path, body: sent, query }: ApiRequest): ApiResult {
    const ok = (found: unknown): ApiResult => ({ ok: true, status: 200, body: found });
    const no = (status: number): ApiResult => ({
      ok: false,
      error: errorOfAnswer(status, { message: `refused by ${String(status)}` }),
    });
    if (path.endsWith(`/customresourcedefinitions/${NAME}`)) return ok(body());
    if (path === "/apis/own.dev/v1/gears" || path === "/apis/own.dev/v1alpha1/gears") {
      const items = [...objects].map(([name, { resourceVersion }]) => ({
        metadata: { namespace: "mill", name, resourceVersion: String(resourceVersion) },
      }));
      return ok({ metadata: { resourceVersion: String(revision) }, items: items.slice(0, Number(query?.["limit"] ?? Infinity)) });
    }
    if (path === RECORDS && method === "GET") return ok({ items: record === null ? [] : [live()] });
    if (path === RECORDS && method === "POST") return record === null ? store(sent) : no(409);
    if (path !== `${RECORDS}/${NAME}` || record === null) return no(404);
    const { uid, resourceVersion } = record;
    const guard = method === "DELETE" ? memberAt(sent, "preconditions") : memberAt(sent, "metadata");
    if (textAt(guard, "uid") !== uid || textAt(guard, "resourceVersion") !== String(resourceVersion)) return no(409);
    if (method === "PATCH") return store(sent);
    record = null;
    return ok({});

    function store(object: unknown): ApiResult {
      revision += 1;
      record = {
        uid: record?.uid ?? `record-${String(revision)}`,
        resourceVersion: revision,
        body: isRecord(object) ? object : {},
      };
      return ok(live());
    }
    function live(): unknown {
      const metadata = { name: NAME, uid: record?.uid, resourceVersion: String(record?.resourceVersion) };
      return { ...record?.body, metadata };
    }
  }

  return {
    requests,
    client: {
      async request(request) {
        requests.push(request);
        const due = interruptions.filter(({ after }) => after === 0);
        interruptions = interruptions.filter(({ after }) => after > 0).map(({ after, act }) => ({ after: after - 1, act }));
        for (const { act } of due) act();
        if (request.signal?.aborted === true) {
          return { ok: false, error: { code: "aborted", status: null, message: "the caller gave up" } };
        }
        if (refused?.matches(request) === true) {
          return { ok: false, error: errorOfAnswer(refused.status, { message: `refused by ${String(refused.status)}` }) };
        }
        return answer(request);
      },
      serverTime: () => new Date(Date.UTC(2026, 4, 6) + now),
    },
    timing: {
      now: () => now,
      random: () => 0.5,
      sleep: (milliseconds, signal) =>
        new Promise((resolve) => {
          sleepers.push({ at: now + milliseconds, wake: resolve });
          signal.addEventListener("abort", () => {
            resolve();
          });
        }),
    },
    crd() {
      const parsed = parseCrd(body());
      if (!parsed.ok) throw new Error(parsed.error.message);
      return parsed.value;
    },
    record: () => record?.body ?? null,
    objects: () => [...objects].map(([name, object]) => ({ name, ...object })),
    flip(storage, lags) {
      change({ storage, stored: [...new Set([...definition.stored, storage])] }, lags);
    },
    edit(lags) {
      change({}, lags);
    },
    trim() {
      definition = { ...definition, stored: [definition.storage] };
    },
    recreate() {
      definition = { uid: definition.uid + 1, generation: 1, storage: definition.storage, stored: [definition.storage] };
      objects.clear();
      underWay = [];
      for (const view of views) view.splice(0, Infinity, { storage: definition.storage, from: now });
    },
    write(server, name, takes) {
      underWay.push({ at: now + takes, name, version: known(server) });
      if (takes === 0) commit();
    },
    deleteRecord() {
      record = null;
    },
    refuse(matches, status = 403) {
      refused = matches === null ? null : { matches, status };
    },
    meanwhile(after, act) {
      interruptions.push({ after, act });
    },
    async pass(milliseconds) {
      for (const end = now + milliseconds; now < end;) {
        now += STEP_MILLISECONDS;
        commit();
        const due = sleepers.filter(({ at }) => at <= now);
        sleepers = sleepers.filter(({ at }) => at > now);
        for (const { wake } of due) wake();
        // All that comes of it: the client answers without a wait.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
