import { describe, expect, it } from "vitest";
import { readManifests } from "./read-manifests.ts";

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** `list deployments.apps`, `get configmaps./cert-manager`. */
async function permissions(path: string, role: string): Promise<readonly string[]> {
  const objects = (await readManifests(path)) as readonly Role[];
  const rules = objects.find(({ kind, metadata }) => kind === "ClusterRole" && metadata.name === role)?.rules ?? [];
  return rules.flatMap(({ apiGroups, resources, resourceNames = [""], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        resourceNames.flatMap((name) => verbs.map((verb) => `${verb} ${resource}.${group}${name === "" ? "" : `/${name}`}`)),
      ),
    ),
  );
}

describe("manifests/components/health-reports", () => {
  it("writes one report, of whichever form, and nothing else", async () => {
    const own = await permissions("components/health-reports/rbac.yaml", "crdguard-health-reports");

    expect(own.filter((permission) => !/^(?:get|list|watch) /.test(permission))).toEqual([
      "create clusterreports.openreports.io/crdguard",
      "patch clusterreports.openreports.io/crdguard",
      "create clusterpolicyreports.wgpolicyk8s.io/crdguard",
      "patch clusterpolicyreports.wgpolicyk8s.io/crdguard",
    ]);
  });

  it("reads, with what the server reads anyway, all that doctor reads", async () => {
    const granted = new Set([
      ...(await permissions("components/health-reports/rbac.yaml", "crdguard-health-reports")),
      ...(await permissions("server/rbac.yaml", "crdguard")),
    ]);
    const wanted = await permissions("doctor/rbac.yaml", "crdguard-doctor");

    // Which the server reads by a Role in kube-system.
    const elsewhere = ["list configmaps./cilium-config", "watch configmaps./cilium-config"];
    expect(wanted.filter((permission) => !granted.has(permission))).toEqual(elsewhere);
  });

  it("is switched on by the flag that the server has", async () => {
    const [kustomization] = (await readManifests("components/health-reports/kustomization.yaml")) as readonly {
      readonly patches: readonly { readonly patch: string }[];
    }[];
    const values = [...(kustomization?.patches[0]?.patch ?? "").matchAll(/value: (\S+)/g)].map(([, value]) => value);

    expect(values).toEqual(["--health-reports", "openreports"]);
  });
});
