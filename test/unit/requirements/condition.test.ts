import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compilePattern,
  type Condition,
  configMapKeys,
  type ContainerSettings,
  describeCondition,
  evaluateCondition,
  type Pattern,
  type ReadSetting,
} from "../../../src/requirements/condition.ts";

const arg = (name: string, value: string | null = null): Condition => ({ kind: "arg", name, value });
const settings = (shape: Partial<ContainerSettings> = {}): ContainerSettings => ({
  namespace: "mill",
  args: [],
  env: {},
  hasForeignEnv: false,
  ...shape,
});
const nowhere: ReadSetting = () => undefined;

function pattern(source: string): Pattern {
  const compiled = compilePattern(source);
  if (compiled === null) throw new Error(`${source} must be a pattern`);
  return compiled;
}

describe("an argument", () => {
  it.each([
    { title: "is given", condition: arg("--gears"), args: ["--gears"], holds: true },
    { title: "is given by one dash, which Go takes too", condition: arg("--gears"), args: ["-gears"], holds: true },
    {
      title: "is given in another case, which Traefik takes",
      condition: arg("--providers.kubernetescrd"),
      args: ["--providers.kubernetesCRD"],
      holds: true,
    },
    { title: "is given as true", condition: arg("--gears"), args: ["--gears=true"], holds: true },
    { title: "is given as false", condition: arg("--gears"), args: ["--gears=false"], holds: false },
    { title: "is given as 0", condition: arg("--gears"), args: ["--gears=0"], holds: false },
    { title: "is taken back by the last one", condition: arg("--gears"), args: ["--gears", "--gears=false"], holds: false },
    { title: "is missing", condition: arg("--gears"), args: ["--cogs"], holds: false },
    { title: "is the beginning of another", condition: arg("--gears"), args: ["--gears-more"], holds: false },
    { title: "is the end of another", condition: arg("--gears"), args: ["--no-gears"], holds: false },
    { title: "has its value", condition: arg("--source", "gateway"), args: ["--source=gateway"], holds: true },
    {
      title: "has its value as a word of its own",
      condition: arg("--source", "gateway"),
      args: ["--source", "gateway"],
      holds: true,
    },
    {
      title: "has its value among several flags",
      condition: arg("--source", "gateway"),
      args: ["--source=service", "--source=gateway"],
      holds: true,
    },
    { title: "has another value", condition: arg("--source", "gateway"), args: ["--source=gateways"], holds: false },
    {
      title: "is followed by another flag in place of its value",
      condition: arg("--source", "gateway"),
      args: ["--source", "--gateway"],
      holds: false,
    },
    { title: "ends the line without its value", condition: arg("--source", "gateway"), args: ["--source"], holds: false },
    {
      title: "switches a gate among others",
      condition: arg("--feature-gates", "B=true"),
      args: ["--feature-gates=A=false,B=true"],
      holds: true,
    },
    {
      title: "switches the gate off",
      condition: arg("--feature-gates", "B=true"),
      args: ["--feature-gates=B=false"],
      holds: false,
    },
    { title: "is set to true by being there", condition: arg("--gears", "true"), args: ["--gears"], holds: true },
    { title: "is false, where that is asked", condition: arg("--gears", "false"), args: ["--gears=f"], holds: true },
    { title: "is not there, where false is asked", condition: arg("--gears", "false"), args: [], holds: false },
    { title: "is a bare word", condition: arg("webhook"), args: ["webhook", "--port=1"], holds: true },
    { title: "is no bare word", condition: arg("webhook"), args: ["--webhook"], holds: false },
    {
      title: "is in a shell's script",
      condition: arg("--gears"),
      args: ["sh", "-c", "exec turner --gears --port=1"],
      holds: true,
    },
    {
      title: "comes from a variable",
      condition: arg("--source", "gateway"),
      args: ["--source=$(SOURCE)"],
      holds: true,
      env: { SOURCE: "gateway" },
    },
    {
      title: "comes from a variable that is not shown",
      condition: arg("--source", "gateway"),
      args: ["--source=$(SOURCE)"],
      holds: false,
      env: { SOURCE: null },
    },
  ])("that $title: $holds", ({ condition, args, holds, env = {} }) => {
    expect(evaluateCondition(condition, settings({ args, env }), nowhere)).toEqual({ kind: holds ? "yes" : "no" });
  });

  it("may match a pattern, anywhere in it", () => {
    const condition: Condition = { kind: "arg-regex", pattern: pattern("^--source=gateway-(http|grpc)route$") };

    expect(evaluateCondition(condition, settings({ args: ["--a", "--source=gateway-grpcroute"] }), nowhere).kind).toBe("yes");
    expect(evaluateCondition(condition, settings({ args: ["--source=gateway-udproute"] }), nowhere).kind).toBe("no");
  });

  it("never throws, whatever the command line", () => {
    const word = fc.oneof(fc.string(), fc.constantFrom("--gears", "--gears=", "-", "--", "$(", "$(A)", "=", "--gears=$(gears)"));
    fc.assert(
      fc.property(fc.array(word), fc.dictionary(fc.string(), fc.option(fc.string())), (args, env) => {
        for (const condition of [arg("--gears"), arg("--gears", "x"), arg("gears"), arg("--")]) {
          expect(["yes", "no"]).toContain(evaluateCondition(condition, settings({ args, env }), nowhere).kind);
        }
      }),
    );
  });
});

describe("a variable", () => {
  const condition: Condition = { kind: "env", name: "ALPHA", value: "true" };
  it.each([
    { title: "is set", given: { env: { ALPHA: "true" } }, truth: { kind: "yes" } },
    { title: "is true in another spelling", given: { env: { ALPHA: "1" } }, truth: { kind: "yes" } },
    { title: "is set otherwise", given: { env: { ALPHA: "false" } }, truth: { kind: "no" } },
    { title: "is not set", given: {}, truth: { kind: "no" } },
    { title: "comes from a Secret", given: { env: { ALPHA: null } }, truth: { kind: "unknown", condition: "ALPHA=true" } },
    {
      title: "may come with all of a ConfigMap",
      given: { hasForeignEnv: true },
      truth: { kind: "unknown", condition: "ALPHA=true" },
    },
    {
      title: "is set, whatever a ConfigMap brings",
      given: { env: { ALPHA: "false" }, hasForeignEnv: true },
      truth: { kind: "no" },
    },
  ])("that $title is $truth.kind", ({ given, truth }) => {
    expect(evaluateCondition(condition, settings(given), nowhere)).toEqual(truth);
  });

  it("may hold several values, a line each", () => {
    const source: Condition = { kind: "env", name: "SOURCE", value: "gateway" };

    expect(evaluateCondition(source, settings({ env: { SOURCE: "service\ngateway" } }), nowhere).kind).toBe("yes");
    expect(evaluateCondition(source, settings({ env: { SOURCE: "service,gateways" } }), nowhere).kind).toBe("no");
  });

  it("is not found in the prototype of an object", () => {
    const inherited: Condition = { kind: "env", name: "constructor", value: "true" };

    expect(evaluateCondition(inherited, settings(), nowhere).kind).toBe("no");
  });
});

describe("a ConfigMap's key", () => {
  const key = { namespace: null, name: "config", key: "gears.yaml" };
  const matches: Condition = { kind: "config-map", key, test: { kind: "matches", pattern: pattern("(?m)^gears:") } };
  const equals: Condition = { kind: "config-map", key: { ...key, namespace: "other" }, test: { kind: "equals", value: "on" } };
  it.each([
    { title: "matches", condition: matches, value: "cogs: 1\ngears: 2", truth: { kind: "yes" } },
    { title: "does not match", condition: matches, value: "cogs: 1", truth: { kind: "no" } },
    { title: "is missing", condition: matches, value: null, truth: { kind: "no" } },
    {
      title: "cannot be read",
      condition: matches,
      value: undefined,
      truth: { kind: "assumed", condition: "gears.yaml like (?m)^gears: in ConfigMap config" },
    },
    { title: "equals", condition: equals, value: "on", truth: { kind: "yes" } },
    { title: "nearly equals", condition: equals, value: "on ", truth: { kind: "no" } },
    {
      title: "is not known",
      condition: equals,
      value: undefined,
      truth: { kind: "assumed", condition: "gears.yaml=on in ConfigMap other/config" },
    },
  ])("that $title is $truth.kind", ({ condition, value, truth }) => {
    expect(evaluateCondition(condition, settings(), () => value)).toEqual(truth);
  });

  it("is read in the workload's own namespace, unless one is named", () => {
    const asked: string[] = [];
    const read: ReadSetting = (namespace, name) => {
      asked.push(`${namespace}/${name}`);
      return null;
    };
    evaluateCondition({ kind: "all-of", conditions: [{ kind: "not", condition: matches }, equals] }, settings(), read);

    expect(asked).toEqual(["mill/config", "other/config"]);
  });

  it("is found wherever it stands in a condition", () => {
    const nested: Condition = {
      kind: "any-of",
      conditions: [arg("--gears"), { kind: "not", condition: { kind: "all-of", conditions: [matches, equals] } }],
    };

    expect(configMapKeys(nested)).toEqual([key, { ...key, namespace: "other" }]);
  });
});

describe("conditions joined", () => {
  const TRUTHS = {
    yes: { kind: "not", condition: arg("--absent") },
    no: arg("--absent"),
    assumed: { kind: "config-map", key: { namespace: null, name: "c", key: "k" }, test: { kind: "equals", value: "v" } },
    unknown: { kind: "unreadable", text: "a file" },
  } as const satisfies Record<string, Condition>;
  const kindOf = (condition: Condition): string => evaluateCondition(condition, settings(), nowhere).kind;

  it.each([
    { join: "all-of", parts: ["yes", "yes"], kind: "yes" },
    { join: "all-of", parts: ["yes", "no"], kind: "no" },
    { join: "all-of", parts: ["unknown", "no"], kind: "no" },
    { join: "all-of", parts: ["assumed", "unknown"], kind: "unknown" },
    { join: "all-of", parts: ["assumed", "yes"], kind: "assumed" },
    { join: "any-of", parts: ["no", "no"], kind: "no" },
    { join: "any-of", parts: ["no", "yes"], kind: "yes" },
    { join: "any-of", parts: ["unknown", "yes"], kind: "yes" },
    { join: "any-of", parts: ["assumed", "unknown"], kind: "assumed" },
    { join: "any-of", parts: ["no", "unknown"], kind: "unknown" },
  ] as const)("$join of $parts is $kind", ({ join, parts, kind }) => {
    expect(kindOf({ kind: join, conditions: parts.map((part) => TRUTHS[part]) })).toBe(kind);
  });

  it("is known wherever it would be known by two-valued logic, and keeps De Morgan's laws there", () => {
    const leaf = fc.constantFrom<Condition>(...Object.values(TRUTHS));
    const sure = fc.constantFrom<Condition>(TRUTHS.yes, TRUTHS.no);
    const not = (condition: Condition): Condition => ({ kind: "not", condition });
    fc.assert(
      fc.property(fc.array(sure, { minLength: 1 }), (conditions) => {
        expect(kindOf(not({ kind: "all-of", conditions }))).toBe(kindOf({ kind: "any-of", conditions: conditions.map(not) }));
        expect(kindOf(not({ kind: "any-of", conditions }))).toBe(kindOf({ kind: "all-of", conditions: conditions.map(not) }));
      }),
    );
    fc.assert(
      fc.property(fc.array(leaf), (conditions) => {
        expect(kindOf({ kind: "any-of", conditions: [...conditions, TRUTHS.yes] })).toBe("yes");
        expect(kindOf({ kind: "all-of", conditions: [...conditions, TRUTHS.no] })).toBe("no");
      }),
    );
  });

  it.each([
    { condition: arg("--source", "gateway"), text: "--source=gateway" },
    { condition: { kind: "not", condition: arg("--gears") } as const, text: "not --gears" },
    { condition: { kind: "any-of", conditions: [arg("--a"), arg("--b")] } as const, text: "--a or --b" },
    { condition: { kind: "env", name: "A", value: "1" } as const, text: "A=1" },
  ])("reads $text", ({ condition, text }) => {
    expect(describeCondition(condition)).toBe(text);
  });
});

describe("compilePattern", () => {
  it.each(["(", "(?=a)", "a**", "\\1"])("refuses %s, which is not RE2", (source) => {
    expect(compilePattern(source)).toBeNull();
  });

  it("gives the first capture group, or all that matched", () => {
    expect(pattern("v(\\d+)\\.(\\d+)").capture("at v12.3")).toBe("12");
    expect(pattern("v\\d+").capture("at v12.3")).toBe("v12");
    expect(pattern("v\\d+").capture("nothing")).toBeNull();
  });

  it("takes linear time where a backtracking engine would not end", () => {
    expect(pattern("^(a+)+$").test(`${"a".repeat(5_000)}!`)).toBe(false);
  });
});
