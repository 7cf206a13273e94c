/** @file Reads the members of a snapshot's document; by hand, since compiling a schema would take longer than all the rest. */
import { isRecord } from "../../crd/is-record.ts";
import { readFieldPath } from "../../objects/field-paths.ts";
import type { MigrationEvidence, ObjectEvidence, ObjectRef, Writer, WriterEvidence } from "../../rules/facts.ts";
import type { CrdEvidence, FieldStatistics, JsonRecord, SettingsLook } from "./snapshot.ts";

/** Its message begins with the path of what is wrong. */
export class Malformed extends Error {
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
  }
}

export function member(input: unknown, path: string): JsonRecord {
  if (!isRecord(input)) throw new Malformed(path, "expected an object");
  return input;
}

export function text(input: unknown, path: string): string {
  if (typeof input !== "string" || input === "") throw new Malformed(path, "expected a non-empty string");
  return input;
}

/** Null for null. */
export function optional<T>(input: unknown, path: string, read: (input: unknown, path: string) => T): T | null {
  if (input === undefined) throw new Malformed(path, "is missing");
  return input === null ? null : read(input, path);
}

export function readList<T>(input: unknown, path: string, read: (input: unknown, path: string) => T): readonly T[] {
  if (!Array.isArray(input)) throw new Malformed(path, "expected a list");
  return input.map((item: unknown, index) => read(item, `${path}[${String(index)}]`));
}

export function readTextMap(input: unknown, path: string): ReadonlyMap<string, string> {
  return readMap(input, path, anyText);
}

export function readSettings(input: unknown, path: string): SettingsLook {
  const settings = member(input, path);
  const place = { namespace: text(settings["namespace"], `${path}.namespace`), name: text(settings["name"], `${path}.name`) };
  switch (settings["state"]) {
    case "read": {
      const values = readMap(settings["values"], `${path}.values`, (value, own) => optional(value, own, anyText));
      return { ...place, state: "read", values };
    }
    case "absent":
      return { ...place, state: "absent" };
    case "unreadable":
      return { ...place, state: "unreadable", reason: text(settings["reason"], `${path}.reason`) };
    default:
      throw new Malformed(`${path}.state`, "expected read, absent or unreadable");
  }
}

export function readCrdEvidence(input: unknown, path: string, takenAt: string): CrdEvidence {
  const { objects, migration, writers, fields } = member(input, path);
  return {
    objects: readObjects(objects, `${path}.objects`, takenAt),
    migration: readMigration(migration, `${path}.migration`),
    writers: readWriters(writers, `${path}.writers`),
    ...(fields === undefined ? {} : { fields: readList(fields, `${path}.fields`, readFields) }),
  };
}

function readFields(input: unknown, path: string): FieldStatistics {
  const fields = member(input, path);
  const version = text(fields["version"], `${path}.version`);
  switch (fields["state"]) {
    case "read": {
      const counts = readMap(fields["counts"], `${path}.counts`, count);
      const strange = [...counts.keys()].find((field) => readFieldPath(field) === null);
      if (strange !== undefined) throw new Malformed(`${path}.counts`, `"${strange}" is no path of a field`);
      return {
        version,
        state: "read",
        objectCount: count(fields["objectCount"], `${path}.objectCount`),
        totalCount: optional(fields["totalCount"], `${path}.totalCount`, count),
        isComplete: flag(fields["isComplete"], `${path}.isComplete`),
        seconds: duration(fields["seconds"], `${path}.seconds`),
        counts,
        untoldCount: count(fields["untoldCount"], `${path}.untoldCount`),
      };
    }
    case "unreadable":
      return { version, state: "unreadable", reason: text(fields["reason"], `${path}.reason`) };
    default:
      throw new Malformed(`${path}.state`, "expected read or unreadable");
  }
}

function readObjects(input: unknown, path: string, takenAt: string): ObjectEvidence {
  const objects = member(input, path);
  switch (objects["kind"]) {
    case "not-counted":
      return { kind: "not-counted" };
    case "uncountable":
      return { kind: "uncountable", reason: text(objects["reason"], `${path}.reason`) };
    case "counted":
      return {
        kind: "counted",
        total: count(objects["total"], `${path}.total`),
        isComplete: flag(objects["isComplete"], `${path}.isComplete`),
        byNamespace: readMap(objects["byNamespace"], `${path}.byNamespace`, count),
        examples: readList(objects["examples"], `${path}.examples`, readRef),
        source: { kind: "snapshot", takenAt },
      };
    default:
      throw new Malformed(`${path}.kind`, "expected counted, uncountable or not-counted");
  }
}

function readRef(input: unknown, path: string): ObjectRef {
  const { namespace, name } = member(input, path);
  return { namespace: anyText(namespace, `${path}.namespace`), name: text(name, `${path}.name`) };
}

function readMigration(input: unknown, path: string): MigrationEvidence {
  const migration = member(input, path);
  const { kind, by, reason } = migration;
  switch (kind) {
    case "none":
      return { kind: "none" };
    case "succeeded":
      return { kind: "succeeded", by: text(by, `${path}.by`) };
    case "outdated":
      return { kind: "outdated", by: text(by, `${path}.by`), reason: text(reason, `${path}.reason`) };
    case "unproven":
      return {
        kind: "unproven",
        by: text(by, `${path}.by`),
        unprovenCount: count(migration["unprovenCount"], `${path}.unprovenCount`),
        objectCount: count(migration["objectCount"], `${path}.objectCount`),
        isComplete: flag(migration["isComplete"], `${path}.isComplete`),
        examples: readList(migration["examples"], `${path}.examples`, readRef),
      };
    default:
      throw new Malformed(`${path}.kind`, "expected none, succeeded, unproven or outdated");
  }
}

function readWriters(input: unknown, path: string): WriterEvidence {
  const writers = member(input, path);
  switch (writers["kind"]) {
    case "not-sampled":
      return { kind: "not-sampled" };
    case "unreadable":
      return { kind: "unreadable", reason: text(writers["reason"], `${path}.reason`) };
    case "sampled":
      return {
        kind: "sampled",
        objectCount: count(writers["objectCount"], `${path}.objectCount`),
        isComplete: flag(writers["isComplete"], `${path}.isComplete`),
        writers: readList(writers["writers"], `${path}.writers`, readWriter),
      };
    default:
      throw new Malformed(`${path}.kind`, "expected sampled, unreadable or not-sampled");
  }
}

function readWriter(input: unknown, path: string): Writer {
  const writer = member(input, path);
  const { kind } = writer;
  if (kind !== "field-manager" && kind !== "file") throw new Malformed(`${path}.kind`, "expected field-manager or file");
  return {
    kind,
    name: text(writer["name"], `${path}.name`),
    version: text(writer["version"], `${path}.version`),
    objectCount: count(writer["objectCount"], `${path}.objectCount`),
    isSubresourceOnly: flag(writer["isSubresourceOnly"], `${path}.isSubresourceOnly`),
    lastWrittenAt: optional(writer["lastWrittenAt"], `${path}.lastWrittenAt`, text),
  };
}

function readMap<T>(input: unknown, path: string, read: (input: unknown, path: string) => T): ReadonlyMap<string, T> {
  return new Map(Object.entries(member(input, path)).map(([key, value]) => [key, read(value, `${path}["${key}"]`)]));
}

function anyText(input: unknown, path: string): string {
  if (typeof input !== "string") throw new Malformed(path, "expected a string");
  return input;
}

function count(input: unknown, path: string): number {
  if (typeof input !== "number" || !Number.isSafeInteger(input) || input < 0)
    throw new Malformed(path, "expected a number of things");
  return input;
}

function duration(input: unknown, path: string): number {
  if (typeof input !== "number" || input < 0) throw new Malformed(path, "expected a number of seconds");
  return input;
}

function flag(input: unknown, path: string): boolean {
  if (typeof input !== "boolean") throw new Malformed(path, "expected true or false");
  return input;
}
