/** @file Reads the certificate and key that the server shows to the API server, and refuses what would not work. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { SocketAddress } from "node:net";
import { createSecureContext } from "node:tls";

export interface ServingPair {
  /** PEM: the leaf first, then what signed it, if the file holds that. */
  readonly cert: string;
  readonly key: string;
  /** Of the leaf. */
  readonly notAfter: Date;
  /** DNS names and addresses of the leaf's subject alternative names, in its order. */
  readonly names: readonly string[];
  /** SHA-256 of the leaf, in upper-case hex with colons, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string;
}

export interface ServingPairError {
  readonly code:
    | "certificate-unreadable"
    | "key-unreadable"
    | "certificate-malformed"
    | "key-malformed"
    | "key-mismatch"
    | "certificate-without-names"
    | "certificate-not-yet-valid"
    | "certificate-expired"
    | "pair-refused";
  /** Names the file, what is wrong with it, and the way out. */
  readonly message: string;
}

export type ServingPairResult =
  { readonly ok: true; readonly value: ServingPair } | { readonly ok: false; readonly error: ServingPairError };

export interface ServingPairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Reads both files and judges them together. Never rejects. */
export async function readServingPair(files: ServingPairFiles, now: Date = new Date()): Promise<ServingPairResult> {
  const cert = await readPem(files.certFile);
  if (!cert.ok) return failure("certificate-unreadable", cert.problem);
  const key = await readPem(files.keyFile);
  if (!key.ok) return failure("key-unreadable", key.problem);
  return parseServingPair({ cert: cert.text, key: key.text }, files, now);
}

/** Judges PEM texts; `files` only says in messages where they came from. */
export function parseServingPair(
  { cert, key }: { readonly cert: string; readonly key: string },
  { certFile, keyFile }: ServingPairFiles,
  now: Date,
): ServingPairResult {
  const leaf = parseChain(cert)?.[0];
  if (leaf === undefined) {
    return failure(
      "certificate-malformed",
      `${certFile} does not hold a PEM certificate: give the file that begins with "${PEM_CERTIFICATE}"`,
    );
  }
  const privateKey = parseKey(key);
  if (privateKey === null) {
    return failure(
      "key-malformed",
      `${keyFile} does not hold a PEM private key that can be read without a passphrase: give it unencrypted`,
    );
  }
  if (!leaf.checkPrivateKey(privateKey)) {
    return failure(
      "key-mismatch",
      `${keyFile} is not the key of the first certificate in ${certFile}: take both from the same place, with the serving certificate before those that signed it`,
    );
  }
  const names = alternativeNames(leaf);
  if (names.length === 0) {
    return failure(
      "certificate-without-names",
      `${certFile} has no subject alternative name, and the API server ignores the common name: issue it for the name that the API server calls, such as crdguard.crdguard.svc`,
    );
  }
  if (now < leaf.validFromDate) {
    return failure(
      "certificate-not-yet-valid",
      `${certFile} is valid only from ${leaf.validFromDate.toISOString()}: check the clock, or wait`,
    );
  }
  if (now > leaf.validToDate) {
    return failure(
      "certificate-expired",
      `${certFile} expired at ${leaf.validToDate.toISOString()}: renew it; it is read again as soon as it changes`,
    );
  }
  const refusal = refusalOfTlsLibrary(cert, key);
  if (refusal !== null) return failure("pair-refused", `${certFile} and ${keyFile} cannot be served: ${refusal}`);

  return { ok: true, value: { cert, key, notAfter: leaf.validToDate, names, fingerprint: leaf.fingerprint256 } };
}

/** Every certificate of a PEM text in its order, or null when there is none or one of them cannot be read. */
export function parseChain(pem: string): readonly X509Certificate[] | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length !== pem.split(PEM_CERTIFICATE).length - 1) return null;
  try {
    return blocks.length === 0 ? null : blocks.map((block) => new X509Certificate(block));
  } catch {
    return null;
  }
}

/** Null for what is no private key, and for an encrypted one. */
export function parseKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}

/** DNS names and addresses; other kinds of alternative names mean nothing to a TLS client that looks for a host. */
export function alternativeNames(certificate: X509Certificate): readonly string[] {
  return [...(certificate.subjectAltName ?? "").matchAll(ALTERNATIVE_NAME)].flatMap(([, kind, value = ""]) => {
    if (kind === "DNS") return [value];
    return kind === "IP Address" ? [shortAddress(value)] : [];
  });
}

const PEM_CERTIFICATE = "-----BEGIN CERTIFICATE-----";

/** Node writes `DNS:a.example, IP Address:127.0.0.1`, and quotes as JSON what could be mistaken for more than one entry. */
const ALTERNATIVE_NAME = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/** Kubernetes stores no Secret larger than 1 MiB; parsing larger PEM files has cost others dearly (CVE-2024-12401). */
const MAX_PEM_BYTES = 1024 * 1024;

type PemFile = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

async function readPem(path: string): Promise<PemFile> {
  try {
    const { size } = await stat(path);
    if (size > MAX_PEM_BYTES)
      return { ok: false, problem: `${path} has ${String(size)} bytes: a PEM file of this use has less than 1 MiB` };
    return { ok: true, text: await readFile(path, "utf8") };
  } catch (error) {
    return { ok: false, problem: `${path} cannot be read (${errorCode(error)}): check the path, and that this user may read it` };
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);
}

/** Keys that OpenSSL finds too short, for one, pass every other check and would fail each handshake. */
function refusalOfTlsLibrary(cert: string, key: string): string | null {
  try {
    createSecureContext({ cert, key });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Node writes IPv6 addresses in full. */
function shortAddress(address: string): string {
  return address.includes(":") ? new SocketAddress({ address, family: "ipv6" }).address : address;
}

function failure(code: ServingPairError["code"], message: string): ServingPairResult {
  return { ok: false, error: { code, message } };
}
