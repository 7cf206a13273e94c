import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { issueAuthority } from "../../../src/certificates/issue.ts";
import type { ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import { REACHED_WARNING } from "../../../src/explain/registration.ts";
import type { LiveObject, Mending } from "../../../src/operator/kept-object.ts";
import { createRegistrationKeeper, type RegistrationKeeper } from "../../../src/operator/registration-keeper.ts";
import type { SelfCallResult } from "../../../src/operator/self-call.ts";
import type { WebhookAddress, WebhookProfile } from "../../../src/operator/webhook-configurations.ts";

const SERVICE: WebhookAddress = { kind: "service", namespace: "crdguard", name: "crdguard", port: 443 };

let first: string;
let second: string;
let running: RegistrationKeeper | null = null;

beforeAll(async () => {
  const validity = { days: 1, now: new Date() };
  first = (await issueAuthority("first", validity)).cert;
  second = (await issueAuthority("second", validity)).cert;
});

afterEach(() => {
  running?.stop();
});

describe("a registration", () => {
  it.each([
    { title: "there is an authority", world: { bundle: null }, reason: "there is no authority to trust yet" },
    { title: "the server is ready", world: { isReady: false }, reason: "the cluster has not been read completely yet" },
    {
      title: "its endpoint answers",
      world: { answer: { ok: false, reason: "connection refused" } as const },
      reason: "connection refused",
    },
  ])("is not made before $title", async ({ world, reason }) => {
    const { mend, after } = start(world);
    mend(null);
    await after(5_000);

    expect(mend(null)).toEqual({ kind: "wait", reason });
  });

  it("is made once it answers, by the bundle that is to be published, failing open", async () => {
    const { mend, after, calls } = start({});
    mend(null);
    await after(1_000);

    expect(calls).toEqual([{ address: SERVICE, bundle: first }]);
    expect(policyOf(created(mend(null)))).toBe("Ignore");
    expect(webhookOf(created(mend(null)), "changes.crdguard.dev")).toMatchObject({ timeoutSeconds: 10, objectSelector: {} });
  });

  it("by profile fail-closed fails closed at once, by fail-open never", async () => {
    for (const [profile, policy] of [
      ["fail-closed", "Fail"],
      ["fail-open", "Ignore"],
    ] as const) {
      const world = start({ profile });
      world.mend(null);
      await world.after(1_000);
      const live = world.live(created(world.mend(null)));
      await world.after(30_000);

      expect(policyOf(live)).toBe(policy);
      expect(world.mend(live)).toEqual({ kind: "none" });
      running?.stop();
    }
  });

  it("fails closed after the API server was seen to reach it for ten seconds, and says so once", async () => {
    const world = await registered({ warnings: [REACHED_WARNING] });
    await world.after(8_000);
    expect(world.mend(world.current())).toEqual({ kind: "none" });

    await world.after(4_000);
    const mending = applied(world.mend(world.current()));
    expect(policyOf(mending.own)).toBe("Fail");
    expect(mending).toMatchObject({ drifted: [], moved: ["webhooks[changes.crdguard.dev].failurePolicy"] });
    expect(world.told).toEqual(["proven"]);
    world.live(mending.own);
    await world.after(60_000);
    expect(world.told).toEqual(["proven"]);
  });

  it("begins to count anew after a proof that failed", async () => {
    let proofs = 0;
    const world = await registered({ warnings: () => ((proofs += 1) === 4 ? [] : [REACHED_WARNING]) });
    await world.after(12_000);
    expect(world.told).toEqual([]);
    await world.after(10_000);
    expect(world.told).toEqual(["proven"]);
  });

  it("goes on failing open where that is not seen, and says why once, and again only for another reason", async () => {
    let warnings: readonly string[] = [];
    const world = await registered({ warnings: () => warnings });
    await world.after(15_000);
    expect(world.told).toEqual([]);
    await world.after(60_000);
    expect(world.told).toEqual([
      "unproven: the API server changes guardpolicies.crdguard.dev without asking crdguard: it does not reach it",
    ]);
    expect(policyOf(world.current())).toBe("Ignore");

    warnings = [REACHED_WARNING];
    await world.after(40_000);
    expect(world.told.at(-1)).toBe("proven");
  });

  it("cannot be proven without CRDs of our own, or without the right to try", async () => {
    const world = await registered({
      patch: () => ({ ok: false, error: { code: "forbidden", status: 403, message: "may not" } }),
    });
    await world.after(30_000);

    expect(world.told).toEqual(["unproven: apirequirements.crdguard.dev: may not"]);
  });

  it("that fails closed goes on to after a restart, and is proven anew where it was made anew", async () => {
    const before = await registered({ warnings: [REACHED_WARNING] });
    await before.after(15_000);
    const failing = before.live(applied(before.mend(before.current())).own);
    running?.stop();

    const restarted = await registered({ warnings: [] }, failing);
    expect(restarted.mend(failing)).toEqual({ kind: "none" });
    expect(policyOf(created(restarted.mend(null)))).toBe("Ignore");
    const anew = restarted.live({ ...created(restarted.mend(null)), metadata: { uid: "another" } });
    expect(restarted.mend(anew)).toEqual({ kind: "none" });
  });

  it("that led elsewhere while nobody looked fails open until it is proven", async () => {
    const before = await registered({ warnings: [REACHED_WARNING] });
    await before.after(15_000);
    const failing = structuredClone(before.live(applied(before.mend(before.current())).own)) as {
      webhooks: { clientConfig: unknown }[];
    };
    const [changes] = failing.webhooks;
    if (changes !== undefined) changes.clientConfig = { url: "https://elsewhere.example/validate" };
    running?.stop();

    const restarted = start({ warnings: [] });
    expect(restarted.mend(failing as unknown as LiveObject).kind).toBe("wait");
    await restarted.after(1_000);
    const mending = applied(restarted.mend(failing as unknown as LiveObject));
    expect(policyOf(mending.own)).toBe("Ignore");
    expect(mending.first).toEqual([
      { op: "test", path: "/webhooks/0/name", value: "changes.crdguard.dev" },
      { op: "replace", path: "/webhooks/0/clientConfig", value: webhookOf(mending.own, "changes.crdguard.dev")["clientConfig"] },
    ]);
  });

  it("puts an edit of its failurePolicy back, which it has once been seen to have", async () => {
    const before = await registered({ warnings: [REACHED_WARNING] });
    await before.after(15_000);
    const failing = before.live(applied(before.mend(before.current())).own);
    expect(before.mend(failing)).toEqual({ kind: "none" });

    const mending = applied(before.mend(edited(failing, { failurePolicy: "Ignore" })));
    expect(mending.drifted).toEqual(["webhooks[changes.crdguard.dev].failurePolicy"]);
    expect(policyOf(mending.own)).toBe("Fail");
  });

  it("of a new bundle is moved, and that is no drift", async () => {
    const world = await registered({});
    world.trust(first + second);

    const mending = applied(world.mend(world.current()));
    expect(mending.drifted).toEqual([]);
    expect(mending.moved).toEqual([
      "webhooks[changes.crdguard.dev].clientConfig.caBundle",
      "webhooks[creates.crdguard.dev].clientConfig.caBundle",
      "webhooks[own.crdguard.dev].clientConfig.caBundle",
    ]);
  });

  it("leaves caBundle alone where another writes it", async () => {
    const world = await registered({ bundle: null, isExternal: true });
    expect(world.calls).toEqual([{ address: SERVICE, bundle: null }]);
    const injected = edited(world.current(), { clientConfig: { ...clientConfigOf(world.current()), caBundle: "Q0E=" } });

    expect(world.mend(injected)).toEqual({ kind: "none" });
  });

  it("asks nothing while it does not lead", async () => {
    const world = start({ isLeader: false });
    world.mend(null);
    await world.after(30_000);

    expect(world.calls).toEqual([]);
    // But for who it is, as it may be asked.
    expect(new Set(world.requests.map(({ path }) => path))).toEqual(
      new Set(["/apis/authentication.k8s.io/v1/selfsubjectreviews"]),
    );
  });
});

describe("what is published", () => {
  it("is what every webhook of every configuration holds", async () => {
    const world = await registered({});
    expect(world.keeper.publication.isPublished(first)).toBe(true);
    expect(world.keeper.publication.isPublished(first + second)).toBe(false);
    expect(world.keeper.publication.published()?.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);

    world.trust(first + second);
    world.live(applied(world.mend(world.current())).own);
    world.liveExplainer();
    expect(world.keeper.publication.isPublished(first + second)).toBe(true);
    expect(world.keeper.publication.isPublished(second)).toBe(true);
    expect(world.keeper.publication.published()?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it("is not known before it was read, and nothing where there is none", async () => {
    const world = start({});
    expect(world.keeper.publication.published()).toBeNull();
    expect(world.keeper.publication.isPublished(first)).toBe(false);

    world.absent();
    expect(world.keeper.publication.published()).toBe("");
    expect(world.keeper.publication.isPublished(first)).toBe(false);
  });

  it.each(["", "no certificate"])("does not hold %j", async (bundle) => {
    const world = await registered({});

    expect(world.keeper.publication.isPublished(bundle)).toBe(false);
  });
});

function created(mending: Mending): LiveObject {
  if (mending.kind !== "create") throw new Error(JSON.stringify(mending));
  return mending.whole;
}

function applied(mending: Mending): Extract<Mending, { kind: "apply" }> {
  if (mending.kind !== "apply") throw new Error(JSON.stringify(mending));
  return mending;
}

function webhookOf(object: LiveObject, name: string): LiveObject {
  const webhook = (object["webhooks"] as readonly LiveObject[]).find((each) => each["name"] === name);
  if (webhook === undefined) throw new Error(`no ${name}`);
  return webhook;
}

function policyOf(object: LiveObject): unknown {
  return webhookOf(object, "changes.crdguard.dev")["failurePolicy"];
}

function clientConfigOf(object: LiveObject): object {
  return webhookOf(object, "changes.crdguard.dev")["clientConfig"] as object;
}

function edited(object: LiveObject, members: LiveObject): LiveObject {
  const webhooks = (object["webhooks"] as readonly LiveObject[]).map((each) =>
    each["name"] === "changes.crdguard.dev" ? { ...each, ...members } : each,
  );
  return { ...object, webhooks };
}

interface World {
  readonly bundle?: string | null;
  readonly isExternal?: boolean;
  readonly isReady?: boolean;
  readonly isLeader?: boolean;
  readonly profile?: WebhookProfile;
  readonly answer?: SelfCallResult;
  readonly warnings?: readonly string[] | (() => readonly string[]);
  readonly patch?: () => ApiResult;
}

/** One that was made, and found in order. */
async function registered(options: World, existing?: LiveObject) {
  const world = start(options);
  if (existing === undefined) {
    world.mend(null);
    await world.after(1_000);
    world.live(created(world.mend(null)));
    world.liveExplainer();
  } else {
    world.live(existing);
    world.mend(existing);
    world.mend(null);
    await world.after(1_000);
  }
  world.mend(world.current());
  return world;
}

function start(options: World) {
  const {
    isExternal = false,
    isReady = true,
    isLeader = true,
    profile = "staged",
    answer = { ok: true },
    warnings = [],
  } = options;
  let bundle = options.bundle === undefined ? first : options.bundle;
  let lives: readonly (LiveObject | null | undefined)[] = [undefined, undefined];
  let count = 0;
  let now = 0;
  let wake: (() => void) | null = null;
  let wakeAt = 0;
  const calls: unknown[] = [];
  const told: string[] = [];
  const requests: ApiRequest[] = [];

  const keeper = createRegistrationKeeper({
    client: {
      async request(request) {
        requests.push(request);
        if (options.patch !== undefined) return options.patch();
        const texts = typeof warnings === "function" ? warnings() : warnings;
        return { ok: true, status: 200, body: {}, ...(texts.length > 0 ? { warnings: texts } : {}) };
      },
    },
    leadership: { isLeader: () => isLeader },
    trust: { isExternal, bundle: () => bundle, onChange: () => () => undefined },
    address: SERVICE,
    profile,
    warnWorkloads: false,
    needsClientCertificate: false,
    isReady: () => isReady,
    ownUser: {
      name: () => (isLeader ? "crdguard" : null),
      async learn() {
        if (!isLeader) requests.push({ method: "POST", path: "/apis/authentication.k8s.io/v1/selfsubjectreviews" });
        return null;
      },
    },
    async callSelf({ address, bundle: trusted }) {
      calls.push({ address, bundle: trusted });
      return answer;
    },
    observer: {
      proven: () => told.push("proven"),
      unproven: (_, __, reason) => told.push(`unproven: ${reason}`),
      broken: (error) => told.push(`broken: ${String(error)}`),
    },
    timing: {
      now: () => now,
      random: () => 0.5,
      sleep: (milliseconds) =>
        new Promise((resolve) => {
          wakeAt = now + milliseconds;
          wake = resolve;
        }),
    },
  });
  running = keeper;
  const [validating, explainer] = keeper.objects;
  if (validating === undefined || explainer === undefined) throw new Error("there are two");
  keeper.start({ live: (object) => lives[keeper.objects.indexOf(object)], poke: () => undefined });
  return {
    keeper,
    calls,
    told,
    requests,
    mend: (live: LiveObject | null) => validating.mend(live),
    trust(next: string) {
      bundle = next;
    },
    current(): LiveObject {
      const [live] = lives;
      if (live === undefined || live === null) throw new Error("there is none");
      return live;
    },
    absent() {
      lives = [null, null];
    },
    /** Stored, as the API server gives it back. */
    live(object: LiveObject): LiveObject {
      const metadata = {
        uid: `uid-${String((count += 1))}`,
        ...(lives[0]?.["metadata"] as object),
        ...(object["metadata"] as object),
      };
      const live: LiveObject = { ...object, metadata };
      lives = [live, lives[1]];
      return live;
    },
    liveExplainer() {
      const mending = explainer.mend(null);
      lives = [lives[0], created(mending)];
    },
    async after(milliseconds: number): Promise<void> {
      const until = now + milliseconds;
      for (;;) {
        for (let turn = 0; turn < 4; turn += 1) await nextTurn();
        if (wake === null || wakeAt > until) break;
        now = wakeAt;
        const resume = wake;
        wake = null;
        resume();
      }
      now = Math.max(now, until);
    },
  };
}
