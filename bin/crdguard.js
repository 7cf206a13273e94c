#!/usr/bin/env node
import "./require-node.js";

// To import them would make Node look at each of their members, and load all that lies behind these: streams, for one.
const { existsSync } = process.getBuiltinModule("node:fs");
const { enableCompileCache } = process.getBuiltinModule("node:module");

// In the repository the sources run as they are; the package holds only what was built of them.
const source = new URL("../src/cli/main.ts", import.meta.url);
const built = new URL("../dist/cli/main.js", import.meta.url);

// What V8 compiles is kept for the next start, in a folder that only this user writes to: whoever could write there could
// have code run. Node's own choice, below the folder for temporary files, may be anybody's. Where it cannot be written, Node
// does without; where NODE_COMPILE_CACHE or NODE_DISABLE_COMPILE_CACHE is set, it does as they say.
const { HOME, LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
const cache = XDG_CACHE_HOME || LOCALAPPDATA || (HOME ? `${HOME}/.cache` : "");
if (cache !== "") enableCompileCache(`${cache}/crdguard/compiled`);

await import(existsSync(source) ? source.href : built.href);
