/** @file Whether two written schemas say the same of any object. */
import { canonicalText } from "../canonical-text.ts";
import type { WrittenSchema } from "../crd.ts";
import { parseExactJson } from "../exact-json.ts";
import { isRecord } from "../is-record.ts";
import { flatText, isDeeperThan } from "../nesting.ts";

/**
 * Whatever is said for people alone counts for nothing, nor does the order of members. Texts are compared before they are read, as
 * most updates leave most schemas alone. False for what says the same in other words, such as `required` in another order.
 */
export function isSameSchema(left: WrittenSchema, right: WrittenSchema): boolean {
  if (left === right) return true;
  if (left.kind === "json" && right.kind === "json" && left.text === right.text) return true;
  if (left.kind === "value" && right.kind === "value" && left.value === right.value) return true;
  return meaningOf(left) === meaningOf(right);
}

function meaningOf(written: WrittenSchema): string {
  const known = meanings.get(written);
  if (known !== undefined) return known;
  const value = written.kind === "json" ? parseExactJson(written.text) : written.value;
  // Of one that nobody writes by hand, every difference counts.
  const meaning = isDeeperThan(value, MAX_NESTING) ? flatText(value) : canonicalText(withoutDocumentation(value));
  meanings.set(written, meaning);
  return meaning;
}

/** A level of a schema is two of JSON; real ones stay below 120. */
const MAX_NESTING = 800;

/** A schema is compared with several others, and in several rounds of one review. */
const meanings = new WeakMap<WrittenSchema, string>();

/** Of no consequence to any object. A property may have such a name, so that it is looked for only where keywords stand. */
const DOCUMENTATION: ReadonlySet<string> = new Set(["description", "title", "example", "externalDocs"]);

/** @param schema parsed; so is what is returned. */
export function withoutDocumentation(schema: unknown): unknown {
  if (!isRecord(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).flatMap(([keyword, value]): readonly (readonly [string, unknown])[] => {
      if (DOCUMENTATION.has(keyword)) return [];
      // Any other keyword with null is as good as not written; `default: null` says something.
      if (value === null && keyword !== "default") return [];
      return [[keyword, below(keyword, value)]];
    }),
  );
}

function below(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case "properties":
      return isRecord(value)
        ? Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, withoutDocumentation(schema)]))
        : value;
    case "items":
    case "additionalProperties":
    case "not":
      return withoutDocumentation(value);
    case "allOf":
    case "anyOf":
    case "oneOf":
      return Array.isArray(value) ? value.map(withoutDocumentation) : value;
    default:
      return value;
  }
}
