/** @file When two changes are the same one: in two versions, or before and after. */
import { canonicalText } from "../canonical-text.ts";
import { isRecord } from "../is-record.ts";
import { celText } from "./cel-text.ts";
import { ANYTHING } from "./read-schema.ts";
import { schemaText } from "./same-value.ts";
import type { Schema } from "./schema.ts";
import type { FormChange } from "./schema-change.ts";

/** The same for a change of the same kind, at the same place, from and to the same. What a field was that is gone does not count. */
export function changeKey(change: FormChange): string {
  if (change.kind === "field-removed") return changePlace(change);
  return Object.entries(change)
    .map(([member, value]) => `${member}=${textOf(value)}`)
    .toSorted()
    .join(" ");
}

/** The same for changes of one kind at one place, whatever it is that changes; of rules and keywords each for itself. */
export function changePlace(change: FormChange): string {
  const place = `${change.kind} ${"path" in change ? change.path : ""}`;
  switch (change.kind) {
    case "cel-rule-added":
    case "cel-rule-changed":
      return `cel-rule ${change.path} ${celText(change.after.rule)}`;
    case "unhandled":
      return `${place} ${change.keyword}`;
    case "selectable-field-removed":
    case "selectable-field-added":
      return `${place} ${change.jsonPath}`;
    default:
      return place;
  }
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  return isSchema(value) ? schemaText(value) : canonicalText(value);
}

function isSchema(value: unknown): value is Schema {
  return isRecord(value) && Object.keys(ANYTHING).every((member) => Object.hasOwn(value, member));
}
