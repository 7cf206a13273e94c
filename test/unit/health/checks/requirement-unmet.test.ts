import { describe, expect, it } from "vitest";
import { requirementUnmet } from "../../../../src/health/checks/requirement-unmet.ts";
import { crd, need } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";

const needing = (...needs: readonly ReturnType<typeof need>[]) => new Map([["gears.own.dev", needs]]);
const served = [crd({ served: ["v1"] })];

describe("requirement-unmet", () => {
  it("is an error of a workload that would crash at its next restart", () => {
    const own = need({ versions: ["v1alpha1"] });

    expect(requirementUnmet.find(healthFacts({ crds: served, needs: needing(own) }))).toEqual([
      {
        subject: { kind: "workload", workload: own.workload },
        field: "spec.template",
        fact: { kind: "requirement-unmet", unmet: [{ need: own, before: "crashes", after: "crashes", stateAfter: "unlisted" }] },
        remedies: [
          { kind: "serve-required", requirements: [own.requirement] },
          { kind: "scale-down", need: own },
        ],
      },
    ]);
  });

  it.each([
    { title: "a lost feature is a warning", own: need({ versions: ["v2"], outcome: "loses-feature" }), severity: "warning" },
    {
      title: "a need of a release that is not known is a note",
      own: need({ versions: ["v2"], certainty: { kind: "unknown-version" }, image: "own.dev/turner:latest" }),
      severity: "note",
    },
    {
      title: "a need that hangs on a setting is a note",
      own: need({ versions: ["v2"], certainty: { kind: "conditional", condition: "--gears" }, image: "own.dev/turner:v1" }),
      severity: "note",
    },
  ])("$title", ({ own, severity }) => {
    expect(requirementUnmet.find(healthFacts({ crds: served, needs: needing(own) }))).toMatchObject([{ severity }]);
  });

  it("offers the first later release that starts on what is there", () => {
    const requirements = [need({ versions: ["v1"] }).requirement];
    const laterReleases = [
      { minimumVersion: "1.9.0", requirements: [need({ versions: ["v2"] }).requirement] },
      { minimumVersion: "2.0.0", requirements },
      { minimumVersion: "3.0.0", requirements },
    ];
    const own = need({ versions: ["v1alpha1"], image: "own.dev/turner:v1.0.0", laterReleases });
    const [finding] = requirementUnmet.find(healthFacts({ crds: served, needs: needing(own) }));

    expect(finding?.remedies).toContainEqual({ kind: "upgrade-workload", need: own, minimumVersion: "2.0.0" });
  });

  it.each([
    { title: "a need that is met", own: need({ versions: ["v1"] }) },
    { title: "a need that any version meets", own: need({ versions: ["v2", "v1"] }) },
  ])("says nothing of $title", ({ own }) => {
    expect(requirementUnmet.find(healthFacts({ crds: served, needs: needing(own) }))).toEqual([]);
  });

  it("says nothing of an optional API that nobody installed, and that is looked for first", () => {
    const own = need({ versions: ["v1"], outcome: "loses-feature", presence: "discovery-served" });

    expect(requirementUnmet.find(healthFacts({ needs: needing(own) }))).toEqual([]);
  });
});
