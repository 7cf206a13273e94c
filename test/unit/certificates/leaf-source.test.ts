import { X509Certificate } from "node:crypto";
import { createServer, connect } from "node:tls";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Authority } from "../../../src/certificates/authority.ts";
import { readAuthority } from "../../../src/certificates/authority-secret.ts";
import { parseHosts } from "../../../src/certificates/hosts.ts";
import { issueAuthority } from "../../../src/certificates/issue.ts";
import { type Leaf, startLeafSource } from "../../../src/certificates/leaf-source.ts";
import { alternativeNames } from "../../../src/certificates/serving-pair.ts";

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);

async function authority(name: string, hours = 1_000, at = START): Promise<Authority> {
  const { cert, key } = await issueAuthority(name, { days: hours / 24, now: new Date(at) });
  const read = readAuthority(cert, key);
  if (read === null) throw new Error("not an authority");
  return read;
}

interface World {
  signer: Authority | null;
  now: Date | null;
  mayAnnounce: boolean;
  mayConfirm: boolean;
  readonly leafs: Leaf[];
  /** What was announced and confirmed, and when a certificate was made. */
  readonly told: string[];
}

function start(hours = 30): World & { readonly current: () => Leaf | null } {
  const hosts = parseHosts(["crdguard.crdguard.svc"]);
  if (!hosts.ok) throw new Error(hosts.error.message);
  const world: World = { signer: null, now: new Date(START), mayAnnounce: true, mayConfirm: true, leafs: [], told: [] };
  const source = startLeafSource({
    hosts: hosts.value,
    hours,
    intervalMs: 5,
    authority: {
      signer: () => world.signer,
      async confirm(fingerprint) {
        await Promise.resolve();
        world.told.push(`confirm ${fingerprint.slice(0, 4)}`);
        return world.mayConfirm;
      },
      onChange: () => () => undefined,
    },
    async announce(servesBy) {
      await Promise.resolve();
      world.told.push(`announce ${servesBy.map((each) => each.slice(0, 4)).join()}`);
      return world.mayAnnounce;
    },
    now: () => world.now,
    onLeaf(leaf) {
      world.leafs.push(leaf);
      world.told.push(`serve by ${leaf.signedBy.slice(0, 4)}`);
    },
    onProblem(error) {
      throw error;
    },
  });
  onTestFinished(() => {
    source.stop();
  });
  return Object.assign(world, { current: () => source.current() });
}

/** Long enough for many looks. */
async function looks(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 60));
}

describe("a replica's own certificate", () => {
  it("is accepted for exactly the host that is called, beside another authority of the same bundle", async () => {
    const [other, signer] = [await authority("other", 1_000, Date.now()), await authority("own", 1_000, Date.now())];
    const world = start();
    world.now = new Date();
    world.signer = signer;
    await vi.waitFor(() => expect(world.leafs).toHaveLength(1));
    const leaf = world.current();
    if (leaf === null) throw new Error("no certificate");

    expect(alternativeNames(new X509Certificate(leaf.cert))).toEqual(["crdguard.crdguard.svc"]);
    const server = createServer({ cert: leaf.cert, key: leaf.key }).listen(0, "127.0.0.1");
    onTestFinished(() => {
      server.close();
    });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: "127.0.0.1", port, servername: "crdguard.crdguard.svc", ca: other.cert + signer.cert });
    await once(socket, "secureConnect");
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it("is not there without an authority, nor before the time is known", async () => {
    const world = start();
    await looks();
    world.now = null;
    world.signer = await authority("a");
    await looks();

    expect([world.current(), world.told]).toEqual([null, []]);
  });

  it("is served only after it was announced, and then confirmed", async () => {
    const world = start();
    const a = await authority("a");
    world.signer = a;
    await vi.waitFor(() => expect(world.told).toHaveLength(4));
    const [first, second] = [a.fingerprint.slice(0, 4), (world.signer = await authority("b")).fingerprint.slice(0, 4)];
    await vi.waitFor(() => expect(world.told).toHaveLength(8));
    await looks();

    expect(world.told).toEqual([
      `announce ${first}`,
      `confirm ${first}`,
      `serve by ${first}`,
      `announce ${first}`,
      `announce ${first},${second}`,
      `confirm ${second}`,
      `serve by ${second}`,
      `announce ${second}`,
    ]);
  });

  it.each(["mayAnnounce", "mayConfirm"] as const)("stays as it is until %s", async (permission) => {
    const world = start();
    const a = (world.signer = await authority("a"));
    await vi.waitFor(() => expect(world.leafs).toHaveLength(1));
    world[permission] = false;
    const b = (world.signer = await authority("b"));
    await looks();
    const before = world.current()?.signedBy;
    world[permission] = true;
    await vi.waitFor(() => expect(world.current()?.signedBy).toBe(b.fingerprint));

    expect(before).toBe(a.fingerprint);
  });

  it.each([
    { title: "stays for two thirds of its time", hours: 19.9, made: 1 },
    { title: "is made anew at two thirds of its time", hours: 20.1, made: 2 },
    { title: "is made anew once it has expired", hours: 31, made: 2 },
    { title: "is made anew where the clock went back past its beginning", hours: -1, made: 2 },
  ])("$title", async ({ hours, made }) => {
    const world = start(30);
    world.signer = await authority("a", 1_000, START - 2 * HOUR);
    await vi.waitFor(() => expect(world.leafs).toHaveLength(1));
    world.now = new Date(START + hours * HOUR);
    await looks();

    expect(world.leafs).toHaveLength(made);
  });

  it("never outlives its authority, and is not made again and again for that", async () => {
    const world = start(30);
    const signer = (world.signer = await authority("a", 10));
    await vi.waitFor(() => expect(world.leafs).toHaveLength(1));
    world.now = new Date(START + 9 * HOUR);
    await looks();

    expect(world.leafs.map(({ notAfter }) => notAfter)).toEqual([signer.notAfter]);
  });

  it("stays while the authority cannot be signed by", async () => {
    const world = start(30);
    const a = (world.signer = await authority("a"));
    await vi.waitFor(() => expect(world.leafs).toHaveLength(1));
    world.signer = await authority("later", 10, START + 100 * HOUR);
    await looks();

    expect(world.leafs.map(({ signedBy }) => signedBy)).toEqual([a.fingerprint]);
  });
});
