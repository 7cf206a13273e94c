import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { installPackage } from "../../bench/package.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const installed = installPackage();

afterAll(() => {
  installed.remove();
});

describe("the built package", () => {
  it.each([
    { title: "its version", words: ["--version"] },
    { title: "its help", words: ["check", "--help"] },
    { title: "a check of CRDs and workloads", words: ["check", "-f", "demo/changes", "--against", "demo/cluster"] },
    { title: "who needs what", words: ["requirements", "--against", "demo/cluster", "-o", "json"] },
    { title: "a controller of the catalog", words: ["catalog", "show", "envoy-gateway", "-o", "json"] },
    { title: "a matrix", words: ["matrix", "gateway-api", "--with", "envoy-gateway=1.2.1", "--with", "cilium=1.16.3"] },
    { title: "a look over its own catalog", words: ["catalog", "lint", "catalog"] },
    { title: "what it cannot read", words: ["check", "-f", "README.md", "--against", "demo/cluster"] },
    { title: "a kubeconfig that is not there", words: ["requirements", "--kubeconfig", "absent"] },
  ])("tells $title as the sources do", { timeout: 60_000 }, ({ words }) => {
    const built = run(installed.command, words);

    expect(built).toEqual(run("src/cli/main.ts", words));
    expect(built.stdout + built.stderr).not.toBe("");
  });

  it("runs the guard", { timeout: 60_000 }, () => {
    const { status, stdout, stderr } = run(installed.command, ["demo"]);

    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("denied  1.");
  });

  it("does without a cache where none can be written", () => {
    expect(run(installed.command, ["--version"], "/dev/null").status).toBe(0);
  });
});

function run(
  command: string,
  words: readonly string[],
  cache = installed.cache,
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...words], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, XDG_CACHE_HOME: cache },
  });
  return { status, stdout, stderr };
}
