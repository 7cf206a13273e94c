import { describe, expect, it } from "vitest";
import { crdTerminating } from "../../../../src/health/checks/crd-terminating.ts";
import { counted, crd } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";

const CLEAN_UP = "customresourcecleanup.apiextensions.k8s.io";
const since = (terminatingSince: string | null, finalizers: readonly string[] = [CLEAN_UP]) => ({
  ...crd({ served: ["v1"], isTerminating: true }),
  terminatingSince,
  finalizers,
});

describe("crd-terminating", () => {
  it("is an error of a deletion that does not end, with who keeps the objects and what the API server says", () => {
    const message = "could not list instances";
    const ailing = {
      ...since("2026-06-15T11:00:00Z", [CLEAN_UP, "own.dev/keep"]),
      conditions: [{ type: "Terminating", status: "True", reason: "InstanceDeletionFailed", message }],
    };
    const finalizers = new Map([["gears.own.dev", [{ finalizer: "own.dev/held", count: 2 }]]]);

    expect(crdTerminating.find(healthFacts({ crds: [ailing], objects: counted(2), finalizers }))).toEqual([
      {
        subject: { kind: "crd", name: "gears.own.dev" },
        field: "metadata.deletionTimestamp",
        fact: {
          kind: "crd-terminating",
          since: "2026-06-15T11:00:00Z",
          isFresh: false,
          objects: counted(2),
          finalizers: ["own.dev/keep"],
          held: [{ finalizer: "own.dev/held", count: 2 }],
          condition: message,
        },
        remedies: [
          { kind: "look-at-held-objects", crd: ailing, version: "v1" },
          { kind: "drop-object-finalizers", crd: ailing, version: "v1" },
          { kind: "drop-crd-finalizers", crd: ailing },
        ],
      },
    ]);
  });

  it.each([
    { title: "59 seconds are a note", at: "2026-06-15T11:59:01Z", severity: "note" },
    { title: "60 seconds are an error", at: "2026-06-15T11:59:00Z", severity: undefined },
    { title: "a time that is not recorded is an error", at: null, severity: undefined },
  ])("$title", ({ at, severity }) => {
    const [finding] = crdTerminating.find(healthFacts({ crds: [since(at)], objects: counted(1) }));

    expect(finding?.severity).toBe(severity);
  });

  it.each([
    { title: "looks at nothing where no object is left", objects: counted(0), crds: [since(null)], remedies: [] },
    {
      title: "serves a version first where none is",
      objects: { kind: "uncountable", reason: "no version of it is served" } as const,
      crds: [{ ...since(null), versions: [{ name: "v1", isServed: false, isStorage: true }] }],
      remedies: ["serve-a-version"],
    },
  ])("$title", ({ objects, crds, remedies }) => {
    const [finding] = crdTerminating.find(healthFacts({ crds, objects }));

    expect(finding?.remedies.map(({ kind }) => kind)).toEqual(remedies);
  });

  it("says nothing of a CRD that stays", () => {
    expect(crdTerminating.find(healthFacts({ crds: [crd({ served: ["v1"] })] }))).toEqual([]);
  });
});
