/** @file Stands in for a Service: takes connections at one port and hands each to a replica that is ready, as kube-proxy does. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface Backend {
  /** Of its HTTPS port on 127.0.0.1. */
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly healthUrl: string;
}

export interface ServiceStandIn {
  readonly port: number;
  add(backend: Backend): void;
  /** Whether new connections are handed to it: its last probe found it ready. */
  isServing(backend: Backend): boolean;
  /** New connections go elsewhere; open ones stay, as they do behind a real Service. */
  remove(backend: Backend): void;
  close(): Promise<void>;
}

/** The kubelet's pace in manifests/server: a readiness probe every two seconds, one failure is enough. Ten times as fast here. */
const PROBE_MILLISECONDS = 200;

/**
 * With no ready replica a connection is refused at once, as kube-proxy does it. A replica that does not take a connection is
 * passed over for the next one, which kube-proxy does not do: it stands for the moment that a real node takes to notice.
 */
export async function startServiceStandIn(): Promise<ServiceStandIn> {
  const backends = new Map<Backend, { isReady: boolean }>();
  const open = new Set<Socket>();
  let turn = 0;
  let isClosed = false;

  const server: Server = createServer((client) => {
    open.add(client);
    client.on("error", () => client.destroy());
    client.once("close", () => open.delete(client));
    const ready = [...backends].filter(([, { isReady }]) => isReady).map(([backend]) => backend);
    turn += 1;
    forward(client, [...ready.slice(turn % Math.max(ready.length, 1)), ...ready.slice(0, turn % Math.max(ready.length, 1))]);
  });

  function forward(client: Socket, [first, ...others]: readonly Backend[]): void {
    if (first === undefined) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(first.port, "127.0.0.1");
    let isConnected = false;
    upstream.once("connect", () => {
      isConnected = true;
      client.pipe(upstream).pipe(client);
      client.once("close", () => upstream.destroy());
      upstream.once("close", () => client.destroy());
    });
    upstream.on("error", () => {
      if (isConnected) client.resetAndDestroy();
      else forward(client, others);
    });
  }

  /** Each by itself: one that is slow to answer must not delay what is known of the others. */
  async function probe(backend: Backend, state: { isReady: boolean }): Promise<void> {
    while (!isClosed && backends.get(backend) === state) {
      state.isReady = await isAnsweringReady(backend.healthUrl);
      await sleep(PROBE_MILLISECONDS);
    }
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    add(backend) {
      const state = { isReady: false };
      backends.set(backend, state);
      void probe(backend, state);
    },
    isServing: (backend) => backends.get(backend)?.isReady === true,
    remove(backend) {
      backends.delete(backend);
    },
    async close() {
      isClosed = true;
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function isAnsweringReady(healthUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${healthUrl}/readyz`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}
