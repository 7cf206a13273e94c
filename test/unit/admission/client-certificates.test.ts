/** Real handshakes: what callers may show, and what becomes of them. */
import { generate } from "selfsigned";
import { describe, expect, it } from "vitest";
import type { ClientAuth } from "../../../src/admission/client-certificate.ts";
import { issueAuthority, type KeyAndCertificate } from "../../../src/certificates/issue.ts";
import { admissionReview } from "./support/reviews.ts";
import { type Reply, runGuard, send } from "./support/running-guard.ts";

const now = new Date();
const DAY_MS = 24 * 3_600_000;
const authority = await issueAuthority("clients", { days: 1, now });
const stranger = await issueAuthority("strangers", { days: 1, now });

interface ClientShape {
  readonly commonName: string;
  readonly uri?: string;
  readonly by?: KeyAndCertificate;
  readonly expired?: boolean;
  readonly use?: "clientAuth" | "serverAuth";
}

async function client({
  commonName,
  uri,
  by = authority,
  expired = false,
  use = "clientAuth",
}: ClientShape): Promise<KeyAndCertificate> {
  const made = await generate([{ name: "commonName", value: commonName }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now.getTime() - 2 * DAY_MS),
    notAfterDate: new Date(now.getTime() + (expired ? -DAY_MS : DAY_MS)),
    extensions: [
      { name: "extKeyUsage", [use]: true },
      ...(uri === undefined ? [] : [{ name: "subjectAltName" as const, altNames: [{ type: 6 as const, value: uri }] }]),
    ],
    ca: by,
  });
  return { cert: made.cert, key: made.private };
}

const pairs = {
  none: null,
  right: await client({ commonName: "kube-apiserver" }),
  "right by its URI": await client({ commonName: "x", uri: "kube-apiserver" }),
  "of another name": await client({ commonName: "kubelet-1" }),
  "of a name that only begins so": await client({ commonName: "kube-apiserver-impostor" }),
  "of a name with commas": await client({ commonName: "x", uri: "a, DNS:kube-apiserver" }),
  "of another authority": await client({ commonName: "kube-apiserver", by: stranger }),
  expired: await client({ commonName: "kube-apiserver", expired: true }),
  "for servers": await client({ commonName: "kube-apiserver", use: "serverAuth" }),
} as const;

async function callWith(auth: ClientAuth, who: keyof typeof pairs, path = "/validate") {
  const guard = await runGuard({ clientAuth: auth });
  const pair = pairs[who];
  const reply = await send(guard, path, {
    body: JSON.stringify(admissionReview()),
    ...(pair === null ? {} : { tls: { cert: pair.cert, key: pair.key } }),
  });
  return { guard, reply };
}

function codeOf({ statusCode, text }: Reply): string {
  return statusCode === 200 ? "200" : `${String(statusCode)} ${(JSON.parse(text) as { code: string }).code}`;
}

describe("client certificates", () => {
  it.each<{ readonly who: keyof typeof pairs; readonly answer: string; readonly state: string }>([
    { who: "none", answer: "401 client-certificate-missing", state: "missing" },
    { who: "right", answer: "200", state: "accepted" },
    { who: "right by its URI", answer: "200", state: "accepted" },
    { who: "of another name", answer: "403 client-certificate-wrong-subject", state: "wrong-subject" },
    { who: "of a name that only begins so", answer: "403 client-certificate-wrong-subject", state: "wrong-subject" },
    { who: "of a name with commas", answer: "403 client-certificate-wrong-subject", state: "wrong-subject" },
    { who: "of another authority", answer: "401 client-certificate-untrusted", state: "untrusted" },
    { who: "expired", answer: "401 client-certificate-untrusted", state: "untrusted" },
    { who: "for servers", answer: "401 client-certificate-untrusted", state: "untrusted" },
  ])("one that is $who: $answer where it is required, and an answer and a log line where it is requested", async (row) => {
    const required = await callWith({ mode: "require", ca: authority.cert, name: "kube-apiserver" }, row.who);
    const requested = await callWith({ mode: "request", ca: authority.cert, name: "kube-apiserver" }, row.who);

    expect([codeOf(required.reply), codeOf(requested.reply)]).toEqual([row.answer, "200"]);
    for (const { guard } of [required, requested]) {
      const { values } = await guard.metrics.clientCertificates.get();
      expect(values.map(({ labels, value }) => [labels.state, value])).toEqual([[row.state, 1]]);
    }
    const lines = [...required.guard.logLines(), ...requested.guard.logLines()].map(
      (line) => (JSON.parse(line) as { msg: string }).msg,
    );
    expect(lines.filter((line) => line.startsWith("caller"))).toEqual(
      row.state === "accepted" ? [] : ["caller refused", "caller would be refused"],
    );
  });

  it("are asked for on every path, and before a body of any size is read", async () => {
    const guard = await runGuard({ clientAuth: { mode: "require", ca: authority.cert, name: "kube-apiserver" } });
    const replies = await Promise.all([
      send(guard, "/validate", {
        body: Buffer.alloc(100),
        headers: { "content-type": "application/json", "content-length": "9000000000" },
      }).catch((error: unknown) => error),
      send(guard, "/nowhere"),
      send(guard, "/validate", { method: "GET" }),
    ]);

    expect(replies.map((reply) => (reply as Reply).statusCode)).toEqual([401, 401, 401]);
    expect((replies[0] as Reply).headers.connection).toBe("close");
  });

  it("may have any name where only an authority is asked for", async () => {
    const { reply } = await callWith({ mode: "request", ca: authority.cert, name: null }, "of another name");

    expect(codeOf(reply)).toBe("200");
  });

  it("are held against new authorities, and still are after the serving certificate was replaced", async () => {
    const guard = await runGuard({ clientAuth: { mode: "require", ca: stranger.cert, name: "kube-apiserver" } });
    const call = (): Promise<Reply> => send(guard, "/validate", { body: JSON.stringify(admissionReview()), tls: pairs.right });
    const answers = [codeOf(await call())];

    guard.server.setClientAuthority(authority.cert);
    answers.push(codeOf(await call()));
    guard.server.setCertificate(guard.pair);
    answers.push(codeOf(await call()));

    expect(answers).toEqual(["401 client-certificate-untrusted", "200", "200"]);
  });

  it("are asked of nobody unless told", async () => {
    const guard = await runGuard();
    const reply = await send(guard, "/validate", { body: JSON.stringify(admissionReview()) });

    expect(reply.statusCode).toBe(200);
    expect((await guard.metrics.clientCertificates.get()).values).toEqual([]);
  });
});
