/** What the GitHub Action runs, in an environment like that of a runner. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createProgram } from "../../../src/cli/program.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

let folder: string;

/** Records how it was called, prints what the test has put into `answers/<format>`, and ends as it has put into `answers/status`. */
const STAND_IN = `#!/bin/sh
here=$(dirname "$0")
for argument; do printf '%s\\n' "$argument"; done >>"$here/../calls"; echo -- >>"$here/../calls"
for format; do :; done
format=\${format#--output=}
[ -f "$here/../answers/errors" ] && cat "$here/../answers/errors" >&2
[ -f "$here/../answers/$format" ] && cat "$here/../answers/$format"
exit "$(cat "$here/../answers/$format.status" 2>/dev/null || cat "$here/../answers/status")"
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crdguard-action-"));
  for (const name of ["bin", "answers", "workspace", "runner temp"]) mkdirSync(join(folder, name));
  executable("bin/crdguard", STAND_IN);
  symlinkSync(process.execPath, join(folder, "bin/node"));
  answers({
    status: "0",
    json: '{"verdict":"allow"}',
    text: "✓ allowed\n",
    github: "",
    markdown: "## fine\n",
    sarif: "{}",
    junit: "<a/>",
  });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function answers(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "answers", name), text);
}

function executable(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
  chmodSync(join(folder, path), 0o755);
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the last line for each name says. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Arguments of each call of the stand-in. */
  readonly calls: readonly (readonly string[])[];
}

function run(inputs: Readonly<Record<string, string>>, cwd = join(folder, "workspace")): Ran {
  const environment = Object.entries({ against: "cluster", version: "none", ...inputs }).map(
    ([name, value]) => [`INPUT_${name.toUpperCase().replaceAll("-", "_")}`, value] as const,
  );
  const { status, stdout, stderr } = spawnSync("bash", [join(ROOT, "action/run.sh")], {
    cwd,
    env: {
      PATH: [join(folder, "bin"), process.env["PATH"] ?? ""].join(delimiter),
      HOME: folder,
      GITHUB_ACTION_PATH: ROOT,
      GITHUB_OUTPUT: join(folder, "output"),
      GITHUB_STEP_SUMMARY: join(folder, "summary"),
      RUNNER_TEMP: join(folder, "runner temp"),
      ...Object.fromEntries(environment),
    },
    encoding: "utf8",
  });
  const calls = read("calls").split("--\n").slice(0, -1);
  return {
    status,
    stdout,
    stderr,
    outputs: Object.fromEntries(
      read("output")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    ),
    summary: read("summary"),
    calls: calls.map((call) => call.split("\n").slice(0, -1)),
  };
}

function read(path: string): string {
  return existsSync(join(folder, path)) ? readFileSync(join(folder, path), "utf8") : "";
}

/** Text that was shown, without the words around it that keep the runner from taking its lines for commands. */
function shown(stdout: string): readonly string[] {
  return [...stdout.matchAll(/^::stop-commands::(?<word>[0-9a-f]{32})\n(?<text>[^]*?)\n::\k<word>::$/gm)].map(
    ({ groups }) => groups?.["text"] ?? "",
  );
}

describe("the action", () => {
  it("asks with what the inputs say, never takes a value for a flag, and once for each place that it tells at", () => {
    const { calls } = run({
      filename: "crds.yaml\n\n  charts/my chart/crds \r\n--kubeconfig=/etc/passwd\n$(touch hacked)`touch hacked`\n",
      kustomize: "overlays/prod",
      delete: "gears.own.dev\ncogs.own.dev",
      against: "prod.crdguard.json.gz",
      namespace: "mill",
      "fail-on": "warn",
      rules: "objects-deleted=warn\nversion-in-use-unserved=off",
      catalog: "catalog",
      kubeconfig: "/k u b e",
      context: "prod",
      recursive: "true",
      prune: "true",
      annotations: "true",
      summary: "true",
      "sarif-file": "crdguard.sarif",
      "junit-file": "crdguard.xml",
    });

    const asked = [
      "check",
      "--filename=crds.yaml",
      "--filename=charts/my chart/crds",
      "--filename=--kubeconfig=/etc/passwd",
      "--filename=$(touch hacked)`touch hacked`",
      "--kustomize=overlays/prod",
      "--delete=gears.own.dev",
      "--delete=cogs.own.dev",
      "--rule=objects-deleted=warn",
      "--rule=version-in-use-unserved=off",
      "--catalog=catalog",
      "--against=prod.crdguard.json.gz",
      "--namespace=mill",
      "--fail-on=warn",
      "--kubeconfig=/k u b e",
      "--context=prod",
      "--recursive",
      "--prune",
    ];
    expect(calls).toEqual(
      ["json", "text", "github", "markdown", "sarif", "junit"].map((format) => [...asked, `--output=${format}`]),
    );
    expect(existsSync(join(folder, "workspace/hacked"))).toBe(false);
  });

  it("leaves out what is not given", () => {
    expect(run({ filename: "a", annotations: "false", summary: "false", "sarif-file": "" }).calls).toEqual(
      ["json", "text"].map((format) => ["check", "--filename=a", "--against=cluster", `--output=${format}`]),
    );
  });

  it.each([
    { verdict: "allow", status: 0 },
    { verdict: "deny", status: 1 },
    { verdict: "deny", status: 0 },
    { verdict: "undecided", status: 3 },
  ])("ends as the check does, and tells where people look: $verdict, $status", ({ verdict, status }) => {
    answers({
      status: String(status),
      json: JSON.stringify({ verdict }),
      text: "what was found",
      github: "::error file=crds.yaml,line=3::bad\n",
      markdown: "## found\n",
      sarif: '{"version":"2.1.0"}',
    });

    const ran = run({ filename: "crds.yaml", annotations: "true", summary: "true", "sarif-file": "out.sarif" });

    expect(ran).toMatchObject({ status, stderr: "", summary: "## found\n" });
    expect(ran.outputs).toEqual({
      result: verdict,
      report: expect.stringMatching(/\/runner temp\/crdguard\.\w+\/report\.json$/) as string,
      "sarif-file": join(folder, "workspace/out.sarif"),
    });
    expect(read("workspace/out.sarif")).toBe('{"version":"2.1.0"}');
    expect(JSON.parse(readFileSync(ran.outputs["report"] ?? "", "utf8"))).toEqual({ verdict });
    expect(shown(ran.stdout)).toEqual(["what was found"]);
    expect(ran.stdout.split("\n")).toContain("::error file=crds.yaml,line=3::bad");
  });

  it("lets no line of a report become a command of the runner", () => {
    answers({ text: "::set-output name=result::allow\n::add-mask::x\n", errors: "::warning::from a manifest\n" });
    const { stdout } = run({ filename: "a" });
    const commands = stdout.replaceAll(/^::stop-commands::(\w+)\n[^]*?\n::\1::$/gm, "").match(/^::.*$/gm);

    expect(commands).toBeNull();
    expect(shown(stdout).map((text) => text.trim())).toEqual([
      "::warning::from a manifest",
      "::set-output name=result::allow\n::add-mask::x",
    ]);
  });

  it.each([
    { title: "wrong usage", status: "2", ends: 2 },
    { title: "a cluster out of reach", status: "3", ends: 3 },
    { title: "a crash", status: "134", ends: 134 },
    { title: "silence", status: "0", ends: 3 },
  ])("fails with one annotation where there is no report: $title", ({ status, ends }) => {
    answers({ status, json: "", errors: "crdguard: error (code): 100% wrong\nand more" });

    const ran = run({ filename: "a", annotations: "true", summary: "true", "sarif-file": "s" });

    expect(ran).toMatchObject({ status: ends, outputs: { result: "undecided" }, summary: "" });
    expect(ran.stdout).toBe("::error title=crdguard::crdguard: error (code): 100%25 wrong%0Aand more\n");
    expect(ran.calls).toHaveLength(1);
    expect(existsSync(join(folder, "workspace/s"))).toBe(false);
  });

  it.each([
    { title: "a report without a verdict", json: '{"kind":"List"}' },
    { title: "a verdict that is none", json: '{"verdict":"allow\\nresult=deny"}' },
  ])("fails on $title", ({ json }) => {
    answers({ json });

    expect(run({ filename: "a" })).toMatchObject({
      status: 3,
      stdout: "::error title=crdguard::the report has no verdict\n",
      outputs: { result: "undecided" },
    });
  });

  it("fails where one place is not told what another is", () => {
    answers({ "sarif.status": "2", errors: "crdguard: error: no such output" });
    const ran = run({ filename: "a", "sarif-file": "s.sarif" });

    expect(ran.status).toBe(3);
    expect(ran.stdout).toContain(
      "::error title=crdguard::crdguard check --output=sarif ended with 2, and with 0 before: crdguard: error: no such output\n",
    );
  });

  it.each([
    { inputs: { recursive: "yes" }, message: 'recursive takes true or false, not "yes"' },
    { inputs: { summary: "1" }, message: 'summary takes true or false, not "1"' },
    { inputs: { "working-directory": "no-such" }, message: 'working-directory: there is no folder "no-such"' },
    { inputs: { "sarif-file": "a\nresult=allow" }, message: "sarif-file, junit-file and working-directory take one line" },
    { inputs: { version: "file:../evil" }, message: 'version takes a version of the npm package, not "file:../evil"' },
    { inputs: { version: "1.0.0 left-pad" }, message: 'version takes a version of the npm package, not "1.0.0 left-pad"' },
    { inputs: { version: "--registry=x" }, message: 'version takes a version of the npm package, not "--registry=x"' },
  ])("refuses $inputs", ({ inputs, message }) => {
    expect(run({ filename: "a", ...inputs })).toMatchObject({
      status: 2,
      stdout: `::error title=crdguard::${message}\n`,
      calls: [],
      outputs: { result: "undecided" },
    });
  });

  it("works in the folder that it is told", () => {
    mkdirSync(join(folder, "workspace/deep er"));

    expect(run({ filename: "a", "working-directory": "deep er", "sarif-file": "s.sarif" }).outputs["sarif-file"]).toBe(
      join(folder, "workspace/deep er/s.sarif"),
    );
  });

  describe("installs the package", () => {
    const NPM = `#!/bin/sh
printf '%s\\n' "$@" >"$(dirname "$0")/../npm"
pwd >>"$(dirname "$0")/../npm"
[ -f "$(dirname "$0")/../npm-fails" ] && { echo "npm error ::error::E404"; exit 1; }
mkdir -p node_modules/.bin && cp "$(dirname "$0")/installed" node_modules/.bin/crdguard
`;
    beforeEach(() => {
      executable("bin/npm", NPM);
      executable("bin/installed", `#!/bin/sh\necho '{"verdict":"deny"}'; exit 1\n`);
    });

    it.each([
      { title: "that the action is of", version: "", spec: `crdguard@${packageVersion()}` },
      { title: "that is asked for", version: "1.2.3-rc.1", spec: "crdguard@1.2.3-rc.1" },
      { title: "by a tag", version: "latest", spec: "crdguard@latest" },
    ])("$title, away from the repository, and uses it", ({ version, spec }) => {
      const ran = run({ filename: "a", version, "sarif-file": "" });
      const words = read("npm").split("\n").slice(0, -1);

      expect(ran).toMatchObject({ status: 1, outputs: { result: "deny" }, calls: [] });
      expect(words.at(-2)).toBe(spec);
      expect(words.at(-1)).toMatch(/\/runner temp\/crdguard\.\w+\/package$/);
    });

    it("or fails, with npm's words", () => {
      writeFileSync(join(folder, "npm-fails"), "");
      const ran = run({ filename: "a", version: "9.9.9" });

      expect(ran).toMatchObject({ status: 3, outputs: { result: "undecided" } });
      expect(shown(ran.stdout).map((text) => text.trim())).toEqual(["npm error ::error::E404"]);
      expect(ran.stdout).toMatch(/\n::error title=crdguard::crdguard 9\.9\.9 could not be installed\n$/);
    });
  });
});

describe("the action with crdguard itself", () => {
  const formats = createProgram({
    program: "crdguard",
    terminal: { print: () => undefined, tell: () => undefined, hasColors: false, columns: null },
    end: () => undefined,
  })
    .commands.find((command) => command.name() === "check")
    ?.options.find(({ long }) => long === "--output")?.argChoices;

  beforeEach(() => {
    rmSync(join(folder, "bin/crdguard"));
    symlinkSync(join(ROOT, "bin/crdguard.js"), join(folder, "bin/crdguard"));
  });

  const inputs = { filename: "demo/changes/grpcroutes-v1.1.0-standard.yaml", against: "demo/cluster" };

  it("denies the first change of the demo", () => {
    const ran = run({ ...inputs, annotations: "false", summary: "false", "sarif-file": "" }, ROOT);

    expect(ran).toMatchObject({ status: 1, stderr: "", outputs: { result: "deny" } });
    expect(shown(ran.stdout).join("\n")).toContain('"v1alpha2" would no longer be served');
  });

  it.skipIf(!["sarif", "junit", "github", "markdown"].every((format) => formats?.includes(format)))(
    "tells it at every place",
    () => {
      const [sarif, junit] = [join(folder, "a.sarif"), join(folder, "a.xml")];
      const ran = run(
        { ...inputs, annotations: "true", summary: "true", "fail-on": "none", "sarif-file": sarif, "junit-file": junit },
        ROOT,
      );

      expect(ran).toMatchObject({ status: 0, stderr: "", outputs: { result: "deny", "sarif-file": sarif } });
      expect(ran.stdout).toMatch(/^::error .*file=demo\/changes\/grpcroutes-v1\.1\.0-standard\.yaml,line=\d+/m);
      expect(ran.summary).toContain("grpcroutes.gateway.networking.k8s.io");
      expect(JSON.parse(read("a.sarif"))).toMatchObject({ version: "2.1.0" });
      expect(read("a.xml")).toMatch(/<testsuites?\b/);
    },
  );
});

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly version: string };
  return version;
}
