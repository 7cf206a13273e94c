/** @file Who wrote objects, and in which version: `metadata.managedFields`, read and added up. */
import { isRecord } from "../crd/is-record.ts";
import type { Writer } from "../rules/facts.ts";

/** One writer's latest write of one object. */
export type ObjectWrite = Omit<Writer, "objectCount">;

/**
 * Of each field manager the newest entry. An update leaves an entry behind for every version that the manager has used, for
 * as long as it owns a field by it; only the newest tells what it uses now. The status counts for itself, as a controller may
 * write it in another version than the object. Of entries as old as each other all count, for times are cut to the second.
 * Source: k8s.io/apimachinery/pkg/util/managedfields/internal/managedfields.go, BuildManagerIdentifier.
 * @param metadata of an object of the API group `group`, unchecked.
 */
export function recordedWrites(metadata: unknown, group: string): readonly ObjectWrite[] {
  const entries = isRecord(metadata) && Array.isArray(metadata["managedFields"]) ? metadata["managedFields"] : [];
  const all = entries.flatMap((entry: unknown) => readEntry(entry, group));
  const byManager = Map.groupBy(all, ({ write, subresource }) => JSON.stringify([write.name, subresource]));
  const current = [...byManager.values()].flatMap((own) =>
    own.filter(({ write }) => !own.some((other) => isNewer(other.write, write))),
  );
  return [...Map.groupBy(current, ({ write }) => keyOf(write)).values()].flatMap((same) => mergeWrites(same));
}

export interface WriterTally {
  /** What is known of one more object. */
  add(writes: readonly ObjectWrite[]): void;
  /** Most objects first, then by name and version. */
  writers(): readonly Writer[];
}

export function createWriterTally(): WriterTally {
  const byKey = new Map<string, Writer>();
  return {
    add(writes) {
      for (const write of writes) {
        const key = keyOf(write);
        const known = byKey.get(key);
        byKey.set(
          key,
          known === undefined ? { ...write, objectCount: 1 } : { ...merged(known, write), objectCount: known.objectCount + 1 },
        );
      }
    },
    writers: () =>
      [...byKey]
        .toSorted(([left, a], [right, b]) => b.objectCount - a.objectCount || (left < right ? -1 : 1))
        .map(([, writer]) => writer),
  };
}

interface Entry {
  readonly write: ObjectWrite;
  readonly subresource: string;
}

function readEntry(entry: unknown, group: string): readonly Entry[] {
  if (!isRecord(entry)) return [];
  const { manager, apiVersion, subresource = "", time } = entry;
  if (typeof manager !== "string" || manager === "" || typeof apiVersion !== "string" || typeof subresource !== "string")
    return [];
  if (!apiVersion.startsWith(`${group}/`)) return [];
  const write: ObjectWrite = {
    kind: "field-manager",
    name: manager,
    version: apiVersion.slice(group.length + 1),
    isSubresourceOnly: subresource !== "",
    lastWrittenAt: typeof time === "string" && !Number.isNaN(Date.parse(time)) ? time : null,
  };
  return [{ write, subresource }];
}

function isNewer(left: ObjectWrite, right: ObjectWrite): boolean {
  if (left.lastWrittenAt === null || right.lastWrittenAt === null) return false;
  return Date.parse(left.lastWrittenAt) > Date.parse(right.lastWrittenAt);
}

/** One for all entries of the same writer and version; none for none. */
function mergeWrites(entries: readonly Entry[]): readonly ObjectWrite[] {
  const [first, ...others] = entries.map(({ write }) => write);
  return first === undefined ? [] : [others.reduce(merged, first)];
}

function merged(left: ObjectWrite, right: ObjectWrite): ObjectWrite {
  const { kind, name, version } = left;
  return {
    kind,
    name,
    version,
    isSubresourceOnly: left.isSubresourceOnly && right.isSubresourceOnly,
    lastWrittenAt: left.lastWrittenAt === null || isNewer(right, left) ? right.lastWrittenAt : left.lastWrittenAt,
  };
}

function keyOf({ kind, name, version }: Pick<Writer, "kind" | "name" | "version">): string {
  return JSON.stringify([kind, name, version]);
}
