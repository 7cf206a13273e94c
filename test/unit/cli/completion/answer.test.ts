import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Argument, Command, Option } from "commander";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Asker, completionAnswer } from "../../../../src/cli/completion/answer.ts";
import { isKnownPlaceholder } from "../../../../src/cli/completion/values.ts";
import { createProgram } from "../../../../src/cli/program.ts";
import { rules } from "../../../../src/rules/checks/index.ts";
import { REPORT_FORMATS } from "../../../../src/cli/report-formats.ts";
import { kubeconfigOf, startStandIn, type StandIn } from "../../cluster/live/stand-in-api-server.ts";

const program = createProgram({
  program: "crdguard",
  terminal: { print: () => undefined, tell: () => undefined, hasColors: false, columns: null },
  end: () => undefined,
});

/** Values without their descriptions, then the directive. */
async function answer(asker: Asker, ...words: readonly string[]): Promise<readonly string[]> {
  const lines = (await completionAnswer(program, asker, words)).split("\n").slice(0, -1);
  return lines.map((line) => line.split("\t", 1)[0] ?? "");
}

const RULE_IDS = rules.map(({ id }) => id);
const [SETTINGS = ""] = /(?<=<id=)[^>]+/.exec(optionOf("check", "--rule").flags) ?? [];

describe("completion", () => {
  it("offers every command at the beginning, and nothing that is hidden", async () => {
    const commands = program.commands.map((command) => command.name()).filter((name) => name !== "__complete");

    expect(await answer("zsh", "")).toEqual([...commands, "help", ":4"]);
  });

  it("tells what a command is for", async () => {
    expect(await completionAnswer(program, "zsh", ["dem"])).toBe(
      "demo\tshow the guard at work on real incidents, without a cluster\n:4\n",
    );
  });

  it.each<{ readonly title: string; readonly words: readonly string[]; readonly offered: readonly string[] }>([
    { title: "commands below a command", words: ["catalog", ""], offered: ["lint", "show", "help", ":4"] },
    { title: "commands for help", words: ["help", "che"], offered: ["check", ":4"] },
    { title: "nothing after a command that help takes", words: ["help", "check", ""], offered: [":4"] },
    { title: "nothing where nothing fits", words: ["xyz"], offered: [":4"] },
    { title: "flags that begin so", words: ["check", "--kub"], offered: ["--kubeconfig", ":4"] },
    { title: "no flag that was given already", words: ["check", "--kubeconfig", "x", "--kub"], offered: [":4"] },
    { title: "one that may be given again", words: ["check", "-f", "x", "--filen"], offered: ["--filename", ":4"] },
    { title: "no hidden flag", words: ["check", "--cache"], offered: [":4"] },
    { title: "the flags of the command that is called", words: ["catalog", "show", "--out"], offered: ["--output", ":4"] },
    { title: "choices", words: ["matrix", "gateway-api", "-o", ""], offered: ["text", "json", "markdown", ":4"] },
    { title: "forms of health reports", words: ["serve", "--health-reports", "o"], offered: ["openreports", "off", ":4"] },
    { title: "forms that doctor has beside those of check", words: ["doctor", "-o", "p"], offered: ["policyreport", ":4"] },
    { title: "choices after =", words: ["matrix", "--output=m"], offered: ["--output=markdown", ":4"] },
    { title: "choices of an argument", words: ["completion", ""], offered: ["bash", "zsh", "fish", ":4"] },
    { title: "files", words: ["check", "-f", ""], offered: [":0"] },
    { title: "files after several letters in one", words: ["check", "-Rf", ""], offered: [":0"] },
    {
      title: "how bad a check of doctor is",
      words: ["doctor", "--check", "migration-due=w"],
      offered: ["migration-due=warning", ":4"],
    },
    { title: "live, and files", words: ["requirements", "--against", ""], offered: ["live", ":0"] },
    { title: "files for an argument that may be given again", words: ["catalog", "lint", "a", "b"], offered: [":0"] },
    {
      title: "no commands where a flag's value stands",
      words: ["catalog", "--unknown", "show", "--catalog", ""],
      offered: [":0"],
    },
    { title: "nothing for what only a person knows", words: ["check", "--token", ""], offered: [":4"] },
    { title: "no flags after --", words: ["check", "--", "--fi"], offered: [":4"] },
    { title: "controllers of the catalog", words: ["catalog", "show", "traef"], offered: ["traefik", ":4"] },
    { title: "controllers, to go on with a version", words: ["matrix", "--with", "traef"], offered: ["traefik=", ":6"] },
    { title: "bundles", words: ["matrix", ""], offered: ["gateway-api", ":4"] },
    { title: "channels", words: ["matrix", "gateway-api", "--channel", "s"], offered: ["standard", ":4"] },
    { title: "releases", words: ["matrix", "gateway-api", "--release", "1.5.0"], offered: ["1.5.0", ":4"] },
    {
      title: "rules, to go on with what they lead to",
      words: ["check", "--rule", "objects"],
      offered: ["objects-deleted=", ":6"],
    },
    {
      title: "what a rule's findings may lead to",
      words: ["check", "--rule", "objects-deleted="],
      offered: [...SETTINGS.split("|").map((setting) => `objects-deleted=${setting}`), ":4"],
    },
  ])("offers $title", async ({ words, offered }) => {
    expect(await answer("zsh", ...words)).toEqual(offered);
    expect(await answer("fish", ...words)).toEqual(offered);
  });

  it("offers every rule", async () => {
    expect(await answer("zsh", "serve", "--rule", "")).toEqual([...RULE_IDS.map((id) => `${id}=`), ":6"]);
  });

  it("knows what to do with every value of every flag and argument", () => {
    const unknown = allCommands(program).flatMap((command) => {
      const declared: readonly (Option | Argument)[] = [
        ...command.options.filter((option) => option.required || option.optional),
        ...command.registeredArguments.filter(() => command.name() !== "__complete"),
      ];
      return declared
        .filter((each) => !isKnownPlaceholder(each))
        .map((each) => `${command.name()} ${"flags" in each ? each.flags : each.name()}`);
    });

    expect(unknown, "KINDS in completion/values.ts needs a line for the placeholder").toEqual([]);
  });
});

describe("completion for bash", () => {
  it.each([
    { title: "after =, which ends a word", words: ["check", "--output", "=", "js"], offered: ["json", ":4"] },
    { title: "right after =", words: ["check", "--output", "="], offered: [...REPORT_FORMATS, ":4"] },
    { title: "a rule's setting", words: ["check", "--rule", "objects-deleted", "=", "d"], offered: ["deny", ":4"] },
    {
      title: "a rule's setting after two of them",
      words: ["check", "--rule", "=", "objects-deleted", "=", "d"],
      offered: ["deny", ":4"],
    },
    { title: "where = ends no word", words: ["check", "--output=js"], offered: ["--output=json", ":4"] },
    { title: "an empty word after one with =", words: ["check", "--output", "=", "json", ""], offered: [":4"] },
  ])("offers what bash is to put in: $title", async ({ words, offered }) => {
    expect(await answer("bash", ...words)).toEqual(offered);
  });
});

describe("completion for kubectl", () => {
  it.each([
    { title: "values alone after =, since kubectl adds the flag", words: ["check", "--output=js"], offered: ["json", ":4"] },
    { title: "a check of doctor", words: ["doctor", "--check", "migr"], offered: ["migration-due=", ":6"] },
    { title: "a rule", words: ["check", "--rule", "objects"], offered: ["objects-deleted=", ":6"] },
    { title: "no half of a value", words: ["check", "--rule", "objects-deleted=d"], offered: [":4"] },
  ])("offers $title", async ({ words, offered }) => {
    expect(await answer("kubectl", ...words)).toEqual(offered);
  });
});

describe("completion of names", () => {
  let server: StandIn;
  let folder: string;
  let kubeconfig: string;

  beforeAll(async () => {
    server = await startStandIn();
    folder = mkdtempSync(join(tmpdir(), "completion-"));
    kubeconfig = join(folder, "config");
    writeFileSync(kubeconfig, kubeconfigOf(server.url));
    const crds = server.collection("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
    for (const name of ["gears.own.dev", "cogs.own.dev"]) crds.put({ metadata: { name } });
    server.collection("/api/v1/namespaces").put({ metadata: { name: "mill" } });
  });

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    { title: "contexts", flag: "--context", offered: ["test"] },
    { title: "clusters", flag: "--cluster", offered: ["stand-in"] },
    { title: "users", flag: "--user", offered: ["tester"] },
    { title: "CRDs of the cluster", flag: "--delete", offered: ["gears.own.dev", "cogs.own.dev"] },
    { title: "namespaces of the cluster", flag: "-n", offered: ["mill"] },
  ])("offers $title, by the kubeconfig of the line and by that of the environment", async ({ flag, offered }) => {
    vi.stubEnv("KUBECONFIG", "");
    expect(await answer("zsh", "check", "--kubeconfig", kubeconfig, flag, "")).toEqual([...offered, ":4"]);

    vi.stubEnv("KUBECONFIG", kubeconfig);
    expect(await answer("zsh", "check", flag, "")).toEqual([...offered, ":4"]);
  });

  it("does not ask the cluster where a folder stands for it", async () => {
    const before = server.requests.length;

    expect(await answer("zsh", "check", "--kubeconfig", kubeconfig, "--against", "demo/cluster", "--delete", "")).toEqual([":4"]);
    expect(server.requests.length).toBe(before);
  });

  it("offers nothing of a cluster that does not answer, after two seconds", async () => {
    const undo = server.answer(() => true, "hang");
    const started = performance.now();

    expect(await answer("zsh", "check", "--kubeconfig", kubeconfig, "--delete", "")).toEqual([":4"]);
    expect(performance.now() - started).toBeLessThan(4_000);
    undo();
  });

  it.each([
    { title: "a kubeconfig that is none", words: ["check", "--kubeconfig", "package.json", "--context", ""] },
    { title: "a kubeconfig that is not there", words: ["check", "--kubeconfig", "no-such", "--delete", ""] },
    { title: "a catalog that is not there", words: ["matrix", "--catalog", "no-such", "--controller", ""] },
  ])("offers nothing, and says nothing, for $title", async ({ words }) => {
    expect((await answer("zsh", ...words)).at(-1)).toMatch(/^:\d+$/);
    expect(await answer("zsh", ...words)).toHaveLength(1);
  });
});

function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function optionOf(command: string, long: string): Option {
  const found = program.commands.find((each) => each.name() === command)?.options.find((option) => option.long === long);
  if (found === undefined) throw new Error(`${command} has no ${long}`);
  return found;
}
