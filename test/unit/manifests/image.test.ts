import { access, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

describe("Dockerfile", () => {
  it("copies only what is in the repository and passes .dockerignore", async () => {
    const passed = (await lines(".dockerignore")).filter((line) => line.startsWith("!")).map((line) => line.slice(1));
    const sources = [...new Set((await instructions("COPY")).filter((copy) => !copy.startsWith("--from=")).flatMap(sourcesOf))];

    expect(sources.toSorted()).toEqual(passed.toSorted());
    for (const source of sources) await expect(access(ROOT + source)).resolves.toBeUndefined();
  });

  it("ignores everything else, so that no key or kubeconfig that lies about gets into an image", async () => {
    expect((await lines(".dockerignore")).filter((line) => !line.startsWith("#") && !line.startsWith("!"))).toEqual(["*"]);
  });

  it("copies what its build runs, and what that is run on", async () => {
    const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
      await readFile(`${ROOT}package.json`, "utf8"),
    );
    const run = [scripts["prebuild"] ?? "", scripts["build"] ?? ""].flatMap((script) => /^node (\S+)$/.exec(script)?.[1] ?? []);
    const copied = (await instructions("COPY")).flatMap(sourcesOf);

    expect(run).toHaveLength(2);
    for (const file of run) expect(copied).toContain(file.split("/")[0]);
  });

  it("runs as the user that the Deployment demands, in numbers", async () => {
    expect(await instructions("USER")).toEqual(["65532:65532"]);
  });

  it("starts the command by the path that the build writes", async () => {
    const [entrypoint = ""] = await instructions("ENTRYPOINT");

    expect(JSON.parse(entrypoint)).toEqual(["/nodejs/bin/node", "--max-semi-space-size=1", "/crdguard/dist/cli/main.js"]);
    await expect(access(`${ROOT}src/cli/main.ts`)).resolves.toBeUndefined();
  });
});

async function lines(file: string): Promise<readonly string[]> {
  return (await readFile(ROOT + file, "utf8")).split("\n").filter((line) => line !== "");
}

/** The arguments of each instruction of that name, in order. */
async function instructions(name: string): Promise<readonly string[]> {
  return (await lines("Dockerfile")).filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
}

function sourcesOf(copy: string): readonly string[] {
  return copy
    .split(" ")
    .slice(0, -1)
    .map((source) => source.replace(/\/$/, ""));
}
