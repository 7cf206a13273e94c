/** @file Objects of 1 kB on a real API server, by the thousand. */
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import type { ApiServer } from "../e2e/support/api-server.ts";
import { gearsOn } from "../e2e/support/gears.ts";

/** Defines `<plural>.own.dev`, stored in v1alpha1, and makes g0, g1, … in the namespace default. */
export async function fillWith(server: ApiServer, plural: string, count: number): Promise<void> {
  const gears = gearsOn(server);
  await gears.define({ plural, storage: "v1alpha1" });
  await inParallel(count, WRITERS, async (index) => {
    const body = {
      apiVersion: "own.dev/v1alpha1",
      kind: kindOf(plural),
      metadata: { name: `g${String(index)}` },
      spec: { size: index, text: "x".repeat(600) },
    };
    const { status } = await call(server, "POST", gears.pathOf(plural, "v1alpha1"), body);
    if (status !== 201) throw new Error(`POST ${plural}: ${String(status)}`);
  });
}

const WRITERS = 32;

/** A pool of connections, as the commands have: the tests' own request opens one each time. */
const AGENT = new Agent({ keepAlive: true });

export function call(
  target: ApiServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const payload = body === undefined ? "" : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, target.url),
      {
        method,
        agent: AGENT,
        ca: target.certificateAuthority,
        headers: {
          authorization: `Bearer ${target.token}`,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(payload),
        },
      },
      (response) => {
        text(response).then((answer) => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) });
        }, reject);
      },
    );
    outgoing.on("error", reject).end(payload);
  });
}

export async function inParallel(count: number, writers: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(writers, count) }, async () => {
      while (next < count) {
        const index = next;
        next += 1;
        await act(index);
      }
    }),
  );
}

function kindOf(plural: string): string {
  return `${plural[0]?.toUpperCase() ?? ""}${plural.slice(1, -1)}`;
}
