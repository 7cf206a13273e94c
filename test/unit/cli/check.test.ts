/** What `crdguard check` takes, what it says of what it was given, and the status it ends with. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CheckReport } from "../../../src/explain/report.ts";
import { folderOf, gears, runCrdguard, V1, V1ALPHA1 } from "./support/run-crdguard.ts";

const BOTH = gears(`${V1}, ${V1ALPHA1}`, { status: "status: { storedVersions: [v1] }" });
const ONLY_V1 = gears(V1);
const COGS = gears(V1, { name: "cogs.own.dev" });
const FOREIGN = gears(V1, { name: "gears.other.dev" });
const MINER = `apiVersion: apps/v1
kind: Deployment
metadata: { name: miner, namespace: mill, annotations: { crdguard.dev/requires: gears.own.dev/v1alpha1 } }
spec: { template: { spec: { containers: [{ name: main, image: own.dev/miner:v1 }] } } }
`;
const USER = MINER.replace("requires", "uses");

/** A server on this machine, which is a private address. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

describe("crdguard check --fail-on and --rule", () => {
  it.each<{ title: string; workload: string; args: readonly string[]; status: number; says: string }>([
    { title: "a denial ends in 1", workload: MINER, args: [], status: 1, says: "1 denied" },
    {
      title: "a denial ends in 0 with --fail-on none",
      workload: MINER,
      args: ["--fail-on", "none"],
      status: 0,
      says: "1 denied",
    },
    {
      title: "a denial ends in 1 with --fail-on warn",
      workload: MINER,
      args: ["--fail-on", "warn"],
      status: 1,
      says: "1 denied",
    },
    { title: "a warning ends in 0", workload: USER, args: [], status: 0, says: "warn spec.versions" },
    {
      title: "a warning ends in 1 with --fail-on warn",
      workload: USER,
      args: ["--fail-on", "warn"],
      status: 1,
      says: "warn spec.versions",
    },
    {
      title: "a rule that is off finds nothing",
      workload: MINER,
      args: ["--rule", "required-version-unserved=off", "--fail-on", "warn"],
      status: 0,
      says: "1 change: 1 allowed, 0 denied.",
    },
    {
      title: "a rule that only records keeps quiet for --fail-on warn",
      workload: MINER,
      args: ["--rule", "required-version-unserved=audit", "--fail-on", "warn"],
      status: 0,
      says: "audit spec.versions",
    },
  ])("$title", async ({ workload, args, status, says }) => {
    const folder = folderOf({ "cluster/crd.yaml": BOTH, "cluster/workload.yaml": workload, "new.yaml": ONLY_V1 });

    const ran = await runCrdguard(["check", "-f", "new.yaml", "--against", "cluster", ...args], { cwd: folder });

    expect(ran).toMatchObject({ status, stderr: "" });
    expect(ran.stdout).toContain(says);
  });
});

describe("crdguard check, of CRDs that are not in the bundle", () => {
  const AXLES = gears(V1, { name: "axles.own.dev" });
  const files = { "cluster/a.yaml": BOTH, "cluster/b.yaml": COGS, "cluster/c.yaml": FOREIGN, "new.yaml": BOTH };

  it("says which of the same API group stay behind", async () => {
    const folder = folderOf({ ...files, "new.yaml": `${BOTH}\n---\n${AXLES}` });
    const ran = await runCrdguard(["check", "-f", "new.yaml", "--against", "cluster"], { cwd: folder });

    expect(ran).toEqual({
      status: 0,
      stdout:
        "✓ allowed  axles.own.dev, gears.own.dev\n\n" +
        "note: not in what you apply, though of the same API group, and left in the cluster by kubectl apply: cogs.own.dev\n" +
        "  (--prune judges it as deleted)\n\n" +
        "2 changes: 2 allowed, 0 denied.\n",
      stderr: "",
    });
  });

  it("keeps quiet of them where a single one is given, but for JSON", async () => {
    const folder = folderOf(files);
    const text = await runCrdguard(["check", "-f", "new.yaml", "--against", "cluster"], { cwd: folder });
    const json = await runCrdguard(["check", "-f", "new.yaml", "--against", "cluster", "-o", "json"], { cwd: folder });

    expect(text.stdout).toBe("✓ allowed  gears.own.dev\n\n1 change: 1 allowed, 0 denied.\n");
    expect((JSON.parse(json.stdout) as CheckReport).leaving).toEqual(["cogs.own.dev"]);
  });

  it("judges them as deleted with --prune, and those of other groups never", async () => {
    const folder = folderOf({
      ...files,
      "cluster/object.yaml": "apiVersion: own.dev/v1\nkind: Gear\nmetadata: { name: c1, namespace: mill }\n",
    });
    const ran = await runCrdguard(["check", "-f", "new.yaml", "--against", "cluster", "--prune", "-o", "json"], { cwd: folder });
    const report = JSON.parse(ran.stdout) as CheckReport;

    expect(ran.status).toBe(1);
    expect(report.leaving).toEqual([]);
    expect(report.changes.map(({ crd, operation, findings }) => [crd, operation, findings.map(({ rule }) => rule)])).toEqual([
      ["cogs.own.dev", "DELETE", ["objects-deleted"]],
      ["gears.own.dev", "UPDATE", []],
    ]);
  });
});

describe("crdguard check, of what is given twice", () => {
  it("judges the last one, as kubectl apply leaves it, and says so", async () => {
    const folder = folderOf({ "cluster/a.yaml": BOTH, "bundle/a.yaml": ONLY_V1, "bundle/b.yaml": `---\n${BOTH}` });

    const ran = await runCrdguard(["check", "-f", "bundle", "--against", "cluster", "-o", "json"], { cwd: folder });
    const report = JSON.parse(ran.stdout) as CheckReport;

    expect(report.input).toEqual({
      customResourceDefinitions: 1,
      workloads: 0,
      apiRequirements: 0,
      configMaps: 0,
      guardPolicies: 0,
      notJudged: {},
      repeated: [{ object: "CustomResourceDefinition gears.own.dev", places: ["bundle/a.yaml:1", "bundle/b.yaml:2"] }],
    });
    expect(report.changes.map(({ crd }) => crd)).toEqual(["gears.own.dev"]);
  });

  it("keeps apart what only shares its name", async () => {
    const other = MINER.replace("mill", "mine");
    const folder = folderOf({ "cluster/a.yaml": BOTH, "bundle/a.yaml": MINER, "bundle/b.yaml": other });

    const ran = await runCrdguard(["check", "-f", "bundle", "--against", "cluster", "-o", "json"], { cwd: folder });

    expect((JSON.parse(ran.stdout) as CheckReport).changes.map(({ workload }) => workload)).toEqual([
      "Deployment mill/miner",
      "Deployment mine/miner",
    ]);
  });

  it("counts what it has no opinion on by its kind", async () => {
    const service = (name: string): string => `---\napiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\n`;
    const folder = folderOf({
      "cluster/a.yaml": BOTH,
      "bundle.yaml": `${BOTH}\n${service("a")}${service("b")}---\napiVersion: v1\nkind: Secret\nmetadata: { name: c }\n`,
    });

    const ran = await runCrdguard(["check", "-f", "bundle.yaml", "--against", "cluster"], { cwd: folder });

    expect(ran.stdout).toContain(
      "note: not judged, as only CustomResourceDefinitions and workloads are: 1 Secret and 2 Service\n",
    );
  });
});

describe("crdguard check -f URL", () => {
  const against = (folder: string): readonly string[] => ["--against", join(folder, "cluster")];

  it("reads a manifest, following redirects", async () => {
    const url = await serve((request, response) => {
      if (request.url === "/old") response.writeHead(302, { location: "/new.yaml" }).end();
      else response.end(ONLY_V1);
    });
    const folder = folderOf({ "cluster/a.yaml": BOTH });

    const ran = await runCrdguard(["check", "-f", `${url}/old`, "--allow-private-urls", ...against(folder)]);

    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining("✓ allowed  gears.own.dev") as string, stderr: "" });
  });

  it.each<{ title: string; url: (server: string) => string; args: readonly string[]; line: RegExp }>([
    {
      title: "an address of this machine",
      url: (server) => `${server}/new.yaml`,
      args: [],
      line: /\(url-private\): http:\/\/127\.0\.0\.1:\d+\/new\.yaml: 127\.0\.0\.1 is in a private network; --allow-private-urls fetches from there too$/,
    },
    {
      title: "a name that stands for such an address",
      url: (server) => server.replace("127.0.0.1", "localhost"),
      args: [],
      line: /\(url-private\): http:\/\/localhost:\d+: localhost \([0-9a-f.:]+\) is in a private network/,
    },
    {
      title: "an address in another notation",
      url: (server) => server.replace("127.0.0.1", "0x7f.1"),
      args: [],
      line: /\(url-private\): http:\/\/0x7f\.1:\d+: 127\.0\.0\.1 is in a private network/,
    },
    {
      title: "an IPv4 address within an IPv6 one",
      url: (server) => server.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
      args: [],
      line: /\(url-private\): .* is in a private network/,
    },
    {
      title: "a cloud's metadata",
      url: () => "http://169.254.169.254/latest/meta-data",
      args: [],
      line: /\(url-private\): /,
    },
    {
      title: "an answer that is none",
      url: (server) => `${server}/absent`,
      args: ["--allow-private-urls"],
      line: /\(url-unreadable\): http:\/\/127\.0\.0\.1:\d+\/absent: the server answered 404$/,
    },
    {
      title: "a redirect to a file",
      url: (server) => `${server}/to-file`,
      args: ["--allow-private-urls"],
      line: /\(url-unreadable\): .*: it redirects to file:\/\/, which is not followed$/,
    },
    {
      title: "redirects without end",
      url: (server) => `${server}/loop`,
      args: ["--allow-private-urls"],
      line: /\(url-unreadable\): .*: it redirects more than 5 times$/,
    },
    {
      title: "a server that is not there, keeping the password to itself",
      url: () => "http://user:geheim@127.0.0.1:1/new.yaml",
      args: ["--allow-private-urls"],
      line: /\(url-unreadable\): http:\/\/127\.0\.0\.1:1\/new\.yaml: connect ECONNREFUSED 127\.0\.0\.1:1$/,
    },
    {
      title: "what is no manifest",
      url: (server) => `${server}/html`,
      args: ["--allow-private-urls"],
      line: /\(manifest-malformed\): http:\/\/127\.0\.0\.1:\d+\/html:1:1: /,
    },
  ])("refuses $title", async ({ url, args, line }) => {
    const server = await serve((request, response) => {
      if (request.url === "/to-file") response.writeHead(301, { location: "file:///etc/passwd" }).end();
      else if (request.url === "/loop") response.writeHead(301, { location: "/loop" }).end();
      else if (request.url === "/html") response.end("<html>not a manifest</html>\n");
      else response.writeHead(404).end();
    });
    const folder = folderOf({ "cluster/a.yaml": BOTH });

    const ran = await runCrdguard(["check", "-f", url(server), ...args, ...against(folder)]);

    expect(ran).toMatchObject({ status: 2, stdout: "" });
    expect(ran.stderr).toMatch(/^crdguard: error [^\n]+\n$/);
    expect(ran.stderr.trimEnd()).toMatch(line);
  });
});

describe("crdguard check -k", () => {
  /** Stands in for kubectl: prints what `kustomize` was asked for, or fails as it fails. */
  const kubectl = (script: string): string => `#!/bin/sh\n${script}\n`;

  it("judges what kubectl builds", async () => {
    const folder = folderOf({
      "cluster/a.yaml": BOTH,
      "cluster/workload.yaml": MINER,
      "bin/kubectl": kubectl('[ "$*" = "kustomize -- overlay" ] && cat built.yaml'),
      "built.yaml": ONLY_V1,
    });

    const ran = await runCrdguard(["check", "-k", "overlay", "--against", "cluster"], {
      cwd: folder,
      env: { PATH: `${folder}/bin:${process.env["PATH"] ?? ""}` },
    });

    expect(ran).toMatchObject({ status: 1, stderr: "" });
    expect(ran.stdout).toContain("required-version-unserved");
  });

  it.each([
    {
      title: "what kubectl cannot build, in its words",
      script: 'echo "# Warning: commonLabels is deprecated" >&2; echo "error: no kustomization file found" >&2; exit 1',
      line: "crdguard: error (kustomize-failed): -k overlay: kubectl kustomize: no kustomization file found\n",
    },
    {
      title: "what kubectl cannot build, in the words of its log",
      script: String.raw`echo 'E1121 14:28:34.192122   17664 run.go:72] "command failed" err="no such \"base\""' >&2; exit 1`,
      line: 'crdguard: error (kustomize-failed): -k overlay: kubectl kustomize: no such "base"\n',
    },
    {
      title: "what it builds of nothing",
      script: "true",
      line: "crdguard: error (nothing-to-check): overlay: no CustomResourceDefinition, Deployment, StatefulSet or DaemonSet in there\n",
    },
  ])("refuses $title", async ({ script, line }) => {
    const folder = folderOf({ "cluster/a.yaml": BOTH, "bin/kubectl": kubectl(script) });

    const ran = await runCrdguard(["check", "-k", "overlay", "--against", "cluster"], {
      cwd: folder,
      env: { PATH: `${folder}/bin:${process.env["PATH"] ?? ""}` },
    });

    expect(ran).toEqual({ status: 2, stdout: "", stderr: line });
  });

  it("says what to do where there is no kubectl", async () => {
    const folder = folderOf({ "cluster/a.yaml": BOTH });

    const ran = await runCrdguard(["check", "-k", "overlay", "--against", "cluster"], { cwd: folder, env: { PATH: folder } });

    expect(ran).toEqual({
      status: 2,
      stdout: "",
      stderr:
        "crdguard: error (kustomize-failed): -k overlay: kubectl, which builds it, is not on the PATH; build it by another way and give -f - what that prints\n",
    });
  });
});

describe("crdguard check --against live, where there is no cluster", () => {
  const kubeconfig = (server: string): string =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "one", cluster: { server } }],
      users: [{ name: "one", user: {} }],
      contexts: [{ name: "one", context: { cluster: "one", user: "one" } }],
      "current-context": "one",
    });

  it.each([
    {
      title: "that points nowhere",
      text: kubeconfig("http://127.0.0.1:1"),
      line: /^crdguard: error \(cluster-unreachable\): \w+ cannot be read from http:\/\/127\.0\.0\.1:1\/?: 127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1\n$/,
    },
    { title: "that is none", text: "{", line: /^crdguard: error \(kubeconfig-unreadable\): kubeconfig: [^\n]+\n$/ },
    {
      title: "that names no cluster",
      text: "apiVersion: v1\nkind: Config\n",
      line: /^crdguard: error \(no-cluster\): [^\n]+\n$/,
    },
  ])("tells of a kubeconfig $title in one line, by status 3", async ({ text, line }) => {
    const folder = folderOf({ kubeconfig: text, "new.yaml": BOTH });

    const ran = await runCrdguard(["check", "-f", "new.yaml", "--against", "live", "--kubeconfig", "kubeconfig"], {
      cwd: folder,
    });

    expect(ran).toEqual({ status: 3, stdout: "", stderr: expect.stringMatching(line) as string });
  });
});

describe("crdguard check, of what is applied and deleted at once", () => {
  it("asks which of the two is meant", async () => {
    const folder = folderOf({ "cluster/a.yaml": BOTH, "new.yaml": BOTH });

    const ran = await runCrdguard(["check", "-f", "new.yaml", "--delete", "gears.own.dev", "--against", "cluster"], {
      cwd: folder,
    });

    expect(ran).toEqual({
      status: 2,
      stdout: "",
      stderr: "crdguard: error (flags-conflict): --delete gears.own.dev: it is among what is applied too: leave out one\n",
    });
  });
});

describe("crdguard check, of nothing", () => {
  it.each([
    { title: "standard input that is empty", args: ["-f", "-"], code: "nothing-to-check" },
    { title: "a file that is empty", args: ["-f", "empty.yaml"], code: "nothing-to-check" },
    { title: "documents that hold nothing", args: ["-f", "comments.yaml"], code: "nothing-to-check" },
    { title: "a folder without CRDs", args: ["-f", "without"], code: "nothing-to-check" },
    { title: "a file that is not there", args: ["-f", "absent.yaml"], code: "file-unreadable" },
  ])("refuses $title in one line, by status 2", async ({ args, code }) => {
    const folder = folderOf({
      "cluster/a.yaml": BOTH,
      "empty.yaml": "",
      "comments.yaml": "---\n# nothing\n---\n",
      "without/a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: { name: mill }\n",
    });

    const { status, stdout, stderr } = await runCrdguard(["check", ...args, "--against", "cluster"], { cwd: folder });

    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^crdguard: error \\(${code}\\): [^\\n]+\\n$`));
  });
});
