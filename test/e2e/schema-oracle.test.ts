/** @file What `src/objects/` says of generated objects by generated schemas, against what a real API server does with them. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schemaAndObjects, type SchemaAndObjects } from "../support/structural/arbitraries.ts";
import { writtenJson } from "../support/structural/written.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { askSchemaOracle, type SchemaOracle } from "./support/schema-oracle.ts";
import { asSchema, difference, ownVerdict } from "./support/verdicts.ts";

/** Another each time, and printed: CRDGUARD_ORACLE_SEED runs one again. CRDGUARD_ORACLE_RUNS: how many schemas. */
const SEED = Number(process.env["CRDGUARD_ORACLE_SEED"] ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env["CRDGUARD_ORACLE_RUNS"] ?? 80);

let api: ApiServer;
let oracle: SchemaOracle;

beforeAll(async () => {
  process.stdout.write(`schema oracle: CRDGUARD_ORACLE_SEED=${SEED}\n`);
  api = await startApiServer();
  oracle = askSchemaOracle(api);
});

afterAll(async () => {
  oracle.close();
  await api.stop();
});

describe("generated objects by generated schemas", () => {
  it("are refused, pruned and defaulted by us as by the API server", async () => {
    const seen = { schemas: 0, taken: 0, refused: 0, changed: 0 };
    await fc.assert(
      fc.asyncProperty(schemaAndObjects(), async (made) => {
        expect(await disagreements(made, seen)).toEqual([]);
      }),
      { seed: SEED, numRuns: RUNS, endOnFailure: false, interruptAfterTimeLimit: 100_000 },
    );
    process.stdout.write(`schema oracle: ${JSON.stringify(seen)}\n`);
    // Else it would have shown nothing.
    expect(seen.taken).toBeGreaterThan(RUNS);
    expect(seen.refused).toBeGreaterThan(RUNS);
    expect(seen.changed).toBeGreaterThan(RUNS / 4);
  });
});

interface Seen {
  schemas: number;
  taken: number;
  refused: number;
  /** Pruned or with defaults. */
  changed: number;
}

async function disagreements({ schema, contents }: SchemaAndObjects, seen: Seen): Promise<readonly string[]> {
  const defined = await oracle.define(schema);
  // The generator's fault, and no less one.
  if ("refusal" in defined) return [`the schema is none that the API server takes: ${defined.refusal}`];
  seen.schemas += 1;
  const read = asSchema(schema);
  const found: string[] = [];
  await Promise.all(
    contents.map(async ({ value }) => {
      const answer = await defined.create(value);
      const object = { apiVersion: defined.apiVersion, kind: defined.kind, metadata: { name: "thing" }, ...value };
      const own = ownVerdict(read, object);
      seen[answer.kind] += 1;
      if (answer.kind === "taken" && writtenJson(value) !== JSON.stringify(answer.object)) seen.changed += 1;
      const different = difference(own, answer);
      if (different !== null) found.push(`${writtenJson(value)}\n  by ${writtenJson(schema)}\n  is ${different}`);
    }),
  );
  await defined.drop();
  return found;
}
