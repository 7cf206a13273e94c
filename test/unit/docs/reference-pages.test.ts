/** The reference pages against what they speak of: error codes, log lines, metrics, declarations, the catalog's form. */
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isRecord } from "../../../src/crd/is-record.ts";
import { createMetrics } from "../../../src/observability/metrics.ts";
import { parseDeclaration, REQUIRES, USES } from "../../../src/requirements/annotations.ts";
import { ACCEPTED, SATISFIED } from "../../../src/requirements/api-requirement-status.ts";
import { parseApiRequirement } from "../../../src/requirements/api-requirement.ts";
import { parseCatalogFile } from "../../../src/requirements/catalog-form.ts";
import { parseWorkload } from "../../../src/requirements/workload.ts";
import { errorCodes, logMessages, membersOf, quotedIn, ROOT, tableRows } from "./sources.ts";

function read(page: string): Promise<string> {
  return readFile(`${ROOT}docs/${page}`, "utf8");
}

describe("docs/errors.md", () => {
  it("lists every error code of the sources", async () => {
    const { codes } = await errorCodes();
    const documented = await documentedCodes();

    expect([...codes].filter((code) => !documented.has(code)).toSorted()).toEqual([]);
  });

  it("lists no code that the sources do not have", async () => {
    const { codes, prefixes } = await errorCodes();
    const isMade = (code: string): boolean =>
      [...prefixes].some((prefix) => code.startsWith(prefix) && codes.has(code.slice(prefix.length)));
    // It is written by bin/crdguard.js, which runs where the sources cannot.
    const known = new Set([...codes, "node-too-old"]);

    expect([...(await documentedCodes())].filter((code) => !known.has(code) && !isMade(code))).toEqual([]);
  });

  it("has one row for each error of the command line", async () => {
    const [, text = ""] = (await read("errors.md")).split("## Errors of the command line");
    const codes = tableRows(text.split("### ")[0] ?? "").flatMap(([, code = ""]) => quotedIn(code));

    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it("finds the codes it is about", async () => {
    const { codes, prefixes } = await errorCodes();

    expect([...codes]).toEqual(
      expect.arrayContaining(["overloaded", "path-unknown", "nothing-to-check", "key-mismatch", "deadline-exceeded"]),
    );
    expect([...prefixes]).toContain("cluster-");
  });

  /** The first or second cell of a row holds the code, sometimes several. */
  async function documentedCodes(): Promise<ReadonlySet<string>> {
    const cells = tableRows(await read("errors.md")).flatMap((row) => row.slice(0, 2));
    return new Set(
      cells
        .filter((cell) => /^`[^`]+`(?:, `[^`]+`)*$/.test(cell))
        .flatMap(quotedIn)
        .filter((code) => /^[a-z][a-z-]+$/.test(code)),
    );
  }
});

describe("docs/log-and-metrics.md", () => {
  it("lists every log line, with its level", async () => {
    const rows = tableRows(await read("log-and-metrics.md")).filter(([level = ""]) =>
      ["debug", "info", "warn", "error"].includes(level),
    );
    const documented = rows.map(([level, message = ""]) => `${level ?? ""} ${quotedIn(message)[0] ?? ""}`);
    const messages = new Set((await logMessages()).map(({ level, message }) => `${level} ${message}`));

    expect(documented.toSorted()).toEqual([...messages].toSorted());
  });

  it("lists every field of log lines", async () => {
    const firstCells = tableRows(await read("log-and-metrics.md")).flatMap(([cell = ""]) => quotedIn(cell));

    expect(firstCells).toEqual(expect.arrayContaining([...(await membersOf("LogFields"))]));
  });

  it("lists every metric, with its type", async () => {
    const rows = tableRows(await read("log-and-metrics.md")).filter(
      ([name = "", type = ""]) => /^`crdguard_\w+`$/.test(name) && type !== "",
    );
    const metrics = (await createMetrics().registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith("crdguard_"));
    const documented = rows
      .map(([name = "", type]) => ({ name: quotedIn(name)[0], type }))
      .filter(({ type }) => /^[a-z]+$/.test(type ?? ""));

    expect(documented).toEqual(metrics.map(({ name, type }) => ({ name, type })));
  });
});

describe("docs/adr/README.md", () => {
  it("lists every decision once, in order", async () => {
    const listed = tableRows(await read("adr/README.md")).flatMap(
      ([cell = ""]) => /\((?<file>[^)]+)\)/.exec(cell)?.groups?.["file"] ?? [],
    );
    const files = (await readdir(`${ROOT}docs/adr`)).filter((file) => /^\d/.test(file));

    expect(listed).toEqual(files.toSorted());
  });
});

describe("docs/requirements.md", () => {
  it("has an example whose declarations can be read", async () => {
    const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(await read("requirements.md")) ?? [];
    const manifest: unknown = parse(yaml);
    const annotations = isRecord(manifest) && isRecord(manifest["metadata"]) ? manifest["metadata"]["annotations"] : undefined;
    const workload = parseWorkload({ metadata: { name: "turner", annotations }, spec: { template: {} } }, "Deployment");

    for (const key of [REQUIRES, USES] as const) {
      expect(parseDeclaration(key, workload?.annotations[key] ?? "")).toMatchObject({ ok: true });
    }
  });

  it("has an example of an APIRequirement that can be read", async () => {
    const [, yaml = ""] = /```yaml\n(apiVersion: crdguard\.dev[\s\S]*?)```/.exec(await read("requirements.md")) ?? [];

    expect(parseApiRequirement(parse(yaml))).toMatchObject({ ok: true, value: { namespace: "mill", name: "turner" } });
  });

  it("lists every reason of the conditions, and no other", async () => {
    const rows = tableRows(await read("requirements.md")).filter(([, status = ""]) => /^`(?:True|False|Unknown)`$/.test(status));
    const documented = rows.map(([, status = "", reason = ""]) => [quotedIn(reason)[0], quotedIn(status)[0]]);

    expect(documented).toEqual([...Object.entries(ACCEPTED), ...Object.entries(SATISFIED)]);
  });
});

describe("docs/catalog.md", () => {
  it("has an example that is a catalog file", async () => {
    const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(await read("catalog.md")) ?? [];

    expect(parseCatalogFile(parse(yaml))).toMatchObject({ ok: true, value: { id: "turner" } });
  });
});
