import { describe, expect, it } from "vitest";
import type { Certainty, Need } from "../../../src/rules/facts.ts";
import { crdNameOf, type Outcome } from "../../../src/rules/requirement.ts";
import { isHardUnmet, lossesOf, standingsOf } from "../../../src/rules/standing.ts";
import { crd, need } from "../../support/builders.ts";

const GEARS = crd({ served: ["v1", "v1beta1"], unserved: ["v1alpha1"] });

function standings(needs: readonly Need[], unreadable: readonly string[] = []): ReturnType<typeof standingsOf> {
  return standingsOf({
    crds: new Map([[GEARS.name, GEARS]]),
    needs: Map.groupBy(needs, ({ requirement }) => crdNameOf(requirement)),
    unreadableDeclarations: unreadable.map((name) => ({
      workload: { kind: "Deployment", namespace: "mill", name },
      key: "crdguard.dev/requires",
      value: "?",
      problem: "no name",
    })),
  });
}

/** A need for an API that no CRD defines. */
function absent(outcome: Outcome, certainty: Certainty = { kind: "known" }, name = "turner"): Need {
  const gears = need({ versions: ["v1"], outcome, certainty, workload: { name } });
  return { ...gears, requirement: { ...gears.requirement, resource: "cogs" } };
}

describe("how a need stands", () => {
  it.each<{ title: string; need: Need; state: string; outcome: Outcome; standing: string; isHard: boolean }>([
    {
      title: "met: the version is served",
      need: need({ versions: ["v1"] }),
      state: "served",
      outcome: "works",
      standing: "met",
      isHard: false,
    },
    {
      title: "met: one of several is served",
      need: need({ versions: ["v1alpha1", "v1beta1"] }),
      state: "served",
      outcome: "works",
      standing: "met",
      isHard: false,
    },
    {
      title: "met: it does well without",
      need: absent("works"),
      state: "absent",
      outcome: "works",
      standing: "met",
      isHard: false,
    },
    {
      title: "unmet: listed, but not served",
      need: need({ versions: ["v1alpha1"] }),
      state: "unserved",
      outcome: "crashes",
      standing: "unmet",
      isHard: true,
    },
    {
      title: "unmet: not listed",
      need: need({ versions: ["v2"], outcome: "stops-working" }),
      state: "unlisted",
      outcome: "stops-working",
      standing: "unmet",
      isHard: true,
    },
    {
      title: "unmet: no such CRD, a feature is lost",
      need: absent("loses-feature"),
      state: "absent",
      outcome: "loses-feature",
      standing: "unmet",
      isHard: false,
    },
    {
      title: "unmet: served, but not preferred",
      need: need({ versions: ["v1beta1"], presence: "discovery-preferred" }),
      state: "not-preferred",
      outcome: "crashes",
      standing: "unmet",
      isHard: true,
    },
    {
      title: "unmet: what is taken for granted counts",
      need: absent("crashes", { kind: "assumed", condition: "on=true" }),
      state: "absent",
      outcome: "crashes",
      standing: "unmet",
      isHard: true,
    },
    {
      title: "unknown: it hangs on what nobody tells",
      need: absent("crashes", { kind: "conditional", condition: "--on" }),
      state: "absent",
      outcome: "crashes",
      standing: "unknown",
      isHard: false,
    },
    {
      title: "unknown: the catalog is not sure",
      need: absent("crashes", { kind: "unconfirmed" }),
      state: "absent",
      outcome: "crashes",
      standing: "unknown",
      isHard: false,
    },
    {
      title: "unknown: the version is",
      need: absent("crashes", { kind: "unknown-version" }),
      state: "absent",
      outcome: "crashes",
      standing: "unknown",
      isHard: false,
    },
    {
      title: "met, whatever the version is",
      need: need({ versions: ["v1"], certainty: { kind: "unknown-version" } }),
      state: "served",
      outcome: "works",
      standing: "met",
      isHard: false,
    },
  ])("is $title", ({ need: own, state, outcome, standing, isHard }) => {
    const [workload] = standings([own]);

    expect(workload).toEqual({ workload: own.workload, needs: [{ need: own, state, outcome, standing }], unreadable: [] });
    expect(workload?.needs.map(isHardUnmet)).toEqual([isHard]);
  });
});

describe("workloads with their needs", () => {
  it("come in the order of harm, then of names, each with its worst need first", () => {
    const named = (name: string, shape: Parameters<typeof need>[0]): Need => need({ ...shape, workload: { name } });
    const found = standings(
      [
        named("fine-b", { versions: ["v1"] }),
        named("fine-a", { versions: ["v1"] }),
        absent("crashes", { kind: "unknown-version" }, "doubtful"),
        named("soft", { versions: ["v2"], outcome: "loses-feature" }),
        named("hard", { versions: ["v1"] }),
        absent("loses-feature", { kind: "known" }, "hard"),
        named("hard", { versions: ["v2"], outcome: "stops-working" }),
      ],
      ["garbled"],
    );

    expect(
      found.map(({ workload, needs, unreadable }) => [
        workload.name,
        needs.map(({ outcome, standing }) => `${standing} ${outcome}`),
        unreadable.length,
      ]),
    ).toEqual([
      ["hard", ["unmet stops-working", "unmet loses-feature", "met works"], 0],
      ["soft", ["unmet loses-feature"], 0],
      ["garbled", [], 1],
      ["doubtful", ["unknown crashes"], 0],
      ["fine-a", ["met works"], 0],
      ["fine-b", ["met works"], 0],
    ]);
  });

  it("are told apart by kind and namespace", () => {
    const found = standings([
      need({ versions: ["v1"] }),
      need({ versions: ["v1"], workload: { kind: "DaemonSet" } }),
      need({ versions: ["v1"], workload: { namespace: "forge" } }),
    ]);

    expect(found.map(({ workload: { kind, namespace, name } }) => `${kind} ${namespace}/${name}`)).toEqual([
      "Deployment forge/turner",
      "DaemonSet mill/turner",
      "Deployment mill/turner",
    ]);
  });
});

describe("losses of a CRD", () => {
  function losses(...needs: readonly Need[]): readonly (readonly [string, ...string[]])[] {
    return lossesOf(GEARS, needs).map(({ loss, hurt }) => [
      loss.kind === "deleted" ? "deleted" : `${loss.version} ${loss.kind}`,
      ...hurt.map(({ need: { workload }, after }) => `${workload.name} ${after}`),
    ]);
  }

  it("are each version's, most stable first, then the deletion; what is not served cannot stop to be", () => {
    expect(losses()).toEqual([
      ["v1 unserved"],
      ["v1 dropped"],
      ["v1beta1 unserved"],
      ["v1beta1 dropped"],
      ["v1alpha1 dropped"],
      ["deleted"],
    ]);
  });

  it("hurt each in its own way, and those alone that are well today", () => {
    const outcomes = { absent: "works", unlisted: "loses-feature", unserved: "crashes" } as const;
    const found = losses(
      need({ versions: ["v1"], outcomes }),
      need({ versions: ["v2"], workload: { name: "hurt-already" } }),
      need({ versions: ["v1", "v1beta1"], workload: { name: "either" } }),
    );

    expect(found).toEqual([
      ["v1 unserved", "turner crashes"],
      ["v1 dropped", "turner loses-feature"],
      ["v1beta1 unserved"],
      ["v1beta1 dropped"],
      ["v1alpha1 dropped"],
      ["deleted", "either crashes"],
    ]);
  });

  it("of what is listed alone hurt those that look at the list", () => {
    const outcomes = { absent: "loses-feature", unlisted: "loses-feature", unserved: "works" } as const;

    expect(losses(need({ versions: ["v1alpha1"], presence: "crd-version-listed", outcomes }))).toEqual([
      ["v1 unserved"],
      ["v1 dropped"],
      ["v1beta1 unserved"],
      ["v1beta1 dropped"],
      ["v1alpha1 dropped", "turner loses-feature"],
      ["deleted", "turner loses-feature"],
    ]);
  });

  it("name those first who are hurt for sure, the worst before all", () => {
    const found = lossesOf(GEARS, [
      need({ versions: ["v1"], certainty: { kind: "unknown-version" }, workload: { name: "a-doubtful" } }),
      need({ versions: ["v1"], outcome: "loses-feature", workload: { name: "b-soft" } }),
      need({ versions: ["v1"], workload: { name: "d-hard" } }),
      need({ versions: ["v1"], workload: { name: "c-hard" } }),
    ]);

    expect(found.at(-1)?.hurt.map(({ need: { workload } }) => workload.name)).toEqual([
      "c-hard",
      "d-hard",
      "b-soft",
      "a-doubtful",
    ]);
  });
});
