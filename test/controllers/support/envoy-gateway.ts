/** @file Envoy Gateway as a process: its certificates, its ports, and what its log says. */
import { existsSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import semver from "semver";
import type { ApiServer } from "../../e2e/support/api-server.ts";
import { atExit, runCommand } from "../../e2e/support/child-processes.ts";
import type { ControllerRelease } from "./controller.ts";
import type { CrdFolder } from "./crds.ts";

const MODULE = "github.com/envoyproxy/gateway";
const NAMESPACE = "envoy-gateway-system";
const ENVIRONMENT = { ENVOY_GATEWAY_NAMESPACE: NAMESPACE } as const;

export function envoyGateway(version: string): ControllerRelease {
  return {
    id: "envoy-gateway",
    version,
    image: `docker.io/envoyproxy/gateway:v${version}`,
    program: { module: { path: MODULE, version: `v${version}` }, package: "./cmd/envoy-gateway" },
    namespace: NAMESPACE,
    args: () => ["server"],
    env: ENVIRONMENT,
    prepare: (api, program) => prepare(api, program, version),
    signs: {
      // Watches of all kinds have synced, and it reconciles. Source: controller-runtime, pkg/internal/controller.
      ready: [/Starting workers/],
      skip: /(?<kind>\w+) CRD not found, skipping/,
      reason: /no matches for kind|timed out waiting for cache|unable to start provider|failed to/,
      // charts/gateway-helm/templates/envoy-gateway-deployment.yaml
      liveness: "http://127.0.0.1:8081/healthz",
      // controller-runtime waits for caches for two minutes, and gives up then.
      patienceMs: 150_000,
    },
  };
}

/** CRDs of its own group, as its chart installs them. */
export function ownCrds(version: string): CrdFolder {
  // CRDs became a chart of their own in 1.4.
  const chart = semver.gte(version, "1.4.0") ? "charts/gateway-helm/charts/crds" : "charts/gateway-helm";
  return { module: { path: MODULE, version: `v${version}` }, folder: `${chart}/crds/generated` };
}

async function prepare(api: ApiServer, program: string, version: string): Promise<void> {
  // Releases with a webhook would also write to its registration, which only the chart makes.
  const args = semver.gte(version, "1.4.0") ? ["certgen", "--disable-topology-injector"] : ["certgen"];
  const outcome = await runCommand(program, args, { env: { ...ENVIRONMENT, KUBECONFIG: api.kubeconfigPath } });
  if (outcome.exitCode !== 0) throw new Error(`envoy-gateway certgen failed: ${outcome.stderr}`);
  await writeCertificates(api);
}

/** Written into the program, as the mount path of its Secret. Source: internal/xds/server/runner/runner.go. */
const CERTIFICATES = "/certs";
let isOurs = false;

async function writeCertificates(api: ApiServer): Promise<void> {
  if (existsSync(CERTIFICATES) && !isOurs) {
    throw new Error(`Envoy Gateway reads its certificate from ${CERTIFICATES}, which is there already: move it away first`);
  }
  await mkdir(CERTIFICATES, { recursive: true });
  if (!isOurs) atExit(() => rmSync(CERTIFICATES, { recursive: true, force: true }));
  isOurs = true;
  const { body } = await api.request("GET", `/api/v1/namespaces/${NAMESPACE}/secrets/envoy-gateway`);
  const { data } = body as { readonly data: Readonly<Record<string, string>> };
  for (const [name, content] of Object.entries(data)) {
    await writeFile(join(CERTIFICATES, name), Buffer.from(content, "base64"), { mode: 0o600 });
  }
}
