/**
 * @file What a schema knows below a level, step by step, as pruning goes down.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning/algorithm.go; the same on objects: `unknown-fields.ts`.
 */
import type { Schema } from "../crd/schema/schema.ts";
import { knownMember, TYPE_AND_METADATA } from "./unknown-fields.ts";

/** `anything`: whatever stands there stays. A level without a schema knows nothing below it. */
export type Level =
  "anything" | { readonly schema: Schema | null; /** What is not named here stays. */ readonly isKept: boolean };

/** `lost`: not known. */
export type Step = Level | "lost";

export function levelOf(schema: Schema | null, isKept = false): Level {
  return { schema, isKept: isKept || schema?.preservesUnknownFields === true };
}

export function itemStep(level: Level): Level {
  if (level === "anything") return level;
  const items = level.schema?.items ?? null;
  return level.isKept && items === null ? "anything" : levelOf(items, level.isKept);
}

export function memberStep(level: Level, name: string): Step {
  if (level === "anything") return level;
  const { schema, isKept } = level;
  if (schema?.isEmbeddedResource === true && TYPE_AND_METADATA.has(name)) return "anything";
  return stepTo(schema === null ? undefined : knownMember(schema, name), isKept);
}

/** To members that `properties` does not name. */
export function otherMembersStep(level: Level): Step {
  if (level === "anything") return level;
  const { schema, isKept } = level;
  const additional = schema?.additionalProperties ?? null;
  return stepTo(additional === null ? undefined : typeof additional === "boolean" ? null : additional, isKept);
}

function stepTo(known: Schema | null | undefined, isKept: boolean): Step {
  if (known === undefined) return isKept ? "anything" : "lost";
  return levelOf(known);
}
