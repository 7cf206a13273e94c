import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LabelExpression, type Labels, parseLabelSelector, selects } from "../../../src/crd/label-selector.ts";

const labels = { app: "turner", tier: "control" };

describe("selects", () => {
  it.each([
    { title: "everything by an empty selector", selector: {}, selected: true },
    { title: "a label that matches", selector: { matchLabels: { app: "turner" } }, selected: true },
    { title: "only where all match", selector: { matchLabels: { app: "turner", tier: "data" } }, selected: false },
    {
      title: "a value in the list",
      selector: { matchExpressions: [{ key: "app", operator: "In", values: ["a", "turner"] }] },
      selected: true,
    },
    {
      title: "no value that is missing, in any list",
      selector: { matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] },
      selected: false,
    },
    {
      title: "a value not in the list",
      selector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["a"] }] },
      selected: true,
    },
    {
      title: "a missing label by NotIn, as Kubernetes does",
      selector: { matchExpressions: [{ key: "zone", operator: "NotIn", values: ["a"] }] },
      selected: true,
    },
    { title: "a label that exists", selector: { matchExpressions: [{ key: "app", operator: "Exists" }] }, selected: true },
    {
      title: "a label that does not",
      selector: { matchExpressions: [{ key: "zone", operator: "DoesNotExist" }] },
      selected: true,
    },
    {
      title: "nothing that only the prototype has",
      selector: { matchExpressions: [{ key: "constructor", operator: "Exists" }] },
      selected: false,
    },
    {
      title: "only where labels and expressions hold",
      selector: { matchLabels: { app: "turner" }, matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] },
      selected: false,
    },
    { title: "no label of another case", selector: { matchLabels: { App: "turner" } }, selected: false },
    { title: "no value of another case", selector: { matchLabels: { app: "Turner" } }, selected: false },
    { title: "no missing label by an empty value", selector: { matchLabels: { zone: "" } }, selected: false },
    {
      title: "no value in the list of what it must not be",
      selector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["a", "turner"] }] },
      selected: false,
    },
    {
      title: "only where all expressions hold, two of one key too",
      selector: {
        matchExpressions: [
          { key: "app", operator: "In", values: ["turner", "a"] },
          { key: "app", operator: "NotIn", values: ["turner"] },
        ],
      },
      selected: false,
    },
    {
      title: "a label that matches, beside an expression that holds",
      selector: { matchLabels: { app: "turner" }, matchExpressions: [{ key: "tier", operator: "Exists", values: [] }] },
      selected: true,
    },
    { title: "by labels alone, where the list of expressions is empty", selector: { matchExpressions: [] }, selected: true },
  ])("$title: $selected", ({ selector, selected }) => {
    const parsed = parseLabelSelector(selector);

    expect(parsed !== null && selects(parsed, labels)).toBe(selected);
  });
});

describe("the rules of Kubernetes", () => {
  const key = fc.constantFrom("app", "tier", "constructor", "__proto__");
  const value = fc.constantFrom("", "turner", "control");
  const values = fc.array(value, { minLength: 1 });
  const anyLabels: fc.Arbitrary<Labels> = fc.array(fc.tuple(key, value)).map((pairs) => Object.fromEntries(pairs));
  const holds = (expression: LabelExpression, given: Labels): boolean =>
    selects({ matchLabels: {}, matchExpressions: [expression] }, given);

  it("take NotIn for the contrary of In, and DoesNotExist for that of Exists", () => {
    fc.assert(
      fc.property(key, values, anyLabels, (name, list, given) => {
        expect(holds({ key: name, operator: "NotIn", values: list }, given)).toBe(
          !holds({ key: name, operator: "In", values: list }, given),
        );
        expect(holds({ key: name, operator: "DoesNotExist" }, given)).toBe(!holds({ key: name, operator: "Exists" }, given));
      }),
    );
  });

  it("take a label for an expression with a list of one", () => {
    fc.assert(
      fc.property(key, value, anyLabels, (name, wanted, given) => {
        const matchLabels: Labels = Object.fromEntries([[name, wanted]]);

        expect(selects({ matchLabels, matchExpressions: [] }, given)).toBe(
          holds({ key: name, operator: "In", values: [wanted] }, given),
        );
      }),
    );
  });

  it("let what is in a list exist", () => {
    fc.assert(
      fc.property(key, values, anyLabels, (name, list, given) => {
        fc.pre(holds({ key: name, operator: "In", values: list }, given));

        expect(holds({ key: name, operator: "Exists" }, given)).toBe(true);
      }),
    );
  });
});

describe("parseLabelSelector", () => {
  it("reads labels and expressions", () => {
    const matchExpressions = [
      { key: "tier", operator: "In", values: ["a", "b"] },
      { key: "tier", operator: "NotIn", values: [""] },
      { key: "zone", operator: "DoesNotExist", values: [] },
    ];

    expect(parseLabelSelector({ matchLabels: { app: "turner" }, matchExpressions })).toEqual({
      matchLabels: { app: "turner" },
      matchExpressions: [
        { key: "tier", operator: "In", values: ["a", "b"] },
        { key: "tier", operator: "NotIn", values: [""] },
        { key: "zone", operator: "DoesNotExist" },
      ],
    });
  });

  it.each([
    { title: "nothing", input: null },
    { title: "labels that are a list", input: { matchLabels: ["app"] } },
    { title: "labels that are null", input: { matchLabels: null } },
    { title: "an expression that is none", input: { matchExpressions: [null] } },
    { title: "an expression without a key", input: { matchExpressions: [{ operator: "Exists" }] } },
    { title: "an operator in another case", input: { matchExpressions: [{ key: "app", operator: "exists" }] } },
    { title: "Exists with values", input: { matchExpressions: [{ key: "app", operator: "Exists", values: ["a"] }] } },
    { title: "DoesNotExist with values", input: { matchExpressions: [{ key: "app", operator: "DoesNotExist", values: ["a"] }] } },
    { title: "NotIn without values", input: { matchExpressions: [{ key: "app", operator: "NotIn", values: [] }] } },
    { title: "one wrong expression of two", input: { matchExpressions: [{ key: "app", operator: "Exists" }, {}] } },
    { title: "text", input: "app=turner" },
    { title: "a label that is no text", input: { matchLabels: { app: 1 } } },
    { title: "an operator that is none", input: { matchExpressions: [{ key: "app", operator: "Like", values: ["a"] }] } },
    { title: "In without values", input: { matchExpressions: [{ key: "app", operator: "In" }] } },
    { title: "values that are no texts", input: { matchExpressions: [{ key: "app", operator: "In", values: [1] }] } },
    { title: "expressions that are no list", input: { matchExpressions: {} } },
  ])("refuses $title", ({ input }) => {
    expect(parseLabelSelector(input)).toBeNull();
  });
});
