/** A cluster in miniature: replicas, a Secret, configurations and a clock, in every order that chance can think of. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Authority,
  type AuthorityState,
  BACKDATED_MILLISECONDS,
  decide,
  type SecretSight,
  type Step,
  type TrustedCertificate,
  validityOf,
  withIssued,
} from "../../../src/certificates/authority.ts";

const HOUR = 3_600_000;
const LIFETIME = 30 * HOUR;
const YEAR = 8_760 * HOUR;
const HOLD = 60_000;
const REPLICAS = [0, 1, 2] as const;

type ReplicaNumber = (typeof REPLICAS)[number];

type Action =
  | {
      readonly kind: "watch" | "announce" | "confirm" | "settle" | "crash" | "elect" | "expire-lease";
      readonly replica: ReplicaNumber;
    }
  | { readonly kind: "read" | "list" | "write" | "publish" | "delete-secret" | "damage-secret" | "replace-secret" }
  | { readonly kind: "pass"; readonly milliseconds: number };

interface Process {
  remembered: AuthorityState | null;
  serving: Authority | null;
  intent: Authority | null;
}

/** Each action is what happens between two awaits of the real thing. */
class Cluster {
  time = 0;
  /** What reviews do not see: the clock that certificates are judged by. */
  elapsed = 0;
  hasJumped = false;
  published: readonly TrustedCertificate[] = [];
  readonly violations: string[] = [];
  private version = 1;
  private secret: SecretSight = { kind: "absent" };
  private made = 0;
  private readonly processes = new Map<ReplicaNumber, Process>();
  private readonly leases = new Map<ReplicaNumber, readonly string[]>();
  private leader: ReplicaNumber | null = null;
  private publishedSince: { readonly bundle: string; readonly at: number } | null = null;
  private readonly unservedSince = new Map<string, number>();
  private readonly knownPublicAt = new Map<string, number>();
  private view: { readonly version: number; readonly secret: SecretSight } | null = null;
  private planned: Step | null = null;

  do(action: Action): void {
    switch (action.kind) {
      case "pass":
        this.time += action.milliseconds;
        this.elapsed += Math.min(Math.abs(action.milliseconds), HOUR);
        this.hasJumped ||= Math.abs(action.milliseconds) > HOUR;
        return;
      case "delete-secret":
        this.put({ kind: "absent" });
        return;
      case "damage-secret":
        this.put({ kind: "malformed" });
        return;
      case "replace-secret":
        this.put({ kind: "foreign" });
        return;
      case "read":
        if (this.leader === null) return;
        this.view = { version: this.version, secret: this.secret };
        this.planned = null;
        this.learn(this.processOf(this.leader), this.secret);
        return;
      case "list":
        this.plan();
        return;
      case "write":
        this.write();
        return;
      case "publish":
        this.publish();
        return;
      default:
        this.doReplica(action.kind, action.replica);
    }
  }

  /** A process that does not run is started by whatever it is asked to do. */
  private processOf(replica: ReplicaNumber): Process {
    const running = this.processes.get(replica) ?? { remembered: null, serving: null, intent: null };
    this.processes.set(replica, running);
    return running;
  }

  private doReplica(kind: Extract<Action, { readonly replica: ReplicaNumber }>["kind"], replica: ReplicaNumber): void {
    if (kind === "crash") {
      this.processes.delete(replica);
      if (this.leader === replica) this.leader = null;
      return;
    }
    if (kind === "expire-lease") {
      if (!this.processes.has(replica)) this.leases.delete(replica);
      return;
    }
    const process = this.processOf(replica);
    switch (kind) {
      case "watch":
        this.learn(process, this.secret);
        return;
      case "elect":
        this.leader = replica;
        this.view = null;
        this.planned = null;
        this.publishedSince = null;
        this.unservedSince.clear();
        return;
      case "announce": {
        const signer = process.remembered?.signer ?? null;
        if (signer === null || validityOf(signer, this.time) !== "valid" || signer.fingerprint === process.serving?.fingerprint)
          return;
        process.intent = signer;
        this.leases.set(replica, [...(process.serving === null ? [] : [process.serving.fingerprint]), signer.fingerprint]);
        return;
      }
      case "confirm": {
        const { intent } = process;
        process.intent = null;
        if (intent === null || !this.leases.get(replica)?.includes(intent.fingerprint)) return;
        this.learn(process, this.secret);
        if (this.secret.kind !== "good" || this.secret.state.signer?.fingerprint !== intent.fingerprint) return;
        this.checkStart(intent);
        process.serving = intent;
        return;
      }
      case "settle":
        if (process.intent === null) this.leases.set(replica, process.serving === null ? [] : [process.serving.fingerprint]);
        return;
    }
  }

  private learn(process: Process, secret: SecretSight): void {
    if (secret.kind === "good") process.remembered = secret.state;
  }

  private plan(): void {
    if (this.leader === null || this.view === null) return;
    const { secret } = this.view;
    const replicas = [...this.leases].map(([name, servesBy]) => ({ name: String(name), servesBy }));
    if (secret.kind === "good") {
      const served = new Set(replicas.flatMap(({ servesBy }) => servesBy));
      for (const { fingerprint } of secret.state.trusted) {
        if (served.has(fingerprint) || fingerprint === secret.state.signer?.fingerprint) this.unservedSince.delete(fingerprint);
        else if (!this.unservedSince.has(fingerprint)) this.unservedSince.set(fingerprint, this.elapsed);
      }
      const bundle = names(secret.state.trusted);
      const holds = secret.state.trusted.every((each) =>
        this.published.some(({ fingerprint }) => fingerprint === each.fingerprint),
      );
      if (!holds) this.publishedSince = null;
      else if (this.publishedSince?.bundle !== bundle) this.publishedSince = { bundle, at: this.elapsed };
    }
    this.planned = decide({
      secret,
      remembered: this.processOf(this.leader).remembered,
      replicas,
      published: this.published,
      publishedMilliseconds:
        secret.kind === "good" && this.publishedSince !== null ? this.elapsed - this.publishedSince.at : null,
      unservedMilliseconds: (fingerprint) => this.elapsed - (this.unservedSince.get(fingerprint) ?? this.elapsed),
      now: this.time,
      holdMilliseconds: HOLD,
      replaceBefore: null,
    });
  }

  private write(): void {
    const step = this.planned;
    this.planned = null;
    // The guard: what was decided on is what is there.
    if (step === null || this.leader === null || this.view?.version !== this.version) return;
    if (step.kind !== "write" && step.kind !== "issue") return;
    const state = step.kind === "issue" ? withIssued(step, this.make()) : step.state;
    this.put({ kind: "good", state });
    this.view = { version: this.version, secret: this.secret };
    this.learn(this.processOf(this.leader), this.secret);
  }

  private publish(): void {
    // Not before the Secret was read in this term: `view` is null until then.
    const remembered = this.leader === null || this.view === null ? null : this.processOf(this.leader).remembered;
    if (remembered === null) return;
    const gone = this.published.filter((each) => !remembered.trusted.some(({ fingerprint }) => fingerprint === each.fingerprint));
    for (const { serving } of this.processes.values()) {
      if (gone.some(({ fingerprint }) => fingerprint === serving?.fingerprint)) {
        this.violations.push(`${serving?.fingerprint ?? ""} is no longer trusted, but served by`);
      }
    }
    this.published = remembered.trusted;
    for (const fingerprint of this.knownPublicAt.keys())
      if (!this.published.some((each) => each.fingerprint === fingerprint)) this.knownPublicAt.delete(fingerprint);
    for (const { fingerprint } of this.published)
      if (!this.knownPublicAt.has(fingerprint)) this.knownPublicAt.set(fingerprint, this.elapsed);
  }

  /** Nobody begins to serve by what was not published and held, while there is anything to lose. */
  private checkStart(authority: Authority): void {
    const others = [...this.processes.values()].map(({ serving }) => serving).filter((serving) => serving !== null);
    const isServedAlready = others.some(({ fingerprint }) => fingerprint === authority.fingerprint);
    const isSomethingToLose = others.some(
      (each) => validityOf(each, this.time) === "valid" && this.knownPublicAt.has(each.fingerprint),
    );
    const since = this.knownPublicAt.get(authority.fingerprint);
    const isHeld = since !== undefined && this.elapsed - since >= HOLD;
    if (!isHeld && isSomethingToLose && !isServedAlready && !this.hasJumped) {
      this.violations.push(`${authority.fingerprint} is served by before it was published and held`);
    }
  }

  private make(): Authority {
    this.made += 1;
    const fingerprint = `authority-${String(this.made)}`;
    return {
      cert: `${fingerprint}\n`,
      key: "key",
      fingerprint,
      notBefore: this.time - BACKDATED_MILLISECONDS,
      notAfter: this.time + LIFETIME,
    };
  }

  private put(secret: SecretSight): void {
    this.version += 1;
    this.secret = secret;
  }

  /** Everybody does what they do, and nothing goes wrong any more. */
  settle(): void {
    for (const replica of REPLICAS) {
      if (!this.processes.has(replica)) this.leases.delete(replica);
      this.processOf(replica);
    }
    this.do({ kind: "elect", replica: 0 });
    for (let round = 0; round < 20; round += 1) {
      for (const kind of ["read", "list", "write", "publish"] as const) this.do({ kind });
      for (const replica of REPLICAS) {
        for (const kind of ["settle", "watch", "announce", "confirm", "settle"] as const) this.do({ kind, replica });
      }
      this.do({ kind: "pass", milliseconds: 30_000 });
    }
  }

  end(): Readonly<Record<string, unknown>> {
    const state = this.secret.kind === "good" ? this.secret.state : null;
    const signer = state?.signer ?? null;
    return {
      secret: this.secret.kind,
      next: state?.next ?? null,
      signer: validityOf(signer, this.time),
      trusted: names(state?.trusted ?? []) === signer?.fingerprint,
      published: names(this.published) === signer?.fingerprint,
      served: [...this.processes.values()].every(({ serving }) => serving?.fingerprint === signer?.fingerprint),
    };
  }
}

function names(certificates: readonly TrustedCertificate[]): string {
  return certificates.map(({ fingerprint }) => fingerprint).join(" ");
}

const replica = fc.constantFrom(...REPLICAS);
const perReplica = fc.record({
  kind: fc.constantFrom("watch", "announce", "confirm", "settle", "crash", "elect", "expire-lease"),
  replica,
});
const ofLeader = fc.record({ kind: fc.constantFrom("read", "list", "write", "publish") });
const ofFate = fc.record({ kind: fc.constantFrom("delete-secret", "damage-secret", "replace-secret") });
const passing = fc.record({
  kind: fc.constant("pass" as const),
  milliseconds: fc.constantFrom(1_000, 10_000, 30_000, HOLD, HOUR),
});
const jumping = fc.record({ kind: fc.constant("pass" as const), milliseconds: fc.constantFrom(-YEAR, YEAR, 21 * HOUR) });
/** What mostly happens, so that chance gets far enough to break something. */
const leading: fc.Arbitrary<readonly Action[]> = passing.map((pass) => [
  { kind: "read" },
  { kind: "list" },
  { kind: "write" },
  { kind: "publish" },
  pass,
]);
const following: fc.Arbitrary<readonly Action[]> = replica.map((one) => [
  { kind: "watch", replica: one },
  { kind: "announce", replica: one },
  { kind: "confirm", replica: one },
  { kind: "settle", replica: one },
]);
/** A replica that is held up in the middle. */
const faltering: fc.Arbitrary<readonly Action[]> = fc
  .tuple(following, fc.nat({ max: 3 }), fc.array(leading, { maxLength: 4 }))
  .map(([actions, at, between]) => [...actions.slice(0, at), ...between.flat(), ...actions.slice(at)]);

function runs(...chances: readonly fc.Arbitrary<Action>[]): fc.Arbitrary<readonly Action[]> {
  const single = fc.oneof(...chances).map((action) => [action]);
  return fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: leading },
        { weight: 2, arbitrary: following },
        { weight: 2, arbitrary: faltering },
        { weight: 2, arbitrary: single },
      ),
      { minLength: 20, maxLength: 120, size: "max" },
    )
    .map((parts): readonly Action[] => [{ kind: "elect", replica: 0 }, ...parts.flat()]);
}

describe("a rotation, whatever happens", () => {
  it("serves by nothing that is not trusted any more, nor by what was not published and held, and ends in order", () => {
    fc.assert(
      fc.property(runs(perReplica, ofLeader, ofFate, passing, jumping), (actions) => {
        const cluster = new Cluster();
        for (const action of actions) cluster.do(action);
        cluster.settle();

        expect(cluster.violations).toEqual([]);
        expect(cluster.end()).toEqual({
          secret: "good",
          next: null,
          signer: "valid",
          trusted: true,
          published: true,
          served: true,
        });
      }),
      { numRuns: 2_000 },
    );
  });

  it("is reached by chance at all: most runs make more than one authority", () => {
    const counts = fc.sample(runs(perReplica, ofLeader, ofFate, passing, jumping), { numRuns: 200, seed: 7 }).map((actions) => {
      const cluster = new Cluster();
      const seen = new Set<string>();
      for (const action of actions) {
        cluster.do(action);
        for (const { fingerprint } of cluster.published) seen.add(fingerprint);
      }
      return seen.size;
    });

    expect(counts.filter((count) => count > 1).length).toBeGreaterThan(100);
  });
});
