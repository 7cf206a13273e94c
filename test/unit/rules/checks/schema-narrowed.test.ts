import { describe, expect, it } from "vitest";
import type { VersionForm } from "../../../../src/crd/crd.ts";
import { compareForms } from "../../../../src/crd/schema/compare-crds.ts";
import { directionOf } from "../../../../src/crd/schema/direction.ts";
import type { FormChange } from "../../../../src/crd/schema/schema-change.ts";
import { schemaNarrowed } from "../../../../src/rules/checks/schema-narrowed.ts";
import { create, noFacts, remove, statusUpdate, update } from "../../../support/builders.ts";
import { crdWithForms, form, specOf } from "../../../support/schemas.ts";

const A = { type: "string" };
const AB = form(specOf({ a: A, b: A }));
const ONLY_A = form(specOf({ a: A }));
const A_SHORT = form(specOf({ a: { type: "string", maxLength: 8 } }));
const WEBHOOK = { kind: "webhook", target: { kind: "url", url: "https://own.dev" }, caBundle: null } as const;

function narrowing(before: VersionForm, after: VersionForm): readonly FormChange[] {
  return compareForms(before, after).filter((change) => directionOf(change) === "narrows");
}

const v1 = { served: ["v1"] };
const v1AndBeta = { served: ["v1", "v1beta1"] };

describe("schema-narrowed", () => {
  it("warns of a field that is gone from a version that stays", () => {
    const change = update(crdWithForms(v1, { v1: AB }), crdWithForms(v1, { v1: ONLY_A }));

    expect(schemaNarrowed.find({ change, facts: noFacts })).toEqual([
      {
        field: "spec.versions[v1].schema: spec.b",
        fact: { kind: "schema-narrowed", versions: ["v1"], causes: narrowing(AB, ONLY_A) },
        remedies: [{ kind: "keep-schema", versions: ["v1"] }],
      },
    ]);
  });

  it("warns once of what changes in several versions alike", () => {
    const change = update(
      crdWithForms(v1AndBeta, { v1: AB, v1beta1: AB }),
      crdWithForms(v1AndBeta, { v1: ONLY_A, v1beta1: ONLY_A }),
    );

    expect(schemaNarrowed.find({ change, facts: noFacts })).toEqual([
      {
        field: "spec.versions[v1].schema: spec.b",
        fact: { kind: "schema-narrowed", versions: ["v1", "v1beta1"], causes: narrowing(AB, ONLY_A) },
        remedies: [{ kind: "keep-schema", versions: ["v1", "v1beta1"] }],
      },
    ]);
  });

  it("has a finding for each of five causes, and one for six", () => {
    const before = (count: number) =>
      form(specOf(Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${String(index)}`, A]))));
    const found = (count: number) =>
      schemaNarrowed.find({
        change: update(crdWithForms(v1, { v1: before(count) }), crdWithForms(v1, { v1: before(0) })),
        facts: noFacts,
      });

    expect(found(5).map(({ field }) => field)).toEqual(
      [0, 1, 2, 3, 4].map((index) => `spec.versions[v1].schema: spec.f${String(index)}`),
    );
    expect(found(6)).toEqual([
      {
        field: "spec.versions[v1].schema",
        fact: { kind: "schema-narrowed", versions: ["v1"], causes: narrowing(before(6), before(0)) },
        remedies: [{ kind: "keep-schema", versions: ["v1"] }],
      },
    ]);
  });

  it("offers to leave a newly required field optional", () => {
    const change = update(crdWithForms(v1, { v1: ONLY_A }), crdWithForms(v1, { v1: form(specOf({ a: A }, ["a"])) }));

    expect(schemaNarrowed.find({ change, facts: noFacts }).map(({ remedies }) => remedies)).toEqual([
      [
        { kind: "leave-optional", path: "spec.a" },
        { kind: "keep-schema", versions: ["v1"] },
      ],
    ]);
  });

  it("warns of a status that moves to /status, of one that no longer does, and of what else clients use", () => {
    const rich = form(specOf({ a: A }), {
      hasStatus: true,
      scale: '{"specReplicasPath":".spec.a"}',
      selectableFields: [".spec.a"],
    });
    const fields = (before: VersionForm, after: VersionForm) =>
      schemaNarrowed
        .find({ change: update(crdWithForms(v1, { v1: before }), crdWithForms(v1, { v1: after })), facts: noFacts })
        .map(({ field }) => field);

    expect(fields(rich, ONLY_A)).toEqual([
      "spec.versions[v1].subresources.status",
      "spec.versions[v1].subresources.scale",
      "spec.versions[v1].selectableFields",
    ]);
    expect(fields(ONLY_A, rich)).toEqual(["spec.versions[v1].subresources.status"]);
  });

  it.each([
    { title: "what widens", change: update(crdWithForms(v1, { v1: ONLY_A }), crdWithForms(v1, { v1: AB })) },
    { title: "what stays", change: update(crdWithForms(v1, { v1: AB }), crdWithForms(v1, { v1: AB })) },
    {
      title: "documentation",
      change: update(
        crdWithForms(v1, { v1: AB }),
        crdWithForms(v1, { v1: form({ ...specOf({ a: A, b: A }), description: "!" }) }),
      ),
    },
    {
      title: "a version that was not served",
      change: update(
        crdWithForms({ served: ["v2"], unserved: ["v1"] }, { v1: AB }),
        crdWithForms({ served: ["v2", "v1"] }, { v1: ONLY_A }),
      ),
    },
    {
      title: "a version that is no longer served",
      change: update(
        crdWithForms({ served: ["v2", "v1"] }, { v1: AB }),
        crdWithForms({ served: ["v2"], unserved: ["v1"] }, { v1: ONLY_A }),
      ),
    },
    { title: "a creation", change: create(crdWithForms(v1, { v1: AB })) },
    { title: "a deletion", change: remove(crdWithForms(v1, { v1: AB })) },
    { title: "a write of the status", change: statusUpdate(crdWithForms(v1, { v1: AB }), ["v1"]) },
    { title: "definitions without schemas", change: update(crdWithForms(v1, { v1: AB }), crdWithForms(v1, {})) },
  ])("finds nothing in $title", ({ change }) => {
    expect(schemaNarrowed.find({ change, facts: noFacts })).toEqual([]);
  });

  it("says that it cannot tell where the old schemas are not known", () => {
    const change = update(crdWithForms(v1AndBeta, {}), crdWithForms(v1AndBeta, { v1: AB, v1beta1: ONLY_A }));

    expect(schemaNarrowed.evidence?.(change)).toEqual(["forms"]);
    expect(schemaNarrowed.find({ change, facts: noFacts })).toEqual([
      {
        field: "spec.versions",
        fact: { kind: "schemas-unknown", versions: ["v1", "v1beta1"] },
        remedies: [{ kind: "compare-with-schemas" }],
        isAdvisory: true,
      },
    ]);
  });

  it("asks for no schemas where there is nothing to compare with", () => {
    expect(schemaNarrowed.evidence?.(update(crdWithForms(v1, {}), crdWithForms(v1, {})))).toEqual([]);
    expect(schemaNarrowed.evidence?.(update(crdWithForms(v1, { v1: AB }), crdWithForms(v1, { v1: AB })))).toEqual([]);
    expect(schemaNarrowed.evidence?.(create(crdWithForms(v1, { v1: AB })))).toEqual([]);
  });

  describe("between versions that nothing converts", () => {
    const apart = {
      field: "spec.versions[v1beta1].schema",
      fact: { kind: "versions-apart", writtenIn: "v1", readIn: "v1beta1", causes: narrowing(AB, ONLY_A) },
      remedies: [{ kind: "align-versions", versions: ["v1", "v1beta1"] }],
    };

    it("warns of a field that one gets and the other does not", () => {
      const change = update(
        crdWithForms(v1AndBeta, { v1: ONLY_A, v1beta1: ONLY_A }),
        crdWithForms(v1AndBeta, { v1: AB, v1beta1: ONLY_A }),
      );

      expect(schemaNarrowed.find({ change, facts: noFacts })).toEqual([apart]);
    });

    it("warns of a new version that knows more than the one that stays", () => {
      const change = update(
        crdWithForms({ served: ["v1beta1"] }, { v1beta1: ONLY_A }),
        crdWithForms(v1AndBeta, { v1: AB, v1beta1: ONLY_A }),
      );

      expect(schemaNarrowed.find({ change, facts: noFacts })).toEqual([apart]);
    });

    it("finds nothing in what was so before", () => {
      const before = crdWithForms(v1AndBeta, { v1: AB, v1beta1: ONLY_A });
      const next = crdWithForms(v1AndBeta, { v1: form(specOf({ a: A, b: A }), { isDeprecated: true }), v1beta1: ONLY_A });

      expect(schemaNarrowed.find({ change: update(before, next), facts: noFacts })).toEqual([]);
    });

    it("finds nothing where a webhook converts, and all of it where it no longer does", () => {
      const next = crdWithForms(v1AndBeta, { v1: AB, v1beta1: ONLY_A });
      const converting = { ...next, conversion: WEBHOOK };
      const before = { ...crdWithForms(v1AndBeta, { v1: ONLY_A, v1beta1: ONLY_A }), conversion: WEBHOOK };

      expect(schemaNarrowed.find({ change: update(before, converting), facts: noFacts })).toEqual([]);
      expect(schemaNarrowed.find({ change: update(converting, next), facts: noFacts })).toEqual([apart]);
    });

    it("tells a change of one version once, and not again of each pair", () => {
      const change = update(
        crdWithForms(v1AndBeta, { v1: ONLY_A, v1beta1: ONLY_A }),
        crdWithForms(v1AndBeta, { v1: A_SHORT, v1beta1: ONLY_A }),
      );

      expect(schemaNarrowed.find({ change, facts: noFacts }).map(({ fact }) => fact.kind)).toEqual(["schema-narrowed"]);
    });
  });

  it("recognises a version that goes on under another name", () => {
    const described = form({ ...specOf({ a: A, b: A }), description: "the same" });
    const previous = crdWithForms({ served: ["v1alpha2"] }, { v1alpha2: AB });
    const change = update(previous, crdWithForms({ served: ["v1alpha3"] }, { v1alpha3: described }));

    expect(schemaNarrowed.find({ change, facts: noFacts })).toEqual([
      {
        field: "spec.versions[v1alpha2]",
        fact: { kind: "version-renamed", from: "v1alpha2", to: "v1alpha3" },
        remedies: [
          {
            kind: "write-in-version",
            crd: previous,
            from: "v1alpha2",
            to: "v1alpha3",
            isPossibleBefore: false,
            areRecorded: false,
          },
        ],
        isAdvisory: true,
      },
    ]);
  });

  it("takes no version for a renamed one that differs, or was there before", () => {
    const renamed = (before: readonly string[], after: readonly string[], last = ONLY_A) =>
      schemaNarrowed
        .find({
          change: update(
            crdWithForms({ served: before }, { v1alpha2: ONLY_A, v1alpha3: ONLY_A }),
            crdWithForms({ served: after }, { v1alpha3: last }),
          ),
          facts: noFacts,
        })
        .map(({ fact }) => fact.kind);

    expect(renamed(["v1alpha2"], ["v1alpha3"])).toEqual(["version-renamed"]);
    expect(renamed(["v1alpha2"], ["v1alpha3"], AB)).toEqual([]);
    expect(renamed(["v1alpha2", "v1alpha3"], ["v1alpha3"])).toEqual([]);
  });
});
