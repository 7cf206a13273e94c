/** @file What commands are made of alike: catalog, policy, cluster, from their flags. */
import { type FolderCluster, readFolderCluster } from "../cluster/snapshot/folder-cluster.ts";
import type { ClusterPicture } from "../cluster/picture.ts";
import { acceptanceMessage } from "../explain/guard-policy.ts";
import { parseGuardPolicy } from "../policy/guard-policy.ts";
import type { PolicyFlags } from "../policy/combine.ts";
import { parseRuleSettings } from "../policy/policy.ts";
import { type Catalog, mergeCatalogs } from "../requirements/catalog.ts";
import type { ApiRequirement } from "../requirements/api-requirement.ts";
import { findStatus, type StatusFacts } from "../requirements/api-requirement-status.ts";
import { readBuiltInBundles, readBuiltInCatalog } from "../requirements/built-in.ts";
import type { Bundle } from "../rules/bundle.ts";
import { rules } from "../rules/checks/index.ts";
import { escaped } from "../explain/text.ts";
import { CommandError, EXIT } from "./exit-status.ts";
import type { Terminal } from "./terminal.ts";

/** @param own files and folders with a user's own entries, beside or in place of those that come with crdguard. */
export async function loadCatalog(own: readonly string[] = []): Promise<Catalog> {
  const catalog = await readBuiltInCatalog();
  if (!catalog.ok) throw new CommandError(EXIT.usage, catalog.error.code, `the catalog cannot be used: ${catalog.error.message}`);
  if (own.length === 0) return catalog.value;
  // Built-in entries are compiled, and need no reader of YAML.
  const { readOwnCatalogs } = await import("../requirements/catalog-folder.ts");
  const ownCatalog = await readOwnCatalogs(own);
  if (!ownCatalog.ok) {
    throw new CommandError(
      EXIT.usage,
      ownCatalog.error.code,
      `${ownCatalog.error.message} (docs/catalog.md has the form of a file)`,
    );
  }
  return mergeCatalogs(catalog.value, ownCatalog.value);
}

/** A folder has no ConfigMap that would be watched; what is in one can be given as files. */
export function refuseCatalogConfigMap(standIn: string): CommandError {
  return new CommandError(
    EXIT.usage,
    "flags-conflict",
    `--catalog-config-map needs a cluster, which ${standIn} stands in for: give the files by --catalog`,
  );
}

/** Flags that are not given leave it to the GuardPolicies of the cluster. */
export function policyFromFlags(settings: readonly string[], onUndecided: PolicyFlags["onUndecided"] = null): PolicyFlags {
  const enforcement = parseRuleSettings(
    settings,
    rules.map(({ id }) => id),
  );
  if (!enforcement.ok) throw new CommandError(EXIT.usage, enforcement.error.code, `--rule: ${enforcement.error.message}`);
  return { enforcement: enforcement.value, onUndecided };
}

/** Released sets of CRDs, to tell which one to install. */
export async function loadBundles(): Promise<readonly Bundle[]> {
  const bundles = await readBuiltInBundles();
  if (!bundles.ok) throw new CommandError(EXIT.usage, bundles.error.code, `the catalog cannot be used: ${bundles.error.message}`);
  return bundles.value;
}

/** @param bundles of which one to install is told; nobody asks that who applies nothing. */
export async function openFolderCluster(path: string, catalog: Catalog, bundles: readonly Bundle[] = []): Promise<FolderCluster> {
  const cluster = await readFolderCluster(path, catalog, bundles);
  if (!cluster.ok) throw new CommandError(EXIT.usage, cluster.error.code, cluster.error.message);
  return cluster.value;
}

/** A policy that is not what it was meant to be changes what is told, wherever it comes from. */
export function tellPolicyProblems(policies: ClusterPicture["guardPolicies"], terminal: Pick<Terminal, "tell">): void {
  for (const policy of policies) {
    const parsed = parseGuardPolicy(policy);
    if (parsed.ok && parsed.problems.length === 0) continue;
    terminal.tell(escaped(`GuardPolicy ${policy.name}: ${acceptanceMessage(parsed)}`));
  }
}

/** In a cluster, its status says what becomes of an APIRequirement; of a folder's and a bundle's, a line does. */
export function tellIdleRequirements(
  { apiRequirements, workloads, crds }: StatusFacts & { readonly apiRequirements: readonly ApiRequirement[] },
  terminal: Pick<Terminal, "tell">,
): void {
  for (const own of apiRequirements) {
    const accepted = findStatus(own, { workloads, crds }).conditions.find(({ type }) => type === "Accepted");
    if (accepted?.status !== "False") continue;
    terminal.tell(
      escaped(`APIRequirement ${own.namespace}/${own.name} does not count (${accepted.reason}): ${accepted.message}`),
    );
  }
}
