/** One engine, one wording: what `check` says is what the API server's answer will say. */
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createAdmissionServer, type AdmissionServer } from "../../../src/admission/server.ts";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { folderCluster } from "../../../src/cluster/snapshot/folder-cluster.ts";
import { parseManifests, readManifests } from "../../../src/cluster/snapshot/manifests.ts";
import { parseCrd } from "../../../src/crd/parse.ts";
import type { AdmissionAnswer } from "../../../src/explain/admission.ts";
import { EVERYTHING } from "../../../src/explain/audience.ts";
import { findingLines } from "../../../src/explain/finding.ts";
import { checkReport, type ReportedChange } from "../../../src/explain/report.ts";
import { createMetrics } from "../../../src/observability/metrics.ts";
import { DEFAULT_POLICY } from "../../../src/policy/policy.ts";
import { readBundles } from "../../../src/requirements/bundles.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { reviewBundle } from "../../../src/review/review-bundle.ts";
import { sharedPath } from "../../e2e/support/shared.ts";
import { given } from "../../support/builders.ts";
import { admissionReview } from "../admission/support/reviews.ts";
import { ask, capturedLog, developmentPair } from "../admission/support/running-guard.ts";

type Json = Readonly<Record<string, unknown>>;

interface Version extends Json {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
}

interface CrdJson extends Json {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly versions: readonly Version[] };
}

const ROOT = new URL("../../../", import.meta.url).pathname;
const pair = await developmentPair();

async function readCrds(path: string): Promise<readonly CrdJson[]> {
  const read = await readManifests([path], { isRecursive: true, readStandardInput: null });
  if (!read.ok) throw new Error(read.error.message);
  return read.value
    .map(({ object }) => object)
    .filter((object): object is CrdJson => object["kind"] === "CustomResourceDefinition");
}

/** A cluster that `check` and admission share, and both ways to ask of it. */
async function openCluster(paths: readonly string[]): Promise<{
  readonly cluster: Cluster;
  readonly server: AdmissionServer;
  readonly admit: (before: CrdJson | null, after: CrdJson | null) => Promise<AdmissionAnswer>;
  readonly check: (before: CrdJson | null, after: CrdJson | null) => Promise<ReportedChange>;
}> {
  const [manifests, catalog, bundles] = await Promise.all([
    readManifests(paths, { isRecursive: true, readStandardInput: null }),
    readCatalog(),
    readBundles(),
  ]);
  if (!manifests.ok || !catalog.ok || !bundles.ok) throw new Error("the cluster, the catalog and the bundles can be read");
  const opened = folderCluster("cluster", manifests.value, catalog.value, bundles.value);
  if (!opened.ok) throw new Error(opened.error.message);
  const cluster = opened.value;
  const server = createAdmissionServer({
    cluster,
    policy: DEFAULT_POLICY,
    tls: pair,
    logger: capturedLog().logger,
    metrics: createMetrics(),
  });
  const url = await server.listen("127.0.0.1", 0);
  return {
    cluster,
    server,
    async admit(before, after) {
      const name = (before ?? after)?.metadata.name;
      const operation = before === null ? "CREATE" : after === null ? "DELETE" : "UPDATE";
      const review = admissionReview({ name, operation, object: after, oldObject: before });
      const { response } = (await ask({ url, pair }, "/validate", review)) as { readonly response: AdmissionAnswer };
      return response;
    },
    async check(before, after) {
      const applied = after === null ? [] : [parsed(after)];
      const deleted = before !== null && after === null ? [parsed(before)] : [];
      const { judged } = await reviewBundle(
        {
          applied: { crds: applied, workloads: [], apiRequirements: [], configMaps: new Map(), guardPolicies: [] },
          deleted,
          isPruned: false,
        },
        cluster,
        DEFAULT_POLICY,
        { evidence: 10_000, settings: 1_000 },
      );
      const [change, ...others] = checkReport(judged, EVERYTHING, given()).changes;
      if (change === undefined || others.length > 0) throw new Error("one change has one answer");
      return change;
    },
  };
}

function parsed(manifest: CrdJson): Extract<ReturnType<typeof parseCrd>, { ok: true }>["value"] {
  const crd = parseCrd(manifest);
  if (!crd.ok) throw new Error(crd.error.message);
  return crd.value;
}

/** All that is told: verdict, order, rules, fields and every word. A warning has 120 characters, which begin with the rule. */
interface Told {
  readonly isAllowed: boolean;
  readonly denials: readonly unknown[];
  readonly rulesWarnedOf: readonly string[];
}

function toldByAdmission({ allowed, status, warnings = [] }: AdmissionAnswer): Told {
  return {
    isAllowed: allowed,
    denials: status?.details?.causes ?? [],
    rulesWarnedOf: warnings.map((warning) => warning.split(":", 1)[0] ?? ""),
  };
}

function toldByCheck({ verdict, findings }: ReportedChange): Told {
  return {
    isAllowed: verdict === "allow",
    denials: findings
      .filter(({ enforcement }) => enforcement === "deny")
      .map((finding) => ({ reason: finding.rule, field: finding.field, message: findingLines(finding).join("\n") })),
    rulesWarnedOf: findings.filter(({ enforcement }) => enforcement === "warn").map(({ rule }) => rule),
  };
}

/** Served, listed only, or dropped, version by version; and which of those left stores. */
function editsOf({ spec }: CrdJson): fc.Arbitrary<{ readonly fates: readonly number[]; readonly storage: number }> {
  return fc.record({
    fates: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: spec.versions.length, maxLength: spec.versions.length }),
    storage: fc.nat({ max: 5 }),
  });
}

function edited(
  crd: CrdJson,
  { fates, storage }: { readonly fates: readonly number[]; readonly storage: number },
): CrdJson | null {
  const kept = crd.spec.versions.flatMap((version, index) =>
    fates[index] === 2 ? [] : [{ ...version, served: fates[index] === 0 }],
  );
  if (kept.length === 0) return null;
  const versions = kept.map((version, index) => ({ ...version, storage: index === storage % kept.length }));
  return { ...crd, spec: { ...crd.spec, versions } };
}

describe("check and admission", () => {
  let demo: Awaited<ReturnType<typeof openCluster>>;
  let crds: readonly CrdJson[];

  beforeAll(async () => {
    demo = await openCluster([`${ROOT}demo/cluster`]);
    crds = await readCrds(`${ROOT}demo/cluster`);
    return () => demo.server.close();
  });

  it.each(["backendtlspolicies-v1.1.0-experimental", "grpcroutes-v1.1.0-standard", "httproutes-v1.1.0-standard"])(
    "say the same of %s",
    async (file) => {
      const text = await readFile(`${ROOT}demo/changes/${file}.yaml`, "utf8");
      const manifests = await parseManifests(file, text);
      if (!manifests.ok) throw new Error(manifests.error.message);
      const after = manifests.value[0]?.object as CrdJson;
      const before = crds.find(({ metadata }) => metadata.name === after.metadata.name) ?? null;

      expect(toldByAdmission(await demo.admit(before, after))).toEqual(toldByCheck(await demo.check(before, after)));
    },
  );

  it("say the same of whatever is made of a CRD's versions, its deletion and creation among it", async () => {
    const change = fc
      .integer({ min: 0, max: crds.length - 1 })
      .chain((index) => editsOf(crds[index] as CrdJson).map((edits) => ({ before: crds[index] as CrdJson, edits })));
    const seen = new Set<string>();

    await fc.assert(
      fc.asyncProperty(change, async ({ before, edits }) => {
        const after = edited(before, edits);
        const checked = await demo.check(before, after);
        expect(toldByAdmission(await demo.admit(before, after))).toEqual(toldByCheck(checked));
        for (const { rule, enforcement } of checked.findings) seen.add(`${rule}=${enforcement}`);
      }),
      { numRuns: 150 },
    );
    // Or it would compare nothing with nothing.
    expect([...seen]).toEqual(expect.arrayContaining(["required-version-unserved=deny", "stored-version-removed=deny"]));
  });

  const bundles = ["v1.0.0/experimental", "v1.1.0/standard", "v1.1.0/experimental", "v1.2.1/experimental"];
  const folders = bundles.map((bundle) => sharedPath(`crds/gateway-api/${bundle}`));

  it.skipIf(folders.includes(null))("say the same of real releases of Gateway API, one over another", async () => {
    const [first = "", ...others] = folders.filter((folder) => folder !== null);
    const real = await openCluster([first, `${ROOT}demo/cluster/controllers.yaml`, `${ROOT}demo/cluster/objects.yaml`]);
    try {
      const today = new Map((await readCrds(first)).map((crd) => [crd.metadata.name, crd]));
      let denied = 0;
      for (const folder of others) {
        for (const after of await readCrds(folder)) {
          const before = today.get(after.metadata.name) ?? null;
          const checked = await real.check(before, after);
          expect(toldByAdmission(await real.admit(before, after))).toEqual(toldByCheck(checked));
          if (checked.verdict === "deny") denied += 1;
        }
      }
      expect(denied).toBeGreaterThan(0);
    } finally {
      await real.server.close();
    }
  });
});
