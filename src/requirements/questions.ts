/** @file What a catalog asks of workloads and ConfigMaps, so that no more of them need be told than answers it. */
import type { CatalogController } from "./catalog.ts";
import { type Condition, type ConfigMapKey, flagName, type Pattern, type ValueTest } from "./condition.ts";

export interface Questions {
  /** Without their dashes, in small letters, as flags are compared. */
  readonly flags: ReadonlySet<string>;
  /** That flags are asked to have. */
  readonly values: ReadonlySet<string>;
  /** Arguments that are no flags. */
  readonly words: ReadonlySet<string>;
  readonly patterns: readonly Pattern[];
  /** Environment variables. */
  readonly variables: ReadonlySet<string>;
  readonly keys: readonly KeyQuestion[];
}

export interface KeyQuestion {
  readonly key: ConfigMapKey;
  /** `captures`: the version stands there. */
  readonly test: ValueTest | { readonly kind: "captures"; readonly pattern: Pattern };
}

export function questionsOf(controllers: readonly CatalogController[]): Questions {
  const asked = controllers.map(questionsOfOne);
  return {
    flags: new Set(asked.flatMap(({ flags }) => [...flags])),
    values: new Set(asked.flatMap(({ values }) => [...values])),
    words: new Set(asked.flatMap(({ words }) => [...words])),
    patterns: asked.flatMap(({ patterns }) => patterns),
    variables: new Set(asked.flatMap(({ variables }) => [...variables])),
    keys: asked.flatMap(({ keys }) => keys),
  };
}

/** Of a cluster's workloads many have the same few images. */
const KNOWN = new WeakMap<CatalogController, Questions>();

function questionsOfOne(controller: CatalogController): Questions {
  const known = KNOWN.get(controller);
  if (known !== undefined) return known;
  const { when, versionSetting, releases } = controller;
  // Needs share their conditions, and one look at each is enough.
  const conditions = new Set([when, ...releases.flatMap(({ needs }) => needs.map((need) => need.when))]);
  const parts = [...conditions].flatMap((condition) => (condition === null ? [] : partsOf(condition)));
  const names = parts.flatMap((part) => (part.kind === "arg" ? [part] : []));
  const questions: Questions = {
    flags: new Set(names.filter(({ name }) => name.startsWith("-")).map(({ name }) => flagName(name))),
    values: new Set(names.flatMap(({ name, value }) => (name.startsWith("-") && value !== null ? [value] : []))),
    words: new Set(
      names.filter(({ name }) => !name.startsWith("-")).map(({ name, value }) => (value === null ? name : `${name}=${value}`)),
    ),
    patterns: parts.flatMap((part) => (part.kind === "arg-regex" ? [part.pattern] : [])),
    variables: new Set(parts.flatMap((part) => (part.kind === "env" ? [part.name] : []))),
    keys: [
      ...(versionSetting === null
        ? []
        : [{ key: versionSetting.key, test: { kind: "captures" as const, pattern: versionSetting.pattern } }]),
      ...parts.flatMap((part) => (part.kind === "config-map" ? [{ key: part.key, test: part.test }] : [])),
    ],
  };
  KNOWN.set(controller, questions);
  return questions;
}

function partsOf(condition: Condition): readonly Condition[] {
  switch (condition.kind) {
    case "not":
      return partsOf(condition.condition);
    case "any-of":
    case "all-of":
      return condition.conditions.flatMap(partsOf);
    case "arg":
    case "arg-regex":
    case "env":
    case "config-map":
    case "unreadable":
      return [condition];
  }
}
