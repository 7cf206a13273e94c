/** @file How much may be computed for one object. */
import { NotEvaluated } from "../values/value.ts";

/** A step is a call, a turn of a loop, or some of a text's characters that are looked through. */
export class Budget {
  readonly #steps: number;
  #left: number;

  constructor(steps: number) {
    this.#steps = steps;
    this.#left = steps;
  }

  /** @throws NotEvaluated where nothing is left. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new NotEvaluated(`it takes more than ${this.#steps} steps on an object`);
  }

  /** Of a text that is looked through or made. */
  spendOnText(length: number): void {
    this.spend(1 + Math.floor(length / CHARACTERS_PER_STEP));
  }

  refill(): void {
    this.#left = this.#steps;
  }
}

/** A call takes as long as some 32 characters of a regular expression's way through a text, as measured with re2js. */
const CHARACTERS_PER_STEP = 32;
