/** @file Opens a snapshot in place of a cluster, and says what a reader must know of it. */
import { snapshotCluster } from "../cluster/snapshot/snapshot-cluster.ts";
import { readSnapshotFile } from "../cluster/snapshot/snapshot-file.ts";
import type { Snapshot } from "../cluster/snapshot/snapshot.ts";
import { ageLine, redactedLine, unreadLine } from "../explain/snapshot.ts";
import { escaped } from "../explain/text.ts";
import { type Catalog, mergeCatalogs } from "../requirements/catalog.ts";
import { parseCatalogTexts } from "../requirements/catalog-folder.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { CommandError, EXIT } from "./exit-status.ts";
import { refuseCatalogConfigMap } from "./sources.ts";
import type { Known, StandIn } from "./stand-in.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** Null for what is no snapshot, but manifests perhaps. @throws CommandError for one that cannot be used. */
export async function openSnapshot(
  path: string,
  catalogConfigMap: ConfigMapName | undefined,
  { catalog, bundles = [] }: Known,
  terminal: Pick<Terminal, "tell">,
): Promise<StandIn | null> {
  const snapshot = await readSnapshotFile(path, VERSION);
  if (!snapshot.ok) {
    if (snapshot.error === null) return null;
    throw new CommandError(EXIT.usage, snapshot.error.code, snapshot.error.message);
  }
  if (catalogConfigMap !== undefined) throw refuseCatalogConfigMap("a snapshot");
  tellAbout(path, snapshot.value, terminal);
  const cluster = snapshotCluster(snapshot.value, withOwnEntries(path, snapshot.value, catalog), bundles);
  return { cluster, workloads: cluster.workloads, folder: null };
}

function tellAbout(path: string, { takenAt, redactedFor, unread }: Snapshot, terminal: Pick<Terminal, "tell">): void {
  const age = ageLine(path, takenAt, new Date());
  if (age !== null) terminal.tell(age);
  if (redactedFor !== null) terminal.tell(redactedLine(path));
  for (const one of unread) terminal.tell(unreadLine(one));
}

/** Entries of the cluster's own were read when the snapshot was taken; a crdguard of another version may not know them. */
function withOwnEntries(path: string, { ownCatalog }: Snapshot, catalog: Catalog): Catalog {
  if (ownCatalog === null) return catalog;
  const own = parseCatalogTexts(ownCatalog.files);
  if (own.ok) return mergeCatalogs(catalog, own.value);
  const place = escaped(`ConfigMap ${ownCatalog.namespace}/${ownCatalog.name}`);
  throw new CommandError(EXIT.usage, own.error.code, `${path}: ${place}: ${own.error.message}`);
}
