/** @file The live cluster of the kubeconfig: opened for a server, or read once for a command. Loads the Kubernetes client. */
import { type ApiClient, loadApiClient } from "../cluster/live/api-client.ts";
import type { ApiError } from "../cluster/live/api-error.ts";
import type { ConnectionChoice, ConnectionError } from "../cluster/live/connection-choice.ts";
import {
  connectLiveCluster,
  type LiveCluster,
  type LiveClusterObserver,
  type LiveClusterOptions,
} from "../cluster/live/live-cluster.ts";
import { lookingLine, readingLine } from "../explain/progress.ts";
import { examinerOnDemand } from "./examiner-on-demand.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { startProgress } from "./progress.ts";
import { runsInCluster } from "./runs-in-cluster.ts";
import { startSteadyLines } from "./steady-lines.ts";
import type { Terminal } from "./terminal.ts";

export interface LiveChoice extends ConnectionChoice {
  /** Holds a user's own catalog entries, which count more than those of `catalog`. */
  readonly catalogConfigMap: ConfigMapName | undefined;
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
  const looking = startSteadyLines(terminal);
  const counts = new Map<string, number>();
  const unreadable = (what: string, error: ApiError): CommandError => unreadableError(client, what, error);
  const { catalogConfigMap } = choice;
  const examiner = examinerOnDemand();
  const cluster = connectLiveCluster({
    client,
    objectLook: {
      openExaminer: examiner.open,
      onProgress(crd, objectCount, totalCount) {
        looking.tell(objectCount, totalCount ?? 0, (pace) => lookingLine(crd.name, pace));
      },
    },
    ...known,
    isInCluster: runsInCluster(choice),
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
    return await use(askedByPerson(cluster), client);
  } finally {
    progress.end();
    looking.end();
    await examiner.close();
    clearTimeout(timer);
    cluster.stop();
    client.close();
  }
}

/** A right that a person lacks is no right of the server's role: how that one is extended is no way out here. */
function askedByPerson(cluster: LiveCluster): LiveCluster {
  return {
    ...cluster,
    async countObjects(crd, signal) {
      const found = await cluster.countObjects(crd, signal);
      return found.kind === "uncountable" ? { kind: "uncountable", reason: found.reason } : found;
    },
    async sampleWriters(crd, signal) {
      const found = await cluster.sampleWriters(crd, signal);
      return found.kind === "unreadable" ? { kind: "unreadable", reason: found.reason } : found;
    },
    async lookAtObjects(previous, next, signal) {
      const found = await cluster.lookAtObjects(previous, next, signal);
      return found.kind === "unreadable" ? { kind: "unreadable", reason: found.reason } : found;
    },
  };
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
