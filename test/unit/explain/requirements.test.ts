import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { type CrdQuestion, requirementsReport } from "../../../src/explain/requirements.ts";
import { requirementsLines } from "../../../src/explain/requirements-text.ts";
import type { Crd } from "../../../src/crd/crd.ts";
import type { Need, UnreadableDeclaration } from "../../../src/rules/facts.ts";
import { crdNameOf } from "../../../src/rules/requirement.ts";
import { lossesOf, standingsOf, type WorkloadStanding } from "../../../src/rules/standing.ts";
import { crd, need } from "../../support/builders.ts";

const GEARS = crd({ served: ["v1", "v1beta1"], unserved: ["v1alpha1"] });

function standings(
  needs: readonly Need[],
  {
    crds = [GEARS],
    unreadable = [],
  }: { readonly crds?: readonly Crd[]; readonly unreadable?: readonly UnreadableDeclaration[] } = {},
): readonly WorkloadStanding[] {
  return standingsOf({
    crds: new Map(crds.map((each) => [each.name, each])),
    needs: Map.groupBy(needs, ({ requirement }) => crdNameOf(requirement)),
    unreadableDeclarations: unreadable,
  });
}

/** The lines that a terminal without colours shows. */
function lines(needs: readonly WorkloadStanding[], question: CrdQuestion | null = null): readonly string[] {
  return requirementsLines(requirementsReport(needs, question), createColors(false));
}

const BY_STATE = { absent: "works", unlisted: "loses-feature", unserved: "crashes" } as const;

describe("needs as text", () => {
  it("stand in one table over all workloads, grouped by where they are known from, marked by how they stand", () => {
    const told = lines(
      standings([
        need({ versions: ["v1alpha1"], image: "example/turner:1.2.3" }),
        need({ versions: ["v1", "v1beta1"], image: "example/turner:1.2.3" }),
        { ...need({ versions: ["v2"], outcome: "loses-feature" }), source: { kind: "annotation", key: "crdguard.dev/uses" } },
        need({ versions: ["v1"], workload: { kind: "DaemonSet", name: "lathe" }, outcomes: BY_STATE }),
        {
          ...need({ versions: ["v1beta1"], workload: { name: "drill" }, presence: "discovery-preferred" }),
          source: { kind: "api-requirement", name: "drill-needs", reason: "it lists preferred resources" },
        },
      ]),
    );

    expect(told).toEqual([
      "    NEEDS          VERSION     STATE          WITHOUT IT",
      "",
      "✗ Deployment mill/drill",
      "  known from APIRequirement drill-needs (it lists preferred resources)",
      "  ✗ gears.own.dev  v1beta1     not preferred  crashes",
      "",
      "✗ Deployment mill/turner",
      "  known from catalog: turner >=1.0.0 <2.0.0; image example/turner:1.2.3",
      "  ✗ gears.own.dev  v1alpha1    unserved       crashes",
      "  ✓ gears.own.dev  v1|v1beta1  served         crashes",
      "  known from annotation crdguard.dev/uses",
      "  ! gears.own.dev  v2          not listed     loses a feature",
      "",
      "✓ DaemonSet mill/lathe",
      "  known from annotation crdguard.dev/requires",
      "  ✓ gears.own.dev  v1          served         loses a feature if not listed, works if absent, else crashes",
      "",
      "3 workloads, 5 needs: 2 met, 2 unmet (hard), 1 unmet (soft).",
    ]);
  });

  it.each([
    { outcomes: BY_STATE, told: "loses a feature if not listed, works if absent, else crashes" },
    { outcomes: { absent: "works", unlisted: "crashes", unserved: "crashes" }, told: "works if absent, else crashes" },
    {
      outcomes: { absent: "stops-working", unlisted: "stops-working", unserved: "crashes" },
      told: "crashes if unserved, else stops working",
    },
    { outcomes: { absent: "loses-feature", unlisted: "loses-feature", unserved: "loses-feature" }, told: "loses a feature" },
  ] as const)("say what would become of a workload: $told", ({ outcomes, told }) => {
    expect(lines(standings([need({ versions: ["v1"], outcomes })]))[4]).toBe(`  ✓ gears.own.dev  v1       served  ${told}`);
  });

  it("tell doubts, and what the catalog knows of the harm", () => {
    const sure = need({ versions: ["v2"], image: "example/turner:1.2.3", certainty: { kind: "assumed", condition: "on=true" } });
    const withEffect: Need =
      sure.source.kind === "catalog" ? { ...sure, source: { ...sure.source, effect: "exits after a minute" } } : sure;
    const told = lines(
      standings([
        withEffect,
        need({ versions: ["v2"], workload: { name: "lathe" }, certainty: { kind: "conditional", condition: "--source=gears" } }),
      ]),
    );

    expect(told).toEqual([
      "    NEEDS          VERSION  STATE       WITHOUT IT",
      "",
      "✗ Deployment mill/turner",
      "  known from catalog: turner >=1.0.0 <2.0.0, taking on=true for granted; image example/turner:1.2.3",
      "  ✗ gears.own.dev  v2       not listed  crashes",
      "    it exits after a minute",
      "",
      "? Deployment mill/lathe",
      "  known from annotation crdguard.dev/requires, if --source=gears",
      "  ? gears.own.dev  v2       not listed  perhaps crashes",
      "",
      "2 workloads, 2 needs: 0 met, 1 unmet (hard), 1 in doubt.",
    ]);
  });

  it("of a version that nobody knows name only what some version would not get, each once", () => {
    const unknown = (versions: readonly string[], name = "turner"): Need =>
      need({ versions, image: "example/turner:latest", certainty: { kind: "unknown-version" }, workload: { name } });

    expect(
      lines(standings([unknown(["v1"]), unknown(["v2"]), unknown(["v2"]), unknown(["v3"]), unknown(["v1"], "lathe")])),
    ).toEqual([
      "? Deployment mill/turner",
      "  known from catalog: turner, version unknown; image example/turner:latest",
      "    some version of it does not get gears.own.dev v2 or v3; an annotation can say what it needs (docs/requirements.md)",
      "",
      "✓ Deployment mill/lathe",
      "  known from catalog: turner, version unknown; image example/turner:latest",
      "    whatever its version, it gets what it needs",
      "",
      "2 workloads, 4 needs: 2 met, 2 in doubt.",
    ]);
  });

  it("name workloads whose declaration cannot be read", () => {
    const workload = { kind: "StatefulSet", namespace: "mill", name: "turner" } as const;
    const unreadable = [{ workload, key: "crdguard.dev/requires", value: "gears", problem: '"gears" is no item' }];

    expect(lines(standings([], { unreadable }))).toEqual([
      "? StatefulSet mill/turner",
      '  annotation crdguard.dev/requires: "gears" is no item; until it is corrected, nobody knows what it needs',
      "",
      "1 workload, 0 needs: 0 met. 1 declaration cannot be read.",
    ]);
  });

  it("say so where nobody needs anything", () => {
    expect(lines([])).toEqual(["No workload is known to need an API."]);
  });

  it("fit into 120 columns, whatever the names, but for what cannot be broken", () => {
    const long = crd({ name: `${"g".repeat(63)}.${"own-".repeat(15)}.dev`, served: ["v1"] });
    const needs = ["v1", "v2"].map((version): Need => {
      const short = need({ versions: [version, "v1alpha1", "v1alpha2", "v1beta1"], outcomes: BY_STATE });
      return {
        ...short,
        requirement: { ...short.requirement, group: long.group, resource: long.plural },
        certainty: { kind: "assumed", condition: "a setting that is told in many words ".repeat(8) },
      };
    });
    const told = lines(standings([...needs, need({ versions: ["v1"], outcomes: BY_STATE })], { crds: [long, GEARS] }));

    expect(told.filter((line) => line.length > 120).every((line) => line.includes(long.name))).toBe(true);
    expect(told.filter((line) => line.includes("a setting that is told")).length).toBeGreaterThan(2);
  });

  it("show nothing that could move a cursor or forge a line", () => {
    const hostile = need({ versions: ["v1\n✗ forged"], workload: { name: "turner\u001b[2J" }, image: "a\u202eb:1.0.0" });
    const told = lines(standings([hostile])).join("\n");

    expect(told).toContain(String.raw`turner\u001b[2J`);
    expect(told).toContain(String.raw`v1\u000a✗ forged`);
    expect(told).toContain(String.raw`a\u202eb:1.0.0`);
  });

  it("has colours for marks, where somebody sees them, and the same width", () => {
    const report = requirementsReport(standings([need({ versions: ["v1"] }), need({ versions: ["v2"] })]));
    const colored = requirementsLines(report, createColors(true));

    expect(colored.join("\n")).toContain("\u001b[31m✗");
    expect(colored.map((line) => line.replaceAll(/\u001b\[\d+m/g, ""))).toEqual(requirementsLines(report, createColors(false)));
  });
});

describe("a CRD's losses as text", () => {
  const needs = [
    need({ versions: ["v1"], outcomes: { absent: "stops-working", unlisted: "stops-working", unserved: "crashes" } }),
    need({
      versions: ["v1beta1"],
      workload: { name: "lathe" },
      image: "example/lathe:latest",
      certainty: { kind: "unknown-version" },
    }),
  ];

  it("follow its versions and its needs, and are told together where they hurt the same", () => {
    const question: CrdQuestion = { name: GEARS.name, crd: GEARS, losses: lossesOf(GEARS, needs) };

    expect(lines(standings(needs), question)).toEqual([
      "gears.own.dev: v1 (served, storage), v1beta1 (served), v1alpha1 (unserved)",
      "",
      "    NEEDS          VERSION  STATE   WITHOUT IT",
      "",
      "✓ Deployment mill/lathe",
      "  known from catalog: turner, version unknown; image example/lathe:latest",
      "    whatever its version, it gets what it needs",
      "",
      "✓ Deployment mill/turner",
      "  known from annotation crdguard.dev/requires",
      "  ✓ gears.own.dev  v1       served  crashes if unserved, else stops working",
      "",
      "2 workloads, 2 needs: 2 met.",
      "",
      "If v1 were no longer served:",
      "  ✗ Deployment mill/turner crashes at its next restart",
      "If v1 were dropped from spec.versions:",
      "  ✗ Deployment mill/turner stays up but does its work no more, at its next restart at the latest",
      "If v1beta1 were no longer served or dropped from spec.versions:",
      "  ? Deployment mill/lathe perhaps crashes at its next restart",
      "If v1alpha1 were dropped from spec.versions: nobody is known to be hurt",
      "If the definition were deleted:",
      "  ✗ Deployment mill/turner stays up but does its work no more, at its next restart at the latest",
      "  ? Deployment mill/lathe perhaps crashes at its next restart",
    ]);
  });

  it("are none of a CRD that does not exist, though somebody needs it", () => {
    const question: CrdQuestion = { name: GEARS.name, crd: null, losses: [] };

    expect(lines(standings([need({ versions: ["v1"] })], { crds: [] }), question)).toEqual([
      "gears.own.dev does not exist",
      "",
      "    NEEDS          VERSION  STATE   WITHOUT IT",
      "",
      "✗ Deployment mill/turner",
      "  known from annotation crdguard.dev/requires",
      "  ✗ gears.own.dev  v1       absent  crashes",
      "",
      "1 workload, 1 need: 0 met, 1 unmet (hard).",
    ]);
  });

  it("hurt nobody where nobody needs it", () => {
    const question: CrdQuestion = { name: GEARS.name, crd: GEARS, losses: lossesOf(GEARS, []) };

    expect(lines([], question).slice(2, 4)).toEqual(["No workload is known to need it.", ""]);
  });
});

describe("needs as JSON", () => {
  it("hold everything that the text tells, and numbers to go by", () => {
    const needs = [
      need({ versions: ["v1"], image: "example/turner:1.2.3" }),
      need({ versions: ["v2"], outcome: "loses-feature" }),
    ];
    const workload = { kind: "Deployment", namespace: "mill", name: "garbled" } as const;
    const unreadable = [{ workload, key: "crdguard.dev/requires", value: "gears", problem: '"gears" is no item' }];
    const losses = lossesOf(GEARS, needs).filter(({ loss }) => loss.kind === "deleted");

    expect(requirementsReport(standings(needs, { unreadable }), { name: GEARS.name, crd: GEARS, losses })).toEqual({
      apiVersion: "crdguard.dev/v1alpha1",
      kind: "RequirementsReport",
      summary: { workloads: 2, needs: 2, met: 1, unmet: { hard: 0, soft: 1 }, unknown: 0, unreadable: 1 },
      crd: {
        name: "gears.own.dev",
        exists: true,
        versions: [
          { name: "v1", served: true, storage: true },
          { name: "v1beta1", served: true, storage: false },
          { name: "v1alpha1", served: false, storage: false },
        ],
        losses: [
          {
            change: "deleted",
            version: null,
            hurt: [
              {
                workload: "Deployment mill/turner",
                outcome: "crashes",
                standing: "unmet",
                source: {
                  kind: "catalog",
                  text: "catalog: turner >=1.0.0 <2.0.0",
                  certainty: "known",
                  image: "example/turner:1.2.3",
                  effect: null,
                },
              },
            ],
          },
        ],
      },
      workloads: [
        {
          workload: "Deployment mill/turner",
          kind: "Deployment",
          namespace: "mill",
          name: "turner",
          standing: "unmet",
          needs: [
            {
              crd: "gears.own.dev",
              versions: ["v2"],
              level: "soft",
              presence: "unconditional",
              outcomes: { absent: "loses-feature", unlisted: "loses-feature", unserved: "loses-feature" },
              state: "unlisted",
              outcome: "loses-feature",
              standing: "unmet",
              source: {
                kind: "annotation",
                text: "annotation crdguard.dev/requires",
                certainty: "known",
                image: null,
                effect: null,
              },
            },
            {
              crd: "gears.own.dev",
              versions: ["v1"],
              level: "hard",
              presence: "unconditional",
              outcomes: { absent: "crashes", unlisted: "crashes", unserved: "crashes" },
              state: "served",
              outcome: "works",
              standing: "met",
              source: {
                kind: "catalog",
                text: "catalog: turner >=1.0.0 <2.0.0",
                certainty: "known",
                image: "example/turner:1.2.3",
                effect: null,
              },
            },
          ],
          unreadable: [],
        },
        {
          workload: "Deployment mill/garbled",
          kind: "Deployment",
          namespace: "mill",
          name: "garbled",
          standing: "unknown",
          needs: [],
          unreadable: [{ key: "crdguard.dev/requires", value: "gears", problem: '"gears" is no item' }],
        },
      ],
    });
  });
});
