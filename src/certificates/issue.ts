/** @file Makes keys and certificates: an authority of our own, and serving certificates signed by it or by themselves. */
import { generate } from "selfsigned";
import { BACKDATED_MILLISECONDS } from "./authority.ts";
import type { Host } from "./hosts.ts";

/** PEM texts that belong together. */
export interface KeyAndCertificate {
  readonly cert: string;
  /** PKCS #8, not encrypted. */
  readonly key: string;
}

export interface Validity {
  readonly days: number;
  readonly now: Date;
}

/** An authority that signs serving certificates and nothing below them. */
export async function issueAuthority(commonName: string, validity: Validity): Promise<KeyAndCertificate> {
  return issue(commonName, validity, [
    { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
  ]);
}

/**
 * A serving certificate for exactly `hosts`. With an authority it is signed by that; without one it signs itself, and its
 * own PEM is then what clients must be given to trust: Go, OpenSSL and Node accept a leaf that is itself among the roots.
 */
export async function issueServingCertificate(
  hosts: readonly Host[],
  validity: Validity,
  authority: KeyAndCertificate | null,
): Promise<KeyAndCertificate> {
  return issue(
    "crdguard",
    validity,
    [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: hosts.map(alternativeName) },
    ],
    authority,
  );
}

type IssueOptions = NonNullable<Parameters<typeof generate>[1]>;
type Extensions = NonNullable<IssueOptions["extensions"]>;

/** A cluster whose clock is behind ours must not find the certificate "not yet valid"; five minutes is what Kerberos tolerates. */
const CLOCK_SKEW_MS = BACKDATED_MILLISECONDS;
const DAY_MS = 24 * 60 * 60_000;

async function issue(
  commonName: string,
  { days, now }: Validity,
  extensions: Extensions,
  authority: KeyAndCertificate | null = null,
): Promise<KeyAndCertificate> {
  const made = await generate([{ name: "commonName", value: commonName }], {
    // P-256 is the one curve that every TLS library in use takes, and signing with it costs a handshake almost nothing.
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now.getTime() - CLOCK_SKEW_MS),
    notAfterDate: new Date(now.getTime() + days * DAY_MS),
    extensions,
    ...(authority === null ? {} : { ca: { key: authority.key, cert: authority.cert } }),
  });
  return { cert: endWithNewline(made.cert), key: endWithNewline(made.private) };
}

/** Type numbers of GeneralName in RFC 5280: 2 is dNSName, 7 is iPAddress. */
function alternativeName(host: Host): { readonly type: 2; readonly value: string } | { readonly type: 7; readonly ip: string } {
  return host.kind === "dns" ? { type: 2, value: host.value } : { type: 7, ip: host.value };
}

/** Two certificates written one after the other are read as one broken block when the first does not end its line. */
function endWithNewline(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}
