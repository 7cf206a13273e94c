import { beforeAll, describe, expect, it } from "vitest";
import { parseHosts } from "../../../src/certificates/hosts.ts";
import { issueAuthority, issueServingCertificate, type KeyAndCertificate } from "../../../src/certificates/issue.ts";
import { createFirstTrust, createPairGate, createTrustSight, type Trust } from "../../../src/certificates/trusted-pair.ts";

const HOLD = 60_000;

interface Party {
  readonly authority: KeyAndCertificate;
  readonly pair: KeyAndCertificate;
}

async function party(name: string): Promise<Party> {
  const now = new Date();
  const hosts = parseHosts(["crdguard.crdguard.svc"]);
  if (!hosts.ok) throw new Error(hosts.error.message);
  const authority = await issueAuthority(name, { days: 30, now });
  return { authority, pair: await issueServingCertificate(hosts.value, { days: 10, now }, authority) };
}

let old: Party;
let next: Party;

beforeAll(async () => {
  [old, next] = await Promise.all([party("old"), party("next")]);
});

/** `published`: null: it was not read. */
function sightOf(published: string | null) {
  let now = 0;
  let bundle = published;
  let isEverywhere = true;
  const sight = createTrustSight({ timing: { now: () => now } });
  sight.follow({ published: () => bundle, isPublished: () => isEverywhere });
  sight.look();
  return {
    sight,
    timing: { now: () => now },
    publish: (nextBundle: string | null, everywhere = true): void => {
      bundle = nextBundle;
      isEverywhere = everywhere;
      sight.look();
    },
    pass: (milliseconds: number): void => {
      now += milliseconds;
      sight.look();
    },
  };
}

describe("whether a certificate is trusted", () => {
  it.each<{ title: string; published: () => string | null; trust: Trust["kind"] }>([
    { title: "nobody knows before the registration was read", published: () => null, trust: "unknown" },
    { title: "by nobody yet, where there is no registration", published: () => "", trust: "unpublished" },
    {
      title: "by whoever trusts its authority, among others",
      published: () => next.authority.cert + old.authority.cert,
      trust: "trusted",
    },
    { title: "by whoever trusts itself", published: () => old.pair.cert, trust: "trusted" },
    { title: "by nobody who trusts another authority", published: () => next.authority.cert, trust: "untrusted" },
  ])("$title", ({ published, trust }) => {
    expect(sightOf(published()).sight.of(old.pair.cert).kind).toBe(trust);
  });

  it("is known through what stands beside it in the file", async () => {
    const root = await party("root");
    const between = await issueServingCertificate(
      [{ kind: "dns", value: "between" }],
      { days: 1, now: new Date() },
      root.authority,
    );
    const { sight } = sightOf(root.authority.cert);

    expect(sight.of(between.cert + old.authority.cert).kind).toBe("trusted");
    expect(sight.of(old.pair.cert + old.authority.cert).kind).toBe("untrusted");
  });

  it("counts from when it was first seen, and from ever where it was so at first", () => {
    const seen = sightOf(old.authority.cert);
    seen.pass(1_000);
    seen.publish(old.authority.cert + next.authority.cert);
    seen.pass(5_000);

    expect(seen.sight.of(old.pair.cert)).toEqual({ kind: "trusted", milliseconds: Infinity, isEverywhere: true });
    expect(seen.sight.of(next.pair.cert)).toEqual({ kind: "trusted", milliseconds: 5_000, isEverywhere: true });
  });
});

describe("a new pair from files", () => {
  function gateOver(published: string | null, now = () => Date.now()) {
    const seen = sightOf(published);
    let served = old.pair.cert;
    let waits = 0;
    const gate = createPairGate({
      sight: seen.sight,
      served: () => served,
      holdMilliseconds: HOLD,
      now,
      onWaiting: () => (waits += 1),
    });
    gate.offer(next.pair.cert, () => (served = next.pair.cert));
    return {
      ...seen,
      gate,
      isServed: () => {
        gate.look();
        return served === next.pair.cert;
      },
      waits: () => waits,
    };
  }

  it("is served once its authority has been trusted everywhere for the hold time, and tells once that it waits", () => {
    const { publish, pass, isServed, waits } = gateOver(old.authority.cert);
    expect(isServed()).toBe(false);
    publish(old.authority.cert + next.authority.cert, false);
    pass(HOLD);
    expect(isServed()).toBe(false);
    publish(old.authority.cert + next.authority.cert);
    expect(isServed()).toBe(true);
    expect(waits()).toBe(1);
  });

  it("waits for the whole hold time", () => {
    const { publish, pass, isServed } = gateOver(old.authority.cert);
    publish(old.authority.cert + next.authority.cert);
    pass(HOLD - 1);
    expect(isServed()).toBe(false);
    pass(1);
    expect(isServed()).toBe(true);
  });

  it.each([
    { title: "its authority has been trusted for long", published: () => old.authority.cert + next.authority.cert, served: true },
    { title: "nothing is registered yet", published: () => "", served: true },
    { title: "the old one is trusted no more", published: () => next.authority.cert, served: true },
    { title: "neither is trusted", published: () => LONG_GONE.cert, served: true },
    { title: "nothing was read", published: () => null, served: false },
    { title: "only the old one is trusted", published: () => old.authority.cert, served: false },
  ])("at once where $title: $served", ({ published, served }) => {
    expect(gateOver(published()).isServed()).toBe(served);
  });

  it("is served untrusted where the old one has expired", () => {
    const inTwoWeeks = () => Date.now() + 14 * 86_400_000;

    expect(gateOver(old.authority.cert, inTwoWeeks).isServed()).toBe(true);
  });
});

let LONG_GONE: KeyAndCertificate;
beforeAll(async () => {
  LONG_GONE = (await party("third")).authority;
});

describe("a server that has just started", () => {
  it("is not trusted before its authority has been seen for ten seconds, and from then on is for good", () => {
    const { sight, timing, publish, pass } = sightOf(old.authority.cert);
    const first = createFirstTrust({ sight, holdMilliseconds: HOLD, timing });
    expect(first.isGiven(next.pair.cert)).toBe(false);
    publish(old.authority.cert + next.authority.cert);
    pass(9_999);
    expect(first.isGiven(next.pair.cert)).toBe(false);
    pass(1);
    expect(first.isGiven(next.pair.cert)).toBe(true);
    publish(old.authority.cert);
    expect(first.isGiven(next.pair.cert)).toBe(true);
  });

  it.each([
    { title: "its authority was trusted before it came", published: () => next.authority.cert },
    { title: "nothing is registered yet", published: () => "" },
  ])("is trusted at once where $title", ({ published }) => {
    const { sight, timing } = sightOf(published());

    expect(createFirstTrust({ sight, holdMilliseconds: HOLD, timing }).isGiven(next.pair.cert)).toBe(true);
  });

  it("answers after half a minute where it may not read the registration", () => {
    const { sight, timing, pass } = sightOf(null);
    const first = createFirstTrust({ sight, holdMilliseconds: HOLD, timing });
    pass(29_999);
    expect(first.isGiven(next.pair.cert)).toBe(false);
    pass(1);
    expect(first.isGiven(next.pair.cert)).toBe(true);
  });
});
