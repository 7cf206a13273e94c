import { describe, expect, it } from "vitest";
import { readBundles } from "../../../src/requirements/bundles.ts";
import type { Catalog } from "../../../src/requirements/catalog.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { compileBuiltIn, readCompiled } from "../../../src/requirements/compiled-catalog.ts";
import type { Condition, Pattern } from "../../../src/requirements/condition.ts";
import { parseCatalogFile } from "../../../src/requirements/catalog-form.ts";

const catalog = valueOf(await readCatalog());
const bundles = valueOf(await readBundles());
const compiled = readCompiled(compileBuiltIn({ catalog, bundles }));

describe("the compiled catalog", () => {
  it("is the catalog of the YAML files", () => {
    expect(withoutFunctions(compiled.catalog)).toEqual(withoutFunctions(catalog));
  });

  it("holds the bundles of the YAML files", () => {
    expect(compiled.bundles).toEqual(bundles);
  });

  it("shares the conditions that needs of the YAML files share, and no others", () => {
    expect(sharedConditions(compiled.catalog)).toEqual(sharedConditions(catalog));
  });

  it("has patterns that match as those of the YAML files do", () => {
    const texts = ["", "true", "--feature-gates=ALBGatewayAPI=true", "quay.io/cilium/operator:v1.15.6", "v1.27.0", "/usr/bin/x"];
    const results = (patterns: readonly Pattern[]): unknown =>
      patterns.map((pattern) => [pattern.source, texts.map((text) => [pattern.test(text), pattern.capture(text)])]);

    expect(patternsOf(catalog).length).toBeGreaterThan(10);
    expect(results(patternsOf(compiled.catalog))).toEqual(results(patternsOf(catalog)));
  });

  it("holds every kind of condition", () => {
    const own = parseCatalogFile({
      controller: "turner",
      images: ["own.dev/mill/turner"],
      versionSetting: { configMap: { name: "config", key: "image", matches: "turner:(v.*)" } },
      when: {
        allOf: [
          { not: { anyOf: [{ arg: "--gears=false" }, { argRegex: "^--no-" }] } },
          { env: { GEARS: "on" } },
          { configMap: { namespace: "mill", name: "config", key: "gears", equals: "on" } },
          { configMap: { name: "config", key: "gears", matches: "^o" } },
          { unreadable: "a flag in its database" },
        ],
      },
      releases: [
        {
          versions: ">=1.0.0",
          verified: "run",
          confidence: "high",
          sources: ["seen"],
          needs: [{ resource: "gears.own.dev", versions: ["v1"], presence: "unconditional", outcomes: "crashes" }],
        },
      ],
    });
    if (!own.ok) throw new Error(own.errors[0].message);
    const read = readCompiled(compileBuiltIn({ catalog: [own.value], bundles: [] }));

    expect(withoutFunctions(read.catalog)).toEqual(withoutFunctions([own.value]));
    expect(patternsOf(read.catalog).map((pattern) => pattern.capture("turner:v1.2.3"))).toEqual(["v1.2.3", null, null]);
  });
});

function valueOf<Value>(result: { readonly ok: true; readonly value: Value } | { readonly ok: false }): Value {
  if (!result.ok) throw new Error("the files must be right");
  return result.value;
}

/** Of a pattern, its source is left. */
function withoutFunctions(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Of all the conditions of a controller that are there, in the order in which they come, which one each is. */
function sharedConditions(all: Catalog): unknown {
  return all.map(({ id, when, releases }) => {
    const conditions = [when, ...releases.flatMap(({ needs }) => needs.map((need) => need.when))];
    return [id, conditions.map((condition) => conditions.indexOf(condition))];
  });
}

function patternsOf(all: Catalog): readonly Pattern[] {
  return all.flatMap(({ when, versionSetting, releases }) => [
    ...(versionSetting === null ? [] : [versionSetting.pattern]),
    ...[when, ...releases.flatMap(({ needs }) => needs.map((need) => need.when))].flatMap((condition) =>
      condition === null ? [] : patternsIn(condition),
    ),
  ]);
}

function patternsIn(condition: Condition): readonly Pattern[] {
  switch (condition.kind) {
    case "arg-regex":
      return [condition.pattern];
    case "config-map":
      return condition.test.kind === "matches" ? [condition.test.pattern] : [];
    case "not":
      return patternsIn(condition.condition);
    case "any-of":
    case "all-of":
      return condition.conditions.flatMap(patternsIn);
    case "arg":
    case "env":
    case "unreadable":
      return [];
  }
}
