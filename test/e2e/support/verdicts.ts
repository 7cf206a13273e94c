/** @file Our own answer on an object, beside the API server's, and where the two differ. */
import { canonicalText } from "../../../src/crd/canonical-text.ts";
import { isRecord } from "../../../src/crd/is-record.ts";
import { parseExactJson } from "../../../src/crd/exact-json.ts";
import type { Schema } from "../../../src/crd/schema/schema.ts";
import { asRead } from "../../../src/objects/apply-defaults.ts";
import { exactPath } from "../../../src/objects/paths.ts";
import { problemsOf } from "../../../src/objects/problems-of.ts";
import { MAX_PROBLEMS } from "../../../src/objects/validate.ts";
import { type WrittenObject, writtenJson } from "../../support/structural/written.ts";
import type { Answer } from "./schema-oracle.ts";

export interface OwnVerdict {
  readonly object: unknown;
  /** Paths of what is wrong as the API server names them, in their order, each once. */
  readonly fields: readonly string[];
  readonly messages: readonly string[];
}

export function ownVerdict(schema: Schema, object: WrittenObject): OwnVerdict {
  const read = asRead(parseExactJson(writtenJson(object)), schema);
  const problems = problemsOf(read, schema);
  return {
    object: read,
    // Of a member that is forbidden, the API server names the object that has it.
    fields: distinct(
      problems.map(({ path, keyword }) =>
        BRANCHES.has(keyword) ? NO_FIELD : exactPath(keyword === "additionalProperties" ? path.slice(0, -1) : path, schema),
      ),
    ),
    messages: problems.map(({ path, message }) => `${exactPath(path, schema)}: ${message}`),
  };
}

/** Of these, and of the object as a whole, the API server tells no field. Source: kubeOpenAPIResultToFieldErrors, where an error is no *errors.Validation. */
const BRANCHES: ReadonlySet<string> = new Set(["allOf", "anyOf", "not", "oneOf"]);
const NO_FIELD = "<nil>";

/** One line that says in what they differ; null where they agree. */
export function difference(own: OwnVerdict, answer: Answer): string | null {
  if (answer.kind === "refused") {
    if (own.fields.length === 0)
      return `refused, and taken by us: ${answer.causes.map(({ field, message }) => `${field}: ${message}`).join("; ")}`;
    const fields = distinct(answer.causes.map(({ field }) => field));
    if (fields.join("\n") === own.fields.join("\n")) return null;
    // Nobody reads as many, so that we stop there.
    if (own.messages.length >= MAX_PROBLEMS) return null;
    // What cannot be decoded at all is refused without a field.
    if (answer.causes.some(({ field }) => field === "")) return null;
    return `refused for ${fields.join(", ")}; by us for ${own.messages.join("; ")}`;
  }
  if (own.fields.length > 0) return `taken, and refused by us: ${own.messages.join("; ")}`;
  const theirs = canonicalText(comparable(answer.object));
  const ours = canonicalText(comparable(own.object));
  return theirs === ours ? null : `becomes ${theirs}; with us ${ours}`;
}

/** Of keys in a map, OpenAPI's validation writes `labels.app`, the others write `labels[app]`: here it is always the former. */
function distinct(fields: readonly string[]): readonly string[] {
  return [
    ...new Set(fields.map((field) => (field === "" ? NO_FIELD : field).replaceAll(/\[(?!\d+\])([^\]]*)\]/g, ".$1"))),
  ].toSorted();
}

/** The API server adds to metadata, and has a double for each integer beyond 64 bits. */
function comparable(object: unknown): unknown {
  return isRecord(object) ? asStored(Object.fromEntries(Object.entries(object).filter(([name]) => name !== "metadata"))) : object;
}

function asStored(value: unknown): unknown {
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? value : BigInt(Number(value));
  if (Array.isArray(value)) return value.map(asStored);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asStored(member)]));
  return value;
}
