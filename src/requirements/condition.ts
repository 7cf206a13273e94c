/** @file Under which settings of a workload a need holds, and whether they can be read. */
import type { RE2JS } from "re2js";
import { loadRe2 } from "./lazy-packages.ts";

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
    compiled = loadRe2().RE2JS.compile(source);
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

/** One that was compiled before, and is compiled again only where a text is held against it. */
export function knownPattern(source: string): Pattern {
  let compiled: Pattern | null = null;
  const pattern = (): Pattern => {
    compiled ??= compilePattern(source);
    if (compiled === null) throw new Error(`${source} is no regular expression of RE2`);
    return compiled;
  };
  return { source, test: (text) => pattern().test(text), capture: (text) => pattern().capture(text) };
}

/**
 * Reads a ConfigMap's key. `undefined`: the ConfigMap could not be read, or does not exist; `null`: it exists without the
 * key.
 */
export type ReadSetting = (namespace: string, name: string, key: string) => string | null | undefined;

/** Stands for all arguments of a container where a snapshot does not tell them. */
export const WITHHELD_ARGUMENTS = "$(crdguard.dev/withheld-arguments)";

/** Stands for one value that a snapshot does not tell; of this form, it is a variable whose value nobody shows. */
export const WITHHELD_VALUE = "$(crdguard.dev/withheld)";

/** Stands for a value that a snapshot does not tell, but for this: it is none of those that the catalog asks for. */
export const WITHHELD_WORD = "crdguard.dev/withheld";

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
      return settings.args.includes(WITHHELD_ARGUMENTS) ? unknown(condition) : evaluateArgument(condition, settings);
    case "arg-regex":
      return settings.args.includes(WITHHELD_ARGUMENTS)
        ? unknown(condition)
        : truth(commandLine(settings).some((arg) => condition.pattern.test(arg)));
    case "env":
      return evaluateEnv(condition, settings);
    case "config-map": {
      const { namespace, name, key } = condition.key;
      const value = readSetting(namespace ?? settings.namespace, name, key);
      if (value === undefined) return { kind: "assumed", condition: describeCondition(condition) };
      return truth(value !== null && testValue(condition.test, value));
    }
    case "not":
      return evaluateNegation(condition.condition, settings, readSetting);
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

function evaluateEnv(condition: Extract<Condition, { kind: "env" }>, { env, hasForeignEnv }: ContainerSettings): Truth {
  const value = Object.hasOwn(env, condition.name) ? env[condition.name] : undefined;
  if (typeof value === "string") {
    const expanded = expand(value, env);
    return isUnresolved(expanded) ? unknown(condition) : truth(isSetTo(expanded, condition.value));
  }
  return value === null || hasForeignEnv ? unknown(condition) : NO;
}

function isSetTo(actual: string, wanted: string): boolean {
  if (isTruth(wanted)) return isTruth(actual);
  if (isFalsehood(wanted)) return isFalsehood(actual);
  return listHolds([actual], wanted);
}

/**
 * Goes to the parts, as De Morgan has it: what is assumed is assumed to hold, so that it is no less sure when negated, and
 * the negation of a whole that is assumed would hide that a part is unknown.
 */
function evaluateNegation(condition: Condition, settings: ContainerSettings, readSetting: ReadSetting): Truth {
  switch (condition.kind) {
    case "not":
      return evaluateCondition(condition.condition, settings, readSetting);
    case "any-of":
      return evaluateCondition({ kind: "all-of", conditions: condition.conditions.map(negation) }, settings, readSetting);
    case "all-of":
      return evaluateCondition({ kind: "any-of", conditions: condition.conditions.map(negation) }, settings, readSetting);
    case "arg":
    case "arg-regex":
    case "env":
    case "config-map":
    case "unreadable":
      return negated(evaluateCondition(condition, settings, readSetting), negation(condition));
  }
}

function negation(condition: Condition): Condition {
  return { kind: "not", condition };
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
function evaluateArgument(condition: Extract<Condition, { kind: "arg" }>, settings: ContainerSettings): Truth {
  const { name, value } = condition;
  const words = commandLine(settings);
  if (!name.startsWith("-")) return truth(words.includes(value === null ? name : `${name}=${value}`));
  const isSwitch = value === null || isTruth(value) || isFalsehood(value);
  const given = valuesOf(name, words, isSwitch);
  if (!isSwitch) return listHolds(given, value) ? YES : given.some(isUnresolved) ? unknown(condition) : NO;
  // Of a switch, the last one counts.
  const last = given.at(-1);
  if (last === undefined) return NO;
  if (isUnresolved(last)) return unknown(condition);
  return truth(isFalsehood(last) === (value !== null && isFalsehood(value)));
}

/** All values that a flag is given; "true" where it stands alone. A switch takes its value by `=` alone, as in Go. */
function valuesOf(name: string, words: readonly string[], isSwitch: boolean): readonly string[] {
  const wanted = flagName(name);
  return words.flatMap((word, index) => {
    if (!word.startsWith("-")) return [];
    const equals = word.indexOf("=");
    if (equals !== -1) return flagName(word.slice(0, equals)) === wanted ? [word.slice(equals + 1)] : [];
    if (flagName(word) !== wanted) return [];
    const following = words[index + 1];
    return [isSwitch || following === undefined || following.startsWith("-") ? "true" : following];
  });
}

/**
 * Whether one value, or one item of a list, is the wanted one. Items are separated by commas or, as kingpin reads them from
 * a variable, by line breaks. Of a feature gate that is given twice, the last counts.
 * Source: k8s.io/component-base/featuregate, Set.
 */
function listHolds(values: readonly string[], wanted: string): boolean {
  const items = values.flatMap((value) => value.split(/[,\n]/)).map((item) => item.trim());
  const state = wanted.slice(wanted.indexOf("=") + 1);
  if (state === wanted || !(isTruth(state) || isFalsehood(state))) return values.includes(wanted) || items.includes(wanted);
  const gate = wanted.slice(0, -state.length);
  const last = items.findLast((item) => item.startsWith(gate));
  return last !== undefined && isSetTo(last.slice(gate.length), state);
}

/** As Go's strconv.ParseBool takes them, but in any case. */
function isTruth(value: string): boolean {
  return /^(?:1|t|true)$/i.test(value);
}

function isFalsehood(value: string): boolean {
  return /^(?:0|f|false)$/i.test(value);
}

/** `-Source` and `--source` are one flag. */
export function flagName(word: string): string {
  return word.replace(/^--?/, "").toLowerCase();
}

/** Words of the command line. A shell's script is taken apart at its spaces, and its quotes are left out. */
function commandLine({ args, env }: ContainerSettings): readonly string[] {
  return args.flatMap((arg) => {
    const words = expand(arg, env).split(/\s+/);
    const unquoted = words.length === 1 ? words : words.map((word) => word.replaceAll(/["']/g, ""));
    // A backslash goes on with the next line.
    return unquoted.filter((word) => word !== "" && word !== "\\");
  });
}

/**
 * Replaces `$(NAME)`, as the kubelet does it, where the variable's value is known; `$$` stands for one `$`.
 * Source: k8s.io/kubernetes/third_party/forked/golang/expansion.
 */
function expand(text: string, env: ContainerSettings["env"]): string {
  return text.replaceAll(/\$\$|\$\((?<name>[^)]*)\)/g, (reference, name: string | undefined) => {
    if (name === undefined) return "$";
    return Object.hasOwn(env, name) ? (env[name] ?? reference) : reference;
  });
}

/** Holds a variable whose value nobody shows: `$(NAME)`, or `$NAME` and `${NAME}` of a shell. */
function isUnresolved(value: string): boolean {
  return /\$[({A-Za-z_]/.test(value);
}

function unknown(condition: Condition): Truth {
  return { kind: "unknown", condition: describeCondition(condition) };
}
