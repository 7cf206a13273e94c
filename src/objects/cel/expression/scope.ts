/** @file What names mean while an expression is compiled, and what they hold while it is evaluated. */
import type { Schema } from "../../../crd/schema/schema.ts";
import type { Value } from "../values/value.ts";
import type { Budget } from "./budget.ts";

export interface Frame {
  /** By the slots of variables; `self` is the first. */
  readonly slots: Value[];
  readonly budget: Budget;
}

/** @throws CelFailure for an error of the expression. @throws NotEvaluated where we do not know. */
export type Run = (frame: Frame) => Value;

export interface Compiled {
  readonly run: Run;
  /** Of a part of the object; null where it is of no object, or may be anything. */
  readonly shape: Schema | null;
  /** Where it is always the same. */
  readonly constant?: Value;
}

interface Variable {
  readonly slot: number;
  readonly shape: Schema | null;
}

export class Scope {
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #slots: { count: number };

  private constructor(variables: ReadonlyMap<string, Variable>, slots: { count: number }) {
    this.#variables = variables;
    this.#slots = slots;
  }

  static readonly empty = (): Scope => new Scope(new Map(), { count: 0 });

  find(name: string): Variable | null {
    return this.#variables.get(name) ?? null;
  }

  /** A variable of its own, whatever else has the name around it. */
  with(name: string, shape: Schema | null): { readonly scope: Scope; readonly slot: number } {
    const slot = this.#slots.count++;
    return { scope: new Scope(new Map([...this.#variables, [name, { slot, shape }]]), this.#slots), slot };
  }
}
