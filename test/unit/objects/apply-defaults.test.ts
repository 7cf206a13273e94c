import { describe, expect, it } from "vitest";
import { asRead } from "../../../src/objects/apply-defaults.ts";
import { gear, schemaOf } from "./schemas.ts";

const ONE = { type: "integer", default: 1 };

/** Each answer is that of the Go code of the API server. */
describe("an object, as the API server reads it,", () => {
  it.each<{ title: string; schema: object; spec: string; read: unknown }>([
    { title: "has defaults", schema: { type: "object", properties: { a: ONE } }, spec: "{}", read: { a: 1 } },
    {
      title: "keeps what it has",
      schema: { type: "object", properties: { a: ONE } },
      spec: '{"a":2}',
      read: { a: 2 },
    },
    {
      title: "has defaults within defaults",
      schema: { type: "object", properties: { a: { type: "object", default: {}, properties: { b: ONE } } } },
      spec: "{}",
      read: { a: { b: 1 } },
    },
    {
      title: "has none within what is missing",
      schema: { type: "object", properties: { a: { type: "object", properties: { b: ONE } } } },
      spec: "{}",
      read: {},
    },
    {
      title: "has defaults in lists and maps",
      schema: {
        type: "object",
        properties: { l: { type: "array", items: { type: "object", properties: { a: ONE } } } },
      },
      spec: '{"l":[{},{"a":2}]}',
      read: { l: [{ a: 1 }, { a: 2 }] },
    },
    {
      title: "has a default instead of a null that may not be",
      schema: { type: "object", properties: { a: ONE } },
      spec: '{"a":null}',
      read: { a: 1 },
    },
    {
      title: "keeps a null that may be",
      schema: { type: "object", properties: { a: { ...ONE, nullable: true } } },
      spec: '{"a":null}',
      read: { a: null },
    },
    {
      title: "loses a null that may not be",
      schema: { type: "object", properties: { a: { type: "integer" } } },
      spec: '{"a":null}',
      read: {},
    },
    {
      title: "loses such a null of a map",
      schema: { type: "object", additionalProperties: { type: "integer" } },
      spec: '{"a":null,"b":1}',
      read: { b: 1 },
    },
    {
      title: "keeps nulls of lists",
      schema: { type: "array", items: { type: "integer" } },
      spec: "[null,1]",
      read: [null, 1],
    },
    {
      title: "has the default of an item instead of null",
      schema: { type: "array", items: ONE },
      spec: "[null,2]",
      read: [1, 2],
    },
    {
      title: "keeps nulls that nothing describes",
      schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      spec: '{"a":null}',
      read: { a: null },
    },
    {
      title: "has no default that is null",
      schema: { type: "object", properties: { a: { type: "integer", nullable: true, default: null } } },
      spec: "{}",
      read: {},
    },
    {
      title: "has of a default what the schema knows",
      schema: { type: "object", properties: { a: { type: "object", default: { b: 1, c: 2 }, properties: { b: ONE } } } },
      spec: "{}",
      read: { a: { b: 1 } },
    },
    {
      title: "has a member called __proto__",
      schema: JSON.parse('{"type":"object","properties":{"__proto__":{"type":"integer","default":1}}}') as object,
      spec: "{}",
      read: JSON.parse('{"__proto__":1}'),
    },
  ])("$title", ({ schema: spec, spec: text, read }) => {
    const object = gear(text);
    const asItWas = JSON.stringify(object);

    expect(asRead(object, schemaOf(spec))["spec"]).toEqual(read);
    expect(JSON.stringify(object)).toBe(asItWas);
  });
});
