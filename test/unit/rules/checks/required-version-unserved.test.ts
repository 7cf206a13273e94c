import { describe, expect, it } from "vitest";
import { requiredVersionUnserved } from "../../../../src/rules/checks/required-version-unserved.ts";
import { create, crd, need, noFacts, requirement, statusUpdate, update } from "../../../support/builders.ts";

const before = crd({ served: ["v1alpha2"] });
const after = crd({ served: ["v1"], unserved: ["v1alpha2"] });
const envoy = need({ versions: ["v1alpha2"] });

/** As the Cilium operator looks: the list decides, `served` is not looked at. */
const byList = { absent: "stops-working", unlisted: "stops-working", unserved: "crashes" } as const;
/** As Istio looks: by the name of the CRD alone. */
const byName = { absent: "works", unlisted: "crashes", unserved: "crashes" } as const;

describe("required-version-unserved", () => {
  it("denies that a needed version stays listed but is served no more", () => {
    expect(requiredVersionUnserved.find({ change: update(before, after), facts: { ...noFacts, needs: [envoy] } })).toEqual([
      {
        field: "spec.versions[v1alpha2].served",
        fact: {
          kind: "required-version-unserved",
          versions: ["v1alpha2"],
          stateAfter: "unserved",
          isCreate: false,
          hurt: [{ need: envoy, before: "works", after: "crashes", stateAfter: "unserved" }],
        },
        remedies: [
          { kind: "keep-version-served", versions: ["v1alpha2"], isListed: true },
          { kind: "scale-down", need: envoy },
        ],
      },
    ]);
  });

  it.each([
    {
      title: "denies that a needed version is dropped from the list",
      change: update(before, crd({ served: ["v1"] })),
      needs: [envoy],
      fields: ["spec.versions[v1alpha2]"],
    },
    {
      title: "denies a create that lists, unserved, what a workload looks up in the list",
      change: create(after),
      needs: [need({ versions: ["v1alpha2"], outcomes: byList, presence: "crd-version-listed" })],
      fields: ["spec.versions[v1alpha2].served"],
    },
    {
      title: "denies a create without the version for a workload that goes by the CRD's name",
      change: create(crd({ served: ["v1"] })),
      needs: [need({ versions: ["v1beta1"], outcomes: byName, presence: "crd-name" })],
      fields: ["spec.versions[v1beta1]"],
    },
    {
      title: "denies when the last of several accepted versions goes, naming only what goes",
      change: update(crd({ served: ["v1beta1"], unserved: ["v1"] }), crd({ served: ["v2"], unserved: ["v1", "v1beta1"] })),
      needs: [need({ versions: ["v1", "v1beta1"] })],
      fields: ["spec.versions[v1beta1].served"],
    },
    {
      title: "denies once for workloads that lose the same version in the same way",
      change: update(before, after),
      needs: [envoy, need({ versions: ["v1alpha2"], workload: { name: "other" } })],
      fields: ["spec.versions[v1alpha2].served"],
    },
    {
      title: "allows while one of several accepted versions stays served",
      change: update(crd({ served: ["v1", "v1beta1"] }), crd({ served: ["v1"] })),
      needs: [need({ versions: ["v1", "v1beta1"] })],
      fields: [],
    },
    {
      title: "allows when the version was unserved before: that is not this change's doing",
      change: update(after, { ...after, bundle: { version: "v2", channel: null } }),
      needs: [envoy],
      fields: [],
    },
    {
      title: "allows a create that brings back what was missing",
      change: create(before),
      needs: [envoy],
      fields: [],
    },
    {
      title: "allows a create without the version where its absence hurt as much",
      change: create(crd({ served: ["v1"] })),
      needs: [envoy],
      fields: [],
    },
    {
      title: "allows a drop that a workload which skips the kind does not mind",
      change: update(before, crd({ served: ["v1"] })),
      needs: [need({ versions: ["v1alpha2"], outcome: "works" })],
      fields: [],
    },
    { title: "allows when nobody needs the version", change: update(before, after), needs: [], fields: [] },
    { title: "has no opinion on the status", change: statusUpdate(before, []), needs: [envoy], fields: [] },
  ])("$title", ({ change, needs, fields }) => {
    const findings = requiredVersionUnserved.find({ change, facts: { ...noFacts, needs } });

    expect(findings.map(({ field }) => field)).toEqual(fields);
    expect(findings.some(({ isAdvisory }) => isAdvisory)).toBe(false);
  });

  it("warns, and no more, of a workload that loses a feature, apart from the denial", () => {
    const findings = requiredVersionUnserved.find({
      change: update(before, after),
      facts: {
        ...noFacts,
        needs: [envoy, need({ versions: ["v1alpha2"], outcome: "loses-feature", workload: { name: "other" } })],
      },
    });

    expect(findings.map(({ isAdvisory }) => isAdvisory ?? false)).toEqual([false, true]);
  });

  it("warns where the version of a known controller is unknown, once a workload", () => {
    const unknown = (version: string) =>
      need({ versions: [version], certainty: { kind: "unknown-version" }, image: "own.dev/turner:latest" });
    const findings = requiredVersionUnserved.find({
      change: update(crd({ served: ["v1alpha2", "v1beta1"] }), crd({ served: ["v1"] })),
      facts: { ...noFacts, needs: [unknown("v1alpha2"), unknown("v1beta1")] },
    });

    expect(findings).toEqual([
      {
        field: "spec.versions",
        fact: { kind: "requirement-unknown", needs: [unknown("v1alpha2")] },
        remedies: [{ kind: "declare-requirement", need: unknown("v1alpha2") }],
        isAdvisory: true,
      },
    ]);
  });

  it("warns of a declaration that cannot be read when a served version goes, and only then", () => {
    const declaration = {
      workload: { kind: "Deployment", namespace: "mill", name: "turner" },
      key: "crdguard.dev/requires",
      value: "gears",
      problem: "no version",
    } as const;
    const facts = { ...noFacts, unreadableDeclarations: [declaration] };

    expect(requiredVersionUnserved.find({ change: update(before, after), facts }).map(({ fact }) => fact.kind)).toEqual([
      "declaration-unreadable",
    ]);
    expect(requiredVersionUnserved.find({ change: update(before, crd({ served: ["v1alpha2", "v1"] })), facts })).toEqual([]);
  });

  it("names the first later release that does well after the change, and the bundle that is left", () => {
    const upgradable = need({
      versions: ["v1alpha2"],
      image: "own.dev/turner:v1.0.0",
      laterReleases: [
        { minimumVersion: "1.1.0", requirement: requirement({ versions: ["v1alpha2"] }) },
        { minimumVersion: "1.2.0", requirement: requirement({ versions: ["v1"] }) },
        { minimumVersion: "1.3.0", requirement: null },
      ],
    });
    const [finding] = requiredVersionUnserved.find({
      change: update(
        { ...before, bundle: { version: "v1.0.0", channel: "experimental" } },
        { ...after, bundle: { version: "v1.1.0", channel: "standard" } },
      ),
      facts: { ...noFacts, needs: [upgradable] },
    });

    expect(finding?.remedies).toEqual([
      { kind: "upgrade-workload", need: upgradable, minimumVersion: "1.2.0" },
      { kind: "keep-version-served", versions: ["v1alpha2"], isListed: true },
      { kind: "stay-on-bundle", version: "v1.0.0", channel: "experimental" },
      { kind: "scale-down", need: upgradable },
    ]);
  });
});
