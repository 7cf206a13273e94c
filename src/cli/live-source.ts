/** @file Facts from a live cluster, for `serve` and `check`: the one file of the command line that loads the Kubernetes client. */
import { hostname } from "node:os";
import { type ApiClient, loadApiClient } from "../cluster/live/api-client.ts";
import type { ApiError } from "../cluster/live/api-error.ts";
import type { ConnectionChoice, ConnectionError } from "../cluster/live/connection-choice.ts";
import {
  connectLiveCluster,
  type LiveCluster,
  type LiveClusterObserver,
  type LiveClusterOptions,
} from "../cluster/live/live-cluster.ts";
import type { OwnCatalogOutcome } from "../cluster/live/own-catalog.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { LogFields, Logger } from "../observability/log.ts";
import type { Metrics } from "../observability/metrics.ts";
import { readingLine } from "../explain/progress.ts";
import { registerWebhooks, unregisterWebhooks } from "../operator/registration.ts";
import { type ReportingObserver, startReporting } from "../operator/reporting.ts";
import { renderWebhookConfigurations } from "../operator/webhook-configurations.ts";
import type { Catalog } from "../requirements/catalog.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { giveBackMemory } from "./garbage-collection.ts";
import { startProgress } from "./progress.ts";
import { loadBundles } from "./sources.ts";
import type { Terminal } from "./terminal.ts";

export interface LiveChoice extends ConnectionChoice {
  /** Holds a user's own catalog entries, which count more than those of `catalog`. */
  readonly catalogConfigMap: ConfigMapName | undefined;
}

/** A server waits for its cluster as long as it takes, unready; it starts even while the API server is down. */
export async function openLiveFacts(
  choice: LiveChoice,
  catalog: Catalog,
  logger: Logger,
  metrics: Metrics,
): Promise<{
  readonly cluster: Cluster;
  readonly objectCounts: () => Readonly<Record<string, number>>;
  readonly register: (url: URL, caBundle: string, options: { readonly warnWorkloads: boolean }) => Promise<() => Promise<void>>;
  readonly stop: () => void;
}> {
  const bundles = await loadBundles();
  const client = openClient(choice);
  const { catalogConfigMap } = choice;
  const cluster = connectLiveCluster({
    client,
    catalog,
    bundles,
    ownCatalog: catalogConfigMap && {
      ...catalogConfigMap,
      told: (outcome) => {
        logOwnCatalog(outcome, logger, metrics);
      },
    },
    observer: logAndCount(logger, metrics),
  });
  cluster.start();
  const reporting = startReporting({ client, source: cluster, observer: logReports(logger), instance: hostname() });
  void cluster.synced.then(() => {
    metrics.cacheSynced.set(1);
    logger.info({} satisfies LogFields, "cluster read completely");
    giveBackMemory();
  });
  return {
    cluster,
    objectCounts: () => cluster.objectCounts(),
    async register(url, caBundle, { warnWorkloads }) {
      await cluster.synced;
      const configurations = renderWebhookConfigurations(
        { kind: "url", url: url.href.replace(/\/$/, ""), caBundle: Buffer.from(caBundle).toString("base64") },
        { warnWorkloads },
      );
      const registered = await registerWebhooks(client, configurations);
      if (!registered.ok) throw new CommandError(EXIT.undecided, registered.error.code, registered.error.message);
      return async () => {
        const removed = await unregisterWebhooks(client, configurations);
        if (!removed.ok)
          logger.error(
            { code: removed.error.code, reason: removed.error.message } satisfies LogFields,
            "registration left behind",
          );
      };
    },
    stop() {
      reporting.stop();
      cluster.stop();
      client.close();
    },
  };
}

/** How long a person waits for a large cluster to be read before it counts as out of reach. */
const SYNC_MILLISECONDS = 60_000;

/** Reads the cluster once, for one command. @throws CommandError where it cannot be read, at once rather than after retries. */
export async function withLiveCluster(
  choice: LiveChoice,
  known: Pick<LiveClusterOptions, "catalog" | "bundles">,
  terminal: Pick<Terminal, "tell">,
  use: (cluster: LiveCluster, client: ApiClient) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const client = openClient(choice);
  const failed = Promise.withResolvers<never>();
  const progress = startProgress();
  const counts = new Map<string, number>();
  const unreadable = (what: string, error: ApiError): CommandError => unreadableError(client, what, error);
  const { catalogConfigMap } = choice;
  const cluster = connectLiveCluster({
    client,
    ...known,
    ownCatalog: catalogConfigMap && {
      ...catalogConfigMap,
      told(outcome) {
        const what = `ConfigMap ${catalogConfigMap.namespace}/${catalogConfigMap.name}`;
        switch (outcome.kind) {
          case "taken":
            return;
          case "absent":
            // The server guards without it too. Who has mistyped the name must see that.
            terminal.tell(`${what} does not exist, so that its catalog entries are not known`);
            return;
          case "unusable":
            failed.reject(new CommandError(EXIT.usage, outcome.error.code, outcome.error.message));
            return;
          case "unreadable":
            failed.reject(unreadable(what, outcome.error));
            return;
        }
      },
    },
    observer: {
      ...SILENT,
      reading(resource, count) {
        progress.tell(readingLine(client.server, counts.set(resource, count)));
      },
      failed(resource, error) {
        // A setting that cannot be read is taken for granted, and said to be.
        if (resource !== "configmaps") failed.reject(unreadable(resource, error));
      },
      doneWithout(resource, { message }) {
        terminal.tell(`${resource} cannot be read, so that what they declare is not known: ${message}`);
      },
    },
  });
  const timer = setTimeout(() => {
    failed.reject(
      new CommandError(
        EXIT.undecided,
        "cluster-timeout",
        `${client.server} was not read within ${String(SYNC_MILLISECONDS / 1000)} s`,
      ),
    );
  }, SYNC_MILLISECONDS);
  try {
    cluster.start();
    await Promise.race([cluster.synced, failed.promise]);
    progress.end();
    return await use(cluster, client);
  } finally {
    progress.end();
    clearTimeout(timer);
    cluster.stop();
    client.close();
  }
}

/** Of objects that name none; null where the context has none. @throws CommandError */
export function contextNamespace(choice: ConnectionChoice): string | null {
  const client = openClient(choice);
  client.close();
  return client.namespace;
}

/** @throws CommandError where there is no cluster to ask. */
export function openClient(choice: ConnectionChoice): ApiClient {
  const client = loadApiClient(choice);
  if (client.ok) return client.value;
  const { code, message } = client.error;
  throw new CommandError(CONNECTION_STATUS[code], code, message);
}

const CONNECTION_STATUS: Readonly<Record<ConnectionError["code"], ExitStatus>> = {
  "kubeconfig-unreadable": EXIT.undecided,
  "no-cluster": EXIT.undecided,
  "context-unknown": EXIT.usage,
  "cluster-unknown": EXIT.usage,
  "user-unknown": EXIT.usage,
  "server-invalid": EXIT.usage,
  "file-unreadable": EXIT.usage,
  "flags-conflict": EXIT.usage,
  "flags-incomplete": EXIT.usage,
};

export function unreadableError({ server }: Pick<ApiClient, "server">, what: string, { code, message }: ApiError): CommandError {
  return new CommandError(EXIT.undecided, `cluster-${code}`, `${what} cannot be read from ${server}: ${message}`);
}

const SILENT: LiveClusterObserver = {
  listed: () => undefined,
  watchRestarted: () => undefined,
  failed: () => undefined,
  unreadable: () => undefined,
  doneWithout: () => undefined,
};

function logOwnCatalog(outcome: OwnCatalogOutcome, logger: Logger, metrics: Metrics): void {
  switch (outcome.kind) {
    case "taken":
      metrics.catalogReloads.inc({ result: "ok" });
      metrics.catalogUsable.set(1);
      logger.info({ names: outcome.controllers } satisfies LogFields, "own catalog entries in use");
      return;
    case "absent":
      metrics.catalogReloads.inc({ result: "absent" });
      metrics.catalogUsable.set(1);
      logger.info({} satisfies LogFields, "no own catalog entries");
      return;
    case "unusable": {
      const { code, message } = outcome.error;
      metrics.catalogReloads.inc({ result: code });
      metrics.catalogUsable.set(0);
      logger.error({ code, reason: message } satisfies LogFields, "own catalog entries unusable, the last good ones stay");
      return;
    }
    case "unreadable":
      // Logged as every collection that cannot be read.
      return;
  }
}

function logReports(logger: Logger): ReportingObserver {
  return {
    declarationUnreadable({ workload: { kind, namespace, name }, key, problem }) {
      logger.warn(
        {
          code: "declaration-malformed",
          names: [`${kind} ${namespace}/${name}`],
          reason: `${key}: ${problem}`,
        } satisfies LogFields,
        "annotation cannot be read",
      );
    },
    written(resource, name) {
      logger.debug({ resource, names: [name] } satisfies LogFields, "report written");
    },
    failed(resource, code, message, count) {
      logger.warn({ resource, code, reason: message, count } satisfies LogFields, "reports cannot be written, trying again");
    },
    broken(error) {
      logger.error({ err: error } satisfies LogFields, "internal error");
    },
  };
}

function logAndCount(logger: Logger, metrics: Metrics): LiveClusterObserver {
  return {
    listed(resource, count) {
      logger.info({ resource, count } satisfies LogFields, "collection listed");
    },
    watchRestarted(resource, reason) {
      metrics.watchRestarts.inc({ resource, reason });
      logger.debug({ resource, reason } satisfies LogFields, "watch begun again");
    },
    failed(resource, error) {
      logger.warn(
        { resource, code: error.code, reason: error.message } satisfies LogFields,
        "cluster cannot be read, trying again",
      );
    },
    unreadable(resource, name, reason) {
      logger.warn({ resource, names: [name], reason } satisfies LogFields, "object passed over");
    },
    doneWithout(resource, error) {
      logger.warn({ resource, code: error.code, reason: error.message } satisfies LogFields, "declarations cannot be read");
    },
  };
}
