/** @file Under which settings of a workload a need holds, and whether they can be read. */
import { RE2JS } from "re2js";

/** As in a catalog file's `when`; see docs/catalog.md. */
export type Condition =
  /** The argument is given and not false; with a value, it has this one, alone or in a list. */
  | { readonly kind: "arg"; readonly name: string; readonly value: string | null }
  /** Some argument matches. */
  | { readonly kind: "arg-regex"; readonly pattern: Pattern }
  | { readonly kind: "env"; readonly name: string; readonly value: string }
  | { readonly kind: "config-map"; readonly key: ConfigMapKey; readonly test: ValueTest }
  | { readonly kind: "not"; readonly condition: Condition }
  | { readonly kind: "any-of" | "all-of"; readonly conditions: readonly Condition[] }
  /** Nothing that crdguard reads tells; `text` says what would have to be known. */
  | { readonly kind: "unreadable"; readonly text: string };

export interface ConfigMapKey {
  /** Null: the namespace of the workload. */
  readonly namespace: string | null;
  readonly name: string;
  readonly key: string;
}

export type ValueTest =
  { readonly kind: "equals"; readonly value: string } | { readonly kind: "matches"; readonly pattern: Pattern };

/** A regular expression of RE2, as Kubernetes' own: it takes linear time, whatever a user's catalog holds. */
export interface Pattern {
  readonly source: string;
  test(text: string): boolean;
  /** The first capture group, or all that matched where there is none; null where nothing matches. */
  capture(text: string): string | null;
}

/** @returns null for what is no regular expression of RE2. */
export function compilePattern(source: string): Pattern | null {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch {
    return null;
  }
  return {
    source,
    test: (text) => compiled.test(text),
    capture(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return null;
      return compiled.groupCount() > 0 ? matcher.group(1) : matcher.group(0);
    },
  };
}

/**
 * Reads a ConfigMap's key. `undefined`: the ConfigMap could not be read, or does not exist; `null`: it exists without the
 * key.
 */
export type ReadSetting = (namespace: string, name: string, key: string) => string | null | undefined;

/** What can be read of a container's settings. */
export interface ContainerSettings {
  /** Of the workload. */
  readonly namespace: string;
  /** `command` and `args`, in this order. */
  readonly args: readonly string[];
  /** Null: the variable is set, from a place that the pod template does not show. */
  readonly env: Readonly<Record<string, string | null>>;
  /** Variables come from whole ConfigMaps or Secrets too (`envFrom`). */
  readonly hasForeignEnv: boolean;
}

/**
 * `assumed`: it hangs on a ConfigMap that could not be read, and is taken to hold. `unknown`: nothing that crdguard reads
 * tells. `condition` says in words what would have to hold.
 */
export type Truth =
  | { readonly kind: "yes" }
  | { readonly kind: "no" }
  | { readonly kind: "assumed"; readonly condition: string }
  | { readonly kind: "unknown"; readonly condition: string };

export function evaluateCondition(condition: Condition, settings: ContainerSettings, readSetting: ReadSetting): Truth {
  switch (condition.kind) {
    case "arg":
      return truth(hasArgument(condition, settings));
    case "arg-regex":
      return truth(expandedArgs(settings).some((arg) => condition.pattern.test(arg)));
    case "env":
      return evaluateEnv(condition, settings);
    case "config-map": {
      const { namespace, name, key } = condition.key;
      const value = readSetting(namespace ?? settings.namespace, name, key);
      if (value === undefined) return { kind: "assumed", condition: describeCondition(condition) };
      return truth(value !== null && testValue(condition.test, value));
    }
    case "not":
      return negated(evaluateCondition(condition.condition, settings, readSetting), condition);
    case "any-of":
      return strongest(condition, settings, readSetting, ["yes", "assumed", "unknown"], NO);
    case "all-of":
      return strongest(condition, settings, readSetting, ["no", "unknown", "assumed"], YES);
    case "unreadable":
      return { kind: "unknown", condition: condition.text };
  }
}

/** For a reader: `--source=gateway-httproute`, `enable-gateway-api=true in ConfigMap kube-system/cilium-config`. */
export function describeCondition(condition: Condition): string {
  switch (condition.kind) {
    case "arg":
      return condition.value === null ? condition.name : `${condition.name}=${condition.value}`;
    case "arg-regex":
      return `an argument like ${condition.pattern.source}`;
    case "env":
      return `${condition.name}=${condition.value}`;
    case "config-map": {
      const { namespace, name, key } = condition.key;
      const place = `ConfigMap ${namespace === null ? name : `${namespace}/${name}`}`;
      return condition.test.kind === "equals"
        ? `${key}=${condition.test.value} in ${place}`
        : `${key} like ${condition.test.pattern.source} in ${place}`;
    }
    case "not":
      return `not ${describePart(condition.condition)}`;
    case "any-of":
      return condition.conditions.map(describePart).join(" or ");
    case "all-of":
      return condition.conditions.map(describePart).join(" and ");
    case "unreadable":
      return condition.text;
  }
}

/** In brackets where "and" and "or" could be taken for those of the whole. */
function describePart(condition: Condition): string {
  const text = describeCondition(condition);
  return (condition.kind === "any-of" || condition.kind === "all-of") && condition.conditions.length > 1 ? `(${text})` : text;
}

/** All ConfigMap keys that a condition reads. */
export function configMapKeys(condition: Condition): readonly ConfigMapKey[] {
  switch (condition.kind) {
    case "config-map":
      return [condition.key];
    case "not":
      return configMapKeys(condition.condition);
    case "any-of":
    case "all-of":
      return condition.conditions.flatMap(configMapKeys);
    case "arg":
    case "arg-regex":
    case "env":
    case "unreadable":
      return [];
  }
}

const YES: Truth = { kind: "yes" };
const NO: Truth = { kind: "no" };

function truth(holds: boolean): Truth {
  return holds ? YES : NO;
}

function testValue(test: ValueTest, value: string): boolean {
  return test.kind === "equals" ? value === test.value : test.pattern.test(value);
}

function evaluateEnv(condition: Extract<Condition, { kind: "env" }>, settings: ContainerSettings): Truth {
  const value = Object.hasOwn(settings.env, condition.name) ? settings.env[condition.name] : undefined;
  if (typeof value === "string") return truth(isSetTo(value, condition.value));
  if (value === null || settings.hasForeignEnv) return { kind: "unknown", condition: describeCondition(condition) };
  return NO;
}

/** Truth as Go's strconv.ParseBool takes it; of a list, as kingpin takes one, each line is a value. */
function isSetTo(actual: string, wanted: string): boolean {
  if (isTruth(wanted)) return isTruth(actual);
  if (isFalsehood(wanted)) return isFalsehood(actual);
  return actual === wanted || actual.split("\n").some((line) => line.trim() === wanted);
}

function negated(inner: Truth, condition: Condition): Truth {
  switch (inner.kind) {
    case "yes":
      return NO;
    case "no":
      return YES;
    case "assumed":
    case "unknown":
      return { kind: inner.kind, condition: describeCondition(condition) };
  }
}

/** The first of `order` that any part gives; else what is left when none does. */
function strongest(
  { conditions }: { readonly conditions: readonly Condition[] },
  settings: ContainerSettings,
  readSetting: ReadSetting,
  order: readonly Truth["kind"][],
  otherwise: Truth,
): Truth {
  const parts = conditions.map((part) => evaluateCondition(part, settings, readSetting));
  for (const kind of order) {
    const found = parts.find((part) => part.kind === kind);
    if (found !== undefined) return found;
  }
  return otherwise;
}

/** Flags are compared without their dashes, since Go takes one or two, and without case, since Traefik takes any. */
function hasArgument(
  { name, value }: { readonly name: string; readonly value: string | null },
  settings: ContainerSettings,
): boolean {
  const tokens = expandedArgs(settings);
  if (!name.startsWith("-")) return tokens.includes(value === null ? name : `${name}=${value}`);
  const wanted = flagName(name);
  const given = tokens.flatMap((token, index) => {
    if (!token.startsWith("-")) return [];
    const equals = token.indexOf("=");
    if (equals !== -1) return flagName(token.slice(0, equals)) === wanted ? [token.slice(equals + 1)] : [];
    if (flagName(token) !== wanted) return [];
    const following = tokens[index + 1];
    return [value === null || isTruth(value) || following === undefined || following.startsWith("-") ? "true" : following];
  });
  // Of a switch, the last one counts.
  if (value === null || isTruth(value)) return given.length > 0 && !isFalsehood(given.at(-1) ?? "");
  if (isFalsehood(value)) return given.length > 0 && isFalsehood(given.at(-1) ?? "");
  return given.some((actual) => actual === value || actual.split(",").includes(value));
}

/** As Go's strconv.ParseBool takes them, but in any case. */
function isTruth(value: string): boolean {
  return /^(?:1|t|true)$/i.test(value);
}

function isFalsehood(value: string): boolean {
  return /^(?:0|f|false)$/i.test(value);
}

function flagName(token: string): string {
  return token.replace(/^--?/, "").toLowerCase();
}

/**
 * Words of the command line, `$(NAME)` replaced as the kubelet does it; a shell's script is taken apart at its spaces.
 * Source: k8s.io/kubernetes/third_party/forked/golang/expansion.
 */
function expandedArgs({ args, env }: ContainerSettings): readonly string[] {
  return args
    .flatMap((arg) =>
      arg
        .replaceAll(/\$\((?<name>[^)]+)\)/g, (reference, name: string) =>
          Object.hasOwn(env, name) ? (env[name] ?? reference) : reference,
        )
        .split(/\s+/),
    )
    .filter((word) => word !== "");
}
