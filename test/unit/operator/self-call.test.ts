import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDevelopmentPair } from "../../../src/certificates/development-pair.ts";
import { callSelf, type SelfCallResult } from "../../../src/operator/self-call.ts";
import { developmentPair, runGuard } from "../admission/support/running-guard.ts";

describe("a server that calls itself", () => {
  it("takes its own answer, by the authorities that are to be published", async () => {
    const guard = await runGuard();

    expect(await call(guard.url, guard.pair.ca)).toEqual({ ok: true });
    expect(await call(`${guard.url}/`, guard.pair.ca)).toEqual({ ok: true });
  });

  it("does not take an answer by another authority than that", async () => {
    const guard = await runGuard();
    const other = await createDevelopmentPair({ hosts: ["127.0.0.1"] });
    if (!other.ok) throw new Error(other.error.message);

    expect(await call(guard.url, other.value.ca)).toMatchObject({
      ok: false,
      reason: expect.stringContaining(guard.url) as unknown,
    });
  });

  it("takes any certificate where another knows the authorities", async () => {
    const guard = await runGuard();

    expect(await call(guard.url, null)).toEqual({ ok: true });
  });

  it.each([
    { title: "an answer to another review", status: 200, body: '{"response":{"uid":"another","allowed":true}}', ok: false },
    { title: "a page of a proxy", status: 200, body: "<html>", ok: false },
    { title: "a refusal", status: 500, body: '{"code":"internal-error"}', ok: false },
    {
      title: "a refusal for want of a client certificate",
      status: 401,
      body: '{"code":"client-certificate-missing"}',
      ok: false,
    },
    {
      title: "a refusal for want of a client certificate, where the server asks for one",
      status: 401,
      body: '{"code":"client-certificate-missing"}',
      needsClientCertificate: true,
      ok: true,
    },
    { title: "another refusal there", status: 500, body: '{"code":"internal-error"}', needsClientCertificate: true, ok: false },
  ])("takes $title: $ok", async ({ status, body, needsClientCertificate = false, ok }) => {
    const pair = await developmentPair();
    const server = createServer({ cert: pair.cert, key: pair.key }, (_request, response) => {
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;

    expect((await call(url, pair.ca, needsClientCertificate)).ok).toBe(ok);
  });

  it("says where nobody answers", async () => {
    const result = await call("https://127.0.0.1:1", null);

    expect(result).toEqual({ ok: false, reason: "https://127.0.0.1:1/validate: connect ECONNREFUSED 127.0.0.1:1" });
  });

  it("asks a Service by the name that the API server looks for in its certificate", async () => {
    const address = { kind: "service", namespace: "no-such", name: "crdguard", port: 443 } as const;
    const result = await callSelf({ address, bundle: null, needsClientCertificate: false, signal: AbortSignal.timeout(2_000) });

    expect(result).toMatchObject({
      ok: false,
      reason: expect.stringContaining("https://crdguard.no-such.svc/validate") as unknown,
    });
  });
});

async function call(url: string, bundle: string | null, needsClientCertificate = false): Promise<SelfCallResult> {
  return callSelf({ address: { kind: "url", url }, bundle, needsClientCertificate, signal: new AbortController().signal });
}
