/** @file Connects to a webhook's server as far as its certificate. */
import { isIP } from "node:net";
import { connect } from "node:tls";
import type { CertificateSpan } from "../../../health/facts.ts";
import { spanOf } from "./authorities.ts";

export type TlsOutcome =
  | { readonly kind: "connected"; readonly certificate: CertificateSpan; readonly distrust: string | null }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "not-tried"; readonly reason: string };

export interface TlsQuestion {
  readonly host: string;
  readonly port: number;
  /** PEM; null: those that this machine trusts, which need not be those of the API server. */
  readonly ca: string | null;
  readonly signal: AbortSignal;
}

/** A dead address does not answer at all. */
const TIMEOUT_MILLISECONDS = 5_000;

/** Sends nothing, and trusts nothing: what is wrong with the certificate is the answer. Never rejects. */
export function connectTls({ host, port, ca, signal }: TlsQuestion): Promise<TlsOutcome> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve({ kind: "not-tried", reason: "there was no time left" });
      return;
    }
    const socket = connect({
      host,
      port,
      // A name in the handshake; an address is checked against the certificate all the same.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === null ? {} : { ca }),
      rejectUnauthorized: false,
    });
    function settle(outcome: TlsOutcome): void {
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(outcome);
    }
    function giveUp(): void {
      settle({ kind: "not-tried", reason: "there was no time left" });
    }
    signal.addEventListener("abort", giveUp, { once: true });
    socket.setTimeout(TIMEOUT_MILLISECONDS, () => {
      settle({ kind: "failed", reason: `no answer within ${String(TIMEOUT_MILLISECONDS / 1_000)} s` });
    });
    socket.on("error", (error) => {
      settle({ kind: "failed", reason: error.message });
    });
    socket.on("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined) {
        settle({ kind: "failed", reason: "it shows no certificate" });
        return;
      }
      settle({
        kind: "connected",
        certificate: spanOf(certificate),
        distrust: ca === null || socket.authorized ? null : distrustPhrase(socket.authorizationError),
      });
    });
  });
}

/**
 * A code in place of an error, other than Node's types have it.
 * Source: nodejs/node lib/_tls_wrap.js, onConnectSecure; codes of doc/api/tls.md, "X509 certificate error codes".
 */
function distrustPhrase(error: unknown): string {
  const code = error instanceof Error ? error.message : String(error);
  switch (code) {
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return "the caBundle does not hold the authority that signed its certificate";
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "its certificate is for another name";
    default:
      return code;
  }
}
