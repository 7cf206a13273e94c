/** @file What can go wrong when the API server is asked, and how an answer of its becomes one of these. */
import { isRecord, listAt, memberAt, textAt } from "./json.ts";

/**
 * `unreachable`: no answer, or no credentials to ask with. `timeout`: no answer in time, or the API server's own time-out.
 * `aborted`: the caller's signal. `gone`: a resource version or continue token that is too old. `server-error`: 5xx.
 * `invalid`: any other refusal (400, 405, 415, 422…), or an answer that is not what was asked for.
 */
export type ApiErrorCode =
  | "unreachable"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "gone"
  | "too-many-requests"
  | "timeout"
  | "aborted"
  | "server-error"
  | "invalid";

export interface ApiError {
  readonly code: ApiErrorCode;
  /** HTTP status, or null where no answer came. */
  readonly status: number | null;
  /** One line: the API server's own words where it gave any. */
  readonly message: string;
  /** When the API server asks to be left alone for so long. */
  readonly retryAfterSeconds?: number;
  /** What is wrong with what was sent, field by field, where the API server says it so. */
  readonly causes?: readonly ErrorCause[];
  /** Of `gone`: with this token the list goes on from where it was, at a newer state. */
  readonly continueToken?: string;
}

export interface ErrorCause {
  /** A path such as `spec.rules[0].port`; empty where the API server gives none. */
  readonly field: string;
  readonly message: string;
}

/** An answer without an HTTP status: the network, the clock, the caller. */
export function localError(code: "unreachable" | "timeout" | "aborted" | "invalid", message: string): ApiError {
  return { code, status: null, message: oneLine(message) };
}

/**
 * @param body parsed JSON, a `Status` as a rule; text from a proxy in between.
 * @param retryAfter the header's value; wins over `details.retryAfterSeconds`.
 */
export function errorOfAnswer(status: number, body: unknown, retryAfter?: string): ApiError {
  const seconds = readSeconds(retryAfter) ?? readSeconds(memberAt(body, "details", "retryAfterSeconds"));
  const causes = listAt(body, "details", "causes").map((cause) => ({
    field: textAt(cause, "field") ?? "",
    message: oneLine(textAt(cause, "message") ?? ""),
  }));
  const code = codeOf(status);
  const continueToken = code === "gone" ? textAt(body, "metadata", "continue") : null;
  return {
    code,
    status,
    message: oneLine(readMessage(status, body)),
    ...(seconds === null ? {} : { retryAfterSeconds: seconds }),
    ...(causes.length === 0 ? {} : { causes }),
    ...(continueToken === null ? {} : { continueToken }),
  };
}

/** An `ERROR` event of a watch carries a `Status`, with the code that an answer would have had. */
export function errorOfStatus(status: unknown): ApiError {
  const code = memberAt(status, "code");
  return errorOfAnswer(typeof code === "number" ? code : 500, status);
}

function codeOf(status: number): ApiErrorCode {
  switch (status) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not-found";
    case 408:
    case 504:
      return "timeout";
    case 409:
      return "conflict";
    case 410:
      return "gone";
    case 429:
      return "too-many-requests";
    default:
      return status >= 500 ? "server-error" : "invalid";
  }
}

function readMessage(status: number, body: unknown): string {
  if (isRecord(body)) return textAt(body, "message") ?? `the API server answered ${String(status)}`;
  const text = typeof body === "string" ? body.trim() : "";
  return text === "" ? `the API server answered ${String(status)}` : `answered ${String(status)}: ${text}`;
}

/** A `Retry-After` may be a date by the standard; the API server only ever sends whole seconds. */
function readSeconds(value: unknown): number | null {
  const seconds = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof seconds === "number" && Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

/** Long enough for the longest message of the API server that was seen (an admission denial), short enough for a log line. */
const LONGEST_MESSAGE = 1_000;

function oneLine(message: string): string {
  const line = message.replaceAll(/\s+/g, " ").trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}
