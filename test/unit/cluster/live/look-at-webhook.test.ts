import { once } from "node:events";
import { createServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseHosts } from "../../../../src/certificates/hosts.ts";
import { issueAuthority, issueServingCertificate } from "../../../../src/certificates/issue.ts";
import { lookAtWebhook } from "../../../../src/cluster/live/look-at-webhook.ts";
import { type StandIn, startStandIn, status as statusOf } from "./stand-in-api-server.ts";

const SERVICE = "/api/v1/namespaces/mill/services/converter";
const SLICES = "/apis/discovery.k8s.io/v1/namespaces/mill/endpointslices";
const target = { kind: "service", namespace: "mill", name: "converter", port: 443 } as const;

let server: StandIn;

beforeEach(async () => {
  server = await startStandIn();
});

afterEach(async () => {
  await server.close();
});

function look(webhook: Parameters<typeof lookAtWebhook>[0]["webhook"], signal = new AbortController().signal): Promise<unknown> {
  return lookAtWebhook({ client: server.client, webhook, isInCluster: false, signal });
}

function answerForService(status: number): void {
  server.answer(({ path }) => path === SERVICE, {
    status,
    body: status === 200 ? { metadata: { name: "converter" } } : statusOf(status, "services is refused"),
  });
}

describe("the conversion webhook of a change", () => {
  it("is missing with its service", async () => {
    answerForService(404);

    expect(await look({ target, caBundle: null })).toEqual({ kind: "broken", problem: { kind: "service-missing" } });
  });

  it.each([
    { title: "answers by a ready pod", ready: true, expected: { kind: "answers" } },
    { title: "is missing without one", ready: false, expected: { kind: "broken", problem: { kind: "no-endpoints" } } },
  ])("$title", async ({ ready, expected }) => {
    answerForService(200);
    server.collection(SLICES).put({ metadata: { name: "s1" }, endpoints: [{ conditions: { ready } }] });

    expect(await look({ target, caBundle: null })).toEqual(expected);
  });

  it("is trusted by nobody where the caBundle holds no certificate", async () => {
    answerForService(200);
    server.collection(SLICES).put({ metadata: { name: "s1" }, endpoints: [{ conditions: { ready: true } }] });
    const caBundle = Buffer.from("nothing").toString("base64");

    expect(await look({ target, caBundle })).toMatchObject({ kind: "broken", problem: { kind: "ca-malformed" } });
  });

  it("is not known where crdguard may not look, or has no time left", async () => {
    answerForService(403);

    expect(await look({ target, caBundle: null })).toMatchObject({ kind: "unknown" });
    expect(await look({ target, caBundle: null }, AbortSignal.abort())).toMatchObject({ kind: "unknown" });
  });

  it("is distrusted where the caBundle is of another authority", async () => {
    const now = new Date();
    const authority = await issueAuthority("mill", { days: 10, now });
    const another = await issueAuthority("another", { days: 10, now });
    const hosts = parseHosts(["127.0.0.1"]);
    if (!hosts.ok) throw new Error(hosts.error.message);
    const pair = await issueServingCertificate(hosts.value, { days: 10, now }, authority);
    const listening = createServer({ cert: pair.cert, key: pair.key }).listen(0, "127.0.0.1");
    await once(listening, "listening");
    const address = listening.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const at = { kind: "url", url: `https://127.0.0.1:${String(port)}/convert` } as const;
    const bundle = (pem: string): string => Buffer.from(pem).toString("base64");

    const distrusted = await look({ target: at, caBundle: bundle(another.cert) });
    const trusted = await look({ target: at, caBundle: bundle(authority.cert) });
    listening.close();

    expect(distrusted).toMatchObject({ kind: "broken", problem: { kind: "distrusted" } });
    expect(trusted).toEqual({ kind: "answers" });
  });
});
