/** @file The certificate that `crdguard serve` serves by: from files, or self-signed for development. */
import { readFile } from "node:fs/promises";
import type { Address } from "../../admission/guard.ts";
import { createDevelopmentPair } from "../../certificates/development-pair.ts";
import type { ServingPair } from "../../certificates/serving-pair.ts";
import { watchServingPair } from "../../certificates/serving-source.ts";
import type { LogFields, Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import { CommandError, EXIT } from "../exit-status.ts";

export interface CertificateChoice {
  readonly listen: Address;
  readonly tlsCertFile: string | undefined;
  readonly tlsPrivateKeyFile: string | undefined;
  readonly tlsCaFile: string | undefined;
}

/** What the server is known by. */
export interface Certificate {
  tls(): { readonly cert: string; readonly key: string };
  /** PEM. */
  caBundle(): string;
  /** Whether whoever calls may believe it. */
  isInOrder(): boolean;
  /** Whether a new process would have a better one: what an expired certificate in a file needs, as far as anybody knows. */
  readonly isMendedByRestart: boolean;
  /** Whether the webhook configurations trust it, where a server keeps these. */
  readonly isTrusted?: () => boolean;
  onChange(use: (tls: { readonly cert: string; readonly key: string }) => void): void;
  stop(): void;
}

/** Decides when a new pair is served: calls `serve`, at once or later. */
export type Admit = (pair: ServingPair, serve: () => void) => void;

/** @throws CommandError */
export async function openCertificate(
  options: CertificateChoice,
  registerUrl: URL | null,
  logger: Logger,
  metrics: Metrics,
  admit: Admit = (_, serve) => {
    serve();
  },
): Promise<Certificate> {
  const { tlsCertFile, tlsPrivateKeyFile } = options;
  if (tlsCertFile === undefined && tlsPrivateKeyFile === undefined) return selfSigned(options, registerUrl, logger, metrics);
  if (tlsCertFile === undefined || tlsPrivateKeyFile === undefined) {
    throw new CommandError(EXIT.usage, "flags-incomplete", "--tls-cert-file and --tls-private-key-file go together");
  }
  const caFile = options.tlsCaFile === undefined ? null : await readCaFile(options.tlsCaFile);
  let use: (tls: { readonly cert: string; readonly key: string }) => void = () => undefined;
  let served: ServingPair | null = null;
  const source = await watchServingPair({
    certFile: tlsCertFile,
    keyFile: tlsPrivateKeyFile,
    intervalMs: CERTIFICATE_LOOK_MILLISECONDS,
    onPair(pair) {
      admit(pair, () => {
        served = pair;
        use(pair);
        metrics.certificateReloads.inc({ result: "ok" });
        metrics.certificateNotAfter.set({ kind: "serving" }, pair.notAfter.getTime() / 1000);
        logger.info({ names: pair.names, notAfter: pair.notAfter.toISOString() } satisfies LogFields, "certificate replaced");
      });
    },
    onProblem(error) {
      metrics.certificateReloads.inc({ result: error.code });
      logger.error(
        { code: error.code, reason: error.message } satisfies LogFields,
        "certificate files unusable, the old one stays",
      );
    },
  });
  if (!source.ok) throw new CommandError(EXIT.usage, source.error.code, source.error.message);
  const { value } = source;
  const first = value.current;
  metrics.certificateNotAfter.set({ kind: "serving" }, first.notAfter.getTime() / 1000);
  return {
    tls: () => served ?? first,
    caBundle: () => caFile ?? (served ?? first).cert,
    isInOrder: () => (served ?? first).notAfter.getTime() > Date.now(),
    isMendedByRestart: true,
    onChange(next) {
      use = next;
    },
    stop: () => {
      value.stop();
    },
  };
}

/** Often enough that a renewed certificate is served long before the old one expires, and cheap: two small files. */
const CERTIFICATE_LOOK_MILLISECONDS = 2_000;

async function readCaFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new CommandError(EXIT.usage, "certificate-unreadable", `--tls-ca-file: ${path} cannot be read`);
  }
}

async function selfSigned(
  options: CertificateChoice,
  registerUrl: URL | null,
  logger: Logger,
  metrics: Metrics,
): Promise<Certificate> {
  const bare = registerUrl?.hostname.replace(/^\[|\]$/g, "");
  const hosts = [
    ...new Set([...(bare === undefined ? [] : [bare]), "localhost", "127.0.0.1", "::1", ...namedHost(options.listen.host)]),
  ];
  const pair = await createDevelopmentPair({ hosts });
  if (!pair.ok) throw new CommandError(EXIT.usage, pair.error.code, pair.error.message);
  const { cert, key, ca } = pair.value;
  const { X509Certificate } = await import("node:crypto");
  const notAfter = new X509Certificate(cert).validToDate;
  metrics.certificateNotAfter.set({ kind: "serving" }, notAfter.getTime() / 1000);
  logger.warn(
    { names: hosts, notAfter: notAfter.toISOString() } satisfies LogFields,
    "serving by a self-signed certificate, for development",
  );
  return {
    tls: () => ({ cert, key }),
    caBundle: () => ca,
    isInOrder: () => notAfter.getTime() > Date.now(),
    isMendedByRestart: true,
    onChange: () => undefined,
    stop: () => undefined,
  };
}

/** Nobody reaches a server by the address that means all addresses. */
function namedHost(host: string): readonly string[] {
  return host === "0.0.0.0" || host === "::" ? [] : [host];
}
