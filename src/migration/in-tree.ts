/** @file Leaves the rewriting to Kubernetes' own storage version migrator, waits for it, and prunes. */
import type { ApiClient, ApiError } from "../cluster/live/api-client.ts";
import { listAt, memberAt, textAt } from "../cluster/live/json.ts";
import type { Crd } from "../crd/crd.ts";
import { isMigrationDue } from "../crd/storage-record.ts";
import { finish, type Migrated, type Migration, openMigration } from "./migrate-crd.ts";
import { emptyTally } from "./rewrite-objects.ts";
import { differenceFrom } from "./watched-definition.ts";
import { createPace } from "./pace.ts";
import { restOfSettling } from "./secure-record.ts";

/** Never rejects. */
export async function migrateInTree(migration: Migration): Promise<Migrated> {
  const { client, signal, timing, told } = migration;
  const opened = await openMigration(migration);
  if (opened.kind !== "open") return opened;
  const { definition, storage, version } = opened;
  const { crd } = definition;
  if (!isMigrationDue(crd)) return { kind: "nothing-due", storage };
  const api = await findApi(client, signal);
  if (api === null) return { kind: "in-tree-missing" };
  if (typeof api !== "string") return { kind: "failed", what: "in-tree", error: api, tally: null };

  told({ kind: "started", storage, stored: crd.stored.names, version });
  const name = nameOf(crd);
  const path = `/apis/storagemigration.k8s.io/${api}/storageversionmigrations`;
  const settleMilliseconds = restOfSettling(client, crd, migration.settleMilliseconds);
  if (settleMilliseconds > 0) {
    told({ kind: "settling", milliseconds: settleMilliseconds });
    await timing.sleep(settleMilliseconds, signal);
  }
  if (signal.aborted) return { kind: "interrupted", tally: null };
  const asked = await askFor(client, `${path}/${name}`, path, crd, name, api, signal);
  if (asked !== null) return { kind: "failed", what: "in-tree", error: asked, tally: null };
  told({ kind: "in-tree-waiting", migration: name });
  const line = { client, timing, signal, pace: createPace(0, timing) };
  for (;;) {
    const found = await client.request({ method: "GET", path: `${path}/${name}`, signal });
    if (signal.aborted) return { kind: "interrupted", tally: null };
    if (!found.ok) return { kind: "failed", what: "in-tree", error: found.error, tally: null };
    const failed = conditionOf(found.body, "Failed");
    if (failed !== null) return { kind: "in-tree-failed", migration: name, reason: failed };
    if (conditionOf(found.body, "Succeeded") !== null) break;
    const same = await differenceFrom(line, crd);
    if (!same.ok) return { kind: "failed", what: "definition", error: same.error, tally: null };
    if (same.change !== null) return { kind: "changed", change: same.change, tally: null };
    await timing.sleep(LOOK_EVERY_MILLISECONDS, signal);
  }
  const finished = await finish(migration, crd, storage, emptyTally(), false);
  return finished.kind === "done" && finished.pruned !== null
    ? { kind: "in-tree-done", storage, migration: name, pruned: finished.pruned }
    : finished;
}

/** Newest first; v1beta1 came with Kubernetes 1.35. What v1alpha1 does not tell (a resource of any version) is not asked of it. */
const API_VERSIONS = ["v1", "v1beta1"] as const;

/** Of a migration that takes minutes. */
const LOOK_EVERY_MILLISECONDS = 1_000;

/** @returns null: the API server has none. */
async function findApi(
  client: Pick<ApiClient, "request">,
  signal: AbortSignal,
): Promise<(typeof API_VERSIONS)[number] | ApiError | null> {
  const answer = await client.request({ method: "GET", path: "/apis/storagemigration.k8s.io", signal });
  if (!answer.ok) return answer.error.code === "not-found" ? null : answer.error;
  const served = new Set(listAt(answer.body, "versions").map((version) => memberAt(version, "version")));
  return API_VERSIONS.find((version) => served.has(version)) ?? null;
}

/** One for each generation of each definition, so that a run that is resumed finds it, and none of an earlier one. */
function nameOf({ name, uid, generation }: Crd): string {
  return `${name.slice(0, LONGEST_STEM)}-${(uid ?? "").slice(0, 8)}-${String(generation)}`;
}

/** Names have up to 253 characters; a part of the uid and a generation follow. */
const LONGEST_STEM = 220;

/** @returns null: it is there. One that has failed is asked for anew. */
async function askFor(
  client: Pick<ApiClient, "request">,
  own: string,
  path: string,
  crd: Crd,
  name: string,
  api: string,
  signal: AbortSignal,
): Promise<ApiError | null> {
  const there = await client.request({ method: "GET", path: own, signal });
  if (there.ok && conditionOf(there.body, "Failed") === null) return null;
  if (there.ok) {
    const uid = textAt(there.body, "metadata", "uid");
    const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
    const deleted = await client.request({ method: "DELETE", path: own, body, signal });
    if (!deleted.ok && deleted.error.code !== "not-found") return deleted.error;
  } else if (there.error.code !== "not-found") {
    return there.error;
  }
  const made = await client.request({
    method: "POST",
    path,
    query: { fieldManager: "crdguard-migrate" },
    body: {
      apiVersion: `storagemigration.k8s.io/${api}`,
      kind: "StorageVersionMigration",
      metadata: { name, labels: { "app.kubernetes.io/managed-by": "crdguard" } },
      spec: { resource: { group: crd.group, resource: crd.plural } },
    },
    signal,
  });
  return made.ok || made.error.code === "conflict" ? null : made.error;
}

/** @returns its message, or null where it is not true. */
function conditionOf(migration: unknown, type: string): string | null {
  const condition = listAt(migration, "status", "conditions").find(
    (each) => memberAt(each, "type") === type && memberAt(each, "status") === "True",
  );
  return condition === undefined ? null : (textAt(condition, "message") ?? textAt(condition, "reason") ?? type);
}
