/** @file Paths of fields, whatever the index in a list and the key in a map, as text: `spec.rules[].labels.*`. */

export type FieldSegment =
  { readonly kind: "member"; readonly name: string } | { readonly kind: "item" } | { readonly kind: "key" };

/** @param parent empty for the object itself. A name that is not plain stands in quotes. */
export function fieldPath(parent: string, segment: FieldSegment): string {
  if (segment.kind === "item") return `${parent}[]`;
  const text = segment.kind === "key" ? "*" : PLAIN_NAME.test(segment.name) ? segment.name : JSON.stringify(segment.name);
  return parent === "" ? text : `${parent}.${text}`;
}

/** Null for what `fieldPath` does not write. */
export function readFieldPath(path: string): readonly FieldSegment[] | null {
  const segments: FieldSegment[] = [];
  const form = new RegExp(SEGMENT, "y");
  while (form.lastIndex < path.length) {
    const isFirst = form.lastIndex === 0;
    const { dot, item, key, name, quoted } = form.exec(path)?.groups ?? {};
    if ((item ?? key ?? name ?? quoted) === undefined) return null;
    if ((dot === undefined) !== (isFirst || item !== undefined)) return null;
    if (item !== undefined) segments.push({ kind: "item" });
    else if (key !== undefined) segments.push({ kind: "key" });
    else segments.push({ kind: "member", name: name ?? unquoted(quoted ?? "") });
  }
  return segments.length === 0 ? null : segments;
}

const PLAIN_NAME = /^[^.[\]*"\\]+$/;

const SEGMENT = /(?<item>\[\])|(?<dot>\.)?(?:(?<key>\*)|(?<name>[^.[\]*"\\]+)|(?<quoted>"(?:[^"\\]|\\.)*"))/;

function unquoted(text: string): string {
  try {
    const name: unknown = JSON.parse(text);
    return typeof name === "string" ? name : text;
  } catch {
    return text;
  }
}
