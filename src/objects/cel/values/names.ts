/** @file Names of fields as CEL identifiers. Source: k8s.io/apiserver/pkg/cel/escaping.go. */

/** Null where the field cannot be read by rules. */
export function escapeName(name: string): string | null {
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return null;
  return name.replaceAll(/__|[-./]/g, (part) => `__${WORDS.get(part) ?? ""}__`);
}

/** Null where no field is named so. */
export function unescapeName(escaped: string): string | null {
  if (!escaped.includes("__")) return escaped;
  let isValid = true;
  const name = escaped.replaceAll(/__[^_]+__/g, (part) => {
    const word = part.slice(2, -2);
    const plain = PLAIN.get(word);
    if (plain !== undefined) return plain;
    if (!RESERVED.has(word) || part.length !== escaped.length) isValid = false;
    return word;
  });
  return isValid ? name : null;
}

const RESERVED: ReadonlySet<string> = new Set(
  `true false null in as break const continue else for function if import let loop package namespace return var void while`.split(
    " ",
  ),
);

const WORDS: ReadonlyMap<string, string> = new Map([
  ["__", "underscores"],
  [".", "dot"],
  ["-", "dash"],
  ["/", "slash"],
]);

const PLAIN: ReadonlyMap<string, string> = new Map([...WORDS].map(([plain, word]) => [word, plain]));
