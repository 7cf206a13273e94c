/** @file Which cluster is asked, and as whom: kubeconfigs or the pod's service account, and what kubectl's flags change of them. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { type Cluster, KubeConfig, type User } from "@kubernetes/client-node";
import { parse as parseYaml } from "yaml";
import { isRecord, listAt, memberAt, textAt } from "./json.ts";

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

export interface LoadedKubeConfig {
  /** Holds one cluster and one user: those to ask, and to ask as. */
  readonly config: KubeConfig;
  readonly server: URL;
  readonly hasProxy: boolean;
  /** Absolute path of a file with a bearer token that wins over all else. */
  readonly tokenFile: string | null;
  /** Request headers by which one user acts as another. */
  readonly impersonation: Readonly<Record<string, string | string[]>>;
  /** Of objects that name none. */
  readonly namespace: string | null;
}

export type KubeConfigResult =
  { readonly ok: true; readonly value: LoadedKubeConfig } | { readonly ok: false; readonly error: ConnectionError };

/**
 * What overrides what is as in client-go 0.35, clientcmd/client_config.go, but for two things. There, `--token` gives way to a
 * user's `tokenFile`, and `--as` is passed over where a pod's service account is used: here a flag that is given counts.
 */
export function loadKubeConfig(choice: ConnectionChoice): KubeConfigResult {
  const given = withoutEmpty(choice);
  const found = findKubeConfig(given);
  if (!found.ok) return found;
  const { config, paths } = found.value;

  const context = config.getContextObject(given.context ?? config.getCurrentContext());
  if (given.context !== undefined && context === null) return unknownName("context", given.context, config.getContexts());
  const clusterName = given.cluster ?? context?.cluster;
  const cluster = clusterName === undefined ? null : config.getCluster(clusterName);
  if (given.cluster !== undefined && cluster === null) return unknownName("cluster", given.cluster, config.getClusters());
  const userName = given.user ?? context?.user;
  const user = userName === undefined ? null : config.getUser(userName);
  if (given.user !== undefined && user === null) return unknownName("user", given.user, config.getUsers());

  const asked = overrideCluster(cluster, given);
  if (!asked.ok) return asked;
  const entry = readUserEntry(user?.name ?? null, paths);
  const acting = overrideUser(user, entry, given);
  if (!acting.ok) return acting;
  config.loadFromClusterAndUser(asked.value.cluster, acting.value.user);
  return {
    ok: true,
    value: {
      config,
      server: asked.value.server,
      hasProxy: asked.value.cluster.proxyUrl !== undefined,
      tokenFile: given.token === undefined ? entry.tokenFile : null,
      impersonation: acting.value.impersonation,
      namespace: context?.namespace ?? null,
    },
  };
}

interface Found {
  readonly config: KubeConfig;
  /** Of the kubeconfigs that it was read from. */
  readonly paths: readonly string[];
}

type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ConnectionError };

function findKubeConfig({ kubeconfig, server }: ConnectionChoice): Result<Found> {
  const named = kubeconfig === undefined ? namedByEnvironment() : [kubeconfig];
  // kubectl passes over those of $KUBECONFIG that are not there. Where none is, somebody has mistyped.
  const present = named.filter((path) => existsSync(path));
  const paths = present.length > 0 ? present : named;
  const configs: KubeConfig[] = [];
  for (const path of paths) {
    const config = new KubeConfig();
    try {
      config.loadFromFile(path);
    } catch (error) {
      return fail("kubeconfig-unreadable", `${path}: ${messageOf(error)}`);
    }
    configs.push(config);
  }
  if (configs.length > 0) return { ok: true, value: { config: merge(configs), paths } };

  const config = new KubeConfig();
  const home = join(homedir(), ".kube", "config");
  try {
    config.loadFromDefault();
  } catch (error) {
    return fail("kubeconfig-unreadable", `~/.kube/config: ${messageOf(error)}`);
  }
  // A service account's token is for the API server of its own cluster, and not sent to another.
  const isOwnCluster = config.getCurrentUser()?.name === IN_CLUSTER_USER;
  if (isNothingFound(config) || (isOwnCluster && server !== undefined)) return { ok: true, value: { config: merge([]), paths: [] } };
  return { ok: true, value: { config, paths: isOwnCluster ? [] : [home] } };
}

function namedByEnvironment(): readonly string[] {
  return (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
}

/**
 * The first that names something wins, the current context included. client-node 2.0.1 lets the last current context win,
 * which is another cluster than kubectl's. Source: client-go, clientcmd/loader.go, ClientConfigLoadingRules.Load.
 */
function merge(configs: readonly KubeConfig[]): KubeConfig {
  const merged = new KubeConfig();
  merged.loadFromOptions({
    clusters: configs.flatMap((config) => config.getClusters()),
    users: configs.flatMap((config) => config.getUsers()),
    contexts: configs.flatMap((config) => config.getContexts()),
    currentContext: configs.map((config) => config.getCurrentContext()).find((name) => typeof name === "string" && name !== ""),
  });
  return merged;
}

/** client-node's name for the pod's own. Source: client-node 2.0.1, config.js, loadFromCluster. */
const IN_CLUSTER_USER = "inClusterUser";

/** What `loadFromDefault` makes up when it finds nothing. Source: client-node 2.0.1, config.js, end of loadFromDefault. */
function isNothingFound(config: KubeConfig): boolean {
  return config.getCurrentCluster()?.server === "http://localhost:8080" && config.getCurrentContext() === "loaded-context";
}

function overrideCluster(
  cluster: Cluster | null,
  choice: ConnectionChoice,
): Result<{ readonly cluster: Cluster; readonly server: URL }> {
  const { server: address, certificateAuthority, insecureSkipTlsVerify = false, tlsServerName } = choice;
  if (insecureSkipTlsVerify && certificateAuthority !== undefined) {
    return fail(
      "flags-conflict",
      "--insecure-skip-tls-verify trusts any server, --certificate-authority one alone: give one of them",
    );
  }
  if (cluster === null && address === undefined) {
    return fail(
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
function parseServer(address: string | undefined, cluster: Cluster | null): Result<URL> {
  const text = address ?? cluster?.server ?? "";
  const server = address !== undefined && !/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? `http://${address}` : text;
  if (URL.canParse(server) && /^https?:\/\/[^/]/i.test(server)) return { ok: true, value: new URL(server) };
  return address === undefined
    ? fail("kubeconfig-unreadable", `"${text}" is not the URL of an API server`)
    : fail("server-invalid", `--server ${text}: give the URL of an API server, for example https://example.com:6443`);
}

function overrideUser(
  user: User | null,
  entry: UserEntry,
  choice: ConnectionChoice,
): Result<{ readonly user: User; readonly impersonation: Readonly<Record<string, string | string[]>> }> {
  const as = choice.as ?? entry.as;
  const groups = choice.asGroup !== undefined && choice.asGroup.length > 0 ? choice.asGroup : entry.groups;
  const uid = choice.asUid ?? entry.uid;
  if (as === null && (groups.length > 0 || uid !== null)) {
    return fail("flags-incomplete", "--as-group and --as-uid say more of whom --as names: give --as too");
  }
  const certificate = readable("--client-certificate", choice.clientCertificate);
  if (!certificate.ok) return certificate;
  const key = readable("--client-key", choice.clientKey);
  if (!key.ok) return key;

  // Null where the kubeconfig has none, whatever the types say.
  const base: Partial<User> = user ?? {};
  const tokenOrLogin: Partial<User> =
    choice.token === undefined
      ? onlyPresent({
          token: base.token,
          username: base.username,
          password: base.password,
          exec: base.exec as unknown,
          authProvider: base.authProvider as unknown,
        })
      : { token: choice.token };
  const effective: User = {
    name: user?.name ?? "of the flags",
    ...tokenOrLogin,
    ...(certificate.value === null
      ? onlyPresent({ certData: base.certData, certFile: base.certFile })
      : { certFile: certificate.value }),
    ...(key.value === null ? onlyPresent({ keyData: base.keyData, keyFile: base.keyFile }) : { keyFile: key.value }),
  };
  const hasCertificate = effective.certFile !== undefined || effective.certData !== undefined;
  const hasKey = effective.keyFile !== undefined || effective.keyData !== undefined;
  const isOfFlags = certificate.value !== null || key.value !== null;
  if (isOfFlags && hasCertificate !== hasKey) {
    return fail("flags-incomplete", "--client-certificate and --client-key go together");
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

/** Members of a kubeconfig's user that client-node 2.0.1 passes over without a word (config_types.js, userIterator). */
interface UserEntry {
  /** Without it the API server would take us for `system:anonymous`. Source: client-go, clientcmd/api/types.go, AuthInfo. */
  readonly tokenFile: string | null;
  readonly as: string | null;
  readonly groups: readonly string[];
  readonly uid: string | null;
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** The first kubeconfig that has a user of that name counts; paths in it are relative to it. */
function readUserEntry(name: string | null, paths: readonly string[]): UserEntry {
  for (const path of name === null ? [] : paths) {
    const entry = listAt(parseYaml(readFileSync(path, "utf8")), "users").find((candidate) => textAt(candidate, "name") === name);
    if (entry === undefined) continue;
    const tokenFile = textAt(entry, "user", "tokenFile");
    const extra = memberAt(entry, "user", "as-user-extra");
    return {
      tokenFile: tokenFile === null ? null : resolve(dirname(path), tokenFile),
      as: textAt(entry, "user", "as"),
      groups: texts(memberAt(entry, "user", "as-groups")),
      uid: textAt(entry, "user", "as-uid"),
      extra: Object.fromEntries(Object.entries(isRecord(extra) ? extra : {}).map(([key, values]) => [key, texts(values)])),
    };
  }
  return { tokenFile: null, as: null, groups: [], uid: null, extra: {} };
}

function texts(input: unknown): readonly string[] {
  return Array.isArray(input) ? input.filter((value) => typeof value === "string") : [];
}

/** Here rather than at the first request, so that it is told as what it is. */
function readable(flag: string, path: string | undefined): Result<string | null> {
  if (path === undefined) return { ok: true, value: null };
  const absolute = resolve(path);
  try {
    accessSync(absolute, constants.R_OK);
    return { ok: true, value: absolute };
  } catch (error) {
    return fail("file-unreadable", `${flag}: ${messageOf(error)}`);
  }
}

function withoutEmpty(choice: ConnectionChoice): ConnectionChoice {
  return Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== "" && value !== undefined));
}

/** Members without a value are left out: client-node reads null and undefined in different ways. */
function onlyPresent<T extends object>(members: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null)) as {
    [Key in keyof T]?: NonNullable<T[Key]>;
  };
}

function unknownName(
  kind: "context" | "cluster" | "user",
  name: string,
  known: readonly { readonly name: string }[],
): Result<never> {
  const names = known.map((each) => each.name).join(", ");
  return fail(`${kind}-unknown`, `no ${kind} "${name}" in the kubeconfig; it has ${names === "" ? "none" : names}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(code: ConnectionError["code"], message: string): { readonly ok: false; readonly error: ConnectionError } {
  return { ok: false, error: { code, message } };
}
