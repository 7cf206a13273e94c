/** @file Puts the sources, and what they import, into few files: to find and to open each takes longer than to run it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, rolldown } from "rolldown";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const MAIN = join(ROOT, "src/cli/main.ts");

/** The command that people wait for most often: it is in one file with what all need. */
const CHECK = join(ROOT, "src/cli/check.ts");
const CHECK_FLAGS = join(ROOT, "src/cli/commands/check.ts");
/** Runs in a thread of its own, which must not run what the commands' file runs: nothing of it is shared. */
const WORKER = join(ROOT, "src/objects/examiner-worker.ts");
const LAZY_PACKAGES = join(ROOT, "src/requirements/lazy-packages.ts");
const CHECK_IMPORT = 'await import("../check.ts")';

/**
 * Loaded from `node_modules`, when they are needed: the server's packages, which find files of their own, and those that
 * `src/requirements/lazy-packages.ts` loads.
 */
const NOT_BUNDLED = ["@marcbachmann/cel-js", "ajv", "fastify", "pino", "prom-client", "re2js", "selfsigned"];

/** Names stay, so that a stack tells something. */
const MINIFY = { compress: false, mangle: false, codegen: { removeWhitespace: true } } as const;

/** @param folder two below the root, since sources find `catalog/` and `demo/` from there. @returns the licenses of what was put in. */
export async function bundleSources(folder: string): Promise<string> {
  const core = new Set<string>();
  const bundle = await rolldown({
    input: { main: MAIN },
    platform: "node",
    external: NOT_BUNDLED,
    plugins: [
      withCheck(),
      withLazyPackages(),
      collectStaticImports(MAIN, core),
      withoutSubprocesses(),
      withoutStreams(),
      withoutFacades(),
      inAscii(),
    ],
  });
  const { output } = await bundle.write({
    dir: folder,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    minify: MINIFY,
    codeSplitting: { groups: [{ name: "main", test: (id) => core.has(id) }] },
  });
  await bundle.close();
  await bundleWorker(folder);
  const packages = new Set(
    output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : [])).flatMap((id) => packageFolder(id) ?? []),
  );
  return (await Promise.all([...packages].toSorted().map(licenseOf))).join("\n");
}

/** One file, of our own sources alone. */
async function bundleWorker(folder: string): Promise<void> {
  const bundle = await rolldown({
    input: { "examiner-worker": WORKER },
    platform: "node",
    external: NOT_BUNDLED,
    plugins: [inAscii()],
  });
  const { output } = await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].js", minify: MINIFY });
  await bundle.close();
  const foreign = output
    .flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []))
    .find((id) => packageFolder(id) !== null);
  if (output.length !== 1 || foreign !== undefined)
    throw new Error(`${WORKER} is no longer one file of our own: ${String(foreign)}`);
}

function withCheck(): Plugin {
  return {
    name: "with-check",
    transform(code, id) {
      if (id !== CHECK_FLAGS) return null;
      if (!code.includes(CHECK_IMPORT)) throw new Error(`${id} does not import check as it did`);
      return `import * as checkCommand from ${JSON.stringify(CHECK)};\n${code.replace(CHECK_IMPORT, "checkCommand")}`;
    },
  };
}

/** A `require` that is not the file's own is the bundler's: what it asks for is in the bundle, and run when it is asked for. */
function withLazyPackages(): Plugin {
  const ownRequire = "const require = createRequire(import.meta.url);";
  return {
    name: "with-lazy-packages",
    transform(code, id) {
      if (id !== LAZY_PACKAGES) return null;
      if (!code.includes(ownRequire)) throw new Error(`${id} does not load packages as it did`);
      return code.replace(ownRequire, "");
    },
  };
}

/** Fills `found` with all that the entry imports, and that imports in turn, without `import()`. */
function collectStaticImports(entry: string, found: Set<string>): Plugin {
  return {
    name: "collect-static-imports",
    buildEnd() {
      const left = [entry];
      for (let id = left.pop(); id !== undefined; id = left.pop()) {
        if (found.has(id)) continue;
        found.add(id);
        left.push(...(this.getModuleInfo(id)?.importedIds ?? []));
      }
    },
  };
}

/** commander starts subcommands that are programs of their own, which there are none of: a tenth of the start is spared. */
function withoutSubprocesses(): Plugin {
  const stub = "\0no-subprocesses";
  return {
    name: "without-subprocesses",
    resolveId: (source, importer) =>
      source === "node:child_process" && importer?.includes("/node_modules/commander/") === true ? stub : null,
    load: (id) => (id === stub ? "export default {};" : null),
  };
}

/** picocolors looks at once whether there are colours, which is told to it later; what it looks at opens the streams. */
function withoutStreams(): Plugin {
  const look = "let p = process || {},";
  return {
    name: "without-streams",
    transform(code, id) {
      if (!id.endsWith("/node_modules/picocolors/picocolors.js")) return null;
      if (!code.includes(look)) throw new Error(`${id} does not begin as it did`);
      return code.replace(look, "let p = { argv: process.argv, env: process.env, platform: process.platform },");
    },
  };
}

/**
 * For `import fs from "node:fs"`, Node makes a module that has every member of `fs`, and to look at those of `process` and
 * `util` loads what lies behind them: standard streams, and more. `getBuiltinModule` gives what is there.
 */
function withoutFacades(): Plugin {
  return {
    name: "without-facades",
    renderChunk: (code) =>
      code.replaceAll(
        /^import (?:(?<whole>[\w$]+),? )?(?:\{ (?<members>[^}]*) \} )?from "(?<name>node:[^"]+)";$/gm,
        (_, whole: string | undefined, members: string | undefined, name: string) => {
          const found = name === "node:process" ? "process" : `process.getBuiltinModule("${name}")`;
          return [
            ...(whole === undefined ? [] : [`const ${whole} = ${found};`]),
            ...(members === undefined ? [] : [`const { ${members.replaceAll(" as ", ": ")} } = ${found};`]),
          ].join(" ");
        },
      ),
  };
}

/** V8 keeps a text of single bytes as it is read, and takes it up faster than one that must be decoded. Regular expressions bear it too. */
function inAscii(): Plugin {
  return {
    name: "in-ascii",
    generateBundle(_, output) {
      for (const chunk of Object.values(output)) {
        if (chunk.type !== "chunk") continue;
        chunk.code = chunk.code.replaceAll(
          /[^\0-\u007F]/g,
          (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
      }
    },
  };
}

function packageFolder(id: string): string | null {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0] ?? null;
}

/** As every license asks: its text goes with every copy. */
async function licenseOf(folder: string): Promise<string> {
  const { name, version, license }: { readonly name: string; readonly version: string; readonly license?: string } = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  );
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? "(The package holds no text of it.)" : await readFile(join(folder, file), "utf8");
  return `${name} ${version}: ${license ?? "license unknown"}\n\n${text.trim()}\n`;
}
