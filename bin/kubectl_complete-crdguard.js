#!/usr/bin/env node
// kubectl, as of 1.26, asks a plugin's completions of an executable of this name, with the words after the plugin's.
process.argv.splice(2, 0, "__complete", "kubectl", "--");
await import("./crdguard.js");
