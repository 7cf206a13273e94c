/** @file Evaluates alert rules as Prometheus does, by its own engine: test/prometheus, built once per machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text as readText } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { buildGoProgram } from "./go-program.ts";

export interface AlertTest {
  readonly alert: string;
  /** In the notation of promtool's unit tests, a sample a minute: `crdguard_leader{instance="a"} 1x10`. */
  readonly series: readonly string[];
  /** The rule is evaluated each minute from 0 until then. */
  readonly atMinute: number;
}

export interface Evaluation {
  /** What Prometheus says of the rule file, and of the queries. */
  readonly errors: readonly string[];
  /** Of each test what fires then, by labels. */
  readonly firing: readonly (readonly Readonly<Record<string, string>>[])[];
}

/** @param rules of a rule file: YAML that begins with `groups:`. @param queries are only parsed. */
export async function evaluate(rules: string, queries: readonly string[], tests: readonly AlertTest[]): Promise<Evaluation> {
  const program = await buildGoProgram({
    folder: fileURLToPath(new URL("../../prometheus/", import.meta.url)),
    name: "prometheus-rules",
    title: "Prometheus' engine",
    patience: "some two minutes",
    linkerFlags: "-s -w",
  });
  const child = spawn(program, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(JSON.stringify({ rules, queries, tests }));
  const [stdout, stderr] = await Promise.all([readText(child.stdout), readText(child.stderr), once(child, "close")]);
  if (stdout === "") throw new Error(`${program}: ${stderr}`);
  return JSON.parse(stdout) as Evaluation;
}
