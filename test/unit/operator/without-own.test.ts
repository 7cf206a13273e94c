import { describe, expect, it } from "vitest";
import { withoutOwn } from "../../../src/operator/without-own.ts";

const head = { apiVersion: "own.dev/v1", kind: "Thing" } as const;

describe("what is left of an object without what is owned", () => {
  it.each([
    {
      title: "its name, where all is owned",
      whole: { ...head, metadata: { name: "a", labels: { x: "1" } }, spec: { one: 1 } },
      own: { ...head, metadata: { name: "a", labels: { x: "1" } }, spec: { one: 1 } },
      left: { ...head, metadata: { name: "a" } },
    },
    {
      title: "members, at any depth, and the namespace",
      whole: {
        ...head,
        metadata: { name: "a", namespace: "n", labels: { x: "1", y: "2" } },
        spec: { one: { two: 2, three: 3 } },
      },
      own: { ...head, metadata: { name: "a", namespace: "n", labels: { x: "1" } }, spec: { one: { two: 2 } } },
      left: { ...head, metadata: { name: "a", namespace: "n", labels: { y: "2" } }, spec: { one: { three: 3 } } },
    },
    {
      title: "of a list that is a map by name, entries with what is not owned",
      whole: {
        ...head,
        metadata: { name: "a" },
        webhooks: [
          { name: "p", seconds: 5, rules: [1] },
          { name: "q", rules: [2] },
        ],
      },
      own: {
        ...head,
        metadata: { name: "a" },
        webhooks: [
          { name: "p", rules: [1] },
          { name: "q", rules: [2] },
        ],
      },
      left: { ...head, metadata: { name: "a" }, webhooks: [{ name: "p", seconds: 5 }] },
    },
    {
      title: "of any other list nothing, since it is owned as a whole",
      whole: { ...head, metadata: { name: "a" }, rules: ["x", "y"], more: ["z"] },
      own: { ...head, metadata: { name: "a" }, rules: ["x"] },
      left: { ...head, metadata: { name: "a" }, more: ["z"] },
    },
    {
      title: "all of a spec, where metadata alone is owned",
      whole: { ...head, metadata: { name: "default", labels: { x: "1" } }, spec: { rules: [] } },
      own: { ...head, metadata: { name: "default", labels: { x: "1" } } },
      left: { ...head, metadata: { name: "default" }, spec: { rules: [] } },
    },
  ])("is $title", ({ whole, own, left }) => {
    expect(withoutOwn(whole, own)).toEqual(left);
  });
});
