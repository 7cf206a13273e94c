/** @file A small API server in this process, over real sockets: lists in pages, watches with bookmarks, and fails on demand. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { type ApiClient, loadApiClient } from "../../../../src/cluster/live/api-client.ts";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly accept: string;
  readonly contentType: string;
  /** Headers by which the user acts as another, as they came; left out where there are none. */
  readonly impersonation?: readonly string[];
  readonly body: string;
}

export interface CannedAnswer {
  readonly status: number;
  /** Sent as JSON unless it is text. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ItemSource {
  readonly count: number;
  /** Called when the page is asked for, so that 10,000 objects need not be in memory. */
  readonly make: (index: number) => StandInObject;
}

export interface StandInObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

export interface StandInCollection {
  /** Creates or updates, and tells the watches. Returns the resource version. */
  put(object: StandInObject): string;
  delete(object: StandInObject): string;
  /** Moves the server's resource version on and sends it as a bookmark. */
  bookmark(): string;
  /** Forgets history: a watch from before now is answered with an ERROR event of code 410. */
  compact(): void;
  /** The next so many requests with a continue token are answered with 410. */
  expireContinueTokens(times: number): void;
  /** Sends any line to the open watches. */
  send(line: string): void;
  /** Open watches stay open but get nothing more, as over a half-open connection. Later ones work. */
  mute(): void;
  /** Resets the connections of the open watches. */
  cut(): void;
  /** Ends the open watches in order. */
  end(): void;
  readonly openWatches: number;
}

export interface StandIn {
  readonly url: string;
  readonly client: ApiClient;
  readonly requests: readonly SeenRequest[];
  collection(path: string, source?: ItemSource): StandInCollection;
  /** Answers what matches from now on, `times` times. Undone by the function returned. */
  answer(matches: (request: SeenRequest) => boolean, answer: CannedAnswer | "hang", times?: number): () => void;
  /** Stops listening and resets every connection; `listen` opens the same port again. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export async function startStandIn(): Promise<StandIn> {
  const requests: SeenRequest[] = [];
  const collections = new Map<string, Collection>();
  const rules: { matches: (request: SeenRequest) => boolean; answer: CannedAnswer | "hang"; left: number }[] = [];
  const clock = { version: 100 };
  const folder = mkdtempSync(join(tmpdir(), "stand-in-"));

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = await read(message);
    requests.push(seen);
    const rule = rules.find((candidate) => candidate.left > 0 && candidate.matches(seen));
    if (rule !== undefined) {
      rule.left -= 1;
      if (rule.answer !== "hang") reply(response, rule.answer);
      return;
    }
    const collection = collections.get(seen.path);
    if (collection === undefined)
      reply(response, { status: 404, body: status(404, "the server could not find the requested resource") });
    else if (seen.query["watch"] === "true") collection.watch(seen, response);
    else collection.list(seen, response);
  }

  const server = createServer((message, response) => {
    void handle(message, response);
  });
  async function listen(port: number): Promise<number> {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }
  async function shut(): Promise<void> {
    server.closeAllConnections();
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }

  const port = await listen(0);
  const url = `http://127.0.0.1:${String(port)}`;
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigOf(url));
  const loaded = loadApiClient({ kubeconfig });
  if (!loaded.ok) throw new Error(loaded.error.message);
  return {
    url,
    client: loaded.value,
    requests,
    collection(path, source) {
      const collection = createCollection(clock, source);
      collections.set(path, collection);
      return collection;
    },
    answer(matches, answer, times = Infinity) {
      const rule = { matches, answer, left: times };
      rules.unshift(rule);
      return () => {
        rule.left = 0;
      };
    },
    down: shut,
    async up() {
      await listen(port);
    },
    async close() {
      loaded.value.close();
      await shut();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function isList({ method, query }: SeenRequest): boolean {
  return method === "GET" && query["watch"] === undefined;
}

export function isWatch({ query }: SeenRequest): boolean {
  return query["watch"] === "true";
}

/** A `Status`, as the API server sends it. */
export function status(code: number, message: string): Readonly<Record<string, unknown>> {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, message };
}

export function kubeconfigOf(
  server: string,
  user: Readonly<Record<string, unknown>> = {},
  cluster: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "stand-in", cluster: { server, ...cluster } }],
    users: [{ name: "tester", user }],
    contexts: [{ name: "test", context: { cluster: "stand-in", user: "tester" } }],
    "current-context": "test",
  });
}

interface Collection extends StandInCollection {
  list(request: SeenRequest, response: ServerResponse): void;
  watch(request: SeenRequest, response: ServerResponse): void;
}

function createCollection(clock: { version: number }, source: ItemSource = { count: 0, make: nothing }): Collection {
  const items = new Map<string, StandInObject>();
  const history: { version: number; line: string; name: string }[] = [];
  const snapshots = new Map<number, readonly StandInObject[]>();
  let compactedAt = 0;
  let expirations = 0;
  let watches: { response: ServerResponse; name: string | null; isMuted: boolean }[] = [];

  function record(type: string, object: StandInObject): string {
    clock.version += 1;
    const resourceVersion = String(clock.version);
    const stamped = { ...object, metadata: { ...object.metadata, resourceVersion } };
    const key = `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
    if (type === "DELETED") items.delete(key);
    else items.set(key, stamped);
    const line = `${JSON.stringify({ type, object: stamped })}\n`;
    history.push({ version: clock.version, line, name: object.metadata.name });
    for (const watch of watches) if (!watch.isMuted && isSelected(watch.name, object.metadata.name)) watch.response.write(line);
    return resourceVersion;
  }

  return {
    put: (object) =>
      record(items.has(`${object.metadata.namespace ?? ""}/${object.metadata.name}`) ? "MODIFIED" : "ADDED", object),
    delete: (object) => record("DELETED", object),
    bookmark() {
      clock.version += 1;
      const line = JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(clock.version) } } });
      for (const watch of watches) if (!watch.isMuted) watch.response.write(`${line}\n`);
      return String(clock.version);
    },
    compact() {
      compactedAt = clock.version;
    },
    expireContinueTokens(times) {
      expirations = times;
    },
    send(line) {
      for (const watch of watches) watch.response.write(line);
    },
    mute() {
      for (const watch of watches) watch.isMuted = true;
    },
    cut() {
      for (const watch of watches) watch.response.socket?.resetAndDestroy();
    },
    end() {
      for (const watch of watches) watch.response.end();
      // Closed only in a later turn of the event loop: what is put in this one belongs to the next watch.
      watches = [];
    },
    get openWatches() {
      return watches.length;
    },
    list({ query, accept }, response) {
      const token = query["continue"] === undefined ? null : query["continue"].split(".").map(Number);
      if (token !== null && expirations > 0) {
        expirations -= 1;
        reply(response, { status: 410, body: status(410, "The provided continue parameter is too old") });
        return;
      }
      const [version = clock.version, offset = 0] = token ?? [];
      const snapshot =
        snapshots.get(version) ?? [...items.values()].filter((item) => isSelected(selectedName(query), item.metadata.name));
      const total = source.count + snapshot.length;
      const limit = Number(query["limit"] ?? 0);
      const end = limit === 0 ? total : Math.min(total, offset + limit);
      const page = Array.from({ length: end - offset }, (_, index) => {
        const at = offset + index;
        return at < source.count ? source.make(at) : snapshot[at - source.count];
      });
      const isNamesOnly = accept.includes("as=PartialObjectMetadataList");
      if (end < total) snapshots.set(version, snapshot);
      reply(response, {
        status: 200,
        // Members in the order of their names, as of a list of custom resources.
        body: {
          items: isNamesOnly ? page.map((item) => ({ metadata: item?.metadata })) : page,
          metadata: {
            ...(end < total ? { continue: `${String(version)}.${String(end)}`, remainingItemCount: total - end } : {}),
            resourceVersion: String(version),
          },
        },
      });
    },
    watch({ query }, response) {
      const from = Number(query["resourceVersion"]);
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      if (from < compactedAt) {
        response.end(`${JSON.stringify({ type: "ERROR", object: status(410, "too old resource version") })}\n`);
        return;
      }
      const watch = { response, name: selectedName(query), isMuted: false };
      watches.push(watch);
      response.on("close", () => {
        watches = watches.filter((other) => other !== watch);
      });
      for (const { version, line, name } of history) if (version > from && isSelected(watch.name, name)) response.write(line);
    },
  };
}

function nothing(): StandInObject {
  throw new Error("no items to make");
}

function selectedName(query: SeenRequest["query"]): string | null {
  return query["fieldSelector"]?.replace("metadata.name=", "") ?? null;
}

function isSelected(selector: string | null, name: string): boolean {
  return selector === null || selector === name;
}

async function read(message: IncomingMessage): Promise<SeenRequest> {
  const target = new URL(message.url ?? "/", "http://stand-in");
  return {
    method: message.method ?? "",
    path: target.pathname,
    query: Object.fromEntries(target.searchParams),
    accept: message.headers.accept ?? "",
    contentType: message.headers["content-type"] ?? "",
    ...impersonationOf(message),
    body: await readText(message),
  };
}

function impersonationOf({ rawHeaders }: IncomingMessage): Pick<SeenRequest, "impersonation"> {
  const lines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.startsWith("Impersonate-") ? [`${name}: ${rawHeaders[index + 1] ?? ""}`] : [],
  );
  return lines.length === 0 ? {} : { impersonation: lines };
}

function reply(response: ServerResponse, { status: code, body, headers }: CannedAnswer): void {
  response.writeHead(code, { "content-type": typeof body === "string" ? "text/plain" : "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
}
