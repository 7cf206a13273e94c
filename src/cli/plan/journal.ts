/** @file What a walk must remember that the cluster does not show: backups, objects that are to be restored, workloads that are to be started. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { isRecord } from "../../crd/is-record.ts";
import type { ExplainedStep } from "../../explain/plan-report.ts";
import { makeFolder } from "../../migration/make-folder.ts";

export interface Journal {
  /** What tells the cluster from others. */
  readonly cluster: string;
  /** Digest of what is wanted. */
  readonly wanted: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** Step that was begun and is not proven yet; null between steps. */
  readonly begun: string | null;
  /** Step of which somebody was told what to do by hand before a walk ended; to walk again says that it is done. */
  readonly awaited: string | null;
  /** Ids of steps that are proven, in their order. */
  readonly done: readonly string[];
  /** Of each CRD, how many backups were begun; each has a folder of its own, so that none overwrites another. */
  readonly backups: Readonly<Record<string, number>>;
  /** Steps that must follow, though the cluster no longer shows why. */
  readonly owed: readonly OwedStep[];
  /** Nothing is left to do. */
  readonly isFinished: boolean;
}

export interface OwedStep {
  readonly step: ExplainedStep;
  /** Key of the workload that it starts; null: none. */
  readonly workload: string | null;
  /** The CRD whose objects it restores; null: none. */
  readonly objectsOf: string | null;
  /** Number of the backup that it restores; null: none. */
  readonly backup: number | null;
  /** Ids of the steps that stood before it in the plan that it comes from. */
  readonly after: readonly string[];
}

export function freshJournal(cluster: string, wanted: string, startedAt: string): Journal {
  return { cluster, wanted, startedAt, begun: null, awaited: null, done: [], backups: {}, owed: [], isFinished: false };
}

export interface JournalFile {
  /** Null where there is none. @throws JournalUnreadable for one that nobody can go by. */
  read(): Journal | null;
  /** On the disk when it returns, wholly or not at all. */
  write(journal: Journal): void;
}

export class JournalUnreadable extends Error {}

const API_VERSION = "crdguard.dev/v1alpha1";
const KIND = "PlanJournal";

export function journalPath(directory: string): string {
  return join(directory, "journal.json");
}

export function openJournal(directory: string): JournalFile {
  const path = journalPath(directory);
  return {
    read() {
      let text;
      try {
        text = readFileSync(path, "utf8");
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
        throw new JournalUnreadable(`${path} cannot be read`);
      }
      const journal = parseJournal(text);
      if (journal === null) throw new JournalUnreadable(`${path} is no journal of this crdguard`);
      return journal;
    },
    write(journal) {
      makeFolder(dirname(path));
      writeDurably(path, `${JSON.stringify({ apiVersion: API_VERSION, kind: KIND, ...journal }, null, 2)}\n`);
    },
  };
}

/** Renamed once all of it is on the disk; the folder is synced too, or the name could be lost. */
export function writeDurably(path: string, text: string): void {
  const fresh = `${path}.new`;
  const file = openSync(fresh, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function parseJournal(text: string): Journal | null {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(input) || input["apiVersion"] !== API_VERSION || input["kind"] !== KIND) return null;
  const { cluster, wanted, startedAt, begun, awaited, done, backups, owed, isFinished } = input;
  if (typeof cluster !== "string" || typeof wanted !== "string" || typeof startedAt !== "string") return null;
  if (!isTextOrNull(begun) || !isTextOrNull(awaited) || typeof isFinished !== "boolean") return null;
  if (!isTexts(done) || !isRecord(backups) || !Array.isArray(owed)) return null;
  const counts = Object.entries(backups).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  const steps = owed.map(parseOwed);
  if (counts.length < Object.keys(backups).length || steps.includes(null)) return null;
  return {
    cluster,
    wanted,
    startedAt,
    begun,
    awaited,
    done,
    backups: Object.fromEntries(counts),
    owed: steps.filter((step) => step !== null),
    isFinished,
  };
}

function parseOwed(input: unknown): OwedStep | null {
  if (!isRecord(input)) return null;
  const { workload, objectsOf, backup, after } = input;
  const step = parseStep(input["step"]);
  if (
    step === null ||
    !isTexts(after) ||
    !isTextOrNull(workload) ||
    !isTextOrNull(objectsOf) ||
    (backup !== null && typeof backup !== "number")
  )
    return null;
  return { step, workload, objectsOf, backup, after };
}

/** Only steps that can be owed; they carry no findings. */
function parseStep(input: unknown): ExplainedStep | null {
  if (!isRecord(input)) return null;
  const { number, id, action, title, because, byHand, commands, changes, isDestructive, proof, wayBack } = input;
  if (typeof number !== "number" || typeof id !== "string" || typeof title !== "string") return null;
  if ((action !== "restore" && action !== "start-workload") || typeof isDestructive !== "boolean") return null;
  if (!isTextOrNull(because) || !isTextOrNull(byHand)) return null;
  if (!isTexts(commands) || !isTexts(changes) || !Array.isArray(proof) || !isRecord(wayBack)) return null;
  const { sentence, commands: back } = wayBack;
  if (typeof sentence !== "string" || !isTexts(back)) return null;
  const proofs = proof.flatMap((own: unknown) => {
    if (!isRecord(own) || typeof own["command"] !== "string") return [];
    const { command, prints, isPart } = own;
    if (prints !== null && typeof prints !== "string") return [];
    return [{ command, prints, ...(isPart === true ? ({ isPart } as const) : {}) }];
  });
  if (proofs.length < proof.length) return null;
  const wayBackRead = { sentence, commands: back };
  return {
    number,
    id,
    action,
    title,
    because,
    byHand,
    commands,
    changes,
    isDestructive,
    findings: [],
    proof: proofs,
    wayBack: wayBackRead,
  };
}

function isTextOrNull(input: unknown): input is string | null {
  return input === null || typeof input === "string";
}

function isTexts(input: unknown): input is readonly string[] {
  return Array.isArray(input) && input.every((item) => typeof item === "string");
}
