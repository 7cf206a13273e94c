/** @file The cluster that a command is about: a live one, a snapshot of one, or a folder of manifests that stands for one. */
import type { Cluster } from "../cluster/cluster.ts";
import type { ConnectionChoice } from "../cluster/live/connection-choice.ts";
import type { FolderCluster } from "../cluster/snapshot/folder-cluster.ts";
import { maybeSnapshot } from "../cluster/snapshot/snapshot-sniff.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import type { ExitStatus } from "./exit-status.ts";
import { openFolderCluster, refuseCatalogConfigMap } from "./sources.ts";
import type { Known, StandIn } from "./stand-in.ts";
import type { Terminal } from "./terminal.ts";

export interface AgainstChoice extends ConnectionChoice {
  /** `live`, a snapshot, a folder of manifests, or a file of them. */
  readonly against: string;
  readonly catalogConfigMap: ConfigMapName | undefined;
}

/**
 * Opens the cluster for one command.
 * @param use gets the folder too, where it is one.
 * @throws CommandError where it cannot be read.
 */
export async function withCluster(
  choice: AgainstChoice,
  known: Known,
  terminal: Pick<Terminal, "tell">,
  use: (cluster: Cluster, folder: FolderCluster | null) => Promise<ExitStatus> | ExitStatus,
): Promise<ExitStatus> {
  if (choice.against !== "live") {
    const { cluster, folder } = await openStandIn(choice.against, choice.catalogConfigMap, known, terminal);
    return use(cluster, folder);
  }
  // The Kubernetes client takes a third of a second to load, which only a live cluster is worth.
  const { withLiveCluster } = await import("./live-source.ts");
  return withLiveCluster(choice, known, terminal, async (cluster) => use(cluster, null));
}

/** @throws CommandError for a path that is neither, and for a ConfigMap that only a cluster has. */
export async function openStandIn(
  path: string,
  catalogConfigMap: ConfigMapName | undefined,
  known: Known,
  terminal: Pick<Terminal, "tell">,
): Promise<StandIn> {
  if (maybeSnapshot(path)) {
    const { openSnapshot } = await import("./open-snapshot.ts");
    const snapshot = await openSnapshot(path, catalogConfigMap, known, terminal);
    if (snapshot !== null) return snapshot;
  }
  if (catalogConfigMap !== undefined) throw refuseCatalogConfigMap("a folder");
  const folder = await openFolderCluster(path, known.catalog, known.bundles);
  return { cluster: folder, workloads: folder.workloads, folder };
}
