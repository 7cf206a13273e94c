/** @file Numbers of JSON as the API server has them: integers of 64 bits, and whatever else is a double. */

export type GoNumber =
  { readonly kind: "int64"; readonly value: bigint | number } | { readonly kind: "float64"; readonly value: number };

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** @param value bigint: an integer beyond 2^53, as `parseExactJson` reads it. */
export function goNumber(value: number | bigint): GoNumber {
  if (typeof value === "bigint") {
    return value <= MAX_INT64 && value >= MIN_INT64 ? { kind: "int64", value } : { kind: "float64", value: Number(value) };
  }
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? { kind: "int64", value } : { kind: "float64", value };
}

/**
 * As Go makes an int64 of a double: towards zero. Beyond 64 bits it leaves the result to the processor, and on AMD64 that is the
 * smallest integer, so that a maximum of 2^63-1, which is no double, lets nothing pass. (ARM would take the nearest.)
 * Source: The Go Programming Language Specification, "Conversions between numeric types"; tried.
 */
export function toInt64(bound: number | bigint): bigint | number {
  const double = Number(bound);
  if (Math.abs(double) < 2 ** 53) return Math.trunc(double);
  return double >= -(2 ** 63) && double < 2 ** 63 ? BigInt(double) : MIN_INT64;
}

/** Within 2^53 and nearly an integer. Source: github.com/go-openapi/swag, IsFloat64AJSONInteger. */
export function isJsonInteger(value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  if (Number.isInteger(value)) return true;
  const whole = Math.trunc(value);
  return value > 0 && whole !== 0 && (value - whole) / (value + whole) < 1e-9;
}

/** As `%v` writes a float64. Source: Go, package fmt. */
export function goFloatText(value: number): string {
  const [, digits = "", exponent = ""] = /^(.*)e([+-]\d+)$/.exec(value.toExponential()) ?? [];
  const power = Number(exponent);
  if (power >= -4 && power < 6) return plainText(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

function plainText(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : text;
}
