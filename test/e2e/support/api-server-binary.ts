/** @file Builds the API server that the tests run, once per machine, or finds the one that the user brought. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildGoProgram, isExecutable, isOnPath } from "./go-program.ts";

export { cacheFolder, isOnPath } from "./go-program.ts";

/** The program that carries etcd in itself (test/cluster), or two programs from KUBEBUILDER_ASSETS. */
export type ApiServerBinary =
  | { readonly kind: "embedded"; readonly cluster: string }
  | { readonly kind: "separate"; readonly kubeApiServer: string; readonly etcd: string };

/**
 * Returns the path of a kube-apiserver for tests: `$KUBEBUILDER_ASSETS/kube-apiserver` if that is set, else `test/cluster`,
 * built into `$CRDGUARD_CACHE`, `$XDG_CACHE_HOME/crdguard` or `~/.cache/crdguard` when its sources or Go changed. A first
 * build takes minutes: call it in the test runner's global set-up, so that parallel tests do not each start one.
 * @throws Error of one sentence with a way out if Go or an asset is missing, or the end of the compiler's output.
 */
export async function buildApiServer(): Promise<string> {
  const binary = await findApiServerBinary();
  return binary.kind === "embedded" ? binary.cluster : binary.kubeApiServer;
}

/** As {@link buildApiServer}, and says which of the two ways of running it goes with the path. */
export async function findApiServerBinary(): Promise<ApiServerBinary> {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  if (assets === undefined || assets === "") return { kind: "embedded", cluster: await builtOnce() };

  const separate = { kind: "separate", kubeApiServer: resolve(assets, "kube-apiserver"), etcd: resolve(assets, "etcd") } as const;
  for (const path of [separate.kubeApiServer, separate.etcd]) {
    if (await isExecutable(path)) continue;
    throw new Error(
      `KUBEBUILDER_ASSETS is set, but "${path}" is not an executable file: unset it to build test/cluster with Go instead`,
    );
  }
  return separate;
}

/**
 * Makes sure that what end-to-end tests need is there: kubectl, and Go or KUBEBUILDER_ASSETS. Call it in the global set-up.
 * @throws Error that names everything that is missing, and how to get it, in one sentence.
 */
export async function requireTools(): Promise<void> {
  const missing: string[] = [];
  if (!(await isOnPath("kubectl"))) missing.push("kubectl on the PATH (https://kubernetes.io/docs/tasks/tools)");

  if (process.env["KUBEBUILDER_ASSETS"]) await findApiServerBinary();
  else if (!(await isOnPath("go"))) missing.push(`Go on the PATH (${goOrAssets})`);

  if (missing.length > 0) throw new Error(`End-to-end tests run against a real API server and need ${missing.join(", and ")}`);
}

const goOrAssets =
  "https://go.dev/dl, any version since 1.21 fetches the right one; or set KUBEBUILDER_ASSETS to a folder with kube-apiserver and etcd, as setup-envtest makes it";

let building: Promise<string> | undefined;

function builtOnce(): Promise<string> {
  building ??= build();
  return building;
}

const sourceFolder = fileURLToPath(new URL("../../cluster/", import.meta.url));

async function build(): Promise<string> {
  if (!(await isOnPath("go")))
    throw new Error(`The API server for tests is built with Go, which is not on the PATH: install it (${goOrAssets})`);

  const goMod = await readFile(join(sourceFolder, "go.mod"), "utf8");
  const kubernetesVersion = /^\s*k8s\.io\/kubernetes (v\d+\.\d+\.\d+)$/m.exec(goMod)?.[1];
  if (kubernetesVersion === undefined)
    throw new Error(`"${sourceFolder}go.mod" requires no released version of k8s.io/kubernetes`);

  return buildGoProgram({
    folder: sourceFolder,
    name: `kube-apiserver-${kubernetesVersion}`,
    title: `kube-apiserver ${kubernetesVersion}`,
    patience: "some six minutes",
    linkerFlags: versionFlags(kubernetesVersion),
  });
}

/** Without these the server calls itself v0.0.0-master, which kubectl cannot parse. */
function versionFlags(version: string): string {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const variables = { gitVersion: version, gitMajor: major, gitMinor: minor };
  return [
    "-s",
    "-w",
    ...Object.entries(variables).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`),
  ].join(" ");
}
