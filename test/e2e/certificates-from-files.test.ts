/**
 * Certificates that come as files, as cert-manager mounts them: what is registered, what is served while the files change under
 * load, and how a Deployment goes from certificates of its own to files and back, on a real API server.
 */
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseHosts } from "../../src/certificates/hosts.ts";
import { issueAuthority, issueServingCertificate, type KeyAndCertificate } from "../../src/certificates/issue.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { servedCertificate } from "./support/replica-process.ts";
import { leaderOf, prepareNamespace, type Replica, type ReplicaOptions, startReplica } from "./support/replicas.ts";
import { type ServiceStandIn, startServiceStandIn } from "./support/service-stand-in.ts";
import { type LoadResult, prepareLoad, underLoad, untilGuarded } from "./support/steady-load.ts";

const REGISTRATION = "/apis/admissionregistration.k8s.io/v1";
const VALIDATING = `${REGISTRATION}/validatingwebhookconfigurations/crdguard`;
const MUTATING = `${REGISTRATION}/mutatingwebhookconfigurations/crdguard-explainer`;
const NOTHING = { failures: [], wrong: [] } as const;
/** Shorter than by default, as the API server that is one process sees a changed registration within a second. */
const HOLD = ["--rotation-hold-seconds", "3"] as const;

interface Configuration {
  readonly metadata: { readonly generation: number };
  readonly webhooks: readonly {
    readonly name: string;
    readonly failurePolicy: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

describe("certificates from files", () => {
  let api: ApiServer;
  let service: ServiceStandIn;
  let folder: MountedSecret;
  let replicas: Replica[] = [];
  let started = 0;

  beforeAll(async () => {
    api = await startApiServer();
    await prepareNamespace(api);
    await prepareLoad(api);
  });

  beforeEach(async () => {
    service = await startServiceStandIn();
    folder = await mountSecret(join(api.workDir, `mounted-${String(started)}`));
  });

  afterEach(async () => {
    await Promise.all(replicas.map((replica) => replica.process.stop(15_000)));
    replicas = [];
    await service.close();
    for (const path of [VALIDATING, MUTATING, "/api/v1/namespaces/crdguard/secrets/crdguard-authority"]) {
      await api.request("DELETE", path);
    }
  });

  afterAll(async () => {
    await api.stop();
  });

  async function add(args: readonly string[], options: Partial<ReplicaOptions> = {}): Promise<Replica> {
    started += 1;
    const replica = await startReplica(api, service, { name: `f${String(started)}`, args: [...HOLD, ...args], ...options });
    replicas.push(replica);
    return replica;
  }

  async function remove(replica: Replica): Promise<void> {
    replicas = replicas.filter((each) => each !== replica);
    await replica.process.stop(30_000);
  }

  function fromFiles(from: MountedSecret, ...more: readonly string[]): readonly string[] {
    return ["--tls-cert-file", from.file("tls.crt"), "--tls-private-key-file", from.file("tls.key"), ...more];
  }

  function withAuthority(from: MountedSecret = folder): readonly string[] {
    return fromFiles(from, "--tls-ca-file", from.file("ca.crt"));
  }

  async function configuration(path: string): Promise<Configuration> {
    const { status, body } = await api.request("GET", path);
    if (status !== 200) throw new Error(`${path}: ${String(status)}`);
    return body as Configuration;
  }

  /** PEM, of each webhook of both configurations. */
  async function bundles(): Promise<readonly string[]> {
    const both = await Promise.all([VALIDATING, MUTATING].map(configuration));
    return both.flatMap(({ webhooks }) =>
      webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? "", "base64").toString()),
    );
  }

  async function untilFailingClosed(): Promise<void> {
    await eventually("it fails closed", async () => (await configuration(VALIDATING)).webhooks[0]?.failurePolicy === "Fail", {
      timeoutMs: 60_000,
      intervalMs: 200,
    });
  }

  async function untilAllServe(pair: Issued): Promise<void> {
    await eventually(
      "each replica serves by the new pair",
      async () => {
        const seen = await Promise.all(replicas.map(({ port }) => servedCertificate(port, pair.authority.cert)));
        expect(seen.map(({ distrust }) => distrust)).toEqual(replicas.map(() => null));
      },
      { timeoutMs: 60_000, intervalMs: 200 },
    );
  }

  it("registers with the authority of the file, denies, and has one leader of two; both serve by the pair", async () => {
    const pair = await folder.write(await issue());
    await add(withAuthority());
    await add(withAuthority());
    await untilFailingClosed();
    await untilGuarded(api);

    expect(new Set(await bundles())).toEqual(new Set([pair.authority.cert]));
    await leaderOf(replicas);
    await untilAllServe(pair);
    const secret = await api.request("GET", "/api/v1/namespaces/crdguard/secrets/crdguard-authority");
    expect(secret.status).toBe(404);
  });

  it("replaces authority and pair under load, in the pod that leads last, and is trusted all the time", async () => {
    const first = await issue();
    const folders = new Map<Replica, MountedSecret>();
    for (const name of ["one", "two"]) {
      const own = await mountSecret(join(api.workDir, `mounted-${name}`));
      await own.write(first);
      folders.set(await add(withAuthority(own)), own);
    }
    await untilFailingClosed();
    await untilGuarded(api);
    const leader = await leaderOf(replicas);
    let isOver = false;
    const untrusted: string[] = [];
    // Calls go over connections that stay open: each handshake that there could be is made beside them.
    const watching = (async () => {
      while (!isOver) {
        for (const bundle of new Set(await bundles())) {
          const seen = await Promise.all(replicas.map(({ port }) => servedCertificate(port, bundle)));
          untrusted.push(...seen.flatMap(({ distrust }) => distrust ?? []));
        }
        await sleep(50);
      }
    })();

    const lost = await underLoad(
      api,
      async () => {
        for (let round = 0; round < 2; round += 1) {
          const next = await issue();
          for (const [replica, own] of folders) if (replica !== leader) await own.write(next);
          await sleep(6_000);
          await folders.get(leader)?.write(next);
          await untilAllServe(next);
          if (round === 0) continue;
          // The same authority, as cert-manager renews a pair: nothing has to be waited for.
          const renewed = await issue(next.authority);
          for (const own of folders.values()) await own.write(renewed);
          await eventually("the renewed pair is served", async () =>
            expect(await fingerprints(renewed)).toEqual(replicas.map(() => renewed.fingerprint)),
          );
        }
      },
      { atLeast: 500 },
    );
    isOver = true;
    await watching;

    expect(pickLost(lost)).toEqual(NOTHING);
    expect(untrusted).toEqual([]);
    // The first one is trusted for a day yet: other pods might still serve by it.
    for (const bundle of await bundles()) expect(bundle).toContain(first.authority.cert);
  });

  async function fingerprints(pair: Issued): Promise<readonly string[]> {
    const seen = await Promise.all(replicas.map(({ port }) => servedCertificate(port, pair.authority.cert)));
    return seen.map(({ fingerprint }) => fingerprint);
  }

  it.each([
    { title: "a certificate that is none", file: "tls.crt", code: "certificate-malformed" },
    { title: "a key of another certificate", file: "tls.key", code: "key-mismatch" },
    { title: "an authority that is none", file: "ca.crt", code: "certificate-malformed" },
    { title: "an authority that is gone", file: "ca.crt", code: "certificate-unreadable" },
  ] as const)("keeps what it has, and says so once, where the files have $title", async ({ title, file, code }) => {
    const good = await folder.write(await issue());
    const replica = await add(withAuthority());
    await untilFailingClosed();
    await untilGuarded(api);
    const before = await bundles();

    const other = await issue();
    const content = title.endsWith("gone") ? null : file === "tls.key" ? other.pair.key : "nothing of the kind\n";
    await folder.write(good, { [file]: content });
    const lines = async () => (await replica.log()).split("\n").filter((line) => line.includes(`"code":"${code}"`));
    await eventually("the log tells", async () => (await lines()).length > 0);
    await sleep(5_000);

    expect(await lines()).toHaveLength(1);
    expect(await bundles()).toEqual(before);
    expect(await fingerprints(good)).toEqual([good.fingerprint]);
    expect(await replica.isReady()).toBe(true);
    await untilGuarded(api);
  });

  it("leaves caBundle alone where another writes it, from its first moment on, and fails closed all the same", async () => {
    const pair = await folder.write(await issue());
    await add(fromFiles(folder, "--ca-bundle", "external"));
    const first = await eventually("it is registered", () => configuration(VALIDATING), { timeoutMs: 60_000 });
    expect(first.webhooks.map(({ clientConfig }) => clientConfig.caBundle)).toEqual([undefined, undefined, undefined]);
    await eventually("the explainer is registered", () => configuration(MUTATING));

    await inject(pair.authority.cert);
    await untilFailingClosed();
    await untilGuarded(api);
    expect(new Set(await bundles())).toEqual(new Set([pair.authority.cert]));

    // Edited by the other, and something of ours beside it, which is put right: what is the other's stays.
    const edited = `${pair.authority.cert}${(await issue()).authority.cert}`;
    await inject(edited);
    await api.request("PATCH", VALIDATING, {
      contentType: "application/json-patch+json",
      body: [{ op: "replace", path: "/webhooks/1/failurePolicy", value: "Fail" }],
    });
    await eventually("what is ours is put right", async () =>
      expect((await configuration(VALIDATING)).webhooks[1]?.failurePolicy).toBe("Ignore"),
    );
    // A whole look anew, by which each kept object is compared with the API server's.
    await sleep(10_000);
    expect(new Set(await bundles())).toEqual(new Set([edited]));
    expect((await configuration(VALIDATING)).webhooks[0]?.failurePolicy).toBe("Fail");
    await untilGuarded(api);
  });

  /** As cert-manager's cainjector does it. */
  async function inject(pem: string): Promise<void> {
    const caBundle = Buffer.from(pem).toString("base64");
    for (const path of [VALIDATING, MUTATING]) {
      const found = await configuration(path);
      const webhooks = found.webhooks.map((webhook) => ({ ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } }));
      const { status } = await api.request("PUT", `${path}?fieldManager=cainjector`, { body: { ...found, webhooks } });
      expect(status).toBe(200);
    }
  }

  it("goes from certificates of its own to files and back, by rolling restarts under load, and loses no call", async () => {
    await folder.write(await issue());
    await add([]);
    await add([]);
    await untilFailingClosed();
    await untilGuarded(api);

    const lost = await underLoad(api, async () => {
      for (const way of [withAuthority(), []]) {
        for (const old of replicas) {
          await add(way);
          await remove(old);
        }
        await leaderOf(replicas);
      }
    });

    expect(pickLost(lost)).toEqual(NOTHING);
    await untilGuarded(api);
  });
});

function pickLost({ failures, wrong }: LoadResult): Pick<LoadResult, "failures" | "wrong"> {
  return { failures, wrong };
}

interface Issued {
  readonly authority: KeyAndCertificate;
  readonly pair: KeyAndCertificate;
  readonly fingerprint: string;
}

async function issue(by?: KeyAndCertificate): Promise<Issued> {
  const { X509Certificate } = await import("node:crypto");
  const now = new Date();
  const hosts = parseHosts(["127.0.0.1"]);
  if (!hosts.ok) throw new Error(hosts.error.message);
  const authority = by ?? (await issueAuthority(`from files ${now.toISOString()}`, { days: 30, now }));
  const pair = await issueServingCertificate(hosts.value, { days: 10, now }, authority);
  return { authority, pair, fingerprint: new X509Certificate(pair.cert).fingerprint256 };
}

interface MountedSecret {
  file(name: string): string;
  /** All at once. `instead`: other contents; null: no such file. */
  write(issued: Issued, instead?: Readonly<Record<string, string | null>>): Promise<Issued>;
}

/** A folder that changes as that of a mounted Secret: files are links through one link, which is replaced. */
async function mountSecret(path: string): Promise<MountedSecret> {
  let version = 0;
  await mkdir(path, { recursive: true });
  for (const name of ["tls.crt", "tls.key", "ca.crt"]) await symlink(join("..data", name), join(path, name));
  return {
    file: (name) => join(path, name),
    async write(issued, instead = {}) {
      version += 1;
      const own = join(path, `..version-${String(version)}`);
      await mkdir(own);
      const contents = { "tls.crt": issued.pair.cert, "tls.key": issued.pair.key, "ca.crt": issued.authority.cert, ...instead };
      for (const [name, content] of Object.entries(contents)) if (content !== null) await writeFile(join(own, name), content);
      await rm(join(path, "..data-next"), { force: true });
      await symlink(`..version-${String(version)}`, join(path, "..data-next"));
      await rename(join(path, "..data-next"), join(path, "..data"));
      return issued;
    },
  };
}
