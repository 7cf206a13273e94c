/** What guides and manifests have people apply, taken by a real API server; and the rights in them, used. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type ApiServer, startApiServer } from "./support/api-server.ts";
import { type CommandOutcome, runCommand } from "./support/child-processes.ts";
import { crdManifest, deploymentManifest } from "./support/manifests.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CRDS = crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1" }], storage: "v1" });

describe("what guides have people apply", () => {
  let api: ApiServer;

  beforeAll(async () => {
    api = await startApiServer();
    succeeded(await applied(["-k", join(ROOT, "manifests/check")]));
    succeeded(
      await applied(
        ["-f", "-"],
        crdManifest({ plural: "gears", kind: "Gear", versions: [{ name: "v1alpha1" }], storage: "v1alpha1" }),
      ),
    );
    const annotations = { "crdguard.dev/requires": "gears.own.dev/v1alpha1" };
    succeeded(await applied(["-f", "-"], deploymentManifest({ name: "turner", annotations })));
  });

  afterAll(async () => {
    await api.stop();
  });

  function applied(args: readonly string[], stdin = ""): Promise<CommandOutcome> {
    return api.kubectl(["apply", "--server-side", ...args], { stdin });
  }

  /** Files of a guide's YAML blocks, each at the path in its first line, below a folder of that name. */
  async function filesOf(page: string): Promise<string> {
    const folder = join(api.workDir, page);
    for (const [, path = "", text = ""] of (await readFile(join(ROOT, `docs/guides/${page}.md`), "utf8")).matchAll(
      /```yaml\n# ([\w./-]+)\n([^]*?)```/g,
    )) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return folder;
  }

  async function kustomized(folder: string, ...flags: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await runCommand("kubectl", ["kustomize", folder, ...flags]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return stdout;
  }

  it("the CronJob of doctor, its account and its rights, without a warning", async () => {
    expect(await applied(["-k", join(ROOT, "manifests/doctor"), "--force-conflicts"])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(
      await api.kubectl(["-n", "crdguard", "create", "job", "--from=cronjob/crdguard-doctor", "crdguard-doctor-now"]),
    ).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
  });

  it("a kustomization that changes the flags of doctor, and the hour", async () => {
    const folder = await filesOf("cron-doctor");
    const kustomization = join(folder, "kustomization.yaml");
    const text = await readFile(kustomization, "utf8");
    await writeFile(kustomization, text.replace(/https:\S+/, "doctor"));
    await runCommand("cp", ["-r", join(ROOT, "manifests/doctor"), join(folder, "doctor")]);
    const manifests = await kustomized(folder);

    expect(await applied(["-f", "-", "--dry-run=server", "--force-conflicts"], manifests)).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
    expect(manifests).toContain("schedule: 0 6 * * 1");
    expect(manifests).toMatch(/args:\n\s+- doctor\n\s+- --fail-on\n\s+- warning\n\s+- --output\n\s+- json\n/);
  });

  it("the PreSync hook of Argo CD", async () => {
    const folder = await filesOf("argo-cd");
    await writeFile(
      join(folder, "crds.yaml"),
      crdManifest({ plural: "cogs", kind: "Cog", versions: [{ name: "v1" }], storage: "v1" }),
    );
    const manifests = await kustomized(folder);

    expect(await applied(["-f", "-", "--dry-run=server", "--force-conflicts"], manifests)).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
    expect(manifests.match(/argocd\.argoproj\.io\/hook: PreSync/g)).toHaveLength(2);
  });

  it("the Job of Flux, whose ConfigMap has another name when the CRDs change", async () => {
    const folder = join(await filesOf("flux"), "deploy");
    const names: string[] = [];
    for (const crds of [CRDS, `${CRDS}\n`]) {
      await mkdir(join(folder, "crds"), { recursive: true });
      await writeFile(join(folder, "crds/crds.yaml"), crds);
      const manifests = await kustomized(join(folder, "crds-check"), "--load-restrictor=LoadRestrictionsNone");
      expect(await applied(["-f", "-", "--dry-run=server"], manifests)).toMatchObject({ exitCode: 0, stderr: "" });
      const [, mounted = "none"] = /configMap:\n\s+name: (\S+)/.exec(manifests) ?? [];
      expect(manifests).toContain(`kind: ConfigMap\nmetadata:\n  name: ${mounted}\n`);
      names.push(mounted);
    }
    expect(new Set(names).size).toBe(2);
  });

  it("the account of manifests/check may read all that a check asks, and no more is asked", async () => {
    const { stdout: token } = await api.kubectl(["-n", "crdguard", "create", "token", "crdguard-check"]);
    const check = (...args: readonly string[]): Promise<CommandOutcome> =>
      runCommand(process.execPath, [join(ROOT, "src/cli/main.ts"), "check", "--against", "live", ...args], {
        env: { KUBECONFIG: api.kubeconfigPath },
        stdin: CRDS,
      });
    const denied = await check("-f", "-", "--token", token.trim());
    const deleted = await check("--delete", "gears.own.dev", "--token", token.trim());

    expect(denied).toMatchObject({ exitCode: 1, stderr: "" });
    expect(denied.stdout).toContain("required-version-unserved");
    expect(deleted).toMatchObject({ exitCode: 1, stderr: "" });
    expect(deleted.stdout).toContain("required-resource-deleted");
    expect(denied.stdout + deleted.stdout).not.toMatch(/may not|cannot be/);
  });

  it("runs the image that crdguard's server has", async () => {
    const imagesOf = async (path: string): Promise<readonly string[]> =>
      [...(await readFile(join(ROOT, path), "utf8")).matchAll(/image: (\S+)/g)].map(([, image = ""]) => image);
    const [image] = await imagesOf("manifests/server/deployment.yaml");

    for (const path of ["manifests/doctor/cronjob.yaml", "docs/guides/argo-cd.md", "docs/guides/flux.md"]) {
      expect(await imagesOf(path)).toEqual([image]);
    }
    const namespaces = await Promise.all(
      ["server", "check", "doctor"].map(
        async (folder) => parse(await readFile(join(ROOT, `manifests/${folder}/namespace.yaml`), "utf8")) as unknown,
      ),
    );
    expect(namespaces).toEqual([namespaces[0], namespaces[0], namespaces[0]]);
  });
});

/** Of what a test builds on. */
function succeeded({ exitCode, stderr }: CommandOutcome): void {
  if (exitCode !== 0) throw new Error(stderr);
}
