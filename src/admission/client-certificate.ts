/** @file Who calls: the client certificate of a connection, held against a name. */
import type { X509Certificate } from "node:crypto";
import { TLSSocket } from "node:tls";

export interface ClientAuth {
  /** `request` tells and counts what `require` would refuse. */
  readonly mode: "request" | "require";
  /** PEM: who must have signed the certificate. */
  readonly ca: string;
  /** Common name or subject alternative name; null, which only `request` may have: any. */
  readonly name: string | null;
}

export type ClientCertificateCode =
  "client-certificate-missing" | "client-certificate-untrusted" | "client-certificate-wrong-subject";

export type ClientVerdict =
  | { readonly state: "accepted" }
  | {
      readonly state: "missing" | "untrusted" | "wrong-subject";
      readonly statusCode: 401 | 403;
      readonly code: ClientCertificateCode;
      /** For whoever called: it tells nothing of the names that are right. */
      readonly message: string;
      /** For the log: what was shown. */
      readonly shown: string;
    };

/**
 * That an authority signed a certificate says who somebody is, not that it is the API server: in a cluster, that of the API
 * server's clients has signed one for every kubelet and many people. So the name counts too.
 */
export function judgeClient(socket: unknown, name: string | null): ClientVerdict {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!(socket instanceof TLSSocket) || certificate === undefined) {
    return {
      state: "missing",
      statusCode: 401,
      code: "client-certificate-missing",
      message: "show a client certificate: the API server takes one from the kubeconfig that its AdmissionConfiguration names",
      shown: "no certificate",
    };
  }
  const names = subjectNames(certificate);
  const shown = names.length === 0 ? "a certificate without a name" : names.join(", ");
  if (!socket.authorized) {
    return {
      state: "untrusted",
      statusCode: 401,
      code: "client-certificate-untrusted",
      message: "the client certificate was not signed by an authority of --client-ca-file, has expired, or is not for clients",
      shown: `${shown} (${String(socket.authorizationError)})`,
    };
  }
  if (name !== null && !names.includes(name)) {
    return {
      state: "wrong-subject",
      statusCode: 403,
      code: "client-certificate-wrong-subject",
      message: "the client certificate is for another name than that of --client-name",
      shown,
    };
  }
  return { state: "accepted" };
}

/** The common name, and every subject alternative name, of whichever kind. */
function subjectNames(certificate: X509Certificate): readonly string[] {
  const commonName: unknown = certificate.toLegacyObject().subject.CN;
  const common = [commonName].flat().filter((each) => typeof each === "string");
  const alternative = [...(certificate.subjectAltName ?? "").matchAll(ALTERNATIVE_NAME)].map(([, quoted, plain = ""]) =>
    quoted === undefined ? plain : unquoted(quoted),
  );
  return [...new Set([...common, ...alternative])];
}

/** Node writes `DNS:a.example, URI:spiffe://b`, and quotes as JSON what could be mistaken for more than one entry. */
const ALTERNATIVE_NAME = /(?:^|, )[A-Za-z ]+:(?:("(?:[^"\\]|\\.)*")|([^,]*))/g;

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
