/** @file Facts from a live cluster, for `crdguard serve`; what becomes of reading it is logged and counted. */
import type { ApiClient } from "../../cluster/live/api-client.ts";
import { connectLiveCluster, type LiveCluster, type LiveClusterObserver } from "../../cluster/live/live-cluster.ts";
import type { OwnCatalogOutcome } from "../../cluster/live/own-catalog.ts";
import type { LogFields, Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import type { Catalog } from "../../requirements/catalog.ts";
import { examinerOnDemand } from "../examiner-on-demand.ts";
import { giveBackMemory } from "../garbage-collection.ts";
import { type LiveChoice, openClient } from "../live-source.ts";
import { runsInCluster } from "../runs-in-cluster.ts";
import { loadBundles } from "../sources.ts";

export interface LiveFacts {
  readonly cluster: LiveCluster;
  readonly client: ApiClient;
  stop(): void;
}

/** A server waits for its cluster as long as it takes, unready; it starts even while the API server is down. */
export async function openLiveFacts(choice: LiveChoice, catalog: Catalog, logger: Logger, metrics: Metrics): Promise<LiveFacts> {
  const bundles = await loadBundles();
  const client = openClient(choice);
  const { catalogConfigMap } = choice;
  const examiner = examinerOnDemand();
  const cluster = connectLiveCluster({
    client,
    objectLook: { openExaminer: examiner.open },
    catalog,
    bundles,
    isInCluster: runsInCluster(choice),
    ownCatalog: catalogConfigMap && {
      ...catalogConfigMap,
      told: (outcome) => {
        logOwnCatalog(outcome, logger, metrics);
      },
    },
    observer: logAndCount(logger, metrics),
  });
  cluster.start();
  void cluster.synced.then(() => {
    metrics.cacheSynced.set(1);
    logger.info({} satisfies LogFields, "cluster read completely");
    if (cluster.guardPolicies().length === 0) logger.info({} satisfies LogFields, "no GuardPolicy, built-in defaults hold");
    giveBackMemory();
  });
  return {
    cluster,
    client,
    stop() {
      cluster.stop();
      client.close();
      void examiner.close();
    },
  };
}

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
