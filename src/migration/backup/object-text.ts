/** @file Files of objects: YAML as kubectl writes and reads it, with all digits of every integer. */
import { exactInteger } from "../../crd/exact-json.ts";
import { isRecord, type JsonRecord } from "../../cluster/live/json.ts";
import { readDocuments } from "../../cluster/snapshot/documents.ts";
import { canonicalText } from "../../crd/canonical-text.ts";

/** Writes JSON, perhaps with members of type `bigint`, as YAML. */
export type YamlWriter = (value: unknown) => string;

export type ObjectText =
  | { readonly ok: true; readonly object: JsonRecord }
  /** `problem` with its line, where it has one. */
  | { readonly ok: false; readonly problem: string };

/** Text that is read as this object again, whatever is in it: where YAML would not give it back, JSON, which is YAML too. */
export async function objectText(object: JsonRecord, toYaml: YamlWriter): Promise<string> {
  const text = toYaml(object);
  const again = await readObjectText(text);
  return again.ok && canonicalText(again.object) === canonicalText(object) ? text : `${canonicalText(object)}\n`;
}

/** The one object that a file holds. */
export async function readObjectText(text: string): Promise<ObjectText> {
  const { documents, mistake } = MAY_BE_INEXACT.test(text) ? await readExactly(text) : await readDocuments(text);
  if (mistake !== null) return { ok: false, problem: `line ${String(mistake.line)}: ${mistake.message}` };
  const [document, another] = documents;
  if (document === undefined || another !== undefined || !isRecord(document.value)) {
    return { ok: false, problem: "it does not hold one object" };
  }
  return { ok: true, object: document.value };
}

/** 2^53 has sixteen digits, which underscores may part. */
const MAY_BE_INEXACT = /\d[\d_]{15}/;

async function readExactly(text: string): ReturnType<typeof readDocuments> {
  const { readFullYaml } = await import("../../cluster/snapshot/full-yaml.ts");
  const { documents, mistake } = readFullYaml(text, { intAsBigInt: true });
  return { documents: documents.map((document) => ({ ...document, value: withNumbers(document.value) })), mistake };
}

/** Integers that a number can hold, as numbers. */
function withNumbers(value: unknown): unknown {
  if (typeof value === "bigint") return exactInteger(String(value));
  if (Array.isArray(value)) return value.map(withNumbers);
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withNumbers(member)])) : value;
}
