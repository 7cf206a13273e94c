import { describe, expect, it } from "vitest";
import { DEFAULT_POLICY, judge } from "../../../../src/policy/policy.ts";
import { objectPruned } from "../../../../src/rules/checks/object-pruned.ts";
import { objectRejected } from "../../../../src/rules/checks/object-rejected.ts";
import { evaluate, evidenceNeeded } from "../../../../src/rules/evaluate.ts";
import type { FailedCelRule, FitEvidence, Rejection } from "../../../../src/rules/facts.ts";
import { create, crd, looked, noFacts, remove, statusUpdate, update } from "../../../support/builders.ts";

const NUMBER = { type: "object", properties: { size: { type: "integer" } } };
const TEXT = { type: "object", properties: { size: { type: "string" } } };
const before = crd({ served: ["v1", "v1beta1"], schemas: { v1: NUMBER, v1beta1: NUMBER } });
const after = crd({ served: ["v1", "v1beta1"], schemas: { v1: TEXT, v1beta1: TEXT } });
const size = { totalCount: 12, objectCount: 12, isComplete: true, seconds: 0.1, source: { kind: "cluster" } } as const;

const rejection: Rejection = {
  version: "v1",
  path: "size",
  message: "must be of type string",
  objectCount: 2,
  examples: [{ object: { namespace: "mill", name: "g1" }, path: "size", value: "3" }],
};

const failedRule: FailedCelRule = {
  version: "v1",
  path: "",
  rule: "self.size > 1",
  message: "must be large",
  objectCount: 1,
  examples: [],
};

describe("object-rejected", () => {
  it("denies a schema that refuses live objects, telling each cause once for all versions", () => {
    const fit = looked({ rejections: [rejection, { ...rejection, version: "v1beta1", objectCount: 1 }] });

    expect(objectRejected.find({ change: update(before, after), facts: { ...noFacts, fit } })).toEqual([
      {
        field: "spec.versions[v1].schema",
        fact: {
          kind: "object-rejected",
          objectCount: 2,
          isRatcheted: true,
          causes: [
            {
              versions: ["v1", "v1beta1"],
              path: "size",
              message: "must be of type string",
              objectCount: 2,
              examples: rejection.examples,
            },
          ],
          otherCauseCount: 0,
          look: size,
        },
        remedies: [
          { kind: "correct-objects", crd: before, readIn: "v1", path: "size" },
          { kind: "keep-accepting", versions: ["v1", "v1beta1"], path: "size" },
        ],
      },
    ]);
  });

  it("offers to stay on the release that the CRD comes from", () => {
    const previous = { ...before, bundle: { version: "v1.1.0", channel: "standard" } };
    const next = { ...after, bundle: { version: "v1.2.0", channel: "standard" } };
    const [finding] = objectRejected.find({
      change: update(previous, next),
      facts: { ...noFacts, fit: looked({ rejections: [rejection] }) },
    });

    expect(finding?.remedies.at(-1)).toEqual({ kind: "stay-on-bundle", version: "v1.1.0", channel: "standard" });
  });

  it.each<{ title: string; fit: FitEvidence; told: readonly string[] }>([
    { title: "allows what all objects fit", fit: looked(), told: [] },
    { title: "allows what no rule had looked at", fit: { kind: "not-looked" }, told: [] },
    {
      title: "tells what was found of a look that was cut short, without a doubt beside it",
      fit: looked({ isComplete: false, rejections: [rejection] }),
      told: ["object-rejected deny"],
    },
    {
      title: "warns where not all was looked at, and nothing found",
      fit: looked({ isComplete: false }),
      told: ["objects-not-all-checked warn"],
    },
    {
      title: "warns where nothing could be read",
      fit: { kind: "unreadable", reason: "they are shy" },
      told: ["objects-unchecked warn"],
    },
    {
      title: "warns of failed rules of x-kubernetes-validations, and of those that could not be tried",
      fit: looked({
        failedRules: [failedRule],
        unevaluatedRules: [{ version: "v1", path: "", rule: "oldSelf == self", reason: "it reads oldSelf" }],
      }),
      told: ["object-rules-failed warn", "object-rules-unevaluated warn"],
    },
    {
      title: "says nothing of rules that could not be tried where there is no object",
      fit: looked({
        objectCount: 0,
        totalCount: 0,
        unevaluatedRules: [{ version: "v1", path: "", rule: "oldSelf == self", reason: "it reads oldSelf" }],
      }),
      told: [],
    },
  ])("$title", ({ fit, told }) => {
    const findings = evaluate(update(before, after), { ...noFacts, fit }, [objectRejected]);

    expect(judge(findings, DEFAULT_POLICY).map(({ fact, enforcement }) => `${fact.kind} ${enforcement}`)).toEqual(told);
  });

  it("tells nine causes, most objects first, and counts the others", () => {
    const rejections = Array.from({ length: 14 }, (_, index) => ({
      ...rejection,
      path: `p${String(index)}`,
      objectCount: index + 1,
    }));
    const [finding] = objectRejected.find({
      change: update(before, after),
      facts: { ...noFacts, fit: looked({ rejections }) },
    });

    expect(finding?.fact).toMatchObject({
      otherCauseCount: 5,
      causes: [{ path: "p13" }, ...Array.from({ length: 8 }, () => ({}))],
    });
  });

  it("knows the one cause for which no write passes any more", () => {
    const message = "must be an object for an array of list-type map";
    const [finding] = objectRejected.find({
      change: update(before, after),
      facts: { ...noFacts, fit: looked({ rejections: [rejection, { ...rejection, message }] }) },
    });

    expect(finding?.fact).toMatchObject({ isRatcheted: false });
  });

  it("denies, once for both rules, where policy says so of objects that could not all be looked at", () => {
    const policy = { ...DEFAULT_POLICY, objects: { ...DEFAULT_POLICY.objects, onIncomplete: "deny" } } as const;
    const findings = evaluate(update(before, after), { ...noFacts, fit: looked({ isComplete: false }) }, [
      objectPruned,
      objectRejected,
    ]);

    expect(findings).toHaveLength(2);
    expect(judge(findings, policy).map(({ enforcement }) => enforcement)).toEqual(["deny"]);
    const quiet = { ...policy, enforcement: new Map([["object-pruned", "off"] as const]) };
    expect(judge(findings, quiet).map(({ rule, enforcement }) => `${rule} ${enforcement}`)).toEqual(["object-rejected deny"]);
  });

  it("lets the server be given the right that it lacks", () => {
    const [finding] = objectRejected.find({
      change: update(before, after),
      facts: { ...noFacts, fit: { kind: "unreadable", reason: "crdguard may not list gears.own.dev", isForbidden: true } },
    });

    expect(finding?.remedies).toEqual([{ kind: "allow-counting", crd: before }]);
  });

  it.each([
    { title: "an update that changes a schema", change: update(before, after), needed: ["fit"] },
    {
      title: "an update of a CRD whose schemas are not known yet",
      change: update(crd({ served: ["v1"] }), after),
      needed: ["forms", "fit"],
    },
    { title: "an update that changes no schema", change: update(before, { ...before }), needed: [] },
    { title: "a create", change: create(after), needed: [] },
    { title: "a deletion", change: remove(before), needed: [] },
    { title: "a status update", change: statusUpdate(before, ["v1"]), needed: [] },
  ])("asks for live objects: $title", ({ change, needed }) => {
    expect([...evidenceNeeded(change, [objectRejected])]).toEqual(needed);
    expect(objectRejected.find({ change, facts: noFacts })).toEqual([]);
  });
});
