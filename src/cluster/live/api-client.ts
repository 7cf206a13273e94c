/** @file Asks the API server: single requests and watches, over one pool of keep-alive connections, never rejecting. */
import { Agent as PlainAgent, type IncomingMessage, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest, type RequestOptions } from "node:https";
import { text as readText } from "node:stream/consumers";
import { type ApiError, errorOfAnswer, localError } from "./api-error.ts";
import { type Connection, loadConnection } from "./connection.ts";
import type { ConnectionChoice, ConnectionPart } from "./connection-choice.ts";
import { exactJsonText, parseExactJson } from "../../crd/exact-json.ts";

export type { ApiError, ApiErrorCode } from "./api-error.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the server's own path, with a leading slash: `/apis/apps/v1/deployments`. */
  readonly path: string;
  /** `undefined` members are left out. */
  readonly query?: Query;
  /** Sent as JSON; undefined: no body. */
  readonly body?: unknown;
  /** `application/json` unless told. */
  readonly contentType?: string;
  /** `application/json` unless told. */
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** `exact`: integers that a double cannot hold come and go as `bigint`, for whoever hands objects on; `double` unless told. */
  readonly numbers?: "double" | "exact";
  /** For the whole exchange; what the connection was chosen with, else 60, unless told. */
  readonly timeoutSeconds?: number;
}

export type ApiResult =
  | {
      readonly ok: true;
      readonly status: number;
      /** Parsed JSON; text of another content type. */
      readonly body: unknown;
      /** What the API server, and webhooks through it, tell beside; absent where there is nothing. */
      readonly warnings?: readonly string[];
    }
  | { readonly ok: false; readonly error: ApiError };

export interface BytesRequest {
  readonly path: string;
  /** `undefined` members are left out. */
  readonly query?: Query;
  readonly signal?: AbortSignal | undefined;
  /** A longer answer is cut off and given up. */
  readonly maxBytes: number;
}

/** `bytes`: the body as it came, of memory of its own, so that it can be handed to another thread. */
export type BytesResult =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "too-large" }
  | { readonly kind: "failed"; readonly error: ApiError };

export interface WatchRequest {
  readonly path: string;
  /** `watch=true` is added. */
  readonly query?: Query;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** Without a byte for so long, a bookmark included, the connection counts as dead: error `timeout`. */
  readonly idleSeconds: number;
  /** The API server accepted the watch. */
  readonly onOpen?: () => void;
  /** One parsed event, `{type, object}` as a rule; called in order. Must not throw. */
  readonly onEvent: (event: unknown) => void;
}

/** `ok`: the API server ended the watch in order, as it does after `timeoutSeconds`. */
export type WatchEnd = { readonly ok: true } | { readonly ok: false; readonly error: ApiError };

export interface ApiClient {
  /** URL of the API server, without credentials. */
  readonly server: string;
  /** Of objects that name none, by the kubeconfig's context; null where it has none. */
  readonly namespace: string | null;
  /** What time it is by the API server's clock, to a second; null before its first answer. */
  serverTime(): Date | null;
  /** Never rejects. */
  request(request: ApiRequest): Promise<ApiResult>;
  /** Reads JSON without parsing it, for whoever does so elsewhere. Never rejects. */
  requestBytes(request: BytesRequest): Promise<BytesResult>;
  /** Streams events until the watch ends, breaks, idles or is aborted. Never rejects. */
  watch(request: WatchRequest): Promise<WatchEnd>;
  /** Cuts every connection, so that a process can end. */
  close(): void;
}

/** Reads files, but asks nothing yet. */
export function loadApiClient(choice: ConnectionChoice = {}): ConnectionPart<ApiClient> {
  const connection = loadConnection(choice);
  return connection.ok
    ? { ok: true, value: createApiClient(connection.value, choice.requestTimeout ?? REQUEST_TIMEOUT_SECONDS) }
    : connection;
}

/** @param timeoutSeconds 0: as long as it takes. */
function createApiClient(connection: Connection, timeoutSeconds: number): ApiClient {
  const isPlain = connection.server.protocol === "http:";
  const agent = isPlain ? new PlainAgent(KEEP_ALIVE) : new SecureAgent(KEEP_ALIVE);
  const clock = createServerClock();
  const line: Line = { connection, agent, send: isPlain ? plainRequest : secureRequest, heard: clock.heard };
  return {
    server: withoutCredentials(connection.server),
    namespace: connection.namespace,
    serverTime: clock.now,
    async request(request) {
      const seconds = request.timeoutSeconds ?? timeoutSeconds;
      const deadline = createDeadline(request.signal, seconds, unanswered(seconds));
      const isExact = request.numbers === "exact";
      const outgoing = {
        ...request,
        payload: request.body === undefined ? null : isExact ? exactJsonText(request.body) : JSON.stringify(request.body),
      };
      return converse(line, outgoing, deadline, async (response) => {
        const body = parseBody(await readText(response), response.headers["content-type"], isExact ? parseExactJson : JSON.parse);
        if (!body.ok) return body;
        const warnings = readWarnings(response.headers["warning"]);
        const answer = { ok: true, status: response.statusCode ?? 0, body: body.value } as const;
        return warnings.length === 0 ? answer : { ...answer, warnings };
      });
    },
    async requestBytes({ maxBytes, ...request }) {
      const deadline = createDeadline(request.signal, timeoutSeconds, unanswered(timeoutSeconds));
      const outgoing = { ...request, method: "GET", payload: null };
      const answer = await converse(line, outgoing, deadline, (response) => readBytes(response, maxBytes));
      return "kind" in answer ? answer : { kind: "failed", error: answer.error };
    },
    async watch(request) {
      const seconds = request.idleSeconds;
      const deadline = createDeadline(request.signal, seconds, `no event, not even a bookmark, for ${String(seconds)} s`);
      const outgoing = { ...request, method: "GET", query: { ...request.query, watch: true }, payload: null };
      return converse(line, outgoing, deadline, (response) => {
        request.onOpen?.();
        return readEvents(response, deadline, request.onEvent);
      });
    },
    close() {
      agent.destroy();
    },
  };
}

function unanswered(seconds: number): string {
  return `no answer within ${String(Number(seconds.toPrecision(3)))} s`;
}

/** The API server's own limit for anything but a watch. Source: kube-apiserver flag --request-timeout, default 1m0s. */
const REQUEST_TIMEOUT_SECONDS = 60;

/**
 * Probes after 30 s, before cloud load balancers forget an idle connection (60 s at the earliest, AWS), then one each
 * second, ten times (libuv, uv__tcp_keepalive): a peer whose machine died is noticed within 40 s.
 */
const KEEP_ALIVE = { keepAlive: true, keepAliveMsecs: 30_000 } as const;

interface Line {
  readonly connection: Connection;
  readonly agent: PlainAgent;
  readonly send: typeof plainRequest;
  /** @param date the header of an answer. */
  readonly heard: (date: string | undefined) => void;
}

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly query?: Query;
  readonly payload: string | null;
  readonly contentType?: string;
  readonly accept?: string;
}

type Failure = { readonly ok: false; readonly error: ApiError };

/**
 * Asks again, once for each reason: after a 401, with credentials read anew (an exec plugin's token was revoked, or a
 * token file rotated); after a reset of a reused connection, which only tells that the API server had closed it before.
 */
async function converse<T>(
  line: Line,
  outgoing: Outgoing,
  deadline: Deadline,
  receive: (response: IncomingMessage) => Promise<T>,
): Promise<T | Failure> {
  let mayRefresh = true;
  let mayReconnect = outgoing.method === "GET";
  try {
    for (;;) {
      const answer = await open(line, outgoing, deadline);
      if (answer.kind === "stale-connection" && mayReconnect) {
        mayReconnect = false;
        continue;
      }
      if (answer.kind !== "response") throw answer.error;
      const { response } = answer;
      line.heard(response.headers.date);
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) return await receive(response);
      const body = parseBody(await readText(response), response.headers["content-type"]);
      if (status === 401 && mayRefresh) {
        mayRefresh = false;
        line.connection.refresh();
        continue;
      }
      return { ok: false, error: errorOfAnswer(status, body.ok ? body.value : null, response.headers["retry-after"]) };
    }
  } catch (error) {
    return {
      ok: false,
      error: deadline.failure() ?? localError("unreachable", `${line.connection.server.host}: ${messageOf(error)}`),
    };
  } finally {
    deadline.release();
  }
}

type Answer =
  | { readonly kind: "response"; readonly response: IncomingMessage }
  | { readonly kind: "stale-connection"; readonly error: Error }
  | { readonly kind: "failed"; readonly error: unknown };

async function open({ connection, agent, send }: Line, outgoing: Outgoing, deadline: Deadline): Promise<Answer> {
  let credentials: RequestOptions;
  try {
    credentials = await Promise.race([connection.credentials(), deadline.passed]);
  } catch (error) {
    return { kind: "failed", error };
  }
  if (deadline.signal.aborted) return { kind: "failed", error: null };
  return new Promise((resolve) => {
    const target = targetOf(connection.server, outgoing);
    const options: RequestOptions = {
      agent,
      ...credentials,
      protocol: target.protocol,
      // Node wants an IPv6 address without the brackets that URLs put around it.
      hostname: target.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: target.port,
      path: target.pathname + target.search,
      method: outgoing.method,
      headers: headersOf(outgoing, credentials),
    };
    try {
      const request = send(options, (response) => {
        resolve({ kind: "response", response });
      });
      request.on("error", (error) => {
        const isStale = request.reusedSocket && "code" in error && error.code === "ECONNRESET" && !deadline.signal.aborted;
        resolve({ kind: isStale ? "stale-connection" : "failed", error });
      });
      // Not by Node's own `signal` option: it destroys the socket with an error, and when the response has just ended nobody
      // listens for that any more, which ends the process.
      deadline.signal.addEventListener("abort", () => request.destroy(), { once: true });
      request.end(outgoing.payload ?? undefined);
    } catch (error) {
      // A header or a path that HTTP cannot carry, as a token file with a line break in the middle.
      resolve({ kind: "failed", error });
    }
  });
}

function targetOf(server: URL, { path, query = {} }: Outgoing): URL {
  const target = new URL(server.href);
  target.pathname = server.pathname.replace(/\/$/, "") + path;
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) target.searchParams.set(name, String(value));
  }
  return target;
}

function headersOf(outgoing: Outgoing, credentials: RequestOptions): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "user-agent": "crdguard", accept: outgoing.accept ?? "application/json" };
  for (const [name, value] of Object.entries(credentials.headers ?? {})) {
    // Trimmed, since token files written by hand end in a line break, which no header may hold.
    // A list is sent as one header each, which groups to act as need.
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.map((each) => each.trim()) : String(value).trim();
  }
  if (outgoing.payload !== null) {
    headers["content-type"] = outgoing.contentType ?? "application/json";
    headers["content-length"] = String(Buffer.byteLength(outgoing.payload));
  }
  return headers;
}

function readEvents(response: IncomingMessage, deadline: Deadline, onEvent: (event: unknown) => void): Promise<WatchEnd> {
  return new Promise((resolve, reject) => {
    let pending = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      if (deadline.signal.aborted) return;
      deadline.extend();
      // Only the new part is searched: an event of a CRD is as long as a megabyte and comes in dozens of chunks.
      const lines = chunk.split("\n");
      lines[0] = pending + (lines[0] ?? "");
      pending = lines.pop() ?? "";
      for (const json of lines) {
        if (json.trim() === "") continue;
        const event = parseJson(json);
        if (!event.ok) {
          resolve(event);
          response.destroy();
          return;
        }
        onEvent(event.value);
        if (deadline.signal.aborted) return;
      }
    });
    response.on("end", () => {
      resolve({ ok: true });
    });
    response.on("error", reject);
    response.on("close", () => {
      reject(new Error("the connection was closed"));
    });
  });
}

function readBytes(response: IncomingMessage, maxBytes: number): Promise<Exclude<BytesResult, { kind: "failed" }>> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on("data", (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= maxBytes) return;
      resolve({ kind: "too-large" });
      response.destroy();
    });
    response.on("end", () => {
      const bytes = new Uint8Array(length);
      let offset = 0;
      for (const chunk of chunks) {
        bytes.set(chunk, offset);
        offset += chunk.length;
      }
      resolve({ kind: "bytes", bytes });
    });
    response.on("error", reject);
    response.on("close", () => {
      reject(new Error("the connection was closed"));
    });
  });
}

interface Deadline {
  /** Aborted when the deadline has passed or the caller gave up. */
  readonly signal: AbortSignal;
  /** Rejects then; never resolves. */
  readonly passed: Promise<never>;
  /** Why it was aborted, or null. */
  failure(): ApiError | null;
  /** Starts the time again. */
  extend(): void;
  release(): void;
}

/** @param seconds 0: none. */
function createDeadline(caller: AbortSignal | undefined, seconds: number, message: string): Deadline {
  const controller = new AbortController();
  const { promise: passed, reject } = Promise.withResolvers<never>();
  // Most exchanges end before anyone waits for it.
  passed.catch(() => undefined);
  let failure: ApiError | null = null;

  function trip(error: ApiError): void {
    if (controller.signal.aborted) return;
    failure = error;
    reject(new Error(error.message));
    controller.abort();
  }
  function giveUp(): void {
    trip(localError("aborted", "the caller gave up"));
  }

  function giveIn(): void {
    trip(localError("timeout", message));
  }

  const timer = seconds === 0 ? null : setTimeout(giveIn, Math.min(seconds * 1_000, LONGEST_TIMER));
  caller?.addEventListener("abort", giveUp, { once: true });
  if (caller?.aborted === true) giveUp();
  return {
    signal: controller.signal,
    passed,
    failure: () => failure,
    extend() {
      timer?.refresh();
    },
    release() {
      clearTimeout(timer ?? undefined);
      caller?.removeEventListener("abort", giveUp);
    },
  };
}

/** Milliseconds; Node takes a longer one for 1. Source: Node, timers, setTimeout. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Texts of `Warning` headers, which Node joins by a comma: `299 - "text"`, where a quote or a backslash within has a backslash before it.
 * Source: RFC 7234, section 5.5; k8s.io/apimachinery/pkg/util/net, NewWarningHeader.
 */
function readWarnings(header: string | undefined): readonly string[] {
  return [...(header ?? "").matchAll(/(?:^|,\s*)\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
    text.replaceAll(/\\(.)/g, "$1"),
  );
}

interface ServerClock {
  readonly heard: (date: string | undefined) => void;
  readonly now: () => Date | null;
}

/** Goes on from the last answer's `Date`, which every server in Go sends, by the clock that nobody moves. */
function createServerClock(): ServerClock {
  let last: { readonly date: number; readonly at: number } | null = null;
  return {
    heard(text) {
      const date = Date.parse(text ?? "");
      if (Number.isFinite(date)) last = { date, at: performance.now() };
    },
    now: () => (last === null ? null : new Date(last.date + performance.now() - last.at)),
  };
}

type Parsed = { readonly ok: true; readonly value: unknown } | Failure;

function parseBody(text: string, contentType: string | undefined, parse?: (text: string) => unknown): Parsed {
  return contentType?.includes("json") === true ? parseJson(text, parse) : { ok: true, value: text };
}

function parseJson(text: string, parse: (text: string) => unknown = JSON.parse): Parsed {
  try {
    const value = parse(text);
    return { ok: true, value };
  } catch {
    return { ok: false, error: localError("invalid", `not JSON: ${text.slice(0, 100)}`) };
  }
}

function withoutCredentials(server: URL): string {
  const bare = new URL(server.href);
  bare.username = "";
  bare.password = "";
  return bare.href.replace(/\/$/, "");
}

/** A name with several addresses that all fail gives an AggregateError, whose own message is empty. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
