/** The guides against what they speak of: commands, flags, inputs of the action, hooks, and versions. */
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { isRecord } from "../../../src/crd/is-record.ts";
import { callsIn, findUnknown } from "../../support/command-lines.ts";
import { ROOT, tableRows, quotedIn } from "./sources.ts";

const pages = (await readdir(`${ROOT}docs/guides`)).filter((name) => name.endsWith(".md")).toSorted();

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const blocks: readonly Block[] = (
  await Promise.all(
    pages.map(async (page) =>
      [...(await read(`docs/guides/${page}`)).matchAll(/```(?<language>\w+)\n(?<text>[^]*?)```/g)].map(({ groups }) => ({
        page,
        language: groups?.["language"] ?? "",
        text: groups?.["text"] ?? "",
      })),
    ),
  )
).flat();

const yamlBlocks = blocks.filter(({ language }) => language === "yaml");

function read(path: string): Promise<string> {
  return readFile(`${ROOT}${path}`, "utf8");
}

/** Every object within a value, itself included. */
function objectsIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  return isRecord(value) ? [value, ...Object.values(value).flatMap(objectsIn)] : [];
}

function objectsOf(text: string): readonly Readonly<Record<string, unknown>>[] {
  return parseAllDocuments(text).flatMap((document) => objectsIn(document.toJS()));
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

describe("docs/guides", () => {
  it("are listed on their first page", async () => {
    const linked = [...(await read("docs/guides/README.md")).matchAll(/\]\((?<page>[\w-]+\.md)\)/g)].map(
      ({ groups }) => groups?.["page"],
    );

    expect([...new Set(linked)].toSorted()).toEqual(pages.filter((page) => page !== "README.md"));
  });

  it.each(yamlBlocks)("have YAML that can be read, and that says where it goes: $page", ({ text }) => {
    expect(parseAllDocuments(text, { uniqueKeys: true }).flatMap(({ errors }) => errors)).toEqual([]);
    expect(text).toMatch(/^# \S/);
  });

  it("call crdguard by commands and flags that there are", () => {
    const calls = blocks.flatMap(({ page, text }) => callsIn(text).map((words) => ({ page, words })));

    expect(calls.length).toBeGreaterThan(12);
    expect(calls.flatMap(({ page, words }) => findUnknown(words).map((problem) => `${page}: ${problem}`))).toEqual([]);
  });

  it("give containers and hooks arguments that there are", async () => {
    const manifests = await Promise.all(["doctor/cronjob.yaml"].map((path) => read(`manifests/${path}`)));
    const objects = [...yamlBlocks.map(({ text }) => text), ...manifests].flatMap(objectsOf);
    const calls = objects.flatMap((each) => {
      if (typeof each["image"] === "string" && each["image"].includes("crdguard/crdguard")) return [textsOf(each["args"])];
      if (each["id"] === "crdguard" && each["args"] !== undefined) return [["check", ...textsOf(each["args"])]];
      return each["op"] === "replace" && Array.isArray(each["value"]) ? [textsOf(each["value"])] : [];
    });
    // A patch is text within YAML.
    const patches = objects.flatMap((each) => (typeof each["patch"] === "string" ? objectsIn(parse(each["patch"])) : []));
    calls.push(...patches.filter((each) => Array.isArray(each["value"])).map((each) => textsOf(each["value"])));

    expect(calls.length).toBeGreaterThan(4);
    expect(calls.flatMap(findUnknown)).toEqual([]);
  });

  it("speak of one version, that of package.json", async () => {
    const { version } = parse(await read("package.json")) as { readonly version: string };
    const texts = [
      ...blocks.map(({ text }) => text),
      await read("manifests/doctor/cronjob.yaml"),
      await read(".pre-commit-hooks.yaml"),
    ];
    const found = texts.flatMap((text) =>
      [...text.matchAll(/(?:crdguard(?:@v?|:)|rev: v|ref=v)(?<version>\d[\w.-]*)/g)].map(({ groups }) => groups?.["version"]),
    );

    expect(found.length).toBeGreaterThan(10);
    expect([...new Set(found)]).toEqual([version]);
  });
});

describe("a call in a document", () => {
  it.each([
    { shell: "crdguard check -f a --against live", words: [["check", "-f", "a", "--against", "live"]] },
    { shell: "helm template x | crdguard check -f - > out", words: [["check", "-f", "-"]] },
    { shell: "source <(crdguard completion bash)   # ~/.bashrc", words: [["completion", "bash"]] },
    { shell: "- npx --yes crdguard@1.2.3 check -o junit", words: [["check", "-o", "junit"]] },
    { shell: "kubectl --namespace crdguard get jobs", words: [] },
    { shell: "npm install --global crdguard", words: [] },
    { shell: `crdguard check --context "$A:b c"`, words: [["check", "--context", "$A:b c"]] },
  ])("is found: $shell", ({ shell, words }) => {
    expect(callsIn(shell)).toEqual(words);
  });

  it.each([
    { call: "check --filename a --against live", unknown: [] },
    { call: "chek -f a", unknown: ["chek"] },
    { call: "catalog shwo", unknown: ["catalog shwo"] },
    { call: "check --fiel a -f b --gone", unknown: ["check --fiel", "check --gone"] },
    { call: "check -o yodel", unknown: ["check --output=yodel"] },
    { call: "check --output=yodel", unknown: ["check --output=yodel"] },
  ])("is held against what there is: $call", ({ call, unknown }) => {
    expect(findUnknown(call.split(" "))).toEqual(unknown);
  });
});

describe("docs/guides/github-actions.md", () => {
  it("tells every input and output of the action, and uses no other", async () => {
    const action = parse(await read("action.yml")) as {
      readonly inputs: Readonly<Record<string, unknown>>;
      readonly outputs: Readonly<Record<string, unknown>>;
    };
    const told = tableRows(await read("docs/guides/github-actions.md")).flatMap(([cell = ""]) => quotedIn(cell));
    const used = yamlBlocks
      .flatMap(({ text }) => objectsOf(text))
      .filter(({ uses }) => typeof uses === "string" && uses.startsWith("crdguard/"))
      .flatMap((step) => (isRecord(step["with"]) ? Object.keys(step["with"]) : []));

    expect([...new Set(told)].toSorted()).toEqual(
      [...new Set([...Object.keys(action.inputs), ...Object.keys(action.outputs)])].toSorted(),
    );
    expect(used.filter((input) => !(input in action.inputs))).toEqual([]);
    expect(used.length).toBeGreaterThan(0);
  });
});

describe("docs/guides/pre-commit.md", () => {
  it("uses hooks that .pre-commit-hooks.yaml has", async () => {
    const hooks = parse(await read(".pre-commit-hooks.yaml")) as readonly { readonly id: string; readonly entry: string }[];
    const used = yamlBlocks
      .flatMap(({ text }) => objectsOf(text))
      .filter(({ repo }) => typeof repo === "string" && repo.includes("crdguard"))
      .flatMap(({ hooks: listed }) => objectsIn(listed).map(({ id }) => id));

    expect([...new Set(used)].toSorted()).toEqual(hooks.map(({ id }) => id).toSorted());
    expect(hooks.flatMap(({ entry }) => callsIn(entry)).flatMap(findUnknown)).toEqual([]);
  });
});
