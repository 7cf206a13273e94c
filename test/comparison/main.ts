/** @file `npm run compare`: crdify and crdguard on the same pairs. With UPDATE_DOCS=1 the table goes into docs/comparison.md. */
import { crdifyVerdict, findCrdify } from "./crdify.ts";
import { ourVerdicts } from "./our-verdict.ts";
import { comparisonTable, writeTable } from "./page.ts";
import { PAIRS } from "./pairs.ts";

const program = findCrdify();
if (program === null) {
  process.stderr.write(
    "compare: crdify is not there: install it by `go install sigs.k8s.io/crdify@v0.6.0`, which puts it into $(go env GOPATH)/bin, " +
      "and have it on the PATH or name it in the environment variable CRDIFY\n",
  );
  process.exitCode = 2;
} else {
  const ours = await ourVerdicts(PAIRS);
  const table = comparisonTable(PAIRS, ours, (pair) => crdifyVerdict(program, pair));
  process.stdout.write(table);
  if (process.env["UPDATE_DOCS"] === "1") await writeTable(table);
}
