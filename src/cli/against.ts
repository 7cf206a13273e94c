/** @file The cluster that a command is about: a live one, a snapshot of one, or a folder of manifests that stands for one. */
import type { Cluster } from "../cluster/cluster.ts";
import type { ConnectionChoice } from "../cluster/live/connection-choice.ts";
import type { FolderCluster } from "../cluster/snapshot/folder-cluster.ts";
import { snapshotCluster } from "../cluster/snapshot/snapshot-cluster.ts";
import { readSnapshotFile } from "../cluster/snapshot/snapshot-file.ts";
import type { Snapshot } from "../cluster/snapshot/snapshot.ts";
import { ageLine, redactedLine, unreadLine } from "../explain/snapshot.ts";
import { escaped } from "../explain/text.ts";
import { type Catalog, mergeCatalogs } from "../requirements/catalog.ts";
import { parseCatalogTexts } from "../requirements/catalog-folder.ts";
import type { Workload } from "../requirements/workload.ts";
import type { Bundle } from "../rules/bundle.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { openFolderCluster, refuseCatalogConfigMap } from "./sources.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

export interface AgainstChoice extends ConnectionChoice {
  /** `live`, a snapshot, a folder of manifests, or a file of them. */
  readonly against: string;
  readonly catalogConfigMap: ConfigMapName | undefined;
}

export interface Known {
  readonly catalog: Catalog;
  /** Of which one to install is told; nobody asks that who applies nothing. */
  readonly bundles?: readonly Bundle[];
}

/** What stands in for a cluster. `folder`: what it declares, which no status answers; null for a snapshot. */
export interface StandIn {
  readonly cluster: Cluster;
  /** Running or not. */
  readonly workloads: readonly Workload[];
  readonly folder: FolderCluster | null;
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
  { catalog, bundles = [] }: Known,
  terminal: Pick<Terminal, "tell">,
): Promise<StandIn> {
  const snapshot = await openSnapshot(path);
  if (catalogConfigMap !== undefined) throw refuseCatalogConfigMap(snapshot === null ? "a folder" : "a snapshot");
  if (snapshot === null) {
    const folder = await openFolderCluster(path, catalog, bundles);
    return { cluster: folder, workloads: folder.workloads, folder };
  }
  const age = ageLine(path, snapshot.takenAt, new Date());
  if (age !== null) terminal.tell(age);
  if (snapshot.redactedFor !== null) terminal.tell(redactedLine(path));
  for (const unread of snapshot.unread) terminal.tell(unreadLine(unread));
  const cluster = snapshotCluster(snapshot, withOwnEntries(path, snapshot, catalog), bundles);
  return { cluster, workloads: cluster.workloads, folder: null };
}

/** Null for what is no snapshot, but manifests perhaps. @throws CommandError for one that cannot be used. */
async function openSnapshot(path: string): Promise<Snapshot | null> {
  const snapshot = await readSnapshotFile(path, VERSION);
  if (snapshot.ok) return snapshot.value;
  if (snapshot.error === null) return null;
  throw new CommandError(EXIT.usage, snapshot.error.code, snapshot.error.message);
}

/** Entries of the cluster's own were read when the snapshot was taken; a crdguard of another version may not know them. */
function withOwnEntries(path: string, { ownCatalog }: Snapshot, catalog: Catalog): Catalog {
  if (ownCatalog === null) return catalog;
  const own = parseCatalogTexts(ownCatalog.files);
  if (own.ok) return mergeCatalogs(catalog, own.value);
  const place = escaped(`ConfigMap ${ownCatalog.namespace}/${ownCatalog.name}`);
  throw new CommandError(EXIT.usage, own.error.code, `${path}: ${place}: ${own.error.message}`);
}
