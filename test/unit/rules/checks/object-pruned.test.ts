import { describe, expect, it } from "vitest";
import { objectPruned } from "../../../../src/rules/checks/object-pruned.ts";
import { evaluate, evidenceNeeded } from "../../../../src/rules/evaluate.ts";
import type { FitEvidence, Loss } from "../../../../src/rules/facts.ts";
import { create, crd, looked, noFacts, update } from "../../../support/builders.ts";

const WITH = { type: "object", properties: { size: { type: "integer" }, timeouts: { type: "string" } } };
const WITHOUT = { type: "object", properties: { size: { type: "integer" } } };
const bundle = (channel: string) => ({ version: "v1.1.0", channel });
const before = crd({ served: ["v1", "v1beta1"], schemas: { v1: WITH, v1beta1: WITH }, bundle: bundle("experimental") });
const after = crd({ served: ["v1", "v1beta1"], schemas: { v1: WITHOUT, v1beta1: WITHOUT }, bundle: bundle("standard") });
const size = { totalCount: 12, objectCount: 12, isComplete: true, seconds: 0.1, source: { kind: "cluster" } } as const;

const loss: Loss = {
  version: "v1",
  role: "stored",
  path: "timeouts",
  objectCount: 3,
  examples: [{ object: { namespace: "mill", name: "g1" }, path: "timeouts", value: '"5s"' }],
};

describe("object-pruned", () => {
  it("denies a schema without a field that live objects set", () => {
    const fit = looked({ losses: [loss, { ...loss, version: "v1beta1", role: "served" }] });

    expect(objectPruned.find({ change: update(before, after), facts: { ...noFacts, fit } })).toEqual([
      {
        field: "spec.versions[v1].schema",
        fact: {
          kind: "object-pruned",
          role: "stored",
          objectCount: 3,
          fields: [{ versions: ["v1"], path: "timeouts", objectCount: 3, examples: loss.examples }],
          otherFieldCount: 0,
          look: size,
        },
        remedies: [
          { kind: "stay-on-bundle", version: "v1.1.0", channel: "experimental" },
          { kind: "keep-field", versions: ["v1"], path: "timeouts" },
          { kind: "take-out-fields", crd: before, readIn: "v1", path: "timeouts" },
          { kind: "back-up-first", crd: before },
        ],
      },
    ]);
  });

  it.each<{ title: string; fit: FitEvidence; told: readonly string[] }>([
    { title: "allows a field that no object sets to go", fit: looked(), told: [] },
    { title: "says nothing where no rule had looked", fit: { kind: "not-looked" }, told: [] },
    {
      title: "tells apart what every write loses and what a write in one version does",
      fit: looked({ losses: [loss, { ...loss, path: "teeth", role: "served", version: "v1beta1" }] }),
      told: ["object-pruned stored v1 timeouts", "object-pruned served v1beta1 teeth"],
    },
    {
      title: "tells a field of several versions once",
      fit: looked({
        losses: [
          { ...loss, role: "served", version: "v1beta1", objectCount: 1 },
          { ...loss, role: "served", version: "v1alpha1", objectCount: 2 },
        ],
      }),
      told: ["object-pruned served v1alpha1,v1beta1 timeouts"],
    },
    {
      title: "warns where not all was looked at, and nothing found",
      fit: looked({ isComplete: false }),
      told: ["objects-not-all-checked advisory"],
    },
    {
      title: "warns where nothing could be read",
      fit: { kind: "unreadable", reason: "they are shy" },
      told: ["objects-unchecked advisory"],
    },
  ])("$title", ({ fit, told }) => {
    const findings = evaluate(update(before, after), { ...noFacts, fit }, [objectPruned]);

    expect(
      findings.map(({ fact, isAdvisory }) =>
        fact.kind === "object-pruned"
          ? `${fact.kind} ${fact.role} ${fact.fields.map(({ versions, path }) => `${versions.join()} ${path}`).join("; ")}`
          : `${fact.kind} ${isAdvisory === true ? "advisory" : "denied"}`,
      ),
    ).toEqual(told);
  });

  it("looks at objects of an update alone", () => {
    expect([...evidenceNeeded(update(before, after), [objectPruned])]).toEqual(["fit"]);
    expect([...evidenceNeeded(create(after), [objectPruned])]).toEqual([]);
    expect(objectPruned.find({ change: create(after), facts: { ...noFacts, fit: looked({ losses: [loss] }) } })).toEqual([]);
  });
});
