import { describe, expect, it } from "vitest";
import type { TrustedCertificate } from "../../../src/certificates/authority.ts";
import { readAuthority } from "../../../src/certificates/authority-secret.ts";
import { createFileTrust } from "../../../src/certificates/file-trust.ts";
import { issueAuthority } from "../../../src/certificates/issue.ts";

const HOUR = 3_600_000;
const START = Date.now();

async function made(name: string, hours = 1_000): Promise<TrustedCertificate> {
  const { cert, key } = await issueAuthority(name, { days: hours / 24, now: new Date(START) });
  const authority = readAuthority(cert, key);
  if (authority === null) throw new Error("not an authority");
  return authority;
}

const [A, B, SHORT] = await Promise.all([made("a"), made("b"), made("short", 2)]);

function open(file: readonly TrustedCertificate[], published: string | null = "") {
  const world = { file, published, now: START, isLeader: true, heard: 0 };
  const trust = createFileTrust({ current: () => world.file, isLeader: () => world.isLeader, now: () => world.now });
  trust.onChange(() => (world.heard += 1));
  trust.follow({ isPublished: () => false, published: () => world.published });
  const put = (...next: readonly TrustedCertificate[]): void => {
    world.file = next;
    trust.changed();
  };
  return { world, trust, put };
}

function pem(...certificates: readonly TrustedCertificate[]): string {
  return certificates.map(({ cert }) => cert).join("");
}

describe("what is to be trusted of a file", () => {
  it("is what it holds", () => {
    expect(open([A]).trust.bundle()).toBe(pem(A));
  });

  it("is the new authority and, for a day, the one before", () => {
    const { world, trust, put } = open([A]);
    put(B);
    world.now += 23.9 * HOUR;
    const within = trust.bundle();
    world.now += 0.2 * HOUR;

    expect([within, trust.bundle(), world.heard]).toEqual([pem(B, A), pem(B), 2]);
  });

  it("does not hold one that has expired meanwhile", () => {
    const { world, trust, put } = open([SHORT]);
    put(A);
    const before = trust.bundle();
    world.now += 3 * HOUR;

    expect([before, trust.bundle()]).toEqual([pem(A, SHORT), pem(A)]);
  });

  it("holds one that came back once, for as long as it is there", () => {
    const { world, trust, put } = open([A]);
    put(B);
    put(A);
    world.now += 30 * HOUR;

    expect(trust.bundle()).toBe(pem(A));
  });

  it("is, for a leader that has just begun, what was published before as well", () => {
    const { world, trust } = open([B], pem(A));
    const first = trust.bundle();
    world.now += 25 * HOUR;

    expect([first, trust.bundle()]).toEqual([pem(B, A), pem(B)]);
  });

  it("is told only once a leader knows what was published", () => {
    const { world, trust } = open([B], null);
    const before = trust.bundle();
    world.published = pem(A);

    expect([before, trust.bundle()]).toEqual([null, pem(B, A)]);
  });

  it("takes over what another leader published meanwhile", () => {
    const { world, trust } = open([A]);
    trust.bundle();
    world.published = pem(B, A);
    trust.begin();

    expect(trust.bundle()).toBe(pem(A, B));
  });
});
