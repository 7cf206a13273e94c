/** @file What commands are made of alike: catalog, policy, cluster, from their flags. */
import { readFolderCluster } from "../cluster/snapshot/folder-cluster.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { DEFAULT_POLICY, parseRuleSettings, type Policy } from "../policy/policy.ts";
import type { Catalog } from "../requirements/catalog.ts";
import { readCatalog } from "../requirements/catalog-folder.ts";
import { rules } from "../rules/checks/index.ts";
import { CommandError, EXIT } from "./exit-status.ts";

export async function loadCatalog(): Promise<Catalog> {
  const catalog = await readCatalog();
  if (!catalog.ok) throw new CommandError(EXIT.usage, catalog.error.code, `the catalog cannot be used: ${catalog.error.message}`);
  return catalog.value;
}

export function policyFromFlags(
  settings: readonly string[],
  onUndecided: Policy["onUndecided"] = DEFAULT_POLICY.onUndecided,
): Policy {
  const enforcement = parseRuleSettings(
    settings,
    rules.map(({ id }) => id),
  );
  if (!enforcement.ok) throw new CommandError(EXIT.usage, enforcement.error.code, `--rule: ${enforcement.error.message}`);
  return { enforcement: enforcement.value, onUndecided };
}

export async function openFolderCluster(path: string, catalog: Catalog): Promise<Cluster> {
  const cluster = await readFolderCluster(path, catalog);
  if (!cluster.ok) throw new CommandError(EXIT.usage, cluster.error.code, cluster.error.message);
  return cluster.value;
}
