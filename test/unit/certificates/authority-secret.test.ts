import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Authority, AuthorityState } from "../../../src/certificates/authority.ts";
import { decodeAuthority, encodeAuthority, readAuthority, readTrusted } from "../../../src/certificates/authority-secret.ts";
import { issueAuthority } from "../../../src/certificates/issue.ts";
import { pairFor } from "./pairs.ts";

const UID = "2f6c1d4e";
const [A, B] = await Promise.all([made("a"), made("b")]);

async function made(name: string): Promise<Authority> {
  const { cert, key } = await issueAuthority(name, { days: 30, now: new Date() });
  const authority = readAuthority(cert, key);
  if (authority === null) throw new Error("not an authority");
  return authority;
}

function stateOf(signer: Authority | null, next: Authority | null, ...others: readonly Authority[]): AuthorityState {
  const all = [signer, next, ...others].filter((each) => each !== null);
  return {
    signer,
    next,
    trusted: all.map(({ cert, fingerprint, notBefore, notAfter }) => ({ cert, fingerprint, notBefore, notAfter })),
  };
}

/** As it comes back from the API server, which keeps no null. */
function secretOf(state: AuthorityState, change: Readonly<Record<string, string | undefined>> = {}, uid = UID): unknown {
  const data = { ...encodeAuthority(state, uid), ...change };
  return { metadata: { uid }, data: Object.fromEntries(Object.entries(data).filter(([, value]) => typeof value === "string")) };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

describe("the Secret of the authority", () => {
  it.each([
    { title: "one authority", state: stateOf(A, null) },
    { title: "another that is published", state: stateOf(A, B) },
    { title: "one before it that is still trusted", state: stateOf(B, null, A) },
    { title: "none to sign by yet", state: stateOf(null, B, A) },
  ])("with $title is read as it was written", ({ state }) => {
    expect(decodeAuthority(secretOf(state), UID)).toEqual({ kind: "good", state });
  });

  it("keeps what others have put beside", () => {
    const { data, ...rest } = secretOf(stateOf(A, null)) as { data: object };

    expect(decodeAuthority({ ...rest, data: { ...data, "notes.txt": base64("x") } }, UID).kind).toBe("good");
  });

  it.each([{ raw: { metadata: {} } }, { raw: { data: null } }, { raw: { data: {} } }, { raw: { data: { other: "eA==" } } }])(
    "is empty: $raw",
    ({ raw }) => {
      expect(decodeAuthority(raw, UID)).toEqual({ kind: "empty" });
    },
  );

  it.each<{ readonly title: string; readonly change: Readonly<Record<string, string | undefined>>; readonly kind: string }>([
    { title: "a key that is no key", change: { "authority.key": base64("secret") }, kind: "malformed" },
    { title: "the key of another", change: { "authority.key": base64(B.key) }, kind: "malformed" },
    { title: "no key", change: { "authority.key": undefined }, kind: "malformed" },
    { title: "nothing to be trusted", change: { "ca.crt": undefined }, kind: "malformed" },
    { title: "another to be trusted than it signs by", change: { "ca.crt": base64(B.cert) }, kind: "malformed" },
    { title: "two certificates in place of one", change: { "authority.crt": base64(A.cert + B.cert) }, kind: "malformed" },
    { title: "what is not base64", change: { "authority.crt": "%%%" }, kind: "malformed" },
    { title: "more than there can be", change: { "ca.crt": base64(A.cert.repeat(400)) }, kind: "malformed" },
    { title: "no seal", change: { seal: undefined }, kind: "foreign" },
    { title: "a seal of other content", change: { "ca.crt": base64(A.cert + B.cert) }, kind: "foreign" },
    {
      title: "another authority, whole",
      change: { "authority.crt": base64(B.cert), "authority.key": base64(B.key), "ca.crt": base64(B.cert) },
      kind: "foreign",
    },
  ])("with $title is $kind", ({ change, kind }) => {
    expect(decodeAuthority(secretOf(stateOf(A, null), change), UID)).toEqual({ kind });
  });

  it("of another cluster is foreign, since its uid is another", () => {
    expect(decodeAuthority(secretOf(stateOf(A, null), {}, "elsewhere"), UID)).toEqual({ kind: "foreign" });
  });

  it("does not take a serving certificate for an authority", async () => {
    const leaf = await pairFor();

    expect(readAuthority(leaf.cert, leaf.key)).toBeNull();
  });

  it("is never read as good, nor by an error, when any of it is changed", () => {
    const { data } = secretOf(stateOf(A, B)) as { data: Record<string, string> };
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(data)), fc.string(), fc.nat(), fc.boolean(), (key, text, at, isBase64) => {
        const before = isBase64 ? Buffer.from(data[key] ?? "", "base64").toString() : (data[key] ?? "");
        const spliced = before.slice(0, at % before.length) + text + before.slice((at % before.length) + text.length);
        const after = isBase64 ? base64(spliced) : spliced;
        fc.pre(Buffer.from(after, "base64").toString() !== Buffer.from(data[key] ?? "", "base64").toString());

        expect(decodeAuthority({ data: { ...data, [key]: after } }, UID).kind).not.toBe("good");
      }),
    );
  });

  it("gives the certificates of a text, and none of one that cannot be read", () => {
    expect(readTrusted(A.cert + B.cert).map(({ fingerprint }) => fingerprint)).toEqual([A.fingerprint, B.fingerprint]);
    expect(readTrusted(`${A.cert}-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n`)).toEqual([]);
    expect(readTrusted("")).toEqual([]);
  });
});
