import { describe, expect, it } from "vitest";
import { parseLabelSelector, selects } from "../../../src/requirements/label-selector.ts";

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
  ])("$title: $selected", ({ selector, selected }) => {
    const parsed = parseLabelSelector(selector);

    expect(parsed !== null && selects(parsed, labels)).toBe(selected);
  });
});

describe("parseLabelSelector", () => {
  it.each([
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
