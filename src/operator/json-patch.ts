/** @file JSON Patch, as far as our kustomizations use it: add, replace and remove. */
import { isRecord } from "../crd/is-record.ts";

export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/**
 * A patched copy; what is not on the way to a change is shared with the original.
 * @throws Error where a path leads nowhere: a patch of ours that does not fit our manifest is a defect.
 * Source: RFC 6902, sections 4.1 to 4.3; RFC 6901 for paths.
 */
export function applyPatch(document: unknown, operations: readonly PatchOperation[]): unknown {
  return operations.reduce<unknown>(
    (patched, operation) => change(patched, operation.path.split("/").slice(1).map(unescaped), operation),
    document,
  );
}

function change(node: unknown, [key, ...rest]: readonly string[], operation: PatchOperation): unknown {
  if (key === undefined) return operation.op === "remove" ? undefined : operation.value;
  if (Array.isArray(node)) return changeItem(node, key, rest, operation);
  if (!isRecord(node)) throw misfit(operation);

  if (rest.length > 0) {
    if (!Object.hasOwn(node, key)) throw misfit(operation);
    return { ...node, [key]: change(node[key], rest, operation) };
  }
  if (operation.op !== "add" && !Object.hasOwn(node, key)) throw misfit(operation);
  if (operation.op !== "remove") return { ...node, [key]: operation.value };
  return Object.fromEntries(Object.entries(node).filter(([name]) => name !== key));
}

function changeItem(items: readonly unknown[], key: string, rest: readonly string[], operation: PatchOperation): unknown {
  const isAddition = operation.op === "add" && rest.length === 0;
  const index = key === "-" && isAddition ? items.length : Number(key);
  if (!/^(?:-|0|[1-9]\d*)$/.test(key) || !(index < items.length + (isAddition ? 1 : 0))) throw misfit(operation);

  if (rest.length > 0) return items.with(index, change(items[index], rest, operation));
  switch (operation.op) {
    case "add":
      return items.toSpliced(index, 0, operation.value);
    case "replace":
      return items.with(index, operation.value);
    case "remove":
      return items.toSpliced(index, 1);
  }
}

function misfit({ op, path }: PatchOperation): Error {
  return new Error(`there is nothing at ${path} to ${op}`);
}

function unescaped(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
