/** What rules say of objects, held against what the API server says. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSchema } from "../../src/crd/schema/read-schema.ts";
import { compileCelRules } from "../../src/objects/cel/compile-cel-rules.ts";
import { type CelCase, CEL_CASES, SUBJECT, type Subject } from "../support/cel-rules.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/** The rules of one CRD may cost so much in all, as the API server estimates. */
const CASES_PER_CRD = 12;

const GROUPS = Object.entries(CEL_CASES).flatMap(([name, cases]) =>
  Array.from({ length: Math.ceil(cases.length / CASES_PER_CRD) }, (_, index) => ({
    name: `${name}${index}`,
    cases: cases.slice(index * CASES_PER_CRD, (index + 1) * CASES_PER_CRD),
  })),
);

interface Told {
  readonly field: string;
  readonly message: string;
}

let api: ApiServer;

beforeAll(async () => {
  api = await startApiServer();
  await Promise.all(
    GROUPS.map(async ({ name, cases }) => {
      const { status, body } = await api.request("POST", CRDS, { body: crd(name, schemaOf(cases)) });
      if (status !== 201) throw new Error(text(body));
    }),
  );
  await Promise.all(
    GROUPS.map(({ name }) =>
      eventually(`${name} are served`, async () => (await api.request("GET", pathOf(name))).status === 200, {
        timeoutMs: 60_000,
        intervalMs: 500,
      }),
    ),
  );
});

afterAll(async () => {
  await api?.stop();
});

describe.each(GROUPS)("rules with $name", ({ name, cases }) => {
  const path = pathOf(name);
  const schema = schemaOf(cases);

  it.each(cases.map((each, index) => ({ ...each, index })))("$rule", async ({ rule, more, index, holds, fails }) => {
    const checker = compileCelRules(readSchema({ kind: "value", value: schema }), null);
    for (const [subject, isFine] of [
      ...holds.map((each) => [each, true] as const),
      ...fails.map((each) => [each, false] as const),
    ]) {
      const object = { apiVersion: "cel.example.com/v1", kind: kindOf(name), metadata: { name: "o" }, [`r${index}`]: subject };
      const told = await toldByServer(path, object);
      const ours = checker.check(object).map(({ path: field, message }) => ({ field: fieldOf(field), message }));

      const what = `${rule} ${JSON.stringify(more ?? {})} of ${text(subject)}`;
      expect({ what, isFine: told.length === 0, told }).toMatchObject({ what, isFine });
      expect({ what, told: ours.map(inOwnWords) }).toEqual({ what, told: told.map(inOwnWords) });
    }
    expect(checker.unevaluated).toEqual([]);
  });
});

/** The API server puts the type before what the rule says. */
const TYPE = /^Invalid value: "object": |^Invalid value: /;

/** Why a text cannot be read is told in words of Go's libraries: docs/cel.md. */
const UNREADABLE =
  /^(Invalid byte formatted string|URL parse error|IP Address|network address parse error|No Major|Invalid character|invalid semantic version).*(?= evaluating rule: )/;

function inOwnWords({ field, message }: Told): Told {
  return { field, message: message.replace(TYPE, "").replace(UNREADABLE, "unreadable") };
}

function pathOf(name: string): string {
  return `/apis/cel.example.com/v1/namespaces/default/${name}`;
}

function schemaOf(cases: readonly CelCase[]) {
  return {
    type: "object",
    properties: Object.fromEntries(
      cases.map(({ rule, more }, index) => [`r${index}`, { ...SUBJECT, "x-kubernetes-validations": [{ rule, ...more }] }]),
    ),
  };
}

function kindOf(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function crd(name: string, schema: unknown) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${name}.cel.example.com` },
    spec: {
      group: "cel.example.com",
      scope: "Namespaced",
      names: { plural: name, kind: kindOf(name) },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

/** Empty where it would create the object. */
async function toldByServer(path: string, object: Subject): Promise<readonly Told[]> {
  const { status, body } = await api.request("POST", `${path}?dryRun=All`, { body: withPlainIntegers(object) });
  if (status === 201) return [];
  expect(status, text(body)).toBe(422);
  const { details } = body as { details: { causes: readonly Told[] } };
  return details.causes.map(({ field, message }) => ({ field, message }));
}

/** JSON.stringify takes no bigint. */
function withPlainIntegers(value: unknown): unknown {
  if (typeof value === "bigint") return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
  if (Array.isArray(value)) return value.map(withPlainIntegers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withPlainIntegers(member)]));
}

function fieldOf(path: readonly (string | number)[]): string {
  return path.map((step, index) => (typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${step}`)).join("");
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === "bigint" ? String(member) : member));
}
