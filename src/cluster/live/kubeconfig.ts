/** @file Which cluster is asked, and as whom: kubeconfigs or the pod's service account, and what kubectl's flags change of them. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { parse as parseYaml } from "yaml";
import { type ConnectionChoice, type ConnectionPart, connectionError } from "./connection-choice.ts";
import { isRecord, listAt, memberAt, textAt } from "./json.ts";
import { overrideCluster, overrideUser, type UserEntry } from "./kubeconfig-overrides.ts";

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

/**
 * What overrides what is as in client-go 0.35, clientcmd/client_config.go, but for two things. There, `--token` gives way to a
 * user's `tokenFile`, and `--as` is passed over where a pod's service account is used: here a flag that is given counts.
 */
export function loadKubeConfig(choice: ConnectionChoice): ConnectionPart<LoadedKubeConfig> {
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

function findKubeConfig({ kubeconfig, server }: ConnectionChoice): ConnectionPart<Found> {
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
      return connectionError("kubeconfig-unreadable", `${path}: ${messageOf(error)}`);
    }
    configs.push(config);
  }
  if (configs.length > 0) return { ok: true, value: { config: merge(configs), paths } };

  const config = new KubeConfig();
  const home = join(homedir(), ".kube", "config");
  try {
    config.loadFromDefault();
  } catch (error) {
    return connectionError("kubeconfig-unreadable", `~/.kube/config: ${messageOf(error)}`);
  }
  // A service account's token is for the API server of its own cluster, and not sent to another.
  const isOwnCluster = config.getCurrentUser()?.name === IN_CLUSTER_USER;
  if (isNothingFound(config) || (isOwnCluster && server !== undefined))
    return { ok: true, value: { config: merge([]), paths: [] } };
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

function withoutEmpty(choice: ConnectionChoice): ConnectionChoice {
  return Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== "" && value !== undefined));
}

function unknownName(
  kind: "context" | "cluster" | "user",
  name: string,
  known: readonly { readonly name: string }[],
): ConnectionPart<never> {
  const names = known.map((each) => each.name).join(", ");
  return connectionError(`${kind}-unknown`, `no ${kind} "${name}" in the kubeconfig; it has ${names === "" ? "none" : names}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
