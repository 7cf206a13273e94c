import { describe, expect, it } from "vitest";
import { EVERYTHING } from "../../../src/explain/audience.ts";
import { checkReport as makeReport, type CheckReport } from "../../../src/explain/report.ts";
import { DEFAULT_POLICY, judge } from "../../../src/policy/policy.ts";
import type { JudgedChange } from "../../../src/review/verdict.ts";
import type { Change } from "../../../src/rules/change.ts";
import { evaluate } from "../../../src/rules/evaluate.ts";
import type { Facts } from "../../../src/rules/facts.ts";
import { counted, create, crd, given, need, noFacts, remove, update } from "../../support/builders.ts";

function judged(change: Change, facts: Partial<Facts> = {}): JudgedChange {
  const [first, ...others] = judge(evaluate(change, { ...noFacts, ...facts }), DEFAULT_POLICY);
  if (first?.enforcement === "deny") return { change, verdict: { kind: "deny", findings: [first, ...others] } };
  return { change, verdict: { kind: "allow", findings: first === undefined ? [] : [first, ...others] } };
}

const onlyV1 = crd({ served: ["v1"] });
const denied = judged(update(crd({ served: ["v1", "v1alpha1"], stored: ["v1alpha1", "v1"] }), onlyV1), { objects: counted(3) });
const warned = judged(
  update(crd({ name: "cogs.own.dev", served: ["v1", "v1beta1"] }), crd({ name: "cogs.own.dev", served: ["v1"] })),
  {
    needs: [need({ versions: ["v1beta1"], outcome: "loses-feature" })],
  },
);
const allowed = judged(create(crd({ name: "axles.own.dev", served: ["v1"] })));
const undecided: JudgedChange = {
  change: remove(crd({ name: "bolts.own.dev", served: ["v1"] })),
  verdict: { kind: "undecided", reason: "facts-not-synced" },
};

function checkReport(changes: readonly JudgedChange[], audience = EVERYTHING): CheckReport {
  return makeReport(changes, audience, given());
}

describe("checkReport", () => {
  it("tells each change in the order of names, by the contract of -o json", () => {
    expect(checkReport([denied, warned, allowed, undecided], EVERYTHING)).toEqual({
      apiVersion: "crdguard.dev/v1alpha1",
      kind: "CheckReport",
      verdict: "deny",
      ...given(),
      changes: [
        { crd: "axles.own.dev", operation: "CREATE", verdict: "allow", findings: [] },
        {
          crd: "bolts.own.dev",
          operation: "DELETE",
          verdict: "undecided",
          reason: "it has not read the whole cluster yet",
          findings: [],
        },
        {
          crd: "cogs.own.dev",
          operation: "UPDATE",
          verdict: "allow",
          findings: [
            {
              rule: "required-version-unserved",
              enforcement: "warn",
              field: "spec.versions[v1beta1]",
              message: '"v1beta1" would be gone, and 1 running workload uses it',
              evidence: [
                {
                  kind: "workload",
                  workload: "Deployment mill/turner",
                  image: null,
                  source: "annotation crdguard.dev/requires",
                  outcome: "loses-feature",
                  effect: null,
                },
              ],
              remedies: [
                {
                  title:
                    'keep serving "v1beta1": put it back into the new manifest, or apply a release or channel that serves it',
                },
                {
                  title: "stop turner first, if nobody needs it",
                  command: "kubectl -n mill scale deployment/turner --replicas=0",
                  workload: "Deployment mill/turner",
                },
              ],
            },
          ],
        },
        {
          crd: "gears.own.dev",
          operation: "UPDATE",
          verdict: "deny",
          findings: [
            {
              rule: "stored-version-removed",
              enforcement: "deny",
              field: "spec.versions[v1alpha1]",
              message:
                '"v1alpha1" would be dropped while status.storedVersions names it; 3 objects of it exist, and must be rewritten into the storage version first',
              evidence: [{ kind: "objects", count: 3, isComplete: true, namespaces: { mill: 3 }, examples: ["mill/g1"] }],
              remedies: [
                {
                  title: expect.stringMatching(/^rewrite every object/) as string,
                  command: "crdguard migrate gears.own.dev",
                },
                { title: 'keep "v1alpha1" in spec.versions of the new manifest; it need not be served' },
              ],
            },
          ],
        },
      ],
    });
  });

  it.each([
    { title: "denies the whole for one denial", changes: [allowed, denied, undecided], verdict: "deny" },
    { title: "leaves the whole undecided for one undecided change", changes: [allowed, undecided, warned], verdict: "undecided" },
    { title: "allows what is only warned of", changes: [allowed, warned], verdict: "allow" },
    { title: "allows nothing at all", changes: [], verdict: "allow" },
  ])("$title", ({ changes, verdict }) => {
    expect(checkReport(changes, EVERYTHING).verdict).toBe(verdict);
  });
});
