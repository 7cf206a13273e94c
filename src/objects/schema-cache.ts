/** @file Schemas that were read, by what they say: a controller's CRDs are asked for again and again. */
import { createHash } from "node:crypto";
import type { WrittenSchema } from "../crd/crd.ts";
import { exactJsonText } from "../crd/exact-json.ts";
import { readSchema } from "../crd/schema/read-schema.ts";
import type { Schema } from "../crd/schema/schema.ts";
import { ExaminerError } from "./examiner.ts";

export interface SchemaCache {
  /** @throws ExaminerError `schema-unreadable` */
  read(written: WrittenSchema): Schema;
  readonly size: number;
}

export interface SchemaCacheLimits {
  readonly maxSchemas: number;
  /** Of their texts. */
  readonly maxBytes: number;
}

/** A read schema takes some ten times its text, so that all together stay below 100 MB. The largest known has 0.7 MB. */
const LIMITS: SchemaCacheLimits = { maxSchemas: 64, maxBytes: 10_000_000 };

/** The one that was not asked for the longest goes first. One that is too large is read, and not kept. */
export function createSchemaCache(limits: SchemaCacheLimits = LIMITS): SchemaCache {
  const kept = new Map<string, { readonly schema: Schema; readonly bytes: number }>();
  let bytes = 0;
  return {
    read(written) {
      const text = written.kind === "json" ? written.text : exactJsonText(written.value);
      const hash = createHash("sha256").update(text).digest("base64");
      const known = kept.get(hash);
      if (known !== undefined) {
        kept.delete(hash);
        kept.set(hash, known);
        return known.schema;
      }
      const schema = readOrThrow(text);
      if (text.length > limits.maxBytes) return schema;
      kept.set(hash, { schema, bytes: text.length });
      bytes += text.length;
      for (const [oldest, entry] of kept) {
        if (kept.size <= limits.maxSchemas && bytes <= limits.maxBytes) break;
        kept.delete(oldest);
        bytes -= entry.bytes;
      }
      return schema;
    },
    get size() {
      return kept.size;
    },
  };
}

function readOrThrow(text: string): Schema {
  try {
    return readSchema({ kind: "json", text });
  } catch (error) {
    throw new ExaminerError(
      "schema-unreadable",
      `a schema cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
