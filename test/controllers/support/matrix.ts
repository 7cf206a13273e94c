/** @file Runs one release of a controller in every state of its CRDs that the catalog has an opinion on, and compares. */
import { appendFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import type { Need } from "../../../src/rules/facts.ts";
import { type ApiServer, startApiServer } from "../../e2e/support/api-server.ts";
import { type ControllerRelease, type Observation, prepareController, startController } from "./controller.ts";
import { type CrdFolder, CrdInstaller } from "./crds.ts";
import { agrees, expectedOf, needsOf } from "./expectation.ts";
import { BUILD_TIMEOUT_MS, buildOnce, say } from "./go-modules.ts";
import type { Row } from "./result-table.ts";
import { describeObservation, type Seen, seenIn } from "./seen.ts";
import { type Bundle, type State, statesOf } from "./states.ts";

export interface Matrix {
  readonly release: ControllerRelease;
  /** CRDs over which everything works. It holds every CRD that the catalog speaks of. */
  readonly baseline: readonly CrdFolder[];
  readonly bundles: readonly Bundle[];
}

/** Registers a test for each state, in a `describe` of the release. */
export async function compareWithCatalog({ release, baseline, bundles }: Matrix): Promise<void> {
  const catalog = await readCatalog();
  if (!catalog.ok) throw new Error(catalog.error.message);
  const needs = needsOf(release, catalog.value);

  describe(`${release.id} ${release.version}`, () => {
    let api: ApiServer;
    let installer: CrdInstaller;
    let program: string;

    beforeAll(async () => {
      program = await buildOnce(release.id, release.program);
      api = await startApiServer();
      installer = new CrdInstaller(api);
      await prepareController(api, release, program);
    }, BUILD_TIMEOUT_MS);

    afterAll(async () => {
      await api.stop();
    });

    it("is in the catalog", () => {
      expect(needs, `the catalog knows no need of ${release.image}`).not.toEqual([]);
    });

    // Not it.each, which cuts the long titles by which single states are picked.
    for (const state of statesOf(needs, baseline, bundles)) {
      it(`does as the catalog says: ${state.title}`, async () => {
        const row = await runIn(state, { api, installer, program, release, needs }).catch((error: unknown) => {
          record({ ...unfinished(release, state), line: error instanceof Error ? error.message : String(error) });
          throw error;
        });
        record(row);

        expect(row.agrees, `the catalog says ${row.expected}; observed ${row.observed}: ${row.how}: ${row.line}`).toBe(true);
      });
    }
  });
}

function record(row: Row): void {
  appendFileSync(inject("resultsPath"), `${JSON.stringify(row)}\n`);
}

/** What the table says of a state that could not be brought about, or not be told. */
function unfinished({ id, version }: ControllerRelease, { title }: State): Omit<Row, "line"> {
  const controller = `${id} ${version}`;
  return { controller, state: title, expected: "?", observed: "not run to its end", agrees: false, how: "error" };
}

interface Run {
  readonly api: ApiServer;
  readonly installer: CrdInstaller;
  readonly program: string;
  readonly release: ControllerRelease;
  readonly needs: readonly Need[];
}

async function runIn(state: State, { api, installer, program, release, needs }: Run): Promise<Row> {
  const crds = await state.crds();
  await installer.install(crds);
  await forgetLeases(api, release.namespace);

  const observation = await startAndObserve(api, release, program);
  const seen = seenIn(observation, crds, needs);
  const expected = expectedOf(needs, crds);
  const row: Row = {
    controller: `${release.id} ${release.version}`,
    state: state.title,
    expected: summary(expected),
    observed: summary(seen),
    agrees: agrees(expected, seen),
    how: describeObservation(observation),
    line: observation.line,
  };
  const difference = row.agrees ? "" : `, but the catalog says ${row.expected}`;
  say(`${row.controller}: ${row.state}: ${row.observed}${difference}`);
  return row;
}

async function startAndObserve(api: ApiServer, release: ControllerRelease, program: string): Promise<Observation> {
  const controller = startController(api, release, program);
  try {
    return await controller.observe();
  } finally {
    await controller.stop();
  }
}

/** One that was killed holds its lease on, and the next would wait for it. */
async function forgetLeases(api: ApiServer, namespace: string): Promise<void> {
  await api.request("DELETE", `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`);
}

function summary({ outcome, lost }: Seen): string {
  return lost.length === 0 ? outcome : `${outcome}: ${lost.map((name) => name.split(".", 1)[0]).join(", ")}`;
}
