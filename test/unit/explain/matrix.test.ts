import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { compatibilityMatrix, type CompatibilityMatrix } from "../../../src/explain/matrix.ts";
import { matrixLines, matrixMarkdown } from "../../../src/explain/matrix-text.ts";
import type { SubjectTitle } from "../../../src/explain/matrix.ts";
import type { Bundle } from "../../../src/rules/bundle.ts";
import { fitOf, minimumBundle, type NeededApi, recommendedBundle } from "../../../src/rules/compatibility.ts";
import type { Outcome } from "../../../src/rules/requirement.ts";
import { crd, requirement } from "../../support/builders.ts";

function bundle(version: string, served: readonly string[], unserved: readonly string[] = []): Bundle {
  const gears = crd({ served, unserved });
  return {
    name: "mill",
    title: "Mill",
    version,
    channel: "standard",
    releasedOn: "2026-01-01",
    installUrl: `https://own.dev/v${version}/standard.yaml`,
    crds: new Map([[gears.name, gears]]),
  };
}

const BUNDLES = [bundle("1.0.0", ["v1beta1"]), bundle("1.1.0", ["v1"], ["v1beta1"]), bundle("1.2.0", ["v1"])];
const TITLE: SubjectTitle = {
  controller: "turner",
  versions: ">=1.0.0",
  confidence: "high",
  workload: null,
  premise: null,
  setting: null,
  notCounted: [],
};

function needing(version: string, outcome: Outcome, resource = "gears"): NeededApi {
  return { requirement: { ...requirement({ versions: [version], outcome }), resource }, effect: null };
}

interface SubjectShape {
  readonly title?: Partial<SubjectTitle>;
  readonly needs: readonly NeededApi[];
}

function matrixOf(subjects: readonly SubjectShape[], notJudged: readonly string[] = []): CompatibilityMatrix {
  return compatibilityMatrix(
    "mill",
    subjects.map((subject) => ({
      title: { ...TITLE, ...subject.title },
      fits: BUNDLES.map((one) => fitOf(subject, one)),
    })),
    { minimum: minimumBundle(subjects, BUNDLES), recommended: recommendedBundle(subjects, BUNDLES) },
    notJudged,
    new Map([
      ["gears.own.dev", "Gear"],
      ["cogs.own.dev", "Cog"],
    ]),
  );
}

function lines(
  matrix: CompatibilityMatrix,
  { isSet = false, detail = "full" }: { readonly isSet?: boolean; readonly detail?: "brief" | "full" } = {},
): readonly string[] {
  return matrixLines(matrix, { isSet, detail }, createColors(false));
}

const LEGEND = "✓ works  ~ loses a feature  ✗ breaks; each in a cluster with this release and no other definitions";

describe("the matrix as text", () => {
  it("joins neighbouring releases that are alike, and tells what becomes of whom", () => {
    const matrix = matrixOf([{ needs: [needing("v1beta1", "crashes"), needing("v1", "stops-working", "cogs")] }]);

    expect(lines(matrix)).toEqual([
      "turner",
      "  >=1.0.0",
      "    standard  ✗ v1.0.0  stops working: Cog v1 absent",
      "              ✗ v1.1.0  crashes: Gear v1beta1 unserved; stops working: Cog v1 absent",
      "              ✗ v1.2.0  crashes: Gear v1beta1 not listed; stops working: Cog v1 absent",
      "",
      LEGEND,
    ]);
  });

  it("names together what is in the same state, and no lost feature beside what breaks", () => {
    const soft = [needing("v1", "loses-feature"), needing("v1", "loses-feature", "cogs")];
    const [, , , ...bands] = lines(matrixOf([{ needs: [...soft, needing("v1beta1", "loses-feature")] }]));
    const [, , broken] = lines(matrixOf([{ needs: [...soft, needing("v2", "crashes")] }]));

    expect(lines(matrixOf([{ needs: soft }])).slice(2, 4)).toEqual([
      "    standard  ~ v1.0.0         Cog v1 absent; Gear v1 not listed",
      "              ~ v1.1.0–v1.2.0  Cog v1 absent",
    ]);
    expect(bands[0]).toBe("              ~ v1.1.0  Cog v1 absent; Gear v1beta1 unserved");
    expect(broken).toBe("    standard  ✗ v1.0.0–v1.2.0  crashes: Gear v2 not listed");
  });

  it("leaves out causes when all is told in brief", () => {
    expect(lines(matrixOf([{ needs: [needing("v1beta1", "crashes")] }]), { detail: "brief" })).toEqual([
      "turner",
      "  >=1.0.0",
      "    standard  ✓ v1.0.0         ✗ v1.1.0–v1.2.0",
      "",
      "--controller ID tells why",
      "",
      LEGEND,
    ]);
  });

  it("puts what all entries take to hold above them, and a setting or a doubt beside one", () => {
    const needs = [needing("v1", "crashes")];
    const premise = "gears=on in ConfigMap mill";
    const matrix = matrixOf([
      { title: { premise }, needs },
      { title: { premise, setting: "--cogs", confidence: "low" }, needs },
      { title: { controller: null, versions: null, workload: "Deployment mill/turner", confidence: null }, needs },
    ]);

    expect(lines(matrix, { detail: "brief" }).filter((line) => !line.startsWith("    "))).toEqual([
      "turner, with gears=on in ConfigMap mill",
      "  >=1.0.0",
      "  >=1.0.0, with --cogs, unconfirmed",
      "",
      "Deployment mill/turner",
      "  as it runs",
      "",
      "--controller ID tells why",
      "",
      `${LEGEND}\nunconfirmed: too little is known to deny by`,
    ]);
  });

  it("ends with a bundle for the set, what is not counted, and what is lost for all that", () => {
    const matrix = matrixOf(
      [
        { title: { versions: "1.2.3", notCounted: ["--cogs", "COGS=true"] }, needs: [needing("v1", "crashes")] },
        { title: { controller: "lathe", versions: "2.0.0" }, needs: [needing("v1beta1", "loses-feature")] },
      ],
      ["Deployment mill/miller"],
    );

    expect(lines(matrix, { isSet: true })).toEqual([
      "turner",
      "  1.2.3",
      "    standard  ✗ v1.0.0         crashes: Gear v1 not listed",
      "              ✓ v1.1.0–v1.2.0",
      "    not counted: needs under these settings, which were not given: --cogs; COGS=true",
      "",
      "lathe",
      "  2.0.0",
      "    standard  ✓ v1.0.0",
      "              ~ v1.1.0  Gear v1beta1 unserved",
      "              ~ v1.2.0  Gear v1beta1 not listed",
      "",
      "not judged, since its needs are not known: Deployment mill/miller",
      "minimum      v1.1.0, standard channel, which lacks 1 API",
      "recommended  v1.2.0, standard channel, which lacks 1 API",
      "  lathe loses a feature: Gear v1beta1 not listed",
      "  kubectl apply --server-side -f https://own.dev/v1.2.0/standard.yaml",
      "",
      LEGEND,
    ]);
  });

  it.each([
    {
      title: "no bundle suits all",
      matrix: matrixOf([{ needs: [needing("v2", "crashes")] }]),
      line: "No release of mill lets all of them work.",
    },
    { title: "nobody needs anything", matrix: matrixOf([]), line: "None of them is known to need anything of mill." },
  ])("says that $title", ({ matrix, line }) => {
    expect(lines(matrix, { isSet: true })).toContain(line);
  });

  it("shows foreign text without what could move a cursor", () => {
    const matrix = matrixOf([{ title: { workload: "Deployment mill/\u001B[2Jturner" }, needs: [needing("v1", "crashes")] }]);

    expect(lines(matrix)[0]).toBe(String.raw`Deployment mill/\u001b[2Jturner`);
  });
});

describe("the matrix as Markdown", () => {
  it("has a table for each controller, and nothing in a cell opens another one", () => {
    const matrix = matrixOf([
      {
        title: { setting: "an argument like (a|b)*", notCounted: ["--cogs"] },
        needs: [needing("v1beta1", "loses-feature")],
      },
    ]);

    expect(matrixMarkdown(matrix, true).split("\n")).toEqual([
      "# mill",
      "",
      "## turner",
      "",
      "| versions | standard |",
      "| --- | --- |",
      String.raw`| >=1.0.0, with an argument like (a\|b)\* | ✓ v1.0.0<br>~ v1.1.0: Gear v1beta1 unserved<br>~ v1.2.0: Gear v1beta1 not listed |`,
      "",
      "not counted: needs under these settings, which were not given: --cogs",
      "",
      "- minimum: v1.0.0, standard channel",
      "- recommended: v1.0.0, standard channel",
      "",
      "```sh",
      "kubectl apply --server-side -f https://own.dev/v1.0.0/standard.yaml",
      "```",
      "",
      LEGEND,
    ]);
  });
});

describe("the matrix as a report", () => {
  it("has every loss with its state and outcome", () => {
    const { minimum, ...report } = matrixOf([{ needs: [needing("v1", "crashes")] }], ["Deployment mill/miller"]);

    expect(report).toEqual({
      apiVersion: "crdguard.dev/v1alpha1",
      kind: "CompatibilityMatrix",
      bundle: "mill",
      subjects: [
        {
          ...TITLE,
          fits: [
            {
              version: "1.0.0",
              channel: "standard",
              verdict: "breaks",
              losses: [
                { crd: "gears.own.dev", kind: "Gear", versions: ["v1"], state: "unlisted", outcome: "crashes", effect: null },
              ],
            },
            { version: "1.1.0", channel: "standard", verdict: "works", losses: [] },
            { version: "1.2.0", channel: "standard", verdict: "works", losses: [] },
          ],
        },
      ],
      recommended: { version: "1.2.0", channel: "standard", install: "https://own.dev/v1.2.0/standard.yaml", losses: [[]] },
      notJudged: ["Deployment mill/miller"],
    });
    expect(minimum?.version).toBe("1.1.0");
  });
});
