/** @file All functions, by name and number of arguments. */
import type { Library, Overload } from "../expression/overloads.ts";
import { CORE } from "./core.ts";
import { IP } from "./ip.ts";
import { LISTS } from "./lists.ts";
import { NAMED_FORMATS } from "./named-formats.ts";
import { OPTIONALS } from "./optionals.ts";
import { QUANTITY } from "./quantity.ts";
import { REGEX } from "./regex.ts";
import { SEMVER } from "./semver.ts";
import { STRINGS } from "./strings.ts";
import { TEXT_FORMAT } from "./text-format.ts";
import { TIMES } from "./times.ts";
import { URLS } from "./urls.ts";

const LIBRARIES: readonly Library[] = [
  CORE,
  STRINGS,
  TEXT_FORMAT,
  LISTS,
  OPTIONALS,
  TIMES,
  REGEX,
  URLS,
  QUANTITY,
  IP,
  NAMED_FORMATS,
  SEMVER,
];

/** Libraries that name a function alike each add what it takes. */
export const FUNCTIONS: ReadonlyMap<string, readonly Overload[]> = merged();

function merged(): ReadonlyMap<string, readonly Overload[]> {
  const functions = new Map<string, readonly Overload[]>();
  for (const library of LIBRARIES) {
    for (const [name, overloads] of Object.entries(library)) functions.set(name, [...(functions.get(name) ?? []), ...overloads]);
  }
  return functions;
}
