import { describe, expect, it } from "vitest";
import { DEFAULT_POLICY, judge, parseRuleSettings } from "../../../../src/policy/policy.ts";
import { versionInUseUnserved } from "../../../../src/rules/checks/version-in-use-unserved.ts";
import { evaluate } from "../../../../src/rules/evaluate.ts";
import type { WriterEvidence } from "../../../../src/rules/facts.ts";
import { create, crd, noFacts, remove, sampled, statusUpdate, update, writer } from "../../../support/builders.ts";

const before = crd({ served: ["v1", "v1beta1"] });
const after = crd({ served: ["v1"], unserved: ["v1beta1"] });
const argo = writer({ name: "argocd-controller", version: "v1beta1", objectCount: 3 });
const kubectl = writer({ name: "kubectl-client-side-apply", version: "v1beta1", objectCount: 1 });
const modern = writer({ name: "helm", version: "v1" });

describe("version-in-use-unserved", () => {
  it("warns of a version that is served no more although somebody writes objects in it", () => {
    expect(
      versionInUseUnserved.find({
        change: update(before, after),
        facts: { ...noFacts, writers: sampled([modern, argo, kubectl]) },
      }),
    ).toEqual([
      {
        field: "spec.versions[v1beta1].served",
        fact: {
          kind: "version-in-use-unserved",
          version: "v1beta1",
          isListed: true,
          writers: [argo, kubectl],
          objectCount: 10,
          isComplete: true,
        },
        remedies: [
          { kind: "write-in-version", crd: before, from: "v1beta1", to: "v1", isPossibleBefore: true, areRecorded: true },
          { kind: "keep-version-served", versions: ["v1beta1"], isListed: true },
        ],
      },
    ]);
  });

  it.each([
    {
      title: "warns when it is dropped from the list",
      change: update(before, crd({ served: ["v1"] })),
      writers: sampled([argo]),
      fields: ["spec.versions[v1beta1]"],
    },
    {
      title: "warns of each such version by itself, the most stable one first",
      change: update(crd({ served: ["v1alpha1", "v1", "v1beta1"] }), crd({ served: ["v1"], unserved: ["v1beta1"] })),
      writers: sampled([{ ...kubectl, version: "v1alpha1" }, argo]),
      fields: ["spec.versions[v1beta1].served", "spec.versions[v1alpha1]"],
    },
    {
      title: "warns of a controller that writes nothing but the status",
      change: update(before, after),
      writers: sampled([{ ...argo, name: "gear-operator", isSubresourceOnly: true }]),
      fields: ["spec.versions[v1beta1].served"],
    },
    {
      title: "warns of a file, whatever it is called",
      change: update(before, after),
      writers: sampled([{ ...argo, kind: "file", name: "kubectl-edit", lastWrittenAt: null }]),
      fields: ["spec.versions[v1beta1].served"],
    },
    {
      title: "warns when only some of the objects were looked at",
      change: update(before, after),
      writers: sampled([argo], { isComplete: false }),
      fields: ["spec.versions[v1beta1].served"],
    },
    {
      title: "allows when every writer has turned to a version that stays",
      change: update(before, after),
      writers: sampled([modern]),
      fields: [],
    },
    { title: "allows when there is no object", change: update(before, after), writers: sampled([]), fields: [] },
    {
      title: "allows when the version was unserved before: that is not this change's doing",
      change: update(after, crd({ served: ["v1"] })),
      writers: sampled([argo]),
      fields: [],
    },
    {
      title: "allows what changes no version",
      change: update(before, { ...before, bundle: { version: "v2", channel: null } }),
      writers: sampled([argo]),
      fields: [],
    },
    { title: "has no opinion on a create", change: create(after), writers: sampled([argo]), fields: [] },
    { title: "has no opinion on a deletion", change: remove(before), writers: sampled([argo]), fields: [] },
    { title: "has no opinion on the status", change: statusUpdate(before, ["v1"]), writers: sampled([argo]), fields: [] },
    {
      title: "says nothing where nobody asked",
      change: update(before, after),
      writers: { kind: "not-sampled" } as const,
      fields: [],
    },
  ])("$title", ({ change, writers, fields }) => {
    const findings = versionInUseUnserved.find({ change, facts: { ...noFacts, writers } });

    expect(findings.map(({ field }) => field)).toEqual(fields);
    expect(findings.some(({ isAdvisory }) => isAdvisory)).toBe(false);
  });

  it.each([
    "before-first-apply",
    "kube-controller-manager",
    "kubectl-annotate",
    "kubectl-edit",
    "kubectl-label",
    "kubectl-patch",
  ])("allows what %s wrote, which takes the version that is served", (name) => {
    expect(
      versionInUseUnserved.find({ change: update(before, after), facts: { ...noFacts, writers: sampled([{ ...argo, name }]) } }),
    ).toEqual([]);
  });

  it("warns, and no more, when the writers cannot be told", () => {
    const previous = crd({ served: ["v1", "v1beta1", "v1alpha1"] });
    const writers: WriterEvidence = { kind: "unreadable", reason: "crdguard may not list gears.own.dev" };

    expect(versionInUseUnserved.find({ change: update(previous, after), facts: { ...noFacts, writers } })).toEqual([
      {
        field: "spec.versions",
        fact: { kind: "writers-unknown", versions: ["v1beta1", "v1alpha1"], reason: "crdguard may not list gears.own.dev" },
        remedies: [{ kind: "list-writers", crd: previous, versions: ["v1beta1", "v1alpha1"] }],
        isAdvisory: true,
      },
    ]);
    expect(versionInUseUnserved.find({ change: update(before, before), facts: { ...noFacts, writers } })).toEqual([]);
  });

  it.each([
    {
      title: "the most stable version that is served before and after",
      previous: crd({ served: ["v1", "v1beta2", "v1beta1"] }),
      next: crd({ served: ["v1beta2", "v1", "v2"], unserved: ["v1beta1"] }),
      to: "v1",
      isPossibleBefore: true,
    },
    {
      title: "one that is served only after, where no other is",
      previous: crd({ served: ["v1beta1"] }),
      next: crd({ served: ["v1"], unserved: ["v1beta1"] }),
      to: "v1",
      isPossibleBefore: false,
    },
    {
      title: "one that was listed but not served before as one that comes with the change",
      previous: crd({ served: ["v1beta1"], unserved: ["v1"] }),
      next: crd({ served: ["v1"], unserved: ["v1beta1"] }),
      to: "v1",
      isPossibleBefore: false,
    },
  ])("tells writers to turn to $title", ({ previous, next, to, isPossibleBefore }) => {
    const [finding] = versionInUseUnserved.find({
      change: update(previous, next),
      facts: { ...noFacts, writers: sampled([argo]) },
    });

    expect(finding?.remedies[0]).toEqual({
      kind: "write-in-version",
      crd: previous,
      from: "v1beta1",
      to,
      isPossibleBefore,
      areRecorded: true,
    });
  });

  it("offers nothing but to keep the version where none stays served", () => {
    const [finding] = versionInUseUnserved.find({
      change: update(crd({ served: ["v1beta1"] }), crd({ served: [], unserved: ["v1beta1"] })),
      facts: { ...noFacts, writers: sampled([argo]) },
    });

    expect(finding?.remedies).toEqual([{ kind: "keep-version-served", versions: ["v1beta1"], isListed: true }]);
  });

  it("knows that no cluster records what a file writes", () => {
    const [finding] = versionInUseUnserved.find({
      change: update(before, after),
      facts: { ...noFacts, writers: sampled([{ ...argo, kind: "file", name: "gears.yaml" }]) },
    });

    expect(finding?.remedies[0]).toMatchObject({ kind: "write-in-version", areRecorded: false });
  });

  it.each([
    { title: "asks for the writers when a version is served no more", change: update(before, after), asks: ["writers"] },
    { title: "asks for the writers when it is dropped", change: update(before, crd({ served: ["v1"] })), asks: ["writers"] },
    {
      title: "asks for nothing when all stay served",
      change: update(before, crd({ served: ["v1beta1", "v1", "v2"] })),
      asks: [],
    },
    { title: "asks for nothing when it was unserved before", change: update(after, crd({ served: ["v1"] })), asks: [] },
    { title: "asks for nothing at a create", change: create(after), asks: [] },
    { title: "asks for nothing at a deletion", change: remove(before), asks: [] },
  ])("$title", ({ change, asks }) => {
    expect(versionInUseUnserved.evidence?.(change)).toEqual(asks);
  });

  it.each([
    { title: "a known writer is denied where the rule is set to deny", writers: sampled([argo]), enforcement: "deny" },
    { title: "unknown writers are not", writers: { kind: "unreadable", reason: "forbidden" } as const, enforcement: "warn" },
  ])("$title", ({ writers, enforcement }) => {
    const findings = evaluate(update(before, after), { ...noFacts, writers });
    const settings = parseRuleSettings(["version-in-use-unserved=deny"], ["version-in-use-unserved"]);

    expect(judge(findings, DEFAULT_POLICY).map((finding) => finding.enforcement)).toEqual(["warn"]);
    expect(
      judge(findings, { ...DEFAULT_POLICY, enforcement: settings.ok ? settings.value : new Map() }).map(
        (finding) => finding.enforcement,
      ),
    ).toEqual([enforcement]);
  });
});
