import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCrdguard } from "./support/run-crdguard.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "crdguard-plan-"));
  writeFileSync(
    join(folder, "envoy-gateway.yaml"),
    `apiVersion: apps/v1
kind: Deployment
metadata: { name: envoy-gateway, namespace: mill }
spec: { template: { spec: { containers: [{ name: main, image: "docker.io/envoyproxy/gateway:v1.0.1" }] } } }
`,
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("crdguard plan, of a controller's version alone", () => {
  it("brings the definitions that it needs, of a released set that stays", async () => {
    const ran = await runCrdguard(["plan", "--against", folder, "--with", "envoy-gateway=1.1.0"]);

    expect(ran.stdout).toMatch(/^1\. apply Gateway API v1\.1\.0, experimental channel\n/m);
    expect(ran.stdout).toMatch(/^2\. upgrade Deployment mill\/envoy-gateway from 1\.0\.1 to 1\.1\.0\n/m);
    expect(ran.stdout).toMatch(/^2 steps\.\n$/m);
    expect(ran.status).toBe(0);
  });

  it("says so where nobody runs it", async () => {
    const ran = await runCrdguard(["plan", "--against", folder, "--with", "cilium-operator=1.16.0"]);

    expect(ran.stdout).toContain("note: --with cilium-operator: no workload that runs is known to be of it");
    expect(ran.status).toBe(0);
  });

  it("is refused where not even that is given", async () => {
    const ran = await runCrdguard(["plan", "--against", folder]);

    expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining("or --with CONTROLLER=VERSION") as unknown });
  });
});
