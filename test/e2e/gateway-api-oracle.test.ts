/** @file What `src/objects/` says of objects of Gateway API, against what a real API server does with them by the released schemas. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { isRecord } from "../../src/crd/is-record.ts";
import { contentsFor } from "../support/structural/arbitraries.ts";
import { asSchema } from "../support/structural/narrower.ts";
import { isList, isObject, type Written, type WrittenObject, writtenJson } from "../support/structural/written.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { OBJECTS } from "./support/gateway-api-oracle-objects.ts";
import { answerOf, askSchemaOracle, type SchemaOracle } from "./support/schema-oracle.ts";
import { sharedPath } from "./support/shared.ts";
import { difference, ownVerdict } from "./support/verdicts.ts";

const SEED = Number(process.env["CRDGUARD_ORACLE_SEED"] ?? 20_261_121);
const folder = sharedPath("crds/gateway-api/v1.3.0/experimental");

interface Version {
  readonly plural: string;
  readonly kind: string;
  readonly name: string;
  readonly schema: WrittenObject;
}

describe.skipIf(folder === null)("objects of Gateway API v1.3.0", () => {
  let api: ApiServer;
  let oracle: SchemaOracle;
  let versions: readonly Version[];

  beforeAll(async () => {
    process.stdout.write(`gateway api oracle: CRDGUARD_ORACLE_SEED=${SEED}\n`);
    const definitions = readdirSync(String(folder))
      .filter((name) => name.startsWith("gateway.networking.k8s.io_"))
      .map((name): unknown => parseYaml(readFileSync(join(String(folder), name), "utf8")));
    versions = definitions.flatMap(versionsOf);
    api = await startApiServer();
    oracle = askSchemaOracle(api);
    const applied = await api.kubectl(["apply", "--server-side", "-f", "-"], {
      stdin: JSON.stringify({ apiVersion: "v1", kind: "List", items: definitions }),
    });
    if (applied.exitCode !== 0) throw new Error(applied.stderr);
  });

  afterAll(async () => {
    oracle.close();
    await api.stop();
  });

  it.each(OBJECTS)("$object.kind $title: both say the same", async ({ object, wrong, gone }) => {
    const { apiVersion, kind } = object;
    const [, name] = apiVersion.split("/");
    const version = versions.find((each) => each.kind === kind && each.name === name);
    if (version === undefined) throw new Error(`v1.3.0 has no ${kind} in ${name}`);
    const isNamespaced = version.plural !== "gatewayclasses";
    const path = `/apis/${apiVersion}/${isNamespaced ? "namespaces/default/" : ""}${version.plural}`;
    await eventually(`${path} is served`, async () => (await api.request("GET", path)).status === 200);

    const { status, body } = await api.request("POST", `${path}?dryRun=All&fieldValidation=Ignore`, { body: object });
    const answer = answerOf(status, body);
    const own = ownVerdict(asSchema(version.schema), object);

    // Each row is what it says it is, so that agreeing on it means something.
    expect([...new Set(own.fields)]).toEqual(wrong);
    expect(
      difference(withoutStatus(own), answer.kind === "taken" ? { ...answer, object: statusless(answer.object) } : answer),
    ).toBeNull();
    if (answer.kind === "taken") for (const member of gone) expect(JSON.stringify(answer.object)).not.toContain(`"${member}"`);
  });

  it("made up by their schemas, but for CEL: both say the same", async () => {
    const kinds = await oracle.define(versions.map(({ schema }) => schema));
    const seen = { taken: 0, refused: 0 };
    const found = await Promise.all(
      versions.flatMap(({ schema, kind, name }, at) =>
        contentsFor(schema, 25, SEED + at).map(async ({ value }) => {
          const defined = kinds[at];
          if (defined === undefined) throw new Error("each schema has its version");
          // Numbers as a live object has them: 1.0 is stored as 1.
          const content = JSON.parse(writtenJson(value)) as WrittenObject;
          const answer = await defined.create(content);
          seen[answer.kind] += 1;
          const object = { apiVersion: defined.apiVersion, kind: defined.kind, metadata: { name: "thing" }, ...content };
          const differs = difference(ownVerdict(asSchema(schema), object), answer);
          return differs === null ? [] : [`${kind} ${name} ${JSON.stringify(content)}: ${differs}`];
        }),
      ),
    );
    process.stdout.write(`gateway api oracle: ${JSON.stringify(seen)}\n`);
    expect(found.flat()).toEqual([]);
    expect(seen.refused).toBeGreaterThan(versions.length);
  });
});

/** The status of what is created is for the API server to make. */
function statusless(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== "status"));
}

function withoutStatus(own: ReturnType<typeof ownVerdict>): ReturnType<typeof ownVerdict> {
  return isRecord(own.object) ? { ...own, object: statusless(own.object) } : own;
}

function versionsOf(definition: unknown): readonly Version[] {
  const { spec } = definition as { spec: { names: { plural: string; kind: string }; versions: readonly Released[] } };
  return spec.versions
    .filter(({ served }) => served)
    .map(({ name, schema }) => ({ ...spec.names, name, schema: withoutCel(schema.openAPIV3Schema) }));
}

interface Released {
  readonly name: string;
  readonly served: boolean;
  readonly schema: { readonly openAPIV3Schema: WrittenObject };
}

function withoutCel(schema: WrittenObject): WrittenObject;
function withoutCel(schema: Written): Written;
function withoutCel(schema: Written): Written {
  if (isList(schema)) return schema.map((item) => withoutCel(item));
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([keyword]) => keyword !== "x-kubernetes-validations");
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, withoutCel(value)]));
}
