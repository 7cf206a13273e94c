#!/usr/bin/env node
// Plain JavaScript that any Node runs, so that an old one gets a sentence rather than a syntax error.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `crdguard: error (node-too-old): Node ${process.versions.node} runs this; crdguard needs Node 22.19 or newer. ` +
      `In its repository, "npm ci" brings one, and "npx crdguard" uses it.\n`,
  );
  process.exit(2);
}

// In the repository the sources run as they are; the package holds only what was built of them.
const source = new URL("../src/cli/main.ts", import.meta.url);
const built = new URL("../dist/cli/main.js", import.meta.url);
await import(existsSync(source) ? source.href : built.href);
