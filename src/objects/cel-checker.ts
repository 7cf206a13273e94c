/** @file What holds objects against the rules of `x-kubernetes-validations` of a schema. */

export interface CelChecker {
  /** @param object pruned and with defaults. Never throws. */
  check(object: Readonly<Record<string, unknown>>): readonly CelFailedRule[];
  /** May grow while objects are checked. */
  readonly unevaluated: readonly CelUnevaluatedRule[];
}

export interface CelFailedRule {
  readonly path: readonly (string | number)[];
  readonly rule: string;
  readonly message: string;
}

export interface CelUnevaluatedRule {
  readonly path: string;
  readonly rule: string;
  readonly reason: string;
}
