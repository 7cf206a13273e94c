import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueAuthority, type KeyAndCertificate } from "../../src/certificates/issue.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { freePorts } from "./support/free-ports.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest } from "./support/manifests.ts";

/** The AdmissionConfiguration is that of docs/certificates.md, with the paths of this machine. */
describe("client certificates of a real API server", () => {
  let api: ApiServer;
  let guard: GuardProcess;
  let folder: string;
  let caFile: string;
  let authority: KeyAndCertificate;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "client-certificates-"));
    const now = new Date();
    authority = await issueAuthority("clients of webhooks", { days: 1, now });
    const client = await generate([{ name: "commonName", value: "kube-apiserver" }], {
      keyType: "ec",
      curve: "P-256",
      algorithm: "sha256",
      notBeforeDate: new Date(now.getTime() - 60_000),
      notAfterDate: new Date(now.getTime() + 3_600_000),
      extensions: [{ name: "extKeyUsage", clientAuth: true }],
      ca: authority,
    });
    const pathOf = (name: string): string => join(folder, name);
    caFile = pathOf("client-ca.crt");
    const [port = 0] = await freePorts(1);
    await writeFile(caFile, authority.cert);
    await writeFile(pathOf("client.crt"), client.cert);
    await writeFile(pathOf("client.key"), client.private);
    await writeFile(
      pathOf("webhooks.kubeconfig"),
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        users: [
          {
            name: `127.0.0.1:${String(port)}`,
            user: { "client-certificate": pathOf("client.crt"), "client-key": pathOf("client.key") },
          },
        ],
      }),
    );
    await writeFile(
      pathOf("admission.yaml"),
      JSON.stringify({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "AdmissionConfiguration",
        plugins: ["ValidatingAdmissionWebhook", "MutatingAdmissionWebhook"].map((name) => ({
          name,
          configuration: {
            apiVersion: "apiserver.config.k8s.io/v1",
            kind: "WebhookAdmissionConfiguration",
            kubeConfigFile: pathOf("webhooks.kubeconfig"),
          },
        })),
      }),
    );
    api = await startApiServer({ apiServerArgs: [`--admission-control-config-file=${pathOf("admission.yaml")}`] });
    // It is ready once a change was denied by it, which only happens where the API server's certificate was accepted.
    guard = await startGuardProcess(api, {
      port,
      args: ["--client-auth", "require", "--client-ca-file", caFile, "--client-name", "kube-apiserver"],
    });
  });

  afterAll(async () => {
    await guard.process.stop(10_000);
    await api.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function metric(state: string): Promise<number> {
    const text = await (await fetch(`${guard.healthUrl}/metrics`)).text();
    return Number(new RegExp(`crdguard_client_certificates_total\\{state="${state}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
  }

  async function dropVersion(): Promise<string> {
    const crd = (...names: readonly string[]): string =>
      crdManifest({ plural: "gears", kind: "Gear", versions: names.map((name) => ({ name })), storage: names.at(-1) ?? "" });
    await api.kubectl(["apply", "-f", "-"], { stdin: crd("v1alpha1") });
    const outcome = await api.kubectl(["apply", "-f", "-"], { stdin: crd("v1") });
    return outcome.stderr;
  }

  it("are accepted, and reviews are answered", async () => {
    expect(await dropVersion()).toContain("stored-version-removed");
    expect([await metric("accepted"), await metric("missing")]).toEqual([expect.any(Number), 0]);
    expect(await metric("accepted")).toBeGreaterThan(0);
  });

  it("are missed in whoever else calls, who reads a code", async () => {
    const outcome = await fetchWithoutCertificate(guard.url);

    expect(outcome).toEqual({ status: 401, code: "client-certificate-missing" });
    expect(await metric("missing")).toBe(1);
  });

  it("of another authority are refused as soon as the file says so, and accepted again", async () => {
    const stranger = await issueAuthority("somebody else", { days: 1, now: new Date() });
    await writeFile(caFile, stranger.cert);
    await expect
      .poll(async () => (await guard.log()).includes("authorities of clients replaced"), { timeout: 10_000 })
      .toBe(true);
    const other = await fetchWithoutCertificate(guard.url);

    await writeFile(caFile, authority.cert);
    await expect
      .poll(async () => (await guard.log()).split("authorities of clients replaced").length, { timeout: 10_000 })
      .toBe(3);
    expect([other.status, await dropVersion()]).toEqual([401, expect.stringContaining("stored-version-removed")]);
  });
});

function fetchWithoutCertificate(url: string): Promise<{ readonly status: number; readonly code: string }> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/validate`, { method: "POST", rejectUnauthorized: false, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const { code } = JSON.parse(text) as { code: string };
        resolve({ status: response.statusCode ?? 0, code });
      });
    });
    call.on("error", reject);
    call.end("{}");
  });
}
