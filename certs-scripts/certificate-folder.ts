/** @file The folder that holds an authority and the serving pair it signed: file names, reading, judging. */
import type { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseChain } from "../src/certificates/serving-pair.ts";
import { EXIT, ScriptError } from "./script.ts";

/** Names of the Secret's keys as well, but for `ca.key`, which belongs in no cluster. */
export const FILES = { caCert: "ca.crt", caKey: "ca.key", cert: "tls.crt", key: "tls.key" } as const;

/** @throws ScriptError `usage`, with the way out. */
export async function readPem(folder: string, file: string): Promise<string> {
  const path = join(folder, file);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new ScriptError(
      EXIT.usage,
      `${path} cannot be read (${codeOf(error)}): make it with npm run certs:make -- --out ${folder}`,
    );
  }
}

/** @throws ScriptError `usage` if there is none, or one of them is broken. */
export function readChain(pem: string, path: string): readonly X509Certificate[] {
  const chain = parseChain(pem);
  if (chain === null) throw new ScriptError(EXIT.usage, `${path} does not hold PEM certificates`);
  return chain;
}

/** The one of `authorities` that signed `certificate`, or null. Several are trusted at a time while one replaces another. */
export function signerOf(certificate: X509Certificate, authorities: readonly X509Certificate[]): X509Certificate | null {
  // A certificate that signs itself is trusted as it stands, without being an authority.
  return authorities.find((each) => each.fingerprint256 === certificate.fingerprint256 || isSignedBy(certificate, each)) ?? null;
}

/** Not asked of OpenSSL, which tells of no certificate that it issued itself unless it is an authority. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);
}
