/** @file Every release of Gateway API applied over the one before, to a real API server with the guard, and what a channel without a field does to it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rules } from "../../src/rules/checks/index.ts";
import { EXPERIMENTAL_HTTP_ROUTE, GATEWAY_CLASS_WITH_FEATURES } from "../support/gateway-api-releases.ts";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { sharedPath } from "./support/shared.ts";

const RELEASES = ["v1.0.0", "v1.1.0", "v1.2.1", "v1.3.0"] as const;
const HTTP_ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes";

const folder = (release: string, channel: string): string => String(sharedPath(`crds/gateway-api/${release}/${channel}`));

describe.skipIf(sharedPath("crds/gateway-api") === null)("releases of Gateway API, on a real API server", () => {
  let api: ApiServer;

  beforeAll(async () => {
    api = await startApiServer();
    await done(["create", "namespace", "shop"]);
  });

  afterAll(() => api.stop());

  describe("without the guard", () => {
    it("a field that only the experimental channel has is lost by the next write after a switch to the standard one", async () => {
      await install("v1.2.1", "experimental");
      await create(EXPERIMENTAL_HTTP_ROUTE);
      expect(await storedRoute()).toContain('"retry"');

      await done(["apply", "--server-side", "--force-conflicts", "-f", folder("v1.2.1", "standard")]);
      await eventually("reads are by the new schema", async () => !(await readRoute()).includes('"retry"'));
      // Still there, unseen, until somebody writes.
      expect(await storedRoute()).toContain('"retry"');

      await done(["-n", "shop", "annotate", "httproute", "checkout", "touched=yes"]);
      expect(await storedRoute()).not.toContain('"retry"');
      await clear();
    });
  });

  describe("with the guard", () => {
    let guard: GuardProcess;

    beforeAll(async () => {
      guard = await startGuardProcess(api);
    });

    afterAll(() => guard.process.stop(10_000));

    it.each(["standard", "experimental"])("%s: nothing is denied but what the API server refuses by itself", async (channel) => {
      const [first, ...others] = RELEASES;
      const refused: string[] = [];
      await install(first, channel);
      for (const release of others) {
        const { stderr } = await apply(folder(release, channel));
        const denied = [...stderr.matchAll(/"([^"]+)" is invalid: ([^\n]*)/g)].map(
          ([, name, reason = ""]) => `${String(name)}: ${reason}`,
        );
        const ours = denied.filter(
          (line) => !line.includes("stored-version-removed") && !line.includes("missing from spec.versions"),
        );
        expect([release, ours]).toEqual([release, []]);
        refused.push(...denied);
        // What was refused is made anew, as its release notes say, so that the next release finds it.
        for (const line of denied) await done(["delete", "crd", line.slice(0, line.indexOf(":"))]);
        if (denied.length > 0) await done(["apply", "--server-side", "--force-conflicts", "-f", folder(release, channel)]);
      }
      // The guard was there, and explained it.
      if (channel === "experimental") expect(refused.join("\n")).toMatch(/^backendtlspolicies.*stored-version-removed/m);
      await clear();
    });

    it.skipIf(!isRule("object-pruned"))(
      "a switch to the standard channel is denied for a route that retries, and names the field",
      async () => {
        await install("v1.2.1", "experimental");
        await create(EXPERIMENTAL_HTTP_ROUTE);
        await eventually("the guard knows the CRD", async () => {
          const { stderr } = await apply(folder("v1.2.1", "standard"), "--dry-run=server");
          expect(stderr).toContain("object-pruned");
          expect(stderr).toContain("spec.rules[].retry");
        });
        await clear();
      },
    );

    it.skipIf(!isRule("object-rejected"))(
      "a release that wants objects in place of texts is denied for a GatewayClass that has texts",
      async () => {
        await install("v1.1.0", "experimental");
        const { status, ...declared } = GATEWAY_CLASS_WITH_FEATURES;
        await create(declared);
        const path = "/apis/gateway.networking.k8s.io/v1/gatewayclasses/cilium/status";
        const written = await api.request("PATCH", path, { body: { status }, contentType: "application/merge-patch+json" });
        expect(written.status).toBe(200);
        await eventually("the guard knows the CRD", async () => {
          const { stderr } = await apply(folder("v1.2.1", "experimental"), "--dry-run=server");
          expect(stderr).toContain("object-rejected");
          expect(stderr).toContain("status.supportedFeatures[");
        });
        await clear();
      },
    );
  });

  async function install(release: string, channel: string): Promise<void> {
    await done(["apply", "--server-side", "--force-conflicts", "-f", folder(release, channel)]);
    await done(["wait", "--for=condition=Established", "--timeout=60s", "-f", folder(release, channel)]);
  }

  async function create(object: object): Promise<void> {
    await eventually("it is served", () => done(["create", "-f", "-"], JSON.stringify(object)));
  }

  function apply(path: string, ...flags: readonly string[]): Promise<{ readonly stderr: string }> {
    return api.kubectl(["apply", "--server-side", "--force-conflicts", ...flags, "-f", path]);
  }

  /** Objects first: with objects, the guard would not let their definition go. */
  async function clear(): Promise<void> {
    const { stdout } = await api.kubectl(["get", "crd", "-o", "name"]);
    const names = stdout.split("\n").filter((name) => name.includes("gateway.networking"));
    await api.kubectl(["delete", "httproutes.gateway.networking.k8s.io", "--all", "-A"]);
    await api.kubectl(["delete", "gatewayclasses.gateway.networking.k8s.io", "--all"]);
    await done(["delete", ...names]);
    await eventually(
      "they are gone",
      async () => !(await api.kubectl(["get", "crd", "-o", "name"])).stdout.includes("gateway.networking"),
    );
  }

  async function readRoute(): Promise<string> {
    return JSON.stringify((await api.request("GET", `${HTTP_ROUTES}/checkout`)).body);
  }

  async function storedRoute(): Promise<string> {
    return JSON.stringify((await api.storedObjects("/registry/gateway.networking.k8s.io/httproutes/shop")).map(withoutManagers));
  }

  async function done(args: readonly string[], stdin?: string): Promise<void> {
    const { exitCode, stderr } = await api.kubectl(args, stdin === undefined ? {} : { stdin });
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  }
});

/** Managed fields name fields that are gone. */
function withoutManagers(object: unknown): unknown {
  return (object as { readonly spec?: unknown }).spec;
}

/** These two come with the reading of live objects. */
function isRule(id: string): boolean {
  return rules.some((rule) => rule.id === id);
}
