import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { EVERYTHING } from "../../../src/explain/audience.ts";
import { checkReport as makeReport, type CheckReport, reportLines } from "../../../src/explain/report.ts";
import { DEFAULT_POLICY, judge } from "../../../src/policy/policy.ts";
import type { JudgedChange } from "../../../src/review/verdict.ts";
import type { Change } from "../../../src/rules/change.ts";
import { evaluate } from "../../../src/rules/evaluate.ts";
import type { Facts } from "../../../src/rules/facts.ts";
import { counted, create, crd, need, noFacts, remove, update } from "../../support/builders.ts";

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

const ONE_EACH: CheckReport["input"] = {
  customResourceDefinitions: 4,
  workloads: 0,
  apiRequirements: 0,
  configMaps: 0,
  notJudged: {},
  repeated: [],
};

function checkReport(changes: readonly JudgedChange[], audience = EVERYTHING): CheckReport {
  return makeReport(changes, audience, { input: ONE_EACH, leaving: [] });
}

describe("checkReport", () => {
  it("tells each change in the order of names, by the contract of -o json", () => {
    expect(checkReport([denied, warned, allowed, undecided], EVERYTHING)).toEqual({
      apiVersion: "crdguard.dev/v1alpha1",
      kind: "CheckReport",
      verdict: "deny",
      input: ONE_EACH,
      leaving: [],
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
                  command: expect.stringMatching(/^kubectl delete storageversionmigration /) as string,
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

describe("reportLines", () => {
  const colorless = createColors(false);

  it("tells what matters change by change, what does not in one line, and sums up", () => {
    const lines = reportLines(checkReport([denied, warned, allowed, undecided], EVERYTHING), colorless);

    expect(lines.filter((line) => !line.startsWith("   "))).toEqual([
      "? undecided  bolts.own.dev DELETE",
      "  it has not read the whole cluster yet",
      "",
      "✓ allowed  cogs.own.dev UPDATE",
      '  warn spec.versions[v1beta1]: required-version-unserved: "v1beta1" would be gone, and 1 running workload uses it:',
      "",
      "✗ denied  gears.own.dev UPDATE",
      '  deny spec.versions[v1alpha1]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it; 3 objects of it exist, and must be rewritten into the storage version first:',
      "",
      "✓ allowed  axles.own.dev",
      "",
      "4 changes: 2 allowed, 1 denied, 1 undecided.",
    ]);
  });

  it("colours on request, and changes no word by it", () => {
    const report = checkReport([denied, warned, allowed, undecided], EVERYTHING);
    const coloured = reportLines(report, createColors(true));

    // eslint-disable-next-line no-control-regex -- the colours are what is taken off.
    expect(coloured.map((line) => line.replaceAll(/\u001b\[\d+m/g, ""))).toEqual(reportLines(report, colorless));
    expect(coloured.at(-1)).toBe("\u001b[1m4 changes: 2 allowed, 1 denied, 1 undecided.\u001b[22m");
  });

  it("breaks no line and moves no cursor for hostile names", () => {
    const evil = "gears\n\u001b[2J\u202E.own.dev";
    const change = update({ ...crd({ served: ["v1", evil], stored: [evil, "v1"] }), name: evil }, { ...onlyV1, name: evil });
    const lines = reportLines(
      checkReport([judged(change, { objects: counted(1) }), judged(create({ ...onlyV1, name: evil }))], EVERYTHING),
      colorless,
    );

    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});
