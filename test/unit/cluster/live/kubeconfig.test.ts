import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadApiClient } from "../../../../src/cluster/live/api-client.ts";
import { loadConnection } from "../../../../src/cluster/live/connection.ts";
import type { ConnectionChoice } from "../../../../src/cluster/live/connection-choice.ts";
import { startStandIn, status } from "./stand-in-api-server.ts";

/** Two of each, so that every choice shows. Certificates need not be any: nothing is asked. */
const KUBECONFIG = {
  apiVersion: "v1",
  kind: "Config",
  clusters: [
    {
      name: "home",
      cluster: {
        server: "https://home.example:6443",
        "certificate-authority-data": base64("CA of home"),
        "tls-server-name": "home.internal",
      },
    },
    { name: "loose", cluster: { server: "https://loose.example", "insecure-skip-tls-verify": true } },
    { name: "proxy", cluster: { server: "http://127.0.0.1:8001" } },
  ],
  users: [
    { name: "ann", user: { token: "token-of-ann" } },
    { name: "bob", user: { "client-certificate-data": base64("CERT of bob"), "client-key-data": base64("KEY of bob") } },
    { name: "filed", user: { tokenFile: "token.txt" } },
    { name: "plugged", user: { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "./no-such-plugin" } } },
    {
      name: "boss",
      user: { token: "t", as: "clerk", "as-groups": ["desk", "floor"], "as-uid": "7", "as-user-extra": { "a/b": ["1", "2"] } },
    },
  ],
  contexts: [
    { name: "day", context: { cluster: "home", user: "ann", namespace: "sun" } },
    { name: "night", context: { cluster: "loose", user: "bob" } },
    { name: "work", context: { cluster: "home", user: "boss" } },
  ],
  "current-context": "day",
};

let folder: string;
let kubeconfig: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
  kubeconfig = join(folder, "config");
  writeFileSync(kubeconfig, JSON.stringify(KUBECONFIG));
  writeFileSync(join(folder, "token.txt"), "token-of-file\n");
  writeFileSync(join(folder, "ca.crt"), "CA of the flag");
  writeFileSync(join(folder, "tls.crt"), "CERT of the flag");
  writeFileSync(join(folder, "tls.key"), "KEY of the flag");
  vi.stubEnv("KUBECONFIG", "");
  vi.stubEnv("HOME", join(folder, "empty-home"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

/** What a request is made of, with text in place of buffers. */
interface Asked {
  readonly server: string;
  readonly namespace: string | null;
  readonly [option: string]: unknown;
}

async function asked(choice: ConnectionChoice): Promise<Asked> {
  const connection = loadConnection(choice);
  if (!connection.ok) throw new Error(`${connection.error.code}: ${connection.error.message}`);
  const credentials: RequestOptions = await connection.value.credentials();
  const entries = Object.entries(credentials).map(([key, value]) => [key, Buffer.isBuffer(value) ? value.toString() : value]);
  return { server: connection.value.server.href, namespace: connection.value.namespace, ...Object.fromEntries(entries) };
}

const ANN = { Authorization: "Bearer token-of-ann" };
const HOME = { server: "https://home.example:6443/", namespace: "sun", ca: "CA of home", servername: "home.internal" };

describe("what kubectl's flags change", () => {
  it.each<{ readonly title: string; readonly choice: ConnectionChoice; readonly expected: Asked }>([
    { title: "nothing is given", choice: {}, expected: { ...HOME, headers: ANN } },
    {
      title: "empty texts are given",
      choice: { context: "", server: "", token: "", as: "" },
      expected: { ...HOME, headers: ANN },
    },
    {
      title: "--context",
      choice: { context: "night" },
      expected: {
        server: "https://loose.example/",
        namespace: null,
        rejectUnauthorized: false,
        cert: "CERT of bob",
        key: "KEY of bob",
        headers: {},
      },
    },
    {
      title: "--cluster, which keeps user and namespace",
      choice: { cluster: "loose" },
      expected: { server: "https://loose.example/", namespace: "sun", rejectUnauthorized: false, headers: ANN },
    },
    {
      title: "--user, which keeps the cluster",
      choice: { user: "bob" },
      expected: { ...HOME, cert: "CERT of bob", key: "KEY of bob", headers: {} },
    },
    {
      title: "--server, whose certificate is not under the cluster's other name",
      choice: { server: "https://other.example:8443" },
      expected: { server: "https://other.example:8443/", namespace: "sun", ca: "CA of home", headers: ANN },
    },
    {
      title: "--server without a scheme, which is plain HTTP: no credentials",
      choice: { server: "localhost:8080" },
      expected: { server: "http://localhost:8080/", namespace: "sun", headers: {} },
    },
    {
      title: "--tls-server-name",
      choice: { tlsServerName: "flag.internal" },
      expected: { ...HOME, servername: "flag.internal", headers: ANN },
    },
    {
      title: "--server and --tls-server-name",
      choice: { server: "https://other.example", tlsServerName: "flag.internal" },
      expected: { ...HOME, server: "https://other.example/", servername: "flag.internal", headers: ANN },
    },
    {
      title: "--insecure-skip-tls-verify, in place of the kubeconfig's authority",
      choice: { insecureSkipTlsVerify: true },
      expected: {
        server: "https://home.example:6443/",
        namespace: "sun",
        servername: "home.internal",
        rejectUnauthorized: false,
        headers: ANN,
      },
    },
    {
      title: "--certificate-authority, in place of the kubeconfig's",
      choice: { certificateAuthority: "ca.crt" },
      expected: { ...HOME, ca: "CA of the flag", headers: ANN },
    },
    {
      title: "--certificate-authority, in place of the kubeconfig's trust in anybody",
      choice: { cluster: "loose", certificateAuthority: "ca.crt" },
      expected: { server: "https://loose.example/", namespace: "sun", ca: "CA of the flag", headers: ANN },
    },
    {
      title: "--token, in place of the user's",
      choice: { token: "token-of-flag" },
      expected: { ...HOME, headers: { Authorization: "Bearer token-of-flag" } },
    },
    {
      title: "--token, in place of the user's token file",
      choice: { user: "filed", token: "token-of-flag" },
      expected: { ...HOME, headers: { Authorization: "Bearer token-of-flag" } },
    },
    {
      title: "--token, without the user's plugin, which is not run",
      choice: { user: "plugged", token: "token-of-flag" },
      expected: { ...HOME, headers: { Authorization: "Bearer token-of-flag" } },
    },
    {
      title: "--token beside a client certificate, which the API server looks at first",
      choice: { user: "bob", token: "token-of-flag" },
      expected: { ...HOME, cert: "CERT of bob", key: "KEY of bob", headers: { Authorization: "Bearer token-of-flag" } },
    },
    {
      title: "--client-certificate and --client-key",
      choice: { user: "bob", clientCertificate: "tls.crt", clientKey: "tls.key" },
      expected: { ...HOME, cert: "CERT of the flag", key: "KEY of the flag", headers: {} },
    },
    {
      title: "--client-key alone, beside the kubeconfig's certificate",
      choice: { user: "bob", clientKey: "tls.key" },
      expected: { ...HOME, cert: "CERT of bob", key: "KEY of the flag", headers: {} },
    },
    {
      title: "--as, --as-group twice and --as-uid",
      choice: { as: "zoë", asGroup: ["desk", "floor"], asUid: "7" },
      expected: {
        ...HOME,
        headers: {
          ...ANN,
          "Impersonate-User": Buffer.from("zoë").toString("latin1"),
          "Impersonate-Group": ["desk", "floor"],
          "Impersonate-Uid": "7",
        },
      },
    },
    {
      title: "nothing of whom the kubeconfig acts as",
      choice: { context: "work" },
      expected: {
        ...HOME,
        namespace: null,
        headers: {
          Authorization: "Bearer t",
          "Impersonate-User": "clerk",
          "Impersonate-Group": ["desk", "floor"],
          "Impersonate-Uid": "7",
          "Impersonate-Extra-a%2Fb": ["1", "2"],
        },
      },
    },
    {
      title: "--as and --as-group over those of the kubeconfig",
      choice: { context: "work", as: "guest", asGroup: ["door"] },
      expected: {
        ...HOME,
        namespace: null,
        headers: {
          Authorization: "Bearer t",
          "Impersonate-User": "guest",
          "Impersonate-Group": ["door"],
          "Impersonate-Uid": "7",
          "Impersonate-Extra-a%2Fb": ["1", "2"],
        },
      },
    },
    {
      title: "--as over plain HTTP, as to kubectl proxy: the name is no secret, the token is",
      choice: { cluster: "proxy", as: "guest" },
      expected: { server: "http://127.0.0.1:8001/", namespace: "sun", headers: { "Impersonate-User": "guest" } },
    },
  ])("$title", async ({ choice, expected }) => {
    vi.spyOn(process, "cwd").mockReturnValue(folder);

    expect(await asked({ kubeconfig, ...choice })).toEqual(expected);
    vi.restoreAllMocks();
  });

  it.each<{ readonly title: string; readonly choice: ConnectionChoice; readonly code: string; readonly message: string }>([
    {
      title: "a context that is not there",
      choice: { context: "dawn" },
      code: "context-unknown",
      message: 'no context "dawn" in the kubeconfig; it has day, night, work',
    },
    {
      title: "a cluster that is not there",
      choice: { cluster: "away" },
      code: "cluster-unknown",
      message: 'no cluster "away" in the kubeconfig; it has home, loose, proxy',
    },
    {
      title: "a user that is not there",
      choice: { user: "eve" },
      code: "user-unknown",
      message: 'no user "eve" in the kubeconfig; it has ann, bob, filed, plugged, boss',
    },
    {
      title: "a server that is none",
      choice: { server: "https://" },
      code: "server-invalid",
      message: "--server https://: give the URL of an API server, for example https://example.com:6443",
    },
    {
      title: "a server of another kind",
      choice: { server: "ftp://a.example" },
      code: "server-invalid",
      message: "--server ftp://a.example: give the URL of an API server, for example https://example.com:6443",
    },
    {
      title: "trust in anybody and in one alone",
      choice: { insecureSkipTlsVerify: true, certificateAuthority: "ca.crt" },
      code: "flags-conflict",
      message: "--insecure-skip-tls-verify trusts any server, --certificate-authority one alone: give one of them",
    },
    {
      title: "groups of nobody",
      choice: { asGroup: ["system:masters"] },
      code: "flags-incomplete",
      message: "--as-group and --as-uid say more of whom --as names: give --as too",
    },
    {
      title: "a certificate without its key",
      choice: { clientCertificate: "ca.crt" },
      code: "flags-incomplete",
      message: "--client-certificate and --client-key go together",
    },
  ])("refuses $title", ({ choice, code, message }) => {
    vi.spyOn(process, "cwd").mockReturnValue(folder);

    expect(loadConnection({ kubeconfig, ...choice })).toEqual({ ok: false, error: { code, message } });
    vi.restoreAllMocks();
  });

  it("refuses a file that is not there, by its flag", () => {
    const loaded = loadConnection({ kubeconfig, certificateAuthority: join(folder, "no.crt") });

    expect(loaded).toMatchObject({
      ok: false,
      error: { code: "file-unreadable", message: expect.stringMatching(/^--certificate-authority: ENOENT.*no\.crt/) as string },
    });
  });
});

describe("without a kubeconfig", () => {
  it("--server and --token are enough", async () => {
    expect(await asked({ server: "https://a.example", token: "t", insecureSkipTlsVerify: true })).toEqual({
      server: "https://a.example/",
      namespace: null,
      rejectUnauthorized: false,
      headers: { Authorization: "Bearer t" },
    });
  });

  it("--token alone asks nobody", () => {
    expect(loadConnection({ token: "t" })).toMatchObject({ ok: false, error: { code: "no-cluster" } });
  });
});

describe("several kubeconfigs in $KUBECONFIG", () => {
  /** One whose names are `name`, all but the cluster's. */
  function write(name: string, server: string): string {
    mkdirSync(join(folder, name), { recursive: true });
    const path = join(folder, name, "config");
    writeFileSync(
      path,
      JSON.stringify({
        clusters: [{ name: "shared", cluster: { server } }],
        users: [{ name, user: { tokenFile: "token" } }],
        contexts: [{ name, context: { cluster: "shared", user: name } }],
        "current-context": name,
      }),
    );
    writeFileSync(join(folder, name, "token"), `token-of-${name}`);
    return path;
  }

  it("count in their order: the first to name something wins, the current context too", async () => {
    const paths = [write("one", "https://one.example"), write("two", "https://two.example")];
    vi.stubEnv("KUBECONFIG", paths.join(delimiter));

    expect(await asked({})).toMatchObject({
      server: "https://one.example/",
      headers: { Authorization: "Bearer token-of-one" },
    });
    expect(await asked({ context: "two" })).toMatchObject({
      server: "https://one.example/",
      headers: { Authorization: "Bearer token-of-two" },
    });
  });

  it("may be missing, but for all of them", async () => {
    const path = write("one", "https://one.example");
    vi.stubEnv("KUBECONFIG", ["", join(folder, "gone"), path].join(delimiter));
    expect(await asked({})).toMatchObject({ server: "https://one.example/" });

    vi.stubEnv("KUBECONFIG", join(folder, "gone"));
    expect(loadConnection({})).toMatchObject({ ok: false, error: { code: "kubeconfig-unreadable" } });
  });
});

describe("a request by these flags", () => {
  it("carries each group in a header of its own", async () => {
    const server = await startStandIn();
    try {
      server.answer(() => true, { status: 200, body: {} });
      const client = loadApiClient({ server: server.url, as: "ann", asGroup: ["desk", "a,b"] });
      if (!client.ok) throw new Error(client.error.message);
      await client.value.request({ method: "GET", path: "/version" });
      client.value.close();

      expect(server.requests.map(({ impersonation }) => impersonation)).toEqual([
        ["Impersonate-User: ann", "Impersonate-Group: desk", "Impersonate-Group: a,b"],
      ]);
    } finally {
      await server.close();
    }
  });

  it.each([
    { title: "gives up after --request-timeout", requestTimeout: 0.05, code: "timeout", message: "no answer within 0.05 s" },
    { title: "waits as long as it takes by --request-timeout=0", requestTimeout: 0, code: "server-error", message: "slow" },
    { title: "waits longer than a timer can", requestTimeout: 1e9, code: "server-error", message: "slow" },
  ])("$title", async ({ requestTimeout, code, message }) => {
    const server = await startStandIn();
    try {
      server.answer(() => true, requestTimeout === 0.05 ? "hang" : { status: 500, body: status(500, "slow") });
      const client = loadApiClient({ server: server.url, requestTimeout });
      if (!client.ok) throw new Error(client.error.message);
      const answer = await client.value.request({ method: "GET", path: "/version" });
      client.value.close();

      expect(answer).toMatchObject({ ok: false, error: { code, message } });
    } finally {
      await server.close();
    }
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
