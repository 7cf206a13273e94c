/** @file Whether this process runs in the cluster that it asks about. */

/** A pod that was given no other cluster asks about its own, in which names of services resolve. */
export function runsInCluster({
  kubeconfig,
  context,
}: {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}): boolean {
  const { env } = process;
  return (
    kubeconfig === undefined &&
    context === undefined &&
    env["KUBECONFIG"] === undefined &&
    env["KUBERNETES_SERVICE_HOST"] !== undefined
  );
}
