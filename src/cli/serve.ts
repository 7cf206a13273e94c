/** @file `crdguard serve`: the webhook server. */
import { readFile } from "node:fs/promises";
import type { Address } from "../admission/guard.ts";
import { startGuard } from "../admission/guard.ts";
import { createDevelopmentPair } from "../certificates/development-pair.ts";
import { watchServingPair } from "../certificates/serving-source.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { createLogger, type LogFields, type Logger } from "../observability/log.ts";
import type { LogLevel } from "../observability/log-levels.ts";
import { createMetrics, type Metrics } from "../observability/metrics.ts";
import type { Policy } from "../policy/policy.ts";
import type { Catalog } from "../requirements/catalog.ts";
import { openStandIn } from "./against.ts";
import type { ClusterFlags } from "./cluster-flags.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { loadBundles, loadCatalog, policyFromFlags, refuseCatalogConfigMap } from "./sources.ts";
import type { Terminal } from "./terminal.ts";

export interface ServeOptions extends ClusterFlags {
  readonly listen: Address;
  readonly healthListen: Address;
  readonly tlsCertFile: string | undefined;
  readonly tlsPrivateKeyFile: string | undefined;
  readonly tlsCaFile: string | undefined;
  readonly registerUrl: string | undefined;
  readonly warnWorkloads: boolean;
  readonly facts: string | undefined;
  /** Files and folders of own catalog entries. */
  readonly catalog: readonly string[];
  readonly catalogConfigMap: ConfigMapName | undefined;
  readonly rule: readonly string[];
  readonly onUndecided: Policy["onUndecided"];
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
}

/** Runs until SIGTERM or SIGINT. */
export async function serve(options: ServeOptions, terminal: Terminal): Promise<ExitStatus> {
  const policy = policyFromFlags(options.rule, options.onUndecided);
  const registerUrl = parseRegisterUrl(options);
  if (options.facts !== undefined && options.catalogConfigMap !== undefined) throw refuseCatalogConfigMap("--facts");
  const catalog = await loadCatalog(options.catalog);
  const logger = createLogger(options.logLevel);
  let objectCounts: OpenFacts["objectCounts"] = () => ({});
  const metrics = createMetrics(() => objectCounts());
  const stopSignal = nextStopSignal();

  const certificate = await openCertificate(options, registerUrl, logger, metrics);
  const facts = await openFacts(options, catalog, { logger, metrics, terminal });
  objectCounts = facts.objectCounts;
  const guard = await startGuard({
    cluster: facts.cluster,
    policy,
    tls: certificate.tls(),
    logger,
    metrics,
    listen: options.listen,
    healthListen: options.healthListen,
    hasValidCertificate: () => certificate.notAfter().getTime() > Date.now(),
  }).catch((error: unknown) => {
    throw new CommandError(EXIT.usage, "listen-failed", error instanceof Error ? error.message : String(error));
  });
  certificate.onChange(guard.setCertificate);
  logger.info({ address: guard.url } satisfies LogFields, "serving reviews");
  if (guard.healthUrl !== null) logger.info({ address: guard.healthUrl } satisfies LogFields, "serving probes and metrics");

  const unregister = registerUrl === null ? null : await facts.register(registerUrl, certificate.caBundle(), options);
  if (registerUrl !== null) terminal.tell(`crdguard: registered by ${registerUrl.href}; Ctrl-C removes the registration`);

  const signal = await stopSignal;
  logger.info({ signal } satisfies LogFields, "stopping");
  // Unregistered first: the API server then asks no more, and nothing fails closed for want of an answer.
  await unregister?.();
  await guard.drain(options.drainSeconds);
  certificate.stop();
  facts.stop();
  logger.info({} satisfies LogFields, "stopped");
  return EXIT.allowed;
}

function nextStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        resolve(signal);
      });
    }
  });
}

function parseRegisterUrl(options: ServeOptions): URL | null {
  if (options.registerUrl === undefined) {
    if (!options.warnWorkloads) return null;
    throw new CommandError(
      EXIT.usage,
      "flags-incomplete",
      "--warn-workloads goes with --register-url; in a cluster, manifests/workloads registers the same",
    );
  }
  if (options.facts !== undefined) {
    throw new CommandError(
      EXIT.usage,
      "flags-conflict",
      "--register-url needs a cluster, which --facts stands in for: give one of them",
    );
  }
  const url = URL.parse(options.registerUrl);
  if (url?.protocol !== "https:" || url.search !== "" || url.hash !== "") {
    throw new CommandError(
      EXIT.usage,
      "register-url-invalid",
      "--register-url takes https://HOST:PORT, as the API server reaches this server",
    );
  }
  return url;
}

interface Certificate {
  tls(): { readonly cert: string; readonly key: string };
  /** PEM. */
  caBundle(): string;
  notAfter(): Date;
  onChange(use: (tls: { readonly cert: string; readonly key: string }) => void): void;
  stop(): void;
}

async function openCertificate(
  options: ServeOptions,
  registerUrl: URL | null,
  logger: Logger,
  metrics: Metrics,
): Promise<Certificate> {
  const { tlsCertFile, tlsPrivateKeyFile } = options;
  if (tlsCertFile === undefined && tlsPrivateKeyFile === undefined) return selfSigned(options, registerUrl, logger, metrics);
  if (tlsCertFile === undefined || tlsPrivateKeyFile === undefined) {
    throw new CommandError(EXIT.usage, "flags-incomplete", "--tls-cert-file and --tls-private-key-file go together");
  }
  const caFile = options.tlsCaFile === undefined ? null : await readCaFile(options.tlsCaFile);
  let use: (tls: { readonly cert: string; readonly key: string }) => void = () => undefined;
  const source = await watchServingPair({
    certFile: tlsCertFile,
    keyFile: tlsPrivateKeyFile,
    intervalMs: CERTIFICATE_LOOK_MILLISECONDS,
    onPair(pair) {
      use(pair);
      metrics.certificateReloads.inc({ result: "ok" });
      metrics.certificateNotAfter.set(pair.notAfter.getTime() / 1000);
      logger.info({ names: pair.names, notAfter: pair.notAfter.toISOString() } satisfies LogFields, "certificate replaced");
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
  metrics.certificateNotAfter.set(value.current.notAfter.getTime() / 1000);
  return {
    tls: () => value.current,
    caBundle: () => caFile ?? value.current.cert,
    notAfter: () => value.current.notAfter,
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
  options: ServeOptions,
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
  metrics.certificateNotAfter.set(notAfter.getTime() / 1000);
  logger.warn(
    { names: hosts, notAfter: notAfter.toISOString() } satisfies LogFields,
    "serving by a self-signed certificate, for development",
  );
  return {
    tls: () => ({ cert, key }),
    caBundle: () => ca,
    notAfter: () => notAfter,
    onChange: () => undefined,
    stop: () => undefined,
  };
}

/** Nobody reaches a server by the address that means all addresses. */
function namedHost(host: string): readonly string[] {
  return host === "0.0.0.0" || host === "::" ? [] : [host];
}

interface OpenFacts {
  readonly cluster: Cluster;
  /** By plural resource name. */
  readonly objectCounts: () => Readonly<Record<string, number>>;
  register(url: URL, caBundle: string, options: { readonly warnWorkloads: boolean }): Promise<() => Promise<void>>;
  stop(): void;
}

async function openFacts(
  options: ServeOptions,
  catalog: Catalog,
  { logger, metrics, terminal }: { readonly logger: Logger; readonly metrics: Metrics; readonly terminal: Terminal },
): Promise<OpenFacts> {
  if (options.facts === undefined) {
    // Loaded only here: the Kubernetes client is the largest part of crdguard.
    const { openLiveFacts } = await import("./live-source.ts");
    return openLiveFacts(options, catalog, logger, metrics);
  }
  const { cluster } = await openStandIn(options.facts, undefined, { catalog, bundles: await loadBundles() }, terminal);
  metrics.cacheSynced.set(1);
  return {
    cluster,
    objectCounts: () => ({}),
    register: () => Promise.reject(new Error("a folder or a snapshot has nothing to register with")),
    stop: () => undefined,
  };
}
