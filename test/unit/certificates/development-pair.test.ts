import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:https";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  createDevelopmentPair,
  DEVELOPMENT_PAIR_DAYS,
  type DevelopmentPair,
} from "../../../src/certificates/development-pair.ts";
import { alternativeNames } from "../../../src/certificates/serving-pair.ts";
import { DAY_MS } from "./pairs.ts";

describe("createDevelopmentPair", () => {
  it("names exactly the given hosts: names as DNS entries, addresses as IP entries", async () => {
    const { cert } = await made(["localhost", "guard.example", "127.0.0.1", "[::1]"]);
    const leaf = new X509Certificate(cert);

    expect(alternativeNames(leaf)).toEqual(["localhost", "guard.example", "127.0.0.1", "::1"]);
    expect(leaf.subjectAltName).toBe("DNS:localhost, DNS:guard.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
  });

  it("has a P-256 key, serves TLS and nothing else, and is no authority", async () => {
    const { cert, key, ca } = await made(["localhost"]);
    const leaf = new X509Certificate(cert);

    expect(leaf.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(leaf.ca).toBe(false);
    expect(ca).toBe(cert);
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  it("is valid for a month, and already five minutes ago for a cluster whose clock is behind", async () => {
    const now = new Date("2026-03-01T12:00:00Z");
    const result = await createDevelopmentPair({ hosts: ["localhost"], now });
    const leaf = new X509Certificate(result.ok ? result.value.cert : "");

    expect(leaf.validFromDate).toEqual(new Date("2026-03-01T11:55:00Z"));
    expect(leaf.validToDate).toEqual(new Date(now.getTime() + DEVELOPMENT_PAIR_DAYS * DAY_MS));
  });

  it.each([
    { title: "trusts it by its own PEM, under a name", host: "localhost", trusts: "itself", outcome: "200" },
    { title: "trusts it by its own PEM, under an address", host: "127.0.0.1", trusts: "itself", outcome: "200" },
    {
      title: "refuses it for a host that it does not name",
      host: "other.example",
      trusts: "itself",
      outcome: "ERR_TLS_CERT_ALTNAME_INVALID",
    },
    {
      title: "refuses it by the PEM of another one, though both have the same subject",
      host: "localhost",
      trusts: "another",
      outcome: "DEPTH_ZERO_SELF_SIGNED_CERT",
    },
  ])("a TLS client $title", async ({ host, trusts, outcome }) => {
    const pair = await made(["localhost", "127.0.0.1"]);
    const ca = trusts === "itself" ? pair.ca : (await made(["localhost"])).ca;

    expect(await call(pair, host, ca)).toBe(outcome);
  });

  it.each([
    { title: "no host", hosts: [], code: "host-missing" },
    { title: "what is no host", hosts: ["localhost", "a b"], code: "host-malformed" },
  ])("refuses $title", async ({ hosts, code }) => {
    expect(await createDevelopmentPair({ hosts })).toMatchObject({ ok: false, error: { code } });
  });
});

async function made(hosts: readonly string[]): Promise<DevelopmentPair> {
  const result = await createDevelopmentPair({ hosts });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** HTTP status of a request to `https://<host>` that trusts `ca` alone, or the error's code. */
async function call({ cert, key }: DevelopmentPair, host: string, ca: string): Promise<string> {
  const server = createServer({ cert, key }, (_request, response) => response.end());
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return new Promise((resolve) => {
    const outgoing = request({
      host: "127.0.0.1",
      port,
      ca,
      agent: false,
      servername: host === "127.0.0.1" ? "" : host,
      headers: { host },
    });
    outgoing.on("response", (response) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    outgoing.end();
  });
}
