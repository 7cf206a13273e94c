/** @file A way to the API server: its URL, and the credentials for each request. */
import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import type { ConnectionChoice, ConnectionPart } from "./connection-choice.ts";
import { type LoadedKubeConfig, loadKubeConfig } from "./kubeconfig.ts";

export interface Connection {
  /** May hold a path, as behind Rancher. */
  readonly server: URL;
  /** Of objects that name none, by the context; null where it has none. */
  readonly namespace: string | null;
  /**
   * TLS options, headers and, behind a proxy, the agent to ask with. Read anew for every request, since tokens and
   * certificates rotate. Rejects when an exec plugin or a file of the kubeconfig fails.
   */
  credentials(): Promise<RequestOptions>;
  /** Reads everything again for the next request, cached credentials of exec plugins included. */
  refresh(): void;
}

export function loadConnection(choice: ConnectionChoice): ConnectionPart<Connection> {
  const loaded = loadKubeConfig(choice);
  if (!loaded.ok) return loaded;

  let current = loaded.value;
  let pending: Promise<RequestOptions> | null = null;
  return {
    ok: true,
    value: {
      server: current.server,
      namespace: current.namespace,
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

async function readCredentials({
  config,
  server,
  hasProxy,
  tokenFile,
  impersonation,
}: LoadedKubeConfig): Promise<RequestOptions> {
  // Nothing secret over plain HTTP, as kubectl does it (client-go, clientcmd, "only try to read the auth information if we
  // are secure"); `kubectl proxy` is such a server. Whom to act as is no secret.
  if (server.protocol === "http:") return { headers: impersonation };

  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  // Its agent is kept for ever with the certificate of the first request. Ours keys connections by certificate, so that a
  // rotated one is used; only a proxy needs theirs.
  if (!hasProxy) delete options.agent;
  // Wins over `token`, as in client-go. A few kilobytes from the page cache, for every request: a rotated token is used at once.
  const authorization = tokenFile === null ? {} : { Authorization: `Bearer ${readFileSync(tokenFile, "utf8").trim()}` };
  options.headers = Object.assign({}, options.headers, authorization, impersonation);
  return options;
}
