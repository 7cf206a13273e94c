import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { problemsOfReport } from "../../support/report-schema.ts";
import { readXml } from "../explain/outputs/read-xml.ts";
import { programOf } from "../../../src/cli/invocation.ts";
import { folderOf, gears, V1, V1ALPHA1 } from "./support/run-crdguard.ts";

const { version: VERSION } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const MAIN = join(ROOT, "src/cli/main.ts");

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Ran {
  const ran: SpawnSyncReturns<string> = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: options.cwd ?? ROOT,
    input: options.input ?? "",
    env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), ...options.env },
    encoding: "utf8",
    timeout: 15_000,
  });
  return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

const CLUSTER = {
  "crds.yaml": gears(`${V1}, ${V1ALPHA1}`, { status: "status: { storedVersions: [v1alpha1, v1] }" }),
  "objects.yaml": "apiVersion: own.dev/v1\nkind: Gear\nmetadata: { name: g1, namespace: mill }\n",
};

describe("crdguard, used wrongly", () => {
  const folder = folderOf(
    {
      "empty/readme.txt": "nothing",
      "deep/below/crd.yaml": gears(V1),
      "without-crds/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n",
      "malformed.yaml": "a: 1\nb: [1, 2\nc: 3\n",
      "duplicate.yaml": "apiVersion: v1\nkind: ConfigMap\nkind: Secret\n",
      "not-an-object.yaml": "---\n# nothing\n---\n- a\n",
      "malformed-crd.yaml": `---\n${gears("{ name: v1, served: yes please, storage: true }")}`,
      "beta-crd.yaml": gears(V1).replace("k8s.io/v1", "k8s.io/v1beta1"),
      "hostile.yaml": gears(
        '{ name: "v1\\n\\e[2J", served: true, storage: true }, { name: "v1\\n\\e[2J", served: true, storage: false }',
      ),
      "good.yaml": gears(V1),
      "cluster/crd.yaml": gears(V1),
      "nothing.yaml": "",
      "broken-cluster/crd.yaml": gears("1"),
      "broken-cluster2/workload.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\n",
    },
    afterAll,
  );
  const against = ["--against", join(folder, "cluster")];

  it.each<{ title: string; args: readonly string[]; line: string }>([
    { title: "an unknown flag", args: ["--loud"], line: "crdguard: error: unknown option '--loud' (crdguard --help tells more)" },
    {
      title: "an unknown flag of a command",
      args: ["check", "--loud", ...against],
      line: "crdguard: error: unknown option '--loud' (crdguard --help tells more)",
    },
    {
      title: "an unknown command",
      args: ["chekc"],
      line: "crdguard: error: unknown command 'chekc'; did you mean check? (crdguard --help tells more)",
    },
    {
      title: "no word of what to check against",
      args: ["check", "-f", "x"],
      line: "crdguard: error (flags-incomplete): give the cluster as it is: --against live, a snapshot, or a folder",
    },
    {
      title: "a mistyped flag, even where another is missing",
      args: ["check", "--agianst", "x"],
      line: "crdguard: error: unknown option '--agianst'; did you mean --against? (crdguard --help tells more)",
    },
    {
      title: "nothing to check",
      args: ["check", ...against],
      line: "crdguard: error (nothing-to-check): give the new CRDs and workloads: -f FILE, -f FOLDER, -f URL, -k FOLDER, or -f - for standard input; or --delete CRD",
    },
    {
      title: "an argument too many",
      args: ["demo", "more"],
      line: "crdguard: error: too many arguments for 'demo'. Expected 0 arguments but got 1: more. (crdguard --help tells more)",
    },
    {
      title: "an unknown output format",
      args: ["check", "-o", "xml", ...against],
      line: "crdguard: error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are text, json, yaml, sarif, junit, github, markdown. (crdguard --help tells more)",
    },
    {
      title: "a missing file",
      args: ["check", "-f", join(folder, "absent.yaml"), ...against],
      line: `crdguard: error (file-unreadable): ${folder}/absent.yaml: no such file or folder`,
    },
    {
      title: "a missing cluster folder",
      args: ["check", "-f", join(folder, "good.yaml"), "--against", join(folder, "absent")],
      line: `crdguard: error (file-unreadable): ${folder}/absent: no such file or folder`,
    },
    {
      title: "a folder without manifests",
      args: ["check", "-f", join(folder, "empty"), ...against],
      line: `crdguard: error (no-manifests): ${folder}/empty: no .yaml, .yml or .json file in this folder (-R reads folders below it too)`,
    },
    {
      title: "a folder with manifests only below it",
      args: ["check", "-f", join(folder, "deep"), ...against],
      line: `crdguard: error (no-manifests): ${folder}/deep: no .yaml, .yml or .json file in this folder (-R reads folders below it too)`,
    },
    {
      title: "a folder without CRDs",
      args: ["check", "-f", join(folder, "without-crds"), ...against],
      line: `crdguard: error (nothing-to-check): ${folder}/without-crds: no CustomResourceDefinition, Deployment, StatefulSet or DaemonSet in there`,
    },
    {
      title: "malformed YAML, by line and column",
      args: ["check", "-f", join(folder, "malformed.yaml"), ...against],
      line: `crdguard: error (manifest-malformed): ${folder}/malformed.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]`,
    },
    {
      title: "a duplicate key, by line and column",
      args: ["check", "-f", join(folder, "duplicate.yaml"), ...against],
      line: `crdguard: error (manifest-malformed): ${folder}/duplicate.yaml:3:1: Map keys must be unique`,
    },
    {
      title: "YAML that is no object",
      args: ["check", "-f", join(folder, "not-an-object.yaml"), ...against],
      line: `crdguard: error (manifest-malformed): ${folder}/not-an-object.yaml:4:1: not a Kubernetes object: apiVersion and kind are needed`,
    },
    {
      title: "a malformed CRD, by line and member",
      args: ["check", "-f", join(folder, "malformed-crd.yaml"), ...against],
      line: `crdguard: error (manifest-malformed): ${folder}/malformed-crd.yaml:2:1: spec.versions[0].served: expected true or false`,
    },
    {
      title: "a CRD of v1beta1",
      args: ["check", "-f", join(folder, "beta-crd.yaml"), ...against],
      line: `crdguard: error (manifest-malformed): ${folder}/beta-crd.yaml:1:1: apiVersion: expected apiextensions.k8s.io/v1; no API server since 1.22 serves another`,
    },
    {
      title: "hostile names, harmlessly",
      args: ["check", "-f", join(folder, "hostile.yaml"), ...against],
      line: `crdguard: error (manifest-malformed): ${folder}/hostile.yaml:1:1: spec.versions[1].name: "v1\\u000a\\u001b[2J" is listed twice`,
    },
    {
      title: "a cluster folder with a malformed CRD",
      args: ["check", "-f", join(folder, "good.yaml"), "--against", join(folder, "broken-cluster")],
      line: `crdguard: error (manifest-malformed): ${folder}/broken-cluster/crd.yaml:1:1: spec.versions[0]: expected an object`,
    },
    {
      title: "a cluster folder with half a workload",
      args: ["check", "-f", join(folder, "good.yaml"), "--against", join(folder, "broken-cluster2")],
      line: `crdguard: error (manifest-malformed): ${folder}/broken-cluster2/workload.yaml:1:1: a Deployment needs metadata.name and spec.template`,
    },
    ...["gear.own.dev", "gears", "Gear"].map((typed) => ({
      title: `the deletion of ${typed}, and knows what was meant`,
      args: ["check", "--delete", typed, ...against],
      line: `crdguard: error (crd-unknown): --delete ${typed}: the cluster has no such CustomResourceDefinition; did you mean gears.own.dev?`,
    })),
    {
      title: "the deletion of what is like none",
      args: ["check", "--delete", "certificates.cert-manager.io", ...against],
      line: "crdguard: error (crd-unknown): --delete certificates.cert-manager.io: the cluster has no such CustomResourceDefinition; kubectl get crd lists the names",
    },
    {
      title: "a cluster of an empty file",
      args: ["check", "-f", join(folder, "good.yaml"), "--against", join(folder, "nothing.yaml")],
      line: `crdguard: error (no-manifests): ${folder}/nothing.yaml: no Kubernetes object in there, to judge by`,
    },
    {
      title: "a setting of an unknown rule",
      args: ["check", "--rule", "stored-version=warn", ...against],
      line: `crdguard: error (rule-setting-invalid): --rule: "stored-version" is no rule; the rules are bundle-downgraded, conversion-lost, object-pruned, object-rejected, objects-deleted, owner-changed, required-resource-deleted, required-version-unserved, schema-narrowed, storage-version-downgraded, stored-version-forgotten, stored-version-removed, version-in-use-unserved, workload-requirement-unmet`,
    },
    {
      title: "a setting that is none",
      args: ["check", "--rule", "objects-deleted", ...against],
      line: `crdguard: error (rule-setting-invalid): --rule: "objects-deleted" is not of the form <rule-id>=deny|warn|audit|off`,
    },
    {
      title: "an address without a port",
      args: ["serve", "--listen", "localhost"],
      line: "crdguard: error: option '--listen <host:port>' argument 'localhost' is invalid: give HOST:PORT, for example 127.0.0.1:8443. (crdguard --help tells more)",
    },
    {
      title: "a port that is none",
      args: ["serve", "--health-listen", "127.0.0.1:70000"],
      line: "crdguard: error: option '--health-listen <host:port>' argument '127.0.0.1:70000' is invalid: give HOST:PORT, for example 127.0.0.1:8443. (crdguard --help tells more)",
    },
    {
      title: "a drain without end",
      args: ["serve", "--drain-seconds", "1e9"],
      line: "crdguard: error: option '--drain-seconds <number>' argument '1e9' is invalid: give seconds from 0 to 600. (crdguard --help tells more)",
    },
    {
      title: "a certificate without its key",
      args: ["serve", "--tls-cert-file", "tls.crt", "--facts", join(folder, "cluster")],
      line: "crdguard: error (flags-incomplete): --tls-cert-file and --tls-private-key-file go together",
    },
    {
      title: "a registration of a folder",
      args: ["serve", "--register-url", "https://localhost:8443", "--facts", join(folder, "cluster")],
      line: "crdguard: error (flags-conflict): --register-url needs a cluster, which --facts stands in for: give one of them",
    },
  ])("refuses $title by status 2 and one line", ({ args, line }) => {
    expect(run(args)).toEqual({ status: 2, stdout: "", stderr: `${line}\n` });
  });

  it("tells what it can do when it is given nothing, by status 2", () => {
    const { status, stdout, stderr } = run([]);

    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^Usage: crdguard \[options\] \[command\]\n/);
    expect(stderr).not.toContain("(outputHelp)");
  });
});

describe("crdguard --help", () => {
  const COMMANDS = [
    "check",
    "plan",
    "snapshot",
    "doctor",
    "requirements",
    "override",
    "migrate",
    "backup",
    "restore",
    "serve",
    "install",
    "render",
    "uninstall",
    "catalog",
    "matrix",
    "demo",
    "completion",
  ];

  it("lists the commands on standard output, by status 0", () => {
    const { status, stdout, stderr } = run(["--help"]);

    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect([...stdout.matchAll(/^ {2}(\w+) (?:\[|<| )/gm)].map(([, command]) => command)).toEqual([...COMMANDS, "help"]);
  });

  it.each([...COMMANDS, "catalog lint", "catalog show"])("explains %s, with examples, within a terminal's width", (command) => {
    const { status, stdout } = run([...command.split(" "), "--help"]);

    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: crdguard ${command} \\[options\\]`));
    expect(stdout).toMatch(/\nExamples?:\n(?: {2}.*\bcrdguard \w+.*\n)+$/);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("says the same by crdguard help", () => {
    expect(run(["help", "check"])).toEqual(run(["check", "--help"]));
  });

  it("tells the version of package.json", () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly version: string };

    for (const flag of ["--version", "-V"]) expect(run([flag])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it.each([
    { args: ["chekc"], guess: "unknown command 'chekc'; did you mean check?" },
    { args: ["catalog", "shwo"], guess: "unknown command 'shwo'; did you mean show?" },
    { args: ["demo", "--sty"], guess: "unknown option '--sty'; did you mean --stay?" },
    {
      args: ["check", "--against", "live", "--as-grop", "a"],
      guess: "unknown option '--as-grop'; did you mean --as-group?",
    },
    { args: ["frobnicate"], guess: "unknown command 'frobnicate'" },
  ])("guesses what $args was meant to be, in one line", ({ args, guess }) => {
    expect(run(args)).toEqual({ status: 2, stdout: "", stderr: `crdguard: error: ${guess} (crdguard --help tells more)\n` });
  });
});

describe("kubectl crdguard", () => {
  function runPlugin(args: readonly string[]): Ran {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "bin/kubectl-crdguard.js"), ...args], {
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  it("speaks of itself as it was called", () => {
    expect(runPlugin(["--help"]).stdout).toMatch(/^Usage: kubectl crdguard \[options\] \[command\]\n/);
    expect(runPlugin(["check", "--help"]).stdout).toMatch(/\nExamples:\n {2}kubectl crdguard check -f \S+ --against live\n/);
    expect(runPlugin(["chekc"])).toEqual({
      status: 2,
      stdout: "",
      stderr: "crdguard: error: unknown command 'chekc'; did you mean check? (kubectl crdguard --help tells more)\n",
    });
  });

  it("fits a line of a hundred columns", () => {
    const commands = [
      "check",
      "snapshot",
      "requirements",
      "override",
      "serve",
      "catalog",
      "catalog lint",
      "catalog show",
      "matrix",
      "demo",
      "completion",
    ];
    const long = ["", ...commands].flatMap((command) =>
      runPlugin([...command.split(" "), "--help"].filter((word) => word !== ""))
        .stdout.split("\n")
        .filter((line) => line.length > 100),
    );

    expect(long).toEqual([]);
  });

  it.each([
    { path: "/usr/local/bin/kubectl-crdguard", program: "kubectl crdguard" },
    { path: "/p/bin/kubectl-crdguard.js", program: "kubectl crdguard" },
    { path: String.raw`C:\npm\kubectl-crdguard.cmd`, program: "kubectl crdguard" },
    { path: "/usr/local/bin/crdguard", program: "crdguard" },
    { path: "/p/kubectl-crdguard/dist/cli/main.js", program: "crdguard" },
    { path: "", program: "crdguard" },
  ])("is $program at $path", ({ path, program }) => {
    expect(programOf(path)).toBe(program);
  });
});

describe("crdguard check", () => {
  it("allows by status 0, and says so on standard output alone", () => {
    const folder = folderOf({ ...prefixed("cluster", CLUSTER), "new.yaml": gears(`${V1}, ${V1ALPHA1}`) });

    expect(run(["check", "-f", "new.yaml", "--against", "cluster"], { cwd: folder })).toEqual({
      status: 0,
      stdout: "✓ allowed  gears.own.dev\n\n1 change: 1 allowed, 0 denied.\n",
      stderr: "",
    });
  });

  it("denies by status 1, and says what, why and the way out", () => {
    const folder = folderOf({ ...prefixed("cluster", CLUSTER), "new.yaml": gears(V1) });

    expect(run(["check", "-f", "new.yaml", "--against", "cluster"], { cwd: folder })).toEqual({
      status: 1,
      stdout: [
        "✗ denied  gears.own.dev UPDATE  new.yaml:1:1",
        '  deny spec.versions[v1alpha1]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names',
        "    it; 1 object of it exists, and must be rewritten into the storage version first:",
        "      mill/g1",
        "    To go on, do one of:",
        "      - rewrite every object into the storage version, forget the old one, then apply your change again:",
        "          crdguard migrate gears.own.dev",
        '      - keep "v1alpha1" in spec.versions of the new manifest; it need not be served',
        "    More: docs/rules/stored-version-removed.md",
        "    All steps: crdguard plan -f <what you apply>",
        "",
        "1 change: 0 allowed, 1 denied.",
        "",
      ].join("\n"),
      stderr: "",
    });
  });

  it("warns instead where a rule is set to, and allows", () => {
    const folder = folderOf({ ...prefixed("cluster", CLUSTER), "new.yaml": gears(V1) });
    const { status, stdout } = run(["check", "-f", "new.yaml", "--against", "cluster", "--rule", "stored-version-removed=warn"], {
      cwd: folder,
    });

    expect(status).toBe(0);
    expect(stdout).toMatch(/^✓ allowed {2}gears\.own\.dev UPDATE {2}new\.yaml:1:1\n {2}warn spec\.versions\[v1alpha1\]: /);
  });

  it("reads standard input, several files and folders below, and says what it does not judge", () => {
    const folder = folderOf({
      ...prefixed("cluster", CLUSTER),
      "bundle/below/cogs.yaml": gears(V1, { name: "cogs.own.dev" }),
      "bundle/below/other.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: { name: mill }\n",
      "axles.json": JSON.stringify({
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "axles.own.dev" },
        spec: {
          group: "own.dev",
          names: { kind: "Axle", plural: "axles" },
          versions: [{ name: "v1", served: true, storage: true }],
        },
      }),
    });

    expect(
      run(["check", "-f", "-", "-f", "axles.json", "-R", "-f", "bundle", "--against", "cluster"], {
        cwd: folder,
        input: gears(`${V1}, ${V1ALPHA1}`),
      }),
    ).toEqual({
      status: 0,
      stdout:
        "✓ allowed  axles.own.dev, cogs.own.dev, gears.own.dev\n\n" +
        "note: not judged, as only CustomResourceDefinitions and workloads are: 1 Namespace\n\n3 changes: 3 allowed, 0 denied.\n",
      stderr: "",
    });
  });

  it("names standard input in an error", () => {
    const folder = folderOf(prefixed("cluster", CLUSTER));

    expect(run(["check", "-f", "-", "--against", "cluster"], { cwd: folder, input: "a: [" })).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^crdguard: error \(manifest-malformed\): \(standard input\):1:5: [^\n]+\n$/) as string,
    });
  });

  describe("-o", () => {
    const files = {
      ...prefixed("cluster", CLUSTER),
      "new.yaml": `# Two definitions.\n${gears(V1)}\n---\n${gears(V1, { name: "axles.own.dev" })}`,
    };
    const args = ["check", "-f", "new.yaml", "--against", "cluster", "-o"];

    function printed(format: string): string {
      const { status, stdout, stderr } = run([...args, format], { cwd: folderOf(files) });
      expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
      return stdout;
    }

    it("text: tells where a manifest begins", () => {
      expect(printed("text").split("\n", 1)).toEqual(["✗ denied  gears.own.dev UPDATE  new.yaml:2:1"]);
    });

    it("yaml: is the report of json", () => {
      const report: unknown = parse(printed("yaml"));

      expect(problemsOfReport(report)).toEqual([]);
      expect(report).toEqual(JSON.parse(printed("json")));
    });

    it("sarif: tells where a field stands, and the version of crdguard", () => {
      const { runs } = JSON.parse(printed("sarif")) as {
        runs: [{ tool: { driver: object }; results: { locations: object[] }[] }];
      };

      expect(runs[0].tool.driver).toMatchObject({ name: "crdguard", version: VERSION });
      expect(runs[0].results.map(({ locations }) => locations)).toMatchObject([
        [{ physicalLocation: { artifactLocation: { uri: "new.yaml" }, region: { startLine: 9, startColumn: 3 } } }],
      ]);
    });

    it("sarif: attaches what has no place to what was given", () => {
      const folder = folderOf({ ...files, "other.yaml": gears(V1, { name: "axles.own.dev" }) });
      const { stdout } = run(["check", "-f", "other.yaml", "--delete", "gears.own.dev", "--against", "cluster", "-o", "sarif"], {
        cwd: folder,
      });
      const alone = run(["check", "--delete", "gears.own.dev", "--against", "cluster", "-o", "sarif"], { cwd: folder });

      expect(stdout).toContain('"uri": "other.yaml"');
      expect(alone.stdout).not.toContain('"physicalLocation"');
      expect(alone.stdout).toContain('"fullyQualifiedName": "gears.own.dev/metadata.name"');
    });

    it("junit: has a test for each change", () => {
      const [suite] = readXml(printed("junit")).children;

      expect(suite?.attributes).toMatchObject({ tests: "2", failures: "1", errors: "0" });
    });

    it("github: annotates the line of a field", () => {
      expect(printed("github")).toMatch(
        /^::error file=new\.yaml,line=9,col=3,title=stored-version-removed%3A gears\.own\.dev UPDATE::gears\.own\.dev: [^\n]+\ncrdguard: 2 changes: 1 allowed, 1 denied\.\n$/,
      );
    });

    it("markdown: begins with its mark", () => {
      expect(printed("markdown").split("\n").slice(0, 2)).toEqual(["<!-- crdguard -->", "## ✗ crdguard: denied"]);
    });
  });

  it("prints JSON by its contract, and nothing else on standard output", () => {
    const folder = folderOf({
      ...prefixed("cluster", CLUSTER),
      "new.yaml": `${gears(V1)}\n---\n${gears(V1, { name: "axles.own.dev" })}`,
    });
    const { status, stdout, stderr } = run(["check", "-f", "new.yaml", "--against", "cluster", "-o", "json"], { cwd: folder });

    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(problemsOfReport(JSON.parse(stdout))).toEqual([]);
    expect(JSON.parse(stdout)).toEqual({
      apiVersion: "crdguard.dev/v1alpha1",
      kind: "CheckReport",
      verdict: "deny",
      changes: [
        { crd: "axles.own.dev", operation: "CREATE", verdict: "allow", findings: [] },
        {
          crd: "gears.own.dev",
          operation: "UPDATE",
          verdict: "deny",
          findings: [
            {
              rule: "stored-version-removed",
              enforcement: "deny",
              field: "spec.versions[v1alpha1]",
              message: expect.stringMatching(/^"v1alpha1" would be dropped/) as string,
              evidence: [{ kind: "objects", count: 1, isComplete: true, namespaces: { mill: 1 }, examples: ["mill/g1"] }],
              remedies: [
                { title: expect.any(String) as string, command: expect.any(String) as string },
                { title: expect.any(String) as string },
              ],
            },
          ],
        },
      ],
      input: {
        customResourceDefinitions: 2,
        workloads: 0,
        apiRequirements: 0,
        configMaps: 0,
        guardPolicies: 0,
        notJudged: {},
        repeated: [],
      },
      leaving: [],
    });
  });

  it.each([
    { title: "in a pipe", env: {}, hasColors: false },
    { title: "in a pipe with NO_COLOR", env: { NO_COLOR: "1" }, hasColors: false },
    { title: "with NO_COLOR, whatever FORCE_COLOR says", env: { NO_COLOR: "1", FORCE_COLOR: "1" }, hasColors: false },
    { title: "with an empty NO_COLOR and FORCE_COLOR=1", env: { NO_COLOR: "", FORCE_COLOR: "1" }, hasColors: true },
    { title: "with FORCE_COLOR=0", env: { FORCE_COLOR: "0" }, hasColors: false },
  ])("writes colours only where somebody sees them: $title", ({ env, hasColors }) => {
    const { stdout } = run(["check", "-f", "demo/changes", "--against", "demo/cluster"], { env });

    expect(stdout.includes("\u001b")).toBe(hasColors);
  });

  it("takes a closed pipe for a reader that has seen enough", () => {
    const ran = spawnSync(
      "sh",
      [
        "-c",
        `"$0" "$1" check -f demo/changes --against demo/cluster -o json | head -c 1; "$0" "$1" --help | true`,
        process.execPath,
        MAIN,
      ],
      {
        cwd: ROOT,
        encoding: "utf8",
      },
    );

    expect({ stdout: ran.stdout, stderr: ran.stderr }).toEqual({ stdout: "{", stderr: "" });
  });

  it("waits for a reader that takes its time, and loses nothing", () => {
    const show = ["catalog", "show", "traefik", "-o", "json"];
    const slow = spawnSync("sh", ["-c", `"$0" "$@" | { sleep 1; cat; }`, process.execPath, MAIN, ...show], {
      cwd: ROOT,
      encoding: "utf8",
    });
    const { stdout } = run(show);

    expect(stdout.length).toBeGreaterThan(70_000);
    expect(slow.stdout).toBe(stdout);
  });

  it("keeps its status when the pipe is closed, so that set -o pipefail sees the denial", () => {
    const script = `set -o pipefail; for i in 1 2 3; do "$0" "$1" check -f demo/changes --against demo/cluster | true; printf '%s ' $?; done`;
    const ran = spawnSync("bash", ["-c", script, process.execPath, MAIN], { cwd: ROOT, encoding: "utf8" });

    expect({ stdout: ran.stdout, stderr: ran.stderr }).toEqual({ stdout: "1 1 1 ", stderr: "" });
  });
});

describe("crdguard demo", () => {
  it("runs by itself, names who would be hurt and nobody else, and leaves nothing behind", () => {
    const { status, stdout, stderr } = run(["demo"]);
    const scenes = [...stdout.matchAll(/^(✓ allowed|✗ denied) {2}(\d)\./gm)].map(([, mark, number]) => [number, mark]);

    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(scenes).toEqual([
      ["1", "✗ denied"],
      ["2", "✗ denied"],
      ["3", "✗ denied"],
      ["4", "✓ allowed"],
      ["5", "✗ denied"],
    ]);
    const [first = ""] = stdout.split(/^. (?:allowed|denied) {2}2\./m);
    expect(first).toContain("Deployment envoy-gateway-system/envoy-gateway (image docker.io/envoyproxy/gateway:v1.0.1;");
    expect(first).toContain("Deployment kube-system/cilium-operator (image quay.io/cilium/operator-generic:v1.15.4;");
    expect(first).not.toContain("istio-system");
    expect(stdout).not.toContain("\u001b");
  });
});

function prefixed(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}
