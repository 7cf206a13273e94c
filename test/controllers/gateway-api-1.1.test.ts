/**
 * @file The incident that crdguard exists for, with the real CRDs and the real controller: kubernetes-sigs/gateway-api#3075.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "../e2e/support/api-server.ts";
import { eventually } from "../e2e/support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "../e2e/support/guard-process.ts";
import { type ControllerRelease, prepareController, type RunningController, startController } from "./support/controller.ts";
import { CrdInstaller, gatewayApi, readCrds } from "./support/crds.ts";
import { envoyGateway, ownCrds } from "./support/envoy-gateway.ts";
import { deploymentOf } from "./support/expectation.ts";
import { BUILD_TIMEOUT_MS, buildOnce, moduleFolder } from "./support/go-modules.ts";

const release = envoyGateway("1.0.2");
/** The first release that the catalog knows to start on v1.1.0 standard. */
const NEXT = envoyGateway("1.2.0");

describe("Gateway API v1.1.0 standard, applied where Envoy Gateway 1.0.2 runs on v1.0.0 experimental", () => {
  let program: string;
  let nextProgram: string;
  let standard: string;
  let api: ApiServer;
  let started: RunningController[] = [];

  beforeAll(async () => {
    program = await buildOnce(release.id, release.program);
    nextProgram = await buildOnce(NEXT.id, NEXT.program);
    standard = join(await moduleFolder({ path: "sigs.k8s.io/gateway-api", version: "v1.1.0" }), "config/crd/standard");
  }, BUILD_TIMEOUT_MS);

  beforeEach(async () => {
    api = await startApiServer();
    await new CrdInstaller(api).install(await readCrds([gatewayApi("v1.0.0", "experimental"), ownCrds(release.version)]));
    await prepareController(api, release, program);
    await api.request("POST", `/apis/apps/v1/namespaces/${release.namespace}/deployments`, { body: deploymentOf(release) });
  });

  afterEach(async () => {
    for (const each of started) await each.stop();
    started = [];
    await api.stop();
  });

  function start(which: ControllerRelease, built: string): RunningController {
    const running = startController(api, which, built);
    started.push(running);
    return running;
  }

  function apply() {
    return api.kubectl(["apply", "--server-side", "--force-conflicts", "-f", standard]);
  }

  it("without the guard: accepted, and all looks well until Envoy Gateway is started again, which it does not survive", async () => {
    const running = start(release, program);
    expect(await running.observe()).toMatchObject({ kind: "ready" });

    const applied = await apply();

    // Of the folder, only the list of files for kustomize is no object.
    expect(applied.stdout.match(/serverside-applied/g)).toHaveLength(5);
    expect(applied.stderr).not.toContain("is invalid");
    await sleep(LOOKS_WELL_MS);
    expect(running.process.isRunning()).toBe(true);
    await running.stop();

    const restarted = start(release, program);
    expect(await restarted.observe()).toMatchObject({
      kind: "exited",
      how: "exited with status 1",
      line: expect.stringContaining('no matches for kind "GRPCRoute" in version "gateway.networking.k8s.io/v1alpha2"') as unknown,
    });
  });

  describe("with the guard", () => {
    let guard: GuardProcess;

    beforeEach(async () => {
      guard = await startGuardProcess(api);
    });

    afterEach(async () => {
      await guard.process.stop(10_000);
    });

    it("denied, with the name of who would crash; Envoy Gateway starts, and so does what it is to be upgraded to", async () => {
      const { stderr } = await apply();

      expect(stderr).toContain('The CustomResourceDefinition "grpcroutes.gateway.networking.k8s.io" is invalid');
      expect(stderr).toContain("required-version-unserved");
      expect(stderr).toContain("Deployment envoy-gateway-system/envoy-gateway (image docker.io/envoyproxy/gateway:v1.0.2");
      expect(stderr).toContain(`upgrade envoy-gateway to ${NEXT.version} or newer first`);
      const running = start(release, program);
      expect(await running.observe()).toMatchObject({ kind: "ready" });
      await running.stop();

      // As the denial says.
      const upgrade = ["set", "image", "deployment/envoy-gateway", `envoy-gateway=${NEXT.image}`, "-n", release.namespace];
      expect(await api.kubectl(upgrade)).toMatchObject({ exitCode: 0 });
      const { module, folder } = ownCrds(NEXT.version);
      await api.kubectl(["apply", "--server-side", "--force-conflicts", "-f", join(await moduleFolder(module), folder)]);
      await eventually("v1.1.0 is accepted", async () => !(await apply()).stderr.includes("is invalid"), { timeoutMs: 30_000 });
      expect(await start(NEXT, nextProgram).observe()).toMatchObject({ kind: "ready" });
    });
  });
});

/** A pod that would notice at all would have noticed by then: the API server drops the watch of a version at once. */
const LOOKS_WELL_MS = 10_000;
