/** @file Which fields objects set, counted: no values, and no names but those that the schema gives. */
import { isRecord } from "../crd/is-record.ts";
import type { Schema } from "../crd/schema/schema.ts";
import { fieldPath, type FieldSegment } from "./field-paths.ts";
import { itemStep, type Level, levelOf, memberStep, otherMembersStep, type Step } from "./schema-levels.ts";
import { TYPE_AND_METADATA } from "./unknown-fields.ts";

export interface FieldsInUse {
  /** Objects that set it, by path; what a field stands in comes before it. */
  readonly counts: ReadonlyMap<string, number>;
  /** How often a field was met that there was no room for. */
  readonly untoldCount: number;
}

export interface FieldCounter {
  add(object: unknown): void;
  result(): FieldsInUse;
}

/** The largest CRDs that are in use have some 3,000 fields. */
const MAX_FIELDS = 5_000;

/**
 * Members that the schema does not name are one field, `*`: people and programs choose such names. What the schema does not know at
 * all is no field, as the API server prunes it. Of the object's own metadata nothing is counted.
 * @param schema of the version that the objects are in.
 */
export function createFieldCounter(schema: Schema, maxFields = MAX_FIELDS): FieldCounter {
  const root: Field = { path: "", count: 0, lastObject: 0, below: new Map() };
  const fields: Field[] = [];
  let objectCount = 0;
  let untoldCount = 0;

  function meet(parent: Field, key: string, segment: FieldSegment): Field | null {
    let field = parent.below.get(key);
    if (field === undefined) {
      if (fields.length >= maxFields) {
        untoldCount += 1;
        return null;
      }
      field = { path: fieldPath(parent.path, segment), count: 0, lastObject: 0, below: new Map() };
      parent.below.set(key, field);
      fields.push(field);
    }
    if (field.lastObject !== objectCount) {
      field.lastObject = objectCount;
      field.count += 1;
    }
    return field;
  }

  function walk(value: unknown, level: Level, at: Field): void {
    // Whatever stands there has names of nobody's schema.
    if (level === "anything") return;
    if (Array.isArray(value)) {
      const field = value.length === 0 ? null : meet(at, "[]", ITEM);
      const items = itemStep(level);
      if (field !== null) for (const item of value) walk(item, items, field);
      return;
    }
    if (!isRecord(value)) return;
    for (const name of Object.keys(value)) {
      if (at === root && TYPE_AND_METADATA.has(name)) continue;
      const [segment, step] = segmentFor(level, name);
      if (step === "lost") continue;
      // Apart from a member that is named as a key or an item is written.
      const field = segment.kind === "key" ? meet(at, "*", segment) : meet(at, `.${name}`, segment);
      if (field !== null) walk(value[name], step, field);
    }
  }

  return {
    add(object) {
      objectCount += 1;
      walk(object, levelOf(schema), root);
    },
    result: () => ({ counts: new Map(fields.map(({ path, count }) => [path, count])), untoldCount }),
  };
}

interface Field {
  readonly path: string;
  count: number;
  /** The object counted last: several instances within one count once. */
  lastObject: number;
  readonly below: Map<string, Field>;
}

const ITEM = { kind: "item" } as const;
const KEY = { kind: "key" } as const;

function segmentFor(level: Exclude<Level, "anything">, name: string): readonly [FieldSegment, Step] {
  const { schema } = level;
  const isNamed = schema?.properties.has(name) === true || (schema?.isEmbeddedResource === true && TYPE_AND_METADATA.has(name));
  return isNamed ? [{ kind: "member", name }, memberStep(level, name)] : [KEY, otherMembersStep(level)];
}
