/** @file A replica's own serving certificate: made in memory, signed by the authority of the moment, and renewed in time. */
import { X509Certificate } from "node:crypto";
import { type Authority, BACKDATED_MILLISECONDS, renewalAt, validityOf } from "./authority.ts";
import type { Host } from "./hosts.ts";
import { issueServingCertificate } from "./issue.ts";

export interface Leaf {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Fingerprint of the authority that signed it. */
  readonly signedBy: string;
}

export interface LeafSource {
  /** Null until there is an authority. */
  current(): Leaf | null;
  /** No callback comes after this. */
  stop(): void;
}

export interface LeafSourceOptions {
  readonly hosts: readonly Host[];
  readonly hours: number;
  /** What to sign by. */
  readonly authority: {
    signer(): Authority | null;
    /** Whether it is still what replicas sign by, asked past all caches. */
    confirm(fingerprint: string): Promise<boolean>;
    onChange(use: () => void): () => void;
  };
  /** Tells by which authorities this replica serves, or is about to; whether that is written down. */
  readonly announce: (servesBy: readonly string[]) => Promise<boolean>;
  /** The clock of whoever verifies certificates; null: not known yet. */
  readonly now: () => Date | null;
  readonly onLeaf: (leaf: Leaf) => void;
  readonly onProblem: (error: unknown) => void;
  readonly intervalMs?: number;
}

/**
 * Looks again every few seconds, rather than waiting for the day, so that a machine that slept and a clock that was moved are
 * noticed. The timer does not keep the process alive.
 *
 * An authority is served by only after that was announced, and then confirmed to be the one to sign by: the leader, which
 * first changes what is signed by and then looks who serves by what, thereby never drops one that somebody is about to use.
 */
export function startLeafSource(options: LeafSourceOptions): LeafSource {
  const { authority, announce, intervalMs = LOOK_MILLISECONDS } = options;
  let current: Leaf | null = null;
  let isStopped = false;
  let isLooking = false;
  let mustLookAgain = false;

  async function look(): Promise<void> {
    if (isLooking) {
      mustLookAgain = true;
      return;
    }
    isLooking = true;
    try {
      do {
        mustLookAgain = false;
        await renew();
      } while (mustLookAgain && !isStopped);
    } catch (error) {
      if (!isStopped) options.onProblem(error);
    } finally {
      isLooking = false;
    }
  }

  async function renew(): Promise<void> {
    const now = options.now();
    const signer = authority.signer();
    if (now === null || signer === null || validityOf(signer, now.getTime()) !== "valid") return;
    const isSameSigner = current?.signedBy === signer.fingerprint;
    if (current !== null && isSameSigner && !isDue(current, signer, now.getTime())) return;
    if (!isSameSigner) {
      if (!(await announce([...(current === null ? [] : [current.signedBy]), signer.fingerprint]))) return;
      if (!(await authority.confirm(signer.fingerprint)) || isStopped) return;
    }
    const leaf = await issueLeaf(options, signer, now);
    if (isStopped) return;
    current = leaf;
    options.onLeaf(leaf);
    if (!isSameSigner) await announce([signer.fingerprint]);
  }

  const timer = setInterval(() => void look(), intervalMs);
  timer.unref();
  const endListening = authority.onChange(() => void look());
  void look();
  return {
    current: () => current,
    stop() {
      isStopped = true;
      clearInterval(timer);
      endListening();
    },
  };
}

/** A suspended machine, or a moved clock, is noticed within so long. */
const LOOK_MILLISECONDS = 2_000;
const HOUR_MILLISECONDS = 3_600_000;

/** One that could not last longer than the one that there is, is not made. */
function isDue(leaf: Leaf, signer: Authority, now: number): boolean {
  const isOutOfTime = now < leaf.notBefore || now >= leaf.notAfter;
  return isOutOfTime || (now >= renewalAt(leaf, BACKDATED_MILLISECONDS) && leaf.notAfter < signer.notAfter);
}

async function issueLeaf({ hosts, hours }: LeafSourceOptions, signer: Authority, now: Date): Promise<Leaf> {
  // No certificate counts for longer than what signed it.
  const milliseconds = Math.min(hours * HOUR_MILLISECONDS, signer.notAfter - now.getTime());
  const { cert, key } = await issueServingCertificate(hosts, { days: milliseconds / (24 * HOUR_MILLISECONDS), now }, signer);
  const { validFromDate, validToDate } = new X509Certificate(cert);
  return { cert, key, notBefore: validFromDate.getTime(), notAfter: validToDate.getTime(), signedBy: signer.fingerprint };
}
