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
  type Truth,
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
    {
      title: "is followed by another flag that a variable tells",
      condition: arg("--source", "gateway"),
      args: ["--source", "--namespace=$(NAMESPACE)"],
      holds: false,
      env: { NAMESPACE: null },
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
      title: "comes from a variable, whole",
      condition: arg("--gears"),
      args: ["$(FLAG)"],
      holds: true,
      env: { FLAG: "--gears" },
    },
    {
      title: "names a variable that the kubelet leaves alone, since its dollar stands twice",
      condition: arg("--source", "$(SOURCE)"),
      args: ["--source=$$(SOURCE)"],
      holds: true,
      env: { SOURCE: "gateway" },
    },
    {
      title: "stands beside a variable that is not shown",
      condition: arg("--source", "gateway"),
      args: ["--namespace=$(NAMESPACE)", "--source=gateway"],
      holds: true,
      env: { NAMESPACE: null },
    },
    { title: "is given back by the last one", condition: arg("--gears"), args: ["--gears=false", "-gears"], holds: true },
    { title: "has an empty value", condition: arg("--source", ""), args: ["--source="], holds: true },
    { title: "has some value", condition: arg("--source"), args: ["--source="], holds: true },
    { title: "has a value that is no switch", condition: arg("--gears", "true"), args: ["--gears=round"], holds: true },
    { title: "is a word after a switch, which takes none", condition: arg("--gears"), args: ["--gears", "false"], holds: true },
    {
      title: "is a word after a switch, where false is asked",
      condition: arg("--gears", "false"),
      args: ["--gears", "false"],
      holds: false,
    },
    {
      title: "is switched on again, where false is asked",
      condition: arg("--gears", "false"),
      args: ["--gears=false", "--gears"],
      holds: false,
    },
    { title: "is one of a list", condition: arg("--source", "gateway"), args: ["--source=service,gateway"], holds: true },
    { title: "is a part of one of a list", condition: arg("--source", "gate"), args: ["--source=service,gateway"], holds: false },
    { title: "is the whole list", condition: arg("--source", "a,b"), args: ["--source=a,b"], holds: true },
    {
      title: "is a gate that is true in another spelling",
      condition: arg("--feature-gates", "B=true"),
      args: ["--feature-gates=A=1,B=True"],
      holds: true,
    },
    {
      title: "is a gate whose last switch counts, in one list",
      condition: arg("--feature-gates", "B=true"),
      args: ["--feature-gates=B=true,B=false"],
      holds: false,
    },
    {
      title: "is a gate whose last switch counts, over several flags",
      condition: arg("--feature-gates", "B=true"),
      args: ["--feature-gates=B=false", "--feature-gates=A=false,B=true"],
      holds: true,
    },
    {
      title: "is a gate that another only ends with",
      condition: arg("--feature-gates", "B=true"),
      args: ["--feature-gates=AB=true"],
      holds: false,
    },
    {
      title: "is a gate that is off, where that is asked",
      condition: arg("--feature-gates", "B=false"),
      args: ["--feature-gates", "A=true,B=0"],
      holds: true,
    },
    {
      title: "is a gate that nobody switches, where off is asked",
      condition: arg("--feature-gates", "B=false"),
      args: ["--feature-gates=A=false"],
      holds: false,
    },
    { title: "is a bare word of another case", condition: arg("webhook"), args: ["Webhook"], holds: false },
    { title: "is a bare word with a value", condition: arg("mode", "webhook"), args: ["mode=webhook"], holds: true },
    { title: "is only a part of a bare word", condition: arg("webhook"), args: ["webhooks", "/bin/webhook"], holds: false },
    {
      title: "is in a shell's script over several lines",
      condition: arg("--source", "gateway"),
      args: ["/bin/sh", "-ec", "exec turner \\\n  --source \\\n  gateway\n"],
      holds: true,
    },
    {
      title: "is switched off between a script's quotes",
      condition: arg("--gears"),
      args: ["/bin/sh", "-ec", 'exec turner -gears="false" -log-level="info"'],
      holds: false,
    },
  ])("that $title: $holds", ({ condition, args, holds, env = {} }) => {
    expect(evaluateCondition(condition, settings({ args, env }), nowhere)).toEqual({ kind: holds ? "yes" : "no" });
  });

  it.each([
    { title: "a switch", condition: arg("--gears"), args: ["--gears=$(GEARS)"] },
    { title: "a switch that is asked to be off", condition: arg("--gears", "false"), args: ["--gears", "--gears=$(GEARS)"] },
    { title: "a value", condition: arg("--gears", "round"), args: ["--gears=$(GEARS)"] },
    { title: "a gate", condition: arg("--gears", "A=true"), args: ["--gears=A=$(GEARS)"] },
    { title: "a variable that is named as a member of every object", condition: arg("--gears"), args: ["--gears=$(toString)"] },
    { title: "a variable of a shell", condition: arg("--gears"), args: ["sh", "-c", 'turner --gears="${GEARS}"'] },
  ])("is unknown where a variable tells it that nobody shows: $title", ({ condition, args }) => {
    expect(evaluateCondition(condition, settings({ args, env: { GEARS: null } }), nowhere)).toEqual({
      kind: "unknown",
      condition: describeCondition(condition),
    });
  });

  it("is known where a later one overrides a variable that nobody shows", () => {
    const args = ["--gears=$(GEARS)", "--gears=false"];

    expect(evaluateCondition(arg("--gears"), settings({ args, env: { GEARS: null } }), nowhere)).toEqual({ kind: "no" });
  });

  it.each([
    { title: "in the middle", source: "EnableCSI", args: ["--features=EnableCSI,EnableAPI"], holds: true },
    { title: "in any case, where the pattern says so", source: "(?i)^--crd\\.", args: ["--CRD.namespaces=a"], holds: true },
    { title: "in another case", source: "^--crd\\.", args: ["--CRD.namespaces=a"], holds: false },
    { title: "at both ends", source: "^--source=gateway-(http|grpc)route$", args: ["--source=gateway-udproute"], holds: false },
    { title: "in a later argument", source: "(^|/)controller$", args: ["--a", "/bin/controller"], holds: true },
    { title: "in a word of a script", source: "^--gears$", args: ["sh", "-c", "turner --gears --b"], holds: true },
    { title: "in nothing at all", source: ".", args: [], holds: false },
    { title: "in a variable's value", source: "^round$", args: ["$(GEARS)"], holds: true },
  ])("may match a pattern $title: $holds", ({ source, args, holds }) => {
    const condition: Condition = { kind: "arg-regex", pattern: pattern(source) };

    expect(evaluateCondition(condition, settings({ args, env: { GEARS: "round" } }), nowhere)).toEqual({
      kind: holds ? "yes" : "no",
    });
  });

  const anyWord = fc.oneof(
    fc.string(),
    fc.constantFrom("--gears", "--gears=", "-", "--", "$(", "$(A)", "$$", "=", ",", "--gears=$(gears)", "--gears=a,b=true", "\\"),
  );

  it("is judged without an error, whatever the command line", () => {
    const anyText = fc.oneof(fc.string(), fc.constantFrom("true", "false", "a=true", "=true", "=", "$(A)"));
    fc.assert(
      fc.property(
        fc.array(anyWord),
        fc.dictionary(fc.string(), fc.option(anyText)),
        anyWord,
        fc.option(anyText),
        (args, env, name, value) => {
          expect(["yes", "no", "unknown"]).toContain(evaluateCondition(arg(name, value), settings({ args, env }), nowhere).kind);
        },
      ),
    );
  });

  it("is given or not, and never on and off at once", () => {
    fc.assert(
      fc.property(fc.array(anyWord), (args) => {
        const isOn = evaluateCondition(arg("--gears", "true"), settings({ args }), nowhere).kind;
        const isOff = evaluateCondition(arg("--gears", "false"), settings({ args }), nowhere).kind;

        expect([isOn, isOff]).not.toEqual(["yes", "yes"]);
        expect(evaluateCondition(arg("--GEARS"), settings({ args }), nowhere).kind).toBe(isOn);
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
    { title: "is set to nothing", given: { env: { ALPHA: "" } }, truth: { kind: "no" } },
    { title: "is set to what is no truth", given: { env: { ALPHA: "yes" } }, truth: { kind: "no" } },
    { title: "is named in another case", given: { env: { alpha: "true" } }, truth: { kind: "no" } },
    { title: "is another variable's value", given: { env: { ALPHA: "$(BETA)", BETA: "true" } }, truth: { kind: "yes" } },
    {
      title: "is the value of a variable that comes from a Secret",
      given: { env: { ALPHA: "$(BETA)", BETA: null } },
      truth: { kind: "unknown", condition: "ALPHA=true" },
    },
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

  it.each([
    { wanted: "gateway", value: "service\ngateway", holds: true },
    { wanted: "gateway", value: "service,gateway", holds: true },
    { wanted: "gateway", value: "service\n  gateway \n", holds: true },
    { wanted: "gateway", value: "service,gateways", holds: false },
    { wanted: "gateway", value: "gateway=on", holds: false },
    { wanted: "A=true", value: "A=true,B=false", holds: true },
    { wanted: "A=true", value: "B=true,A=false", holds: false },
    { wanted: "A=true", value: "A=true,A=false", holds: false },
    { wanted: "false", value: "0", holds: true },
    { wanted: "false", value: "", holds: false },
    { wanted: "", value: "", holds: true },
  ])("that is to be $wanted, and is $value: $holds", ({ wanted, value, holds }) => {
    const source: Condition = { kind: "env", name: "SOURCE", value: wanted };

    expect(evaluateCondition(source, settings({ env: { SOURCE: value } }), nowhere)).toEqual({ kind: holds ? "yes" : "no" });
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
  const equalsNothing: Condition = { kind: "config-map", key, test: { kind: "equals", value: "" } };
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
    { title: "equals in another case", condition: equals, value: "ON", truth: { kind: "no" } },
    { title: "is empty", condition: equals, value: "", truth: { kind: "no" } },
    { title: "is missing where a value is asked", condition: equals, value: null, truth: { kind: "no" } },
    { title: "is empty where nothing is asked", condition: equalsNothing, value: "", truth: { kind: "yes" } },
    { title: "is missing where nothing is asked", condition: equalsNothing, value: null, truth: { kind: "no" } },
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
  const not = (condition: Condition): Condition => ({ kind: "not", condition });

  /** The same with something else in place of what nothing tells, and of the ConfigMap. */
  function replaced(condition: Condition, unreadable: Condition, configMap: Condition): Condition {
    switch (condition.kind) {
      case "unreadable":
        return unreadable;
      case "config-map":
        return configMap;
      case "not":
        return not(replaced(condition.condition, unreadable, configMap));
      case "any-of":
      case "all-of":
        return { ...condition, conditions: condition.conditions.map((part) => replaced(part, unreadable, configMap)) };
      case "arg":
      case "arg-regex":
      case "env":
        return condition;
    }
  }

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

  it.each([
    { title: "itself", condition: not(TRUTHS.assumed), truth: { kind: "assumed", condition: "not k=v in ConfigMap c" } },
    { title: "what nothing tells", condition: not(TRUTHS.unknown), truth: { kind: "unknown", condition: "not a file" } },
    {
      title: "of a whole, the part that is in doubt",
      condition: not({ kind: "any-of", conditions: [TRUTHS.no, TRUTHS.unknown, TRUTHS.assumed] }),
      truth: { kind: "unknown", condition: "not a file" },
    },
    {
      title: "of a whole that is joined, the first part that would do",
      condition: { kind: "any-of", conditions: [TRUTHS.no, TRUTHS.unknown, { kind: "unreadable", text: "another file" }] },
      truth: { kind: "unknown", condition: "a file" },
    },
    { title: "nothing, twice negated", condition: not(not(TRUTHS.unknown)), truth: { kind: "unknown", condition: "a file" } },
  ] satisfies readonly { readonly title: string; readonly condition: Condition; readonly truth: Truth }[])(
    "tell of a doubt $title",
    ({ condition, truth }: { readonly condition: Condition; readonly truth: Truth }) => {
      expect(evaluateCondition(condition, settings(), nowhere)).toEqual(truth);
    },
  );

  const anyLeaf = fc.constantFrom<Condition>(...Object.values(TRUTHS));
  const { anyCondition } = fc.letrec<{ anyCondition: Condition }>((tie) => ({
    anyCondition: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      anyLeaf,
      tie("anyCondition").map(not),
      fc.record({
        kind: fc.constantFrom("any-of" as const, "all-of" as const),
        conditions: fc.array(tie("anyCondition"), { minLength: 1, maxLength: 4 }),
      }),
    ),
  }));

  it("keep De Morgan's laws, doubts included", () => {
    fc.assert(
      fc.property(fc.array(anyCondition, { minLength: 1, maxLength: 4 }), (conditions) => {
        expect(kindOf(not({ kind: "all-of", conditions }))).toBe(kindOf({ kind: "any-of", conditions: conditions.map(not) }));
        expect(kindOf(not({ kind: "any-of", conditions }))).toBe(kindOf({ kind: "all-of", conditions: conditions.map(not) }));
      }),
    );
  });

  it("are what they are when negated twice", () => {
    fc.assert(
      fc.property(anyCondition, (condition) => {
        expect(kindOf(not(not(condition)))).toBe(kindOf(condition));
      }),
    );
  });

  it("are known only where every doubt could be settled either way", () => {
    fc.assert(
      fc.property(anyCondition, fc.boolean(), fc.boolean(), (condition, isFileSo, isConfigMapSo) => {
        const settled = replaced(condition, isFileSo ? TRUTHS.yes : TRUTHS.no, isConfigMapSo ? TRUTHS.yes : TRUTHS.no);
        const told = kindOf(condition);

        expect(["yes", "no"]).toContain(kindOf(settled));
        if (told === "yes" || told === "no") expect(kindOf(settled)).toBe(told);
      }),
    );
  });

  it("are never assumed where something that nothing tells could make them false", () => {
    fc.assert(
      fc.property(anyCondition, fc.boolean(), (condition, isFileSo) => {
        fc.pre(kindOf(condition) === "assumed");

        expect(["yes", "assumed"]).toContain(kindOf(replaced(condition, isFileSo ? TRUTHS.yes : TRUTHS.no, TRUTHS.assumed)));
      }),
    );
  });

  it.each([
    { condition: arg("--source", "gateway"), text: "--source=gateway" },
    { condition: { kind: "not", condition: arg("--gears") } as const, text: "not --gears" },
    { condition: { kind: "any-of", conditions: [arg("--a"), arg("--b")] } as const, text: "--a or --b" },
    { condition: { kind: "env", name: "A", value: "1" } as const, text: "A=1" },
    { condition: { kind: "all-of", conditions: [arg("--a")] } as const, text: "--a" },
    {
      condition: not({ kind: "any-of", conditions: [{ kind: "all-of", conditions: [arg("--a"), arg("--b")] }, arg("--c")] }),
      text: "not ((--a and --b) or --c)",
    },
    { condition: not({ kind: "any-of", conditions: [arg("--a")] }), text: "not --a" },
    { condition: not(not(TRUTHS.assumed)), text: "not not k=v in ConfigMap c" },
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
