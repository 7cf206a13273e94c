/** @file Packages that take longer to load than most commands take in all: loaded when they are first asked for, and at once. */
import { createRequire } from "node:module";
import type * as AjvPackage from "ajv";
import type * as Re2Package from "re2js";
import type semver from "semver";

const require = createRequire(import.meta.url);

export function loadAjv(): typeof AjvPackage {
  const loaded: typeof AjvPackage = require("ajv");
  return loaded;
}

/** All of it. What nearly every command needs is imported by itself. */
export function loadSemver(): typeof semver {
  const loaded: typeof semver = require("semver");
  return loaded;
}

export function loadRe2(): typeof Re2Package {
  const loaded: typeof Re2Package = require("re2js");
  return loaded;
}
