import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { kubeconfigOf, type StandIn, type StandInObject, startStandIn, status } from "../cluster/live/stand-in-api-server.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), "crdguard-requirements-"));

afterAll(() => {
  rmSync(FOLDER, { recursive: true });
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ENVIRONMENT = { PATH: process.env["PATH"] ?? "", HOME: FOLDER };

function run(...args: readonly string[]): Ran {
  const ran = spawnSync(process.execPath, [MAIN, ...args], { cwd: FOLDER, env: ENVIRONMENT, encoding: "utf8", timeout: 15_000 });
  return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

/** As `run`, while the API server in this process answers. */
async function runLive(...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: FOLDER, env: ENVIRONMENT });
  const [stdout, stderr, code] = await Promise.all([
    readText(child.stdout),
    readText(child.stderr),
    new Promise<number | null>((resolve) => {
      child.once("exit", resolve);
    }),
  ]);
  return { status: code, stdout, stderr };
}

function gears(...versions: readonly string[]): StandInObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gears.own.dev" },
    spec: {
      group: "own.dev",
      names: { kind: "Gear", plural: "gears" },
      scope: "Namespaced",
      versions: versions.map((name, index) => ({ name, served: true, storage: index === 0 })),
    },
    status: { storedVersions: versions.slice(0, 1) },
  };
}

interface WorkloadShape {
  readonly namespace?: string;
  readonly requires?: string;
  readonly uses?: string;
  readonly image?: string;
}

function deployment(
  name: string,
  { namespace = "mill", requires, uses, image = "example/none:1.0.0" }: WorkloadShape,
): StandInObject {
  const annotations = {
    ...(requires === undefined ? {} : { "crdguard.dev/requires": requires }),
    ...(uses === undefined ? {} : { "crdguard.dev/uses": uses }),
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, annotations },
    spec: { replicas: 1, template: { spec: { containers: [{ name: "main", image }] } } },
  };
}

function entry(controller: string, version: string): string {
  return `controller: ${controller}
images: [example/${controller}]
releases:
  - versions: ">=1.0.0"
    verified: doc
    confidence: high
    sources: [its manual]
    needs: [{ resource: gears.own.dev, versions: [${version}], presence: unconditional, outcomes: crashes }]
`;
}

function write(files: Readonly<Record<string, string | readonly StandInObject[]>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(FOLDER, name)), { recursive: true });
    writeFileSync(
      join(FOLDER, name),
      typeof content === "string" ? content : JSON.stringify({ apiVersion: "v1", kind: "List", items: content }),
    );
  }
}

write({
  "met/all.json": [gears("v1", "v1beta1"), deployment("turner", { requires: "gears.own.dev/v1" })],
  "unmet/all.json": [
    gears("v1", "v1beta1"),
    deployment("turner", { requires: "gears.own.dev/v1", uses: "cogs.own.dev/v1" }),
    deployment("lathe", { namespace: "forge", requires: "gears.own.dev/v1alpha1" }),
    deployment("garbled", { requires: "gears" }),
    deployment("idle", {}),
    deployment("gateway", { namespace: "edge", image: "envoyproxy/gateway:latest" }),
  ],
  "mistyped/all.json": [
    gears("v1"),
    deployment("turner", {}),
    {
      apiVersion: "crdguard.dev/v1alpha1",
      kind: "APIRequirement",
      metadata: { name: "declared", namespace: "mill" },
      spec: { workload: { name: "tuner" }, requirements: [{ group: "own.dev", resource: "gears", versions: ["v1"] }] },
    },
  ],
  "own/all.json": [
    gears("v1"),
    deployment("drill", { image: "example/drill:1.2.3" }),
    deployment("istiod", { image: "example/istiod:1.2.3" }),
  ],
  "entries/drill.yaml": entry("drill", "v1"),
  "entries/istiod.yaml": entry("istiod", "v2"),
  "drill-v3.yaml": entry("drill", "v3"),
  "wrong.yaml": "controller: drill\n",
});

describe("crdguard requirements of a folder", () => {
  it("tells who needs what, whether it is met, and what happens if not, by status 0", () => {
    const { status: code, stdout, stderr } = run("requirements", "--against", "unmet");
    const [rest = "", unknown = ""] = stdout.split("? Deployment edge/gateway\n");

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(rest.split("\n")).toEqual([
      "    NEEDS          VERSION   STATE       WITHOUT IT",
      "",
      "✗ Deployment forge/lathe",
      "  known from annotation crdguard.dev/requires",
      "  ✗ gears.own.dev  v1alpha1  not listed  crashes",
      "",
      "! Deployment mill/turner",
      "  known from annotation crdguard.dev/uses",
      "  ! cogs.own.dev   v1        absent      loses a feature",
      "  known from annotation crdguard.dev/requires",
      "  ✓ gears.own.dev  v1        served      crashes",
      "",
      "? Deployment mill/garbled",
      '  annotation crdguard.dev/requires: "gears" is not of the form <plural>.<group>/<version>[|<version>]; until it is',
      "      corrected, nobody knows what it needs",
      "",
      "",
    ]);
    expect(unknown).toMatch(
      /^ {2}known from catalog: envoy-gateway, version unknown; image envoyproxy\/gateway:latest\n {4}some version of it does not get /,
    );
    expect(unknown).toMatch(
      /\n4 workloads, \d+ needs: 1 met, 1 unmet \(hard\), 1 unmet \(soft\), \d+ in doubt\. 1 declaration cannot be read\.\n$/,
    );
    expect(stdout).not.toContain("idle");
    expect(stdout.split("\n").filter((line) => line.length > 120)).toEqual([]);
  });

  it("says of an APIRequirement that no workload is meant by it, since nobody sets a status in a folder", () => {
    const { status: code, stderr } = run("requirements", "--against", "mistyped");

    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'APIRequirement mill/declared does not count (WorkloadNotFound): No Deployment "tuner" in namespace "mill": nothing is protected by this object.\n',
    });
  });

  it("keeps to a namespace", () => {
    expect(run("requirements", "--against", "unmet", "-n", "forge").stdout).toContain(
      "1 workload, 1 need: 0 met, 1 unmet (hard).\n",
    );
    expect(run("requirements", "--against", "unmet", "-n", "none").stdout).toBe("No workload is known to need an API.\n");
  });

  it.each([
    { title: "what cannot be done without is unmet", args: ["--against", "unmet"], code: 1 },
    { title: "all is met", args: ["--against", "met"], code: 0 },
    { title: "what is unmet is in another namespace", args: ["--against", "unmet", "-n", "mill"], code: 0 },
    { title: "what is unmet is in doubt", args: ["--against", "unmet", "-n", "edge"], code: 0 },
    { title: "what is unmet is that of the CRD", args: ["--against", "unmet", "--crd", "gears.own.dev"], code: 1 },
    { title: "what is unmet is that of another CRD", args: ["--against", "unmet", "--crd", "cogs.own.dev"], code: 0 },
  ])("by --fail-on-unmet ends with status $code where $title", ({ args, code }) => {
    expect(run("requirements", "--fail-on-unmet", ...args).status).toBe(code);
  });

  it("prints JSON by its contract, and nothing else on standard output", () => {
    const { status: code, stdout, stderr } = run("requirements", "--against", "met", "-o", "json");

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      apiVersion: "crdguard.dev/v1alpha1",
      kind: "RequirementsReport",
      summary: { workloads: 1, needs: 1, met: 1, unmet: { hard: 0, soft: 0 }, unknown: 0, unreadable: 0 },
      workloads: [
        {
          workload: "Deployment mill/turner",
          kind: "Deployment",
          namespace: "mill",
          name: "turner",
          standing: "met",
          needs: [
            {
              crd: "gears.own.dev",
              versions: ["v1"],
              level: "hard",
              presence: "unconditional",
              outcomes: { absent: "crashes", unlisted: "crashes", unserved: "crashes" },
              state: "served",
              outcome: "works",
              standing: "met",
              source: {
                kind: "annotation",
                text: "annotation crdguard.dev/requires",
                certainty: "known",
                image: null,
                effect: null,
              },
            },
          ],
          unreadable: [],
        },
      ],
    });
  });
});

describe("crdguard requirements --crd", () => {
  it("tells who would be hurt by the loss of each version, and of the CRD", () => {
    expect(run("requirements", "--against", "met", "--crd", "gears.own.dev")).toEqual({
      status: 0,
      stdout: [
        "gears.own.dev: v1 (served, storage), v1beta1 (served)",
        "",
        "    NEEDS          VERSION  STATE   WITHOUT IT",
        "",
        "✓ Deployment mill/turner",
        "  known from annotation crdguard.dev/requires",
        "  ✓ gears.own.dev  v1       served  crashes",
        "",
        "1 workload, 1 need: 1 met.",
        "",
        "If v1 were no longer served or dropped from spec.versions:",
        "  ✗ Deployment mill/turner crashes at its next restart",
        "If v1beta1 were no longer served or dropped from spec.versions: nobody is known to be hurt",
        "If the definition were deleted:",
        "  ✗ Deployment mill/turner crashes at its next restart",
        "",
      ].join("\n"),
      stderr: "",
    });
  });

  it("names nobody of another namespace", () => {
    const { stdout } = run("requirements", "--against", "met", "--crd", "gears.own.dev", "-n", "forge");

    expect(stdout).toContain("No workload is known to need it.");
    expect(stdout).not.toContain("turner");
  });

  it("speaks of a CRD that is needed but does not exist", () => {
    const { status: code, stdout } = run("requirements", "--against", "unmet", "--crd", "cogs.own.dev", "-o", "json");

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      crd: { name: "cogs.own.dev", exists: false, versions: [], losses: [] },
      // The one whose declaration cannot be read may need it too.
      workloads: [{ workload: "Deployment mill/turner" }, { workload: "Deployment mill/garbled" }],
    });
  });

  it.each([
    { typed: "gear.own.dev", hint: "did you mean gears.own.dev?" },
    { typed: "gears", hint: "did you mean gears.own.dev?" },
    { typed: "GEAR", hint: "did you mean gears.own.dev?" },
    { typed: "gateways", hint: "did you mean gateways.gateway.networking.k8s.io?" },
    { typed: "something.else.entirely", hint: "kubectl get crd lists the names" },
  ])("refuses $typed by status 2: $hint", ({ typed, hint }) => {
    expect(run("requirements", "--against", "unmet", "--crd", typed)).toEqual({
      status: 2,
      stdout: "",
      stderr: `crdguard: error (crd-unknown): --crd ${typed}: there is no such CustomResourceDefinition, and nobody is known to need it; ${hint}\n`,
    });
  });
});

describe("--catalog", () => {
  /** Workloads with the versions that they need, and from where. */
  function needs(...args: readonly string[]): readonly string[] {
    const { stdout, stderr } = run("requirements", "--against", "own", "-o", "json", ...args);
    if (stderr !== "") return [stderr];
    const { workloads } = JSON.parse(stdout) as {
      readonly workloads: readonly {
        readonly name: string;
        readonly needs: readonly { readonly versions: readonly string[]; readonly source: { readonly text: string } }[];
      }[];
    };
    return workloads.flatMap(({ name, needs: own }) =>
      own.map(({ versions, source }) => `${name} ${versions.join("|")} ${source.text}`),
    );
  }

  it.each<{ title: string; args: readonly string[]; told: readonly string[] }>([
    { title: "is not given: nobody knows the two", args: [], told: [] },
    {
      title: "adds and replaces entries",
      args: ["--catalog", "entries"],
      told: ["istiod v2 catalog: istiod >=1.0.0", "drill v1 catalog: drill >=1.0.0"],
    },
    {
      title: "is given twice: the later counts",
      args: ["--catalog", "entries", "--catalog", "drill-v3.yaml"],
      told: ["drill v3 catalog: drill >=1.0.0", "istiod v2 catalog: istiod >=1.0.0"],
    },
  ])("$title", ({ args, told }) => {
    expect(needs(...args)).toEqual(told);
  });

  it("holds for check too", () => {
    write({ "new.json": [gears("v2")] });

    expect(run("check", "-f", "new.json", "--against", "own").status).toBe(1);
    expect(run("check", "-f", "new.json", "--against", "own", "--catalog", "entries").stdout).toContain(
      "Deployment mill/drill (image example/drill:1.2.3; catalog: drill >=1.0.0): crashes at its next restart",
    );
  });

  it.each([
    ["requirements", "--against", "own"],
    ["check", "-f", "new.json", "--against", "own"],
    ["serve", "--facts", "own"],
  ])("refuses a wrong file for %s by status 2, and says what is wrong and where it is told", (...command) => {
    const { status: code, stdout, stderr } = run(...command, "--catalog", "entries", "--catalog", "wrong.yaml");

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /^crdguard: error \(catalog-malformed\): wrong\.yaml: .*images.* \(docs\/catalog\.md has the form of a file\)\n$/,
    );
  });

  it.each([
    { args: ["requirements", "--against", "own"], stand: "a folder" },
    { args: ["check", "-f", "new.json", "--against", "own"], stand: "a folder" },
    { args: ["serve", "--facts", "own"], stand: "--facts" },
  ])("is what stands in for --catalog-config-map where there is no cluster: $args.0", ({ args, stand }) => {
    expect(run(...args, "--catalog-config-map", "crdguard/crdguard-catalog")).toEqual({
      status: 2,
      stdout: "",
      stderr: `crdguard: error (flags-conflict): --catalog-config-map needs a cluster, which ${stand} stands in for: give the files by --catalog\n`,
    });
  });
});

describe("crdguard requirements of a live cluster", () => {
  const CONFIG_MAPS = "/api/v1/namespaces/guarding/configmaps";
  let server: StandIn;
  let live: readonly string[];

  beforeEach(async () => {
    server = await startStandIn();
    server.collection("/apis/apiextensions.k8s.io/v1/customresourcedefinitions").put(gears("v1"));
    server.collection("/apis/apps/v1/deployments").put(deployment("drill", { image: "example/drill:1.2.3" }));
    server.collection("/apis/apps/v1/statefulsets");
    server.collection("/apis/apps/v1/daemonsets");
    write({ kubeconfig: kubeconfigOf(server.url) });
    live = ["requirements", "--kubeconfig", "kubeconfig"];
  });

  afterEach(async () => {
    await server.close();
  });

  it("needs no word of it, and takes entries from the ConfigMap before those of files", async () => {
    server
      .collection(CONFIG_MAPS)
      .put({ metadata: { name: "own", namespace: "guarding" }, data: { "drill.yaml": entry("drill", "v3") } });
    const ofFiles = await runLive(...live, "--catalog", "entries");
    const ofBoth = await runLive(...live, "--catalog", "entries", "--catalog-config-map", "guarding/own", "--fail-on-unmet");

    expect(ofFiles).toMatchObject({ status: 0, stderr: "" });
    expect(ofFiles.stdout).toContain("  ✓ gears.own.dev  v1       served  crashes\n");
    expect(ofBoth).toMatchObject({ status: 1, stderr: "" });
    expect(ofBoth.stdout).toContain("  ✗ gears.own.dev  v3       not listed  crashes\n");
  });

  it("says that the ConfigMap is not there, and goes on", async () => {
    server.collection(CONFIG_MAPS);

    expect(await runLive(...live, "--catalog-config-map", "guarding/own")).toEqual({
      status: 0,
      stdout: "No workload is known to need an API.\n",
      stderr: "ConfigMap guarding/own does not exist, so that its catalog entries are not known\n",
    });
  });

  it("refuses a ConfigMap with a mistake, by status 2", async () => {
    server.collection(CONFIG_MAPS).put({ metadata: { name: "own", namespace: "guarding" }, data: { "drill.yaml": "a: [" } });
    const { status: code, stdout, stderr } = await runLive(...live, "--catalog-config-map", "guarding/own");

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^crdguard: error \(catalog-malformed\): ConfigMap guarding\/own: drill\.yaml: [^\n]+\n$/);
  });

  it("ends with status 3 where the ConfigMap, or the cluster, cannot be read", async () => {
    server.answer(({ path }) => path === CONFIG_MAPS, { status: 403, body: status(403, "not you") });
    expect(await runLive(...live, "--catalog-config-map", "guarding/own")).toEqual({
      status: 3,
      stdout: "",
      stderr: `crdguard: error (cluster-forbidden): ConfigMap guarding/own cannot be read from ${server.url}: not you\n`,
    });

    await server.down();
    expect(await runLive(...live)).toMatchObject({
      status: 3,
      stdout: "",
      stderr: expect.stringMatching(/^crdguard: error \(cluster-unreachable\): /) as string,
    });
  });

  it("refuses what is no name of a ConfigMap, by status 2", () => {
    expect(run("requirements", "--catalog-config-map", "crdguard-catalog")).toEqual({
      status: 2,
      stdout: "",
      stderr:
        "crdguard: error: option '--catalog-config-map <ns/name>' argument 'crdguard-catalog' is invalid: give NAMESPACE/NAME, for example crdguard/crdguard-catalog. (crdguard --help tells more)\n",
    });
  });
});
