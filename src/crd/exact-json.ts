/** @file JSON whose integers stay what they are: those beyond 2^53, which a double cannot hold, are `bigint`. */

declare global {
  interface JSON {
    /** Source: ECMA-262, proposal "JSON.parse source text access"; Node since 21. */
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
    /** Written as it stands. */
    rawJSON(text: string): unknown;
  }
}

/** @throws SyntaxError */
export function parseExactJson(text: string): unknown {
  // A reviver takes five times as long, and hardly any text needs it.
  if (!MAY_BE_INEXACT.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value, { source = "" }) =>
    typeof value === "number" && /^-?\d+$/.test(source) ? exactInteger(source) : value,
  );
}

/** What `parseExactJson` reads. */
export function exactJsonText(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? JSON.rawJSON(String(member)) : member));
}

/** @param digits with a sign, perhaps. */
export function exactInteger(digits: string): number | bigint {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

/** 2^53 has sixteen digits. Digits of a text count too, which costs time alone. */
const MAY_BE_INEXACT = /\d{16}/;
