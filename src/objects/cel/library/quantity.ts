/** @file Quantities, such as `1.5Gi`. Source: k8s.io/apiserver/pkg/cel/library/quantity.go; k8s.io/apimachinery/pkg/api/resource. */
import { integer, kindOf, one, text, two } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { CelFailure, NotEvaluated, Opaque } from "../values/value.ts";

/**
 * `number * 10^scale`. Some are kept in 64 bits, and only those can become integers: `1.5Gi` cannot, though it is one.
 */
class Quantity extends Opaque {
  override readonly typeName = "kubernetes.Quantity";
  readonly number: bigint;
  readonly scale: number;
  readonly isShort: boolean;

  constructor(number: bigint, scale: number, isShort: boolean) {
    super();
    this.number = number;
    this.scale = scale;
    this.isShort = isShort;
  }

  override equals(other: Opaque): boolean {
    return other instanceof Quantity && compareQuantities(this, other) === 0;
  }

  get integer(): bigint | null {
    if (!this.isShort || this.scale < 0) return null;
    return short(this.number * 10n ** BigInt(this.scale));
  }
}

const quantity = kindOf(Quantity);

export const QUANTITY: Library = {
  "quantity/1": [
    one(text, (value) => {
      const parsed = parse(value);
      if (typeof parsed === "string") throw new CelFailure(parsed);
      return parsed;
    }),
  ],
  "isQuantity/1": [one(text, (value) => typeof parse(value) !== "string")],
  "sign/1": [one(quantity, signOf)],
  ".isGreaterThan/2": [two(quantity, quantity, (left, right) => compareQuantities(left, right) > 0)],
  ".isLessThan/2": [two(quantity, quantity, (left, right) => compareQuantities(left, right) < 0)],
  ".compareTo/2": [two(quantity, quantity, (left, right) => BigInt(compareQuantities(left, right)))],
  ".asApproximateFloat/1": [
    one(quantity, ({ number, scale, isShort }) => {
      if (!isShort) throw new NotEvaluated("it takes asApproximateFloat() of a quantity of more than 64 bits");
      return scale === 0 ? Number(number) : Number(number) * Number(`1e${scale}`);
    }),
  ],
  ".isInteger/1": [one(quantity, (value) => value.integer !== null)],
  ".asInteger/1": [
    one(quantity, (value) => {
      if (value.integer === null) throw new CelFailure("cannot convert value to integer");
      return value.integer;
    }),
  ],
  ".add/2": [two(quantity, quantity, sum), two(quantity, integer, (left, right) => sum(left, new Quantity(right, 0, true)))],
  ".sub/2": [
    two(quantity, quantity, (left, right) => sum(left, negated(right))),
    two(quantity, integer, (left, right) => sum(left, negated(new Quantity(right, 0, true)))),
  ],
};

const WRONG_FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX = "unable to parse quantity's suffix";

const DECIMAL: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);

const BINARY: ReadonlyMap<string, number> = new Map([
  ["Ki", 10],
  ["Mi", 20],
  ["Gi", 30],
  ["Ti", 40],
  ["Pi", 50],
  ["Ei", 60],
]);

/** Digits that always fit 64 bits. */
const MAX_DIGITS = 18;
/** No quantity is finer than a billionth. */
const FINEST = -9;
/** Beyond it, a power of ten takes long to compute, and says nothing of any resource. */
const MAX_EXPONENT = 1000;

/** A text: what is wrong. */
function parse(value: string): Quantity | string {
  const match = /^([-+]?)0*(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/.exec(value);
  if (value === "" || match === null) return WRONG_FORM;
  const [, sign = "", digits = "", decimals = "", suffix = ""] = match;
  const whole = digits === "" ? "0" : digits;
  const unsigned = BigInt(whole + decimals);
  const number = sign === "-" ? -unsigned : unsigned;
  const power = BINARY.get(suffix);
  if (power !== undefined) return binary(number, power, whole, decimals);
  const exponent = DECIMAL.get(suffix) ?? (/^[eE][-+]?\d+$/.test(suffix) ? Number(suffix.slice(1)) : null);
  if (exponent === null) return WRONG_SUFFIX;
  if (Math.abs(exponent) > MAX_EXPONENT) throw new NotEvaluated("it meets a quantity with a very large exponent");
  const scale = exponent - decimals.length;
  const isShort = whole.length + decimals.length <= MAX_DIGITS && scale >= FINEST;
  return isShort ? new Quantity(number, scale, true) : rounded(number, scale);
}

function binary(number: bigint, power: number, whole: string, decimals: string): Quantity {
  const scaled = number << BigInt(power);
  const precision = 15 - whole.length - Math.trunc((power * 3) / 10) - 1;
  if (decimals === "" && precision >= 0 && short(scaled) !== null) return new Quantity(scaled, 0, true);
  const long = rounded(scaled, -decimals.length);
  const largest = new Quantity(2n ** 63n - 1n, 0, false);
  if (compareQuantities(long, largest) > 0) return largest;
  return compareQuantities(negated(long), largest) > 0 ? negated(largest) : long;
}

/** Up, away from zero, to a billionth. */
function rounded(number: bigint, scale: number): Quantity {
  if (scale >= FINEST) return new Quantity(number, scale, false);
  const divisor = 10n ** BigInt(FINEST - scale);
  const rest = number % divisor;
  const away = rest === 0n ? 0n : rest < 0n ? -1n : 1n;
  return new Quantity(number / divisor + away, FINEST, false);
}

function short(number: bigint): bigint | null {
  return BigInt.asIntN(64, number) === number ? number : null;
}

function negated({ number, scale, isShort }: Quantity): Quantity {
  return new Quantity(-number, scale, isShort);
}

function signOf({ number }: Quantity): bigint {
  return number < 0n ? -1n : number > 0n ? 1n : 0n;
}

function compareQuantities(left: Quantity, right: Quantity): number {
  const scale = Math.min(left.scale, right.scale);
  const difference = at(left, scale) - at(right, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function at({ number, scale }: Quantity, finer: number): bigint {
  return number * 10n ** BigInt(scale - finer);
}

function sum(left: Quantity, right: Quantity): Quantity {
  if (left.isShort && right.isShort) {
    if (right.number === 0n) return left;
    if (left.number === 0n) return right;
  }
  const scale = Math.min(left.scale, right.scale);
  const [first, second] = [at(left, scale), at(right, scale)];
  const fits = left.isShort && right.isShort && [first, second, first + second].every((number) => short(number) !== null);
  return new Quantity(first + second, scale, fits);
}
