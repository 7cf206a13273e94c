/** @file Finds the API server and the credentials to ask it with, as kubectl does: kubeconfig, context, or in-cluster. */
import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { parse as parseYaml } from "yaml";
import { listAt, textAt } from "./json.ts";

export interface ConnectionChoice {
  /** Path; else `$KUBECONFIG`, `~/.kube/config`, or the pod's service account, whichever is there first. */
  readonly kubeconfig?: string | undefined;
  /** Else the kubeconfig's current context. */
  readonly context?: string | undefined;
}

export interface Connection {
  /** May hold a path, as behind Rancher. */
  readonly server: URL;
  /**
   * TLS options, headers and, behind a proxy, the agent to ask with. Read anew for every request, since tokens and
   * certificates rotate. Rejects when an exec plugin or a file of the kubeconfig fails.
   */
  credentials(): Promise<RequestOptions>;
  /** Reads everything again for the next request, cached credentials of exec plugins included. */
  refresh(): void;
}

export interface ConnectionError {
  readonly code: "kubeconfig-unreadable" | "context-unknown" | "no-cluster";
  readonly message: string;
}

export type ConnectionResult =
  { readonly ok: true; readonly value: Connection } | { readonly ok: false; readonly error: ConnectionError };

export function loadConnection(choice: ConnectionChoice): ConnectionResult {
  const loaded = loadKubeConfig(choice);
  if (!loaded.ok) return loaded;

  let current = loaded.value;
  let pending: Promise<RequestOptions> | null = null;
  return {
    ok: true,
    value: {
      server: current.server,
      credentials() {
        // Shared by those who ask while it runs: an exec plugin must not be started once for each of five reflectors.
        pending ??= readCredentials(current).finally(() => {
          pending = null;
        });
        return pending;
      },
      refresh() {
        const again = loadKubeConfig(choice);
        // Another server would be another cluster: the caller's picture of this one must not be mixed with it.
        if (again.ok && again.value.server.href === current.server.href) current = again.value;
      },
    },
  };
}

interface Loaded {
  readonly config: KubeConfig;
  readonly server: URL;
  readonly hasProxy: boolean;
  readonly tokenFile: string | null;
}

type LoadResult = { readonly ok: true; readonly value: Loaded } | { readonly ok: false; readonly error: ConnectionError };

function loadKubeConfig({ kubeconfig, context }: ConnectionChoice): LoadResult {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    return fail("kubeconfig-unreadable", `${kubeconfig ?? process.env["KUBECONFIG"] ?? "~/.kube/config"}: ${messageOf(error)}`);
  }
  if (context !== undefined) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(context)) {
      return fail("context-unknown", `no context "${context}" in the kubeconfig; it has ${known.join(", ") || "none"}`);
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null || isNothingFound(config)) {
    return fail(
      "no-cluster",
      "no cluster to ask: neither a kubeconfig with a current context nor a pod's service account was found",
    );
  }
  if (!URL.canParse(cluster.server)) return fail("kubeconfig-unreadable", `"${cluster.server}" is not the URL of an API server`);
  const server = new URL(cluster.server);
  return {
    ok: true,
    value: { config, server, hasProxy: cluster.proxyUrl !== undefined, tokenFile: findTokenFile(config, kubeconfig) },
  };
}

/**
 * `tokenFile` of the current user, which client-node 2.0.1 passes over without a word (config_types.js, userIterator): the
 * API server would take us for `system:anonymous`. Relative to its kubeconfig; the first kubeconfig that names it wins.
 * Source: client-go, clientcmd/api/types.go, AuthInfo.TokenFile.
 */
function findTokenFile(config: KubeConfig, kubeconfig: string | undefined): string | null {
  const user = config.getCurrentUser()?.name;
  // A pod's service account has its file from client-node.
  if (user === undefined || user === "inClusterUser") return null;
  for (const path of kubeconfig === undefined ? defaultKubeconfigs() : [kubeconfig]) {
    const entry = listAt(parseYaml(readFileSync(path, "utf8")), "users").find((candidate) => textAt(candidate, "name") === user);
    const tokenFile = textAt(entry, "user", "tokenFile");
    if (tokenFile !== null) return resolve(dirname(path), tokenFile);
  }
  return null;
}

function defaultKubeconfigs(): readonly string[] {
  const named = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  return named.length > 0 ? named : [join(homedir(), ".kube", "config")];
}

/** What `loadFromDefault` makes up when it finds nothing. Source: client-node 2.0.1, config.js, end of loadFromDefault. */
function isNothingFound(config: KubeConfig): boolean {
  return config.getCurrentCluster()?.server === "http://localhost:8080" && config.getCurrentContext() === "loaded-context";
}

async function readCredentials({ config, server, hasProxy, tokenFile }: Loaded): Promise<RequestOptions> {
  // Nothing secret over plain HTTP, as kubectl does it (client-go, clientcmd, "only try to read the auth information if we
  // are secure"); `kubectl proxy` is such a server.
  if (server.protocol === "http:") return {};

  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  // Its agent is kept for ever with the certificate of the first request. Ours keys connections by certificate, so that a
  // rotated one is used; only a proxy needs theirs.
  if (!hasProxy) delete options.agent;
  // Wins over `token`, as in client-go. A few kilobytes from the page cache, for every request: a rotated token is used at once.
  if (tokenFile !== null) {
    options.headers = Object.assign({}, options.headers, { Authorization: `Bearer ${readFileSync(tokenFile, "utf8").trim()}` });
  }
  return options;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(code: ConnectionError["code"], message: string): { readonly ok: false; readonly error: ConnectionError } {
  return { ok: false, error: { code, message } };
}
