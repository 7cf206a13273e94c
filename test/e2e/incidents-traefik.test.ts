import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { deploymentManifest } from "./support/manifests.ts";
import { commandsOf, paste } from "./support/remedies.ts";
import { sharedPath } from "./support/shared.ts";

const crds = sharedPath("crds/traefik/v2.11.0");
const ROUTES = "ingressroutes.traefik.containo.us";
const TRAEFIK = ["-n", "traefik", "deployment/traefik"];

/** traefik/traefik-helm-chart#995. */
describe.skipIf(crds === null)("deleting the traefik.containo.us CRDs under Traefik 2.11, on a real API server", () => {
  let api: ApiServer;
  let guard: GuardProcess;

  beforeAll(async () => {
    api = await startApiServer();
    await done(["apply", "--server-side", "-f", String(crds)]);
    await done(["create", "namespace", "traefik"]);
    await done(["create", "-f", "-"], WORKLOAD);
    guard = await startGuardProcess(api);
  });

  afterAll(async () => {
    await guard.process.stop(10_000);
    await api.stop();
  });

  beforeEach(async () => {
    await done(["replace", "-f", "-"], WORKLOAD);
    await eventually("the deletion is denied", async () => (await deletion("--dry-run=server")).exitCode === 1, PATIENCE);
  });

  it.each([
    { title: "in earnest", flags: [] },
    { title: "as a dry run", flags: ["--dry-run=server"] },
  ])("is denied $title, and says that Traefik loads no route", async ({ flags }) => {
    const { exitCode, stdout, stderr } = await deletion(...flags);

    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      `The CustomResourceDefinition "${ROUTES}" is invalid: metadata.name: required-resource-deleted: "${ROUTES}" would be deleted, and 1 running workload needs it to work:
    Deployment traefik/traefik (image docker.io/library/traefik:v2.11.0; catalog: traefik >=2.10.0 <3.0.0): `,
    );
    expect(stderr).toContain("loads no route at all");
    expect(stderr).toContain("upgrade traefik to 3.0.0 or newer first");
    expect((await crdNames()).get("traefik.containo.us")).toContain(ROUTES);
  });

  it("denies each of several names, one after another", async () => {
    const names = (await crdNames()).get("traefik.containo.us") ?? [];
    const { exitCode, stdout, stderr } = await api.kubectl(["delete", "crd", ...names]);

    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(names).toHaveLength(9);
    for (const name of names) {
      expect(stderr).toContain(
        `required-resource-deleted: "${name}" would be deleted, and 1 running workload needs it to work:\n    Deployment traefik/traefik (`,
      );
    }
    expect(stderr.match(/loads no route at all/g)).toHaveLength(names.length);
    expect((await crdNames()).get("traefik.containo.us")).toEqual(names);
  });

  it.each([
    {
      title: "its provider for CRDs is switched off",
      args: ["patch", ...TRAEFIK, "--type=json", "-p", '[{"op":"remove","path":"/spec/template/spec/containers/0/args/1"}]'],
    },
    { title: "it is scaled to zero", args: ["scale", ...TRAEFIK, "--replicas=0"] },
    { title: "its owner has said that nothing is needed", args: ["annotate", ...TRAEFIK, "crdguard.dev/requires="] },
    {
      title: "its owner has said that the other group is enough",
      args: ["annotate", ...TRAEFIK, "crdguard.dev/requires=ingressroutes.traefik.io/v1alpha1"],
    },
  ])("is allowed once $title", async ({ args }) => {
    await done(args);

    expect(await allowed()).toBe("");
  });

  it.each([
    {
      title: "over a tag that names no version",
      args: ["set", "image", ...TRAEFIK, "traefik=docker.io/library/traefik:latest"],
      reason: "version unknown",
    },
    {
      title: "without any argument, since a file that nobody can read may switch the provider on",
      args: ["patch", ...TRAEFIK, "--type=json", "-p", '[{"op":"remove","path":"/spec/template/spec/containers/0/args"}]'],
      reason: "setting unknown",
    },
  ])("is allowed $title, with a warning that names the workload", async ({ args, reason }) => {
    await done(args);

    expect(await allowed()).toBe(
      `Warning: required-resource-deleted: Deployment traefik/traefik may need ingressroutes v1alpha1: ${reason}\n`,
    );
  });

  it("is allowed once Traefik is upgraded as the denial says, and the CRDs that 3.0 reads stay", async () => {
    const [upgrade = ""] = commandsOf((await deletion()).stderr);
    expect(upgrade).toBe("kubectl -n traefik set image deployment/traefik traefik=docker.io/library/traefik:v3.0.0");
    expect(await paste(api, upgrade).exited).toBe(0);
    expect(await allowed()).toBe("");
    const byGroup = await crdNames();

    await done(["delete", "crd", ...(byGroup.get("traefik.containo.us") ?? [])]);
    const { exitCode, stderr } = await api.kubectl(["delete", "crd", "ingressroutes.traefik.io"]);

    expect(exitCode).toBe(1);
    expect(stderr).toContain('required-resource-deleted: "ingressroutes.traefik.io" would be deleted');
    // Every later release needs it too.
    expect(stderr).not.toContain("upgrade traefik");
    expect(await crdNames()).toEqual(new Map([...byGroup].filter(([group]) => group !== "traefik.containo.us")));
  });

  async function deletion(...flags: readonly string[]) {
    return api.kubectl(["delete", "crd", ROUTES, ...flags]);
  }

  async function done(args: readonly string[], stdin = ""): Promise<void> {
    expect(await api.kubectl(args, { stdin }), args.join(" ")).toMatchObject({ exitCode: 0 });
  }

  /** All that kubectl prints to standard error when the dry run is allowed, in time. */
  async function allowed(): Promise<string> {
    return eventually(
      "the deletion is allowed",
      async () => {
        const { exitCode, stderr } = await deletion("--dry-run=server");
        expect(exitCode, stderr).toBe(0);
        return stderr;
      },
      PATIENCE,
    );
  }

  /** Of CRDs that are not being deleted, by group. */
  async function crdNames(): Promise<ReadonlyMap<string, readonly string[]>> {
    const { stdout } = await api.kubectl(["get", "crd", "-o", "json"]);
    const { items } = JSON.parse(stdout) as { items: readonly { metadata: Metadata; spec: { group: string } }[] };
    const kept = items.filter(({ metadata, spec }) => metadata.deletionTimestamp === undefined && spec.group.includes("traefik"));
    const byGroup = Map.groupBy(kept, ({ spec }) => spec.group);
    return new Map([...byGroup].map(([group, own]) => [group, own.map(({ metadata }) => metadata.name)]));
  }
});

interface Metadata {
  readonly name: string;
  readonly deletionTimestamp?: string;
}

/** The watch takes a moment, and a machine that is busy with other things much longer. */
const PATIENCE = { timeoutMs: 30_000 };

const WORKLOAD = deploymentManifest({
  name: "traefik",
  namespace: "traefik",
  image: "docker.io/library/traefik:v2.11.0",
  args: ["--entrypoints.web.address=:80", "--providers.kubernetescrd"],
});
