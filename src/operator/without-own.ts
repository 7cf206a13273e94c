/** @file What is left of an object when the part that crdguard owns is taken out of it: the defaults that a user may change. */
import { isRecord } from "../crd/is-record.ts";
import type { LiveObject } from "./kept-object.ts";

/**
 * An entry of a list that is a map by `name` stays with its name alone where all else of it is owned, as server-side apply
 * needs it to find the entry; any other list is owned as a whole or not at all.
 */
export function withoutOwn(whole: LiveObject, own: LiveObject): LiveObject {
  const { apiVersion, kind } = whole;
  const metadata = isRecord(whole["metadata"]) ? whole["metadata"] : {};
  const { name, namespace } = metadata;
  const left = remainder(whole, own);
  const leftMetadata = isRecord(left) && isRecord(left["metadata"]) ? left["metadata"] : {};
  return {
    ...(isRecord(left) ? left : {}),
    apiVersion,
    kind,
    metadata: { ...leftMetadata, name, ...(namespace === undefined ? {} : { namespace }) },
  };
}

/** Undefined where nothing is left. */
function remainder(whole: unknown, own: unknown): unknown {
  if (own === undefined) return whole;
  if (isRecord(whole) && isRecord(own)) {
    const left = Object.entries(whole).flatMap(([key, value]) => {
      const rest = key in own ? remainder(value, own[key]) : value;
      return rest === undefined ? [] : [[key, rest] as const];
    });
    return left.length === 0 ? undefined : Object.fromEntries(left);
  }
  if (isNamedList(whole) && isNamedList(own)) {
    const left = whole.flatMap((entry) => {
      const owned = own.find(({ name }) => name === entry.name);
      const rest = remainder(entry, owned);
      return isRecord(rest) ? [{ ...rest, name: entry.name }] : [];
    });
    return left.length === 0 ? undefined : left;
  }
  return undefined;
}

function isNamedList(value: unknown): value is readonly (LiveObject & { readonly name: unknown })[] {
  return Array.isArray(value) && value.every((entry) => isRecord(entry) && typeof entry["name"] === "string");
}
