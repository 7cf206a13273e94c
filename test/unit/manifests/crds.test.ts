/** The CRD against the parser of the objects that it lets through, and against the status that is written. */
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { GUARD_POLICY_CRD, GUARD_POLICY_VERSION } from "../../../src/cluster/guard-policies.ts";
import { STORAGE_RECORDS_PATH } from "../../../src/cluster/live/read-storage-record.ts";
import { isRecord } from "../../../src/crd/is-record.ts";
import { parseCrd } from "../../../src/crd/parse.ts";
import { parseStorageRecord, storageRecordSpec } from "../../../src/crd/storage-record.ts";
import {
  API_REQUIREMENT_CRD,
  API_REQUIREMENT_VERSION,
  GROUP,
  LABEL,
  RULES,
  SPEC_SCHEMA,
} from "../../../src/requirements/api-requirement.ts";
import { DEFAULT_PRIORITY, GUARD_POLICY_MEMBERS } from "../../../src/policy/guard-policy.ts";
import { RULE_SETTINGS } from "../../../src/policy/policy.ts";
import { rules as allRules } from "../../../src/rules/checks/index.ts";
import { readManifests } from "./read-manifests.ts";

describe("manifests/crds/storageversionrecords.yaml", () => {
  const record = {
    crdUid: "uid-1",
    generation: 4,
    storageVersion: "v1",
    writtenSince: "396",
    recordedAt: "2026-05-06T08:00:00Z",
    recordedBy: "crdguard one",
  };

  it("is the CRD whose objects are listed", async () => {
    const crd = parseCrd((await readManifests("crds/storageversionrecords.yaml"))[0]);
    if (!crd.ok) throw new Error(crd.error.message);
    const { group, plural, scope, versions } = crd.value;

    expect(`/apis/${group}/${versions[0]?.name ?? ""}/${plural}`).toBe(STORAGE_RECORDS_PATH);
    expect({ scope, versions }).toMatchObject({ scope: "Cluster", versions: [{ isServed: true, isStorage: true }] });
  });

  it("takes what is written, and nothing that could not be read", async () => {
    const validate = new Ajv({ strict: false, formats: { "date-time": true, int64: true } }).compile(
      await schema("storageversionrecords"),
    );
    const spec = storageRecordSpec(record);

    expect(validate({ spec })).toBe(true);
    for (const member of Object.keys(spec)) {
      const lacking = { ...spec, [member]: undefined };
      expect(parseStorageRecord(lacking)).toBeNull();
      expect(validate(JSON.parse(JSON.stringify({ spec: lacking }))), member).toBe(false);
    }
    expect(validate({ spec: { ...spec, writtenSince: "0x1" } })).toBe(false);
  });
});

describe("manifests/crds/apirequirements.yaml", () => {
  it("is the CRD that the server looks for, and serves the version that it reads", async () => {
    const crd = parseCrd((await readManifests("crds/apirequirements.yaml"))[0]);

    expect(crd).toMatchObject({
      ok: true,
      value: {
        name: API_REQUIREMENT_CRD,
        scope: "Namespaced",
        versions: [{ name: API_REQUIREMENT_VERSION, isServed: true, isStorage: true }],
      },
    });
  });

  it("asks for the same as the parser: types, required members, enumerations and bounds", async () => {
    expect(comparable(await specSchema())).toEqual(comparable(SPEC_SCHEMA));
  });

  it("says the same as the parser where its rules have words of their own", async () => {
    const rules = collect(await specSchema(), "x-kubernetes-validations").flatMap((found) => (Array.isArray(found) ? found : []));

    expect(rules.map((rule) => isRecord(rule) && rule["message"]).toSorted()).toEqual(Object.values(RULES).toSorted());
  });

  it("matches names by the same patterns as the parser", async () => {
    const rules = collect(await specSchema(), "x-kubernetes-validations").flatMap((found) => (Array.isArray(found) ? found : []));
    const patterns = rules.flatMap((rule) => {
      const pattern = /matches\('(?<pattern>.*)'\)/.exec(isRecord(rule) ? String(rule["rule"]) : "")?.groups?.["pattern"];
      // A string of CEL, in which a backslash is written twice.
      return pattern === undefined ? [] : [pattern.replaceAll("\\\\", "\\")];
    });

    expect(patterns).toEqual([GROUP.source, LABEL.source, LABEL.source]);
  });

  it("describes every member, but for those that all objects have", async () => {
    const undescribed = [...membersOf(await schema(), "")].filter(
      ([path, member]) => member["description"] === undefined && !["/apiVersion", "/kind", "/metadata"].includes(path),
    );

    expect(undescribed.map(([path]) => path)).toEqual([]);
  });
});

describe("manifests/crds/guardpolicies.yaml", () => {
  it("is the CRD that the server looks for, and serves the version that it reads", async () => {
    const crd = parseCrd((await readManifests("crds/guardpolicies.yaml"))[0]);

    expect(crd).toMatchObject({
      ok: true,
      value: {
        name: GUARD_POLICY_CRD,
        scope: "Cluster",
        versions: [{ name: GUARD_POLICY_VERSION, isServed: true, isStorage: true }],
      },
    });
  });

  it("has the members that the parser reads, and no other", async () => {
    const members = [...membersOf((await specSchema("guardpolicies")) as Readonly<Record<string, unknown>>, "")];
    // Of a label selector, another parser's.
    const own = members.map(([path]) => path).filter((path) => !path.startsWith("/crds/labels/"));

    expect(own.toSorted()).toEqual(
      [
        ...GUARD_POLICY_MEMBERS.spec,
        ...GUARD_POLICY_MEMBERS.crds.map((name) => `crds/${name}`),
        ...GUARD_POLICY_MEMBERS.objects.map((name) => `objects/${name}`),
        ...GUARD_POLICY_MEMBERS.rules.map((name) => `rules[]/${name}`),
        ...GUARD_POLICY_MEMBERS.exceptions.map((name) => `exceptions[]/${name}`),
      ]
        .map((path) => `/${path}`)
        .toSorted(),
    );
  });

  it("takes the enforcements that the parser knows, and the same priority where none is given", async () => {
    const found = Object.fromEntries(membersOf((await specSchema("guardpolicies")) as Readonly<Record<string, unknown>>, ""));

    expect(found["/rules[]/enforcement"]?.["enum"]).toEqual(RULE_SETTINGS);
    expect(found["/priority"]?.["default"]).toBe(DEFAULT_PRIORITY);
  });

  it("names no rule, so that it goes with any release", async () => {
    const text = JSON.stringify(collect(await specSchema("guardpolicies"), "enum"));

    expect(allRules.map(({ id }) => id).filter((id) => text.includes(id))).toEqual([]);
  });

  it("describes every member, but for those that all objects have", async () => {
    const undescribed = [...membersOf(await schema("guardpolicies"), "")].filter(
      ([path, member]) => member["description"] === undefined && !["/apiVersion", "/kind", "/metadata"].includes(path),
    );

    expect(undescribed.map(([path]) => path)).toEqual([]);
  });
});

/** What decides which objects pass; the rest is words, defaults, or how lists are merged. */
const DECIDING = new Set([
  "type",
  "required",
  "enum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "maxProperties",
  "items",
  "properties",
  "additionalProperties",
]);

function comparable(input: unknown): unknown {
  if (!isRecord(input)) return input;
  const { properties, items, additionalProperties, uniqueItems, ...rest } = input;
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => DECIDING.has(key))),
    // An enumeration of texts needs no type for Ajv.
    type: input["type"] ?? "string",
    ...(uniqueItems === true || input["x-kubernetes-list-type"] === "set" ? { isSet: true } : {}),
    ...(items === undefined ? {} : { items: comparable(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: comparable(additionalProperties) }),
    ...(isRecord(properties)
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, comparable(member)])) }
      : {}),
  };
}

async function schema(file = "apirequirements"): Promise<Readonly<Record<string, unknown>>> {
  const [crd] = (await readManifests(`crds/${file}.yaml`)) as readonly {
    readonly spec: {
      readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Readonly<Record<string, unknown>> } }[];
    };
  }[];
  return crd?.spec.versions[0]?.schema.openAPIV3Schema ?? {};
}

async function specSchema(file?: string): Promise<unknown> {
  const { properties } = await schema(file);
  return isRecord(properties) ? properties["spec"] : undefined;
}

/** Every value of that key, wherever it stands, in order. */
function collect(input: unknown, key: string): readonly unknown[] {
  if (Array.isArray(input)) return input.flatMap((item) => collect(item, key));
  if (!isRecord(input)) return [];
  return Object.entries(input).flatMap(([name, value]) => (name === key ? [value] : collect(value, key)));
}

function* membersOf(
  input: Readonly<Record<string, unknown>>,
  path: string,
): Generator<readonly [string, Readonly<Record<string, unknown>>]> {
  const { properties, items } = input;
  if (isRecord(items)) yield* membersOf(items, `${path}[]`);
  for (const [name, member] of Object.entries(isRecord(properties) ? properties : {})) {
    if (!isRecord(member)) continue;
    yield [`${path}/${name}`, member];
    yield* membersOf(member, `${path}/${name}`);
  }
}
