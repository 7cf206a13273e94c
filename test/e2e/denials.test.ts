import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { eventually } from "./support/eventually.ts";
import { type GuardProcess, startGuardProcess } from "./support/guard-process.ts";
import { crdManifest, deploymentManifest, objectManifest } from "./support/manifests.ts";

const STATUS_TRIM = ["--subresource=status", "--type=merge", "-p", '{"status":{"storedVersions":["v1"]}}'];

describe("a real API server asks the guard", () => {
  let api: ApiServer;
  let guard: GuardProcess;

  beforeAll(async () => {
    api = await startApiServer();
    guard = await startGuardProcess(api);
  });

  afterAll(async () => {
    await guard.process.stop(10_000);
    await api.stop();
  });

  async function apply(manifest: string, ...flags: readonly string[]) {
    return api.kubectl(["apply", "-f", "-", ...flags], { stdin: manifest });
  }

  async function applied(manifest: string): Promise<void> {
    const outcome = await apply(manifest);
    expect(outcome).toMatchObject({ exitCode: 0 });
  }

  async function createdObject(apiVersion: string, kind: string, name: string): Promise<void> {
    await eventually(
      `${kind} ${name} is created`,
      async () => (await apply(objectManifest(apiVersion, kind, name))).exitCode === 0,
    );
  }

  /** Facts arrive by a watch: a need counts once the guard denies for it. */
  async function guardKnows(description: string, probe: () => Promise<{ exitCode: number }>): Promise<void> {
    await eventually(description, async () => (await probe()).exitCode !== 0);
  }

  describe("a served version that a running workload needs", () => {
    const before = crdManifest({ plural: "routes", kind: "Route", versions: [{ name: "v1alpha2" }], storage: "v1alpha2" });
    const after = crdManifest({
      plural: "routes",
      kind: "Route",
      versions: [{ name: "v1" }, { name: "v1alpha2", served: false }],
      storage: "v1",
    });

    beforeAll(async () => {
      await applied(before);
      await applied(deploymentManifest({ name: "router", annotations: { "crdguard.dev/requires": "routes.own.dev/v1alpha2" } }));
      await guardKnows("the guard knows the router", () => apply(after, "--dry-run=server"));
    });

    it.each([
      { title: "apply", args: ["apply", "-f", "-"] },
      { title: "apply --server-side", args: ["apply", "--server-side", "--force-conflicts", "-f", "-"] },
      { title: "apply --dry-run=server", args: ["apply", "--dry-run=server", "-f", "-"] },
      { title: "replace", args: ["replace", "-f", "-"] },
      { title: "replace --dry-run=server", args: ["replace", "--dry-run=server", "-f", "-"] },
    ])("denies $title, in the same words", async ({ args }) => {
      const { exitCode, stderr } = await api.kubectl(args, { stdin: after });

      expect(exitCode).toBe(1);
      expect(withoutWarnings(stderr)).toBe(
        `The CustomResourceDefinition "routes.own.dev" is invalid: spec.versions[v1alpha2].served: required-version-unserved: "v1alpha2" would no longer be served, and 1 running workload needs it to start:
    Deployment default/router (annotation crdguard.dev/requires): crashes at its next restart
  To go on, do one of:
    - keep serving "v1alpha2": set its served to true in the new manifest, or apply a release or channel that serves it
    - stop router first, if nobody needs it:
        kubectl -n default scale deployment/router --replicas=0
  More: docs/rules/required-version-unserved.md
  All steps: crdguard plan -f <what you apply>
  To override: kubectl crdguard override routes.own.dev --rule required-version-unserved --reason "…"
`,
      );
    });

    it("denies a deletion, naming the workload", async () => {
      const { exitCode, stderr } = await api.kubectl(["delete", "crd", "routes.own.dev", "--wait=false"]);

      expect(exitCode).toBe(1);
      expect(stderr).toContain("metadata.name: required-resource-deleted:");
      expect(stderr).toContain("Deployment default/router");
    });

    it("hides the workload's name from who may not list workloads", async () => {
      await api.kubectl([
        "create",
        "clusterrole",
        "crd-writer",
        "--verb=*",
        "--resource=customresourcedefinitions.apiextensions.k8s.io",
      ]);
      await api.kubectl(["create", "clusterrolebinding", "crd-writer", "--clusterrole=crd-writer", "--user=alice"]);
      const kubeconfig = await api.kubeconfigFor("alice");

      const { stderr } = await eventually("alice may write CRDs", async () => {
        const outcome = await api.kubectl(["replace", "-f", "-"], { stdin: after, kubeconfig });
        return outcome.stderr.includes("required-version-unserved") ? outcome : false;
      });

      expect(stderr).toContain("1 workload in namespaces that you may not list");
      expect(stderr).not.toContain("router");
    });

    it("allows the same change once the workload is scaled to zero, as the denial says", async () => {
      await api.kubectl(["-n", "default", "scale", "deployment/router", "--replicas=0"]);

      await eventually("the change is allowed", async () => (await apply(after, "--dry-run=server")).exitCode === 0);
    });
  });

  describe("a create", () => {
    it("is sent to the guard, and denied where a workload looks at the list of versions", async () => {
      await api.kubectl(["create", "namespace", "cilium"]);
      await applied(
        deploymentManifest({ name: "cilium-operator", namespace: "cilium", image: "quay.io/cilium/operator-generic:v1.17.2" }),
      );
      const tlsroutes = crdManifest({
        group: "gateway.networking.k8s.io",
        plural: "tlsroutes",
        kind: "TLSRoute",
        versions: [{ name: "v1" }, { name: "v1alpha2", served: false }],
        storage: "v1",
      }).replace('"labels":{}', '"annotations":{"api-approved.kubernetes.io":"unapproved, test"}');
      await guardKnows("the guard knows the operator", () => apply(tlsroutes, "--dry-run=server"));

      const { stderr } = await apply(tlsroutes);

      expect(stderr).toContain(
        'spec.versions[v1alpha2].served: required-version-unserved: "v1alpha2" would be listed but not served, and 1 running workload needs it to start:',
      );
      expect(stderr).toContain("taking enable-gateway-api=true in ConfigMap kube-system/cilium-config for granted");
    });

    it("passes once the ConfigMap says that the operator does not need it", async () => {
      await api.kubectl(["-n", "kube-system", "create", "configmap", "cilium-config", "--from-literal=enable-gateway-api=false"]);
      const httproutes = crdManifest({
        group: "gateway.networking.k8s.io",
        plural: "tlsroutes",
        kind: "TLSRoute",
        versions: [{ name: "v1" }, { name: "v1alpha2", served: false }],
        storage: "v1",
      }).replace('"labels":{}', '"annotations":{"api-approved.kubernetes.io":"unapproved, test"}');

      await eventually("the create is allowed", async () => (await apply(httproutes, "--dry-run=server")).exitCode === 0);
    });
  });

  describe("a stored version", () => {
    const both = (storage: string) =>
      crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1" }, { name: "v1alpha1" }], storage });
    const onlyV1 = crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1" }], storage: "v1" });

    beforeAll(async () => {
      await applied(both("v1alpha1"));
      await createdObject("own.dev/v1alpha1", "Gear", "first");
      await applied(both("v1"));
    });

    it("is not dropped: the explainer answers before the API server's own validation", async () => {
      const { exitCode, stderr } = await apply(onlyV1);

      expect(exitCode).toBe(1);
      expect(withoutWarnings(stderr)).toMatch(
        /^The CustomResourceDefinition "gears\.own\.dev" is invalid: spec\.versions\[v1alpha1\]: stored-version-removed: "v1alpha1" would be dropped while status\.storedVersions names it; 1 object of it exists, and must be rewritten/,
      );
      expect(stderr).not.toContain("missing from spec.versions");
    });

    it("is not forgotten while an object may be stored in it", async () => {
      const { exitCode, stderr } = await api.kubectl(["patch", "crd", "gears.own.dev", ...STATUS_TRIM]);

      expect(exitCode).toBe(1);
      expect(stderr).toContain("status.storedVersions[v1alpha1]: stored-version-forgotten:");
      expect(stderr).toContain("default/first");
    });

    it("may be forgotten after the in-tree migration has succeeded, and not after one that is older than the CRD", async () => {
      const path = "/apis/storagemigration.k8s.io/v1beta1/storageversionmigrations";
      // Times have a resolution of a second: the migration must be seen to come after the CRD's last write.
      await eventually("a second has passed since the CRD's last write", async () => {
        const crd = await api.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gears.own.dev");
        const { metadata } = crd.body as { metadata: { managedFields: readonly { time: string; subresource?: string }[] } };
        const newest = Math.max(
          ...metadata.managedFields.filter(({ subresource }) => subresource !== "status").map(({ time }) => Date.parse(time)),
        );
        return Date.now() - newest > 1_500;
      });
      const migration = {
        apiVersion: "storagemigration.k8s.io/v1beta1",
        kind: "StorageVersionMigration",
        metadata: { name: "gears.own.dev" },
        spec: { resource: { group: "own.dev", resource: "gears" } },
      };
      expect((await api.request("POST", path, { body: migration })).status).toBe(201);
      const stillDenied = await api.kubectl(["patch", "crd", "gears.own.dev", ...STATUS_TRIM, "--dry-run=server"]);
      expect(stillDenied.stderr).toContain("stored-version-forgotten");
      const condition = {
        type: "Succeeded",
        status: "True",
        reason: "Done",
        message: "",
        lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      };
      // No controller manager runs here: what the migrator would report is reported for it.
      const reported = await api.request("PATCH", `${path}/gears.own.dev/status`, {
        body: { status: { resourceVersion: "1", conditions: [condition] } },
        contentType: "application/merge-patch+json",
      });
      expect(reported).toMatchObject({ status: 200 });

      expect(await api.kubectl(["patch", "crd", "gears.own.dev", ...STATUS_TRIM, "--dry-run=server"])).toMatchObject({
        exitCode: 0,
      });

      await sleep(1_100);
      await applied(
        crdManifest({
          plural: "gears",
          kind: "Gear",
          versions: [{ name: "v1" }, { name: "v1alpha1" }],
          storage: "v1",
          labels: { later: "yes" },
        }),
      );
      const outdated = await api.kubectl(["patch", "crd", "gears.own.dev", ...STATUS_TRIM, "--dry-run=server"]);
      expect(outdated.stderr).toContain("is too old to count");
    });

    it("may be forgotten once no object is left, and then be dropped", async () => {
      await api.kubectl(["delete", "gears.own.dev", "--all"]);

      expect(await api.kubectl(["patch", "crd", "gears.own.dev", ...STATUS_TRIM])).toMatchObject({ exitCode: 0 });
      expect(await apply(onlyV1)).toMatchObject({ exitCode: 0 });
    });

    it("cannot be forgotten while it is the storage version, even without objects", async () => {
      await applied(
        crdManifest({ plural: "cogs", kind: "Cog", versions: [{ name: "v1" }, { name: "v1alpha1" }], storage: "v1alpha1" }),
      );

      const { stderr } = await api.kubectl(["patch", "crd", "cogs.own.dev", ...STATUS_TRIM]);

      expect(stderr).toContain('status.storedVersions[v1alpha1]: stored-version-forgotten: "v1alpha1" is the storage version');
    });
  });

  describe("a deletion", () => {
    it("is denied while objects exist, and allowed after", async () => {
      await applied(crdManifest({ plural: "bolts", kind: "Bolt", versions: [{ name: "v1" }], storage: "v1" }));
      await createdObject("own.dev/v1", "Bolt", "b1");
      await createdObject("own.dev/v1", "Bolt", "b2");

      const denied = await api.kubectl(["delete", "crd", "bolts.own.dev", "--wait=false"]);
      expect(denied.exitCode).toBe(1);
      expect(denied.stderr).toContain("metadata.name: objects-deleted: 2 objects would be deleted with the definition");
      expect(denied.stderr).toContain("default/b1, default/b2");

      await api.kubectl(["delete", "bolts.own.dev", "--all"]);
      expect(await api.kubectl(["delete", "crd", "bolts.own.dev"])).toMatchObject({ exitCode: 0 });
    });

    it("of a collection is judged object by object", async () => {
      await applied(
        crdManifest({ plural: "nuts", kind: "Nut", versions: [{ name: "v1" }], storage: "v1", labels: { batch: "one" } }),
      );
      await createdObject("own.dev/v1", "Nut", "n1");

      const answer = await api.request(
        "DELETE",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?labelSelector=batch%3Done",
      );

      expect(answer.status).toBe(422);
      expect(JSON.stringify(answer.body)).toContain("objects-deleted");
      const review = await eventually("the deletion is logged", async () => {
        const reviews = await guard.reviews();
        return reviews.find(({ crd, operation }) => crd === "nuts.own.dev" && operation === "DELETE") ?? false;
      });
      expect(review).toMatchObject({ decision: "deny", rules: ["objects-deleted=deny"] });
    });

    it("that has begun is not stopped: updates of a terminating CRD pass", async () => {
      await applied(crdManifest({ plural: "pins", kind: "Pin", versions: [{ name: "v1" }, { name: "v2" }], storage: "v1" }));
      await api.kubectl(["patch", "crd", "pins.own.dev", "--type=merge", "-p", '{"metadata":{"finalizers":["own.dev/hold"]}}']);
      await api.kubectl(["delete", "crd", "pins.own.dev", "--wait=false"]);

      const changed = await api.kubectl([
        "patch",
        "crd",
        "pins.own.dev",
        "--type=merge",
        "-p",
        '{"metadata":{"finalizers":null}}',
      ]);

      expect(changed).toMatchObject({ exitCode: 0 });
    });
  });

  describe("what is not sent to the guard", () => {
    it("is a change of metadata alone, and the API server's own writes of the status", async () => {
      const shape = { plural: "quiet", kind: "Quiet", versions: [{ name: "v1" }], storage: "v1" };
      await applied(crdManifest(shape));
      await api.kubectl(["label", "crd", "quiet.own.dev", "team=mill"]);
      await eventually("the CRD is established", async () => (await api.kubectl(["get", "quiet.own.dev"])).exitCode === 0);
      // A spec change comes last, so that its review proves that the log is complete.
      await applied(crdManifest({ ...shape, versions: [{ name: "v1" }, { name: "v2" }] }));

      const reviews = await eventually("the last review is logged", async () => {
        const own = (await guard.reviews()).filter(({ crd }) => crd === "quiet.own.dev");
        return own.length >= 2 ? own : false;
      });

      expect(reviews.map(({ phase, operation, subresource }) => ({ phase, operation, subresource }))).toEqual([
        { phase: "validate", operation: "CREATE", subresource: null },
        { phase: "validate", operation: "UPDATE", subresource: null },
      ]);
    });
  });
});

/** kubectl's own warnings, of a missing annotation for one, are not the guard's words. */
function withoutWarnings(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => !line.startsWith("Warning: "))
    .join("\n");
}
