import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer, type Server } from "node:https";
import { createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type ApiClient, loadApiClient } from "../../../../src/cluster/live/api-client.ts";
import { kubeconfigOf, type StandIn, startStandIn, status } from "./stand-in-api-server.ts";

const PATH = "/apis/example.dev/v1/things";

let folder: string;
let kubeconfig: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "api-client-"));
  kubeconfig = join(folder, "kubeconfig");
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

describe("finding the API server", () => {
  it.each([
    { title: "names a kubeconfig that is not there", content: null, choice: {}, error: "kubeconfig-unreadable" },
    { title: "names a kubeconfig that is not YAML", content: "a: [", choice: {}, error: "kubeconfig-unreadable" },
    { title: "names a kubeconfig that is empty", content: "", choice: {}, error: "kubeconfig-unreadable" },
    { title: "names a server that is no URL", content: kubeconfigOf("nowhere"), choice: {}, error: "kubeconfig-unreadable" },
    {
      title: "names a context that is not there",
      content: kubeconfigOf("https://a"),
      choice: { context: "prod" },
      error: "context-unknown",
    },
    { title: "finds no cluster without a current context", content: "kind: Config", choice: {}, error: "no-cluster" },
    {
      title: "finds no cluster behind a context of none",
      content: kubeconfigOf("https://a").replace('"stand-in"', '"other"'),
      choice: {},
      error: "no-cluster",
    },
  ])("$title", ({ content, choice, error }) => {
    if (content !== null) writeFileSync(kubeconfig, content);

    const loaded = loadApiClient({ kubeconfig, ...choice });

    expect(loaded.ok ? "" : loaded.error.code).toBe(error);
  });

  it("finds no cluster where there is no kubeconfig and no service account", () => {
    vi.stubEnv("KUBECONFIG", "");
    vi.stubEnv("HOME", folder);

    const loaded = loadApiClient();

    expect(loaded.ok ? "" : loaded.error.code).toBe("no-cluster");
  });

  it("tells the server's URL without credentials", () => {
    writeFileSync(kubeconfig, kubeconfigOf("https://me:secret@example.dev:6443/k8s/clusters/c-1/"));

    const loaded = loadApiClient({ kubeconfig, context: "test" });

    expect(loaded.ok ? loaded.value.server : "").toBe("https://example.dev:6443/k8s/clusters/c-1");
  });
});

describe("a request", () => {
  let server: StandIn;

  beforeEach(async () => {
    server = await startStandIn();
  });

  afterEach(async () => {
    await server.close();
  });

  it.each([
    { code: 400, error: "invalid" },
    { code: 401, error: "unauthorized" },
    { code: 403, error: "forbidden" },
    { code: 404, error: "not-found" },
    { code: 409, error: "conflict" },
    { code: 410, error: "gone" },
    { code: 422, error: "invalid" },
    { code: 429, error: "too-many-requests" },
    { code: 500, error: "server-error" },
    { code: 503, error: "server-error" },
    { code: 504, error: "timeout" },
  ])("turns a $code into $error, with the API server's words", async ({ code, error }) => {
    server.answer(() => true, { status: code, body: status(code, "things are\n bad") });

    const answer = await server.client.request({ method: "GET", path: PATH });

    expect(answer).toEqual({ ok: false, error: { code: error, status: code, message: "things are bad" } });
  });

  it.each([
    { title: "header", answer: { status: 429, headers: { "retry-after": "3" } }, seconds: 3 },
    { title: "Status", answer: { status: 429, body: { kind: "Status", details: { retryAfterSeconds: 4 } } }, seconds: 4 },
  ])("takes the pause that is asked for from the $title", async ({ answer, seconds }) => {
    server.answer(() => true, answer);

    const result = await server.client.request({ method: "GET", path: PATH });

    expect(result.ok ? null : result.error.retryAfterSeconds).toBe(seconds);
  });

  it("shows what a proxy in between says", async () => {
    server.answer(() => true, { status: 502, body: "<h1>Bad Gateway</h1>" });

    const result = await server.client.request({ method: "GET", path: PATH });

    expect(result.ok ? null : result.error).toEqual({
      code: "server-error",
      status: 502,
      message: "answered 502: <h1>Bad Gateway</h1>",
    });
  });

  it("sends query, body and content type, and gives back the parsed answer", async () => {
    server.answer(() => true, { status: 200, body: { kind: "Thing", name: "ü" } });

    const result = await server.client.request({
      method: "PATCH",
      path: `${PATH}/a`,
      query: { dryRun: "All", force: true, absent: undefined },
      body: { größe: 1 },
      contentType: "application/merge-patch+json",
    });

    expect(result).toEqual({ ok: true, status: 200, body: { kind: "Thing", name: "ü" } });
    expect(server.requests).toEqual([
      {
        method: "PATCH",
        path: `${PATH}/a`,
        query: { dryRun: "All", force: "true" },
        accept: "application/json",
        contentType: "application/merge-patch+json",
        body: '{"größe":1}',
      },
    ]);
  });

  it.each([
    { title: "one", header: '299 - "asked as bob"', warnings: ["asked as bob"] },
    { title: "several", header: '299 - "first, of two", 299 - "second"', warnings: ["first, of two", "second"] },
    { title: "quoted ones", header: '299 - "\\"v1\\" and a \\\\"', warnings: ['"v1" and a \\'] },
    { title: "none that can be read", header: "nothing of the kind", warnings: undefined },
  ])("gives back warnings: $title", async ({ header, warnings }) => {
    server.answer(() => true, { status: 200, body: {}, headers: { warning: header } });

    const result = await server.client.request({ method: "GET", path: PATH });

    expect(result).toEqual({ ok: true, status: 200, body: {}, ...(warnings === undefined ? {} : { warnings }) });
  });

  it("gives back text as text", async () => {
    server.answer(() => true, { status: 200, body: "ok" });

    expect(await server.client.request({ method: "GET", path: "/readyz" })).toEqual({ ok: true, status: 200, body: "ok" });
  });

  it("fails when JSON is announced and something else comes", async () => {
    server.answer(() => true, { status: 200, body: "<html>", headers: { "content-type": "application/json" } });

    const result = await server.client.request({ method: "GET", path: PATH });

    expect(result.ok ? "" : result.error.code).toBe("invalid");
  });

  it.each([
    { title: "gives up when the caller does", signal: () => AbortSignal.timeout(20), timeoutSeconds: 60, code: "aborted" },
    {
      title: "asks nothing for a caller who gave up before",
      signal: () => AbortSignal.abort(),
      timeoutSeconds: 60,
      code: "aborted",
    },
    { title: "gives up after its time", signal: () => undefined, timeoutSeconds: 0.02, code: "timeout" },
  ])("$title", async ({ signal, timeoutSeconds, code }) => {
    server.answer(() => true, "hang");

    const result = await server.client.request({ method: "GET", path: PATH, signal: signal(), timeoutSeconds });

    expect(result.ok ? "" : result.error.code).toBe(code);
  });

  it("says that nobody answers", async () => {
    await server.down();

    const result = await server.client.request({ method: "GET", path: PATH });

    expect(result.ok ? "" : result.error.code).toBe("unreachable");
  });

  it("works again at once after the API server came back, over no stale connection", async () => {
    server.answer(() => true, { status: 200, body: {} });
    await server.client.request({ method: "GET", path: PATH });
    await server.down();
    await server.up();

    expect((await server.client.request({ method: "GET", path: PATH })).ok).toBe(true);
  });

  it("asks again when a kept connection turns out to be reset", async () => {
    let served = 0;
    // Answers once on each connection, and resets it at the second request, as a load balancer does that forgot it.
    const fickle = createSocketServer((socket) => {
      let requests = 0;
      socket.on("error", () => undefined);
      socket.on("data", () => {
        requests += 1;
        if (requests > 1) {
          socket.resetAndDestroy();
          return;
        }
        served += 1;
        socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
      });
    });
    fickle.listen(0, "127.0.0.1");
    await once(fickle, "listening");
    const client = clientOf(kubeconfigOf(`http://127.0.0.1:${String(portOf(fickle))}`));

    const first = await client.request({ method: "GET", path: PATH });
    const second = await client.request({ method: "GET", path: PATH });
    const post = await client.request({ method: "POST", path: PATH, body: {} });
    client.close();
    fickle.close();

    expect([first.ok, second.ok, post.ok]).toEqual([true, true, false]);
    expect(served).toBe(2);
  });
});

describe("credentials", () => {
  let server: Server;
  let url: string;
  let certificate: string;
  let seen: IncomingHttpHeaders[];
  let acceptable: (headers: IncomingHttpHeaders) => boolean;

  beforeAll(async () => {
    const pair = await generate([{ name: "commonName", value: "stand-in" }], {
      keyType: "ec",
      extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
    });
    certificate = Buffer.from(pair.cert).toString("base64");
    server = createServer({ cert: pair.cert, key: pair.private }, (request, response) => {
      seen.push(request.headers);
      const isAccepted = acceptable(request.headers);
      response.writeHead(isAccepted ? 200 : 401, { "content-type": "application/json" });
      response.end(JSON.stringify(isAccepted ? {} : status(401, "Unauthorized")));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `https://127.0.0.1:${String(portOf(server))}`;
  });

  beforeEach(() => {
    seen = [];
    acceptable = () => true;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("are sent to a server whose certificate the kubeconfig's authority signed", async () => {
    const client = clientOf(kubeconfigOf(url, { token: "t0ken", as: "alice" }, { "certificate-authority-data": certificate }));

    const result = await client.request({ method: "GET", path: PATH });
    client.close();

    expect(result).toMatchObject({ ok: true });
    expect(seen[0]).toMatchObject({ authorization: "Bearer t0ken", "impersonate-user": "alice", "user-agent": "crdguard" });
  });

  it("are sent to no other server", async () => {
    const client = clientOf(kubeconfigOf(url, { token: "t0ken" }));

    const result = await client.request({ method: "GET", path: PATH });

    expect(result.ok ? "" : result.error.code).toBe("unreachable");
    expect(seen).toEqual([]);
  });

  it("are read anew after a 401, as when a plugin's token was revoked", async () => {
    const plugin = join(folder, "plugin");
    writeFileSync(join(folder, "token"), "old");
    writeFileSync(
      plugin,
      `#!/bin/sh\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat ${folder}/token)"\n`,
    );
    chmodSync(plugin, 0o755);
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: plugin, interactiveMode: "Never" };
    const client = clientOf(kubeconfigOf(url, { exec }, { "certificate-authority-data": certificate }));
    await client.request({ method: "GET", path: PATH });
    writeFileSync(join(folder, "token"), "new");
    acceptable = ({ authorization }) => authorization === "Bearer new";

    const result = await client.request({ method: "GET", path: PATH });
    client.close();

    expect(result).toMatchObject({ ok: true });
    expect(seen.map(({ authorization }) => authorization)).toEqual(["Bearer old", "Bearer old", "Bearer new"]);
  });

  it("are read anew only once", async () => {
    acceptable = () => false;
    const client = clientOf(kubeconfigOf(url, { token: "t0ken" }, { "certificate-authority-data": certificate }));

    const result = await client.request({ method: "GET", path: PATH });
    client.close();

    expect(result).toMatchObject({ ok: false, error: { code: "unauthorized", status: 401 } });
    expect(seen).toHaveLength(2);
  });

  it.each([
    { title: "without a line break at the end of a token file", content: "from-file\n", sent: "Bearer from-file" },
    { title: "as they are in a token file", content: "from-file", sent: "Bearer from-file" },
  ])("are sent $title", async ({ content, sent }) => {
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, content);
    const user = { "auth-provider": { name: "tokenFile", config: { tokenFile } } };
    const client = clientOf(kubeconfigOf(url, user, { "certificate-authority-data": certificate }));

    await client.request({ method: "GET", path: PATH });
    client.close();

    expect(seen[0]?.authorization).toBe(sent);
  });

  it("are read from the file that a user's tokenFile names, beside the kubeconfig, and anew when it was rotated", async () => {
    writeFileSync(join(folder, "token"), "first\n");
    const user = { tokenFile: "token", token: "passed over" };
    const client = clientOf(kubeconfigOf(url, user, { "certificate-authority-data": certificate }));

    await client.request({ method: "GET", path: PATH });
    writeFileSync(join(folder, "token"), "second");
    await client.request({ method: "GET", path: PATH });
    client.close();

    expect(seen.map(({ authorization }) => authorization)).toEqual(["Bearer first", "Bearer second"]);
  });

  it("are an error when the token file is gone: nobody is asked anonymously", async () => {
    const client = clientOf(kubeconfigOf(url, { tokenFile: "gone" }, { "certificate-authority-data": certificate }));

    const result = await client.request({ method: "GET", path: PATH });

    expect(result.ok ? "" : `${result.error.code} ${result.error.message}`).toMatch(/^unreachable .*ENOENT.*gone/);
    expect(seen).toEqual([]);
  });

  it("that cannot be had are an error, not a crash", async () => {
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: join(folder, "missing"), interactiveMode: "Never" };
    const client = clientOf(kubeconfigOf(url, { exec }, { "certificate-authority-data": certificate }));

    const result = await client.request({ method: "GET", path: PATH });

    expect(result.ok ? "" : `${result.error.code} ${result.error.message}`).toMatch(/^unreachable .*ENOENT/);
  });

  it("do not hold up a caller who gives up while a plugin runs", async () => {
    const plugin = join(folder, "slow");
    writeFileSync(plugin, "#!/bin/sh\nexec sleep 1\n");
    chmodSync(plugin, 0o755);
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: plugin, interactiveMode: "Never" };
    const client = clientOf(kubeconfigOf(url, { exec }, { "certificate-authority-data": certificate }));

    const result = await client.request({ method: "GET", path: PATH, signal: AbortSignal.timeout(20) });

    expect(result.ok ? "" : result.error.code).toBe("aborted");
  });

  it("are never sent over plain HTTP", async () => {
    let authorization: string | undefined = "none seen";
    const listener = createSocketServer((socket) => {
      socket.once("data", (bytes) => {
        authorization = /authorization: .*/i.exec(bytes.toString())?.[0];
        socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      });
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const client = clientOf(kubeconfigOf(`http://127.0.0.1:${String(portOf(listener))}`, { token: "t0ken" }));

    await client.request({ method: "GET", path: PATH });
    client.close();
    listener.close();

    expect(authorization).toBeUndefined();
  });
});

function clientOf(content: string): ApiClient {
  writeFileSync(kubeconfig, content);
  const loaded = loadApiClient({ kubeconfig });
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

function portOf(server: { address(): unknown }): number {
  const address = server.address();
  if (typeof address !== "object" || address === null || !("port" in address)) throw new Error("not listening");
  return Number(address.port);
}
