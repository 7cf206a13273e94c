/** @file A snapshot of a live cluster, for `snapshot`; beside `live-source.ts`, the only one that loads the Kubernetes client. */
import { readConfigMap, takeSnapshot, type TakeProgress } from "../cluster/live/take-snapshot.ts";
import type { ApiClient } from "../cluster/live/api-client.ts";
import type { ApiError } from "../cluster/live/api-error.ts";
import type { OwnCatalogEntries, Snapshot } from "../cluster/snapshot/snapshot.ts";
import type { Strictness } from "../cluster/snapshot/withhold.ts";
import { type Catalog, mergeCatalogs } from "../requirements/catalog.ts";
import { isCatalogFileName, parseCatalogTexts } from "../requirements/catalog-folder.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { CommandError, EXIT } from "./exit-status.ts";
import { type LiveChoice, openClient, unreadableError } from "./live-source.ts";
import type { Terminal } from "./terminal.ts";

export interface LiveSnapshotOptions {
  /** Without the cluster's own entries. */
  readonly catalog: Catalog;
  readonly strictness: Strictness;
  readonly withObjects: boolean;
  /** Version of this crdguard. */
  readonly crdguard: string;
  readonly timeoutSeconds: number;
  readonly onProgress: (progress: TakeProgress) => void;
}

/** @throws CommandError where the cluster cannot be read. */
export async function takeLiveSnapshot(
  choice: LiveChoice,
  { catalog, timeoutSeconds, ...options }: LiveSnapshotOptions,
  terminal: Pick<Terminal, "tell">,
): Promise<{ readonly snapshot: Snapshot; /** With the cluster's own entries. */ readonly catalog: Catalog }> {
  const client = openClient(choice);
  const signal = AbortSignal.timeout(timeoutSeconds * 1_000);
  const unreadable = (what: string, error: ApiError): CommandError =>
    signal.aborted
      ? new CommandError(
          EXIT.undecided,
          "cluster-timeout",
          `${what} of ${client.server} were not read within ${String(timeoutSeconds)} s; --timeout gives more`,
        )
      : unreadableError(client, what, error);
  try {
    const own =
      choice.catalogConfigMap === undefined
        ? null
        : await readOwnCatalog(client, choice.catalogConfigMap, { signal, terminal, unreadable });
    const whole = own === null ? catalog : mergeCatalogs(catalog, own.catalog);
    const taken = await takeSnapshot({
      ...options,
      client,
      catalog: whole,
      ownCatalog: own?.entries ?? null,
      now: () => new Date(),
      signal,
    });
    if (!taken.ok) throw unreadable(taken.resource, taken.error);
    return { snapshot: taken.value, catalog: whole };
  } finally {
    client.close();
  }
}

/** @returns null where there is no such ConfigMap, which is told. */
async function readOwnCatalog(
  client: ApiClient,
  { namespace, name }: ConfigMapName,
  context: {
    readonly signal: AbortSignal;
    readonly terminal: Pick<Terminal, "tell">;
    readonly unreadable: (what: string, error: ApiError) => CommandError;
  },
): Promise<{ readonly catalog: Catalog; readonly entries: OwnCatalogEntries } | null> {
  const what = `ConfigMap ${namespace}/${name}`;
  const found = await readConfigMap(client, { namespace, name }, context.signal);
  if (!found.ok) throw context.unreadable(what, found.error);
  if (found.values === null) {
    context.terminal.tell(`${what} does not exist, so that its catalog entries are not known`);
    return null;
  }
  const files = new Map([...found.values].filter(([key]) => isCatalogFileName(key)));
  if (files.size === 0 && found.values.size > 0) {
    throw new CommandError(EXIT.usage, "catalog-unreadable", `${what}: no key that ends in .yaml`);
  }
  const parsed = parseCatalogTexts(files);
  if (!parsed.ok) throw new CommandError(EXIT.usage, parsed.error.code, `${what}: ${parsed.error.message}`);
  return { catalog: parsed.value, entries: { namespace, name, files } };
}
