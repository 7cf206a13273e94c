/** @file What is to be trusted where certificates come as files: those of the moment, and for a while those before them. */
import type { TrustedCertificate } from "./authority.ts";
import { pemOf } from "./authorities-file.ts";
import { readTrusted } from "./authority-secret.ts";
import type { Publication, TrustSource } from "./trust.ts";

export interface FileTrust extends TrustSource {
  /** What tells what was published before this process began to lead. */
  follow(publication: Publication): void;
  /** The file holds others now. */
  changed(): void;
  /** This process begins to lead: what the leader before it published is kept for a while. */
  begin(): void;
}

export interface FileTrustOptions {
  /** What the file holds. */
  readonly current: () => readonly TrustedCertificate[];
  /** Whether this replica is the one that publishes. */
  readonly isLeader: () => boolean;
  /** Milliseconds since 1970, by the clock of whoever verifies certificates. */
  readonly now: () => number;
}

/**
 * Replicas get changed files at different times, a minute or two apart (kubelet, --sync-frequency), and a leader that has
 * just started knows nothing of what others still serve by. So whatever was published stays so for a day, unless it expires.
 */
export function createFileTrust({ current, isLeader, now }: FileTrustOptions): FileTrust {
  const uses = new Set<() => void>();
  const carried = new Map<string, { readonly certificate: TrustedCertificate; readonly until: number }>();
  let publication: Publication | null = null;
  let last = current();
  let mustCarryPublished = true;

  function carry(certificates: readonly TrustedCertificate[]): void {
    for (const certificate of certificates) {
      if (carried.has(certificate.fingerprint)) continue;
      carried.set(certificate.fingerprint, { certificate, until: now() + CARRIED_MILLISECONDS });
    }
  }

  function tell(): void {
    for (const use of uses) use();
  }

  return {
    isExternal: false,
    bundle() {
      if (mustCarryPublished && isLeader()) {
        const published = publication?.published() ?? null;
        if (published === null) return null;
        carry(readTrusted(published));
        mustCarryPublished = false;
      }
      const own = current();
      for (const { fingerprint } of own) carried.delete(fingerprint);
      for (const [fingerprint, { certificate, until }] of carried) {
        if (now() >= Math.min(until, certificate.notAfter)) carried.delete(fingerprint);
      }
      return pemOf([...own, ...[...carried.values()].map(({ certificate }) => certificate)]);
    },
    onChange(use) {
      uses.add(use);
      return () => {
        uses.delete(use);
      };
    },
    follow(next) {
      publication = next;
      tell();
    },
    changed() {
      carry(last);
      last = current();
      tell();
    },
    begin() {
      mustCarryPublished = true;
      tell();
    },
  };
}

/** Longer than any rollout of certificates that goes on; shorter than anybody would forget the old authority. */
const CARRIED_MILLISECONDS = 24 * 3_600_000;
