/** @file What a person says of the cluster to ask, and what can be wrong with it. */

/** kubectl's global flags. Empty text counts as not given, as with kubectl; relative paths are those of the working folder. */
export interface ConnectionChoice {
  /** Path; else the files of `$KUBECONFIG`, `~/.kube/config`, or the pod's service account, whichever is there first. */
  readonly kubeconfig?: string | undefined;
  /** Else the kubeconfig's current context. */
  readonly context?: string | undefined;
  /** Names of entries of the kubeconfig, in place of those of the context. */
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  /** URL, or `host:port`, which means plain HTTP. */
  readonly server?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly token?: string | undefined;
  readonly as?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
  /** Seconds for a single request; 0: as long as it takes; else 60. */
  readonly requestTimeout?: number | undefined;
}

export interface ConnectionError {
  readonly code:
    | "kubeconfig-unreadable"
    | "context-unknown"
    | "cluster-unknown"
    | "user-unknown"
    | "no-cluster"
    | "server-invalid"
    | "file-unreadable"
    | "flags-conflict"
    | "flags-incomplete";
  readonly message: string;
}

export type ConnectionPart<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ConnectionError };

export function connectionError(
  code: ConnectionError["code"],
  message: string,
): { readonly ok: false; readonly error: ConnectionError } {
  return { ok: false, error: { code, message } };
}
