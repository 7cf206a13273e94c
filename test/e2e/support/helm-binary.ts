/** @file Builds Helm from its Go module, once per machine: both majors are in use, and they order objects differently. */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "./api-server-binary.ts";
import { runCommand } from "./child-processes.ts";

export type HelmMajor = 3 | 4;

/** Newest that build with the Go that builds the API server, too. */
const VERSIONS: Readonly<Record<HelmMajor, string>> = { 3: "v3.21.4", 4: "v4.2.4" };

/**
 * Path of a helm of this major in `$CRDGUARD_CACHE` (or where {@link cacheFolder} is), built if it is not there. A first build
 * takes two to four minutes on two cores.
 * @throws Error with the end of the compiler's output.
 */
export async function buildHelm(major: HelmMajor): Promise<string> {
  const version = VERSIONS[major];
  const path = join(cacheFolder(), `helm-${version}`);
  if (await isExecutable(path)) return path;

  const folder = join(cacheFolder(), `helm-${version}.${randomUUID()}.unfinished`);
  await mkdir(folder, { recursive: true });
  process.stderr.write(`Building helm ${version} for end-to-end tests, once: some three minutes on two cores …\n`);
  try {
    const module = `helm.sh/helm/v${String(major)}`;
    const args = ["install", "-trimpath", "-buildvcs=false", "-ldflags", linkerFlags(module), `${module}/cmd/helm@${version}`];
    const outcome = await runCommand("go", args, {
      env: { GOBIN: folder, GOWORK: "off", GOFLAGS: "", CGO_ENABLED: "0" },
      timeoutMs: BUILD_TIMEOUT_MS,
    });
    if (outcome.exitCode !== 0) {
      throw new Error(
        `helm ${version} could not be built; "go install" ended with:\n${outcome.stderr.split("\n").slice(-20).join("\n")}`,
      );
    }
    await rename(join(folder, "helm"), path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}

export const BUILD_TIMEOUT_MS = 20 * 60_000;

/** Helm's releases say by these which Kubernetes a chart is rendered for where no cluster is asked; else it is 1.20. */
function linkerFlags(module: string): string {
  const packages = ["pkg/chartutil", "pkg/lint/rules"];
  return [
    "-s",
    "-w",
    ...packages.flatMap((name) => [`-X ${module}/${name}.k8sVersionMajor=1`, `-X ${module}/${name}.k8sVersionMinor=35`]),
  ].join(" ");
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
