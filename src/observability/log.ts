/** @file The log: JSON lines on stderr with static messages; what varies stands in fields, named in one table. */
import pino from "pino";
import type { LogLevel } from "./log-levels.ts";

export type Logger = pino.Logger;

/** Fields of log lines. Bodies of requests are never logged. */
export interface LogFields {
  /** `request.uid` of the review, as in the API server's audit log. */
  readonly requestUid?: string;
  readonly phase?: string;
  readonly operation?: string;
  readonly subresource?: string | null;
  readonly crd?: string;
  /** `namespace/name`, in place of `crd`. */
  readonly workload?: string;
  readonly user?: string;
  readonly dryRun?: boolean;
  /** `allow`, `deny`, `undecided`, `unreadable`, or `not-judged`. */
  readonly decision?: string;
  /** `<rule-id>=<enforcement>`. */
  readonly rules?: readonly string[];
  readonly durationMs?: number;
  readonly code?: string;
  readonly resource?: string;
  readonly count?: number;
  readonly reason?: string;
  readonly address?: string;
  readonly names?: readonly string[];
  readonly notAfter?: string;
  readonly signal?: string;
  /** Of an object that crdguard keeps: what differed. */
  readonly drifted?: readonly string[];
  /** Field manager that wrote it last, other than crdguard. */
  readonly changedBy?: string;
  /** Rules that were overridden, and how: `<rule-id>=<result>`. */
  readonly overrides?: readonly string[];
  /** Exceptions that counted: `<policy>/<rule-id>`. */
  readonly exceptions?: readonly string[];
  /** Who leads, or who takes part: the name of a replica. */
  readonly replica?: string;
  /** SHA-256 of an authority, its first 16 hexadecimal digits. */
  readonly authority?: string;
  readonly err?: unknown;
}

/** Lines are written together under load, and after a quarter of a second at the latest; pino writes the rest at exit. */
const BUFFER_BYTES = 4_096;
const FLUSH_MILLISECONDS = 250;

/** Standard output is for results; JSON escapes line breaks and control characters, so that no field can forge a line. */
export function createLogger(level: LogLevel): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    pino.destination({ dest: 2, sync: false, minLength: BUFFER_BYTES, periodicFlush: FLUSH_MILLISECONDS }),
  );
}
