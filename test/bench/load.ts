/** @file Sends one request again and again over keep-alive TLS connections, costing the machine as little as it can. */
import { connect, type TLSSocket } from "node:tls";

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
}

/** Request bytes are made once, and answers are not parsed beyond their length: the servers are measured, not the client. */
export async function load(port: number, path: string, body: Buffer, concurrency: number, requests: number): Promise<LoadResult> {
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n`;
  const message = Buffer.concat([Buffer.from(head), body]);
  const sockets = await Promise.all(Array.from({ length: concurrency }, () => open(port)));
  const times: number[] = [];
  let left = requests;
  const startedAt = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      while (left > 0) {
        left -= 1;
        const sentAt = performance.now();
        await exchange(socket, message);
        times.push(performance.now() - sentAt);
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  for (const socket of sockets) socket.destroy();
  times.sort((a, b) => a - b);
  return {
    requestsPerSecond: requests / seconds,
    p50Milliseconds: quantile(times, 0.5),
    p99Milliseconds: quantile(times, 0.99),
  };
}

/** @param sorted ascending. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((left, right) => left - right),
    0.5,
  );
}

function open(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

function exchange(socket: TLSSocket, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = "";
    const onData = (chunk: Buffer): void => {
      received += chunk.toString("latin1");
      const end = received.indexOf("\r\n\r\n");
      if (end === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(received.slice(0, end))?.[1]);
      if (received.length < end + 4 + length) return;
      socket.off("data", onData);
      if (received.startsWith("HTTP/1.1 200 ") && received.includes('"allowed":true')) resolve();
      else reject(new Error(`unexpected answer: ${received.slice(0, 400)}`));
    };
    socket.on("data", onData);
    socket.write(message);
  });
}
