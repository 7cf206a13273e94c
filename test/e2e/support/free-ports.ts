/** @file Finds free TCP ports on 127.0.0.1. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below every platform's ephemeral range (Linux hands out 32768–60999 as source ports, macOS from 49152): an outgoing
 * connection can therefore never sit on a port while its server is down between a kill and a restart.
 */
const portRange = { first: 20_000, afterLast: 32_000 } as const;

/**
 * Returns `count` different ports on which nothing listens at this moment. Another process may take one before you do:
 * be ready to ask again.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(portRange.first, portRange.afterLast);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
