/** @file The guard's /validate against a bare server, side by side in the same run. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { imageFlags } from "./image-flags.ts";
import { load, type LoadResult, median } from "./load.ts";
import { reviewOfSize } from "./reviews.ts";

export interface ThroughputRow {
  readonly bytes: number;
  readonly concurrency: number;
  readonly bare: LoadResult;
  readonly guard: LoadResult;
  /** Medians over rounds of the guard's figure divided by the bare server's of the same round. */
  readonly ratios: LoadResult;
}

/** The sizes of GRPCRoute, of a large operator's CRD, and of the largest in use: old and new object together. */
const SIZES = [90_000, 600_000, 2_600_000];
const CONCURRENCIES = [1, 16];
const ROUNDS = 7;
/** So many bytes are sent a round, so that each takes about as long whatever the size. */
const BYTES_A_ROUND = 120_000_000;

export async function measureThroughput(): Promise<readonly ThroughputRow[]> {
  const bare = await startServer("bare-server.ts", []);
  const guard = await startServer("guard-server.ts", imageFlags());
  const rows: ThroughputRow[] = [];
  try {
    for (const size of SIZES) {
      const body = reviewOfSize(size);
      for (const concurrency of CONCURRENCIES) {
        const requests = Math.max(40, Math.round(BYTES_A_ROUND / size / (concurrency === 1 ? 2 : 1)));
        await load(bare.port, "/validate", body, concurrency, requests);
        await load(guard.port, "/validate?timeout=10s", body, concurrency, requests);
        const rounds: { readonly bare: LoadResult; readonly guard: LoadResult }[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          // In turn, and each first every other time, so that a machine that drifts drifts for both.
          const measureBare = () => load(bare.port, "/validate", body, concurrency, requests);
          const measureGuard = () => load(guard.port, "/validate?timeout=10s", body, concurrency, requests);
          if (round % 2 === 0) rounds.push({ bare: await measureBare(), guard: await measureGuard() });
          else {
            const first = await measureGuard();
            rounds.push({ guard: first, bare: await measureBare() });
          }
        }
        rows.push({
          bytes: body.length,
          concurrency,
          bare: medianOf(rounds.map((round) => round.bare)),
          guard: medianOf(rounds.map((round) => round.guard)),
          ratios: medianOf(rounds.map((round) => ratio(round.guard, round.bare))),
        });
      }
    }
  } finally {
    bare.process.kill();
    guard.process.kill();
  }
  return rows;
}

function medianOf(results: readonly LoadResult[]): LoadResult {
  return {
    requestsPerSecond: median(results.map((result) => result.requestsPerSecond)),
    p50Milliseconds: median(results.map((result) => result.p50Milliseconds)),
    p99Milliseconds: median(results.map((result) => result.p99Milliseconds)),
  };
}

function ratio(a: LoadResult, b: LoadResult): LoadResult {
  return {
    requestsPerSecond: a.requestsPerSecond / b.requestsPerSecond,
    p50Milliseconds: a.p50Milliseconds / b.p50Milliseconds,
    p99Milliseconds: a.p99Milliseconds / b.p99Milliseconds,
  };
}

async function startServer(
  file: string,
  flags: readonly string[],
): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, file)], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { process: child, port: Number(String(line).split(" ")[1]) };
}
