/** The pages in docs/rules: complete, of one form, and with output that the engine really gives. UPDATE_DOCS=1 rewrites it. */
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { kubectlLines } from "../../../src/cli/kubectl-lines.ts";
import { folderCluster } from "../../../src/cluster/snapshot/folder-cluster.ts";
import { type Manifest, parseManifests, readManifests } from "../../../src/cluster/snapshot/manifests.ts";
import type { ConversionWebhook, Crd } from "../../../src/crd/crd.ts";
import { parseCrd } from "../../../src/crd/parse.ts";
import { explainVerdict } from "../../../src/explain/admission.ts";
import { EVERYTHING } from "../../../src/explain/audience.ts";
import { DEFAULT_POLICY } from "../../../src/policy/policy.ts";
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import { review } from "../../../src/review/review.ts";
import { type CrdChange, previousCrd } from "../../../src/rules/change.ts";
import { rules } from "../../../src/rules/checks/index.ts";
import type { MigrationEvidence, WebhookLook } from "../../../src/rules/facts.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const RULES_FOLDER = `${ROOT}docs/rules/`;

const HEADINGS = ["What it finds", "Why it matters", "What you see", "What to do", "When to turn it off"];

/** What somebody does in the example of a page, and to which cluster. */
type Example = KubectlExample | CheckExample;

interface KubectlExample {
  /** As it is typed at a shell. */
  readonly command: string;
  /** Manifests of the cluster, in YAML; without: demo/cluster. */
  readonly cluster?: string;
  /** The CRD in question. */
  readonly crd: string;
  readonly change: (previous: Crd, changed: readonly Manifest[]) => CrdChange | Promise<CrdChange>;
  /** What a live cluster knows of it; a folder knows nothing. */
  readonly migration?: MigrationEvidence;
  /** The same, of the conversion webhook afterwards. */
  readonly webhook?: WebhookLook;
}

/** The command is shown as one would type it; it is run over these manifests. */
interface CheckExample {
  readonly command: string;
  readonly cluster: string;
  /** What is applied. */
  readonly input: string;
}

/** Of one version that is served and stored, unless told. */
function definition(name: string, kind: string, versions = "{ name: v1, served: true, storage: true }"): string {
  const [plural = "", ...group] = name.split(".");
  return `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ${name} }
spec:
  group: ${group.join(".")}
  names: { kind: ${kind}, plural: ${plural} }
  scope: Namespaced
  versions: [${versions}]
`;
}

function schemaDefinition(properties: string): string {
  const schema = `{ openAPIV3Schema: { type: object, properties: { ${properties} } } }`;
  return definition("routes.example.com", "Route", `{ name: v1, served: true, storage: true, schema: ${schema} }`);
}

/** Two of them with all that a schema may leave out. */
const ROUTES = ["checkout", "search"]
  .map(
    (name) => `---
apiVersion: example.com/v1
kind: Route
metadata: { name: ${name}, namespace: shop }
spec: { timeouts: { request: 5s } }
status: { features: [HTTPRoute] }
`,
  )
  .join("");

async function withSchemaOf(previous: Crd, manifest: string): Promise<CrdChange> {
  return { kind: "update", previous, next: findCrd(valueOf(await parseManifests("routes.yaml", manifest)), previous.name) };
}

/** external-secrets 0.16, the objects as they were saved with their managedFields, and 0.17. */
const EXTERNAL_SECRETS = "externalsecrets.external-secrets.io";
const V1_AND_V1BETA1 = "{ name: v1, served: true, storage: true }, { name: v1beta1, served: true, storage: false }";

function externalSecret(name: string, writer: string): string {
  return `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  namespace: shop
  name: ${name}
  managedFields: [{ manager: ${writer}, apiVersion: external-secrets.io/v1beta1, time: "2025-05-12T08:30:00Z" }]
`;
}

const EXTERNAL_SECRETS_CLUSTER = [
  definition(EXTERNAL_SECRETS, "ExternalSecret", V1_AND_V1BETA1),
  externalSecret("database", "argocd-controller"),
  externalSecret("mail", "argocd-controller"),
  externalSecret("payments", "helm"),
].join("---");

/** Gateway API v1.1.0, standard channel, and the definitions of Envoy Gateway's own. */
const GATEWAY_STANDARD_CLUSTER = [
  definition("gatewayclasses.gateway.networking.k8s.io", "GatewayClass", V1_AND_V1BETA1),
  definition("gateways.gateway.networking.k8s.io", "Gateway", V1_AND_V1BETA1),
  definition("httproutes.gateway.networking.k8s.io", "HTTPRoute", V1_AND_V1BETA1),
  definition(
    "grpcroutes.gateway.networking.k8s.io",
    "GRPCRoute",
    "{ name: v1, served: true, storage: true }, { name: v1alpha2, served: false, storage: false }",
  ),
  definition("referencegrants.gateway.networking.k8s.io", "ReferenceGrant", "{ name: v1beta1, served: true, storage: true }"),
  ...["envoyproxies", "clienttrafficpolicies", "backendtrafficpolicies", "securitypolicies", "envoyextensionpolicies"].map(
    (plural) => definition(`${plural}.gateway.envoyproxy.io`, plural, "{ name: v1alpha1, served: true, storage: true }"),
  ),
].join("---");

/** Of Gateway API, experimental channel: as far as the status is concerned, in which v1.2 tells features otherwise than v1.1. */
function gatewayClasses(features: string): string {
  const status = `{ type: object, properties: { supportedFeatures: { type: array, maxItems: 64, items: ${features} } } }`;
  const schema = `{ openAPIV3Schema: { type: object, properties: { status: ${status} } } }`;
  const version = (name: string, isStorage: boolean): string =>
    `{ name: ${name}, served: true, storage: ${String(isStorage)}, schema: ${schema}, subresources: { status: {} } }`;
  const versions = [version("v1", true), version("v1beta1", false)].join(", ");
  return definition("gatewayclasses.gateway.networking.k8s.io", "GatewayClass", versions);
}

/** kubevirt's HyperConverged, once it had a second version, and what stood in its bundle. */
const HYPER_CONVERGED = "hyperconvergeds.hco.kubevirt.io";
const HYPER_CONVERGED_CLUSTER = `${definition(HYPER_CONVERGED, "HyperConverged", V1_AND_V1BETA1)}  conversion:
    strategy: Webhook
    webhook:
      conversionReviewVersions: [v1]
      clientConfig: { service: { namespace: kubevirt-hyperconverged, name: hco-webhook-service } }
---
apiVersion: v1
kind: Service
metadata: { name: hco-webhook-service, namespace: kubevirt-hyperconverged }
---
apiVersion: hco.kubevirt.io/v1
kind: HyperConverged
metadata: { name: kubevirt-hyperconverged, namespace: kubevirt-hyperconverged }
`;

const HTTP_ROUTES = "httproutes.gateway.networking.k8s.io";

function marked(manifest: string, marks: string): string {
  return manifest.replace("metadata: {", `metadata: { ${marks},`);
}

const EXAMPLES: Readonly<Record<string, Example | readonly Example[]>> = {
  "bundle-downgraded": {
    command: "kubectl apply --server-side -f crds-of-another-chart.yaml",
    cluster: marked(
      definition(HTTP_ROUTES, "HTTPRoute", V1_AND_V1BETA1),
      "annotations: { gateway.networking.k8s.io/bundle-version: v1.3.0, gateway.networking.k8s.io/channel: experimental }",
    ),
    crd: HTTP_ROUTES,
    change: (previous) => ({
      kind: "update",
      previous,
      next: { ...previous, bundle: { version: "v1.1.0", channel: "standard" } },
    }),
  },
  "conversion-lost": [
    {
      command: "kubectl replace -f hyperconvergeds-without-conversion.yaml",
      cluster: HYPER_CONVERGED_CLUSTER,
      crd: HYPER_CONVERGED,
      change: (previous) => ({ kind: "update", previous, next: { ...previous, conversion: { kind: "none" } } }),
    },
    {
      command: "kubectl apply --server-side -f hyperconvergeds-with-another-webhook.yaml",
      cluster: HYPER_CONVERGED_CLUSTER,
      crd: HYPER_CONVERGED,
      change: (previous) => ({
        kind: "update",
        previous,
        next: {
          ...previous,
          conversion: {
            kind: "webhook",
            target: { kind: "service", namespace: "kubevirt-hyperconverged", name: "converter", port: 443 },
            caBundle: null,
          },
        },
      }),
      webhook: { kind: "broken", problem: { kind: "service-missing" } },
    },
  ],
  "owner-changed": {
    command: "kubectl apply --server-side --force-conflicts -f crontabs.yaml",
    cluster: marked(
      definition("crontabs.stable.example.com", "CronTab"),
      "annotations: { meta.helm.sh/release-name: cron, meta.helm.sh/release-namespace: tools }",
    ),
    crd: "crontabs.stable.example.com",
    change: (previous) => ({
      kind: "update",
      previous: { ...previous, generation: 1, definers: [{ manager: "helm", isApplied: false }] },
      next: { ...previous, generation: 2, definers: [{ manager: "kubectl", isApplied: true }] },
    }),
  },
  "storage-version-downgraded": {
    command: "kubectl apply --server-side -f environmentconfigs-v1.17.3.yaml",
    cluster: definition(
      "environmentconfigs.apiextensions.crossplane.io",
      "EnvironmentConfig",
      "{ name: v1beta1, served: true, storage: true }, { name: v1alpha1, served: true, storage: false }",
    ),
    crd: "environmentconfigs.apiextensions.crossplane.io",
    change: (previous) => ({
      kind: "update",
      previous,
      next: {
        ...previous,
        versions: previous.versions.map((version) => ({ ...version, isStorage: version.name === "v1alpha1" })),
      },
    }),
  },
  "object-pruned": {
    command: "kubectl apply --server-side -f routes-standard.yaml",
    cluster: `${schemaDefinition("spec: { type: object, properties: { timeouts: { type: object, properties: { request: { type: string } } } } }")}${ROUTES}`,
    crd: "routes.example.com",
    change: (previous) => withSchemaOf(previous, schemaDefinition("spec: { type: object }")),
  },
  "object-rejected": {
    command: "kubectl apply --server-side -f routes-with-features.yaml",
    cluster: `${schemaDefinition("spec: { type: object, x-kubernetes-preserve-unknown-fields: true }, status: { type: object, properties: { features: { type: array, items: { type: string } } } }")}${ROUTES}`,
    crd: "routes.example.com",
    change: (previous) =>
      withSchemaOf(
        previous,
        schemaDefinition(
          "spec: { type: object, x-kubernetes-preserve-unknown-fields: true }, status: { type: object, properties: { features: { type: array, items: { type: object, properties: { name: { type: string } } } } } }",
        ),
      ),
  },
  "objects-deleted": {
    command: "kubectl delete crd mysqlservers.database.azure.crossplane.io",
    cluster: `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: mysqlservers.database.azure.crossplane.io }
spec:
  group: database.azure.crossplane.io
  names: { kind: MySQLServer, plural: mysqlservers }
  scope: Cluster
  versions: [{ name: v1beta1, served: true, storage: true }]
status: { storedVersions: [v1beta1] }
---
apiVersion: database.azure.crossplane.io/v1beta1
kind: MySQLServer
metadata: { name: billing }
---
apiVersion: database.azure.crossplane.io/v1beta1
kind: MySQLServer
metadata: { name: orders }
`,
    crd: "mysqlservers.database.azure.crossplane.io",
    change: (previous) => ({ kind: "delete", previous }),
  },
  "required-resource-deleted": {
    command: "kubectl delete crd grpcroutes.gateway.networking.k8s.io",
    crd: "grpcroutes.gateway.networking.k8s.io",
    change: (previous) => ({ kind: "delete", previous }),
  },
  "required-version-unserved": {
    command: "kubectl apply --server-side -f grpcroutes-v1.1.0-standard.yaml",
    crd: "grpcroutes.gateway.networking.k8s.io",
    change: (previous, changed) => ({ kind: "update", previous, next: findCrd(changed, previous.name) }),
  },
  "schema-narrowed": [
    {
      command: "kubectl apply --server-side -f gatewayclasses-v1.2.1-experimental.yaml",
      cluster: gatewayClasses("{ type: string, maxLength: 64 }"),
      crd: "gatewayclasses.gateway.networking.k8s.io",
      change: (previous) => ({
        kind: "update",
        previous,
        next: readCrd(gatewayClasses("{ type: object, required: [name], properties: { name: { type: string } } }")),
      }),
    },
    {
      command: "crdguard check -f gatewayclasses-v1.2.1-experimental.yaml --against live",
      cluster: gatewayClasses("{ type: string, maxLength: 64 }"),
      input: gatewayClasses("{ type: object, required: [name], properties: { name: { type: string } } }"),
    },
  ],
  "stored-version-forgotten": {
    command: `kubectl patch crd referencegrants.gateway.networking.k8s.io --subresource=status --type=merge -p '{"status":{"storedVersions":["v1beta1"]}}'`,
    crd: "referencegrants.gateway.networking.k8s.io",
    change: (previous) => ({
      kind: "status-update",
      previous,
      next: { ...previous, stored: { names: ["v1beta1"], source: "status" } },
    }),
    migration: {
      kind: "unproven",
      by: "StorageVersionRecord referencegrants.gateway.networking.k8s.io",
      unprovenCount: 1,
      objectCount: 2,
      isComplete: true,
      examples: [{ namespace: "shop", name: "routes-to-shop" }],
    },
  },
  "stored-version-removed": {
    command: "kubectl apply --server-side -f referencegrants-without-v1alpha2.yaml",
    crd: "referencegrants.gateway.networking.k8s.io",
    change: (previous) => ({
      kind: "update",
      previous,
      next: { ...previous, versions: previous.versions.filter(({ name }) => name !== "v1alpha2") },
    }),
  },
  "version-in-use-unserved": [
    {
      command: "kubectl apply --server-side -f externalsecrets-v0.17.0.yaml",
      cluster: EXTERNAL_SECRETS_CLUSTER,
      crd: EXTERNAL_SECRETS,
      change: (previous) => ({ kind: "update", previous, next: withoutServing(previous, "v1beta1") }),
    },
    {
      command: "crdguard check -f externalsecrets-v0.17.0.yaml --against live",
      cluster: EXTERNAL_SECRETS_CLUSTER,
      input: definition(
        EXTERNAL_SECRETS,
        "ExternalSecret",
        "{ name: v1, served: true, storage: true }, { name: v1beta1, served: false, storage: false }",
      ),
    },
  ],
  "workload-requirement-unmet": {
    command: "helm template eg oci://docker.io/envoyproxy/gateway-helm --version v1.1.0 | crdguard check -f - --against live",
    cluster: GATEWAY_STANDARD_CLUSTER,
    input: `
apiVersion: apps/v1
kind: Deployment
metadata: { name: envoy-gateway, namespace: envoy-gateway-system }
spec:
  template: { spec: { containers: [{ name: envoy-gateway, image: "docker.io/envoyproxy/gateway:v1.1.0" }] } }
`,
  },
};

describe("docs/rules", () => {
  it("has a page for each rule, and no other", async () => {
    const pages = (await readdir(RULES_FOLDER)).filter((file) => file !== "README.md").toSorted();

    expect(pages).toEqual(rules.map(({ id }) => `${id}.md`));
  });

  it("lists each rule with its default enforcement", async () => {
    const readme = await readFile(`${RULES_FOLDER}README.md`, "utf8");
    const rows = [...readme.matchAll(/^\| \[`(?<id>[a-z-]+)`\]\((?<page>[^)]+)\) +\| (?<enforcement>\w+)/gm)];

    expect(rows.map(({ groups }) => ({ ...groups }))).toEqual(
      rules.map(({ id, defaultEnforcement }) => ({ id, page: `${id}.md`, enforcement: defaultEnforcement })),
    );
  });

  describe.each(rules.map(({ id }) => id))("%s", (id) => {
    const path = `${RULES_FOLDER}${id}.md`;

    it("has the five headings, in their order", async () => {
      const page = await readFile(path, "utf8");

      expect(page.split("\n", 1)).toEqual([`# ${id}`]);
      expect([...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(HEADINGS);
    });

    it("tells of a real incident, with a link to it", async () => {
      expect(sectionOf(await readFile(path, "utf8"), "Why it matters")).toMatch(
        /https:\/\/github\.com\/[^/]+\/[^/]+\/(?:issues|pull)\/\d+/,
      );
    });

    it("shows what one really sees", async () => {
      const output = await outputOf(id);
      const page = await readFile(path, "utf8");
      const [block = "", shown] = FENCE.exec(sectionOf(page, "What you see")) ?? [];
      if (process.env["UPDATE_DOCS"] === "1" && block !== "") {
        await writeFile(
          path,
          page.replace(block, () => `\`\`\`text\n${output}\n\`\`\``),
        );
        return;
      }

      expect(shown, "run the tests once with UPDATE_DOCS=1").toBe(output);
      expect(output).toContain(`${id}: `);
    });

    it("says how to turn it down", async () => {
      expect(sectionOf(await readFile(path, "utf8"), "When to turn it off")).toMatch(new RegExp(`--rule ${id}=(?:warn|audit)`));
    });
  });
});

const FENCE = /```text\n([\s\S]*?)\n```/;

function sectionOf(page: string, heading: string): string {
  return page.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? "";
}

/** Each command, and what it prints. */
async function outputOf(id: string): Promise<string> {
  const example = EXAMPLES[id];
  if (example === undefined) throw new Error(`the test has no example for ${id}`);
  const outputs = [example].flat().map(async (one) => {
    const lines = "crd" in one ? await kubectlOutput(id, one) : await checkOutput(one);
    return [`$ ${one.command}`, ...lines].join("\n");
  });
  return (await Promise.all(outputs)).join("\n");
}

/** What is told beside what an example is about: the demo's release leaves the experimental channel, and a field that goes is told of twice. */
const BESIDE: ReadonlySet<string> = new Set(["bundle-downgraded", "schema-narrowed"]);

/** What kubectl prints of the answer, by way of everything but the network. */
async function kubectlOutput(id: string, example: KubectlExample): Promise<readonly string[]> {
  const catalog = valueOf(await readCatalog());
  const manifests = valueOf(
    example.cluster === undefined ? await readFolder("demo/cluster") : await parseManifests("cluster.yaml", example.cluster),
  );
  const folder = valueOf(folderCluster("demo/cluster", manifests, catalog));
  const { migration, webhook } = example;
  const before = findCrd(manifests, example.crd);
  const cluster = {
    ...folder,
    ...(migration === undefined ? {} : { findMigration: () => Promise.resolve(migration) }),
    ...(webhook === undefined
      ? {}
      : {
          lookAtWebhook: async (asked: ConversionWebhook, signal: AbortSignal) =>
            JSON.stringify(asked) === JSON.stringify(before.conversion) ? folder.lookAtWebhook(asked, signal) : webhook,
        }),
  };
  const change = await example.change(before, valueOf(await readFolder("demo/changes")));
  const verdict = await review({ change, requester: null }, cluster, DEFAULT_POLICY, AbortSignal.timeout(10_000));
  const crd = previousCrd(change);
  if (verdict.kind === "undecided" || crd === null) throw new Error(`the example of ${id} is not judged`);
  expect(verdict.findings.map(({ rule }) => rule).filter((rule) => rule === id || !BESIDE.has(rule))).toEqual([id]);
  const done = `customresourcedefinition.apiextensions.k8s.io/${crd.name} serverside-applied`;
  return kubectlLines(explainVerdict(verdict, crd, EVERYTHING), done);
}

async function checkOutput({ cluster, input }: CheckExample): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "crdguard-rule-pages-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "cluster.yaml"), cluster);
  const args = [`${ROOT}src/cli/main.ts`, "check", "-f", "-", "--against", folder];
  const { stdout, stderr } = spawnSync(process.execPath, args, { input, encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
}

function withoutServing(crd: Crd, version: string): Crd {
  return {
    ...crd,
    versions: crd.versions.map((listed) => (listed.name === version ? { ...listed, isServed: false } : listed)),
  };
}

function readFolder(folder: string): ReturnType<typeof readManifests> {
  return readManifests([`${ROOT}${folder}`], { isRecursive: true, readStandardInput: null });
}

function findCrd(manifests: readonly Manifest[], name: string): Crd {
  const found = manifests
    .map(({ object }) => parseCrd(object))
    .flatMap((result) => (result.ok ? [result.value] : []))
    .find((crd) => crd.name === name);
  if (found === undefined) throw new Error(`no CRD ${name} among the manifests`);
  return found;
}

function readCrd(manifest: string): Crd {
  return valueOf(parseCrd(parse(manifest)));
}

type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: { readonly message: string } };

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
