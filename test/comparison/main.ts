/** @file `npm run compare`: crdify and crdguard on the same pairs. With UPDATE_DOCS=1 the table goes into docs/comparison.md. */
import { crdifyVerdict, findCrdify } from "./crdify.ts";
import { ourVerdict } from "./our-verdict.ts";
import { type ComparedPair, comparisonTable, writeTable } from "./page.ts";
import { PAIRS } from "./pairs.ts";

const program = findCrdify();
if (program === null) {
  process.stderr.write(
    "compare: crdify is not there: install it by `go install sigs.k8s.io/crdify@v0.6.0`, which puts it into $(go env GOPATH)/bin, " +
      "and have it on the PATH or name it in the environment variable CRDIFY\n",
  );
  process.exitCode = 2;
} else {
  const compared: ComparedPair[] = [];
  for (const pair of PAIRS) compared.push({ pair, crdify: crdifyVerdict(program, pair), ours: await ourVerdict(pair) });
  const table = comparisonTable(compared);
  process.stdout.write(table);
  if (process.env["UPDATE_DOCS"] === "1") await writeTable(table);
}
