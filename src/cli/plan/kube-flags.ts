/** @file The flags that choose the cluster, for commands that a plan names and for those that it runs. */
import type { ClusterFlags } from "../cluster-flags.ts";

/** As kubectl takes them, and crdguard after its command. @param withSecrets false for what is printed: a token is not told again. */
export function kubeFlags(flags: ClusterFlags, withSecrets: boolean): readonly string[] {
  const flag = (name: string, value: string | undefined): readonly string[] =>
    value === undefined || value === "" ? [] : [`${name}=${value}`];
  return [
    ...flag("--kubeconfig", flags.kubeconfig),
    ...flag("--context", flags.context),
    ...flag("--cluster", flags.cluster),
    ...flag("--user", flags.user),
    ...flag("--server", flags.server),
    ...flag("--tls-server-name", flags.tlsServerName),
    ...flag("--certificate-authority", flags.certificateAuthority),
    ...(flags.insecureSkipTlsVerify === true ? ["--insecure-skip-tls-verify"] : []),
    ...flag("--client-certificate", flags.clientCertificate),
    ...flag("--client-key", flags.clientKey),
    ...(withSecrets ? flag("--token", flags.token) : []),
    ...flag("--as", flags.as),
    ...(flags.asGroup ?? []).flatMap((group) => flag("--as-group", group)),
    ...flag("--as-uid", flags.asUid),
  ];
}
