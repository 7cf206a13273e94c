import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VERSION } from "../../../src/cli/version.ts";
import { packSnapshot, unpackSnapshot } from "../../../src/cluster/snapshot/snapshot-file.ts";
import type { Snapshot } from "../../../src/cluster/snapshot/snapshot.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DEMO = join(ROOT, "demo/cluster");

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "crdguard-snapshot-"));
  run("snapshot", "--against", DEMO, "--objects", "-o", "demo.crdguard.json.gz");
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "src/cli/main.ts"), ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder },
    encoding: "utf8",
    timeout: 15_000,
  });
  return { status, stdout, stderr };
}

/** The demo's snapshot, with some members of other values. */
function changed(changes: Partial<Snapshot>): Buffer {
  const read = unpackSnapshot("demo.gz", readFileSync(join(folder, "demo.crdguard.json.gz")), VERSION);
  if (!read.ok) throw new Error(read.error?.message);
  return packSnapshot({ ...read.value, ...changes });
}

describe("crdguard snapshot", () => {
  it("writes a file for its owner, and says what it holds", () => {
    expect(run("snapshot", "--against", DEMO, "-o", "again.crdguard.json.gz")).toEqual({
      status: 0,
      stdout: "",
      stderr: expect.stringMatching(/^again\.crdguard\.json\.gz: 13 CRDs, 3 workloads, 1,\d{3} bytes\n$/) as string,
    });
    expect(statSync(join(folder, "again.crdguard.json.gz")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("lets check tell, with --objects, which fields of objects a change would lose", () => {
    const crd = (fields: object): object => ({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "gears.own.dev" },
      spec: {
        group: "own.dev",
        scope: "Namespaced",
        names: { plural: "gears", kind: "Gear" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: fields } } } },
          },
        ],
      },
    });
    const gear = (name: string, spec: object): object => ({
      apiVersion: "own.dev/v1",
      kind: "Gear",
      metadata: { namespace: "mill", name },
      spec,
    });
    const [teeth, timeouts] = [{ type: "integer" }, { type: "string" }];
    mkdirSync(join(folder, "gears"), { recursive: true });
    const items = [crd({ teeth, timeouts }), gear("g1", { teeth: 1, timeouts: "hunter2" }), gear("g2", { teeth: 2 })];
    writeFileSync(join(folder, "gears", "all.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    writeFileSync(join(folder, "without.json"), JSON.stringify(crd({ teeth })));
    expect(run("snapshot", "--against", "gears", "--objects", "--redact", "-o", "gears.gz")).toMatchObject({ status: 0 });
    expect(gunzipSync(readFileSync(join(folder, "gears.gz"))).toString()).not.toContain("hunter2");

    const lost = run("check", "-f", "without.json", "--against", "gears.gz");
    expect(lost).toMatchObject({ status: 1 });
    const told = lost.stdout.replaceAll(/\s+/g, " ");
    expect(told).toContain('object-pruned: "spec.timeouts" would be lost from 1 of 2 objects of when the snapshot was taken');
    expect(told).toContain("spec.timeouts: 1 object To go on");
    expect(told).not.toContain("not wholly known");
  });

  it("writes to standard output for -", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, "src/cli/main.ts"), "snapshot", "--against", DEMO, "-o", "-"],
      { cwd: folder },
    );

    expect({ status, stderr: String(stderr) }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/^snapshot: 13 CRDs, 3 workloads, 1,\d{3} bytes\n$/) as string,
    });
    expect(JSON.parse(gunzipSync(stdout).toString())).toMatchObject({ kind: "Snapshot", crdguard: VERSION, redactedFor: null });
  });

  it.each<{ args: readonly string[]; status: number; line: string }>([
    {
      args: ["--against", DEMO],
      status: 2,
      line: "crdguard: error: required option '-o, --output <file>' not specified (crdguard --help tells more)",
    },
    {
      args: ["--against", DEMO, "-o", "absent/x.gz"],
      status: 2,
      line: "crdguard: error (file-unwritable): absent/x.gz: cannot be written (ENOENT)",
    },
    {
      args: ["--against", "nowhere", "-o", "x.gz"],
      status: 2,
      line: "crdguard: error (file-unreadable): nowhere: no such file or folder",
    },
    {
      args: ["--against", DEMO, "-o", "x.gz", "--timeout", "0"],
      status: 2,
      line: "crdguard: error: option '--timeout <seconds>' argument '0' is invalid: give seconds, more than 0 and at most 86400. (crdguard --help tells more)",
    },
    {
      args: ["--against", DEMO, "-o", "x.gz", "--catalog-config-map", "a/b"],
      status: 2,
      line: "crdguard: error (flags-conflict): --catalog-config-map needs a cluster, which a folder stands in for: give the files by --catalog",
    },
    {
      args: ["-o", "x.gz", "--kubeconfig", "absent"],
      status: 3,
      line: "crdguard: error (kubeconfig-unreadable): absent: ENOENT: no such file or directory, open 'absent'",
    },
    {
      args: ["-o", "x.gz"],
      status: 3,
      line: "crdguard: error (no-cluster): no cluster to ask: neither a kubeconfig with a current context nor a pod's service account was found",
    },
    {
      args: ["--against", "demo.crdguard.json.gz", "-o", "x.gz"],
      status: 2,
      line: "crdguard: error (flags-conflict): demo.crdguard.json.gz is a snapshot already: give live or a folder of manifests",
    },
  ])("used as $args says what is wrong", ({ args, status, line }) => {
    expect(run("snapshot", ...args)).toEqual({ status, stdout: "", stderr: `${line}\n` });
    expect(readdirSync(folder)).not.toContain("x.gz");
  });
});

describe("a snapshot in place of a cluster", () => {
  const changes = join(ROOT, "demo/changes");
  it.each<{ title: string; args: readonly string[] }>([
    { title: "check", args: ["check", "-f", changes] },
    { title: "check -o json", args: ["check", "-f", changes, "-o", "json", "--delete", "gateways.gateway.networking.k8s.io"] },
    { title: "requirements", args: ["requirements"] },
    { title: "matrix", args: ["matrix", "gateway-api"] },
  ])("$title says the same of it as of what it was taken of", ({ args }) => {
    const ofFolder = run(...args, "--against", DEMO);

    expect(ofFolder.stdout).not.toBe("");
    expect(run(...args, "--against", "demo.crdguard.json.gz")).toEqual(ofFolder);
  });

  it.each<{ title: string; file: string; bytes: () => Buffer; line: string }>([
    {
      title: "a truncated one",
      file: "cut.gz",
      bytes: () => changed({}).subarray(0, 900),
      line: "snapshot-truncated): cut.gz: cut short: copy it again, or take it anew",
    },
    {
      title: "an edited one",
      file: "edited.json",
      bytes: () => Buffer.from(gunzipSync(changed({})).toString().replace('"total":', '"total":1')),
      line: "snapshot-edited): edited.json: changed after it was taken (its digest does not fit): take it anew; to judge by facts of your own, give a folder of manifests",
    },
    {
      title: "a newer one",
      file: "newer.gz",
      bytes: () =>
        gzipSync(
          gunzipSync(changed({ crdguard: "9.9.9" }))
            .toString()
            .replace("/v1alpha1", "/v2"),
        ),
      line: `snapshot-version-unknown): newer.gz: written by crdguard 9.9.9 in a newer form, crdguard.dev/v2; crdguard ${VERSION} reads crdguard.dev/v1alpha1: upgrade crdguard, or take the snapshot with this one`,
    },
    {
      title: "junk",
      file: "junk",
      bytes: () => Buffer.from([0, 1, 2]),
      line: "snapshot-malformed): junk: neither a snapshot nor a manifest",
    },
    {
      title: "own catalog entries that nobody can read",
      file: "entries.gz",
      bytes: () => changed({ ownCatalog: { namespace: "guarding", name: "own", files: new Map([["a.yaml", "a: 1"]]) } }),
      line: "catalog-malformed): entries.gz: ConfigMap guarding/own: a.yaml: ",
    },
    {
      title: "one as YAML",
      file: "snapshot.yaml",
      bytes: () => Buffer.from("kind: Snapshot\napiVersion: crdguard.dev/v1alpha1\n"),
      line: "manifest-malformed): snapshot.yaml: a snapshot, which stands for a whole cluster: give the file itself, as it was written",
    },
  ])("that is $title ends by status 2 and one line", ({ file, bytes, line }) => {
    writeFileSync(join(folder, file), bytes());

    const { status, stdout, stderr } = run("requirements", "--against", file);

    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.split("\n")).toEqual([expect.stringContaining(`crdguard: error (${line}`) as string, ""]);
  });

  it.each([
    ["check", "-f", changes, "--against"],
    ["matrix", "gateway-api", "--against"],
    ["serve", "--facts"],
  ])("that is cut short ends %s as well", (...args) => {
    writeFileSync(join(folder, "short.gz"), changed({}).subarray(0, 900));
    const { status, stdout, stderr } = run(...args, "short.gz");

    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.split("\n")).toContain(
      "crdguard: error (snapshot-truncated): short.gz: cut short: copy it again, or take it anew",
    );
  });

  it("tells its age, and what could not be read when it was taken", () => {
    const takenAt = new Date(Date.now() - 3 * 24 * 3_600_000 - 1_000).toISOString();
    writeFileSync(
      join(folder, "old.gz"),
      changed({ takenAt, unread: [{ resource: "apirequirements", reason: "alice may not" }] }),
    );

    expect(run("requirements", "--against", "old.gz").stderr).toBe(
      `old.gz: taken 3 days ago, at ${takenAt}; what has changed since is not known\n` +
        "apirequirements cannot be read, so that what they declare is not known: alice may not\n",
    );
  });

  it("refuses --catalog-config-map, whose entries it would have", () => {
    expect(run("requirements", "--against", "demo.crdguard.json.gz", "--catalog-config-map", "a/b")).toMatchObject({
      status: 2,
      stderr:
        "crdguard: error (flags-conflict): --catalog-config-map needs a cluster, which a snapshot stands in for: give the files by --catalog\n",
    });
  });

  it("counts the cluster's own catalog entries that were saved with it", () => {
    const entry =
      "controller: drill\nimages: [docker.io/envoyproxy/gateway]\nreleases:\n  - { versions: '>=1.0.0', verified: run, confidence: high, sources: [x], needs: [{ resource: drills.own.dev, versions: [v1], presence: unconditional, outcomes: crashes }] }\n";
    writeFileSync(
      join(folder, "own.gz"),
      changed({ ownCatalog: { namespace: "guarding", name: "own", files: new Map([["drill.yaml", entry]]) } }),
    );

    expect(run("requirements", "--against", "own.gz", "--crd", "drills.own.dev").stdout).toContain("drills.own.dev");
  });

  it("says that names are pseudonyms, and tells none", () => {
    run("snapshot", "--redact", "--against", DEMO, "-o", "redacted.gz");
    const { status, stdout, stderr } = run("check", "-f", changes, "--against", "redacted.gz");

    expect(status).toBe(1);
    expect(stderr).toBe("redacted.gz: redacted: names of namespaces, workloads, objects and unknown images are pseudonyms\n");
    expect(stdout).toMatch(
      /Deployment namespace-[0-9a-f]{4}\/workload-[0-9a-f]{4} \(image envoyproxy\/gateway:v1\.0\.1; catalog: envoy-gateway/,
    );
    expect(stdout).not.toContain("envoy-gateway-system");
  });
});

describe("the version", () => {
  it("is that of the package", () => {
    expect(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))).toMatchObject({ version: VERSION });
  });
});
