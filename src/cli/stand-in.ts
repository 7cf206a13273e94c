/** @file What stands in for a cluster, and by what it is read. */
import type { Cluster } from "../cluster/cluster.ts";
import type { FolderCluster } from "../cluster/snapshot/folder-cluster.ts";
import type { Catalog } from "../requirements/catalog.ts";
import type { Workload } from "../requirements/workload.ts";
import type { Bundle } from "../rules/bundle.ts";

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
