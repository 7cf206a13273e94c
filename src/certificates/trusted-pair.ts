/** @file Whether those who call trust a certificate, and from when on one from files may be served in place of another. */
import type { Timing } from "../cluster/live/timing.ts";
import { readTrusted } from "./authority-secret.ts";
import type { TrustedCertificate } from "./authority.ts";
import { parseChain } from "./serving-pair.ts";
import type { Publication } from "./trust.ts";

export type Trust =
  /** `unknown`: what is published was not read yet. `unpublished`: no webhook configuration trusts anything yet. */
  | { readonly kind: "unknown" | "unpublished" | "untrusted" }
  /** `milliseconds`: for how long, as far as this process knows; infinite where it was so when it looked first. */
  | { readonly kind: "trusted"; readonly milliseconds: number; readonly isEverywhere: boolean };

export interface TrustSight {
  follow(publication: Publication): void;
  /** To be called every second or so, since it is what counts the time. */
  look(): void;
  /** @param cert PEM: the serving certificate, then what signed it. */
  of(cert: string): Trust;
}

export function createTrustSight({ timing }: { readonly timing: Pick<Timing, "now"> }): TrustSight {
  let publication: Publication | null = null;
  let trusted: readonly TrustedCertificate[] = [];
  let since: ReadonlyMap<string, number> | null = null;

  return {
    follow(next) {
      publication = next;
    },
    look() {
      const bundle = publication?.published() ?? null;
      if (bundle === null) return;
      trusted = readTrusted(bundle);
      const before = since;
      const now = before === null ? -Infinity : timing.now();
      since = new Map(trusted.map(({ fingerprint }) => [fingerprint, before?.get(fingerprint) ?? now]));
    },
    of(cert) {
      if (since === null) return { kind: "unknown" };
      if (trusted.length === 0) return { kind: "unpublished" };
      const anchors = anchorsOf(cert, trusted);
      if (anchors.length === 0) return { kind: "untrusted" };
      const first = Math.min(...anchors.map(({ fingerprint }) => since?.get(fingerprint) ?? Infinity));
      return {
        kind: "trusted",
        milliseconds: timing.now() - first,
        isEverywhere: anchors.some((anchor) => publication?.isPublished(anchor.cert) === true),
      };
    },
  };
}

/** Those that have signed it or one of those beside it, and itself. Times are not looked at. */
function anchorsOf(cert: string, trusted: readonly TrustedCertificate[]): readonly TrustedCertificate[] {
  const authorities = trusted.flatMap((each) =>
    (parseChain(each.cert) ?? []).slice(0, 1).map((certificate) => ({ ...each, certificate })),
  );
  const chain = parseChain(cert) ?? [];
  const found = new Map<string, TrustedCertificate>();
  for (let [current] = chain, steps = 0; current !== undefined && steps < chain.length; steps += 1) {
    const own = current;
    for (const authority of authorities) {
      const { certificate } = authority;
      const isItself = certificate.fingerprint256 === own.fingerprint256;
      if (isItself || (own.checkIssued(certificate) && own.verify(certificate.publicKey)))
        found.set(authority.fingerprint, authority);
    }
    current = chain.find((next) => next !== own && own.checkIssued(next) && own.verify(next.publicKey));
  }
  return [...found.values()];
}

export interface PairGate {
  /** `serve` is called once it may be served, at once or later; another offer takes the place of one that waits. */
  offer(cert: string, serve: () => void): void;
  /** To be called every second or so. */
  look(): void;
}

export interface PairGateOptions {
  readonly sight: Pick<TrustSight, "of">;
  /** PEM of what is served. */
  readonly served: () => string;
  /** For how long its authority must have been trusted everywhere. */
  readonly holdMilliseconds: number;
  /** Milliseconds since 1970, by the clock of whoever verifies. */
  readonly now: () => number;
  /** Told once for each. */
  readonly onWaiting: () => void;
}

/**
 * Files change in a pod whenever the kubelet gets to it, the authority together with the pair, and the one that leads, which
 * publishes the authority, may get them last. So the old pair is served until the new one is trusted, unless it has
 * expired or is trusted no more itself: then there is nothing to lose.
 */
export function createPairGate({ sight, served, holdMilliseconds, now, onWaiting }: PairGateOptions): PairGate {
  let pending: { readonly cert: string; readonly serve: () => void } | null = null;
  let isTold = false;

  function mayServe(cert: string): boolean {
    const current = served();
    const expiry = parseChain(current)?.[0]?.validToDate.getTime() ?? -Infinity;
    if (now() >= expiry) return true;
    const next = sight.of(cert);
    switch (next.kind) {
      case "unknown":
        return false;
      case "unpublished":
        return true;
      case "untrusted":
        return sight.of(current).kind === "untrusted";
      case "trusted":
        return (next.isEverywhere && next.milliseconds >= holdMilliseconds) || sight.of(current).kind === "untrusted";
    }
  }

  function look(): void {
    if (pending === null) return;
    if (mayServe(pending.cert)) {
      const { serve } = pending;
      pending = null;
      serve();
    } else if (!isTold) {
      isTold = true;
      onWaiting();
    }
  }

  return {
    offer(cert, serve) {
      pending = { cert, serve };
      isTold = false;
      look();
    },
    look,
  };
}

export interface FirstTrust {
  /** Whether calls may come to a server that serves by `cert`; once that is so, it stays so. */
  isGiven(cert: string): boolean;
}

/** A server that has just started is ready only when it is trusted, or where nobody trusts anything yet. */
export function createFirstTrust({
  sight,
  holdMilliseconds,
  timing,
}: {
  readonly sight: Pick<TrustSight, "of">;
  readonly holdMilliseconds: number;
  readonly timing: Pick<Timing, "now">;
}): FirstTrust {
  const startedAt = timing.now();
  const hold = Math.min(holdMilliseconds, LONGEST_HOLD_MILLISECONDS);
  let isGiven = false;
  return {
    isGiven(cert) {
      if (isGiven) return true;
      const trust = sight.of(cert);
      if (trust.kind === "unknown") return timing.now() - startedAt >= BLIND_MILLISECONDS;
      isGiven = trust.kind === "unpublished" || (trust.kind === "trusted" && trust.milliseconds >= hold);
      return isGiven;
    },
  };
}

/** All API servers have read what was published, which takes them a second or so; nobody may be there who answers meanwhile. */
const LONGEST_HOLD_MILLISECONDS = 10_000;
/** A server that may not read the registration answers all the same. */
const BLIND_MILLISECONDS = 30_000;
