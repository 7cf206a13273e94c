import { describe, expect, it } from "vitest";
import type { VersionForm } from "../../../../src/crd/crd.ts";
import { compareDefinitions, compareForms, renamedVersions } from "../../../../src/crd/schema/compare-crds.ts";
import { directionOf } from "../../../../src/crd/schema/direction.ts";
import { changePhrase } from "../../../../src/explain/schema-change.ts";
import { crd } from "../../../support/builders.ts";
import { crdWithForms, form, specOf } from "../../../support/schemas.ts";

const plain = form(specOf({ a: { type: "string" } }));
const SCALE = '{"specReplicasPath":".spec.a","statusReplicasPath":".status.a"}';
const LABELLED = '{"labelSelectorPath":".status.b","specReplicasPath":".spec.a","statusReplicasPath":".status.a"}';
const OTHER_SCALE = '{"specReplicasPath":".spec.b","statusReplicasPath":".status.a"}';

describe("two forms of a version", () => {
  it.each<[title: string, before: Partial<VersionForm>, after: Partial<VersionForm>, told: readonly string[]]>([
    ["nothing", {}, {}, []],
    [
      "a status that comes",
      {},
      { hasStatus: true },
      ["narrows: there would be a /status: the status in what is written elsewhere would be ignored without a word"],
    ],
    ["a status that goes", { hasStatus: true }, {}, ["narrows: /status would be gone: who writes the status there fails"]],
    ["a scale that comes", {}, { scale: SCALE }, ["widens: there would be a /scale"]],
    ["a scale that goes", { scale: SCALE }, {}, ["narrows: /scale would be gone: kubectl scale and autoscalers fail"]],
    [
      "a scale of another field",
      { scale: SCALE },
      { scale: OTHER_SCALE },
      ["narrows: /scale would read and write other fields than today"],
    ],
    [
      "a scale that tells a selector too",
      { scale: SCALE },
      { scale: LABELLED },
      ["widens: /scale would read and write other fields than today"],
    ],
    [
      "selectable fields",
      { selectableFields: [".spec.a", ".spec.b"] },
      { selectableFields: [".spec.b", ".spec.c"] },
      [
        "narrows: field selectors could no longer name .spec.a: requests that do would fail",
        "widens: field selectors could name .spec.c",
      ],
    ],
    [
      "printer columns",
      {},
      { printerColumns: [{ name: "A", type: "string", jsonPath: ".spec.a" }] },
      ["neutral: kubectl get would print other columns"],
    ],
    ["deprecation", {}, { isDeprecated: true }, ["neutral: it would be deprecated"]],
    ["no more deprecation", { isDeprecated: true }, {}, ["neutral: it would no longer be deprecated"]],
  ])("differ in %s", (_title, before, after, told) => {
    const changes = compareForms({ ...plain, ...before }, { ...plain, ...after });

    expect(changes.map((change) => `${directionOf(change)}: ${changePhrase(change)}`)).toEqual(told);
  });

  it("differ in their schemas, whichever way these are written", () => {
    const value: VersionForm = { ...plain, schema: { kind: "value", value: specOf({}) } };

    expect(compareForms(plain, value).map(({ kind }) => kind)).toEqual(["field-removed"]);
    expect(compareForms(plain, { ...value, schema: { kind: "value", value: specOf({ a: { type: "string" } }) } })).toEqual([]);
  });

  it("are not read where their schemas are the same text", () => {
    const broken: VersionForm = { ...plain, schema: { kind: "json", text: "{" } };

    expect(compareForms(broken, { ...broken, schema: { kind: "json", text: "{" } })).toEqual([]);
  });
});

describe("two definitions", () => {
  const gears = crd({ served: ["v1"] });
  const webhook = { kind: "webhook", target: { kind: "url", url: "https://own.dev" }, caBundle: null } as const;

  it.each([
    ["nothing", gears, { ...gears, generation: 2 }, []],
    ["a webhook that goes", { ...gears, conversion: webhook }, gears, ["narrows: conversion"]],
    ["a webhook that comes", gears, { ...gears, conversion: webhook }, ["widens: conversion"]],
    [
      "another certificate",
      { ...gears, conversion: webhook },
      { ...gears, conversion: { ...webhook, caBundle: "x" } },
      ["neutral: conversion"],
    ],
    ["the scope", gears, { ...gears, scope: "Cluster" as const }, ["narrows: scope"]],
    ["a name less", { ...gears, otherNames: ["gr"] }, gears, ["narrows: names"]],
    ["a name more", gears, { ...gears, otherNames: ["gr"] }, ["widens: names"]],
  ])("differ in %s", (_title, before, after, told) => {
    expect(compareDefinitions(before, after).map((change) => `${directionOf(change)}: ${change.kind}`)).toEqual(told);
  });
});

describe("renamed versions", () => {
  const names = (before: readonly string[], after: readonly string[], forms = { v1: plain, v2: plain, v3: plain, v4: plain }) =>
    renamedVersions(crdWithForms({ served: before }, forms), crdWithForms({ served: after }, forms)).map(
      ({ from, to }) => `${from.name} → ${to.name}`,
    );

  it("are told apart from those that stay, come and go", () => {
    expect(names(["v1"], ["v2"])).toEqual(["v1 → v2"]);
    expect(names(["v1", "v2"], ["v2", "v3"])).toEqual(["v1 → v3"]);
    expect(names(["v1"], ["v1", "v2"])).toEqual([]);
    expect(names(["v1", "v2"], ["v1"])).toEqual([]);
  });

  it("are each another one", () => {
    expect(names(["v1", "v2"], ["v3"])).toEqual(["v1 → v3"]);
    expect(names(["v1", "v2"], ["v3", "v4"])).toEqual(["v1 → v3", "v2 → v4"]);
  });

  it("are not guessed where a schema differs or is not known", () => {
    expect(names(["v1"], ["v2"], { v1: plain, v2: form(specOf({})), v3: plain, v4: plain })).toEqual([]);
    expect(renamedVersions(crd({ served: ["v1"] }), crd({ served: ["v2"] }))).toEqual([]);
  });
});
