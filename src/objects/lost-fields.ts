/** @file Which of the fields in use a schema does not know that knew them before: as `fitOf` finds them, without the objects. */
import type { Schema } from "../crd/schema/schema.ts";
import { type FieldSegment, readFieldPath } from "./field-paths.ts";
import type { FieldsInUse } from "./fields-in-use.ts";
import { itemStep, type Level, levelOf, memberStep, otherMembersStep, type Step } from "./schema-levels.ts";

export interface LostField {
  /** Brackets stand for whatever index or key: `spec.rules[].labels[]`. */
  readonly path: string;
  readonly objectCount: number;
}

export interface LostFields {
  /** Roots of what is lost. */
  readonly fields: readonly LostField[];
  /** Whether other fields are lost hangs on names that are not known, or there was no room for them. */
  readonly isInDoubt: boolean;
}

/** @param readBy the schema that the fields were counted by. */
export function lostFields({ counts, untoldCount }: FieldsInUse, readBy: Schema, before: Schema, after: Schema): LostFields {
  const fields: LostField[] = [];
  let isInDoubt = untoldCount > 0;
  for (const [path, objectCount] of counts) {
    const segments = readFieldPath(path);
    const outcome = segments === null ? "known" : outcomeOf(segments, readBy, before, after);
    if (outcome === "in-doubt") isInDoubt = true;
    if (outcome === "lost") fields.push({ path: bracketed(segments ?? []), objectCount });
  }
  return { fields, isInDoubt };
}

/** Of the last segment: `known` too where something on the way is lost, which is told by itself. */
function outcomeOf(
  segments: readonly FieldSegment[],
  readBy: Schema,
  before: Schema,
  after: Schema,
): "known" | "lost" | "in-doubt" {
  let levels = { readBy: levelOf(readBy), before: levelOf(before), after: levelOf(after) };
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const ownStep = stepFrom(levels.readBy, levels.readBy, segment);
    const beforeStep = stepFrom(levels.before, levels.readBy, segment);
    const afterStep = stepFrom(levels.after, levels.readBy, segment);
    if (ownStep === "lost" || ownStep === "in-doubt" || beforeStep === "lost" || afterStep === "anything") return "known";
    if (afterStep === "in-doubt" || beforeStep === "in-doubt") return isLast ? "in-doubt" : "known";
    if (afterStep === "lost") return isLast ? "lost" : "known";
    // Of what is below nothing was counted.
    if (ownStep === "anything") return isLast ? "in-doubt" : "known";
    levels = { readBy: ownStep, before: beforeStep, after: afterStep };
  }
  return "known";
}

/** A key may be a name that this schema has and the other one had not. */
function stepFrom(level: Level, readBy: Level, segment: FieldSegment): Step | "in-doubt" {
  switch (segment.kind) {
    case "item":
      return itemStep(level);
    case "member":
      return memberStep(level, segment.name);
    case "key":
      return namesMore(level, readBy) ? "in-doubt" : otherMembersStep(level);
  }
}

function namesMore(level: Level, readBy: Level): boolean {
  if (level === "anything" || level.schema === null) return false;
  const { properties, isEmbeddedResource } = level.schema;
  if (readBy === "anything" || readBy.schema === null) return properties.size > 0 || isEmbeddedResource;
  const { schema } = readBy;
  return (
    (isEmbeddedResource && !schema.isEmbeddedResource) || [...properties.keys()].some((name) => !schema.properties.has(name))
  );
}

function bracketed(segments: readonly FieldSegment[]): string {
  return segments.reduce((path, segment) => {
    if (segment.kind !== "member") return `${path}[]`;
    return path === "" ? segment.name : `${path}.${segment.name}`;
  }, "");
}
