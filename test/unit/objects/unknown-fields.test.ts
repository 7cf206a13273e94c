import { describe, expect, it } from "vitest";
import { exactPath } from "../../../src/objects/paths.ts";
import { prune, unknownFields } from "../../../src/objects/unknown-fields.ts";
import { gear, schemaOf } from "./schemas.ts";

const TEXT = { type: "string" };
const KEPT = { "x-kubernetes-preserve-unknown-fields": true };

describe("unknown fields", () => {
  it.each<{ title: string; schema: object; spec: string; unknown: readonly string[]; left: unknown }>([
    {
      title: "are told once for a whole subtree",
      schema: { type: "object", properties: { a: TEXT } },
      spec: '{"a":"x","b":{"c":1,"d":2}}',
      unknown: ["spec.b"],
      left: { a: "x" },
    },
    {
      title: "are found in lists",
      schema: { type: "array", items: { type: "object", properties: { a: TEXT } } },
      spec: '[{"a":"x"},{"b":1}]',
      unknown: ["spec[1].b"],
      left: [{ a: "x" }, {}],
    },
    {
      title: "are found in maps",
      schema: { type: "object", additionalProperties: { type: "object", properties: { a: TEXT } } },
      spec: '{"x":{"a":"1","b":2}}',
      unknown: ["spec[x].b"],
      left: { x: { a: "1" } },
    },
    {
      title: "are all within a member that additionalProperties: true lets in",
      schema: { type: "object", additionalProperties: true },
      spec: '{"x":{"a":1},"y":1}',
      unknown: ["spec.x.a"],
      left: { x: {}, y: 1 },
    },
    {
      title: "stay where they are preserved",
      schema: { type: "object", ...KEPT },
      spec: '{"a":{"b":1}}',
      unknown: [],
      left: { a: { b: 1 } },
    },
    {
      title: "go from what is named where others are preserved",
      schema: { type: "object", ...KEPT, properties: { a: { type: "object", properties: { b: TEXT } } } },
      spec: '{"a":{"b":"x","c":1},"d":{"e":1}}',
      unknown: ["spec.a.c"],
      left: { a: { b: "x" }, d: { e: 1 } },
    },
    {
      title: "of a resource are not its type and metadata",
      schema: { type: "object", "x-kubernetes-embedded-resource": true, properties: { spec: { type: "object" } } },
      spec: '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","extra":1},"spec":{},"status":{}}',
      unknown: ["spec.metadata.extra", "spec.status"],
      left: { apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: {} },
    },
    {
      title: "are told below metadata that is no resource's",
      schema: { type: "object", properties: {} },
      spec: '{"metadata":{"name":"x"},"kind":"y"}',
      unknown: ["spec.metadata", "spec.kind"],
      left: {},
    },
    {
      title: "can be called __proto__",
      schema: { type: "object", properties: { a: TEXT } },
      spec: '{"__proto__":{"a":1},"a":"x"}',
      unknown: ["spec.__proto__"],
      left: { a: "x" },
    },
    { title: "are none in a text for an object", schema: { type: "object" }, spec: '"x"', unknown: [], left: "x" },
  ])("$title", ({ schema: spec, spec: text, unknown, left }) => {
    const schema = schemaOf(spec);
    const object = gear(text);
    const asItWas = JSON.stringify(object);

    expect(unknownFields(object, schema).map((path) => exactPath(path, schema))).toEqual(unknown);
    expect(prune(object, schema)["spec"]).toEqual(left);
    expect(JSON.stringify(object)).toBe(asItWas);
    if (unknown.length === 0) expect(prune(object, schema)).toBe(object);
  });

  it("are not the object's own type and metadata, whatever the schema says of them", () => {
    const object = { ...gear("{}"), status: {} };

    expect(unknownFields(object, schemaOf({ type: "object" }))).toEqual([["status"]]);
  });
});
