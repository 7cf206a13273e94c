import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { renderWebhookConfigurations } from "../../../src/operator/webhook-configurations.ts";
import { readKustomization, readManifests } from "./read-manifests.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const POD_LABELS = { "app.kubernetes.io/name": "crdguard", "app.kubernetes.io/component": "webhook" };

describe("manifests/server", () => {
  it("holds every file of the folder and of crds, and nothing else", async () => {
    const files = (await readdir(join(ROOT, "manifests"), { recursive: true })).filter((file) =>
      /^(?:server|crds)\/.*\.yaml$/.test(file),
    );

    expect((await readKustomization("server")).toSorted()).toEqual(
      files.filter((file) => !file.endsWith("kustomization.yaml")).toSorted(),
    );
  });

  it("registers nothing: the server does so once it is ready, and no manifest holds an authority", async () => {
    const files = (await readdir(join(ROOT, "manifests"), { recursive: true })).filter((file) => file.endsWith(".yaml"));

    for (const file of files) {
      const text = await readFile(join(ROOT, "manifests", file), "utf8");
      expect(text, file).not.toMatch(/^kind: \w+WebhookConfiguration$/m);
      // The schema of a CRD may speak of one; an object that sets one does not belong here.
      expect(text, file).not.toMatch(/caBundle:\s*["\w]/);
    }
  });

  it("runs the command that the image has, on the ports that probes and Service ask", async () => {
    const { container, pod } = await readDeployment();

    expect(container["args"]).toEqual(
      [
        "serve --listen 0.0.0.0:8443 --health-listen 0.0.0.0:8080 --keep-installed crdguard/crdguard",
        "--catalog-config-map crdguard/crdguard-catalog",
      ]
        .join(" ")
        .split(" "),
    );
    expect(container["command"]).toBeUndefined();
    expect(container["ports"]).toEqual([
      { name: "https", containerPort: 8443, protocol: "TCP" },
      { name: "health", containerPort: 8080, protocol: "TCP" },
    ]);
    expect(container["startupProbe"]).toMatchObject({ httpGet: { path: "/livez", port: "health" } });
    expect(container["readinessProbe"]).toMatchObject({ httpGet: { path: "/readyz", port: "health" } });
    expect(container["livenessProbe"]).toMatchObject({ httpGet: { path: "/livez", port: "health" } });
    expect(container["env"]).toEqual([{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }]);
    // Certificates are in memory and in a Secret that the server reads by the API.
    expect(container["volumeMounts"]).toBeUndefined();
    expect(pod["volumes"]).toBeUndefined();
    expect(await readManifests("server/service.yaml")).toMatchObject([
      {
        metadata: { name: "crdguard", namespace: "crdguard" },
        spec: { selector: POD_LABELS, ports: [{ port: 443, targetPort: "https" }] },
      },
    ]);
  });

  it("is reached by the registration: same Service, same namespace, same port", async () => {
    const { validating, mutating } = renderWebhookConfigurations({
      kind: "service",
      namespace: "crdguard",
      name: "crdguard",
      port: 443,
    });

    for (const { clientConfig } of [...validating.webhooks, ...mutating.webhooks]) {
      expect(clientConfig).toMatchObject({ service: { namespace: "crdguard", name: "crdguard", port: 443 } });
    }
  });

  it("passes the restricted pod security standard, which its namespace enforces", async () => {
    const { container, pod } = await readDeployment();

    expect(await readManifests("server/namespace.yaml")).toMatchObject([
      { kind: "Namespace", metadata: { name: "crdguard", labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
    ]);
    expect(pod["securityContext"]).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(container["securityContext"]).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("survives the loss of a node and a drain: two pods, spread, and one of them always there", async () => {
    const { spec, pod, container } = await readDeployment();

    expect(spec["replicas"]).toBe(2);
    expect(spec["selector"]).toEqual({ matchLabels: POD_LABELS });
    expect(pod).toMatchObject({ terminationGracePeriodSeconds: 40, enableServiceLinks: false });
    expect(listOf(pod["topologySpreadConstraints"]).map((each) => each["topologyKey"])).toEqual([
      "kubernetes.io/hostname",
      "topology.kubernetes.io/zone",
    ]);
    expect(container["resources"]).toEqual({ requests: { cpu: "50m", memory: "192Mi" }, limits: { memory: "512Mi" } });
    expect(await readManifests("server/pod-disruption-budget.yaml")).toMatchObject([
      { spec: { minAvailable: 1, selector: { matchLabels: POD_LABELS } } },
    ]);
  });

  it("opens the two ports it listens on, and reaches nothing but DNS, the API server and itself", async () => {
    const [policy] = await readManifests("server/network-policy.yaml");

    expect(policy).toMatchObject({
      spec: {
        podSelector: { matchLabels: POD_LABELS },
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ ports: [{ port: "https" }] }, { from: [{ namespaceSelector: {} }], ports: [{ port: "health" }] }],
        egress: [
          {
            ports: [
              { port: 53, protocol: "UDP" },
              { port: 53, protocol: "TCP" },
            ],
          },
          {
            ports: [
              { port: 443, protocol: "TCP" },
              { port: 6443, protocol: "TCP" },
            ],
          },
          { to: [{ podSelector: { matchLabels: POD_LABELS } }], ports: [{ port: "https", protocol: "TCP" }] },
        ],
      },
    });
  });

  it("gives only flags that serve has, and more time to end than serve takes to drain", async () => {
    const { pod, container } = await readDeployment();
    const { stdout: help } = await promisify(execFile)(process.execPath, [join(ROOT, "src/cli/main.ts"), "serve", "--help"]);
    const flags = listOfTexts(container["args"]).filter((argument) => argument.startsWith("--"));

    expect(flags.filter((flag) => !help.includes(`${flag} <`))).toEqual([]);
    expect(flags).not.toContain("--drain-seconds");
    const drainSeconds = Number(/--drain-seconds <number>[^(]*\(default: (\d+)\)/.exec(help)?.[1]);
    expect(Number(pod["terminationGracePeriodSeconds"])).toBeGreaterThan(drainSeconds);
  });

  it("has one version: the image, the labels and package.json agree", async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { readonly version: string };
    const { container, podLabels } = await readDeployment();
    const [kustomization] = await readManifests("server/kustomization.yaml");

    expect(container["image"]).toBe(`ghcr.io/crdguard/crdguard:${version}`);
    expect(podLabels).toMatchObject({ ...POD_LABELS, "app.kubernetes.io/version": version });
    expect(kustomization).toMatchObject({
      labels: [{ pairs: { "app.kubernetes.io/name": "crdguard", "app.kubernetes.io/version": version } }],
    });
  });
});

type Members = Readonly<Record<string, unknown>>;

async function readDeployment(): Promise<{
  readonly spec: Members;
  readonly pod: Members;
  readonly podLabels: unknown;
  readonly container: Members;
}> {
  const [deployment] = (await readManifests("server/deployment.yaml")) as readonly { readonly spec: Members }[];
  const spec = deployment?.spec ?? {};
  const template = spec["template"] as { readonly metadata: { readonly labels: unknown }; readonly spec: Members };
  const [container = {}, ...others] = listOf(template.spec["containers"]);
  if (others.length > 0) throw new Error("more than one container");
  return { spec, pod: template.spec, podLabels: template.metadata.labels, container };
}

function listOf(input: unknown): readonly Members[] {
  return input as readonly Members[];
}

function listOfTexts(input: unknown): readonly string[] {
  return input as readonly string[];
}
