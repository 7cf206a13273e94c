/** @file Reads bodies within bounds: of one body, and of all bodies at once. */
import type { IncomingMessage } from "node:http";

/**
 * An AdmissionReview holds the old and the new object. The API server takes objects of up to 3 MiB, so that 8 MiB leave
 * room for both and for what escaping adds. Source: k8s.io/apiserver, MaxRequestBodyBytes.
 */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Eight of the largest bodies at once; each costs some five times its size once parsed. */
export const MAX_BYTES_IN_FLIGHT = 8 * MAX_BODY_BYTES;

export type BodyErrorCode = "body-too-large" | "overloaded" | "body-incomplete";

export class BodyError extends Error {
  readonly code: BodyErrorCode;
  readonly statusCode: number;

  constructor(code: BodyErrorCode, statusCode: number, message: string) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }
}

/** Counts the bytes of all bodies that are being read or judged. */
export interface ByteBudget {
  readonly used: () => number;
  /** False when the budget is used up: nothing is reserved then. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}

export function createByteBudget(limit: number): ByteBudget {
  let used = 0;
  return {
    used: () => used,
    reserve(bytes) {
      if (used + bytes > limit) return false;
      used += bytes;
      return true;
    },
    release(bytes) {
      used -= bytes;
    },
  };
}

export interface ReadBody {
  readonly bytes: Buffer;
  /** To be called once the body is no longer needed. */
  release(): void;
}

/**
 * Copies each chunk once, into a buffer of the announced length, where Fastify's own parser would join and scan it again.
 * A body without an announced length (chunked) is joined at its end.
 * @throws BodyError; nothing stays reserved then.
 */
export function readBody(stream: IncomingMessage, budget: ByteBudget): Promise<ReadBody> {
  const announced = Number(stream.headers["content-length"] ?? Number.NaN);
  if (announced > MAX_BODY_BYTES) return Promise.reject(tooLarge());

  let reserved = 0;
  const reserve = (bytes: number): boolean => {
    if (!budget.reserve(bytes)) return false;
    reserved += bytes;
    return true;
  };
  const release = (): void => {
    budget.release(reserved);
    reserved = 0;
  };
  if (!Number.isNaN(announced) && !reserve(announced)) return Promise.reject(overloaded());

  return new Promise((resolve, reject) => {
    const whole = Number.isNaN(announced) ? null : Buffer.allocUnsafe(announced);
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (error: BodyError): void => {
      stream.off("data", onData);
      release();
      reject(error);
    };
    function onData(chunk: Buffer): void {
      if (whole === null) {
        if (length + chunk.length > MAX_BODY_BYTES) {
          fail(tooLarge());
          return;
        }
        if (!reserve(chunk.length)) {
          fail(overloaded());
          return;
        }
        chunks.push(chunk);
      } else {
        chunk.copy(whole, length);
      }
      length += chunk.length;
    }
    stream.on("data", onData);
    stream.once("end", () => {
      resolve({ bytes: whole ?? Buffer.concat(chunks, length), release });
    });
    stream.once("error", () => {
      fail(incomplete());
    });
    stream.once("aborted", () => {
      fail(incomplete());
    });
  });
}

function tooLarge(): BodyError {
  return new BodyError(
    "body-too-large",
    413,
    `the body is larger than ${String(MAX_BODY_BYTES)} bytes, which no CRD change needs`,
  );
}

function overloaded(): BodyError {
  return new BodyError("overloaded", 503, "too many reviews at once; try again in a moment");
}

function incomplete(): BodyError {
  return new BodyError("body-incomplete", 400, "the body ended before its announced length");
}
