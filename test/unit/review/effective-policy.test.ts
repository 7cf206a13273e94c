import { describe, expect, it } from "vitest";
import { sortedPolicies } from "../../../src/cluster/guard-policies.ts";
import type { RawGuardPolicy } from "../../../src/cluster/guard-policies.ts";
import type { Crd } from "../../../src/crd/crd.ts";
import { NO_FLAGS } from "../../../src/policy/combine.ts";
import { DEFAULT_POLICY } from "../../../src/policy/policy.ts";
import { judgeChange, policyOfCrd, readPolicies } from "../../../src/review/effective-policy.ts";
import type { Change } from "../../../src/rules/change.ts";
import { evaluate } from "../../../src/rules/evaluate.ts";
import type { Need } from "../../../src/rules/facts.ts";
import { counted, create, crd, need, noFacts, remove, statusUpdate, update } from "../../support/builders.ts";
import { exceptionEntry, rawPolicy } from "../../support/policies.ts";

const NOW = Date.parse("2026-06-15T12:00:00Z");
const ofMill = { crds: { labels: { matchLabels: { team: "mill" } } }, onInternalError: "allow" };
const gears = (team: string): Crd => ({ ...crd({ served: ["v1"] }), labels: { team } });

function sight(...guardPolicies: readonly RawGuardPolicy[]) {
  return { crds: new Map<string, Crd>(), guardPolicies: sortedPolicies(guardPolicies) };
}

describe("the policy of a CRD", () => {
  it.each<{ title: string; change: Parameters<typeof policyOfCrd>[0]; is: string }>([
    { title: "goes by the labels of a new CRD", change: create(gears("mill")), is: "allow" },
    {
      title: "goes by labels before an update, not by those that it sets",
      change: update(gears("press"), gears("mill")),
      is: "deny",
    },
    {
      title: "goes by labels before an update, though it takes them away",
      change: update(gears("mill"), gears("press")),
      is: "allow",
    },
    { title: "goes by the labels of what is deleted", change: remove(gears("mill")), is: "allow" },
    { title: "goes by the labels of what is trimmed", change: statusUpdate(gears("mill"), []), is: "allow" },
  ])("$title", ({ change, is }) => {
    expect(policyOfCrd(change, sight(rawPolicy("mill", ofMill)), NO_FLAGS, NOW).onUndecided).toBe(is);
  });

  it("is what flags and built-in defaults say where nothing is known of the cluster", () => {
    expect(policyOfCrd(remove(gears("mill")), null, { ...NO_FLAGS, onUndecided: "allow" }, NOW)).toEqual({
      enforcement: new Map(),
      onUndecided: "allow",
      objects: DEFAULT_POLICY.objects,
      exceptions: [],
    });
  });

  it("is made of policies that are read once, and leaves out what does not count", () => {
    const { guardPolicies } = sight(rawPolicy("mill", ofMill), rawPolicy("wrong", { crds: {} }));

    expect(readPolicies(guardPolicies).map(({ name }) => name)).toEqual(["mill"]);
    expect(readPolicies(guardPolicies)).toBe(readPolicies(guardPolicies));
  });
});

describe("a change that is judged", () => {
  it("lapses its exception by the time that is given", () => {
    const change = remove(gears("mill"));
    const findings = evaluate(change, { ...noFacts, objects: counted(1) });
    const policies = sight(rawPolicy("mill", { exceptions: [exceptionEntry({ expires: "2026-06-15T12:00:00Z" })] }));

    const at = (milliseconds: number) => judgeChange(change, findings, policies, NO_FLAGS, milliseconds);

    expect(at(NOW - 1)).toMatchObject([{ enforcement: "warn", relief: { policy: "mill" } }]);
    expect(at(NOW)).toMatchObject([{ enforcement: "deny", unmet: [{ kind: "exception-lapsed", policy: "mill" }] }]);
  });
});

describe("a workload that is judged", () => {
  const turner = { kind: "Deployment", namespace: "mill", name: "turner" } as const;

  /** It needs gears and cogs, of which there is neither. */
  function applied(...resources: readonly string[]): Change {
    const needs = resources.map((resource): Need => {
      const own = need({ versions: ["v1"], workload: turner });
      return { ...own, requirement: { ...own.requirement, resource } };
    });
    return { kind: "apply-workload", workload: turner, needs, unreadable: [], today: null };
  }
  const rule = "workload-requirement-unmet";
  const warned = (name: string) => ({ crds: { names: [name] }, rules: [{ id: rule, enforcement: "warn" }] });
  const excepted = (name: string) => ({ exceptions: [exceptionEntry({ rule, crd: name })] });

  it.each<{ title: string; change: Change; specs: readonly unknown[]; is: string }>([
    { title: "is denied by the rule's own default", change: applied("gears"), specs: [], is: "deny" },
    {
      title: "is warned of by the policy of what it needs",
      change: applied("gears"),
      specs: [warned("gears.own.dev")],
      is: "warn",
    },
    {
      title: "is denied where another CRD's policy says otherwise",
      change: applied("gears"),
      specs: [warned("cogs.own.dev")],
      is: "deny",
    },
    {
      title: "is denied where the policy of one of two CRDs denies",
      change: applied("gears", "cogs"),
      specs: [warned("gears.own.dev")],
      is: "deny",
    },
    {
      title: "is warned of where the policies of both warn",
      change: applied("gears", "cogs"),
      specs: [warned("gears.own.dev"), warned("cogs.own.dev")],
      is: "warn",
    },
    {
      title: "is denied where one of two CRDs is excepted",
      change: applied("gears", "cogs"),
      specs: [excepted("gears.own.dev")],
      is: "deny",
    },
    {
      title: "is warned of where both are excepted",
      change: applied("gears", "cogs"),
      specs: [excepted("gears.own.dev"), excepted("cogs.own.dev")],
      is: "warn",
    },
  ])("$title", ({ change, specs, is }) => {
    const policies = sight(...specs.map((spec, index) => rawPolicy(`p${String(index)}`, spec)));

    const judged = judgeChange(change, evaluate(change, noFacts), policies, NO_FLAGS, NOW);

    expect(judged.map(({ enforcement }) => enforcement)).toEqual([is]);
  });

  it("is judged by the policies that are for all CRDs where a finding is about none", () => {
    const declaration = { workload: turner, key: "crdguard.dev/requires", value: "x", problem: "not of the form" };
    const change: Change = { kind: "apply-workload", workload: turner, needs: [], unreadable: [declaration], today: null };
    const policies = sight(
      rawPolicy("all", { rules: [{ id: rule, enforcement: "audit" }] }),
      rawPolicy("gears", { ...warned("gears.own.dev"), priority: 500 }),
    );

    expect(judgeChange(change, evaluate(change, noFacts), policies, NO_FLAGS, NOW)).toMatchObject([{ enforcement: "audit" }]);
  });
});
