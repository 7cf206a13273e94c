/** @file `crdguard serve`: the webhook server. */
import type { Address } from "../admission/guard.ts";
import { startGuard } from "../admission/guard.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { ReportForm } from "../explain/cluster-report.ts";
import { createLogger, type LogFields, type Logger } from "../observability/log.ts";
import type { LogLevel } from "../observability/log-levels.ts";
import { createMetrics, type Metrics } from "../observability/metrics.ts";
import { createOwnUser } from "../operator/own-user.ts";
import type { WebhookAddress } from "../operator/webhook-configurations.ts";
import type { PolicyFlags } from "../policy/combine.ts";
import type { OnIncomplete } from "../policy/policy.ts";
import type { Catalog } from "../requirements/catalog.ts";
import { openStandIn } from "./against.ts";
import type { ClusterFlags } from "./cluster-flags.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { type ClientAuthFlags, openClientAuth } from "./serve/client-auth.ts";
import { openCertificate } from "./serve/certificate.ts";
import { chooseKeeping, type KeepingChoice, type KeepingFlags, parseHttpsUrl } from "./serve/keeping-choice.ts";
import type { DevelopmentRegistration } from "./serve/development-registration.ts";
import type { HealthReports } from "./serve/health-reports.ts";
import type { LiveFacts } from "./serve/live-facts.ts";
import type { Replica } from "./serve/replica.ts";
import type { Upkeep, UpkeepOptions } from "./serve/upkeep.ts";
import { loadBundles, loadCatalog, policyFromFlags, refuseCatalogConfigMap } from "./sources.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

export interface ServeOptions extends ClusterFlags, KeepingFlags, ClientAuthFlags {
  readonly listen: Address;
  readonly healthListen: Address;
  readonly tlsPrivateKeyFile: string | undefined;
  readonly warnWorkloads: boolean;
  /** Files and folders of own catalog entries. */
  readonly catalog: readonly string[];
  readonly catalogConfigMap: ConfigMapName | undefined;
  readonly rule: readonly string[];
  /** Null: as the GuardPolicies of the cluster have it. */
  readonly onUndecided: PolicyFlags["onUndecided"];
  /** The same. */
  readonly onIncomplete: OnIncomplete | null;
  readonly healthReports: ReportForm | "off";
  readonly healthReportsInterval: number;
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
}

/** Runs until SIGTERM or SIGINT. */
export async function serve(options: ServeOptions, terminal: Terminal): Promise<ExitStatus> {
  const policy = { ...policyFromFlags(options.rule, options.onUndecided), onIncomplete: options.onIncomplete };
  const keeping = chooseKeeping(options);
  const registerUrl = parseRegisterUrl(options);
  if (options.facts !== undefined && options.catalogConfigMap !== undefined) throw refuseCatalogConfigMap("--facts");
  refuseReportsOfStandIn(options);
  const catalog = await loadCatalog(options.catalog);
  const logger = createLogger(options.logLevel);
  let objectCounts: OpenFacts["objectCounts"] = () => ({});
  const metrics = createMetrics(() => objectCounts(), VERSION);
  const stopSignal = nextStopSignal();

  const facts = await openFacts(options, catalog, { logger, metrics, terminal });
  objectCounts = facts.objectCounts;
  const clients = await openClientAuth(options, logger);
  const replica =
    keeping === null || facts.live === null ? null : await openReplica(keeping, facts.live, options, { logger, metrics });
  const certificate = replica?.certificate ?? (await openCertificate(options, registerUrl, logger, metrics));
  let upkeep: Upkeep | null = null;
  const ownUser = keeping === null || facts.live === null ? null : createOwnUser(facts.live.client);
  const guard = await startGuard({
    cluster: facts.cluster,
    policy,
    clock: () => (facts.live?.client.serverTime() ?? new Date()).getTime(),
    ...(ownUser === null ? {} : { ownUser: () => ownUser.name() }),
    tls: certificate.tls(),
    logger,
    metrics,
    onAnswered: (change) => upkeep?.onAnswered(change),
    listen: options.listen,
    healthListen: options.healthListen,
    hasValidCertificate: () => certificate.isInOrder(),
    isCertificateMendedByRestart: certificate.isMendedByRestart,
    ...(certificate.isTrusted === undefined ? {} : { isCertificateTrusted: certificate.isTrusted }),
    ...(clients === null ? {} : { clientAuth: clients.auth }),
  }).catch((error: unknown) => {
    throw new CommandError(EXIT.usage, "listen-failed", error instanceof Error ? error.message : String(error));
  });
  certificate.onChange(guard.setCertificate);
  clients?.onChange(guard.setClientAuthority);
  logger.info({ address: guard.url } satisfies LogFields, "serving reviews");
  if (guard.healthUrl !== null) logger.info({ address: guard.healthUrl } satisfies LogFields, "serving probes and metrics");

  const kept =
    keeping === null || ownUser === null || replica === null
      ? null
      : {
          address: addressOf(keeping),
          leadership: replica.leadership,
          needsClientCertificate: clients?.auth.mode === "require",
          ownUser,
          profile: keeping.profile,
          replica: keeping.replica,
          storageSettleSeconds: keeping.storageSettleSeconds,
          trust: replica.trust,
          warnWorkloads: options.warnWorkloads,
        };
  upkeep = facts.live === null ? null : await openUpkeep(facts.live, kept, logger, metrics);
  if (upkeep?.publication) replica?.join({ events: upkeep.events, publication: upkeep.publication });
  const healthReports =
    facts.live === null
      ? null
      : await openHealthReports(options, facts.live, {
          catalog,
          logger,
          metrics,
          leadership: replica?.leadership ?? { isLeader: () => true },
        });
  const unregister =
    registerUrl === null
      ? null
      : await register(
          facts.live,
          { url: registerUrl, caBundle: certificate.caBundle(), warnWorkloads: options.warnWorkloads },
          logger,
        );
  if (registerUrl !== null) terminal.tell(`crdguard: registered by ${registerUrl.href}; Ctrl-C removes the registration`);

  const signal = await stopSignal;
  logger.info({ signal } satisfies LogFields, "stopping");
  // Unregistered first: the API server then asks no more, and nothing fails closed for want of an answer.
  await unregister?.();
  // Another leads while this one answers its last calls.
  await Promise.all([replica?.leadership.stop(), guard.drain(options.drainSeconds)]);
  certificate.stop();
  healthReports?.stop();
  clients?.stop();
  await replica?.stop();
  await upkeep?.stop();
  facts.live?.stop();
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
    if (!options.warnWorkloads || options.keepInstalled !== undefined) return null;
    throw new CommandError(EXIT.usage, "flags-incomplete", "--warn-workloads goes with --keep-installed or --register-url");
  }
  if (options.facts !== undefined) {
    throw new CommandError(
      EXIT.usage,
      "flags-conflict",
      "--register-url needs a cluster, which --facts stands in for: give one of them",
    );
  }
  const url = parseHttpsUrl(options.registerUrl);
  if (url === null) {
    throw new CommandError(
      EXIT.usage,
      "register-url-invalid",
      "--register-url takes https://HOST:PORT, as the API server reaches this server",
    );
  }
  return url;
}

interface OpenFacts {
  readonly cluster: Cluster;
  /** By plural resource name. */
  readonly objectCounts: () => Readonly<Record<string, number>>;
  /** Null where a folder or a snapshot stands in for a cluster. */
  readonly live: LiveFacts | null;
}

async function openFacts(
  options: ServeOptions,
  catalog: Catalog,
  { logger, metrics, terminal }: { readonly logger: Logger; readonly metrics: Metrics; readonly terminal: Terminal },
): Promise<OpenFacts> {
  if (options.facts === undefined) {
    // Loaded only here: the Kubernetes client is the largest part of crdguard.
    const { openLiveFacts } = await import("./serve/live-facts.ts");
    const live = await openLiveFacts(options, catalog, logger, metrics);
    return { cluster: live.cluster, objectCounts: () => live.cluster.objectCounts(), live };
  }
  const { cluster } = await openStandIn(options.facts, undefined, { catalog, bundles: await loadBundles() }, terminal);
  metrics.cacheSynced.set(1);
  return { cluster, objectCounts: () => ({}), live: null };
}

function addressOf({ service, webhookUrl }: KeepingChoice): WebhookAddress {
  return webhookUrl === null
    ? { kind: "service", ...service, port: SERVICE_PORT }
    : { kind: "url", url: webhookUrl.href.replace(/\/$/, "") };
}

/** Of HTTPS, which the Service of every installation has. */
const SERVICE_PORT = 443;

async function openReplica(
  choice: KeepingChoice,
  { client }: LiveFacts,
  options: ServeOptions,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): Promise<Replica> {
  const replica = await import("./serve/replica.ts");
  const { trust } = choice;
  if (trust.kind === "self-managed") return replica.openSelfManaged({ choice, client, logger, metrics }, trust);
  return replica.openFromFiles({ choice, client, logger, metrics }, trust, (admit) =>
    openCertificate(options, null, logger, metrics, admit),
  );
}

async function openUpkeep(live: LiveFacts, keeping: UpkeepOptions["keeping"], logger: Logger, metrics: Metrics): Promise<Upkeep> {
  const { startUpkeep } = await import("./serve/upkeep.ts");
  return startUpkeep({ facts: live, keeping, logger, metrics });
}

/** @throws CommandError */
function refuseReportsOfStandIn({ facts, healthReports }: ServeOptions): void {
  if (facts === undefined || healthReports === "off") return;
  throw new CommandError(
    EXIT.usage,
    "flags-conflict",
    "--health-reports needs a cluster, which --facts stands in for: give one of them",
  );
}

async function openHealthReports(
  options: ServeOptions,
  live: LiveFacts,
  {
    catalog,
    logger,
    metrics,
    leadership,
  }: {
    readonly catalog: Catalog;
    readonly logger: Logger;
    readonly metrics: Metrics;
    readonly leadership: { isLeader(): boolean };
  },
): Promise<HealthReports | null> {
  const { healthReports: form, healthReportsInterval: intervalSeconds } = options;
  if (form === "off") return null;
  const { runsInCluster } = await import("./runs-in-cluster.ts");
  const { startHealthReports } = await import("./serve/health-reports.ts");
  return startHealthReports({
    facts: live,
    catalog,
    form,
    intervalSeconds,
    isInCluster: runsInCluster(options),
    leadership,
    logger,
    metrics,
  });
}

async function register(
  live: LiveFacts | null,
  registration: DevelopmentRegistration,
  logger: Logger,
): Promise<() => Promise<void>> {
  if (live === null) throw new Error("a folder or a snapshot has nothing to register with");
  const { registerForDevelopment } = await import("./serve/development-registration.ts");
  return registerForDevelopment(live, registration, logger);
}
