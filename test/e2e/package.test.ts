/** The package that `npm pack` makes, unpacked beside the packages that npm would install with it, and used from another folder. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { crdManifest } from "./support/manifests.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What npm would make: `node_modules/crdguard`, the packages that it needs, and links to its executables. */
let folder: string;
let bin: string;

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
}

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

const manifest = readJson("package.json") as Manifest;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "crdguard-package-"));
  const packed = spawnSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: ROOT, encoding: "utf8" });
  if (packed.status !== 0) throw new Error(`npm pack failed: ${packed.stdout}${packed.stderr}`);
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "crdguard"), { recursive: true });
  const tarball = join(folder, `crdguard-${manifest.version}.tgz`);
  const unpacked = spawnSync("tar", ["-xzf", tarball, "-C", join(modules, "crdguard"), "--strip-components=1"]);
  if (unpacked.status !== 0) throw new Error(`tar failed: ${String(unpacked.stderr)}`);

  // Of those that are installed here, the ones that are no development dependencies.
  for (const [path, { dev }] of Object.entries((readJson("package-lock.json") as LockFile).packages)) {
    const name = path.replace(/^node_modules\//, "");
    if (path === "" || dev === true || name.includes("node_modules/") || !existsSync(join(ROOT, path))) continue;
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, path), join(modules, name));
  }
  bin = join(modules, ".bin");
  mkdirSync(bin);
  for (const [name, script] of Object.entries(manifest.bin)) symlinkSync(join("..", "crdguard", script), join(bin, name));
}, 180_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Path of an executable. */
function pathOf(name: string): string {
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((path) => join(path, name))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not on the PATH`);
  return found;
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** As a shell in an empty folder would run it. @param node folder with the Node to run it by. */
function run(name: string, args: readonly string[], node = dirname(process.execPath)): Ran {
  const elsewhere = mkdtempSync(join(folder, "elsewhere-"));
  const { status, stdout, stderr } = spawnSync(join(bin, name), args, {
    cwd: elsewhere,
    env: { PATH: [node, bin, process.env["PATH"] ?? ""].join(delimiter), HOME: elsewhere },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("the package", () => {
  it("holds what runs, what it reads, and the documents; no sources and no tests", () => {
    expect(readdirSync(join(folder, "node_modules/crdguard")).toSorted()).toEqual([
      "LICENSE",
      "README.md",
      "bin",
      "catalog",
      "demo",
      "dist",
      "docs",
      "manifests",
      "package.json",
    ]);
  });

  it("runs from another folder, by each of its names", () => {
    expect(run("crdguard", ["--help"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Usage: crdguard /) as string,
    });
    expect(run("kubectl-crdguard", ["--help"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Usage: kubectl crdguard /) as string,
    });
    expect(run("kubectl_complete-crdguard", ["check", "--kubec"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^--kubeconfig\t.*\n:4\n$/) as string,
    });
    expect(run("crdguard", ["--version"])).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  it("has its catalog and its demo with it", () => {
    expect(run("crdguard", ["catalog", "show", "envoy-gateway@1.0.1"]).stdout).toContain("grpcroutes.gateway.networking.k8s.io");
    expect(run("crdguard", ["demo"])).toMatchObject({ status: 0, stderr: "" });
  });

  it("reaches for the Kubernetes client where a cluster is asked", () => {
    expect(run("crdguard", ["requirements", "--server", "http://127.0.0.1:1", "--request-timeout", "1s"])).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/^crdguard: error \(cluster-unreachable\): .*ECONNREFUSED/) as string,
    });
  });

  it("examines live objects in a thread whose file is in the package", async () => {
    const api = await startApiServer();
    try {
      const gears = (spec: object): string => {
        const crd = JSON.parse(crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1" }], storage: "v1" })) as {
          readonly spec: { readonly versions: readonly object[] };
        };
        const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: spec } } } };
        return JSON.stringify({
          ...crd,
          spec: { ...crd.spec, versions: crd.spec.versions.map((each) => ({ ...each, schema })) },
        });
      };
      const [size, teeth] = [{ type: "integer" }, { type: "string" }];
      const object = { apiVersion: "own.dev/v1", kind: "Gear", metadata: { name: "large" }, spec: { size: 1, teeth: "many" } };
      expect(await api.kubectl(["apply", "-f", "-"], { stdin: gears({ size, teeth }) })).toMatchObject({ exitCode: 0 });
      await eventually("a gear is taken", async () => {
        return (await api.kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(object) })).exitCode === 0;
      });
      const file = join(folder, "gears.json");
      writeFileSync(file, gears({ teeth: { ...teeth, pattern: "^[0-9]+$" } }));

      const { status, stdout, stderr } = run("crdguard", [
        "check",
        "-f",
        file,
        "--against",
        "live",
        "--kubeconfig",
        api.kubeconfigPath,
      ]);

      expect(stderr).toBe("");
      const told = stdout.replaceAll(/\s+/g, " ");
      expect(told).toContain('object-pruned: "spec.size" would be lost from 1 of 1 object');
      expect(told).toContain("spec.teeth should match '^[0-9]+$': 1 object, in v1: default/large has \"many\"");
      expect(status).toBe(1);
    } finally {
      await api.stop();
    }
  }, 120_000);

  it("is found by kubectl as a plugin, without a warning", () => {
    const kubectl = (...args: readonly string[]): Ran => {
      const { status, stdout, stderr } = spawnSync("kubectl", args, {
        cwd: folder,
        env: { PATH: [bin, dirname(process.execPath), dirname(pathOf("kubectl"))].join(delimiter), HOME: folder },
        encoding: "utf8",
      });
      return { status, stdout, stderr };
    };
    expect(kubectl("plugin", "list")).toEqual({
      status: 0,
      stdout: `The following compatible plugins are available:\n\n${join(bin, "kubectl-crdguard")}\n`,
      stderr: "",
    });
    expect(kubectl("crdguard", "check", "--help").stdout).toMatch(/^Usage: kubectl crdguard check \[options\]\n/);
    expect(kubectl("crdguard", "check").status).toBe(2);
    // What kubectl's completion scripts ask when the tab key is pressed.
    expect(kubectl("__complete", "crdguard", "check", "--output", "").stdout).toMatch(/^text\njson\n(?:\w+\n)*:4\n$/);
    expect(kubectl("__complete", "crdguard", "check", "--filename", "").stdout).toBe(":0\n");
  });
});

describe("an older Node", () => {
  const SENTENCE = /^crdguard: error \(node-too-old\): Node \d+\.\d+\.\d+ runs this, and crdguard needs 22\.19 or newer[^\n]*\n$/;

  it.each(["20.20.2", "22.18.0"])("gets one sentence and status 2: %s", (version) => {
    const pretended = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
    for (const script of Object.values(manifest.bin)) {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [
          "--import",
          `data:text/javascript,${encodeURIComponent(pretended)}`,
          join(folder, "node_modules/crdguard", script),
          "--help",
        ],
        { cwd: folder, encoding: "utf8" },
      );

      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(SENTENCE);
    }
  });

  const older = olderNode();

  it.skipIf(older === null)(`gets it from the one that is on this machine: ${older ?? "none"}`, () => {
    expect(run("crdguard", ["--help"], older ?? "")).toEqual({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(SENTENCE) as string,
    });
  });

  /** Folder of a Node on the PATH that is older than 22.19; null where there is none. */
  function olderNode(): string | null {
    for (const path of (process.env["PATH"] ?? "").split(delimiter)) {
      const { status, stdout } = spawnSync(join(path, "node"), ["--version"], { encoding: "utf8" });
      const [, major, minor] = /^v(\d+)\.(\d+)/.exec(status === 0 ? stdout : "")?.map(Number) ?? [];
      if (major !== undefined && minor !== undefined && (major < 22 || (major === 22 && minor < 19))) return path;
    }
    return null;
  }
});
