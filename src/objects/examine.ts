/** @file Examines objects, at once and in this thread: `examiner-worker.ts` has it done in another. */
import { parseExactJson } from "../crd/exact-json.ts";
import { isRecord } from "../crd/is-record.ts";
import type { Schema } from "../crd/schema/schema.ts";
import type { UnevaluatedCelRule } from "../rules/facts.ts";
import { compileCelRules } from "./cel/compile-cel-rules.ts";
import { ExaminerError, type ExaminerQuestion, type FitTally, type PageLook } from "./examiner.ts";
import { fitOf, type ReadCheck } from "./fit.ts";
import { isReadable } from "./patterns.ts";
import { causePath, type Path } from "./paths.ts";
import type { SchemaCache } from "./schema-cache.ts";
import { createTally } from "./tally.ts";
import { copyOf, type JsonObject, setMember } from "./with-member.ts";

export interface OpenExamination {
  /** @throws ExaminerError `list-unreadable`, `object-too-deep` */
  addPage(page: Uint8Array): PageLook;
  /** @throws ExaminerError `object-too-deep` */
  addObjects(objects: readonly JsonObject[]): void;
  tally(): FitTally;
}

/** @throws ExaminerError `schema-unreadable` */
export function openExamination(question: ExaminerQuestion, schemas: SchemaCache): OpenExamination {
  const checks = question.checks.map(({ version, before, after, isValidated, prunedAs }): ReadCheck => {
    const read = { before: before === null ? null : schemas.read(before), after: schemas.read(after) };
    const celRules = isValidated ? compileCelRules(read.after, read.before) : null;
    return { version, ...read, isValidated, prunedAs, celRules };
  });
  const tally = createTally();

  const addObjects = (objects: readonly JsonObject[]): void => {
    for (const object of objects) tally.add(object, fitsOf(object, question, checks));
  };

  return {
    addObjects,
    addPage(page) {
      const list = parseList(page);
      addObjects(list.items);
      const { continue: continueToken, remainingItemCount } = list.metadata;
      return {
        objectCount: list.items.length,
        continueToken: typeof continueToken === "string" && continueToken !== "" ? continueToken : null,
        remainingCount: typeof remainingItemCount === "number" ? remainingItemCount : null,
      };
    },
    tally: () => ({
      ...tally.result(),
      unevaluatedRules: checks.flatMap(({ version, isValidated, after, celRules }) => [
        ...(celRules?.unevaluated ?? []).map((rule) => ({ version, ...rule })),
        ...(isValidated ? unreadablePatterns(version, after) : []),
      ]),
    }),
  };
}

function fitsOf(
  object: JsonObject,
  { apiGroup, kind }: ExaminerQuestion,
  checks: readonly ReadCheck[],
): ReturnType<typeof allFits> {
  try {
    return allFits(object, apiGroup, kind, checks);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const { metadata } = object;
    const name = isRecord(metadata) ? [metadata["namespace"], metadata["name"]].filter((part) => typeof part === "string") : [];
    throw new ExaminerError("object-too-deep", `${name.join("/")} is nested too deeply to be examined`);
  }
}

function allFits(
  object: JsonObject,
  apiGroup: string,
  kind: string,
  checks: readonly ReadCheck[],
): readonly (readonly [ReadCheck, ReturnType<typeof fitOf>])[] {
  // Converting without a webhook changes no more than this.
  const converted = copyOf(object);
  setMember(converted, "kind", kind);
  return checks.map((check) => {
    setMember(converted, "apiVersion", `${apiGroup}/${check.version}`);
    return [check, fitOf(converted, check)] as const;
  });
}

interface ObjectList {
  readonly metadata: JsonObject;
  readonly items: readonly JsonObject[];
}

function parseList(page: Uint8Array): ObjectList {
  let list: unknown;
  try {
    list = parseExactJson(Buffer.from(page.buffer, page.byteOffset, page.byteLength).toString("utf8"));
  } catch {
    throw new ExaminerError("list-unreadable", "the list of objects is not JSON");
  }
  if (!isRecord(list) || !Array.isArray(list["items"]) || !list["items"].every(isRecord)) {
    throw new ExaminerError("list-unreadable", "the answer is not a list of objects");
  }
  return { metadata: isRecord(list["metadata"]) ? list["metadata"] : {}, items: list["items"] };
}

/** They refuse nothing here, and it is said that they do not. */
function unreadablePatterns(version: string, schema: Schema): readonly UnevaluatedCelRule[] {
  const found: UnevaluatedCelRule[] = [];
  const visit = (level: Schema, path: Path): void => {
    if (level.pattern !== null && !isReadable(level.pattern)) {
      found.push({
        version,
        path: causePath(path, schema),
        rule: level.pattern,
        reason: "it is a pattern that cannot be read here",
      });
    }
    for (const [name, property] of level.properties) visit(property, [...path, name]);
    if (level.items !== null) visit(level.items, [...path, 0]);
    if (typeof level.additionalProperties === "object" && level.additionalProperties !== null)
      visit(level.additionalProperties, [...path, ""]);
    for (const part of [...level.allOf, ...level.anyOf, ...level.oneOf, ...(level.not === null ? [] : [level.not])])
      visit(part, path);
  };
  visit(schema, []);
  return found;
}
