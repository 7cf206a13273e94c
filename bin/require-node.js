// Plain JavaScript that any Node runs, so that an old one gets a sentence rather than a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `crdguard: error (node-too-old): Node ${process.versions.node} runs this, and crdguard needs 22.19 or newer; in its repository, npm ci brings one.\n`,
  );
  process.exit(2);
}
