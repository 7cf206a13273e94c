import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { pairFor, signedPair, writePair } from "../certificates/pairs.ts";
import { temporaryFolder } from "../certificates/temporary-folder.ts";
import { fakeKubectl, runScript } from "./run-script.ts";

const APPLY = ["apply", "--server-side", "--field-manager=crdguard-certificates", "-f", "-"];

describe("certs:install --dry-run", () => {
  it("prints the authority's part of each configuration and the Secret, and calls no kubectl", async () => {
    const folder = await signed();
    const kubectl = await fakeKubectl(await temporaryFolder());

    const { status, stdout, stderr } = await runScript("install", ["--from", folder, "--dry-run"], kubectl.path);

    expect({ status, stderr, calls: await kubectl.calls() }).toEqual({ status: 0, stderr: "", calls: [] });
    expect(documents(stdout)).toStrictEqual([...(await bundles(folder)), await secret(folder)]);
  });

  it("takes other names", async () => {
    const folder = await signed();
    await writePair(folder, await pairFor(["crds.guards.svc"]));
    await copyFile(join(folder, "tls.crt"), join(folder, "ca.crt"));

    const { stdout } = await runScript("install", [
      "--from",
      folder,
      "--dry-run",
      "--namespace",
      "guards",
      "--service",
      "crds",
      "--secret",
      "pair",
    ]);

    expect(documents(stdout)[3]).toMatchObject({ kind: "Secret", metadata: { name: "pair", namespace: "guards" } });
  });

  it("never prints the authority's key", async () => {
    const folder = await signed();
    await writeFile(join(folder, "ca.key"), "the authority's own key");

    const { stdout } = await runScript("install", ["--from", folder, "--dry-run"]);

    expect(stdout).not.toContain(Buffer.from("the authority's own key").toString("base64").slice(0, 20));
    expect(stdout).not.toContain("ca.key");
  });
});

describe("certs:install", () => {
  it("has the authority trusted before the pair it signed is served", async () => {
    const folder = await signed();
    const kubectl = await fakeKubectl(await temporaryFolder(), {
      prints: { get: "found/it\n", patch: "patched\n", apply: "applied\n" },
    });

    expect(await runScript("install", ["--from", folder, "--context", "prod", "--kubeconfig", "/k"], kubectl.path)).toEqual({
      status: 0,
      stdout: "patched\npatched\npatched\napplied\n",
      stderr: "",
    });

    const choice = ["--context", "prod", "--kubeconfig", "/k"];
    const patch = (kind: string, name: string, webhooks: unknown): readonly string[] => [
      "patch",
      kind,
      name,
      "--type=strategic",
      "--field-manager=crdguard-certificates",
      "--patch",
      JSON.stringify({ webhooks }),
      ...choice,
    ];
    const [mutating, validating, workloads] = await bundles(folder);
    expect(
      (await kubectl.calls()).map(({ args, input }) => [args, input === "" ? null : (JSON.parse(input) as unknown)]),
    ).toEqual([
      [["get", "MutatingWebhookConfiguration", "crdguard-explainer", "--ignore-not-found", "-o", "name", ...choice], null],
      [patch("MutatingWebhookConfiguration", "crdguard-explainer", mutating?.webhooks), null],
      [["get", "ValidatingWebhookConfiguration", "crdguard", "--ignore-not-found", "-o", "name", ...choice], null],
      [patch("ValidatingWebhookConfiguration", "crdguard", validating?.webhooks), null],
      [["get", "ValidatingWebhookConfiguration", "crdguard-workloads", "--ignore-not-found", "-o", "name", ...choice], null],
      [patch("ValidatingWebhookConfiguration", "crdguard-workloads", workloads?.webhooks), null],
      [[...APPLY, ...choice], await secret(folder)],
    ]);
  });

  it("writes the Secret alone before anything is registered, and says what is left to do", async () => {
    const folder = await signed();
    const kubectl = await fakeKubectl(await temporaryFolder());

    const { status, stdout } = await runScript("install", ["--from", folder], kubectl.path);

    expect(status).toBe(0);
    expect(stdout).toBe(
      "MutatingWebhookConfiguration crdguard-explainer is not registered yet: run this again once it is (crdguard render --webhook-configurations)\n" +
        "ValidatingWebhookConfiguration crdguard is not registered yet: run this again once it is (crdguard render --webhook-configurations)\n",
    );
    expect((await kubectl.calls()).map(({ args }) => args[0])).toEqual(["get", "get", "get", "apply"]);
  });

  it("passes on what kubectl says, and stops there, with exit status 3", async () => {
    const kubectl = await fakeKubectl(await temporaryFolder(), { prints: { get: "found/it\n" }, failsAt: ["patch"] });

    expect(await runScript("install", ["--from", await signed()], kubectl.path)).toEqual({
      status: 3,
      stdout: "",
      stderr:
        "error: the server said no\ncerts:install: kubectl patch failed, see above; --dry-run prints what was to be applied\n",
    });
    expect(await kubectl.calls()).toHaveLength(2);
  });

  it("says in one line that there is no kubectl", async () => {
    expect(await runScript("install", ["--from", await signed()], "/nowhere")).toEqual({
      status: 3,
      stdout: "",
      stderr: "certs:install: kubectl cannot be started (ENOENT): install it, or use --dry-run\n",
    });
  });

  it.each([
    {
      title: "a key of another certificate",
      damage: async (folder: string) => copyFile(join(await signed(), "tls.key"), join(folder, "tls.key")),
      says: "is not the key of the first certificate",
    },
    {
      title: "another authority",
      damage: async (folder: string) => copyFile(join(await signed(), "ca.crt"), join(folder, "ca.crt")),
      says: "is not signed by",
    },
    {
      title: "a certificate of a name that the API server does not call",
      damage: async (folder: string) => {
        await writePair(folder, await pairFor(["localhost"]));
        await copyFile(join(folder, "tls.crt"), join(folder, "ca.crt"));
      },
      says: "is for localhost, and the API server calls crdguard.crdguard.svc",
    },
  ])("touches no cluster with $title, with exit status 1", async ({ damage, says }) => {
    const folder = await signed();
    await damage(folder);
    const kubectl = await fakeKubectl(await temporaryFolder());

    const { status, stderr } = await runScript("install", ["--from", folder], kubectl.path);

    expect({ status, calls: await kubectl.calls() }).toEqual({ status: 1, calls: [] });
    expect(stderr).toContain(says);
  });

  it.each([
    { title: "no folder", args: [], says: "--from DIR is missing" },
    { title: "a folder without certificates", args: ["--from", "/nowhere"], says: "/nowhere/ca.crt cannot be read (ENOENT)" },
    { title: "an unknown flag", args: ["--nope"], says: "Unknown option '--nope'" },
    { title: "a Secret name that is none", args: ["--from", "DIR", "--secret", "A"], says: '--secret "A" is no Kubernetes name' },
  ])("refuses $title in one line, with exit status 2", async ({ args, says }) => {
    const folder = await signed();
    const { status, stdout, stderr } = await runScript(
      "install",
      args.map((argument) => (argument === "DIR" ? folder : argument)),
    );

    expect({ status, stdout, lines: stderr.split("\n").length }).toEqual({ status: 2, stdout: "", lines: 2 });
    expect(stderr).toContain(says);
  });
});

async function signed(): Promise<string> {
  const folder = await temporaryFolder();
  const { authority, pair } = await signedPair();
  await writePair(folder, pair);
  await writeFile(join(folder, "ca.crt"), authority.cert);
  return folder;
}

async function bundles(folder: string): Promise<readonly { readonly webhooks: unknown; readonly [member: string]: unknown }[]> {
  const caBundle = await base64(folder, "ca.crt");
  const entries = (...names: readonly string[]) => names.map((name) => ({ name, clientConfig: { caBundle } }));
  const apiVersion = "admissionregistration.k8s.io/v1";
  return [
    {
      apiVersion,
      kind: "MutatingWebhookConfiguration",
      metadata: { name: "crdguard-explainer" },
      webhooks: entries("explain.crdguard.dev"),
    },
    {
      apiVersion,
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "crdguard" },
      webhooks: entries("changes.crdguard.dev", "creates.crdguard.dev", "own.crdguard.dev"),
    },
    {
      apiVersion,
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "crdguard-workloads" },
      webhooks: entries("workloads.crdguard.dev"),
    },
  ];
}

async function secret(folder: string): Promise<unknown> {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "crdguard-tls",
      namespace: "crdguard",
      labels: { "app.kubernetes.io/name": "crdguard", "app.kubernetes.io/part-of": "crdguard" },
    },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": await base64(folder, "tls.crt"),
      "tls.key": await base64(folder, "tls.key"),
      "ca.crt": await base64(folder, "ca.crt"),
    },
  };
}

async function base64(folder: string, file: string): Promise<string> {
  return (await readFile(join(folder, file))).toString("base64");
}

function documents(text: string): readonly unknown[] {
  return [...parseAllDocuments(text)].map((document) => document.toJS() as unknown);
}
