/** @file `npm run bench`: figures, side by side with a baseline of the same run; nothing passes or fails by time. */
import { cpus, totalmem } from "node:os";
import { markdownTable } from "./table.ts";
import { measureBeside, measureFit, measureSchemaMemory } from "./objects-fit.ts";
import { measurePlans } from "./plans.ts";
import { measureDecisions, measureLookUps, measureMemory } from "./scale.ts";
import { measureStartUp } from "./start-up.ts";
import { measureThroughput } from "./throughput.ts";

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const [cpu] = cpus();
print(
  `Node ${process.versions.node}, ${String(cpus().length)} × ${cpu?.model ?? "unknown CPU"}, ${String(Math.round(totalmem() / 2 ** 30))} GiB\n`,
);

const startUp = measureStartUp();
if (startUp !== null) {
  print("The whole process, against a Node that does nothing (ratio = command / node -e 0)");
  print(
    markdownTable(
      ["command", "ms", "ratio"],
      startUp.map(({ command, milliseconds, ratio }) => [command, milliseconds.toFixed(0), ratio.toFixed(2)]),
    ),
  );
}

print("Decision, without parsing (a denial, in a cluster of so many workloads)");
print(
  markdownTable(
    ["workloads", "controllers", "p50 µs", "p99 µs"],
    (await measureDecisions()).map((row) => [
      String(row.workloads),
      String(row.controllers),
      row.p50Microseconds.toFixed(1),
      row.p99Microseconds.toFixed(1),
    ]),
  ),
);

print("Looking up what one workload needs, by the full catalog");
print(
  markdownTable(
    ["workload", "p50 µs", "p99 µs"],
    (await measureLookUps()).map((row) => [row.workload, row.p50Microseconds.toFixed(1), row.p99Microseconds.toFixed(1)]),
  ),
);

print("A plan over all of Gateway API");
print(
  markdownTable(
    ["from", "to", "controllers", "plan", "ms"],
    (await measurePlans()).map(({ from, to, controllers, result, milliseconds }) => [
      from,
      to,
      String(controllers),
      result,
      milliseconds.toFixed(0),
    ]),
  ),
);

print("Objects of 3 kB held against a schema like HTTPRoute's, in one thread (ratio = objects/s / those of ajv)");
print(
  markdownTable(
    ["10,000 objects", "objects/s", "ratio", "compiled in ms"],
    measureFit().map((row) => [
      row.title,
      row.objectsPerSecond.toFixed(0),
      row.ratio.toFixed(2),
      row.compileMilliseconds.toFixed(0),
    ]),
  ),
);

print("How late a review of 90 kB is read, while objects are examined");
print(
  markdownTable(
    ["beside", "reviews", "p50 ms", "p99 ms"],
    (await measureBeside()).map((row) => [
      row.title,
      String(row.reviews),
      row.p50Milliseconds.toFixed(1),
      row.p99Milliseconds.toFixed(1),
    ]),
  ),
);

const schemaMemory = await measureSchemaMemory();
if (schemaMemory === null) {
  print("Memory of compiled schemas: not measured, since CRDGUARD_BENCH_CRDS names no folder of CRDs.\n");
} else {
  print("Memory of the largest schemas of $CRDGUARD_BENCH_CRDS, compiled");
  print(
    markdownTable(
      ["schemas", "MB of JSON", "heap MiB"],
      [[String(schemaMemory.schemas), schemaMemory.megabytes.toFixed(1), schemaMemory.mebibytes.toFixed(0)]],
    ),
  );
}

const memory = await measureMemory();
print("Memory of `serve` over a live cluster");
print(
  markdownTable(
    ["deployments", "CRDs", "RSS MiB", "peak MiB", "ready after s"],
    [
      [
        String(memory.deployments),
        String(memory.crds),
        memory.residentMebibytes.toFixed(0),
        memory.peakMebibytes.toFixed(0),
        memory.syncedSeconds.toFixed(1),
      ],
    ],
  ),
);

print("Throughput of /validate, against a bare node:https server that reads, parses and answers (ratio = guard / bare)");
print(
  markdownTable(
    [
      "body kB",
      "connections",
      "bare req/s",
      "guard req/s",
      "ratio",
      "bare p50 ms",
      "guard p50 ms",
      "ratio",
      "bare p99 ms",
      "guard p99 ms",
      "ratio",
    ],
    (await measureThroughput()).map(({ bytes, concurrency, bare, guard, ratios }) => [
      (bytes / 1000).toFixed(0),
      String(concurrency),
      bare.requestsPerSecond.toFixed(0),
      guard.requestsPerSecond.toFixed(0),
      ratios.requestsPerSecond.toFixed(3),
      bare.p50Milliseconds.toFixed(2),
      guard.p50Milliseconds.toFixed(2),
      ratios.p50Milliseconds.toFixed(3),
      bare.p99Milliseconds.toFixed(2),
      guard.p99Milliseconds.toFixed(2),
      ratios.p99Milliseconds.toFixed(3),
    ]),
  ),
);
