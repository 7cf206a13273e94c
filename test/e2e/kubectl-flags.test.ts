/** kubectl's global flags, by crdguard and by kubectl itself, on a real API server: what one may do, the other may. */
import { symlinkSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "selfsigned";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CommandOutcome, runCommand } from "./support/child-processes.ts";
import { crdManifest, deploymentManifest } from "./support/manifests.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What must hold of the answer: it was read, or why it was not. */
type Expected = "read" | "forbidden" | "unauthorized" | "unreachable" | "refused";

const STATUS: Readonly<Record<Expected, number>> = { read: 0, forbidden: 3, unauthorized: 3, unreachable: 3, refused: 2 };

interface Case {
  readonly title: string;
  readonly flags: (paths: Paths) => readonly string[];
  /** Without a kubeconfig unless told. */
  readonly kubeconfig?: "admin" | "alice" | "both";
  readonly expected: Expected;
  /** In the one line of crdguard's. */
  readonly message?: RegExp;
}

interface Paths {
  readonly api: ApiServer;
  readonly ca: string;
  /** An authority that signed nothing of this API server. */
  readonly otherCa: string;
}

const SERVER = ({ api }: Paths): readonly string[] => ["--server", api.url];
const TOKEN = ({ api }: Paths): readonly string[] => ["--token", api.token];

const CASES: readonly Case[] = [
  {
    title: "--server, --token and --certificate-authority, without a kubeconfig",
    flags: (paths) => [...SERVER(paths), ...TOKEN(paths), "--certificate-authority", paths.ca],
    expected: "read",
  },
  {
    title: "-s for --server, and = before values",
    flags: ({ api, ca }) => ["-s", api.url, `--token=${api.token}`, `--certificate-authority=${ca}`],
    expected: "read",
  },
  {
    title: "no --certificate-authority, where nobody knows who signed",
    flags: (paths) => [...SERVER(paths), ...TOKEN(paths)],
    expected: "unreachable",
    message: /certificate/,
  },
  {
    title: "another --certificate-authority than that of the kubeconfig",
    flags: ({ otherCa }) => ["--certificate-authority", otherCa],
    kubeconfig: "admin",
    expected: "unreachable",
    message: /certificate/,
  },
  {
    title: "--insecure-skip-tls-verify",
    flags: (paths) => [...SERVER(paths), ...TOKEN(paths), "--insecure-skip-tls-verify"],
    expected: "read",
  },
  {
    title: "--insecure-skip-tls-verify=true, beside the kubeconfig's authority",
    flags: () => ["--insecure-skip-tls-verify=true"],
    kubeconfig: "admin",
    expected: "read",
  },
  {
    title: "--insecure-skip-tls-verify=false",
    flags: (paths) => [...SERVER(paths), ...TOKEN(paths), "--insecure-skip-tls-verify=false"],
    expected: "unreachable",
  },
  {
    title: "--insecure-skip-tls-verify and --certificate-authority",
    flags: ({ ca }) => ["--insecure-skip-tls-verify", "--certificate-authority", ca],
    kubeconfig: "admin",
    expected: "refused",
    message: /\(flags-conflict\)/,
  },
  {
    title: "--tls-server-name that the certificate has",
    flags: () => ["--tls-server-name", "kubernetes.default.svc"],
    kubeconfig: "admin",
    expected: "read",
  },
  {
    title: "--tls-server-name that the certificate does not have",
    flags: () => ["--tls-server-name", "kubernetes.example"],
    kubeconfig: "admin",
    expected: "unreachable",
    message: /kubernetes\.example/,
  },
  { title: "--token of nobody", flags: () => ["--token", "nobody"], kubeconfig: "admin", expected: "unauthorized" },
  {
    title: "--token of somebody else than the kubeconfig's user",
    flags: ({ api }) => ["--token", api.tokenFor("admin")],
    kubeconfig: "alice",
    expected: "read",
  },
  {
    title: "a user who may list nothing",
    flags: () => [],
    kubeconfig: "alice",
    expected: "forbidden",
    message: /"alice" cannot list/,
  },
  { title: "--user of the same kubeconfig", flags: () => ["--user", "admin"], kubeconfig: "both", expected: "read" },
  { title: "--context", flags: () => ["--context", "as-admin"], kubeconfig: "both", expected: "read" },
  { title: "--cluster", flags: () => ["--context", "as-admin", "--cluster", "test"], kubeconfig: "both", expected: "read" },
  {
    title: "--user that is not there",
    flags: () => ["--user", "eve"],
    kubeconfig: "both",
    expected: "refused",
    message: /\(user-unknown\): no user "eve" in the kubeconfig; it has alice, admin/,
  },
  {
    title: "--cluster that is not there",
    flags: () => ["--cluster", "moon"],
    kubeconfig: "both",
    expected: "refused",
    message: /\(cluster-unknown\): no cluster "moon" in the kubeconfig; it has test/,
  },
  {
    title: "--context that is not there",
    flags: () => ["--context", "dusk"],
    kubeconfig: "both",
    expected: "refused",
    message: /\(context-unknown\): no context "dusk" in the kubeconfig; it has as-alice, as-admin/,
  },
  { title: "--as", flags: () => ["--as", "bob"], kubeconfig: "admin", expected: "forbidden", message: /"bob" cannot list/ },
  {
    title: "--as a service account",
    flags: () => ["--as", "system:serviceaccount:mill:reader"],
    kubeconfig: "admin",
    expected: "read",
  },
  {
    title: "--as and two --as-group, of which one may",
    flags: () => ["--as", "bob", "--as-group", "floor", "--as-group", "crd-readers"],
    kubeconfig: "admin",
    expected: "read",
  },
  {
    title: "--as by somebody who may not",
    flags: () => ["--as", "admin"],
    kubeconfig: "alice",
    expected: "forbidden",
    message: /cannot impersonate/,
  },
  {
    title: "--as-uid by somebody who may",
    flags: () => ["--as", "bob", "--as-group", "crd-readers", "--as-uid", "7"],
    kubeconfig: "admin",
    expected: "read",
  },
  {
    title: "--as-group without --as",
    flags: () => ["--as-group", "system:masters"],
    kubeconfig: "admin",
    expected: "refused",
    message: /\(flags-incomplete\)/,
  },
  { title: "--request-timeout that is enough", flags: () => ["--request-timeout", "30s"], kubeconfig: "admin", expected: "read" },
  { title: "--request-timeout=0", flags: () => ["--request-timeout=0"], kubeconfig: "admin", expected: "read" },
  {
    title: "--request-timeout that is not enough",
    // In a whole millisecond kubectl was answered now and then.
    flags: () => ["--request-timeout", "10us"],
    kubeconfig: "admin",
    expected: "unreachable",
    message: /\(cluster-timeout\): .*no answer within 0\.00001 s/,
  },
  {
    title: "--cache-dir and --disable-compression",
    flags: ({ api }) => ["--cache-dir", api.workDir, "--disable-compression"],
    kubeconfig: "admin",
    expected: "read",
  },
];

describe("kubectl's global flags", () => {
  let paths: Paths;
  let bin: string;
  const kubeconfigs = new Map<string, string>();

  beforeAll(async () => {
    const api = await startApiServer();
    const pathOf = (name: string): string => join(api.workDir, name);
    paths = { api, ca: pathOf("ca.crt"), otherCa: pathOf("other-ca.crt") };
    await writeFile(paths.ca, api.certificateAuthority);
    await writeFile(paths.otherCa, (await generate([{ name: "commonName", value: "other" }])).cert);

    kubeconfigs.set("admin", api.kubeconfigPath);
    kubeconfigs.set("alice", await api.kubeconfigFor("alice"));
    kubeconfigs.set("both", pathOf("both.json"));
    const cluster = { server: api.url, "certificate-authority-data": Buffer.from(api.certificateAuthority).toString("base64") };
    const users = ["alice", "admin"];
    await writeFile(
      pathOf("both.json"),
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "test", cluster }],
        users: users.map((name) => ({ name, user: { token: api.tokenFor(name) } })),
        contexts: users.map((user) => ({ name: `as-${user}`, context: { cluster: "test", user, namespace: "mill" } })),
        "current-context": "as-alice",
      }),
    );
    bin = pathOf("bin");
    await mkdir(bin);
    for (const name of ["kubectl-crdguard", "kubectl_complete-crdguard"])
      symlinkSync(join(ROOT, `bin/${name}.js`), join(bin, name));

    for (const args of [
      [
        "create",
        "clusterrole",
        "crd-reader",
        "--verb=get,list,watch",
        "--resource=customresourcedefinitions,deployments,statefulsets,daemonsets",
      ],
      [
        "create",
        "clusterrolebinding",
        "crd-readers",
        "--clusterrole=crd-reader",
        "--group=crd-readers",
        "--serviceaccount=mill:reader",
      ],
    ]) {
      succeeded(await api.kubectl(args));
    }
    const manifest = crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1" }], storage: "v1" });
    succeeded(await api.kubectl(["apply", "-f", "-"], { stdin: manifest }));
  });

  afterAll(async () => {
    await paths.api.stop();
  });

  /** `kubectl crdguard …`, as a person types it. */
  function plugin(args: readonly string[], kubeconfig: string, stdin = ""): Promise<CommandOutcome> {
    const path = [bin, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
    return paths.api.kubectl(["crdguard", ...args], { kubeconfig, env: { PATH: path, HOME: paths.api.workDir }, stdin });
  }

  it.each(CASES)("lets crdguard do what it lets kubectl: $title", async ({ flags, kubeconfig, expected, message = /(?:)/ }) => {
    const path = kubeconfig === undefined ? "" : (kubeconfigs.get(kubeconfig) ?? "");
    const args = flags(paths);
    const byKubectl = await paths.api.kubectl(["get", "crd", ...args], { kubeconfig: path, env: { HOME: paths.api.workDir } });
    const byPlugin = await plugin(["requirements", ...args], path);

    expect({ kubectl: byKubectl.exitCode === 0, crdguard: byPlugin.exitCode }).toEqual({
      kubectl: expected === "read",
      crdguard: STATUS[expected],
    });
    if (expected === "read") return;
    expect(byPlugin.stdout).toBe("");
    expect(byPlugin.stderr.split("\n")[0]).toMatch(message);
    if (expected !== "refused" && !message.source.includes("timeout")) {
      expect(byPlugin.stderr).toMatch(new RegExp(`^crdguard: error \\(cluster-${expected}\\): `));
    }
  });

  it("takes the context's namespace for objects that name none, unless -n names another", async () => {
    const { namespace: _, ...metadata } = (
      JSON.parse(deploymentManifest({ name: "turner" })) as { metadata: Record<string, unknown> }
    ).metadata;
    const manifest = JSON.stringify({ ...(JSON.parse(deploymentManifest({ name: "turner" })) as object), metadata });
    const judged = async (...flags: readonly string[]): Promise<unknown> => {
      const { stdout } = await plugin(
        ["check", "-f", "-", "--against", "live", "-o", "json", ...flags],
        kubeconfigs.get("both") ?? "",
        manifest,
      );
      return (JSON.parse(stdout) as { changes: readonly unknown[] }).changes[0];
    };

    expect(await judged("--context", "as-admin")).toMatchObject({ workload: "Deployment mill/turner" });
    expect(await judged("--context", "as-admin", "-n", "forge")).toMatchObject({ workload: "Deployment forge/turner" });
  });

  it("completes names of the cluster, as whoever the line says", async () => {
    const complete = async (...words: readonly string[]): Promise<string> =>
      (
        await runCommand("kubectl", ["__complete", "crdguard", "check", ...words], {
          env: {
            PATH: [bin, dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
            KUBECONFIG: kubeconfigs.get("both") ?? "",
          },
        })
      ).stdout;

    expect(await complete("--user", "admin", "--delete", "ge")).toBe("gears.own.dev\n:4\n");
    expect(await complete("--user", "alice", "--delete", "ge")).toBe(":4\n");
    expect(await complete("--user", "admin", "-n", "kube-s")).toBe("kube-system\n:4\n");
    expect(await complete("--context", "")).toBe("as-admin\nas-alice\n:4\n");
  });
});

/** Of what a test builds on. */
function succeeded({ exitCode, stderr }: CommandOutcome): void {
  if (exitCode !== 0) throw new Error(stderr);
}
