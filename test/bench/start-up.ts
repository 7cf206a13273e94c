/** @file `crdguard check` as a whole process, as people run it: the built package, beside a Node that does nothing. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { sharedPath } from "../e2e/support/shared.ts";
import { median } from "./load.ts";
import { installPackage } from "./package.ts";

export interface StartUpRow {
  readonly command: string;
  readonly milliseconds: number;
  /** Median over rounds of its time divided by that of `node -e 0` in the same round. */
  readonly ratio: number;
}

const ROUNDS = 31;

const OLD = "crds/gateway-api/v1.0.0/experimental";
const NEW = "crds/gateway-api/v1.1.0/standard";
const GRPC_ROUTE = "gateway.networking.k8s.io_grpcroutes.yaml";

/** @returns null, with the reason printed, where the real CRDs are missing. */
export function measureStartUp(): readonly StartUpRow[] | null {
  const before = sharedPath(OLD);
  const after = sharedPath(NEW);
  if (before === null || after === null) return null;
  const installed = installPackage();
  try {
    const built = [installed.command];
    const pair = ["check", "-f", join(after, GRPC_ROUTE), "--against", join(before, GRPC_ROUTE)];
    const bundle = ["check", "-f", after, "--against", before];
    // Node keeps what the first run has compiled, and adds nothing later: each command gets a cache of its own.
    const warm = (name: string): Command["environment"] => ({ XDG_CACHE_HOME: join(installed.cache, name) });
    const cold = { NODE_DISABLE_COMPILE_CACHE: "1" };
    return measure([
      { command: "node -e 0", words: ["-e", "0"], environment: {} },
      { command: "crdguard --version", words: [...built, "--version"], environment: warm("version") },
      { command: "check, one CRD", words: [...built, ...pair], environment: warm("pair") },
      { command: "check, one CRD, nothing compiled before", words: [...built, ...pair], environment: cold },
      { command: "check, Gateway API", words: [...built, ...bundle], environment: warm("bundle") },
      { command: "check, Gateway API, nothing compiled before", words: [...built, ...bundle], environment: cold },
      { command: "check, Gateway API, from the sources", words: ["bin/crdguard.js", ...bundle], environment: warm("sources") },
    ]);
  } finally {
    installed.remove();
  }
}

interface Command {
  readonly command: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** In turn, so that a machine that drifts drifts for all; the first round, in which caches are filled, does not count. */
function measure(commands: readonly Command[]): readonly StartUpRow[] {
  const rounds: (readonly number[])[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const times = commands.map(time);
    if (round > 0) rounds.push(times);
  }
  return commands.map(({ command }, index) => ({
    command,
    milliseconds: median(rounds.map((times) => times[index] ?? Number.NaN)),
    ratio: median(rounds.map((times) => (times[index] ?? Number.NaN) / (times[0] ?? Number.NaN))),
  }));
}

/** Milliseconds from start to end. @throws where the command does not do what is timed. */
function time({ command, words, environment }: Command): number {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, words, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const milliseconds = performance.now() - startedAt;
  if (status !== 0) throw new Error(`${command}: exit status ${String(status)}`);
  return milliseconds;
}
