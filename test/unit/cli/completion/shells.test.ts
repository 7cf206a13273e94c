/** The scripts in the shells that they are for. Those that a machine does not have are left out: zsh and fish come by `apt install zsh fish`. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { completionScript } from "../../../../src/cli/completion/scripts.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** With `crdguard` and `kubectl-crdguard` on its PATH. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shells-"));
  mkdirSync(join(folder, "bin"));
  for (const name of ["crdguard", "kubectl-crdguard"]) symlinkSync(join(ROOT, `bin/${name}.js`), join(folder, "bin", name));
  mkdirSync(join(folder, "work/crds"), { recursive: true });
  mkdirSync(join(folder, "work/crd folder"));
  writeFileSync(join(folder, "work/crds.yaml"), "");
  for (const shell of ["bash", "zsh", "fish"] as const) writeFileSync(join(folder, `crdguard.${shell}`), completionScript(shell));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(shell: string, args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(shell, args, {
    cwd: join(folder, "work"),
    env: {
      PATH: [join(folder, "bin"), dirname(process.execPath), process.env["PATH"] ?? ""].join(":"),
      HOME: folder,
      TERM: "dumb",
    },
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

function isThere(shell: string): boolean {
  return spawnSync(shell, ["-c", "exit 0"]).status === 0;
}

/** For zsh, which brings pseudo-terminals; control-X shows the line. */
const TYPE = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= RPROMPT=; unsetopt beep zle_bracketed_paste; stty -echo; autoload -Uz compinit; compinit -D -u; source ../crdguard.zsh"
zpty -w shell 'shown() { print -r -- "<<$BUFFER>>" }; zle -N shown; bindkey "^X" shown; print -r READY-NOW'
zpty -r -m shell text '*READY-NOW*'
zpty -w -n shell "$1"$'\\t\\x18'
zpty -r -m shell text '*<<*>>*'
print -r -- "$text"
zpty -d shell`;

interface Case {
  readonly title: string;
  /** What is typed, to its end. */
  readonly line: string;
  readonly offered: readonly string[];
}

const CASES: readonly Case[] = [
  { title: "a command", line: "crdguard dem", offered: ["demo"] },
  { title: "a command of the plugin's own name", line: "kubectl-crdguard dem", offered: ["demo"] },
  { title: "a flag", line: "crdguard check --kubec", offered: ["--kubeconfig"] },
  { title: "a choice", line: "crdguard matrix gateway-api -o mark", offered: ["markdown"] },
  { title: "files and folders", line: "crdguard check -f crds", offered: ["crds", "crds.yaml"] },
  { title: "folders alone", line: "crdguard check --kustomize crds", offered: ["crds"] },
  { title: "a name with a space in it", line: "crdguard check --kustomize crd\\ ", offered: ["crd folder"] },
  { title: "nothing for what only a person knows", line: "crdguard check --token crd", offered: [] },
];

describe.skipIf(!isThere("bash"))("in bash", () => {
  /** Words as bash breaks them: at the characters of COMP_WORDBREAKS. */
  function complete(words: readonly string[]): Ran {
    const quoted = words.map((word) => `'${word}'`).join(" ");
    return run("bash", [
      "--norc",
      "-c",
      `source ../crdguard.bash; COMP_WORDS=(${quoted}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
       _crdguard "\${COMP_WORDS[0]}" "\${COMP_WORDS[COMP_CWORD]}" && printf '%s\\n' "\${COMPREPLY[@]}"`,
    ]);
  }

  it.each([
    ...CASES.filter(({ line }) => !line.includes("\\")).map(({ line, ...rest }) => ({ ...rest, words: line.split(" ") })),
    { title: "a choice after =", words: ["crdguard", "check", "--output", "=", "js"], offered: ["json"] },
    { title: "a rule's setting", words: ["crdguard", "check", "--rule", "objects-deleted", "=", "w"], offered: ["warn"] },
    { title: "an empty word", words: ["crdguard", "catalog", ""], offered: ["lint", "show", "help"] },
  ])("offers $title", ({ words, offered }) => {
    const { status, stdout } = complete(words);

    expect({
      status,
      offered: stdout
        .split("\n")
        .filter((line) => line !== "")
        .toSorted(),
    }).toEqual({
      status: 0,
      offered: offered.toSorted(),
    });
  });

  it("is registered for both names", () => {
    expect(run("bash", ["--norc", "-c", "source ../crdguard.bash; complete -p crdguard kubectl-crdguard"])).toEqual({
      status: 0,
      stdout: "complete -F _crdguard crdguard\ncomplete -F _crdguard kubectl-crdguard\n",
      stderr: "",
    });
  });

  it("offers nothing, without a word, where crdguard fails", () => {
    const broken = join(folder, "broken");
    writeFileSync(broken, "#!/bin/sh\necho oops >&2\nexit 3\n");
    chmodSync(broken, 0o755);

    expect(complete([broken, "check"])).toEqual({ status: 0, stdout: "\n", stderr: "" });
  });

  it("is what crdguard completion prints, and bash finds no fault in it", () => {
    expect(
      run("bash", ["--norc", "-c", "diff ../crdguard.bash <(crdguard completion bash) && bash -n ../crdguard.bash"]),
    ).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
  });
});

describe.skipIf(!isThere("fish"))("in fish", () => {
  it.each([
    ...CASES,
    { title: "a choice after =", line: "crdguard check --output=js", offered: ["--output=json"] },
    { title: "a file after =", line: "crdguard check --filename=crds.", offered: ["--filename=crds.yaml"] },
    { title: "a rule's setting", line: "crdguard check --rule objects-deleted=w", offered: ["objects-deleted=warn"] },
  ])("offers $title", ({ line, offered }) => {
    const { stdout, stderr } = run("fish", ["--no-config", "-c", `source ../crdguard.fish; complete -C ${JSON.stringify(line)}`]);
    const values = stdout.split("\n").map((each) => (each.split("\t", 1)[0] ?? "").replace(/\/$/, ""));

    expect({ stderr, values: values.filter((value) => value !== "").toSorted() }).toEqual({
      stderr: "",
      values: offered.toSorted(),
    });
  });
});

describe.skipIf(!isThere("zsh"))("in zsh", () => {
  /** What stands on the line of an interactive zsh, on a pseudo-terminal, after `line` and the tab key were typed. */
  function typed(line: string): string {
    const { stdout } = run("zsh", ["-f", "-c", TYPE, "type", line]);
    return /<<(?<buffer>[^]*?)>>/.exec(stdout)?.groups?.["buffer"] ?? stdout;
  }

  it.each([
    { title: "a command, and goes on after a space", line: "crdguard dem", buffer: "crdguard demo " },
    { title: "a flag", line: "crdguard check --kubec", buffer: "crdguard check --kubeconfig " },
    { title: "a choice after =", line: "crdguard check --output=js", buffer: "crdguard check --output=json " },
    { title: "a file", line: "crdguard check -f crds.y", buffer: "crdguard check -f crds.yaml " },
    { title: "a file after =", line: "crdguard check --filename=crds.y", buffer: "crdguard check --filename=crds.yaml " },
    {
      title: "a rule, and goes on without a space",
      line: "crdguard check --rule objects",
      buffer: "crdguard check --rule objects-deleted=",
    },
    {
      title: "a rule's setting",
      line: "crdguard check --rule objects-deleted=w",
      buffer: "crdguard check --rule objects-deleted=warn ",
    },
    { title: "nothing for what only a person knows", line: "crdguard check --token crd", buffer: "crdguard check --token crd" },
  ])("puts in $title", ({ line, buffer }) => {
    expect(typed(line)).toBe(buffer);
  });
});
