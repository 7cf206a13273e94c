/** @file What comes with crdguard as the build writes it down: catalog and bundles, parsed already. */
import type { Crd } from "../crd/crd.ts";
import type { Bundle } from "../rules/bundle.ts";
import type { Catalog, CatalogController, CatalogNeed, CatalogRelease, VersionSetting } from "./catalog.ts";
import { type Condition, knownPattern, type ValueTest } from "./condition.ts";

export interface BuiltIn {
  readonly catalog: Catalog;
  readonly bundles: readonly Bundle[];
}

/** @returns JSON. */
export function compileBuiltIn({ catalog, bundles }: BuiltIn): string {
  const compiled: CompiledBuiltIn = {
    catalog: catalog.map(compileController),
    bundles: bundles.map((bundle) => ({ ...bundle, crds: [...bundle.crds.values()] })),
  };
  return `${JSON.stringify(compiled)}\n`;
}

/** @param json what `compileBuiltIn` made, in the same build: it is not looked at again. */
export function readCompiled(json: string): BuiltIn {
  const { catalog, bundles }: CompiledBuiltIn = JSON.parse(json);
  return {
    catalog: catalog.map(readController),
    bundles: bundles.map((bundle) => ({ ...bundle, crds: new Map(bundle.crds.map((crd) => [crd.name, crd])) })),
  };
}

interface CompiledBuiltIn {
  readonly catalog: readonly CompiledController[];
  readonly bundles: readonly (Omit<Bundle, "crds"> & { readonly crds: readonly Crd[] })[];
}

interface CompiledController extends Omit<CatalogController, "when" | "versionSetting" | "releases"> {
  /** Each once: what needs share is asked once a workload. */
  readonly conditions: readonly CompiledCondition[];
  readonly when: ConditionIndex;
  readonly versionSetting: (Omit<VersionSetting, "pattern"> & { readonly pattern: string }) | null;
  readonly releases: readonly (Omit<CatalogRelease, "needs"> & {
    readonly needs: readonly (Omit<CatalogNeed, "when"> & { readonly when: ConditionIndex })[];
  })[];
}

/** Into the controller's `conditions`. */
type ConditionIndex = number | null;

type CompiledCondition =
  | Extract<Condition, { kind: "arg" | "env" | "unreadable" }>
  | { readonly kind: "arg-regex"; readonly pattern: string }
  | (Omit<Extract<Condition, { kind: "config-map" }>, "test"> & { readonly test: CompiledTest })
  | { readonly kind: "not"; readonly condition: CompiledCondition }
  | { readonly kind: "any-of" | "all-of"; readonly conditions: readonly CompiledCondition[] };

type CompiledTest = Extract<ValueTest, { kind: "equals" }> | { readonly kind: "matches"; readonly pattern: string };

function compileController(controller: CatalogController): CompiledController {
  const conditions = new Map<Condition, number>();
  const indexOf = (condition: Condition | null): ConditionIndex => {
    if (condition === null) return null;
    const known = conditions.get(condition) ?? conditions.size;
    conditions.set(condition, known);
    return known;
  };
  const { versionSetting, releases } = controller;
  const indexed = {
    ...controller,
    when: indexOf(controller.when),
    versionSetting: versionSetting && { ...versionSetting, pattern: versionSetting.pattern.source },
    releases: releases.map((release) => ({
      ...release,
      needs: release.needs.map((need) => ({ ...need, when: indexOf(need.when) })),
    })),
  };
  return { ...indexed, conditions: [...conditions.keys()].map(compileCondition) };
}

function readController({ conditions, ...controller }: CompiledController): CatalogController {
  const read = conditions.map(readCondition);
  const at = (index: ConditionIndex): Condition | null => (index === null ? null : (read[index] ?? null));
  const { versionSetting, releases } = controller;
  return {
    ...controller,
    when: at(controller.when),
    versionSetting: versionSetting && { ...versionSetting, pattern: knownPattern(versionSetting.pattern) },
    releases: releases.map((release) => ({
      ...release,
      needs: release.needs.map((need) => ({ ...need, when: at(need.when) })),
    })),
  };
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
