/** @file Reads bodies within bounds: of one body, and of all bodies at once. */
import type { IncomingMessage } from "node:http";

/**
 * An AdmissionReview holds the old and the new object. The API server takes objects of up to 3 MiB, so that 8 MiB leave
 * room for both and for what escaping adds. Source: k8s.io/apiserver, MaxRequestBodyBytes.
 */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Eight of the largest bodies at once; each costs some five times its size once parsed. */
export const MAX_BYTES_IN_FLIGHT = 8 * MAX_BODY_BYTES;

/** Buffers kept between bodies: two of the largest, or many of the usual size. */
export const MAX_KEPT_BYTES = 2 * MAX_BODY_BYTES;

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

/**
 * Buffers used again for one body after the other. A fresh buffer for each costs more than copying the body into it: the
 * kernel hands its pages out one by one, and V8 gives them back (a tenth of the throughput for bodies of 90 kB).
 */
export interface BufferPool {
  /** A buffer of at least so many bytes, with anything in it. */
  take(bytes: number): Buffer;
  giveBack(buffer: Buffer): void;
}

export function createBufferPool(keptBytes: number): BufferPool {
  const free: Buffer[] = [];
  let kept = 0;
  return {
    take(bytes) {
      const index = free.findIndex((buffer) => buffer.length >= bytes);
      const [buffer] = index === -1 ? [] : free.splice(index, 1);
      if (buffer === undefined) return Buffer.allocUnsafeSlow(Math.max(SMALLEST_BUFFER_BYTES, 2 ** Math.ceil(Math.log2(bytes))));
      kept -= buffer.length;
      return buffer;
    },
    giveBack(buffer) {
      if (kept + buffer.length > keptBytes) return;
      kept += buffer.length;
      // Smallest first, so that a small body does not take the buffer that a large one needs.
      const index = free.findIndex((other) => other.length >= buffer.length);
      free.splice(index === -1 ? free.length : index, 0, buffer);
    },
  };
}

/** Room for the review of a usual CRD. */
const SMALLEST_BUFFER_BYTES = 128 * 1024;

export interface ReadBody {
  readonly length: number;
  /** To be called once: the bytes are overwritten by another body after `use` returns. */
  use<T>(use: (bytes: Buffer) => T): T;
  /** To be called once what came of the body is no longer needed either. */
  release(): void;
}

/**
 * Joins the chunks once, where Fastify's own parser would copy and scan the body again. An announced length is reserved at
 * once, so that an overload is answered before its bytes have come.
 * @throws BodyError; nothing stays reserved then.
 */
export function readBody(stream: IncomingMessage, budget: ByteBudget, pool: BufferPool): Promise<ReadBody> {
  const announced = Number(stream.headers["content-length"] ?? 0);
  if (announced > MAX_BODY_BYTES) return Promise.reject(tooLarge());
  if (!budget.reserve(announced)) return Promise.reject(overloaded());

  let reserved = announced;
  let buffer = pool.take(announced);
  const release = (): void => {
    budget.release(reserved);
    reserved = 0;
  };
  return new Promise((resolve, reject) => {
    let length = 0;
    // A client may hang up after its last byte, and then the buffer is somebody else's already.
    let isSettled = false;
    const fail = (error: BodyError): void => {
      if (isSettled) return;
      isSettled = true;
      stream.off("data", onData);
      pool.giveBack(buffer);
      release();
      reject(error);
    };
    function onData(chunk: Buffer): void {
      const end = length + chunk.length;
      // Node holds a body to its announced length; one that announced none (chunked) is counted as it comes.
      if (end > reserved) {
        if (end > MAX_BODY_BYTES) {
          fail(tooLarge());
          return;
        }
        if (!budget.reserve(end - reserved)) {
          fail(overloaded());
          return;
        }
        reserved = end;
        if (end > buffer.length) buffer = enlarged(buffer, length, end, pool);
      }
      buffer.set(chunk, length);
      length = end;
    }
    stream.on("data", onData);
    stream.once("end", () => {
      if (isSettled) return;
      isSettled = true;
      resolve({
        length,
        use(use) {
          const result = use(buffer.subarray(0, length));
          pool.giveBack(buffer);
          return result;
        },
        release,
      });
    });
    stream.once("error", () => {
      fail(incomplete());
    });
    stream.once("aborted", () => {
      fail(incomplete());
    });
  });
}

function enlarged(buffer: Buffer, length: number, needed: number, pool: BufferPool): Buffer {
  const larger = pool.take(needed);
  larger.set(buffer.subarray(0, length));
  pool.giveBack(buffer);
  return larger;
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
