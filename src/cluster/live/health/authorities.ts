/** @file Reads the certificates of a caBundle. */
import { X509Certificate } from "node:crypto";
import type { Authorities, CertificateSpan } from "../../../health/facts.ts";

/** @param caBundle PEM in base64, as a webhook configuration has it; null where there is none. */
export function readAuthorities(caBundle: string | null): Authorities {
  const pem = authorityPem(caBundle);
  if (pem === null) return { kind: "none" };
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return { kind: "malformed", reason: "the caBundle holds no PEM certificate" };
  try {
    return { kind: "read", certificates: blocks.map((block) => spanOf(new X509Certificate(block))) };
  } catch (error) {
    return { kind: "malformed", reason: `a certificate of the caBundle cannot be read: ${String(error)}` };
  }
}

/** Null where it holds nothing but white space, which stands for none. */
export function authorityPem(caBundle: string | null): string | null {
  const pem = caBundle === null ? "" : Buffer.from(caBundle, "base64").toString("utf8").trim();
  return pem === "" ? null : pem;
}

export function spanOf(certificate: X509Certificate): CertificateSpan {
  return {
    subject: certificate.subject?.replaceAll("\n", ", ") ?? "",
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
  };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
