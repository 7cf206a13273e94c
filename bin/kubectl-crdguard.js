#!/usr/bin/env node
// `kubectl crdguard`: the same program, which tells by its own name how it was called.
await import("./crdguard.js");
