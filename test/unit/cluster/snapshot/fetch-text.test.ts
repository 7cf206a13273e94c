import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { fetchText, isPrivate } from "../../../../src/cluster/snapshot/fetch-text.ts";

async function serveOn(host: string, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://${host}:${String((server.address() as AddressInfo).port)}/`;
}

describe("fetchText", () => {
  it("looks at the address of each redirect, not of the first alone", async () => {
    const inner = await serveOn("127.0.0.2", (_request, response) => response.end("secret"));
    const outer = await serveOn("127.0.0.1", (_request, response) => response.writeHead(302, { location: inner }).end());

    expect(await fetchText(outer, (address) => address === "127.0.0.2")).toEqual({
      ok: false,
      error: {
        code: "url-private",
        message: `${outer}: 127.0.0.2 is in a private network; --allow-private-urls fetches from there too`,
      },
    });
    expect(await fetchText(outer, () => false)).toEqual({ ok: true, value: "secret" });
  });

  it("reads no more than any release has", async () => {
    const url = await serveOn("127.0.0.1", (_request, response) => {
      const chunk = Buffer.alloc(1024 * 1024);
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once("drain", write);
      };
      write();
    });

    expect(await fetchText(url, () => false)).toEqual({
      ok: false,
      error: { code: "url-unreadable", message: `${url}: more than 64 MiB` },
    });
  });
});

describe("isPrivate", () => {
  it.each([
    { address: "10.1.2.3", expected: true },
    { address: "100.64.0.1", expected: true },
    { address: "127.0.0.1", expected: true },
    { address: "169.254.169.254", expected: true },
    { address: "172.31.255.255", expected: true },
    { address: "172.32.0.0", expected: false },
    { address: "192.168.0.1", expected: true },
    { address: "0.0.0.0", expected: true },
    { address: "255.255.255.255", expected: true },
    { address: "140.82.121.4", expected: false },
    { address: "::1", expected: true },
    { address: "::", expected: true },
    { address: "::ffff:10.0.0.1", expected: true },
    { address: "64:ff9b::a00:1", expected: true },
    { address: "fd00::1", expected: true },
    { address: "fe80::1", expected: true },
    { address: "2606:50c0:8000::154", expected: false },
  ])("says $expected of $address", ({ address, expected }) => {
    expect(isPrivate(address)).toBe(expected);
  });
});
