/** @file What comes with crdguard as the build writes it down: catalog and bundles, parsed already. */
import type { Crd } from "../crd/crd.ts";
import type { Bundle } from "../rules/bundle.ts";
import type { Catalog, CatalogController, CatalogNeed, CatalogRelease, VersionSetting } from "./catalog.ts";
import { type Condition, knownPattern, type ValueTest } from "./condition.ts";

export interface BuiltIn {
  readonly catalog: Catalog;
  readonly bundles: readonly Bundle[];
}

/**
 * @returns lines of JSON: first what each command looks at, and then what controllers need, one a line, since a command asks
 * that of few.
 */
export function compileBuiltIn({ catalog, bundles }: BuiltIn): string {
  const definitions = indexOnce<Definition>(JSON.stringify);
  const head: CompiledHead = {
    controllers: catalog.map(({ when: _when, releases: _releases, versionSetting, ...controller }) => ({
      ...controller,
      versionSetting: versionSetting && { ...versionSetting, pattern: versionSetting.pattern.source },
    })),
    bundles: bundles.map(({ crds, ...bundle }) => ({
      ...bundle,
      crds: Array.from(crds.values(), (crd) => definitions.indexOf({ ...crd, bundle: null })),
    })),
    definitions: definitions.all(),
  };
  return [head, ...catalog.map(compileNeeds)].map((part) => `${JSON.stringify(part)}\n`).join("");
}

/** @param text what `compileBuiltIn` made, in the same build: it is not looked at again. */
export function readCompiled(text: string): BuiltIn {
  const [first = "", ...lines] = text.split("\n");
  const { controllers, bundles, definitions }: CompiledHead = JSON.parse(first);
  return {
    catalog: controllers.map((controller, index) => readController(controller, lines[index] ?? "")),
    bundles: bundles.map((bundle): Bundle => {
      const crds = once(() => readDefinitions(bundle, definitions));
      return {
        ...bundle,
        get crds() {
          return crds();
        },
      };
    }),
  };
}

interface CompiledHead {
  readonly controllers: readonly CompiledController[];
  readonly bundles: readonly CompiledBundle[];
  readonly definitions: readonly Definition[];
}

interface CompiledController extends Omit<CatalogController, "when" | "versionSetting" | "releases"> {
  readonly versionSetting: (Omit<VersionSetting, "pattern"> & { readonly pattern: string }) | null;
}

interface CompiledBundle extends Omit<Bundle, "crds"> {
  readonly crds: readonly Index[];
}

/** Of which bundle it is, the bundle tells: most releases leave most of them as they were. */
interface Definition extends Crd {
  readonly bundle: null;
}

/** What a controller needs. */
interface CompiledNeeds {
  readonly when: Index | null;
  /** By identity: a condition that needs share is evaluated once a workload. */
  readonly conditions: readonly CompiledCondition[];
  readonly needs: readonly CompiledNeed[];
  readonly releases: readonly (Omit<CatalogRelease, "needs"> & { readonly needs: readonly Index[] })[];
}

interface CompiledNeed extends Omit<CatalogNeed, "when"> {
  readonly when: Index | null;
}

/** Into a list that holds each once. */
type Index = number;

type CompiledCondition =
  | Extract<Condition, { kind: "arg" | "env" | "unreadable" }>
  | { readonly kind: "arg-regex"; readonly pattern: string }
  | (Omit<Extract<Condition, { kind: "config-map" }>, "test"> & { readonly test: CompiledTest })
  | { readonly kind: "not"; readonly condition: CompiledCondition }
  | { readonly kind: "any-of" | "all-of"; readonly conditions: readonly CompiledCondition[] };

type CompiledTest = Extract<ValueTest, { kind: "equals" }> | { readonly kind: "matches"; readonly pattern: string };

function compileNeeds({ when, releases }: CatalogController): CompiledNeeds {
  const conditions = indexOnce<Condition>((condition) => condition);
  const needs = indexOnce<CompiledNeed>(JSON.stringify);
  const indexOf = (condition: Condition | null): Index | null => (condition === null ? null : conditions.indexOf(condition));
  const compiled = {
    when: indexOf(when),
    releases: releases.map((release) => ({
      ...release,
      needs: release.needs.map((need) => needs.indexOf({ ...need, when: indexOf(need.when) })),
    })),
  };
  return { ...compiled, needs: needs.all(), conditions: conditions.all().map(compileCondition) };
}

/** @param line its needs, which are read when somebody looks at them. */
function readController(controller: CompiledController, line: string): CatalogController {
  const { versionSetting } = controller;
  const needs = once(() => readNeeds(JSON.parse(line)));
  return {
    ...controller,
    versionSetting: versionSetting && { ...versionSetting, pattern: knownPattern(versionSetting.pattern) },
    get when() {
      return needs().when;
    },
    get releases() {
      return needs().releases;
    },
  };
}

function readNeeds({ when, conditions, needs, releases }: CompiledNeeds): Pick<CatalogController, "when" | "releases"> {
  const read = conditions.map(readCondition);
  const conditionAt = (index: Index | null): Condition | null => (index === null ? null : (read[index] ?? null));
  const all = needs.map((need): CatalogNeed => ({ ...need, when: conditionAt(need.when) }));
  return {
    when: conditionAt(when),
    releases: releases.map((release) => ({ ...release, needs: at(all, release.needs) })),
  };
}

function readDefinitions({ version, channel, crds }: CompiledBundle, definitions: readonly Definition[]): Bundle["crds"] {
  const bundle = { version: `v${version}`, channel };
  return new Map(at(definitions, crds).map((definition) => [definition.name, { ...definition, bundle }]));
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null;
  return () => (made ??= { value: make() }).value;
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
