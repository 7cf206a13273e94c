/** What of the chart can be seen without Helm; test/e2e/install.test.ts renders it. UPDATE_DOCS=1 rewrites what is copied or made. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { isMap, isScalar, parse, parseDocument, type YAMLMap } from "yaml";
import { isRecord } from "../../../src/crd/is-record.ts";
import { checks } from "../../../src/health/checks/index.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CHART = `${ROOT}charts/crdguard/`;
const isUpdating = process.env["UPDATE_DOCS"] === "1";

function read(path: string): string {
  return readFileSync(`${ROOT}${path}`, "utf8");
}

/** A chart can read no file outside of its folder. */
const COPIES = [
  ["manifests/server/rbac.yaml", "files/rbac.yaml"],
  ["manifests/components/health-reports/rbac.yaml", "files/health-reports-rbac.yaml"],
  ...readdirSync(`${ROOT}manifests/crds`)
    .filter((file) => file !== "kustomization.yaml")
    .map((file) => [`manifests/crds/${file}`, `files/crds/${file}`] as const),
  ...["dashboard.json", "prometheus-rule.yaml"]
    .filter((file) => existsSync(`${ROOT}manifests/monitoring/${file}`))
    .map((file) => [`manifests/monitoring/${file}`, `files/monitoring/${file}`] as const),
] as const;

describe("charts/crdguard: copies", () => {
  it.each(COPIES)("%s is %s", (original, copy) => {
    if (isUpdating) {
      mkdirSync(dirname(`${CHART}${copy}`), { recursive: true });
      writeFileSync(`${CHART}${copy}`, read(original));
    }

    expect(readFileSync(`${CHART}${copy}`, "utf8"), "run the tests once with UPDATE_DOCS=1").toBe(read(original));
  });

  it("has no other definition", () => {
    expect(readdirSync(`${CHART}files/crds`)).toEqual(
      COPIES.flatMap(([, copy]) => (copy.startsWith("files/crds/") ? [copy.slice("files/crds/".length)] : [])),
    );
  });
});

describe("charts/crdguard/Chart.yaml", () => {
  const chart = parse(read("charts/crdguard/Chart.yaml")) as {
    readonly version: string;
    readonly appVersion: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  const { version } = JSON.parse(read("package.json")) as { readonly version: string };

  it("has the version of the package, and its image", () => {
    expect(chart).toMatchObject({ version, appVersion: version });
    expect(parse(chart.annotations["artifacthub.io/images"] ?? "")).toEqual([
      { name: "crdguard", image: `ghcr.io/crdguard/crdguard:${version}` },
    ]);
  });

  it("tells Artifact Hub of every definition", () => {
    const told = parse(chart.annotations["artifacthub.io/crds"] ?? "") as readonly { readonly name: string }[];

    expect(told.map(({ name }) => `${name.replace(/\.crdguard\.dev$/, "")}.yaml`).toSorted()).toEqual(
      readdirSync(`${CHART}files/crds`).toSorted(),
    );
  });

  it("has a template for each annotation that must be text", () => {
    for (const [key, value] of Object.entries(chart.annotations)) expect(typeof value, key).toBe("string");
  });
});

interface Value {
  readonly path: string;
  readonly standard: unknown;
  readonly meaning: string;
}

/** Every value is told of by a comment `-- …` before it; what has none is a group of values. */
function valuesOf(map: YAMLMap, prefix = ""): readonly Value[] {
  return map.items.flatMap(({ key, value }) => {
    if (!isScalar(key)) throw new Error("a value has a name");
    const path = `${prefix}${String(key.value)}`;
    // The comment of the first of a group stands before the group.
    const comment = key.commentBefore ?? (map.items[0]?.key === key ? map.commentBefore : null);
    const meaning = /(?:^|\n) -- (?<meaning>[^]*)$/.exec(comment ?? "")?.groups?.["meaning"];
    if (meaning !== undefined) {
      return [
        { path, standard: isScalar(value) ? value.value : (value as YAMLMap).toJSON(), meaning: meaning.replaceAll("\n", "") },
      ];
    }
    if (!isMap(value)) throw new Error(`${path} has no comment`);
    return valuesOf(value, `${path}.`);
  });
}

const text = read("charts/crdguard/values.yaml");
const values = valuesOf(parseDocument(text).contents as YAMLMap);

describe("charts/crdguard/README.md", () => {
  it("has every value, its default and its meaning", () => {
    const cell = (content: string): string => content.replaceAll("|", String.raw`\|`);
    const table = [
      "| Value | Default | Meaning |",
      "| ----- | ------- | ------- |",
      ...values.map(
        ({ path, standard, meaning }) => `| \`${path}\` | \`${cell(JSON.stringify(standard))}\` | ${cell(meaning)} |`,
      ),
    ].join("\n");
    const readme = read("charts/crdguard/README.md");
    const updated = readme.replace(/(<!-- values -->\n)[^]*(<!-- \/values -->)/, (_, begin: string, end: string) => {
      return `${begin}${table}\n${end}`;
    });
    if (isUpdating) writeFileSync(`${CHART}README.md`, updated);

    expect(isUpdating ? updated : readme, "run the tests once with UPDATE_DOCS=1").toBe(updated);
  });
});

const schema: unknown = JSON.parse(read("charts/crdguard/values.schema.json"));
const validate = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema as object);

describe("charts/crdguard/values.schema.json", () => {
  it("knows every value, and no other", () => {
    const known = pathsOf(schema).filter((path) => path !== "global");

    expect(known.toSorted()).toEqual(values.map(({ path }) => path).toSorted());
  });

  it("takes the defaults", () => {
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each(readdirSync(`${CHART}ci`))("takes ci/%s", (file) => {
    expect(validate(parse(read(`charts/crdguard/ci/${file}`))), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each([
    { title: "a mistyped value", given: { replicas: 3 } },
    { title: "a mistyped value of a group", given: { webhook: { failurePolicy: "Fail" } } },
    { title: "a caBundle, which is the server's", given: { webhook: { caBundle: "" } } },
    { title: "a profile that there is not", given: { webhook: { profile: "closed" } } },
    { title: "a URL without TLS", given: { webhook: { url: "http://guard" } } },
    { title: "a text where a number belongs", given: { replicaCount: "2" } },
    { title: "a digest without its algorithm", given: { image: { digest: "0123" } } },
    { title: "a CRD without its group", given: { rbac: { countObjects: { crds: ["grpcroutes"] } } } },
    { title: "a wildcard over all groups, which has a value of its own", given: { rbac: { countObjects: { crds: ["*"] } } } },
    { title: "less time to end than serve takes to drain", given: { terminationGracePeriodSeconds: 5 } },
    { title: "YAML 1.1's off, which is false", given: { webhook: { clientAuth: { mode: false } } } },
  ])("refuses $title", ({ given }) => {
    expect(validate(given)).toBe(false);
  });
});

/** Down to where a value is documented: an object of ours closes itself to other members. */
function pathsOf(node: unknown, prefix = ""): readonly string[] {
  if (!isRecord(node) || !isRecord(node["properties"])) return [prefix.slice(0, -1)];
  const isDocumented = values.some(({ path }) => `${path}.` === prefix);
  if (isDocumented) return [prefix.slice(0, -1)];
  return Object.entries(node["properties"]).flatMap(([key, member]) => pathsOf(member, `${prefix}${key}.`));
}

describe("charts/crdguard/templates", () => {
  it("has helm test go by the checks of the guard, and by no other, which speak of the rest of the cluster", () => {
    const template = read("charts/crdguard/templates/tests/doctor.yaml");
    const off = [
      ...(/range list (?<ids>(?:"[^"]+" ?)+)\}\}\n\{\{- \$command = concat/
        .exec(template)
        ?.groups?.["ids"]?.matchAll(/"([^"]+)"/g) ?? []),
    ];

    expect(off.map(([, id]) => id)).toEqual(checks.map(({ id }) => id).filter((id) => !id.startsWith("guard-")));
  });

  it("holds no webhook configuration and no authority", () => {
    for (const file of readdirSync(`${CHART}templates`, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".yaml")) continue;
      const template = read(`charts/crdguard/templates/${file}`);
      expect(template, file).not.toMatch(/^kind: \w+WebhookConfiguration$|caBundle/m);
    }
  });
});
