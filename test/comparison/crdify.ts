/** @file What crdify says of a pair: the program itself, on two files. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRecord } from "../../src/crd/is-record.ts";
import { manifestOf, type Pair } from "./pairs.ts";

/** Sorted: `type`, `unhandled`; each an error, since that is all it says unless told. */
export type Checks = readonly string[];

export interface CrdifyVerdict {
  readonly byDefault: Checks;
  /** As projects run it that do not want to hear of descriptions and new values: see `CONFIGURED`. */
  readonly configured: Checks;
}

const CONFIGURED = `validations:
  - name: description
    enforcement: None
  - name: enum
    enforcement: Error
    configuration:
      additionPolicy: Allow
`;

/** @returns null where there is no such program. */
export function findCrdify(): string | null {
  const program = process.env["CRDIFY"] ?? "crdify";
  return spawnSync(program, ["version"]).status === 0 ? program : null;
}

/** @throws where it fails for another reason than incompatible changes. */
export function crdifyVerdict(program: string, { before, after }: Pair): CrdifyVerdict {
  const folder = mkdtempSync(join(tmpdir(), "crdguard-comparison-"));
  try {
    const files = { "before.json": manifestOf(before), "after.json": manifestOf(after) };
    for (const [name, manifest] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(manifest));
    writeFileSync(join(folder, "config.yaml"), CONFIGURED);
    return {
      byDefault: checksFound(program, folder, []),
      configured: checksFound(program, folder, ["--config", join(folder, "config.yaml")]),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function checksFound(program: string, folder: string, flags: readonly string[]): Checks {
  const files = ["before.json", "after.json"].map((name) => `file://${join(folder, name)}`);
  const { status, stdout, stderr } = spawnSync(program, [...files, "-o", "json", ...flags], { encoding: "utf8" });
  const names = stdout.startsWith("{") ? [...new Set(namesIn(JSON.parse(stdout)))].toSorted() : null;
  // It exits with 1 for errors that it found and for those that it made.
  if (names === null || status !== (names.length > 0 ? 1 : 0)) throw new Error(`crdify: ${String(status)}: ${stderr}`);
  return names;
}

/** Of whatever has errors, at whatever depth. */
function namesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (!isRecord(value)) return [];
  const { name, errors } = value;
  const own = typeof name === "string" && Array.isArray(errors) && errors.length > 0 ? [name] : [];
  return [...own, ...Object.values(value).flatMap(namesIn)];
}
