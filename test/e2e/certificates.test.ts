import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { issueAuthority } from "../../src/certificates/issue.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type ReplicaProcess, servedCertificate, startReplicaProcess } from "./support/replica-process.ts";

const ROOT = join(import.meta.dirname, "../..");
const ACCOUNT = "system:serviceaccount:crdguard:crdguard";
const SECRET = "/api/v1/namespaces/crdguard/secrets/crdguard-authority";
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/crdguard/leases";
const YEAR = 8_760 * 3_600_000;

interface Secret {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** Under the rights that manifests/server gives, and no more. */
describe("certificates and leadership, on a real API server", () => {
  let api: ApiServer;
  let kubeconfig: string;
  const running = new Set<ReplicaProcess>();

  beforeAll(async () => {
    api = await startApiServer({ users: [{ name: ACCOUNT, groups: ["system:serviceaccounts"] }] });
    kubeconfig = await api.kubeconfigFor(ACCOUNT);
    const applied = await api.kubectl([
      "apply",
      ...["namespace.yaml", "rbac.yaml"].flatMap((file) => ["-f", join(ROOT, "manifests/server", file)]),
    ]);
    if (applied.exitCode !== 0) throw new Error(applied.stderr);
  });

  afterEach(async () => {
    await Promise.all([...running].map((replica) => replica.process.stop(10_000)));
    running.clear();
  });

  afterAll(async () => {
    await api.stop();
  });

  async function start(name: string, options: { readonly args?: readonly string[]; readonly clockShift?: number } = {}) {
    const replica = await startReplicaProcess(api, { name, kubeconfig, ...options });
    running.add(replica);
    return replica;
  }

  async function startTwo(...args: readonly string[]): Promise<readonly [ReplicaProcess, ReplicaProcess]> {
    const both = await Promise.all([start("one", { args }), start("two", { args })]);
    await Promise.all(both.map((each) => each.untilReady()));
    return both;
  }

  async function leaderOf(replicas: readonly ReplicaProcess[]): Promise<ReplicaProcess | null> {
    const isLeading = await Promise.all(replicas.map((each) => each.metric("crdguard_leader")));
    const leaders = replicas.filter((_, index) => isLeading[index] === 1);
    expect(leaders.length).toBeLessThan(2);
    return leaders[0] ?? null;
  }

  async function untilLed(replicas: readonly ReplicaProcess[], timeoutMs: number): Promise<ReplicaProcess> {
    return eventually("one of the replicas leads", async () => (await leaderOf(replicas)) ?? false, { timeoutMs });
  }

  async function secret(): Promise<Secret> {
    const { status, body } = await api.request("GET", SECRET);
    expect(status).toBe(200);
    return body as Secret;
  }

  async function value(key: string): Promise<string> {
    return Buffer.from((await secret()).data?.[key] ?? "", "base64").toString();
  }

  async function events(reason: string): Promise<readonly { readonly note: string; readonly name: string }[]> {
    const { body } = await api.request("GET", "/apis/events.k8s.io/v1/namespaces/crdguard/events");
    const { items } = body as { items: { reason: string; note: string; regarding: { name: string } }[] };
    return items.filter((item) => item.reason === reason).map(({ note, regarding }) => ({ note, name: regarding.name }));
  }

  /** Each replica's certificate, against what the Secret says is to be trusted at that time. */
  async function expectTrusted(replicas: readonly ReplicaProcess[]): Promise<void> {
    const ca = await value("ca.crt");
    const seen = await Promise.all(replicas.map(({ port }) => servedCertificate(port, ca)));
    expect(seen.map(({ distrust }) => distrust)).toEqual(replicas.map(() => null));
  }

  /** And against what the API server goes by. */
  async function expectCallable(replicas: readonly ReplicaProcess[]): Promise<void> {
    const bundles = await Promise.all(
      ["validating", "mutating"].map(async (phase) => {
        const name = phase === "validating" ? "crdguard" : "crdguard-explainer";
        const path = `/apis/admissionregistration.k8s.io/v1/${phase}webhookconfigurations/${name}`;
        const { webhooks } = (await api.request("GET", path)).body as { webhooks: { clientConfig: { caBundle: string } }[] };
        return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle, "base64").toString());
      }),
    );
    for (const bundle of new Set(bundles.flat())) {
      const seen = await Promise.all(replicas.map(({ port }) => servedCertificate(port, bundle)));
      expect(seen.map(({ distrust }) => distrust)).toEqual(replicas.map(() => null));
    }
  }

  it("elects one leader of two, while both answer by certificates of one authority", async () => {
    const both = await startTwo();
    const leader = await untilLed(both, 10_000);

    await expectTrusted(both);
    const [first, second] = await Promise.all(both.map(async ({ port }) => servedCertificate(port, await value("ca.crt"))));
    expect(first?.fingerprint).not.toBe(second?.fingerprint);
    expect((first?.notAfter.getTime() ?? 0) - Date.now()).toBeGreaterThan(167 * 3_600_000);
    await eventually("the Event is there", async () =>
      (await events("LeaderElected")).some(
        ({ name, note }) => name === "crdguard" && note.includes(`Replica ${leader.name} leads`),
      ),
    );
    const leases = await api.kubectl(["get", "leases", "-n", "crdguard", "-o", "name"]);
    expect(leases.stdout.trim().split("\n").toSorted()).toEqual(
      ["crdguard", "crdguard-replica-one", "crdguard-replica-two"].map((name) => `lease.coordination.k8s.io/${name}`),
    );
  });

  it("has another leader within three seconds of a SIGTERM, and the Lease of the one that left is gone", async () => {
    const both = await startTwo();
    const leader = await untilLed(both, 10_000);
    const other = both.find((each) => each !== leader) ?? leader;

    const stopped = leader.process.stop(10_000);
    await untilLed([other], 3_000);
    await stopped;
    const gone = await api.request("GET", `${LEASES}/crdguard-replica-${leader.name}`);
    expect(gone.status).toBe(404);
    await expectTrusted([other]);
  });

  it("has another leader within 17 seconds of a SIGKILL, and not before the Lease has lapsed", async () => {
    const both = await startTwo();
    const leader = await untilLed(both, 10_000);
    const other = both.find((each) => each !== leader) ?? leader;

    const killedAt = Date.now();
    await leader.process.kill9();
    await untilLed([other], 17_500);
    expect(Date.now() - killedAt).toBeGreaterThan(10_000);
  });

  it("has no leader while the Lease says that crdguard is being uninstalled, and one again afterwards", async () => {
    const both = await startTwo();
    await untilLed(both, 20_000);
    const mark = (to: string | null) =>
      api.request("PATCH", `${LEASES}/crdguard`, {
        contentType: "application/merge-patch+json",
        body: { metadata: { annotations: { "crdguard.dev/uninstalling": to } } },
      });

    await mark("true");
    await eventually("nobody leads", async () => (await leaderOf(both)) === null);
    const { body } = await api.request("GET", `${LEASES}/crdguard`);
    expect(body).toMatchObject({
      spec: { holderIdentity: "" },
      metadata: { annotations: { "crdguard.dev/uninstalling": "true" } },
    });
    await sleep(3_000);
    expect(await leaderOf(both)).toBeNull();

    await mark(null);
    await untilLed(both, 10_000);
  });

  it.each<{ readonly title: string; readonly told: string; readonly harm: (found: Secret) => Promise<unknown> }>([
    { title: "deleted", told: "The Secret was deleted.", harm: () => api.request("DELETE", SECRET) },
    {
      title: "emptied",
      told: "The Secret was damaged.",
      harm: () => patchSecret({ "ca.crt": null, "authority.crt": null, "authority.key": null, seal: null }),
    },
    {
      title: "damaged",
      told: "The Secret was damaged.",
      harm: () => patchSecret({ "authority.key": Buffer.from("no key at all").toString("base64") }),
    },
    {
      title: "filled with megabytes",
      told: "The Secret was damaged.",
      harm: () => patchSecret({ "ca.crt": Buffer.alloc(700_000, "-----BEGIN CERTIFICATE-----\n").toString("base64") }),
    },
    {
      title: "made somebody else's",
      told: "The Secret held an authority that crdguard did not put there.",
      async harm() {
        const foreign = await issueAuthority("somebody else", { days: 30, now: new Date() });
        const cert = Buffer.from(foreign.cert).toString("base64");
        await patchSecret({
          "ca.crt": cert,
          "authority.crt": cert,
          "authority.key": Buffer.from(foreign.key).toString("base64"),
        });
      },
    },
    {
      title: "damaged and made immutable",
      told: "The Secret was damaged.",
      harm: () =>
        api.request("PATCH", SECRET, {
          contentType: "application/merge-patch+json",
          body: { immutable: true, data: { "authority.crt": Buffer.from("nothing").toString("base64") } },
        }),
    },
  ])(
    "puts the authority back, with an Event, where its Secret was $title, and no certificate changes",
    async ({ told, harm }) => {
      const both = await startTwo();
      await untilLed(both, 20_000);
      const [before, ca] = [await secret(), await value("ca.crt")];
      const shown = await Promise.all(both.map(({ port }) => servedCertificate(port, ca)));

      await harm(before);

      await eventually("the authority is back", async () => expect(await value("ca.crt")).toBe(ca));
      expect(await Promise.all(both.map(({ port }) => servedCertificate(port, ca)))).toEqual(shown);
      await eventually("the Event is there", async () =>
        (await events("AuthorityRepaired")).some(({ name, note }) => name === "crdguard-authority" && note.startsWith(told)),
      );
    },
  );

  function patchSecret(data: Readonly<Record<string, string | null>>): Promise<unknown> {
    return api.request("PATCH", SECRET, { contentType: "application/merge-patch+json", body: { data } });
  }

  it("makes the authority anew where nobody remembers it, and serves by it at once", async () => {
    const one = await start("one");
    await one.untilReady();
    const before = await value("ca.crt");
    await one.process.stop(10_000);
    await api.request("DELETE", SECRET);

    const again = await start("one");
    await again.untilReady();
    expect(await value("ca.crt")).not.toBe(before);
    await expectTrusted([again]);
  });

  it.each([
    { title: "a year ahead", shift: YEAR },
    { title: "a year behind", shift: -YEAR },
  ])("goes by the API server's clock where its own is set $title, while it runs and at its start", async ({ shift }) => {
    const both = await startTwo();
    const leader = await untilLed(both, 20_000);
    const before = await secret();

    await leader.moveClock(shift);
    const end = Date.now() + 8_000;
    while (Date.now() < end) {
      await expectTrusted(both);
      expect(await Promise.all(both.map((each) => each.isReady()))).toEqual([true, true]);
      await sleep(250);
    }
    await untilLed(both, 10_000);
    const wrong = await start("three", { clockShift: shift });
    await wrong.untilReady();
    await expectTrusted([wrong]);
    expect((await secret()).data).toEqual(before.data);
  });

  it(
    "rotates certificates and authority, by a leader that is killed on the way, and is trusted all the time",
    { timeout: 180_000 },
    async () => {
      await api.request("DELETE", SECRET);
      // The authority is replaced after 60 s, which leaves a new leader half a minute; a certificate after 12.
      const args = [
        "--authority-hours",
        String(90 / 3_600),
        "--certificate-hours",
        String(18 / 3_600),
        "--rotation-hold-seconds",
        "3",
      ];
      const both = await startTwo(...args);
      const first = await value("authority.crt");
      const leader = await untilLed(both, 20_000);
      const seen = new Set<string>();
      const isSwitched = async (): Promise<boolean> =>
        (await value("authority.crt")) !== first && (await value("next.crt")) === "";
      let alive: readonly ReplicaProcess[] = both;

      await eventually("what the first one signs is trusted", () => expectCallable(both));
      const until = Date.now() + 110_000;
      while (Date.now() < until && !(await isSwitched())) {
        if (alive.length === 2 && (await value("next.crt")) !== "") {
          await leader.process.kill9();
          alive = both.filter((each) => each !== leader);
        }
        await expectTrusted(alive);
        for (const { port } of alive) seen.add((await servedCertificate(port, first)).fingerprint);
        await sleep(200);
      }

      expect(await isSwitched()).toBe(true);
      expect(alive).toHaveLength(1);
      expect(seen.size).toBeGreaterThan(3);
      // The one that was killed may still serve, for all that the new leader knows: the old authority stays trusted.
      expect(await value("ca.crt")).toContain(first);
      await expectTrusted(alive);
      await eventually("the Events are there", async () =>
        expect((await events("CertificateRotated")).length).toBeGreaterThan(1),
      );
    },
  );
});
