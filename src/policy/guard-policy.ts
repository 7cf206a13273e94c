/** @file GuardPolicy objects: what people set for rules and CRDs, read entry by entry so that one mistake costs no more than its entry. */
import { isRecord } from "../crd/is-record.ts";
import { type Labels, type LabelSelector, parseLabelSelector, selects } from "../crd/label-selector.ts";
import { nearestWord } from "../crd/nearest-word.ts";
import { rules as allRules } from "../rules/checks/index.ts";
import type { Rule } from "../rules/rule.ts";
import { MAX_BUDGET_PERCENT, type ObjectsPolicy, ON_INCOMPLETE, type Policy, RULE_SETTINGS, type RuleSetting } from "./policy.ts";

export interface GuardPolicy {
  readonly name: string;
  /** Higher counts more. */
  readonly priority: number;
  readonly selection: CrdSelection;
  /** By rule id. */
  readonly enforcement: ReadonlyMap<string, RuleSetting>;
  /** Null: it says nothing of it. */
  readonly onInternalError: Policy["onUndecided"] | null;
  /** Null: the same. */
  readonly objects: { readonly [Setting in keyof ObjectsPolicy]: ObjectsPolicy[Setting] | null };
  readonly exceptions: readonly PolicyException[];
}

/** Both must hold; null holds always. */
export interface CrdSelection {
  /** Whole names, in which `*` stands for any characters. One of them must match. */
  readonly names: readonly string[] | null;
  readonly labels: LabelSelector | null;
}

/** That a denial is no more than a warning, for a time. */
export interface PolicyException {
  readonly rule: string;
  /** Name of a CRD. */
  readonly crd: string;
  /** Empty: whatever version the finding is about. */
  readonly versions: readonly string[];
  readonly reason: string;
  readonly owner: string;
  /** RFC 3339. */
  readonly expires: string;
}

/** What is wrong with an entry, which then does not count. `path`: `spec.rules[0].id`. */
export type PolicyProblem =
  | { readonly kind: "rule-unknown"; readonly path: string; readonly id: string; readonly nearest: string | null }
  | { readonly kind: "member-unknown"; readonly path: string; readonly nearest: string | null }
  | { readonly kind: "malformed"; readonly path: string; readonly expected: string }
  | { readonly kind: "repeated"; readonly path: string; readonly id: string }
  /** The rule is about a CRD as a whole, so that no finding of it is about one of these versions. */
  | { readonly kind: "versions-useless"; readonly path: string; readonly rule: string };

export type GuardPolicyResult =
  | {
      readonly ok: true;
      readonly value: GuardPolicy;
      /** Entries that do not count. */ readonly problems: readonly PolicyProblem[];
    }
  /** Nothing of it counts: nobody can tell for which CRDs it is meant. */
  | {
      readonly ok: false;
      readonly error: { readonly code: "guard-policy-malformed"; readonly problems: readonly PolicyProblem[] };
    };

type KnownRule = Pick<Rule, "id" | "isAboutWholeCrd">;

/** @param spec of any shape; null counts as absent, as it does for the API server. */
export function parseGuardPolicy(
  { name, spec }: { readonly name: string; readonly spec: unknown },
  knownRules: readonly KnownRule[] = allRules,
): GuardPolicyResult {
  const problems: PolicyProblem[] = [];
  if (!isRecord(spec)) return unreadable([{ kind: "malformed", path: "spec", expected: "an object" }]);
  tellUnknownMembers(spec, "spec", GUARD_POLICY_MEMBERS.spec, problems);
  const selection = readSelection(spec["crds"], problems);
  if (selection === null) return unreadable(problems);
  const { priority = DEFAULT_PRIORITY, onInternalError } = withoutNulls(spec);
  const hasPriority = typeof priority === "number" && Number.isSafeInteger(priority);
  // Without its place in the order, it might count more than what is meant to overrule it.
  if (!hasPriority) return unreadable([...problems, { kind: "malformed", path: "spec.priority", expected: "a whole number" }]);
  return {
    ok: true,
    value: {
      name,
      priority,
      selection,
      enforcement: readRules(spec["rules"], knownRules, problems),
      onInternalError: readOneOf(onInternalError, "spec.onInternalError", ["deny", "allow"], problems),
      objects: readObjects(spec["objects"], problems),
      exceptions: readExceptions(spec["exceptions"], knownRules, problems),
    },
    problems,
  };
}

/** Of a policy that names none, so that it counts more than `default`. */
export const DEFAULT_PRIORITY = 100;

export function isChosen({ names, labels }: CrdSelection, crd: { readonly name: string; readonly labels: Labels }): boolean {
  return (
    (names === null || names.some((pattern) => matches(pattern, crd.name))) && (labels === null || selects(labels, crd.labels))
  );
}

/** Each part between stars is looked for once, so that no pattern makes admission slow. */
function matches(pattern: string, name: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  const last = others.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of others) {
    const at = name.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}

/** Milliseconds since 1970 of a time of RFC 3339; null for what is none. */
export function readTime(text: string): number | null {
  if (!RFC_3339.test(text)) return null;
  const milliseconds = Date.parse(text.toUpperCase());
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

/** As the API server has it for `format: date-time`. Source: k8s.io/kube-openapi/pkg/validation/strfmt, IsDateTime. */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** What is read, of each part; exported for the test that compares it with the CRD. */
export const GUARD_POLICY_MEMBERS = {
  spec: ["priority", "crds", "rules", "onInternalError", "objects", "exceptions"],
  crds: ["names", "labels"],
  objects: ["onIncomplete", "budgetPercent"],
  rules: ["id", "enforcement"],
  exceptions: ["rule", "crd", "versions", "reason", "owner", "expires"],
} as const;

type JsonRecord = Readonly<Record<string, unknown>>;

function unreadable(problems: readonly PolicyProblem[]): GuardPolicyResult {
  return { ok: false, error: { code: "guard-policy-malformed", problems } };
}

/** A member that nobody reads may be a slip of the hand, or meant for a newer crdguard; either way it does not count. */
function tellUnknownMembers(object: JsonRecord, path: string, known: readonly string[], problems: PolicyProblem[]): void {
  for (const member of Object.keys(object)) {
    if (known.includes(member)) continue;
    problems.push({ kind: "member-unknown", path: `${path}.${member}`, nearest: nearestWord(member, known) });
  }
}

/** Null where it cannot be told for which CRDs the policy is meant. */
function readSelection(input: unknown, problems: PolicyProblem[]): CrdSelection | null {
  if (isAbsent(input)) return { names: null, labels: null };
  const path = "spec.crds";
  const refuse = (own: string, expected: string): null => {
    problems.push({ kind: "malformed", path: own, expected });
    return null;
  };
  if (!isRecord(input)) return refuse(path, "an object");
  const unknown: PolicyProblem[] = [];
  tellUnknownMembers(input, path, GUARD_POLICY_MEMBERS.crds, unknown);
  problems.push(...unknown);
  // Read without it, the policy would be for more CRDs than it is meant for.
  if (unknown.length > 0) return null;
  const { names, labels } = withoutNulls(input);
  if (names === undefined && labels === undefined) return refuse(path, "names, labels or both");
  const patterns = names === undefined ? null : textsOf(names);
  if (names !== undefined && (patterns === null || patterns.length === 0)) {
    return refuse(`${path}.names`, "a list of names of CRDs, in which * stands for any characters");
  }
  const selector = labels === undefined ? null : parseLabelSelector(labels);
  if (labels !== undefined && selector === null) return refuse(`${path}.labels`, "a label selector");
  return { names: patterns, labels: selector };
}

function readRules(input: unknown, knownRules: readonly KnownRule[], problems: PolicyProblem[]): GuardPolicy["enforcement"] {
  const settings = new Map<string, RuleSetting>();
  for (const { entry, path } of entriesOf(input, "spec.rules", problems)) {
    tellUnknownMembers(entry, path, GUARD_POLICY_MEMBERS.rules, problems);
    const id = readRuleId(entry["id"], `${path}.id`, knownRules, problems)?.id;
    const enforcement = readOneOf(entry["enforcement"], `${path}.enforcement`, RULE_SETTINGS, problems, "required");
    if (id === undefined || enforcement === null) continue;
    if (settings.has(id)) problems.push({ kind: "repeated", path, id });
    else settings.set(id, enforcement);
  }
  return settings;
}

function readObjects(input: unknown, problems: PolicyProblem[]): GuardPolicy["objects"] {
  const path = "spec.objects";
  if (isAbsent(input)) return { onIncomplete: null, budgetPercent: null };
  if (!isRecord(input)) {
    problems.push({ kind: "malformed", path, expected: "an object" });
    return { onIncomplete: null, budgetPercent: null };
  }
  tellUnknownMembers(input, path, GUARD_POLICY_MEMBERS.objects, problems);
  const { onIncomplete, budgetPercent } = withoutNulls(input);
  return {
    onIncomplete: readOneOf(onIncomplete, `${path}.onIncomplete`, ON_INCOMPLETE, problems),
    budgetPercent: readPercent(budgetPercent, `${path}.budgetPercent`, problems),
  };
}

function readPercent(input: unknown, path: string, problems: PolicyProblem[]): number | null {
  if (isAbsent(input)) return null;
  if (typeof input === "number" && Number.isInteger(input) && input >= 1 && input <= MAX_BUDGET_PERCENT) return input;
  problems.push({ kind: "malformed", path, expected: `a whole number from 1 to ${String(MAX_BUDGET_PERCENT)}` });
  return null;
}

function readExceptions(input: unknown, knownRules: readonly KnownRule[], problems: PolicyProblem[]): readonly PolicyException[] {
  return entriesOf(input, "spec.exceptions", problems).flatMap(({ entry, path }): readonly PolicyException[] => {
    // What narrows an exception may be among the members that nobody knows.
    const found: PolicyProblem[] = [];
    tellUnknownMembers(entry, path, GUARD_POLICY_MEMBERS.exceptions, found);
    const rule = readRuleId(entry["rule"], `${path}.rule`, knownRules, found);
    const crd = readText(entry["crd"], `${path}.crd`, "the name of a CRD", found);
    const reason = readText(entry["reason"], `${path}.reason`, "why, in words", found);
    const owner = readText(entry["owner"], `${path}.owner`, "who answers for it", found);
    const expires = readText(entry["expires"], `${path}.expires`, A_TIME, found);
    if (expires !== "" && readTime(expires) === null) {
      found.push({ kind: "malformed", path: `${path}.expires`, expected: A_TIME });
    }
    const versions = isAbsent(entry["versions"]) ? [] : textsOf(entry["versions"]);
    if (versions === null) found.push({ kind: "malformed", path: `${path}.versions`, expected: "a list of versions" });
    if (rule?.isAboutWholeCrd === true && versions !== null && versions.length > 0) {
      found.push({ kind: "versions-useless", path: `${path}.versions`, rule: rule.id });
    }
    problems.push(...found);
    if (found.length > 0 || rule === null || versions === null) return [];
    return [{ rule: rule.id, crd, versions, reason, owner, expires }];
  });
}

const A_TIME = "a time, as in 2027-01-01T00:00:00Z";

function entriesOf(
  input: unknown,
  path: string,
  problems: PolicyProblem[],
): readonly { readonly entry: JsonRecord; readonly path: string }[] {
  if (isAbsent(input)) return [];
  if (!Array.isArray(input)) {
    problems.push({ kind: "malformed", path, expected: "a list" });
    return [];
  }
  return input.flatMap((entry: unknown, index) => {
    const own = `${path}[${String(index)}]`;
    if (isRecord(entry)) return [{ entry, path: own }];
    problems.push({ kind: "malformed", path: own, expected: "an object" });
    return [];
  });
}

/** Which rules there are is known by the server alone: its CRD may be of an older release. */
function readRuleId(input: unknown, path: string, knownRules: readonly KnownRule[], problems: PolicyProblem[]): KnownRule | null {
  const id = readText(input, path, "the id of a rule", problems);
  const known = knownRules.find((rule) => rule.id === id);
  if (known === undefined && id !== "") {
    const nearest = nearestWord(
      id,
      knownRules.map((rule) => rule.id),
    );
    problems.push({ kind: "rule-unknown", path, id, nearest });
  }
  return known ?? null;
}

/** Empty where it is none. */
function readText(input: unknown, path: string, expected: string, problems: PolicyProblem[]): string {
  if (typeof input === "string" && input.trim() !== "") return input;
  problems.push({ kind: "malformed", path, expected });
  return "";
}

function readOneOf<Word extends string>(
  input: unknown,
  path: string,
  words: readonly Word[],
  problems: PolicyProblem[],
  presence: "optional" | "required" = "optional",
): Word | null {
  if (presence === "optional" && isAbsent(input)) return null;
  const word = words.find((known) => known === input) ?? null;
  if (word === null) problems.push({ kind: "malformed", path, expected: expectedOf(words, input) });
  return word;
}

/** YAML takes the bare word off for false. */
function expectedOf(words: readonly string[], input: unknown): string {
  const isBareOff = input === false && words.includes("off");
  return words.map((word) => (isBareOff && word === "off" ? '"off" in quotes' : word)).join(", ");
}

/** Null for what is no list of texts. */
function textsOf(input: unknown): readonly string[] | null {
  if (!Array.isArray(input)) return null;
  const texts = input.filter((item): item is string => typeof item === "string" && item !== "");
  return texts.length === input.length ? texts : null;
}

function isAbsent(input: unknown): input is undefined | null {
  return input === undefined || input === null;
}

function withoutNulls(object: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}
