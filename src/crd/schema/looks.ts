/** @file In which versions live objects are to be read, and against which schemas they are to be held, before a CRD changes. */
import type { Crd, WrittenSchema } from "../crd.ts";

/** Objects are listed in one version, and held against schemas of it and of others. */
export interface Look {
  /** Served before the change. */
  readonly readIn: string;
  readonly checks: readonly FitCheck[];
}

/** What is not fine by `after`, and was by `before`. */
export interface FitCheck {
  /** Of the CRD after the change. */
  readonly version: string;
  /** Null: objects could not be read or written in it before, so that whatever is wrong is new. */
  readonly before: WrittenSchema | null;
  readonly after: WrittenSchema;
  /** Objects can be read, and so written, in this version: the API server validates them by `after`. */
  readonly isValidated: boolean;
  /** Fields that `before` knows and `after` does not are lost by a write; null where none is looked for. */
  readonly prunedAs: "stored" | "served" | null;
}

/** Empty where no schema changes in a way that an object could mind. */
export function looksFor(previous: Crd, next: Crd): readonly Look[] {
  throw new Error(`not made yet: ${previous.name}, ${next.name}`);
}
