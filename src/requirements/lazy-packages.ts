/** @file Packages that take longer to load than most commands take in all: loaded when they are first asked for, and at once. */
import { createRequire } from "node:module";
import type * as AjvPackage from "ajv";
import type * as Re2Package from "re2js";
import type minVersion from "semver/ranges/min-version.js";
import type satisfies from "semver/functions/satisfies.js";
import type subset from "semver/ranges/subset.js";

// The build takes this line out, and puts into the bundle what it bundles of what is asked for below.
const require = createRequire(import.meta.url);

export function loadAjv(): typeof AjvPackage {
  const loaded: typeof AjvPackage = require("ajv");
  return loaded;
}

export function loadRe2(): typeof Re2Package {
  const loaded: typeof Re2Package = require("re2js");
  return loaded;
}

interface Ranges {
  readonly minVersion: typeof minVersion;
  readonly satisfies: typeof satisfies;
  readonly subset: typeof subset;
}

/** Asked for so often that even to find it among what was loaded would count. */
let ranges: Ranges | null = null;

/** What semver knows of ranges. */
export function loadRanges(): Ranges {
  ranges ??= {
    minVersion: require("semver/ranges/min-version.js"),
    satisfies: require("semver/functions/satisfies.js"),
    subset: require("semver/ranges/subset.js"),
  };
  return ranges;
}
