import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { generate } from "selfsigned";
import { alternativeNames, parseChain, readServingPair } from "../../../src/certificates/serving-pair.ts";
import { DAY_MS, pairFor, signedPair, writePair } from "./pairs.ts";
import { temporaryFolder } from "./temporary-folder.ts";

describe("readServingPair", () => {
  it("reads names, end and fingerprint of the certificate, and keeps both texts as they are", async () => {
    const made = await pairFor(["crdguard.crdguard.svc", "127.0.0.1", "::1"]);
    const files = await writePair(await temporaryFolder(), made);
    const leaf = new X509Certificate(made.cert);

    expect(await readServingPair(files)).toEqual({
      ok: true,
      value: {
        cert: made.cert,
        key: made.key,
        notAfter: leaf.validToDate,
        names: ["crdguard.crdguard.svc", "127.0.0.1", "::1"],
        fingerprint: leaf.fingerprint256,
      },
    });
  });

  it("judges the first certificate of a chain, and serves the whole chain", async () => {
    const { authority, pair } = await signedPair();
    const files = await writePair(await temporaryFolder(), { cert: pair.cert + authority.cert, key: pair.key });

    expect(await readServingPair(files)).toMatchObject({
      ok: true,
      value: { cert: pair.cert + authority.cert, fingerprint: new X509Certificate(pair.cert).fingerprint256 },
    });
  });

  it.each([
    { title: "SEC 1", rewrite: (key: string) => exported(key, "sec1") },
    { title: "PKCS #8", rewrite: (key: string) => exported(key, "pkcs8") },
  ])("takes a key in $title", async ({ rewrite }) => {
    const made = await pairFor();
    const files = await writePair(await temporaryFolder(), { cert: made.cert, key: rewrite(made.key) });

    expect(await readServingPair(files)).toMatchObject({ ok: true });
  });

  it.each([
    {
      title: "a certificate that is not there",
      code: "certificate-unreadable",
      says: "tls.crt cannot be read (ENOENT): check the path, and that this user may read it",
      break: async ({ certFile }) => rm(certFile),
    },
    {
      title: "a folder instead of a certificate",
      code: "certificate-unreadable",
      says: "tls.crt cannot be read (EISDIR)",
      break: async ({ certFile }) => {
        await rm(certFile);
        await mkdir(certFile);
      },
    },
    {
      title: "a file too large to be a certificate, unread",
      code: "certificate-unreadable",
      says: "less than 1 MiB",
      break: async ({ certFile }) => writeFile(certFile, "x".repeat(1024 * 1024 + 1)),
    },
    {
      title: "a key that is not there",
      code: "key-unreadable",
      says: "tls.key cannot be read (ENOENT)",
      break: async ({ keyFile }) => rm(keyFile),
    },
    {
      title: "an empty certificate file",
      code: "certificate-malformed",
      says: 'tls.crt does not hold a PEM certificate: give the file that begins with "-----BEGIN CERTIFICATE-----"',
      break: async ({ certFile }) => writeFile(certFile, ""),
    },
    {
      title: "a certificate of which half is written",
      code: "certificate-malformed",
      says: "tls.crt does not hold a PEM certificate",
      break: async ({ certFile }, made) => writeFile(certFile, made.cert.slice(0, made.cert.length / 2)),
    },
    {
      title: "a chain whose second certificate is broken",
      code: "certificate-malformed",
      says: "tls.crt does not hold a PEM certificate",
      break: async ({ certFile }, made) =>
        writeFile(certFile, `${made.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`),
    },
    {
      title: "the key in place of the certificate",
      code: "certificate-malformed",
      says: "tls.crt does not hold a PEM certificate",
      break: async ({ certFile }, made) => writeFile(certFile, made.key),
    },
    {
      title: "an empty key file",
      code: "key-malformed",
      says: "tls.key does not hold a PEM private key",
      break: async ({ keyFile }) => writeFile(keyFile, ""),
    },
    {
      title: "an encrypted key",
      code: "key-malformed",
      says: "give it unencrypted",
      break: async ({ keyFile }, made) =>
        writeFile(
          keyFile,
          createPrivateKey(made.key).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }),
        ),
    },
    {
      title: "the key of another certificate",
      code: "key-mismatch",
      says: "tls.key is not the key of the first certificate in",
      break: async ({ keyFile }) => writeFile(keyFile, (await pairFor()).key),
    },
    {
      title: "a key of another kind",
      code: "key-mismatch",
      says: "tls.key is not the key of the first certificate in",
      break: async ({ keyFile }) =>
        writeFile(keyFile, generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" })),
    },
    {
      title: "a certificate with a common name alone, which the API server does not look at",
      code: "certificate-without-names",
      says: "tls.crt has no subject alternative name",
      break: async ({ certFile, keyFile }) => {
        const made = await generate([{ name: "commonName", value: "crdguard.crdguard.svc" }], {
          keyType: "ec",
          algorithm: "sha256",
          extensions: [{ name: "basicConstraints", cA: false }],
        });
        await writeFile(certFile, made.cert);
        await writeFile(keyFile, made.private);
      },
    },
    {
      title: "a key that is too short for the TLS library, which every handshake would fail by",
      code: "pair-refused",
      says: "cannot be served",
      break: async ({ certFile, keyFile }) => {
        const made = await generate([{ name: "commonName", value: "localhost" }], { keySize: 1024, algorithm: "sha256" });
        await writeFile(certFile, made.cert);
        await writeFile(keyFile, made.private);
      },
    },
  ] satisfies readonly Breakage[])("refuses $title", async ({ code, says, break: damage }) => {
    const made = await pairFor();
    const files = await writePair(await temporaryFolder(), made);
    await damage(files, made);

    const result = await readServingPair(files);

    expect(result).toMatchObject({ ok: false, error: { code } });
    expect(result.ok ? "" : result.error.message).toContain(says);
  });

  it.each([
    {
      title: "refuses it before it is valid",
      offsetDays: -1,
      outcome: { ok: false, error: { code: "certificate-not-yet-valid" } },
    },
    { title: "takes it on its first day", offsetDays: 0, outcome: { ok: true } },
    { title: "takes it on its last day", offsetDays: 29.9, outcome: { ok: true } },
    { title: "refuses it afterwards", offsetDays: 30.1, outcome: { ok: false, error: { code: "certificate-expired" } } },
  ])("$title", async ({ offsetDays, outcome }) => {
    const now = new Date();
    const files = await writePair(await temporaryFolder(), await pairFor(undefined, now));

    expect(await readServingPair(files, new Date(now.getTime() + offsetDays * DAY_MS))).toMatchObject(outcome);
  });

  it("says when a certificate expired, and the way out", async () => {
    const files = await writePair(await temporaryFolder(), await pairFor(undefined, new Date("2024-01-01T00:00:00Z")));

    expect(await readServingPair(files)).toEqual({
      ok: false,
      error: {
        code: "certificate-expired",
        message: `${files.certFile} expired at 2024-01-31T00:00:00.000Z: renew it; it is read again as soon as it changes`,
      },
    });
  });
});

describe("alternativeNames", () => {
  it("does not take a name with a comma in it for two", async () => {
    const made = await generate([{ name: "commonName", value: "x" }], {
      keyType: "ec",
      algorithm: "sha256",
      extensions: [
        {
          name: "subjectAltName",
          altNames: [
            { type: 6, value: "https://a.example/?b,DNS:evil.example" },
            { type: 2, value: "good.example" },
          ],
        },
      ],
    });

    expect(alternativeNames(new X509Certificate(made.cert))).toEqual(["good.example"]);
  });
});

describe("parseChain", () => {
  it("reads what stands around the certificates as a comment", async () => {
    const { authority, pair } = await signedPair();

    expect(parseChain(`subject=crdguard\n${pair.cert}issuer=us\n${authority.cert}`)?.map(({ ca }) => ca)).toEqual([false, true]);
  });
});

interface Breakage {
  readonly title: string;
  readonly code: string;
  readonly says: string;
  readonly break: (files: { certFile: string; keyFile: string }, made: { cert: string; key: string }) => Promise<unknown>;
}

function exported(key: string, type: "sec1" | "pkcs8"): string {
  return createPrivateKey(key).export({ type, format: "pem" }).toString();
}
