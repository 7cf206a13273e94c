import { describe, expect, it } from "vitest";
import {
  type Authority,
  type AuthorityState,
  BACKDATED_MILLISECONDS,
  type Cause,
  decide,
  phaseOf,
  type Sight,
  type Step,
  type TrustedCertificate,
  UNSERVED_MILLISECONDS,
  withIssued,
} from "../../../src/certificates/authority.ts";

const HOUR = 3_600_000;
const YEAR = 8_760 * HOUR;
const HOLD = 60_000;

/** Made at 0, for 30 hours. */
const A = authority("a", 0);
const B = authority("b", 20 * HOUR);
const OLD = authority("old", -20 * HOUR);

function authority(name: string, madeAt: number): Authority {
  return {
    cert: `${name}\n`,
    key: `key of ${name}`,
    fingerprint: name,
    notBefore: madeAt - BACKDATED_MILLISECONDS,
    notAfter: madeAt + 30 * HOUR,
  };
}

function stable(signer: Authority): AuthorityState {
  return { signer, next: null, trusted: [trusted(signer)] };
}

function publishing(signer: Authority | null, next: Authority): AuthorityState {
  return { signer, next, trusted: [...(signer === null ? [] : [trusted(signer)]), trusted(next)] };
}

function switching(signer: Authority, ...old: readonly Authority[]): AuthorityState {
  return { signer, next: null, trusted: [...old, signer].map(trusted) };
}

/** The key stays behind. */
function trusted({ cert, fingerprint, notBefore, notAfter }: TrustedCertificate): TrustedCertificate {
  return { cert, fingerprint, notBefore, notAfter };
}

function sight(overrides: Partial<Sight>): Sight {
  return {
    secret: { kind: "good", state: stable(A) },
    remembered: null,
    replicas: [{ name: "one", servesBy: ["a"] }],
    published: [A].map(trusted),
    publishedMilliseconds: YEAR,
    unservedMilliseconds: () => YEAR,
    now: HOUR,
    holdMilliseconds: HOLD,
    replaceBefore: null,
    ...overrides,
  };
}

function good(state: AuthorityState): Pick<Sight, "secret" | "remembered"> {
  return { secret: { kind: "good", state }, remembered: state };
}

/** Shortened to what is told apart: `write held: b (a b)` is what is signed by, what is next, and what is trusted. */
function said(step: Step): string {
  switch (step.kind) {
    case "rest":
      return "rest";
    case "wait":
      return `wait ${step.until}${step.replicas.length === 0 ? "" : ` by ${step.replicas.join(" ")}`}`;
    case "write":
      return `write ${step.because}: ${shape(step.state)}`;
    case "issue":
      return `issue ${step.as} ${step.because}: ${shape(step.state)}`;
  }
}

function shape({ signer, next, trusted: all }: AuthorityState): string {
  const names = [signer?.fingerprint ?? "none", ...(next === null ? [] : [`then ${next.fingerprint}`])];
  return `${names.join(" ")} (${all.map(({ fingerprint }) => fingerprint).join(" ")})`;
}

describe("the authority", () => {
  it.each<{ readonly title: string; readonly seen: Partial<Sight>; readonly step: string }>([
    { title: "rests while it is young", seen: good(stable(A)), step: "rest" },
    { title: "rests a moment before two thirds of its time", seen: { ...good(stable(A)), now: 20 * HOUR - 1 }, step: "rest" },
    {
      title: "has another made at two thirds of its time",
      seen: { ...good(stable(A)), now: 20 * HOUR },
      step: "issue next due: a (a)",
    },
    {
      title: "has another made when one made before now is not wanted any more",
      seen: { ...good(stable(A)), now: HOUR, replaceBefore: HOUR },
      step: "issue next asked: a (a)",
    },
    {
      title: "rests when it was made at that very time: this is the one that was asked for",
      seen: { ...good(stable(A)), now: HOUR, replaceBefore: 0 },
      step: "rest",
    },
    {
      title: "rests until a time to come has come",
      seen: { ...good(stable(A)), now: HOUR, replaceBefore: HOUR + 1 },
      step: "rest",
    },
    {
      title: "has another made once it has expired",
      seen: { ...good(stable(A)), now: 30 * HOUR },
      step: "issue next expired: a (a)",
    },
    {
      title: "has another made where the clock went back a year",
      seen: { ...good(stable(A)), now: HOUR - YEAR },
      step: "issue next not-yet-valid: a (a)",
    },
    {
      title: "does not switch before the next one is published",
      seen: { ...good(publishing(A, B)), now: 20 * HOUR, publishedMilliseconds: null },
      step: "wait published",
    },
    {
      title: "does not switch before the next one has been published for the hold time",
      seen: { ...good(publishing(A, B)), now: 20 * HOUR, publishedMilliseconds: HOLD - 1 },
      step: "wait held",
    },
    {
      title: "switches then, and the old one stays trusted",
      seen: { ...good(publishing(A, B)), now: 20 * HOUR, publishedMilliseconds: HOLD },
      step: "write held: b (a b)",
    },
    {
      title: "does not wait for the hold time where what replicas serve by has expired",
      seen: { ...good(publishing(A, B)), now: 31 * HOUR, publishedMilliseconds: 0 },
      step: "write held: b (a b)",
    },
    {
      title: "does not wait for its publication where nothing is published that anybody serves by",
      seen: { ...good(publishing(A, B)), now: 20 * HOUR, published: [trusted(OLD)], publishedMilliseconds: null },
      step: "write held: b (a b)",
    },
    {
      title: "does not wait for the hold time where nobody serves",
      seen: { ...good(publishing(null, A)), replicas: [{ name: "one", servesBy: [] }], publishedMilliseconds: 0 },
      step: "write held: a (a)",
    },
    {
      title: "has another made in place of a next one that has expired, and forgets that one",
      seen: { ...good(publishing(A, OLD)), now: 10 * HOUR },
      step: "issue next expired: a (a)",
    },
    {
      title: "keeps the old one trusted while a replica serves by it",
      seen: {
        ...good(switching(B, A)),
        now: 20 * HOUR,
        replicas: [
          { name: "one", servesBy: ["b"] },
          { name: "two", servesBy: ["a", "b"] },
        ],
      },
      step: "wait unserved by two",
    },
    {
      title: "keeps it trusted even where it seems to have expired",
      seen: { ...good(switching(B, A)), now: 35 * HOUR, replicas: [{ name: "two", servesBy: ["a"] }] },
      step: "wait unserved by two",
    },
    {
      title: "keeps it trusted for a moment longer",
      seen: {
        ...good(switching(B, A)),
        now: 20 * HOUR,
        replicas: [{ name: "one", servesBy: ["b"] }],
        unservedMilliseconds: () => UNSERVED_MILLISECONDS - 1,
      },
      step: "wait unserved",
    },
    {
      title: "is trusted alone once nobody serves by the old one",
      seen: { ...good(switching(B, A)), now: 20 * HOUR, replicas: [{ name: "one", servesBy: ["b"] }] },
      step: "write unserved: b (b)",
    },
    {
      title: "is replaced in time even where a replica clings to one before it",
      seen: { ...good(switching(A, OLD)), now: 20 * HOUR, replicas: [{ name: "one", servesBy: ["old"] }] },
      step: "issue next due: a (old a)",
    },
    {
      title: "is trusted along with what a live replica serves by, as the live configurations have it",
      seen: { ...good(stable(B)), now: 20 * HOUR, replicas: [{ name: "one", servesBy: ["a"] }], published: [trusted(A)] },
      step: "write trust-missing: b (b a)",
    },
    {
      title: "is made at the very first start, to be signed by at once",
      seen: { secret: { kind: "absent" }, replicas: [], published: [], publishedMilliseconds: null },
      step: "issue signer first: none ()",
    },
    {
      title: "is made into the Secret that was made a moment before a crash",
      seen: { secret: { kind: "empty" }, replicas: [{ name: "one", servesBy: [] }], published: [], publishedMilliseconds: null },
      step: "issue signer first: none ()",
    },
    {
      title: "is put back from memory where its Secret was deleted",
      seen: { secret: { kind: "absent" }, remembered: stable(A) },
      step: "write deleted: a (a)",
    },
    {
      title: "is put back from memory in the middle of a rotation",
      seen: { secret: { kind: "malformed" }, remembered: publishing(A, B), now: 20 * HOUR },
      step: "write malformed: a then b (a b)",
    },
    {
      title: "is put back from memory where somebody put another in its place",
      seen: { secret: { kind: "foreign" }, remembered: stable(A) },
      step: "write foreign: a (a)",
    },
    {
      title: "is not put back from memory once it has expired: another is signed by at once, and both are published",
      seen: { secret: { kind: "absent" }, remembered: stable(A), now: 31 * HOUR },
      step: "issue signer deleted: none (a)",
    },
    {
      title: "is made anew where nobody remembers it, and published along with what replicas serve by",
      seen: { secret: { kind: "malformed" } },
      step: "issue next malformed: none (a)",
    },
    {
      title: "takes nothing over from the configurations that nobody serves by",
      seen: { secret: { kind: "absent" }, published: [A, OLD].map(trusted) },
      step: "issue next deleted: none (a)",
    },
  ])("$title", ({ seen, step }) => {
    expect(said(decide(sight(seen)))).toBe(step);
  });

  it("that was made becomes what is asked for, and is trusted", () => {
    const step = decide(sight({ ...good(stable(A)), now: 20 * HOUR }));
    if (step.kind !== "issue") throw new Error("nothing is to be made");
    const state = withIssued(step, B);

    expect([shape(state), phaseOf(state)]).toEqual(["a then b (a b)", "publishing"]);
    expect(JSON.stringify(state.trusted)).not.toContain("key of");
  });

  it.each<{ readonly state: AuthorityState; readonly phase: string }>([
    { state: stable(A), phase: "stable" },
    { state: publishing(A, B), phase: "publishing" },
    { state: publishing(null, B), phase: "publishing" },
    { state: switching(B, A), phase: "switching" },
  ])("is $phase", ({ state, phase }) => {
    expect(phaseOf(state)).toBe(phase);
  });

  it("goes through a whole rotation, each step for its reason", () => {
    const causes: Cause[] = [];
    let state = stable(A);
    const seen: Partial<Sight>[] = [
      { now: 20 * HOUR },
      { now: 20 * HOUR },
      { now: 20 * HOUR, replicas: [{ name: "one", servesBy: ["b"] }] },
      { now: 20 * HOUR, replicas: [{ name: "one", servesBy: ["b"] }] },
    ];
    for (const each of seen) {
      const step = decide(sight({ ...good(state), ...each }));
      if (step.kind === "issue") state = withIssued(step, B);
      if (step.kind === "write") state = step.state;
      if (step.kind === "issue" || step.kind === "write") causes.push(step.because);
    }

    expect(causes).toEqual(["due", "held", "unserved"]);
    expect(shape(state)).toBe("b (b)");
  });
});
