/** @file The cluster that a plan starts from, with what a plan asks beyond what rules do: all workloads, and definitions whole. */
import type { ApiClient } from "../../cluster/live/api-client.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { nameOfManifest } from "../../cluster/snapshot/manifest-name.ts";
import { maybeSnapshot } from "../../cluster/snapshot/snapshot-sniff.ts";
import { readManifests } from "../../cluster/snapshot/manifests.ts";
import { isRecord } from "../../crd/is-record.ts";
import { isCrdManifest } from "../../crd/parse.ts";
import type { Workload } from "../../requirements/workload.ts";
import { type AgainstChoice, openStandIn } from "../against.ts";
import type { Known } from "../stand-in.ts";
import type { Terminal } from "../terminal.ts";

export interface Opened {
  readonly cluster: Cluster;
  /** Running or not. */
  readonly workloads: readonly Workload[];
  /** Definitions as they are, by name, of these names; null where they are not known whole. */
  readonly definitions: (names: readonly string[]) => Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>> | null>;
}

/** @throws CommandError where it cannot be read. */
export async function withOpened<T>(
  choice: AgainstChoice,
  known: Known,
  terminal: Pick<Terminal, "tell">,
  use: (opened: Opened) => Promise<T>,
): Promise<T> {
  if (choice.against !== "live") {
    const { cluster, workloads } = await openStandIn(choice.against, choice.catalogConfigMap, known, terminal);
    return use({ cluster, workloads, definitions: () => definitionsIn(choice.against) });
  }
  const { withLiveCluster } = await import("../live-source.ts");
  let result: { readonly value: T } | null = null;
  await withLiveCluster(choice, known, terminal, async (cluster, client) => {
    const value = await use({
      cluster,
      workloads: [...cluster.workloads()],
      definitions: (names) => definitionsOf(client, names),
    });
    result = { value };
    return 0;
  });
  return valueOf(result);
}

function valueOf<T>(result: { readonly value: T } | null): T {
  if (result === null) throw new Error("a cluster that was read was used");
  return result.value;
}

/** A file of a snapshot keeps of a definition what rules read, and no more. */
async function definitionsIn(path: string): ReturnType<Opened["definitions"]> {
  if (maybeSnapshot(path)) return null;
  const read = await readManifests([path], { isRecursive: true, readStandardInput: null });
  if (!read.ok) return null;
  return new Map(
    read.value.flatMap((manifest) => {
      const name = isCrdManifest(manifest.object) ? nameOfManifest(manifest, "")?.name : undefined;
      return name === undefined ? [] : [[name, manifest.object] as const];
    }),
  );
}

/** One by one: a definition may be a megabyte, and few of many are asked for. */
async function definitionsOf(client: ApiClient, names: readonly string[]): ReturnType<Opened["definitions"]> {
  const found = new Map<string, Readonly<Record<string, unknown>>>();
  for (const name of names) {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${encodeURIComponent(name)}`;
    const answer = await client.request({ method: "GET", path });
    if (answer.ok && isRecord(answer.body)) found.set(name, answer.body);
  }
  return found;
}
