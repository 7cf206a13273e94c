/** @file `fieldPath` of a rule: `.spec.limits['cpu.max']`. */

/**
 * Names on the way; what is not a path of that form is one name.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go, ValidFieldPath.
 */
export function parseFieldPath(text: string): readonly string[] {
  const names: string[] = [];
  let rest = text;
  while (rest !== "") {
    const step = /^(?:\.([^.[\]]+)|\['((?:\\.|[^'\\])*)'\])/.exec(rest);
    if (step === null) return [text];
    const [all, plain, quoted = ""] = step;
    names.push(plain ?? quoted.replaceAll(/\\(.)/g, (_, character: string) => ESCAPES.get(character) ?? character));
    rest = rest.slice(all.length);
  }
  return names;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);
