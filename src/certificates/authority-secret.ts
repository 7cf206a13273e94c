/** @file The authority as the Secret holds it: written with a seal, and read with bounds. */
import { createHash, type X509Certificate } from "node:crypto";
import { isRecord } from "../crd/is-record.ts";
import type { Authority, AuthorityState, SecretSight, TrustedCertificate } from "./authority.ts";
import { parseChain, parseKey } from "./serving-pair.ts";

/** Values by key, in base64; null: the key is to go. */
export type SecretValues = Readonly<Record<(typeof KEYS)[number] | typeof SEAL, string | null>>;

/**
 * The seal is no secret and stops nobody who may write Secrets: it tells what a leader of this very Secret wrote from what
 * was edited, half-restored, or brought from another cluster, whose Secret has another uid.
 */
export function encodeAuthority(state: AuthorityState, uid: string): SecretValues {
  const texts = {
    "ca.crt": state.trusted.map(({ cert }) => cert).join(""),
    "authority.crt": state.signer?.cert ?? null,
    "authority.key": state.signer?.key ?? null,
    "next.crt": state.next?.cert ?? null,
    "next.key": state.next?.key ?? null,
  };
  return { ...mapValues(texts, encoded), [SEAL]: encoded(sealOf(texts, uid)) };
}

/** @param raw a Secret of any content, as the API server gives it. */
export function decodeAuthority(raw: unknown, uid: string): SecretSight {
  const values = isRecord(raw) && isRecord(raw["data"]) ? raw["data"] : {};
  const own = [...KEYS, SEAL].map((key) => values[key]).filter((value) => value !== undefined && value !== "");
  if (own.length === 0) return { kind: "empty" };
  if (own.some((value) => typeof value !== "string" || value.length > MAX_VALUE_CHARACTERS)) return { kind: "malformed" };

  const texts = mapValues(
    { "ca.crt": null, "authority.crt": null, "authority.key": null, "next.crt": null, "next.key": null },
    (_, key) => decoded(values[key]),
  );
  const state = readState(texts);
  if (state === null) return { kind: "malformed" };
  return decoded(values[SEAL]) === sealOf(texts, uid) ? { kind: "good", state } : { kind: "foreign" };
}

/** Every certificate of a PEM text, once; those that cannot be read are left out. */
export function readTrusted(pem: string): readonly TrustedCertificate[] {
  if (pem.length > MAX_VALUE_CHARACTERS) return [];
  return (parseChain(pem) ?? []).slice(0, MAX_CERTIFICATES).map(trustedOf);
}

export function readAuthority(cert: string, key: string): Authority | null {
  const [certificate, ...others] = parseChain(cert) ?? [];
  const privateKey = parseKey(key);
  if (certificate === undefined || others.length > 0 || privateKey === null) return null;
  return certificate.ca && certificate.checkPrivateKey(privateKey) ? { ...trustedOf(certificate), key } : null;
}

const KEYS = ["ca.crt", "authority.crt", "authority.key", "next.crt", "next.key"] as const;
const SEAL = "seal";
type Texts = Readonly<Record<(typeof KEYS)[number], string | null>>;

/** An authority takes 600 characters; so many are far more than there can be, and parsed in a few milliseconds. */
const MAX_CERTIFICATES = 64;
const MAX_VALUE_CHARACTERS = 128 * 1024;

function readState(texts: Texts): AuthorityState | null {
  const trusted = readTrusted(texts["ca.crt"] ?? "");
  const signer = readOptional(texts["authority.crt"], texts["authority.key"]);
  const next = readOptional(texts["next.crt"], texts["next.key"]);
  if (signer === undefined || next === undefined || (signer === null && next === null)) return null;
  const fingerprints = new Set(trusted.map(({ fingerprint }) => fingerprint));
  const isWhole = [signer, next].every((each) => each === null || fingerprints.has(each.fingerprint));
  return isWhole ? { signer, next, trusted } : null;
}

/** Null: there is none. Undefined: there is something that is none. */
function readOptional(cert: string | null, key: string | null): Authority | null | undefined {
  if (cert === null && key === null) return null;
  return readAuthority(cert ?? "", key ?? "") ?? undefined;
}

export function trustedOf(certificate: X509Certificate): TrustedCertificate {
  return {
    cert: certificate.toString(),
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  };
}

function sealOf(texts: Texts, uid: string): string {
  return createHash("sha256")
    .update(JSON.stringify([uid, ...KEYS.map((key) => texts[key])]))
    .digest("hex");
}

function encoded(text: string | null): string | null {
  return text === null ? null : Buffer.from(text).toString("base64");
}

function decoded(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? Buffer.from(value, "base64").toString("utf8") : null;
}

function mapValues(texts: Texts, change: (text: string | null, key: (typeof KEYS)[number]) => string | null): Texts {
  return {
    "ca.crt": change(texts["ca.crt"], "ca.crt"),
    "authority.crt": change(texts["authority.crt"], "authority.crt"),
    "authority.key": change(texts["authority.key"], "authority.key"),
    "next.crt": change(texts["next.crt"], "next.crt"),
    "next.key": change(texts["next.key"], "next.key"),
  };
}
