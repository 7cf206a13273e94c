/** @file A line to the API server that tests cut: half-open, as when a machine dies, or reset. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CuttableLine {
  /** `https://127.0.0.1:<port>`, in place of the API server's own. */
  readonly url: string;
  /** Resets every open connection; new ones are taken. */
  reset(): void;
  /** Nothing passes any more, in open connections and new ones, and nobody is told; until `mend`. */
  silence(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startCuttableLine(target: string): Promise<CuttableLine> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  let isSilent = false;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client]] as const) {
      from.on("error", () => to.destroy());
      from.once("close", () => {
        pairs.delete(pair);
        to.destroy();
      });
      from.on("data", (bytes) => {
        if (!isSilent) to.write(bytes);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const reset = (): void => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  };
  return {
    url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    reset,
    silence() {
      isSilent = true;
    },
    mend() {
      isSilent = false;
      // What was swallowed meanwhile is lost, so that no connection of before can go on.
      reset();
    },
    async close() {
      reset();
      server.close();
      await once(server, "close");
    },
  };
}
