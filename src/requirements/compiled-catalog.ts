/** @file What comes with crdguard as the build writes it down: catalog and bundles, parsed already. */
import type { Crd } from "../crd/crd.ts";
import type { Bundle } from "../rules/bundle.ts";
import type { Catalog, CatalogController, CatalogNeed, CatalogRelease, VersionSetting } from "./catalog.ts";
import { type Condition, knownPattern, type ValueTest } from "./condition.ts";

export interface BuiltIn {
  readonly catalog: Catalog;
  readonly bundles: readonly Bundle[];
}

/** @returns JSON, in which what many releases have alike stands once: a third of what it would be. */
export function compileBuiltIn({ catalog, bundles }: BuiltIn): string {
  const definitions = indexOnce<Definition>(JSON.stringify);
  const compiled: CompiledBuiltIn = {
    catalog: catalog.map(compileController),
    bundles: bundles.map(({ crds, ...bundle }) => ({
      ...bundle,
      crds: Array.from(crds.values(), (crd) => definitions.indexOf({ ...crd, bundle: null })),
    })),
    definitions: definitions.all(),
  };
  return `${JSON.stringify(compiled)}\n`;
}

/** @param json what `compileBuiltIn` made, in the same build: it is not looked at again. */
export function readCompiled(json: string): BuiltIn {
  const { catalog, bundles, definitions }: CompiledBuiltIn = JSON.parse(json);
  return {
    catalog: catalog.map(readController),
    bundles: bundles.map((bundle) => {
      const source = { version: `v${bundle.version}`, channel: bundle.channel };
      const crds = at(definitions, bundle.crds).map((definition): Crd => ({ ...definition, bundle: source }));
      return { ...bundle, crds: new Map(crds.map((crd) => [crd.name, crd])) };
    }),
  };
}

interface CompiledBuiltIn {
  readonly catalog: readonly CompiledController[];
  readonly bundles: readonly (Omit<Bundle, "crds"> & { readonly crds: readonly Index[] })[];
  readonly definitions: readonly Definition[];
}

/** Of which bundle it is, the bundle tells: most releases leave most of them as they were. */
interface Definition extends Crd {
  readonly bundle: null;
}

/** Into a list that holds each once. */
type Index = number;

interface CompiledController extends Omit<CatalogController, "when" | "versionSetting" | "releases"> {
  /** By identity: a condition that needs share is evaluated once a workload. */
  readonly conditions: readonly CompiledCondition[];
  readonly when: Index | null;
  readonly versionSetting: (Omit<VersionSetting, "pattern"> & { readonly pattern: string }) | null;
  readonly needs: readonly CompiledNeed[];
  readonly releases: readonly (Omit<CatalogRelease, "needs"> & { readonly needs: readonly Index[] })[];
}

interface CompiledNeed extends Omit<CatalogNeed, "when"> {
  readonly when: Index | null;
}

type CompiledCondition =
  | Extract<Condition, { kind: "arg" | "env" | "unreadable" }>
  | { readonly kind: "arg-regex"; readonly pattern: string }
  | (Omit<Extract<Condition, { kind: "config-map" }>, "test"> & { readonly test: CompiledTest })
  | { readonly kind: "not"; readonly condition: CompiledCondition }
  | { readonly kind: "any-of" | "all-of"; readonly conditions: readonly CompiledCondition[] };

type CompiledTest = Extract<ValueTest, { kind: "equals" }> | { readonly kind: "matches"; readonly pattern: string };

function compileController({ when, versionSetting, releases, ...controller }: CatalogController): CompiledController {
  const conditions = indexOnce<Condition>((condition) => condition);
  const needs = indexOnce<CompiledNeed>(JSON.stringify);
  const indexOf = (condition: Condition | null): Index | null => (condition === null ? null : conditions.indexOf(condition));
  const compiled = {
    ...controller,
    when: indexOf(when),
    versionSetting: versionSetting && { ...versionSetting, pattern: versionSetting.pattern.source },
    releases: releases.map((release) => ({
      ...release,
      needs: release.needs.map((need) => needs.indexOf({ ...need, when: indexOf(need.when) })),
    })),
  };
  return { ...compiled, needs: needs.all(), conditions: conditions.all().map(compileCondition) };
}

function readController({ conditions, needs, ...controller }: CompiledController): CatalogController {
  const read = conditions.map(readCondition);
  const conditionAt = (index: Index | null): Condition | null => (index === null ? null : (read[index] ?? null));
  const readNeeds = needs.map((need): CatalogNeed => ({ ...need, when: conditionAt(need.when) }));
  const { versionSetting } = controller;
  return {
    ...controller,
    when: conditionAt(controller.when),
    versionSetting: versionSetting && { ...versionSetting, pattern: knownPattern(versionSetting.pattern) },
    releases: controller.releases.map((release) => ({ ...release, needs: at(readNeeds, release.needs) })),
  };
}

/** @param keyOf equal for what is to stand once. */
function indexOnce<Item>(keyOf: (item: Item) => unknown): {
  readonly indexOf: (item: Item) => Index;
  readonly all: () => readonly Item[];
} {
  const indexes = new Map<unknown, Index>();
  const items: Item[] = [];
  return {
    indexOf(item) {
      const key = keyOf(item);
      const known = indexes.get(key);
      if (known !== undefined) return known;
      indexes.set(key, items.length);
      return items.push(item) - 1;
    },
    all: () => items,
  };
}

function at<Item>(items: readonly Item[], indexes: readonly Index[]): readonly Item[] {
  return indexes.flatMap((index) => items[index] ?? []);
}

function compileCondition(condition: Condition): CompiledCondition {
  switch (condition.kind) {
    case "arg":
    case "env":
    case "unreadable":
      return condition;
    case "arg-regex":
      return { kind: condition.kind, pattern: condition.pattern.source };
    case "config-map": {
      const { test } = condition;
      return { ...condition, test: test.kind === "equals" ? test : { kind: test.kind, pattern: test.pattern.source } };
    }
    case "not":
      return { kind: condition.kind, condition: compileCondition(condition.condition) };
    case "any-of":
    case "all-of":
      return { kind: condition.kind, conditions: condition.conditions.map(compileCondition) };
  }
}

function readCondition(condition: CompiledCondition): Condition {
  switch (condition.kind) {
    case "arg":
    case "env":
    case "unreadable":
      return condition;
    case "arg-regex":
      return { kind: condition.kind, pattern: knownPattern(condition.pattern) };
    case "config-map": {
      const { test } = condition;
      return { ...condition, test: test.kind === "equals" ? test : { kind: test.kind, pattern: knownPattern(test.pattern) } };
    }
    case "not":
      return { kind: condition.kind, condition: readCondition(condition.condition) };
    case "any-of":
    case "all-of":
      return { kind: condition.kind, conditions: condition.conditions.map(readCondition) };
  }
}
