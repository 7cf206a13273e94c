/** @file Looks for proof that every object of a CRD has been rewritten since the CRD was last changed. */
import type { Crd } from "../../crd/crd.ts";
import type { MigrationEvidence } from "../../rules/facts.ts";
import type { ApiClient } from "./api-client.ts";
import { findProvenObjects } from "./find-proven-objects.ts";
import { listAt, memberAt, textAt } from "./json.ts";
import { listPages } from "./pages.ts";

/**
 * Either Kubernetes' own migrator has done it, or each object was written since a StorageVersionRecord. Never rejects: what
 * cannot be read is no proof.
 * @param objects lists the objects, as `client` does; another one where answers about them are to be remembered.
 */
export async function findMigration(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  signal: AbortSignal,
  objects = client,
): Promise<MigrationEvidence> {
  if (crd.isMigratedInTree) return { kind: "succeeded", by: "condition StorageMigrating of the CRD" };

  const [inTree, proven] = await Promise.all([
    findFinishedMigration(client, crd, signal),
    findProvenObjects({ client, objects, crd, signal }),
  ]);
  return inTree.kind === "succeeded" || proven.kind === "none" ? inTree : proven;
}

/** Of the migrations that have succeeded, one that was created after the CRD's last change proves it. */
async function findFinishedMigration(
  client: Pick<ApiClient, "request">,
  crd: Crd,
  signal: AbortSignal,
): Promise<MigrationEvidence> {
  const succeeded = (await listMigrations(client, signal)).filter((migration) => hasSucceeded(migration) && isOf(migration, crd));
  const judged = succeeded.map((migration) => judge(migration, crd));
  return judged.find(({ kind }) => kind === "succeeded") ?? judged[0] ?? { kind: "none" };
}

/** Newest first; `v1beta1` since Kubernetes 1.35, `v1alpha1` (off unless asked for) since 1.30. */
const API_VERSIONS = ["v1", "v1beta1", "v1alpha1"] as const;
const PAGE_SIZE = 500;

async function listMigrations(client: Pick<ApiClient, "request">, signal: AbortSignal): Promise<readonly unknown[]> {
  for (const version of API_VERSIONS) {
    const migrations: unknown[] = [];
    const listed = await listPages(client, {
      path: `/apis/storagemigration.k8s.io/${version}/storageversionmigrations`,
      pageSize: PAGE_SIZE,
      signal,
      onPage: (items) => migrations.push(...items),
    });
    if (listed.ok) return migrations;
    if (listed.error.code !== "not-found") return [];
  }
  return [];
}

/** `spec.resource` also has a `version` in v1alpha1; a rewrite in any version stores the storage version. */
function isOf(migration: unknown, crd: Crd): boolean {
  return (
    textAt(migration, "spec", "resource", "group") === crd.group &&
    textAt(migration, "spec", "resource", "resource") === crd.plural
  );
}

function hasSucceeded(migration: unknown): boolean {
  return listAt(migration, "status", "conditions").some(
    (condition) => memberAt(condition, "type") === "Succeeded" && memberAt(condition, "status") === "True",
  );
}

/**
 * A migration rewrites objects into the storage version of the time it ran; one that ran before the storage version was
 * flipped proves nothing of the objects written in between. When that was nobody recorded: `metadata.generation` counts
 * changes of the spec but carries no time. The newest write of the CRD's main resource is not older than the flip, so a
 * migration created after that is proof, at the price of refusing some that would be. Strictly after, as both times are
 * cut to the second.
 */
function judge(migration: unknown, crd: Crd): MigrationEvidence {
  const by = `StorageVersionMigration ${textAt(migration, "metadata", "name") ?? "without a name"}`;
  const createdAt = textAt(migration, "metadata", "creationTimestamp");
  if (createdAt === null || Number.isNaN(Date.parse(createdAt))) {
    return { kind: "outdated", by, reason: "it has no creation time" };
  }
  if (crd.lastWrittenAt === null) {
    return { kind: "outdated", by, reason: "the CRD does not tell when it was last changed" };
  }
  if (Date.parse(createdAt) > Date.parse(crd.lastWrittenAt)) return { kind: "succeeded", by };
  return { kind: "outdated", by, reason: `created at ${createdAt}, not after the CRD's last change at ${crd.lastWrittenAt}` };
}
