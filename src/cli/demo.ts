/** @file `crdguard demo`: real incidents, real AdmissionReviews over TLS, and what a person at kubectl reads. */
import { randomUUID } from "node:crypto";
import { request } from "node:https";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createColors } from "picocolors";
import type { Colors } from "picocolors/types.js";
import { startGuard } from "../admission/guard.ts";
import { createDevelopmentPair } from "../certificates/development-pair.ts";
import { readManifests } from "../cluster/snapshot/manifests.ts";
import { isRecord } from "../crd/is-record.ts";
import { createLogger } from "../observability/log.ts";
import { createMetrics } from "../observability/metrics.ts";
import { NO_FLAGS } from "../policy/combine.ts";
import { loadCatalog, openFolderCluster } from "./sources.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { kubectlLines, type ReviewResponse } from "./kubectl-lines.ts";
import type { Terminal } from "./terminal.ts";

/** Facts and changes written for the demo; they come with the package. */
const DEMO_FOLDER = fromHere(fileURLToPath(new URL("../../demo/", import.meta.url)));

/** One thing that somebody does, and what comes of it. */
interface Scene {
  readonly title: string;
  /** What the person types. */
  readonly command: string;
  readonly operation: "UPDATE" | "DELETE";
  readonly subresource?: "status";
  readonly crd: string;
  /** The new object, made of the old one. */
  readonly next?: (previous: Manifest, changes: ReadonlyMap<string, Manifest>) => Manifest;
  /** What kubectl says when nobody objects. */
  readonly done: string;
}

type Manifest = Readonly<Record<string, unknown>>;

const SCENES: readonly Scene[] = [
  {
    title: "Gateway API v1.0 experimental → v1.1 standard: GRPCRoute v1alpha2 stays listed, but is no longer served",
    command: "kubectl apply --server-side -f grpcroutes-v1.1.0-standard.yaml",
    operation: "UPDATE",
    crd: "grpcroutes.gateway.networking.k8s.io",
    next: changed("grpcroutes.gateway.networking.k8s.io"),
    done: "serverside-applied",
  },
  {
    title: "v1.1 experimental: BackendTLSPolicy v1alpha3 in place of v1alpha2, and an object is stored in the old one",
    command: "kubectl apply --server-side -f backendtlspolicies-v1.1.0-experimental.yaml",
    operation: "UPDATE",
    crd: "backendtlspolicies.gateway.networking.k8s.io",
    next: changed("backendtlspolicies.gateway.networking.k8s.io"),
    done: "serverside-applied",
  },
  {
    title: "The advice found everywhere: trim status.storedVersions by hand",
    command: `kubectl patch crd referencegrants.gateway.networking.k8s.io --subresource=status --type=merge -p '{"status":{"storedVersions":["v1beta1"]}}'`,
    operation: "UPDATE",
    subresource: "status",
    crd: "referencegrants.gateway.networking.k8s.io",
    next: (previous) => ({ ...previous, status: { storedVersions: ["v1beta1"] } }),
    done: "patched",
  },
  {
    title: "A harmless upgrade: HTTPRoute v1 becomes the storage version, both versions stay served",
    command: "kubectl apply --server-side -f httproutes-v1.1.0-standard.yaml",
    operation: "UPDATE",
    crd: "httproutes.gateway.networking.k8s.io",
    next: changed("httproutes.gateway.networking.k8s.io"),
    done: "serverside-applied",
  },
  {
    title: "Cleaning up: delete a definition that is in use",
    command: "kubectl delete crd gateways.gateway.networking.k8s.io",
    operation: "DELETE",
    crd: "gateways.gateway.networking.k8s.io",
    done: "deleted",
  },
];

/** `stay` leaves the server running until Ctrl-C. */
export async function demo({ stay }: { readonly stay: boolean }, terminal: Terminal): Promise<ExitStatus> {
  const colors = createColors(terminal.hasColors);
  const [before, changes] = await Promise.all([readByName("cluster"), readByName("changes")]);
  const pair = await createDevelopmentPair({ hosts: ["localhost", "127.0.0.1"] });
  if (!pair.ok) throw new CommandError(EXIT.undecided, pair.error.code, pair.error.message);
  const guard = await startGuard({
    cluster: await openFolderCluster(`${DEMO_FOLDER}cluster`, await loadCatalog()),
    policy: NO_FLAGS,
    tls: pair.value,
    logger: createLogger(stay ? "info" : "warn"),
    metrics: createMetrics(),
    listen: { host: "127.0.0.1", port: stay ? STAY_PORT : 0 },
    healthListen: stay ? { host: "127.0.0.1", port: STAY_HEALTH_PORT } : null,
    hasValidCertificate: () => true,
  }).catch((error: unknown) => {
    throw new CommandError(EXIT.usage, "listen-failed", error instanceof Error ? error.message : String(error));
  });
  if (stay) {
    terminal.print(`${stayLines(guard.url, colors).join("\n")}\n`);
    await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
    await guard.drain(0);
    return EXIT.allowed;
  }
  try {
    terminal.print(`${introLines(guard.url, colors).join("\n")}\n`);
    for (const [index, scene] of SCENES.entries()) {
      const previous = before.get(scene.crd);
      if (previous === undefined) throw new Error(`the demo's cluster lacks ${scene.crd}`);
      const review = reviewOf(scene, previous, changes);
      const response = await ask(guard.url, pair.value.ca, scene, review);
      terminal.print(`\n${sceneLines(index + 1, scene, response, colors).join("\n")}\n`);
    }
    terminal.print(`\n${outroLines(colors).join("\n")}\n`);
    return EXIT.allowed;
  } finally {
    await guard.drain(0);
  }
}

const STAY_PORT = 8443;
const STAY_HEALTH_PORT = 8080;

function changed(crd: string): NonNullable<Scene["next"]> {
  return (previous, changes) => {
    const manifest = changes.get(crd);
    if (manifest === undefined) throw new Error(`the demo's changes lack ${crd}`);
    // As the API server does it: the status is not the applier's to write.
    return { ...manifest, status: previous["status"] };
  };
}

/** As a person would type it, where that is shorter: paths are shown. */
function fromHere(path: string): string {
  const short = `${relative(process.cwd(), path)}/`;
  return short.startsWith("../") || short === "/" ? path : short;
}

async function readByName(folder: string): Promise<ReadonlyMap<string, Manifest>> {
  const manifests = await readManifests([`${DEMO_FOLDER}${folder}`], { isRecursive: false, readStandardInput: null });
  if (!manifests.ok) throw new CommandError(EXIT.usage, manifests.error.code, manifests.error.message);
  return new Map(
    manifests.value.map(({ object }) => [isRecord(object["metadata"]) ? String(object["metadata"]["name"]) : "", object]),
  );
}

function reviewOf(scene: Scene, previous: Manifest, changes: ReadonlyMap<string, Manifest>): unknown {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: randomUUID(),
      kind: { group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition" },
      resource: { group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" },
      ...(scene.subresource === undefined ? {} : { subResource: scene.subresource }),
      name: scene.crd,
      operation: scene.operation,
      userInfo: { username: "you", groups: ["system:masters", "system:authenticated"] },
      object: scene.next?.(previous, changes) ?? null,
      oldObject: previous,
      dryRun: false,
    },
  };
}

/** The API server asks mutating webhooks, such as the explainer, before it validates, and validating ones after. */
async function ask(url: string, ca: string, scene: Scene, review: unknown): Promise<ReviewResponse> {
  if (scene.operation === "UPDATE" && scene.subresource === undefined) {
    const explained = await post(`${url}/explain?timeout=5s`, ca, review);
    if (!explained.allowed) return explained;
  }
  return post(`${url}/validate?timeout=10s`, ca, review);
}

function post(url: string, ca: string, review: unknown): Promise<ReviewResponse> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: "POST", ca, headers: { "content-type": "application/json" } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const answer: { readonly response: ReviewResponse } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        resolve(answer.response);
      });
    });
    call.on("error", reject);
    call.end(JSON.stringify(review));
  });
}

function introLines(url: string, colors: Colors): readonly string[] {
  return [
    colors.bold("crdguard demo"),
    colors.dim(`The guard serves at ${url} and answers AdmissionReviews over TLS, as it does for kube-apiserver. Its facts are`),
    colors.dim(
      "the files in demo/cluster: Gateway API v1.0.0, Envoy Gateway 1.0.1, Cilium operator 1.15.4, Istio 1.21.2, some objects.",
    ),
  ];
}

function sceneLines(number: number, scene: Scene, response: ReviewResponse, colors: Colors): readonly string[] {
  const mark = response.allowed ? colors.green("✓ allowed") : colors.red("✗ denied");
  const lines = kubectlLines(response, `customresourcedefinition.apiextensions.k8s.io/${scene.crd} ${scene.done}`);
  const [first = "", ...rest] = lines;
  return [
    `${mark}  ${colors.bold(`${String(number)}. ${scene.title}`)}`,
    colors.cyan(`$ ${scene.command}`),
    response.allowed ? first : colors.red(first),
    ...rest,
  ];
}

function outroLines(colors: Colors): readonly string[] {
  return [
    colors.bold("Try next: what would one of these changes do to your own cluster?"),
    "  npx crdguard check -f demo/changes --against live          (the cluster of your kubeconfig; nothing is written)",
    "  npx crdguard check -f demo/changes --against demo/cluster -o json",
    "  npm start                                                  (leaves the guard running, for curl)",
  ];
}

function stayLines(url: string, colors: Colors): readonly string[] {
  return [
    colors.bold(`crdguard serves at ${url} over the facts in demo/cluster; Ctrl-C stops it. Ask it, in another terminal:`),
    `  curl -k ${url}/validate -H 'content-type: application/json' -d @demo/review.json`,
    `  curl 'http://127.0.0.1:${String(STAY_HEALTH_PORT)}/readyz?verbose'`,
    `  curl http://127.0.0.1:${String(STAY_HEALTH_PORT)}/metrics`,
  ];
}
