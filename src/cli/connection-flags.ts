/** @file The flags that choose the cluster, as commands that are printed have them. */
import type { ClusterFlags } from "./cluster-flags.ts";

/** For kubectl, so that what is printed speaks to the same cluster; a token is not told again. */
export function connectionFlags(options: ClusterFlags): {
  readonly cluster: readonly string[];
  readonly user: readonly string[];
} {
  const flag = (name: string, value: string | undefined): readonly string[] =>
    value === undefined || value === "" ? [] : [name, value];
  return {
    cluster: [
      ...flag("--kubeconfig", options.kubeconfig),
      ...flag("--context", options.context),
      ...flag("--cluster", options.cluster),
      ...flag("--server", options.server),
    ],
    user: [
      ...flag("--user", options.user),
      ...flag("--as", options.as),
      ...(options.asGroup ?? []).flatMap((group) => flag("--as-group", group)),
    ],
  };
}
