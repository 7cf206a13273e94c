/**
 * What may go wrong, done to a guard that keeps itself installed, on a real API server. Two replicas stand behind a stand-in for
 * their Service; eight askers at a time ask for one change that must pass and one that must be denied.
 */
import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueAuthority } from "../../src/certificates/issue.ts";
import { isRecord } from "../../src/crd/is-record.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CuttableLine, startCuttableLine } from "./support/cuttable-line.ts";
import { eventually } from "./support/eventually.ts";
import { documentedFaults, type FaultRow } from "./support/fault-table.ts";
import { crdManifest, deploymentManifest } from "./support/manifests.ts";
import { leaderOf, NAMESPACE, prepareNamespace, type Replica, type ReplicaOptions, startReplica } from "./support/replicas.ts";
import { type ServiceStandIn, startServiceStandIn } from "./support/service-stand-in.ts";
import { type LoadResult, prepareLoad, underLoad, untilGuarded } from "./support/steady-load.ts";

const VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/crdguard";
const MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/crdguard-explainer";
const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/crdguard-authority`;
const POLICY = "/apis/crdguard.dev/v1alpha1/guardpolicies/default";
type Lost = Pick<LoadResult, "failures" | "wrong">;

const NOTHING = { failures: [], wrong: [] } as const;
const MERGE = { contentType: "application/merge-patch+json" } as const;

describe("a guard that keeps itself installed", () => {
  let api: ApiServer;
  let service: ServiceStandIn;
  let line: CuttableLine;
  let kubeconfig: string;
  let replicas: Replica[] = [];
  let started = 0;
  const rows: FaultRow[] = [];

  beforeAll(async () => {
    api = await startApiServer();
    await prepareNamespace(api);
    service = await startServiceStandIn();
    line = await startCuttableLine(api.url);
    kubeconfig = join(api.workDir, "kubeconfig-by-line.yaml");
    const direct = await readFile(api.kubeconfigPath, "utf8");
    await writeFile(kubeconfig, direct.replaceAll(api.url, line.url), { mode: 0o600 });
    await prepareLoad(api);
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.process.stop(15_000)));
    await line.close();
    await service.close();
    await api.stop();
  });

  async function addReplica(options: Partial<ReplicaOptions> = {}): Promise<Replica> {
    started += 1;
    const replica = await startReplica(api, service, {
      name: `r${String(started)}`,
      kubeconfig,
      nodeArgs: ["--import", join(import.meta.dirname, "support/shifted-clock.mjs")],
      env: { CRDGUARD_CLOCK_SHIFT_FILE: join(api.workDir, "clock-shift") },
      ...options,
      args: ["--rotation-hold-seconds", "3", ...(options.args ?? [])],
    });
    replicas.push(replica);
    return replica;
  }

  async function removeReplica(replica: Replica, how: "stop" | "kill9"): Promise<void> {
    replicas = replicas.filter((each) => each !== replica);
    await (how === "stop" ? replica.process.stop(30_000) : replica.process.kill9());
  }

  /** Does it, waits until it is mended, and writes it down; returns what was lost of the load, null where there was none. */
  async function fault(
    row: Omit<FaultRow, "seconds">,
    {
      happens,
      isMended,
      isQuiet = false,
    }: { happens: () => Promise<unknown>; isMended: () => Promise<unknown>; isQuiet?: boolean },
  ): Promise<Lost | null> {
    let seconds = 0;
    const whole = async (): Promise<void> => {
      const startedAt = performance.now();
      await happens();
      await eventually(`${row.fault}: mended`, async () => (await isMended()) !== false, { timeoutMs: 90_000, intervalMs: 100 });
      seconds = (performance.now() - startedAt) / 1_000;
    };
    let lost: Lost | null = null;
    if (isQuiet) await whole();
    else lost = pickLost(await underLoad(api, whole));
    await untilGuarded(api);
    rows.push({ ...row, seconds });
    return lost;
  }

  async function read(path: string): Promise<Readonly<Record<string, unknown>>> {
    const { status, body } = await api.request("GET", path);
    if (status !== 200 || !isRecord(body)) throw new Error(`${path}: ${String(status)}`);
    return body;
  }

  /** Each entry of both configurations, by name. */
  async function webhooks(): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
    const both = await Promise.all([VALIDATING, MUTATING].map(read));
    const entries = both.flatMap(({ webhooks: list }) => (Array.isArray(list) ? list.filter(isRecord) : []));
    return new Map(entries.map((entry) => [String(entry["name"]), entry]));
  }

  async function uidOf(path: string): Promise<string> {
    const { metadata } = await read(path);
    return isRecord(metadata) ? String(metadata["uid"]) : "";
  }

  async function caBundles(): Promise<readonly string[]> {
    return [...(await webhooks()).values()].map(({ clientConfig }) =>
      isRecord(clientConfig) && typeof clientConfig["caBundle"] === "string"
        ? Buffer.from(clientConfig["caBundle"], "base64").toString()
        : "",
    );
  }

  async function authorities(): Promise<readonly X509Certificate[]> {
    const [bundle = ""] = await caBundles();
    const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    return blocks.map((block) => new X509Certificate(block));
  }

  /** How often it was told, in one Event or several. */
  async function told(reason: string): Promise<number> {
    const { items } = await read("/apis/events.k8s.io/v1/events");
    const events = (Array.isArray(items) ? items.filter(isRecord) : []).filter((event) => event["reason"] === reason);
    return events.reduce((sum, { series }) => sum + (isRecord(series) ? Number(series["count"]) : 1), 0);
  }

  it("starts on an empty cluster and ends with everything in place", async () => {
    const startedAt = performance.now();
    await addReplica();
    await addReplica();
    await eventually(
      "the registration enforces",
      async () => (await webhooks()).get("changes.crdguard.dev")?.["failurePolicy"] === "Fail",
      {
        timeoutMs: 60_000,
      },
    );
    rows.push({
      fault: "an empty cluster",
      outcome: "authority, leader, policy and registration are there, and it fails closed",
      seconds: (performance.now() - startedAt) / 1_000,
    });
    await untilGuarded(api);

    const policies = [...(await webhooks())].map(([name, { failurePolicy }]) => [name, failurePolicy]);
    expect(Object.fromEntries(policies)).toEqual({
      "changes.crdguard.dev": "Fail",
      "creates.crdguard.dev": "Ignore",
      "own.crdguard.dev": "Ignore",
      "explain.crdguard.dev": "Ignore",
    });
    expect(await authorities()).toHaveLength(1);
    expect((await caBundles()).every((bundle, _, [first]) => bundle === first)).toBe(true);
    expect(await read(POLICY)).toMatchObject({ kind: "GuardPolicy" });
    await leaderOf(replicas);
    const { stdout } = await api.kubectl(["get", "leases", "-n", NAMESPACE, "-o", "name"]);
    expect(stdout.trim().split("\n").toSorted()).toEqual([
      "lease.coordination.k8s.io/crdguard",
      "lease.coordination.k8s.io/crdguard-replica-r1",
      "lease.coordination.k8s.io/crdguard-replica-r2",
    ]);
  });

  it("puts the authority's Secret back when it is deleted, the same one, so that nobody notices", async () => {
    const [before] = await authorities();
    const lost = await fault(
      { fault: "the authority's Secret is deleted", outcome: "the leader writes it again from memory; no call lost" },
      { happens: () => api.request("DELETE", SECRET), isMended: () => read(SECRET) },
    );

    expect(lost).toEqual(NOTHING);

    expect((await authorities()).map(({ fingerprint256 }) => fingerprint256)).toContain(before?.fingerprint256);
  });

  it.each([
    ["corrupt", { "tls.crt": "bm8=", "tls.key": "bm8=", "ca.crt": "bm8=" }],
    ["emptied", null],
  ])("repairs the authority's Secret when it is %s", async (word, data) => {
    const before = await read(SECRET);
    const secret = isRecord(before["data"]) ? before["data"] : {};
    const broken = data === null ? null : Object.fromEntries(Object.keys(secret).map((key) => [key, "bm8="]));
    const repairs = await told("AuthorityRepaired");
    const lost = await fault(
      { fault: `the authority's Secret is ${word}`, outcome: "repaired, with an Event; no call lost" },
      {
        happens: () => api.request("PATCH", SECRET, { ...MERGE, body: { data: broken } }),
        isMended: async () => {
          const { data: now } = await read(SECRET);
          return isRecord(now) && Object.values(now).length > 0 && !Object.values(now).includes("bm8=");
        },
      },
    );

    expect(lost).toEqual(NOTHING);

    await eventually("an Event tells", async () => (await told("AuthorityRepaired")) > repairs);
  });

  it("does not use an authority that somebody else puts into the Secret", async () => {
    const before = await read(SECRET);
    const { cert, key } = await issueAuthority("somebody else's", { days: 365, now: new Date() });
    const encoded = (text: string): string => Buffer.from(text).toString("base64");
    const data = { "ca.crt": encoded(cert), "authority.crt": encoded(cert), "authority.key": encoded(key) };
    const lost = await fault(
      {
        fault: "the authority's Secret holds another's authority",
        outcome: "the own one is put back, with an Event; no call lost",
      },
      {
        happens: () => api.request("PATCH", SECRET, { ...MERGE, body: { data } }),
        isMended: async () => JSON.stringify((await read(SECRET))["data"]) === JSON.stringify(before["data"]),
      },
    );

    expect(lost).toEqual(NOTHING);
    expect(await authorities()).toHaveLength(1);
  });

  it("replaces the authority when somebody asks for another one", async () => {
    const [before] = await authorities();
    const asked = new Date().toISOString().replace(/\.\d+/, "");
    const lost = await fault(
      {
        fault: "another authority is asked for, as for a key that got out",
        outcome: "made, published, served by; the old one is no longer trusted; no call lost",
      },
      {
        happens: () =>
          api.kubectl(["annotate", "secret", "crdguard-authority", "-n", NAMESPACE, `crdguard.dev/replace-before=${asked}`]),
        isMended: async () => {
          const [only, ...others] = await authorities();
          return only !== undefined && others.length === 0 && only.fingerprint256 !== before?.fingerprint256;
        },
      },
    );

    expect(lost).toEqual(NOTHING);
  });

  it("repairs each field of the registration that is its own", async () => {
    for (const [what, webhook] of [
      ["the registration is emptied of its rules", { rules: [] }],
      ["the registration's caBundle is taken away", { clientConfig: { caBundle: null } }],
    ] as const) {
      await fault(
        { fault: what, outcome: "repaired; until then the API server does as it was told" },
        {
          isQuiet: true,
          happens: async () => {
            const { webhooks: list } = await read(VALIDATING);
            const edited = (Array.isArray(list) ? list.filter(isRecord) : []).map((entry) =>
              entry["name"] === "changes.crdguard.dev"
                ? {
                    ...entry,
                    ...webhook,
                    ...("clientConfig" in webhook
                      ? { clientConfig: { ...(entry["clientConfig"] as object), caBundle: null } }
                      : {}),
                  }
                : entry,
            );
            expect(await api.request("PATCH", VALIDATING, { ...MERGE, body: { webhooks: edited } })).toMatchObject({
              status: 200,
            });
          },
          isMended: async () => {
            const entry = (await webhooks()).get("changes.crdguard.dev");
            const clientConfig = isRecord(entry?.["clientConfig"]) ? entry["clientConfig"] : {};
            return Array.isArray(entry?.["rules"]) && entry["rules"].length === 2 && clientConfig["caBundle"] !== undefined;
          },
        },
      );
      expect(await told("RegistrationRepaired")).toBeGreaterThan(0);
    }
  });

  it("makes the registration again when it is deleted, and has it enforce once it is proven", async () => {
    for (const [what, path, outcome] of [
      ["the registration is deleted", VALIDATING, "made again, open at first, closed once the API server was seen to reach it"],
      ["the explainer's registration is deleted", MUTATING, "made again; the API server refuses the same meanwhile, unexplained"],
    ] as const) {
      const before = await uidOf(path);
      await fault(
        { fault: what, outcome },
        {
          isQuiet: true,
          happens: () => api.request("DELETE", path),
          isMended: async () =>
            (await uidOf(path)) !== before && (await webhooks()).get("changes.crdguard.dev")?.["failurePolicy"] === "Fail",
        },
      );
      expect((await webhooks()).size).toBe(4);
    }
  });

  it("makes the default policy again when it is deleted", async () => {
    const before = await uidOf(POLICY);
    const lost = await fault(
      { fault: "the default policy is deleted", outcome: "made again, with an Event; reviews go by built-in defaults meanwhile" },
      { happens: () => api.request("DELETE", POLICY), isMended: async () => (await uidOf(POLICY)) !== before },
    );

    expect(lost).toEqual(NOTHING);
  });

  it("survives a line to the API server that is cut", async () => {
    const lost = await fault(
      {
        fault: "every connection to the API server is reset",
        outcome: "watches begin again; a workload that came meanwhile is known",
      },
      {
        happens: async () => {
          line.reset();
          const wheel = deploymentManifest({ name: "wheel", annotations: { "crdguard.dev/requires": "cogs.load.dev/v2" } });
          await api.kubectl(["apply", "-f", "-"], { stdin: wheel });
        },
        isMended: async () => {
          const deny = await api.kubectl(["delete", "crd", "cogs.load.dev", "--dry-run=server"]);
          return deny.stderr.includes("Deployment default/wheel");
        },
      },
    );

    expect(lost).toEqual(NOTHING);
  });

  it("answers on when nothing comes from the API server any more, and nobody says so", async () => {
    const lost = await fault(
      {
        fault: "all lines to the API server are silent for half a minute",
        outcome: "nobody leads; reviews are answered by what is known; no call lost",
      },
      {
        happens: async () => {
          line.silence();
          await sleep(30_000);
          line.mend();
        },
        isMended: () => leaderOf(replicas, 1_000),
      },
    );

    expect(lost).toEqual(NOTHING);
  });

  it("hands over leadership in order at a rolling restart, loses no call, and keeps what a user wrote into the default policy", async () => {
    const edit = { metadata: { labels: { team: "mill" } }, spec: { rules: [{ id: "objects-deleted", enforcement: "warn" }] } };
    expect(await api.request("PATCH", POLICY, { ...MERGE, body: edit })).toMatchObject({ status: 200 });
    const old = [...replicas];
    const lost = await fault(
      { fault: "a rolling restart of all replicas, as at an upgrade", outcome: "no call lost; the lease is released at once" },
      {
        happens: async () => {
          for (const replica of old) {
            await addReplica();
            await removeReplica(replica, "stop");
          }
        },
        isMended: () => leaderOf(replicas),
      },
    );

    expect(lost).toEqual(NOTHING);
    expect(await read(POLICY)).toMatchObject(edit);
  });

  it("elects another leader when one dies without a word", async () => {
    const old = [...replicas];
    const leader = await addReplica({ isOutsideService: true });
    for (const replica of old) await removeReplica(replica, "stop");
    expect(await leaderOf(replicas)).toBe(leader);
    await Promise.all([addReplica(), addReplica()]);

    const lost = await fault(
      {
        fault: "the leader is killed while others answer",
        outcome: "another one leads once the lease has run out; no call lost",
      },
      { happens: () => removeReplica(leader, "kill9"), isMended: () => leaderOf(replicas, 1_000) },
    );

    expect(lost).toEqual(NOTHING);
  });

  it("loses no more than the calls under way when a replica is killed with them", async () => {
    const [victim] = replicas;
    if (victim === undefined) throw new Error("no replica");
    const startedAt = performance.now();
    const load = await underLoad(
      api,
      async () => {
        await removeReplica(victim, "kill9");
        await addReplica();
      },
      { atLeast: 300 },
    );

    // Under way with it: at most one for each asker. They fail closed, and nothing passes that must not.
    expect(load.wrong).toEqual([]);
    expect(load.failures.length).toBeLessThanOrEqual(8);
    expect(load.failures.every((failure) => failure.includes("failed calling webhook"))).toBe(true);
    rows.push({
      fault: "a replica is killed with calls under way",
      outcome: "these are refused by the API server, at most one for each asker; none passes unjudged",
      seconds: (performance.now() - startedAt) / 1_000,
    });
    await leaderOf(replicas);
  });

  it.each([
    ["ahead", 1],
    ["back", -1],
  ])("goes on when the clocks of all replicas are set %s by a year, and when they are set right again", async (word, years) => {
    const set = (milliseconds: number): Promise<void> => writeFile(join(api.workDir, "clock-shift"), String(milliseconds));
    const seen = async (): Promise<boolean> => {
      // The file is read five times a second, certificates are looked at every few seconds.
      await sleep(12_000);
      return (await Promise.all(replicas.map((replica) => replica.isReady()))).every(Boolean);
    };
    const lost = await fault(
      {
        fault: `the clocks of all replicas are set ${word} by a year`,
        outcome: "certificates go by the API server's clock; no call lost",
      },
      { happens: () => set(years * 365 * 86_400_000), isMended: seen },
    );
    expect(lost).toEqual(NOTHING);

    const load = await underLoad(api, async () => {
      await set(0);
      await eventually("all are ready", seen, { timeoutMs: 60_000 });
    });
    expect(pickLost(load)).toEqual(NOTHING);
  });

  it("guards again after the API server was killed", async () => {
    await fault(
      { fault: "the API server is killed and starts again", outcome: "watched and led again; nothing is written twice" },
      {
        isQuiet: true,
        happens: async () => {
          await api.kill9();
          await api.restart();
        },
        isMended: async () => {
          await untilGuarded(api);
          return leaderOf(replicas);
        },
      },
    );
    expect(await Promise.all(replicas.map((replica) => replica.isReady()))).not.toContain(false);
  });

  it("with all replicas down, lets through what cannot wait, and refuses the rest in its name", async () => {
    await Promise.all(replicas.map((replica) => replica.process.kill9()));
    replicas = [];

    const news = crdManifest({ plural: "news", kind: "News", versions: [{ name: "v1" }], storage: "v1" });
    expect(await api.kubectl(["apply", "-f", "-"], { stdin: news })).toMatchObject({ exitCode: 0 });
    expect(await api.kubectl(["label", "crd", "cogs.load.dev", "team=mill"])).toMatchObject({ exitCode: 0 });
    const pod = deploymentManifest({ name: "anything" });
    expect(await api.kubectl(["apply", "-f", "-"], { stdin: pod })).toMatchObject({ exitCode: 0 });
    // Our own definitions: an upgrade of crdguard must never wait for crdguard.
    const own = await api.kubectl([
      "patch",
      "crd",
      "guardpolicies.crdguard.dev",
      "--type=json",
      "-p",
      '[{"op":"add","path":"/spec/names/categories","value":["guards"]}]',
    ]);
    expect(own).toMatchObject({ exitCode: 0 });
    const { stderr } = await api.kubectl(["delete", "crd", "news.own.dev", "--wait=false"]);
    expect(stderr).toContain('failed calling webhook "changes.crdguard.dev"');

    await fault(
      { fault: "all replicas are down, then start", outcome: "changes and deletions of CRDs wait for them; nothing else does" },
      { isQuiet: true, happens: () => Promise.all([addReplica(), addReplica()]), isMended: () => leaderOf(replicas) },
    );
    expect(await api.kubectl(["delete", "crd", "news.own.dev", "--wait=false"])).toMatchObject({ exitCode: 0 });
  });

  it("starts over an authority that has expired meanwhile", async () => {
    await Promise.all(replicas.map((replica) => replica.process.stop(30_000)));
    replicas = [];
    await api.request("DELETE", SECRET);
    const short = await addReplica({ args: ["--authority-hours", "0.006", "--certificate-hours", "0.005"] });
    await untilGuarded(api);
    const expiring = newest(await authorities());
    await removeReplica(short, "kill9");
    const seconds = (expiring.validToDate.getTime() - Date.now()) / 1_000;
    expect(seconds).toBeLessThan(60);
    await sleep(Math.max(0, seconds + 1) * 1_000);

    await fault(
      {
        fault: "servers start when certificate and authority expired long ago, after a crash",
        outcome: "an authority is made anew and used at once; nothing is waited for",
      },
      { isQuiet: true, happens: () => Promise.all([addReplica(), addReplica()]), isMended: () => untilGuarded(api, 1_000) },
    );
    expect(newest(await authorities()).fingerprint256).not.toBe(expiring.fingerprint256);
  });

  it("answers ten thousand reviews rightly under two rotations, the death of the leader and a rolling restart", async () => {
    for (const replica of replicas.slice()) await removeReplica(replica, "stop");
    await api.request("DELETE", SECRET);
    // Authorities are replaced after 72 seconds, certificates after 48.
    const args = ["--authority-hours", "0.03", "--certificate-hours", "0.02"];
    const leader = await addReplica({ args, isOutsideService: true });
    const old = await Promise.all([addReplica({ args }), addReplica({ args })]);
    await untilGuarded(api);
    expect(await leaderOf(replicas)).toBe(leader);

    const seen = new Set<string>();
    /** So many have taken over from the first one, and every replica serves by the newest. */
    const rotations = async (count: number): Promise<void> => {
      await eventually(
        `${String(count)} rotations`,
        async () => {
          const trusted = await authorities();
          for (const { fingerprint256 } of trusted) seen.add(fingerprint256);
          const { publicKey } = newest(trusted);
          const served = await Promise.all(replicas.map(servedCertificate));
          return seen.size > count && served.every((leaf) => leaf.verify(publicKey));
        },
        { timeoutMs: 300_000, intervalMs: 500 },
      );
    };
    const load = await underLoad(
      api,
      async () => {
        await rotations(0);
        await removeReplica(leader, "kill9");
        await rotations(1);
        for (const replica of old) {
          await addReplica({ args });
          await removeReplica(replica, "stop");
        }
        await rotations(2);
      },
      { atLeast: 10_000 },
    );

    expect(pickLost(load)).toEqual(NOTHING);
    expect(load.calls).toBeGreaterThanOrEqual(10_000);
    expect(seen.size).toBeGreaterThanOrEqual(3);
    rows.push({
      fault: "ten thousand reviews under two rotations of the authority, the death of the leader and a rolling restart",
      outcome: "none failed, none was answered wrongly",
      seconds: load.seconds,
    });
  }, 900_000);

  it("documents what these tests saw", async () => {
    expect(await documentedFaults(rows)).toEqual(rows.map(({ fault: title, outcome }) => ({ fault: title, outcome })));
  });
});

function pickLost({ failures, wrong }: LoadResult): Lost {
  return { failures, wrong };
}

async function servedCertificate({ port }: Replica): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      const leaf = socket.getPeerX509Certificate();
      socket.destroy();
      if (leaf === undefined) reject(new Error("no certificate"));
      else resolve(leaf);
    });
    socket.on("error", reject);
  });
}

/** @throws Error where there is none. */
function newest(authorities: readonly X509Certificate[]): X509Certificate {
  const [first] = authorities.toSorted((left, right) => right.validFromDate.getTime() - left.validFromDate.getTime());
  if (first === undefined) throw new Error("no authority is trusted");
  return first;
}
