import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openManifestText } from "../../../../src/cluster/snapshot/locate.ts";

const GEARS = { kind: "CustomResourceDefinition", namespace: null, name: "gears.own.dev" };

const CRD = `# A comment before.
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: gears.own.dev
  annotations:
    own.dev/on: "yes"
    "own.dev/quoted": x
spec:
  group: own.dev
  versions:
  - name: v1
    served: true
  - served: true # the name stands below
    name: v1alpha2
  - { name: v1beta1, served: false, storage: false }
status:
  storedVersions:
    - v1alpha2
    - v1
`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: turner, namespace: mill}
spec:
  template:
    spec:
      containers:
        - name: sidecar
          image: a
        - image: b
          name: main
`;

describe("openManifestText", () => {
  it.each([
    { field: null, line: 2, column: 1 },
    { field: "metadata.name", line: 5, column: 3 },
    { field: "metadata.annotations[own.dev/on]", line: 7, column: 5 },
    { field: "metadata.annotations[own.dev/quoted]", line: 8, column: 5 },
    { field: "metadata.annotations[own.dev/none]", line: 6, column: 3 },
    { field: "metadata.labels", line: 4, column: 1 },
    { field: "spec.versions", line: 11, column: 3 },
    { field: "spec.versions[v1]", line: 12, column: 5 },
    { field: "spec.versions[v1].served", line: 13, column: 5 },
    { field: "spec.versions[v1alpha2].served", line: 14, column: 5 },
    { field: "spec.versions[v1beta1].served", line: 16, column: 22 },
    { field: "spec.versions[v1beta1].schema.openAPIV3Schema", line: 16, column: 5 },
    { field: "spec.versions[v2]", line: 11, column: 3 },
    { field: "spec.versions[v2].served", line: 11, column: 3 },
    { field: "spec.versions[1].name", line: 15, column: 5 },
    { field: "spec.versions[9]", line: 11, column: 3 },
    { field: "status.storedVersions[v1]", line: 20, column: 7 },
    { field: "status.storedVersions", line: 18, column: 3 },
    { field: "nothing.of.it", line: 2, column: 1 },
    { field: "", line: 2, column: 1 },
    { field: "[", line: 2, column: 1 },
    { field: "spec..versions[]", line: 11, column: 3 },
  ])("finds $field at $line:$column", ({ field, line, column }) => {
    expect(openManifestText(CRD, 2).locate(GEARS, field)).toEqual({ line, column });
  });

  it.each([
    { field: "spec.template.spec.containers[main].image", line: 10, column: 11 },
    { field: "spec.template.spec.containers[sidecar]", line: 8, column: 11 },
    { field: "spec.template.spec.containers[other].image", line: 7, column: 7 },
    { field: "metadata.namespace", line: 3, column: 26 },
  ])("finds $field of a workload at $line:$column", ({ field, line, column }) => {
    const turner = { kind: "Deployment", namespace: "mill", name: "turner" };

    expect(openManifestText(DEPLOYMENT, 1).locate(turner, field)).toEqual({ line, column });
  });

  it("reads the document that begins on the line, and no other", () => {
    const text = `${DEPLOYMENT}--- # next\n${CRD}...\n---\n{not: [yaml`;

    expect(openManifestText(text, 14).locate(GEARS, "spec.versions[v1].served")).toEqual({ line: 25, column: 5 });
    expect(openManifestText(text, 1).locate(GEARS, "spec.versions")).toEqual({ line: 4, column: 1 });
  });

  it("reads a document on the line of its marker", () => {
    const text = `--- {kind: Gear, metadata: {name: g1}}\n--- {kind: Gear, metadata: {name: g2}}\n`;

    expect(openManifestText(text, 2).locate(GEARS, "metadata.name")).toEqual({ line: 2, column: 29 });
  });

  it("reads lines that end as on Windows, and a byte order mark", () => {
    const text = `\uFEFF${CRD.replaceAll("\n", "\r\n")}`;

    expect(openManifestText(text, 2).locate(GEARS, "spec.versions[v1].served")).toEqual({ line: 13, column: 5 });
  });

  it("reads JSON", () => {
    const text = JSON.stringify({ kind: GEARS.kind, spec: { versions: [{ name: "v1", served: true }] } }, null, 2);

    expect(openManifestText(text, 1).locate(GEARS, "spec.versions[v1].served")).toEqual({ line: 7, column: 9 });
  });

  it("takes keys as they are written, whatever YAML 1.1 makes of them", () => {
    const text = "kind: Gear\nmetadata:\n  annotations:\n    on: a\n    y: b\n    1: c\n    ~: d\n";

    expect(
      ["on", "y", "1", "~"].map((key) => openManifestText(text, 1).locate(GEARS, `metadata.annotations[${key}]`).line),
    ).toEqual([4, 5, 6, 7]);
  });

  it("follows an alias to what it stands for", () => {
    const text = "kind: Gear\nx: &versions\n  - name: v1\n    served: true\nspec:\n  versions: *versions\n";

    expect(openManifestText(text, 1).locate(GEARS, "spec.versions[v1].served")).toEqual({ line: 4, column: 5 });
  });

  it.each([
    {
      title: "the object of that kind, namespace and name",
      object: { kind: "Deployment", namespace: "mill", name: "b" },
      line: 12,
    },
    { title: "one that names no namespace", object: { kind: "Deployment", namespace: "default", name: "c" }, line: 15 },
    { title: "one of a list in the list", object: { kind: "Gear", namespace: null, name: "inner" }, line: 20 },
    { title: "the list for one that is not in it", object: { kind: "Gear", namespace: null, name: "b" }, line: 2 },
  ])("finds in a list $title", ({ object, line }) => {
    const text = `# a list
apiVersion: v1
kind: List
items:
  - kind: Deployment
    metadata:
      namespace: lathe
      name: b
  - kind: Deployment
    metadata:
      namespace: mill
      name: b
  - kind: Deployment
    metadata:
      name: c
  - kind: GearList
    items:
      - kind: Gear
        metadata:
          name: inner
`;

    expect(openManifestText(text, 2).locate(object, line === 2 ? null : "metadata.name").line).toBe(line);
  });

  it.each([
    { title: "no YAML", text: "a: [b\nc: {", line: 1 },
    { title: "nothing", text: "", line: 1 },
    { title: "a line that the file does not have", text: "a: b\n", line: 99 },
    { title: "a scalar", text: "just words", line: 1 },
    { title: "an alias to itself", text: "a: &a\n  b: *a\n", line: 1 },
    { title: "an alias to nothing", text: "spec: *none\n", line: 1 },
  ])("gives a place for $title, and never throws", ({ text, line }) => {
    const position = openManifestText(text, line).locate(GEARS, "spec.versions[v1].served");

    expect(position.line).toBeGreaterThanOrEqual(1);
    expect(position.column).toBeGreaterThanOrEqual(1);
  });

  it("never throws, and stays within the document", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 5 }), (text, field, line) => {
        const position = openManifestText(text, line).locate(GEARS, field);

        expect(position.line).toBeGreaterThanOrEqual(line);
        expect(position.column).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
