/** @file The authority that replicas sign their certificates by, and how another takes its place without a failed call: pure. */

/** What a client may be told to trust. Times are milliseconds since 1970. */
export interface TrustedCertificate {
  /** PEM, ends in a line break. */
  readonly cert: string;
  /** SHA-256, 64 hexadecimal digits in small letters. */
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface Authority extends TrustedCertificate {
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** What the Secret holds, and all that a rotation needs to go on after a crash. */
export interface AuthorityState {
  /** Replicas sign by it; null: none may yet. */
  readonly signer: Authority | null;
  /** Shall take over, once it has been published for a while. */
  readonly next: Authority | null;
  /** To be published: signer and next, and those that a replica may still serve by. */
  readonly trusted: readonly TrustedCertificate[];
}

/**
 * `stable`: one authority, trusted and signed by. `publishing`: another is trusted too, so that every API server knows it
 * before it is shown one of its certificates. `switching`: replicas sign by the new one; the old one stays trusted until
 * nobody serves by it.
 */
export type Phase = "stable" | "publishing" | "switching";

export function phaseOf({ signer, next, trusted }: AuthorityState): Phase {
  if (next !== null || signer === null) return "publishing";
  return trusted.some(({ fingerprint }) => fingerprint !== signer.fingerprint) ? "switching" : "stable";
}

/** What the leader sees. */
export interface Sight {
  readonly secret: SecretSight;
  /** The last state in order that this process has seen. */
  readonly remembered: AuthorityState | null;
  /** Replicas that are alive, listed after the Secret was read. */
  readonly replicas: readonly LiveReplica[];
  /** What the webhook configurations hold. */
  readonly published: readonly TrustedCertificate[];
  /** For how long they have been seen to hold all that the Secret says is to be trusted; null: they do not. */
  readonly publishedMilliseconds: number | null;
  /** For how long no live replica has been seen to serve by this authority. */
  readonly unservedMilliseconds: (fingerprint: string) => number;
  /** By the clock of the API server, which is the one that judges certificates. */
  readonly now: number;
  readonly holdMilliseconds: number;
  /** Somebody wants another authority in place of those made before then, as for a key that got out; null: nobody does. */
  readonly replaceBefore: number | null;
}

export type SecretSight =
  | { readonly kind: "good"; readonly state: AuthorityState }
  /** `empty`: there is one, with nothing in it, as we make it. `foreign`: in order, but not as we wrote it. */
  | { readonly kind: "absent" | "empty" | "malformed" | "foreign" };

export interface LiveReplica {
  readonly name: string;
  /** Fingerprints of the authorities that it serves by, or is about to. */
  readonly servesBy: readonly string[];
}

export type Cause =
  /** There has never been one. */
  | "first"
  /** Two thirds of the signer's time are over. */
  | "due"
  /** By {@link Sight.replaceBefore}. */
  | "asked"
  /** By the API server's clock. */
  | "expired"
  | "not-yet-valid"
  /** The Secret was deleted, emptied, damaged, or replaced by another one. */
  | "deleted"
  | "malformed"
  | "foreign"
  /** A live replica serves by what the Secret does not name. */
  | "trust-missing"
  /** The next one has been published for long enough. */
  | "held"
  /** Nobody serves by the old one any more. */
  | "unserved";

export type Step =
  | { readonly kind: "rest" }
  /** `read`: what the webhook configurations hold is not known yet. `replicas`: names of those that are waited for. */
  | { readonly kind: "wait"; readonly until: "read" | "published" | "held" | "unserved"; readonly replicas: readonly string[] }
  | { readonly kind: "write"; readonly state: AuthorityState; readonly because: Cause }
  /** An authority is to be made, and put into `state` by {@link withIssued}. */
  | { readonly kind: "issue"; readonly as: "signer" | "next"; readonly state: AuthorityState; readonly because: Cause };

/**
 * The next step of the leader. Whatever crash comes between two steps, the Secret says where to go on.
 *
 * What is held to: an authority leaves the published bundle only while no live replica serves by it; nobody is told to sign
 * by one that has not been published for the hold time, unless no call could succeed as it is.
 */
export function decide(sight: Sight): Step {
  const { secret, remembered, replicas } = sight;
  const served = new Set(replicas.flatMap(({ servesBy }) => servesBy));
  // What is not trusted, or has expired, serves nobody: the sooner it is replaced, the better.
  const isAtStake = sight.published.some((each) => served.has(each.fingerprint) && validityOf(each, sight.now) === "valid");
  const known = [...(remembered?.trusted ?? []), ...sight.published];
  const stillServed = known.filter(({ fingerprint }) => served.has(fingerprint));
  if (secret.kind === "good") return decideInOrder(secret.state, { sight, served, isAtStake, stillServed });

  const isUsable = [remembered?.signer, remembered?.next].some((each) => validityOf(each ?? null, sight.now) === "valid");
  if (remembered !== null && isUsable) {
    return {
      kind: "write",
      state: { ...remembered, trusted: union(remembered.trusted, stillServed) },
      because: causeOf(secret.kind),
    };
  }
  const isFirst = remembered === null && served.size === 0 && sight.published.length === 0;
  return {
    kind: "issue",
    as: isAtStake ? "next" : "signer",
    state: { signer: null, next: null, trusted: union(stillServed) },
    because: isFirst && (secret.kind === "absent" || secret.kind === "empty") ? "first" : causeOf(secret.kind),
  };
}

export function withIssued({ as, state }: Extract<Step, { kind: "issue" }>, issued: Authority): AuthorityState {
  return { ...state, [as]: issued, trusted: union(state.trusted, [issued]) };
}

/** PEM of all that is to be trusted. */
export function bundleOf({ trusted }: AuthorityState): string {
  return trusted.map(({ cert }) => cert).join("");
}

export type ClockVerdict = "valid" | "expired" | "not-yet-valid" | "missing";

export function validityOf(certificate: TrustedCertificate | null, now: number): ClockVerdict {
  if (certificate === null) return "missing";
  if (now < certificate.notBefore) return "not-yet-valid";
  return now >= certificate.notAfter ? "expired" : "valid";
}

/** From when on another is due: two thirds, as cert-manager has it, leave a third for whatever keeps it from being made. */
export function renewalAt(
  { notBefore, notAfter }: Pick<TrustedCertificate, "notBefore" | "notAfter">,
  backdated: number,
): number {
  const madeAt = Math.min(notBefore + backdated, notAfter);
  return madeAt + ((notAfter - madeAt) * 2) / 3;
}

/** Longer than a replica whose Lease was deleted takes to write it again, twice. */
export const UNSERVED_MILLISECONDS = 20_000;

/** Certificates are made valid five minutes back, for clocks that are behind. */
export const BACKDATED_MILLISECONDS = 5 * 60_000;

interface Circumstances {
  readonly sight: Sight;
  /** Fingerprints. */
  readonly served: ReadonlySet<string>;
  /** Whether calls succeed that could fail. */
  readonly isAtStake: boolean;
  readonly stillServed: readonly TrustedCertificate[];
}

function decideInOrder(state: AuthorityState, circumstances: Circumstances): Step {
  const { sight, served, isAtStake, stillServed } = circumstances;
  const { signer, next, trusted } = state;
  const trustedAll = union(trusted, stillServed);
  if (trustedAll.length > trusted.length) {
    return { kind: "write", state: { ...state, trusted: trustedAll }, because: "trust-missing" };
  }
  if (next !== null) return decideToSwitch(state, next, circumstances);

  const validity = validityOf(signer, sight.now);
  if (signer === null || validity === "missing") {
    return { kind: "issue", as: isAtStake ? "next" : "signer", state, because: "malformed" };
  }
  if (validity !== "valid") return { kind: "issue", as: "next", state, because: validity };

  const old = trusted.filter(({ fingerprint }) => fingerprint !== signer.fingerprint);
  const unserved = old.filter(
    ({ fingerprint }) => !served.has(fingerprint) && sight.unservedMilliseconds(fingerprint) >= UNSERVED_MILLISECONDS,
  );
  if (unserved.length > 0) {
    return {
      kind: "write",
      state: { ...state, trusted: trusted.filter((each) => !unserved.includes(each)) },
      because: "unserved",
    };
  }
  if (sight.now >= renewalAt(signer, BACKDATED_MILLISECONDS)) return { kind: "issue", as: "next", state, because: "due" };
  if (isUnwanted(signer, sight)) return { kind: "issue", as: "next", state, because: "asked" };
  if (old.length === 0) return { kind: "rest" };
  const waitedFor = sight.replicas.filter(({ servesBy }) => old.some(({ fingerprint }) => servesBy.includes(fingerprint)));
  return { kind: "wait", until: "unserved", replicas: waitedFor.map(({ name }) => name) };
}

/** A time to come counts when it has come: until then whatever is made would be unwanted at once. */
function isUnwanted({ notBefore }: Authority, { replaceBefore, now }: Sight): boolean {
  return replaceBefore !== null && replaceBefore <= now && notBefore + BACKDATED_MILLISECONDS < replaceBefore;
}

function decideToSwitch(state: AuthorityState, next: Authority, { sight, served, isAtStake }: Circumstances): Step {
  const validity = validityOf(next, sight.now);
  if (validity !== "valid" && validity !== "missing") {
    const trusted = state.trusted.filter(({ fingerprint }) => fingerprint !== next.fingerprint || served.has(fingerprint));
    return { kind: "issue", as: "next", state: { ...state, next: null, trusted }, because: validity };
  }
  if (isAtStake) {
    if (sight.publishedMilliseconds === null) return { kind: "wait", until: "published", replicas: [] };
    if (sight.publishedMilliseconds < sight.holdMilliseconds) return { kind: "wait", until: "held", replicas: [] };
  }
  return { kind: "write", state: { signer: next, next: null, trusted: state.trusted }, because: "held" };
}

function causeOf(kind: Exclude<SecretSight["kind"], "good">): Cause {
  switch (kind) {
    case "absent":
      return "deleted";
    case "empty":
    case "malformed":
      return "malformed";
    case "foreign":
      return "foreign";
  }
}

/** Each certificate once, in the order of its first mention. */
function union(...lists: readonly (readonly TrustedCertificate[])[]): readonly TrustedCertificate[] {
  return [
    ...new Map(
      lists.flat().map(({ cert, fingerprint, notBefore, notAfter }) => [fingerprint, { cert, fingerprint, notBefore, notAfter }]),
    ).values(),
  ];
}
