import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findPlaces } from "../../../src/cli/places.ts";
import { type Manifest, parseManifests, readManifests } from "../../../src/cluster/snapshot/manifests.ts";

const BUNDLE = `# Two objects.
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gears.own.dev }
spec:
  group: own.dev
  names: { kind: Gear, plural: gears }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: turner }
spec: { template: { spec: { containers: [{ name: main, image: a }] } } }
`;

const LIST = `apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: { name: lathe, namespace: mill }
    spec: { template: { spec: { containers: [] } } }
  - apiVersion: apps/v1
    kind: Deployment
    metadata: { name: turner, namespace: mill }
    spec: { template: { spec: { containers: [] } } }
`;

async function readBundle(text = BUNDLE): Promise<{ readonly file: string; readonly manifests: readonly Manifest[] }> {
  const folder = mkdtempSync(join(tmpdir(), "crdguard-places-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, "bundle.yaml");
  writeFileSync(file, text);
  const manifests = await readManifests([file], { isRecursive: false, readStandardInput: null });
  if (!manifests.ok) throw new Error(manifests.error.message);
  return { file, manifests: manifests.value };
}

describe("findPlaces", () => {
  it.each([
    { subject: "gears.own.dev", field: null, line: 2, column: 1 },
    { subject: "gears.own.dev", field: "spec.versions[v1].served", line: 11, column: 7 },
    { subject: "gears.own.dev", field: "spec.versions[v2]", line: 9, column: 3 },
    { subject: "Deployment mill/turner", field: "spec.template.spec.containers[main].image", line: 17, column: 56 },
  ])("finds $field of $subject", async ({ subject, field, line, column }) => {
    const { file, manifests } = await readBundle();

    const placeOf = await findPlaces(manifests, "mill", "field");
    expect(placeOf(subject, field)).toEqual({ file, line, column });
  });

  it("finds the beginning of an object in a list", async () => {
    const { file, manifests } = await readBundle(LIST);
    const placeOf = await findPlaces(manifests, "mill", "field");

    expect(placeOf("Deployment mill/lathe", null)).toEqual({ file, line: 4, column: 5 });
    expect(placeOf("Deployment mill/turner", "metadata.name")).toEqual({ file, line: 10, column: 17 });
  });

  it("tells no more than where the manifest begins, if that is enough", async () => {
    const { file, manifests } = await readBundle();
    const placeOf = await findPlaces(manifests, "mill", "document");

    expect(placeOf("gears.own.dev", "spec.versions[v1].served")).toEqual({ file, line: 2, column: 1 });
    expect(placeOf("Deployment mill/turner", null)).toEqual({ file, line: 14, column: 1 });
  });

  it.each(["field", "document"] as const)("knows no place of what comes from no file, or is not given: %s", async (precision) => {
    const manifests = await parseManifests("(standard input)", BUNDLE);
    if (!manifests.ok) throw new Error(manifests.error.message);
    const placeOf = await findPlaces(manifests.value, "mill", precision);

    expect(placeOf("gears.own.dev", "spec.versions[v1].served")).toBeNull();
    expect(placeOf("cogs.own.dev", null)).toBeNull();
  });
});
