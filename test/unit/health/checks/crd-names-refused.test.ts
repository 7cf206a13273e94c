import { describe, expect, it } from "vitest";
import { crdNamesRefused } from "../../../../src/health/checks/crd-names-refused.ts";
import { crd } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";

const refused = (status: string) => ({
  ...crd({ name: "cogs.own.dev", served: ["v1"] }),
  conditions: [{ type: "NamesAccepted", status, reason: "KindConflict", message: '"Gear" is already in use' }],
});
const holder = crd({ name: "gears.own.dev", served: ["v1"] });

describe("crd-names-refused", () => {
  it("is an error, and names the definition of the same kind and group", () => {
    expect(crdNamesRefused.find(healthFacts({ crds: [refused("False"), holder] }))).toEqual([
      {
        subject: { kind: "crd", name: "cogs.own.dev" },
        field: "spec.names",
        fact: { kind: "crd-names-refused", reason: '"Gear" is already in use', holder: "gears.own.dev" },
        remedies: [{ kind: "choose-by-name", crd: refused("False"), holder: "gears.own.dev" }],
      },
    ]);
  });

  it("names none where it is a short name that is taken, or the kind of another group", () => {
    const other = crd({ name: "gears.other.dev", served: ["v1"] });
    const [finding] = crdNamesRefused.find(healthFacts({ crds: [refused("False"), other] }));

    expect(finding?.fact).toMatchObject({ holder: null });
  });

  it("says nothing of names that are accepted", () => {
    expect(crdNamesRefused.find(healthFacts({ crds: [refused("True"), holder] }))).toEqual([]);
  });
});
