import { describe, expect, it } from "vitest";
import { migrationDue } from "../../../../src/health/checks/migration-due.ts";
import { counted, crd } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";

const ailing = crd({ served: ["v1", "v1beta1"], stored: ["v1beta1", "v1"] });

describe("migration-due", () => {
  it("warns of a second stored version, and offers two ways to rewrite the objects", () => {
    expect(migrationDue.find(healthFacts({ crds: [ailing], objects: counted(12) }))).toEqual([
      {
        subject: { kind: "crd", name: "gears.own.dev" },
        field: "status.storedVersions",
        fact: { kind: "migration-due", old: ["v1beta1"], storage: "v1", objects: counted(12), migration: { kind: "none" } },
        remedies: [{ kind: "migrate", crd: ailing }],
      },
    ]);
  });

  it.each([
    { title: "forgets it where no object is", objects: counted(0), migration: undefined, remedies: ["forget-stored-versions"] },
    {
      title: "forgets it where all were rewritten",
      objects: counted(12),
      migration: { kind: "succeeded", by: "a migration" } as const,
      remedies: ["forget-stored-versions"],
    },
    {
      title: "rewrites where a migration is too old",
      objects: counted(12),
      migration: { kind: "outdated", by: "a migration", reason: "old" } as const,
      remedies: ["migrate"],
    },
    {
      title: "rewrites where objects cannot be counted",
      objects: { kind: "uncountable", reason: "forbidden" } as const,
      migration: undefined,
      remedies: ["migrate"],
    },
  ])("$title", ({ objects, migration, remedies }) => {
    const migrations = new Map(migration === undefined ? [] : [["gears.own.dev", migration]]);
    const [finding] = migrationDue.find(healthFacts({ crds: [ailing], objects, migrations }));

    expect(finding?.remedies.map(({ kind }) => kind)).toEqual(remedies);
  });

  it.each([
    { title: "one stored version", crds: [crd({ served: ["v1", "v1beta1"] })] },
    { title: "a version that is not listed, which is another check's", crds: [crd({ served: ["v1"], stored: ["v0", "v1"] })] },
    { title: "what is being deleted", crds: [{ ...ailing, isTerminating: true }] },
  ])("says nothing of $title", ({ crds }) => {
    expect(migrationDue.find(healthFacts({ crds }))).toEqual([]);
  });
});
