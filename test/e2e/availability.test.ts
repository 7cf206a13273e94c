import { X509Certificate } from "node:crypto";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest, objectManifest } from "./support/manifests.ts";

const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const GEARS = `${CRDS}/gears.own.dev`;

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
}

describe("when things go wrong", () => {
  let api: ApiServer;

  beforeAll(async () => {
    api = await startApiServer();
  });

  afterAll(async () => {
    await api.stop();
  });

  async function apply(manifest: string, ...flags: readonly string[]) {
    return api.kubectl(["apply", "-f", "-", ...flags], { stdin: manifest });
  }

  /** `gears` with these versions; the first stores. */
  function gears(...names: readonly string[]): string {
    return crdManifest({ plural: "gears", kind: "Gear", versions: names.map((name) => ({ name })), storage: names[0] ?? "v1" });
  }

  async function trim(plural: string) {
    return api.kubectl([
      "patch",
      "crd",
      `${plural}.own.dev`,
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"storedVersions":["v1"]}}',
    ]);
  }

  /** An object stored in v1alpha1 of a CRD that stores v1 by now. */
  async function storedInOldVersion(plural: string, kind: string): Promise<void> {
    const shape = { plural, kind, versions: [{ name: "v1" }, { name: "v1alpha1" }] };
    expect(await apply(crdManifest({ ...shape, storage: "v1alpha1" }))).toMatchObject({ exitCode: 0 });
    await eventually(
      "the object is created",
      async () => (await apply(objectManifest("own.dev/v1alpha1", kind, "old"))).exitCode === 0,
    );
    expect(await apply(crdManifest({ ...shape, storage: "v1" }))).toMatchObject({ exitCode: 0 });
    const [stored] = await api.storedEntries(`/registry/own.dev/${plural}/`);
    expect(stored?.apiVersion).toBe("own.dev/v1alpha1");
  }

  it("without the guard, a trimmed status bricks the resource; with it, the trim is denied", async () => {
    await storedInOldVersion("bricks", "Brick");
    expect(await trim("bricks")).toMatchObject({ exitCode: 0 });
    expect(
      await apply(crdManifest({ plural: "bricks", kind: "Brick", versions: [{ name: "v1" }], storage: "v1" })),
    ).toMatchObject({ exitCode: 0 });
    const broken = await eventually("the objects cannot be read any more", async () => {
      const outcome = await api.kubectl(["get", "bricks.own.dev"]);
      return outcome.exitCode === 0 ? false : outcome.stderr;
    });
    expect(broken).toContain("request to convert CR from an invalid group/version: own.dev/v1alpha1");

    await storedInOldVersion("walls", "Wall");
    const guard = await startGuardProcess(api);
    const { exitCode, stderr } = await trim("walls");
    await guard.process.stop(10_000);

    expect(exitCode).toBe(1);
    expect(stderr).toContain("status.storedVersions[v1alpha1]: stored-version-forgotten:");
    expect(await api.kubectl(["get", "walls.own.dev", "old"])).toMatchObject({ exitCode: 0 });
  });

  it("with the guard down, creates pass and the explainer is silent, all else is refused in its name, until it is back", async () => {
    const guard = await startGuardProcess(api);
    const port = Number(new URL(guard.url).port);
    expect(await apply(gears("v1", "v1alpha1"))).toMatchObject({ exitCode: 0 });
    await guard.process.kill9();

    expect(await apply(crdManifest({ plural: "news", kind: "News", versions: [{ name: "v1" }], storage: "v1" }))).toMatchObject({
      exitCode: 0,
    });
    const update = await apply(gears("v1", "v1alpha1", "v1beta1"));
    expect(update.exitCode).toBe(1);
    expect(update.stderr).toContain('failed calling webhook "changes.crdguard.dev"');
    const deletion = await api.kubectl(["delete", "crd", "news.own.dev", "--wait=false"]);
    expect(deletion.stderr).toContain('failed calling webhook "changes.crdguard.dev"');
    const statusTrim = await trim("walls");
    expect(statusTrim.stderr).toContain('failed calling webhook "changes.crdguard.dev"');
    // The API server's own words, where the explainer would have said more.
    const dropped = await apply(crdManifest({ plural: "walls", kind: "Wall", versions: [{ name: "v1" }], storage: "v1" }));
    expect(dropped.stderr).toContain("missing from spec.versions");
    const label = await api.kubectl(["label", "crd", "gears.own.dev", "team=mill"]);
    expect(label).toMatchObject({ exitCode: 0 });

    const again = await startGuardProcess(api, { port });
    expect(await apply(gears("v1", "v1alpha1", "v1beta1"))).toMatchObject({ exitCode: 0 });
    expect((await trim("walls")).stderr).toContain("stored-version-forgotten");
    await again.process.stop(10_000);
  });

  it("a stop removes the registration, so that nothing waits for a guard that is gone", async () => {
    const guard = await startGuardProcess(api);
    await guard.process.stop(10_000);

    const left = await api.kubectl(["get", "validatingwebhookconfigurations,mutatingwebhookconfigurations", "-o", "name"]);
    expect(left.stdout).toBe("");
    expect(await guard.log()).toContain('"stopped"');
  });

  /** Asks for a harmless change of gears, dry run, again and again from several sides, while something happens. */
  async function underLoad(
    happening: () => Promise<void>,
  ): Promise<{ readonly calls: number; readonly failures: readonly string[] }> {
    const failures: string[] = [];
    let calls = 0;
    let isOver = false;
    const current = (await api.request("GET", GEARS)).body as { spec: { versions: readonly Version[] } };
    const body = {
      ...current,
      spec: {
        ...current.spec,
        versions: [...current.spec.versions, { ...current.spec.versions[0], name: "v9", storage: false }],
      },
    };
    const side = async (): Promise<void> => {
      while (!isOver) {
        const answer = await api.request("PUT", `${GEARS}?dryRun=All`, { body });
        calls += 1;
        if (answer.status !== 200) failures.push(JSON.stringify(answer.body));
      }
    };
    const sides = Array.from({ length: 8 }, side);
    try {
      await happening();
    } finally {
      isOver = true;
      await Promise.all(sides);
    }
    return { calls, failures };
  }

  it("SIGTERM under load loses no call", async () => {
    const guard = await startGuardProcess(api);

    const { calls, failures } = await underLoad(async () => {
      await eventually("the guard is busy", async () => (await guard.reviews()).length > 50);
      await guard.process.stop(15_000);
    });

    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(50);
    expect(await guard.process.exited).toBe("exited with status 0");
  });

  it("a new certificate is served under load, and loses no call", async () => {
    const folder = join(api.workDir, "certs");
    makeCerts(folder, "--host", "127.0.0.1");
    const files = ["tls-cert-file=tls.crt", "tls-private-key-file=tls.key", "tls-ca-file=ca.crt"].map((pair) => {
      const [flag = "", file = ""] = pair.split("=");
      return [`--${flag}`, join(folder, file)];
    });
    const guard = await startGuardProcess(api, { args: files.flat() });
    const fingerprints: string[] = [await servedFingerprint(guard)];

    const { calls, failures } = await underLoad(async () => {
      for (let round = 0; round < 3; round += 1) {
        makeCerts(folder, "--host", "127.0.0.1", "--renew");
        const expected = new X509Certificate(readFileSync(join(folder, "tls.crt"))).fingerprint256;
        await eventually("the new certificate is served", async () => (await servedFingerprint(guard)) === expected);
        fingerprints.push(expected);
      }
    });
    await guard.process.stop(10_000);

    expect(failures).toEqual([]);
    expect(new Set(fingerprints).size).toBe(4);
    expect(calls).toBeGreaterThan(50);
  });

  it("facts recover after the API server was killed: a workload that came meanwhile is known", async () => {
    const guard = await startGuardProcess(api);
    expect(
      await apply(crdManifest({ plural: "spokes", kind: "Spoke", versions: [{ name: "v1" }, { name: "v2" }], storage: "v1" })),
    ).toMatchObject({ exitCode: 0 });
    const withoutV2 = crdManifest({ plural: "spokes", kind: "Spoke", versions: [{ name: "v1" }], storage: "v1" });
    expect(await apply(withoutV2, "--dry-run=server")).toMatchObject({ exitCode: 0 });

    await api.kill9();
    await api.restart();
    await eventually("the API server takes writes", async () => {
      const wheel = deploymentManifest({ name: "wheel", annotations: { "crdguard.dev/requires": "spokes.own.dev/v2" } });
      return (await apply(wheel)).exitCode === 0;
    });

    await eventually(
      "the guard denies for the new workload",
      async () => (await apply(withoutV2, "--dry-run=server")).stderr.includes("Deployment default/wheel"),
      { timeoutMs: 60_000 },
    );
    const restarts = await (await fetch(`${guard.healthUrl}/metrics`)).text();
    expect(restarts).toMatch(/crdguard_watch_restarts_total\{resource="deployments",reason="[a-z-]+"\} [1-9]/);
    await guard.process.stop(10_000);
  });

  it("tells by its probes what it waits for", async () => {
    const guard = await startGuardProcess(api, { isRegistered: false });

    expect(await (await fetch(`${guard.healthUrl}/readyz?verbose`)).text()).toBe(
      "[+]certificate ok\n[+]cluster-synced ok\n[+]not-draining ok\nreadyz check passed\n",
    );
    await guard.process.stop(10_000);
  });

  function makeCerts(folder: string, ...flags: readonly string[]): void {
    const script = join(import.meta.dirname, "../../certs-scripts/make-certs.ts");
    const { status, stderr } = spawnSync(process.execPath, [script, "--out", folder, ...flags], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
  }

  async function servedFingerprint(guard: GuardProcess): Promise<string> {
    const { hostname, port } = new URL(guard.url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
        socket.destroy();
      });
      socket.on("error", reject);
    });
  }
});
