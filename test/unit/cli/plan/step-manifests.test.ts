import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { stepManifests, type StepManifest, writeStepManifest } from "../../../../src/cli/plan/step-manifests.ts";
import type { Manifest } from "../../../../src/cluster/snapshot/manifests.ts";
import { BUNDLE, CONTEXT, step, TURNER } from "../../../support/plan-steps.ts";

const folder = mkdtempSync(join(tmpdir(), "crdguard-steps-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const GEARS = definition("gears.own.dev");
const COGS = definition("cogs.own.dev");
const MILLER = { ...TURNER, ref: { ...TURNER.ref, name: "miller" } };
const HELMED = { ...TURNER, ref: { ...TURNER.ref, name: "helmed" }, helmRelease: { namespace: "mill", name: "helmed" } };
const RULES = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "turner" } };
const GIVEN: readonly Manifest[] = [GEARS, COGS, RULES, deployment("turner"), deployment("miller"), deployment("helmed")].map(
  (object) => ({ file: "bundle.yaml", line: 1, object }),
);

describe("the manifest of a step", () => {
  const upgrade = step({ kind: "upgrade-workload", workload: TURNER, from: "1.0.1", to: "1.1.0", byManifest: true });
  const rest = step({ kind: "apply-workloads", workloads: [MILLER, HELMED] });
  const of = (own: typeof upgrade) => stepManifests(own, [upgrade, rest], GIVEN, CONTEXT, "mill");

  it("holds the definitions that it applies alone", () => {
    const own = step({ kind: "apply-definitions", definitions: { kind: "wanted" }, crds: ["cogs.own.dev"], isWhole: false });

    expect(of(own)).toEqual([{ path: "crdguard-plan/apply-wanted.yaml", source: { kind: "given", objects: [COGS] } }]);
  });

  it("is none where all that was given is applied at once", () => {
    expect(
      of(
        step({
          kind: "apply-definitions",
          definitions: { kind: "wanted" },
          crds: ["cogs.own.dev", "gears.own.dev"],
          isWhole: true,
        }),
      ),
    ).toEqual([]);
  });

  it("is what a release has of some definitions", () => {
    const own = step({
      kind: "apply-definitions",
      definitions: { kind: "bundle", bundle: BUNDLE },
      crds: ["gears.own.dev"],
      isWhole: false,
    });

    expect(of(own)).toEqual([
      {
        path: "crdguard-plan/apply-bundle.yaml",
        source: { kind: "released", url: "https://own.dev/v1.0.0/standard.yaml", crds: ["gears.own.dev"] },
      },
    ]);
  });

  it("brings what is neither definition nor workload with the first workloads, and leaves to Helm what is Helm's", () => {
    const objects = [upgrade, rest].map((own) =>
      of(own).map(({ source }) => (source.kind === "given" ? source.objects.map(nameOf) : [])),
    );

    expect(objects).toEqual([[["ClusterRole/turner", "Deployment/turner"]], [["Deployment/miller"]]]);
  });

  it("is none of a workload that is upgraded by a version to look for, and none of a migration", () => {
    expect(of(step({ kind: "upgrade-workload", workload: TURNER, from: null, to: "1.1.0", byManifest: false }))).toEqual([]);
    expect(of(step({ kind: "stop-workload", workload: TURNER }))).toEqual([]);
  });
});

describe("writing it", () => {
  /** Nobody listens on a port of its own machine that crdguard would ask. */
  const OUT_OF_REACH = "http://127.0.0.1:1/standard.yaml";
  const released = (path: string): StepManifest => ({
    path,
    source: { kind: "released", url: OUT_OF_REACH, crds: ["gears.own.dev", "cogs.own.dev"] },
  });
  const bothAsYaml = `${JSON.stringify(GEARS)}\n---\n# by hand\n${JSON.stringify(COGS)}\n`;

  it("takes a released manifest that somebody has put there, as it is", async () => {
    const path = join(folder, "there.yaml");
    writeFileSync(path, bothAsYaml);
    await writeStepManifest(released(path));

    expect(readFileSync(path, "utf8")).toBe(bothAsYaml);
  });

  it.each([
    { title: "is not there", text: null },
    { title: "lacks a definition", text: JSON.stringify(GEARS) },
  ])("says what to put where, if it cannot be fetched and $title", async ({ text }) => {
    const path = join(folder, "missing.yaml");
    if (text !== null) writeFileSync(path, text);

    await expect(writeStepManifest(released(path))).rejects.toMatchObject({
      status: 2,
      code: "url-private",
      message: expect.stringMatching(
        new RegExp(`; put gears\\.own\\.dev and cogs\\.own\\.dev of it into ${path} yourself, then go on$`),
      ) as unknown,
    });
  });

  it("says of one that is there, and is no YAML, where it is wrong", async () => {
    const path = join(folder, "broken.yaml");
    writeFileSync(path, "a: [1\n");

    await expect(writeStepManifest(released(path))).rejects.toMatchObject({
      status: 2,
      message: expect.stringContaining(path) as unknown,
    });
  });

  it("writes what was given, document by document, for its owner alone", async () => {
    const path = join(folder, "plan/given.yaml");
    await writeStepManifest({ path, source: { kind: "given", objects: [GEARS, RULES] } });

    expect(readFileSync(path, "utf8").split("---\n")).toHaveLength(2);
    expect(readFileSync(path, "utf8")).toContain("name: gears.own.dev");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("says that a folder cannot be written", async () => {
    writeFileSync(join(folder, "file"), "");
    const path = join(folder, "file/given.yaml");

    await expect(writeStepManifest({ path, source: { kind: "given", objects: [GEARS] } })).rejects.toMatchObject({
      status: 2,
      code: "file-unwritable",
      message: expect.stringContaining(`${path} cannot be written (E`) as unknown,
    });
  });
});

function definition(name: string) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name },
    spec: { group: "own.dev", scope: "Namespaced", names: { plural: name.split(".", 1)[0], kind: "Own" }, versions: [] },
  };
}

function deployment(name: string) {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { template: { spec: { containers: [{ name: "main", image: TURNER.image }] } } },
  };
}

function nameOf(object: Manifest["object"]): string {
  const { name } = object["metadata"] as { readonly name: string };
  return `${String(object["kind"])}/${name}`;
}
