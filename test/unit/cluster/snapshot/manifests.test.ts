import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ManifestsResult, parseManifests, readManifests } from "../../../../src/cluster/snapshot/manifests.ts";

/** One object with these lines as its data. */
function configMap(...data: readonly string[]): string {
  return ["apiVersion: v1", "kind: ConfigMap", "data:", ...data.map((line) => `  ${line}`)].join("\n");
}

function dataOf(result: ManifestsResult): unknown {
  return result.ok ? result.value.map(({ object }) => object["data"]) : result.error;
}

function namesOf(result: ManifestsResult): unknown {
  return result.ok ? result.value.map(({ file, line, object }) => [file, line, object["kind"]]) : result.error;
}

describe("parseManifests, reading scalars as kubectl does", () => {
  it.each<{ yaml: string; value: unknown }>([
    ...["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"].map((yaml) => ({ yaml, value: true })),
    ...["n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"].map((yaml) => ({ yaml, value: false })),
    { yaml: '"y"', value: "y" },
    { yaml: "'on'", value: "on" },
    { yaml: "tRUE", value: "tRUE" },
    { yaml: "=", value: "=" },
    { yaml: '["=", "!="]', value: ["=", "!="] },
    { yaml: "[=, <]", value: ["=", "<"] },
    { yaml: "2024-05-01", value: "2024-05-01" },
    { yaml: "2024-05-01T12:00:00Z", value: "2024-05-01T12:00:00Z" },
    { yaml: "1:30", value: "1:30" },
    { yaml: "1:30:00", value: "1:30:00" },
    { yaml: "190:20:30.15", value: "190:20:30.15" },
    { yaml: "010", value: 8 },
    { yaml: "0x1F", value: 31 },
    { yaml: "0b11", value: 3 },
    { yaml: "1_000", value: 1000 },
    { yaml: "08", value: 8 },
    { yaml: "1.5", value: 1.5 },
    { yaml: "1e3", value: 1000 },
    { yaml: "~", value: null },
    { yaml: "null", value: null },
    { yaml: "", value: null },
    { yaml: "v1.15", value: "v1.15" },
    { yaml: "1.15.6", value: "1.15.6" },
    { yaml: "!!str on", value: "on" },
    { yaml: "|\n    a\n    b", value: "a\nb\n" },
  ])("reads $yaml as $value", async ({ yaml, value }) => {
    expect(dataOf(await parseManifests("a.yaml", configMap(`key: ${yaml}`, "last: end")))).toEqual([{ key: value, last: "end" }]);
  });

  it("reads keys as text, booleans too", async () => {
    expect(dataOf(await parseManifests("a.yaml", configMap("on: 1", "2: 2")))).toEqual([{ true: 1, 2: 2 }]);
  });

  it("merges by << and follows aliases", async () => {
    expect(
      dataOf(await parseManifests("a.yaml", configMap("base: &base { a: 1 }", "more: { <<: *base, b: 2 }", "same: *base"))),
    ).toEqual([{ base: { a: 1 }, more: { a: 1, b: 2 }, same: { a: 1 } }]);
  });

  it("lets a __proto__ key be a key like any other", async () => {
    const result = await parseManifests("a.yaml", configMap("__proto__: { isAdmin: true }"));

    expect(Object.prototype).not.toHaveProperty("isAdmin");
    expect(result.ok && Object.hasOwn(result.value[0]?.object["data"] as object, "__proto__")).toBe(true);
  });
});

describe("parseManifests, taking files apart", () => {
  it("reads several documents, each by the line on which it begins, and passes over what is empty", async () => {
    const text = `---\n# nothing\n---\n${configMap("a: b")}\n---\n---\nnull\n---\n\n# a word\napiVersion: v1\nkind: Secret\n...\n---\n`;

    expect(namesOf(await parseManifests("a.yaml", text))).toEqual([
      ["a.yaml", 4, "ConfigMap"],
      ["a.yaml", 14, "Secret"],
    ]);
  });

  it.each(["", "\n", "# nothing\n", "---\n", "---\n---\n", "null\n", "\uFEFF"])("finds nothing in %j", async (text) => {
    expect(await parseManifests("a.yaml", text)).toEqual({ ok: true, value: [] });
  });

  it("takes lists apart, and lists in lists", async () => {
    const list = (items: readonly unknown[]): object => ({ apiVersion: "v1", kind: "List", items });
    const secret = { apiVersion: "v1", kind: "Secret" };
    const typed = { apiVersion: "apps/v1", kind: "DeploymentList", items: [{ apiVersion: "apps/v1", kind: "Deployment" }] };
    const result = await parseManifests("a.json", JSON.stringify(list([secret, list([secret, typed]), list([])])));

    expect(namesOf(result)).toEqual([
      ["a.json", 1, "Secret"],
      ["a.json", 1, "Secret"],
      ["a.json", 1, "Deployment"],
    ]);
  });

  it("takes an object whose kind ends in List, and has no items, for one object", async () => {
    expect(namesOf(await parseManifests("a.yaml", "apiVersion: own.dev/v1\nkind: AllowList\nspec: {}"))).toEqual([
      ["a.yaml", 1, "AllowList"],
    ]);
  });

  it.each([
    { title: "on one line", text: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", data: { key: "y\u2028😀\t/" } }) },
    {
      title: "indented by blanks",
      text: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", data: { key: "y\u2028😀\t/" } }, null, 2),
    },
    {
      title: "indented by tabs",
      text: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", data: { key: "y\u2028😀\t/" } }, null, "\t"),
    },
    { title: "with every escape", text: '{"apiVersion":"v1","kind":"ConfigMap","data":{"key":"y\\u2028\\ud83d\\ude00\\t\\/"}}' },
    {
      title: "with Windows' line ends",
      text: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", data: { key: "y\u2028😀\t/" } }, null, 2).replaceAll(
        "\n",
        "\r\n",
      ),
    },
  ])("reads JSON $title", async ({ text }) => {
    expect(dataOf(await parseManifests("a.json", text))).toEqual([{ key: "y\u2028😀\t/" }]);
  });

  it("reads YAML of Windows", async () => {
    expect(dataOf(await parseManifests("a.yaml", configMap("a: b", "c: on").replaceAll("\n", "\r\n")))).toEqual([
      { a: "b", c: true },
    ]);
  });
});

describe("parseManifests, refusing", () => {
  const notAnObject = "not a Kubernetes object: apiVersion and kind are needed";

  it.each([
    { title: "text", text: "hello", message: `a.yaml:1:1: ${notAnObject}` },
    { title: "a list of objects", text: "- apiVersion: v1\n  kind: Secret", message: `a.yaml:1:1: ${notAnObject}` },
    { title: "an object without a kind", text: "apiVersion: v1", message: `a.yaml:1:1: ${notAnObject}` },
    { title: "a kind that is no text", text: "apiVersion: v1\nkind: yes", message: `a.yaml:1:1: ${notAnObject}` },
    {
      title: "a list of what is no object",
      text: "apiVersion: v1\nkind: List\nitems: [1]",
      message: `a.yaml:1:1: ${notAnObject}`,
    },
    { title: "the second of two documents", text: `${configMap("a: b")}\n---\n[]`, message: `a.yaml:6:1: ${notAnObject}` },
    {
      title: "a duplicate key, as kubectl's strict reading does",
      text: configMap("a: 1", "b: 2", "a: 3"),
      message: "a.yaml:6:3: Map keys must be unique",
    },
    {
      title: "tabs as indentation",
      text: "apiVersion: v1\nkind: Secret\ndata:\n\ta: b",
      message: expect.stringMatching(/^a\.yaml:4:1: Tabs are not allowed as indentation/) as string,
    },
    { title: "an alias of nothing", text: configMap("a: *nobody"), message: "a.yaml:1:1: an alias names no anchor before it" },
    {
      title: "a bracket that never closes",
      text: configMap("a: [1"),
      message: expect.stringMatching(/^a\.yaml:4:8: Flow sequence/) as string,
    },
    { title: "a binary file", text: "\0\u0001\u0002", message: expect.stringMatching(/^a\.yaml:1:1: /) as string },
  ])("refuses $title, by file, line and column", async ({ text, message }) => {
    expect(await parseManifests("a.yaml", text)).toEqual({ ok: false, error: { code: "manifest-malformed", message } });
  });

  it("refuses billion laughs, soon and in little room", async () => {
    const levels = "abcdefghij".split("");
    const text = configMap(
      ...levels.map(
        (name, index) =>
          `${name}: &${name} [${index === 0 ? "lol" : Array.from({ length: 10 }, () => `*${levels[index - 1] ?? ""}`).join(", ")}]`,
      ),
    );
    const startedAt = performance.now();

    expect(await parseManifests("a.yaml", text)).toEqual({
      ok: false,
      error: { code: "manifest-malformed", message: "a.yaml:1:1: its aliases unfold to more than any manifest needs" },
    });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it.each([
    { title: "flow sequences", text: configMap(`a: ${"[".repeat(100_000)}`) },
    {
      title: "flow mappings that close",
      text: `{"apiVersion":"v1","kind":"List","items":${'[{"a":'.repeat(20_000)}1${"}]".repeat(20_000)}}`,
    },
    { title: "block sequences", text: configMap(`a: ${"- ".repeat(20_000)}1`) },
  ])("refuses what is nested without end, rather than break: $title", async ({ text }) => {
    expect(await parseManifests("a.yaml", text)).toMatchObject({
      ok: false,
      error: { code: "manifest-malformed", message: expect.stringMatching(/^a\.yaml:/) as string },
    });
  });
});

describe("readManifests", () => {
  async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "crdguard-manifests-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return folder;
  }

  const files = {
    "b.yaml": configMap("a: b"),
    "a.yml": configMap("a: b"),
    "c.json": JSON.stringify({ apiVersion: "v1", kind: "Secret" }),
    "README.md": "# not a manifest",
    "values.yaml.tpl": "{{ not a manifest }}",
    "below/d.yaml": configMap("a: b"),
    "below/deeper/e.yaml": configMap("a: b"),
    "folder.yaml/f.yaml": configMap("a: b"),
  };
  const flat = { isRecursive: false, readStandardInput: null };
  const recursive = { isRecursive: true, readStandardInput: null };

  async function read(paths: readonly string[], options: Parameters<typeof readManifests>[1], folder: string): Promise<unknown> {
    const result = await readManifests(
      paths.map((path) => (path === "-" ? path : join(folder, path))),
      options,
    );
    return result.ok
      ? result.value.map(({ file }) => file.replace(`${folder}/`, ""))
      : { ...result.error, message: result.error.message.replaceAll(folder, "") };
  }

  it.each([
    {
      title: "a folder, in the order of names, without those below",
      paths: ["."],
      options: flat,
      found: ["a.yml", "b.yaml", "c.json"],
    },
    {
      title: "a folder with all those below it",
      paths: ["."],
      options: recursive,
      found: ["a.yml", "b.yaml", "below/d.yaml", "below/deeper/e.yaml", "c.json", "folder.yaml/f.yaml"],
    },
    {
      title: "files and folders in the order given",
      paths: ["c.json", "below", "a.yml"],
      options: flat,
      found: ["c.json", "below/d.yaml", "a.yml"],
    },
    {
      title: "a file of any name that is given by name",
      paths: ["README.md"],
      options: flat,
      found: { code: "manifest-malformed" },
    },
  ])("reads $title", async ({ paths, options, found }) => {
    const result = await read(paths, options, await folderOf({ ...files, "README.md": "not a manifest" }));

    expect(result).toEqual(Array.isArray(found) ? found : expect.objectContaining(found));
  });

  it("reads standard input by a dash, among files", async () => {
    const options = { isRecursive: false, readStandardInput: () => Promise.resolve(configMap("a: b")) };

    expect(await read(["b.yaml", "-"], options, await folderOf(files))).toEqual(["b.yaml", "(standard input)"]);
  });

  it.each([
    {
      title: "a dash where there is no standard input",
      paths: ["-"],
      options: flat,
      error: { code: "file-unreadable", message: "-: there is no standard input" },
    },
    {
      title: "a path that is not there",
      paths: ["absent"],
      options: flat,
      error: { code: "file-unreadable", message: "/absent: no such file or folder" },
    },
    {
      title: "an empty folder",
      paths: ["empty"],
      options: flat,
      error: {
        code: "no-manifests",
        message: "/empty: no .yaml, .yml or .json file in this folder (-R reads folders below it too)",
      },
    },
    {
      title: "an empty folder, and all below it",
      paths: ["empty"],
      options: recursive,
      error: { code: "no-manifests", message: "/empty: no .yaml, .yml or .json file in this folder" },
    },
  ])("refuses $title", async ({ paths, options, error }) => {
    expect(await read(paths, options, await folderOf({ ...files, "empty/README.md": "" }))).toEqual(error);
  });

  it("refuses standard input that cannot be read", async () => {
    const options = {
      isRecursive: false,
      readStandardInput: () => Promise.reject(Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" })),
    };

    expect(await readManifests(["-"], options)).toEqual({
      ok: false,
      error: { code: "file-unreadable", message: "(standard input): cannot be read (EIO)" },
    });
  });
});
