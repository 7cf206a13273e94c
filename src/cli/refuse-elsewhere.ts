/** @file Refuses a namespace where the cluster has crdguard in another one. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import { installedElsewhereWords } from "../explain/installation.ts";
import { installedElsewhere } from "../operator/installed-elsewhere.ts";
import { CommandError, EXIT } from "./exit-status.ts";
import { unreadableError } from "./live-source.ts";

/** @throws CommandError */
export async function refuseElsewhere(client: ApiClient, namespace: string, what: "install" | "uninstall"): Promise<void> {
  const found = await installedElsewhere(client, namespace);
  if (!found.ok) throw unreadableError(client, found.what, found.error);
  if (found.namespace === null) return;
  throw new CommandError(EXIT.denied, "installed-elsewhere", installedElsewhereWords(found.namespace, namespace, what));
}
