/** The same sentences that test/e2e/cel.test.ts asks the API server for. */
import { describe, expect, it } from "vitest";
import { readSchema } from "../../../../src/crd/schema/read-schema.ts";
import { compileCelRules } from "../../../../src/objects/cel/compile-cel-rules.ts";
import { CEL_CASES, SUBJECT } from "../../../support/cel-rules.ts";

describe.each(Object.entries(CEL_CASES))("rules with %s", (_, cases) => {
  it.each(cases)("$rule", ({ rule, holds, fails, more }) => {
    const schema = { ...SUBJECT, "x-kubernetes-validations": [{ rule, ...more }] };
    const checker = compileCelRules(readSchema({ kind: "value", value: { type: "object", properties: { spec: schema } } }), null);
    const isFine = (spec: unknown): boolean => checker.check({ spec }).length === 0;

    expect(
      holds.filter((subject) => !isFine(subject)),
      "fails, and should not",
    ).toEqual([]);
    expect(fails.filter(isFine), "holds, and should not").toEqual([]);
    expect(checker.unevaluated).toEqual([]);
  });
});
