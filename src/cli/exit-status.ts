/** @file Exit statuses, as `kubectl diff` has them, and the way a command ends early. */

export const EXIT = {
  allowed: 0,
  denied: 1,
  /** Wrong usage, or input that cannot be read. */
  usage: 2,
  /** The cluster cannot be reached, or the question cannot be decided. */
  undecided: 3,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with one line on standard error; `main.ts` catches it. */
export class CommandError extends Error {
  readonly status: ExitStatus;
  readonly code: string;

  constructor(status: ExitStatus, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
