/** @file All functions, by name and number of arguments. */
import type { Library, Overload } from "../expression/overloads.ts";
import { CORE } from "./core.ts";
import { REGEX } from "./regex.ts";
import { STRINGS } from "./strings.ts";

const LIBRARIES: readonly Library[] = [CORE, STRINGS, REGEX];

/** Libraries that name a function alike each add what it takes. */
export const FUNCTIONS: ReadonlyMap<string, readonly Overload[]> = merged();

function merged(): ReadonlyMap<string, readonly Overload[]> {
  const functions = new Map<string, readonly Overload[]>();
  for (const library of LIBRARIES) {
    for (const [name, overloads] of Object.entries(library)) functions.set(name, [...(functions.get(name) ?? []), ...overloads]);
  }
  return functions;
}
