import { describe, expect, it } from "vitest";
import { gatherHealth, type HealthSources } from "../../../src/cluster/gather-health.ts";
import type { HealthProbe } from "../../../src/cluster/health-probe.ts";
import type { Crd, CrdOwner } from "../../../src/crd/crd.ts";
import { ownerKey } from "../../../src/health/facts.ts";
import { parseWorkload, type Workload } from "../../../src/requirements/workload.ts";
import { counted, crd } from "../../support/builders.ts";
import { certificate, endpoint, guard, registration } from "../../support/health.ts";

const RELEASE = { kind: "helm-release", namespace: "mill", name: "gears", isKept: false } as const;
const FORBIDDEN = { ok: false, reason: "secrets is forbidden", isForbidden: true } as const;

/** Answers everything, and counts what it was asked. */
function quietProbe(answers: Partial<HealthProbe> = {}) {
  const asked: string[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  async function note<T>(what: string, answer: T): Promise<T> {
    asked.push(what);
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return answer;
  }
  const probe: HealthProbe = {
    countObjects: ({ name }) => note(`objects ${name}`, counted(0)),
    sampleFinalizers: ({ name }) => note(`finalizers ${name}`, { ok: true, value: [] } as const),
    findMigration: ({ name }) => note(`migration ${name}`, { kind: "none" } as const),
    findOwner: (owner) => note(`owner ${ownerKey(owner)}`, { ok: true, value: { kind: "gone" } } as const),
    examineEndpoint: ({ target }) => note(`endpoint ${JSON.stringify(target)}`, endpoint({ target })),
    tryConversion: ({ name }) => note(`conversion ${name}`, { kind: "nothing-to-convert" } as const),
    readPolicies: () => note("policies", { ok: true, value: [] } as const),
    ...answers,
  };
  return { probe, asked, mostUnderWay: () => mostUnderWay };
}

function gathered(crds: readonly Crd[], beside: Partial<HealthSources>) {
  return gatherHealth({
    cluster: {
      source: { kind: "cluster" },
      countObjects: () => Promise.resolve(counted(7)),
      findMigration: () => Promise.resolve({ kind: "none" }),
    },
    guardPolicies: [],
    picture: {
      crds: new Map(crds.map((each) => [each.name, each])),
      needs: new Map(),
      unreadableDeclarations: [],
      guardPolicies: [],
      applied: new Map(),
      bundles: [],
    },
    catalog: [],
    workloads: [],
    probe: null,
    examineGuard: null,
    nowMilliseconds: 0,
    signal: new AbortController().signal,
    progress: () => undefined,
    ...beside,
  });
}

const owned = (name: string, ...owners: readonly CrdOwner[]): Crd => ({ ...crd({ name, served: ["v1"] }), owners });

describe("gathering health facts", () => {
  it("asks nothing of definitions that are well, but whether policies stand in the way", async () => {
    const { probe, asked } = quietProbe();
    const many = Array.from({ length: 1_000 }, (_, index) => crd({ name: `g${String(index)}.own.dev`, served: ["v1"] }));

    await gathered(many, { probe });

    expect(asked).toEqual(["policies"]);
  });

  it("asks of each illness what it takes, and counts the objects of what lost its owner", async () => {
    const { probe, asked } = quietProbe();
    const old = crd({ name: "old.own.dev", served: ["v1", "v1beta1"], stored: ["v1beta1", "v1"] });
    const going = crd({ name: "going.own.dev", served: ["v1"], isTerminating: true });

    await gathered([old, going, owned("left.own.dev", RELEASE)], { probe });

    expect(asked.toSorted()).toEqual([
      "finalizers going.own.dev",
      "migration old.own.dev",
      "objects going.own.dev",
      "objects left.own.dev",
      "objects old.own.dev",
      "owner helm-release/mill/gears",
      "policies",
    ]);
  });

  it("asks once about an owner and a webhook that many share", async () => {
    const { probe, asked } = quietProbe();
    const conversion = { kind: "webhook", target: endpoint().target, caBundle: null } as const;
    const many = Array.from({ length: 20 }, (_, index) => ({ ...owned(`g${String(index)}.own.dev`, RELEASE), conversion }));

    await gathered(many, { probe });

    expect(asked.filter((what) => what.startsWith("owner"))).toHaveLength(1);
    expect(asked.filter((what) => what.startsWith("endpoint"))).toHaveLength(1);
  });

  it("keeps few requests under way, asks so many at most, and says what it left out", async () => {
    const { probe, asked, mostUnderWay } = quietProbe();
    const many = Array.from({ length: 700 }, (_, index) =>
      owned(`g${String(index)}.own.dev`, { ...RELEASE, name: `r${String(index)}` }),
    );

    const { unread } = await gathered(many, { probe });

    expect(mostUnderWay()).toBeLessThanOrEqual(9);
    expect(asked.filter((what) => what.startsWith("owner"))).toHaveLength(500);
    expect(unread.map(({ what }) => what)).toEqual([{ kind: "surplus", of: "owners", count: 200 }]);
  });

  it("believes a workload that says to be of a release, without a look at any Secret", async () => {
    const { probe, asked } = quietProbe();
    const annotations = { "meta.helm.sh/release-name": "gears", "meta.helm.sh/release-namespace": "mill" };
    const workload = parseWorkload(
      { metadata: { name: "turner", namespace: "mill", annotations }, spec: { template: {} } },
      "Deployment",
    );

    const { owners } = await gathered([owned("gears.own.dev", RELEASE)], { probe, workloads: [workload as Workload] });

    expect([...owners]).toEqual([["helm-release/mill/gears", { kind: "exists" }]]);
    expect(asked).toEqual(["policies"]);
  });

  it("says once of many owners that they could not be looked up", async () => {
    const { probe } = quietProbe({ findOwner: () => Promise.resolve(FORBIDDEN) });
    const crds = ["a", "b"].map((name) => owned(`${name}.own.dev`, { ...RELEASE, name }));

    const { unread, owners } = await gathered(crds, { probe });

    expect(unread).toEqual([
      {
        what: { kind: "owners", owners: crds.flatMap(({ owners: own }) => own) },
        reason: "secrets is forbidden",
        isForbidden: true,
      },
    ]);
    expect([...owners.values()].map(({ kind }) => kind)).toEqual(["unknown", "unknown"]);
  });

  it.each([
    {
      title: "policies",
      answers: { readPolicies: () => Promise.resolve(FORBIDDEN) },
      kinds: ["policies"],
    },
    {
      title: "finalizers",
      answers: { sampleFinalizers: () => Promise.resolve(FORBIDDEN) },
      kinds: ["finalizers"],
    },
    {
      title: "a conversion, and the service behind it",
      answers: {
        tryConversion: () => Promise.resolve({ kind: "unknown", reason: "gears is forbidden" } as const),
        examineEndpoint: () => Promise.resolve(endpoint({ reach: { kind: "unknown", reason: "services is forbidden" } })),
      },
      kinds: ["conversions", "endpoints"],
    },
  ])("says that it could not look at $title", async ({ answers, kinds }) => {
    const { probe } = quietProbe(answers);
    const conversion = { kind: "webhook", target: endpoint().target, caBundle: null } as const;

    const { unread } = await gathered([{ ...crd({ served: ["v1", "v2"], isTerminating: true }), conversion }], { probe });

    expect(unread.map(({ what, isForbidden }) => [what.kind, isForbidden])).toEqual(kinds.map((kind) => [kind, true]));
  });

  it("says that it could not see crdguard's own registration, or its certificate", async () => {
    const { probe } = quietProbe();
    const seen = registration({
      endpoints: [endpoint({ served: { kind: "seen", certificate: certificate(), distrust: null } })],
    });
    const unreadOf = async (examined: Awaited<ReturnType<NonNullable<HealthSources["examineGuard"]>>>) =>
      (await gathered([], { probe, examineGuard: () => Promise.resolve(examined) })).unread.map(({ what }) => what.kind);

    expect(await unreadOf(FORBIDDEN)).toEqual(["registrations"]);
    expect(await unreadOf({ ok: true, value: guard() })).toEqual(["served"]);
    expect(await unreadOf({ ok: true, value: guard({ registrations: [seen] }) })).toEqual([]);
  });

  it("goes by the manifests where they stand for a cluster", async () => {
    const old = crd({ served: ["v1", "v1beta1"], stored: ["v1beta1", "v1"] });
    const facts = await gathered([old, owned("left.own.dev", RELEASE)], {});

    expect(facts.objects.get("gears.own.dev")).toEqual(counted(7));
    expect(facts).toMatchObject({ owners: new Map(), guard: { kind: "not-examined" }, unread: [] });
  });
});
