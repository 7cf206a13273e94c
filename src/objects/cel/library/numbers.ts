/** @file Numbers as texts, as Go writes them. */

/** Source: Go, fmt, `%g` with as many digits as tell the number apart: an exponent below -4, and from 6 on. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "-Inf" : "+Inf";
  if (Object.is(value, -0)) return "-0";
  const match = /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(value.toExponential());
  if (match === null) return String(value);
  const [, sign = "", first = "", rest = "", exponentText = ""] = match;
  const exponent = Number(exponentText);
  if (value === 0) return "0";
  if (exponent < -4 || exponent >= LARGEST_PLAIN_EXPONENT)
    return `${sign}${first}${rest === "" ? "" : `.${rest}`}e${exponentOf(exponent)}`;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${first}${rest}`;
  const digits = (first + rest).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return `${sign}${digits.slice(0, exponent + 1)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Source: Go, strconv/ftoa.go: "if precision was the shortest possible, use precision 6 for this decision". */
const LARGEST_PLAIN_EXPONENT = 6;

/** At least two digits. */
function exponentOf(exponent: number): string {
  return `${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}
