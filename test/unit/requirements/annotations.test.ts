import { describe, expect, it } from "vitest";
import { parseDeclaration, REQUIRES, USES } from "../../../src/requirements/annotations.ts";

const FORM = "is not of the form <plural>.<group>/<version>[|<version>]";

describe("parseDeclaration", () => {
  it("reads a list of APIs, each with the versions of which any is enough", () => {
    const outcomes = { absent: "crashes", unlisted: "crashes", unserved: "crashes" };

    expect(parseDeclaration(REQUIRES, "grpcroutes.gateway.networking.k8s.io/v1alpha2, gears.own.dev/v1|v1beta1")).toEqual({
      ok: true,
      value: [
        {
          group: "gateway.networking.k8s.io",
          resource: "grpcroutes",
          versions: ["v1alpha2"],
          presence: "unconditional",
          outcomes,
        },
        { group: "own.dev", resource: "gears", versions: ["v1", "v1beta1"], presence: "unconditional", outcomes },
      ],
    });
  });

  it("takes what is used for a feature that may be lost", () => {
    expect(parseDeclaration(USES, "gears.own.dev/v1")).toEqual({
      ok: true,
      value: [
        {
          group: "own.dev",
          resource: "gears",
          versions: ["v1"],
          presence: "unconditional",
          outcomes: { absent: "loses-feature", unlisted: "loses-feature", unserved: "loses-feature" },
        },
      ],
    });
  });

  it.each([" gears.own.dev/v1 ", "gears.own.dev/v1,", ",\n gears.own.dev/v1\n,"])(
    "forgives blanks and commas too many: %j",
    (value) => {
      expect(parseDeclaration(REQUIRES, value)).toMatchObject({
        ok: true,
        value: [{ group: "own.dev", resource: "gears", versions: ["v1"] }],
      });
    },
  );

  it.each(["", " , ,"])("reads an empty value as the word of the owner that nothing is needed: %j", (value) => {
    expect(parseDeclaration(REQUIRES, value)).toEqual({ ok: true, value: [] });
  });

  it.each([
    { value: "gears", message: `"gears" ${FORM}` },
    { value: "gears.own.dev", message: `"gears.own.dev" ${FORM}` },
    { value: "gears.own.dev/", message: `"gears.own.dev/" ${FORM}` },
    { value: "gears.own.dev/v1|", message: `"gears.own.dev/v1|" ${FORM}` },
    { value: "gears.own.dev/|v1", message: `"gears.own.dev/|v1" ${FORM}` },
    { value: "gears/v1", message: `"gears/v1" ${FORM}` },
    { value: "gears.dev/v1", message: `"gears.dev/v1" ${FORM}` },
    { value: "Gears.own.dev/v1", message: `"Gears.own.dev/v1" ${FORM}` },
    { value: "gears.own.dev/v1/v2", message: `"gears.own.dev/v1/v2" ${FORM}` },
    { value: "gears.own.dev/v1 cogs.own.dev/v1", message: `"gears.own.dev/v1 cogs.own.dev/v1" ${FORM}` },
    { value: "gears.own.dev/v1; cogs.own.dev/v1", message: `"gears.own.dev/v1; cogs.own.dev/v1" ${FORM}` },
    { value: "gears.-own.dev/v1", message: `"gears.-own.dev/v1" ${FORM}` },
    { value: `${"g".repeat(64)}.own.dev/v1`, message: `"${"g".repeat(64)}.own.dev/v1" ${FORM}` },
    { value: "good.own.dev/v1, bad", message: `"bad" ${FORM}` },
  ])("refuses $value whole, and says why", ({ value, message }) => {
    expect(parseDeclaration(REQUIRES, value)).toEqual({ ok: false, error: { code: "declaration-malformed", message } });
  });

  it("takes no time for a text made to take it", () => {
    const startedAt = performance.now();
    const result = parseDeclaration(REQUIRES, `${"a-".repeat(100_000)}.${"b.".repeat(100_000)}/`);

    expect(result.ok).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
