import { describe, expect, it } from "vitest";
import { DEFAULT_POLICY, judge, parseRuleSettings, type Policy, type RuleSetting } from "../../../src/policy/policy.ts";
import type { Enforcement, Finding } from "../../../src/rules/finding.ts";

function finding(rule: string, shape: Partial<Finding> = {}): Finding {
  return {
    rule,
    field: "metadata.name",
    fact: { kind: "objects-deleted", objects: { kind: "not-counted" } },
    remedies: [],
    defaultEnforcement: "deny",
    ...shape,
  };
}

function policy(...settings: readonly (readonly [string, RuleSetting])[]): Policy {
  return { ...DEFAULT_POLICY, enforcement: new Map(settings) };
}

describe("judge", () => {
  it("adds the consequence and changes nothing else", () => {
    const given = finding("a");

    expect(judge([given], DEFAULT_POLICY)).toEqual([{ ...given, enforcement: "deny" }]);
  });

  it("puts denials first, then warnings, then what is only recorded, each in the order given", () => {
    const findings = ["a", "b", "c", "d", "e", "f"].map((rule) => finding(rule));
    const judged = judge(findings, policy(["a", "audit"], ["b", "warn"], ["d", "audit"], ["e", "warn"]));

    expect(judged.map(({ rule, enforcement }) => [rule, enforcement])).toEqual([
      ["c", "deny"],
      ["f", "deny"],
      ["b", "warn"],
      ["e", "warn"],
      ["a", "audit"],
      ["d", "audit"],
    ]);
  });

  it.each<{ title: string; shape: Partial<Finding>; setting?: Enforcement; enforcement: Enforcement }>([
    { title: "keeps a rule's default where nothing is set", shape: {}, enforcement: "deny" },
    { title: "keeps a default of warn", shape: { defaultEnforcement: "warn" }, enforcement: "warn" },
    { title: "lowers to a warning as set", shape: {}, setting: "warn", enforcement: "warn" },
    { title: "lowers to an audit as set", shape: {}, setting: "audit", enforcement: "audit" },
    { title: "raises to a denial as set", shape: { defaultEnforcement: "warn" }, setting: "deny", enforcement: "deny" },
    {
      title: "never raises an advisory finding above a warning by its default",
      shape: { isAdvisory: true },
      enforcement: "warn",
    },
    {
      title: "never raises an advisory finding above a warning by a setting",
      shape: { isAdvisory: true },
      setting: "deny",
      enforcement: "warn",
    },
    { title: "quietens an advisory finding as set", shape: { isAdvisory: true }, setting: "audit", enforcement: "audit" },
  ])("$title", ({ shape, setting, enforcement }) => {
    const judged = judge([finding("a", shape)], setting === undefined ? DEFAULT_POLICY : policy(["a", setting]));

    expect(judged.map((finding_) => finding_.enforcement)).toEqual([enforcement]);
  });
});

describe("a rule that is off", () => {
  it("has no findings, advisory ones neither, and leaves those of the others", () => {
    const findings = [finding("a"), finding("a", { isAdvisory: true }), finding("b")];

    expect(judge(findings, policy(["a", "off"])).map(({ rule }) => rule)).toEqual(["b"]);
  });
});

describe("parseRuleSettings", () => {
  const known = ["objects-deleted", "stored-version-removed"];

  it.each<{ title: string; settings: readonly string[]; value: readonly (readonly [string, RuleSetting])[] }>([
    { title: "nothing", settings: [], value: [] },
    {
      title: "one setting a rule",
      settings: ["objects-deleted=warn", "stored-version-removed=audit"],
      value: [
        ["objects-deleted", "warn"],
        ["stored-version-removed", "audit"],
      ],
    },
    { title: "a rule that is switched off", settings: ["objects-deleted=off"], value: [["objects-deleted", "off"]] },
    {
      title: "the last of several settings of a rule",
      settings: ["objects-deleted=warn", "objects-deleted=deny"],
      value: [["objects-deleted", "deny"]],
    },
  ])("reads $title", ({ settings, value }) => {
    expect(parseRuleSettings(settings, known)).toEqual({ ok: true, value: new Map(value) });
  });

  it.each([
    { setting: "", message: '"" is not of the form <rule-id>=deny|warn|audit|off' },
    { setting: "objects-deleted", message: '"objects-deleted" is not of the form <rule-id>=deny|warn|audit|off' },
    { setting: "objects-deleted=", message: '"objects-deleted=" is not of the form <rule-id>=deny|warn|audit|off' },
    { setting: "objects-deleted=Deny", message: '"objects-deleted=Deny" is not of the form <rule-id>=deny|warn|audit|off' },
    {
      setting: "objects-deleted=deny=warn",
      message: '"objects-deleted=deny=warn" is not of the form <rule-id>=deny|warn|audit|off',
    },
    { setting: "=deny", message: '"" is no rule; the rules are objects-deleted, stored-version-removed' },
    { setting: "objects=deny", message: '"objects" is no rule; the rules are objects-deleted, stored-version-removed' },
    { setting: "__proto__=deny", message: '"__proto__" is no rule; the rules are objects-deleted, stored-version-removed' },
    {
      setting: " objects-deleted=deny",
      message: '" objects-deleted" is no rule; the rules are objects-deleted, stored-version-removed',
    },
  ])("refuses $setting", ({ setting, message }) => {
    expect(parseRuleSettings(["objects-deleted=warn", setting], known)).toEqual({
      ok: false,
      error: { code: "rule-setting-invalid", message },
    });
  });
});
