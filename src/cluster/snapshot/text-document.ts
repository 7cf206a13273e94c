/** @file What a text of YAML or JSON is taken apart into. */

export interface TextDocument {
  /** Where its content begins, from 1. */
  readonly line: number;
  readonly column: number;
  readonly value: unknown;
}

export interface Documents {
  /** Up to the first mistake. */
  readonly documents: readonly TextDocument[];
  readonly mistake: Mistake | null;
}

export interface Mistake {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}
