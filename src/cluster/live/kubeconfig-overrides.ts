/** @file What kubectl's flags change of a kubeconfig's cluster and user. */
import { accessSync, constants } from "node:fs";
import { resolve } from "node:path";
import type { Cluster, User } from "@kubernetes/client-node";
import { type ConnectionChoice, type ConnectionPart, connectionError } from "./connection-choice.ts";

/** Members of a kubeconfig's user that client-node 2.0.1 passes over without a word (config_types.js, userIterator). */
export interface UserEntry {
  /** Without it the API server would take us for `system:anonymous`. Source: client-go, clientcmd/api/types.go, AuthInfo. */
  readonly tokenFile: string | null;
  readonly as: string | null;
  readonly groups: readonly string[];
  readonly uid: string | null;
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export function overrideCluster(
  cluster: Cluster | null,
  choice: ConnectionChoice,
): ConnectionPart<{ readonly cluster: Cluster; readonly server: URL }> {
  const { server: address, certificateAuthority, insecureSkipTlsVerify = false, tlsServerName } = choice;
  if (insecureSkipTlsVerify && certificateAuthority !== undefined) {
    return connectionError(
      "flags-conflict",
      "--insecure-skip-tls-verify trusts any server, --certificate-authority one alone: give one of them",
    );
  }
  if (cluster === null && address === undefined) {
    return connectionError(
      "no-cluster",
      "no cluster to ask: neither a kubeconfig with a current context nor a pod's service account was found",
    );
  }
  const server = parseServer(address, cluster);
  if (!server.ok) return server;
  const authority = readable("--certificate-authority", certificateAuthority);
  if (!authority.ok) return authority;

  const { caData, caFile, proxyUrl } = cluster ?? {};
  const hasOwnTrust = insecureSkipTlsVerify || authority.value !== null;
  // Another server has another name: the kubeconfig's does not go with --server.
  const serverName = tlsServerName ?? (address === undefined ? cluster?.tlsServerName : undefined);
  return {
    ok: true,
    value: {
      server: server.value,
      cluster: {
        name: cluster?.name ?? "of the flags",
        server: server.value.href.replace(/\/$/, ""),
        skipTLSVerify: hasOwnTrust ? insecureSkipTlsVerify : (cluster?.skipTLSVerify ?? false),
        ...(!hasOwnTrust && caData !== undefined ? { caData } : {}),
        ...(!hasOwnTrust && caFile !== undefined ? { caFile } : {}),
        ...(authority.value === null ? {} : { caFile: authority.value }),
        ...(serverName === undefined ? {} : { tlsServerName: serverName }),
        ...(proxyUrl === undefined ? {} : { proxyUrl }),
      },
    },
  };
}

/** Without a scheme, it is http. Source: client-go, rest/url_utils.go, DefaultServerURL. */
function parseServer(address: string | undefined, cluster: Cluster | null): ConnectionPart<URL> {
  const text = address ?? cluster?.server ?? "";
  const server = address !== undefined && !/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? `http://${address}` : text;
  if (URL.canParse(server) && /^https?:\/\/[^/]/i.test(server)) return { ok: true, value: new URL(server) };
  return address === undefined
    ? connectionError("kubeconfig-unreadable", `"${text}" is not the URL of an API server`)
    : connectionError("server-invalid", `--server ${text}: give the URL of an API server, for example https://example.com:6443`);
}

export function overrideUser(
  user: User | null,
  entry: UserEntry,
  choice: ConnectionChoice,
): ConnectionPart<{ readonly user: User; readonly impersonation: Readonly<Record<string, string | string[]>> }> {
  const as = choice.as ?? entry.as;
  const groups = choice.asGroup !== undefined && choice.asGroup.length > 0 ? choice.asGroup : entry.groups;
  const uid = choice.asUid ?? entry.uid;
  if (as === null && (groups.length > 0 || uid !== null)) {
    return connectionError("flags-incomplete", "--as-group and --as-uid say more of whom --as names: give --as too");
  }
  const certificate = readable("--client-certificate", choice.clientCertificate);
  if (!certificate.ok) return certificate;
  const key = readable("--client-key", choice.clientKey);
  if (!key.ok) return key;

  const { impersonateUser: _as, ...own } = user ?? { name: "of the flags" };
  const { token: _token, username: _username, password: _password, exec: _exec, authProvider: _provider, ...bare } = own;
  let effective: User = choice.token === undefined ? own : { ...bare, token: choice.token };
  if (certificate.value !== null) {
    const { certData: _data, ...rest } = effective;
    effective = { ...rest, certFile: certificate.value };
  }
  if (key.value !== null) {
    const { keyData: _data, ...rest } = effective;
    effective = { ...rest, keyFile: key.value };
  }
  // What the kubeconfig lacks may be null, whatever the types say.
  const hasCertificate = (effective.certFile ?? effective.certData ?? null) !== null;
  const hasKey = (effective.keyFile ?? effective.keyData ?? null) !== null;
  if ((certificate.value !== null || key.value !== null) && hasCertificate !== hasKey) {
    return connectionError("flags-incomplete", "--client-certificate and --client-key go together");
  }
  return { ok: true, value: { user: effective, impersonation: impersonationOf(as, groups, uid, entry.extra) } };
}

/** Source: client-go, transport/round_trippers.go, impersonatingRoundTripper. Values as UTF-8, as Go writes them. */
function impersonationOf(
  as: string | null,
  groups: readonly string[],
  uid: string | null,
  extra: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, string | string[]>> {
  if (as === null) return {};
  const inBytes = (value: string): string => Buffer.from(value, "utf8").toString("latin1");
  return {
    "Impersonate-User": inBytes(as),
    ...(uid === null ? {} : { "Impersonate-Uid": inBytes(uid) }),
    ...(groups.length === 0 ? {} : { "Impersonate-Group": groups.map(inBytes) }),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, values.map(inBytes)]),
    ),
  };
}

/** Here rather than at the first request, so that it is told as what it is. */
function readable(flag: string, path: string | undefined): ConnectionPart<string | null> {
  if (path === undefined) return { ok: true, value: null };
  const absolute = resolve(path);
  try {
    accessSync(absolute, constants.R_OK);
    return { ok: true, value: absolute };
  } catch (error) {
    return connectionError("file-unreadable", `${flag}: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
