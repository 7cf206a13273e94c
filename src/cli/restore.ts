/** @file `crdguard restore`: the objects of a backup, back into a cluster. */
import { resolve } from "node:path";
import type { ApiClient } from "../cluster/live/api-client.ts";
import { SYSTEM_TIMING } from "../cluster/live/timing.ts";
import {
  alteredLine,
  checkedLine,
  commandLine,
  countsLine,
  droppedLine,
  editHint,
  folderDoubtLines,
  missingLine,
  noneInNamespaceLine,
  overwriteHint,
  readBackLine,
  restoreStoppedLine,
  statusKeptLine,
} from "../explain/backup.ts";
import { backupEventText } from "../explain/backup-events.ts";
import { STOPPING_LINE } from "../explain/migration.ts";
import { countOf, listOf, shown } from "../explain/text.ts";
import { type CheckedFolder, checkFolder } from "../migration/backup/check-folder.ts";
import { codeOf } from "../migration/backup/folder.ts";
import { restoreBackup, type RestoreEnd } from "../migration/backup/restore-backup.ts";
import { createPace } from "../migration/pace.ts";
import type { Persistence } from "../migration/persist.ts";
import { type ClusterFlags, sameClusterFlags } from "./cluster-flags.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { awaitInterruption } from "./interruption.ts";
import type { Invocation } from "./invocation.ts";
import { openClient } from "./live-source.ts";
import { chosenCrds, openBackup } from "./open-backup.ts";
import { restoreEvents, restoreLines } from "./restore-telling.ts";
import { findTargets, type Targets } from "./restore-targets.ts";
import { keepHeapSmall } from "./small-heap.ts";
import { startSteadyLines } from "./steady-lines.ts";

export interface RestoreOptions extends ClusterFlags {
  readonly folder: string;
  /** None: all. */
  readonly crds: readonly string[];
  readonly version: string | undefined;
  /** None: all. */
  readonly namespace: readonly string[];
  readonly edited: boolean;
  readonly overwrite: boolean;
  readonly dropUnknownFields: boolean;
  readonly dryRun: boolean;
  /** 0: as fast as it goes. */
  readonly maxPerSecond: number;
  readonly output: "text" | "json";
}

export async function restore(options: RestoreOptions, invocation: Invocation): Promise<ExitStatus> {
  keepHeapSmall();
  const { terminal } = invocation;
  const index = await openBackup(options.folder);
  const entries = chosenCrds(index, options.crds, options.folder);
  const absent = options.namespace.filter(
    (own) => !entries.some(({ objects }) => objects.some((each) => each.namespace === own)),
  );
  for (const namespace of absent) terminal.tell(noneInNamespaceLine(options.folder, namespace));
  const client = openClient(options);
  const interruption = awaitInterruption(terminal, STOPPING_LINE);
  const steady = startSteadyLines(terminal);
  const { signal } = interruption;
  const telling = options.output === "json" ? restoreEvents(terminal) : restoreLines(terminal, steady, options.dryRun);
  try {
    const folder = resolve(options.folder);
    const namespaces = options.namespace.length === 0 ? null : new Set(options.namespace);
    const checked = await readable(options.folder, () => checkFolder(folder, entries, namespaces, signal));
    if (signal.aborted) return stopped(options, invocation);
    telling.checked(checked.findings);
    refuseDoubts(checked, options, invocation);

    const pace = createPace(options.maxPerSecond, SYSTEM_TIMING);
    const line: Persistence = { client, timing: SYSTEM_TIMING, pace, signal };
    const { targets, unserved } = await findTargets(checked.crds, {
      client,
      line,
      folder: options.folder,
      version: options.version,
      overwrites: options.overwrite,
      dropsUnknown: options.dropUnknownFields,
    });
    const end = await readable(options.folder, () =>
      restoreBackup({
        line,
        folder,
        targets,
        owners: checked.owners,
        concurrency: CONCURRENCY,
        isDryRun: options.dryRun || unserved.length > 0,
        told: (step) => {
          telling.step(step);
        },
      }),
    );
    steady.end();
    const status = tellEnd(end, client, options, invocation);
    if (unserved.length > 0 && end.kind === "done") throw versionUnserved(unserved, options, invocation);
    return status;
  } finally {
    steady.end();
    interruption.release();
    client.close();
  }
}

/** Requests under way at a time: few beside the hundreds that an API server takes by default (--max-mutating-requests-inflight, 200). */
const CONCURRENCY = 8;

/** @throws CommandError where a file or a folder cannot be read. */
async function readable<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    const path = "path" in error ? String(error.path) : folder;
    throw new CommandError(EXIT.usage, "file-unreadable", `${path}: cannot be read (${codeOf(error)})`);
  }
}

/** @throws CommandError where the folder is not as it was written, and nobody said that this is meant. */
function refuseDoubts({ findings }: CheckedFolder, options: RestoreOptions, { program, terminal }: Invocation): void {
  const { edited, missing, unusable } = findings;
  const isRefused = unusable.length > 0 || (!options.edited && edited.length + missing.length > 0);
  if (options.output === "text") {
    const lines = folderDoubtLines(findings);
    for (const each of lines) terminal.tell(each);
    if (!isRefused) terminal.tell(checkedLine(findings.count));
  }
  if (unusable.length > 0) {
    throw new CommandError(
      EXIT.usage,
      "backup-file-unusable",
      `${countOf(unusable.length, "file")} cannot be used: mend ${unusable.length === 1 ? "it" : "them"}; nothing was written`,
    );
  }
  if (!isRefused) return;
  const command = commandLine([...program.split(" "), ...sameWords(options), "--edited"]);
  throw new CommandError(
    EXIT.usage,
    "backup-edited",
    `${String(edited.length + missing.length)} files are not as they were written; nothing was restored. If that is meant: ${command}`,
  );
}

function tellEnd(end: RestoreEnd, client: ApiClient, options: RestoreOptions, invocation: Invocation): ExitStatus {
  const { program, terminal } = invocation;
  const { tally } = end;
  const isText = options.output === "text";
  const readBack = end.kind === "done" ? end.readBack : null;
  if (isText) {
    for (const path of readBack?.missing ?? []) terminal.print(`${missingLine(path)}\n`);
    for (const { path, dropped, changed } of readBack?.different ?? []) {
      if (dropped.length > 0) terminal.print(`${droppedLine(path, dropped)}\n`);
      if (changed.length > 0) terminal.print(`${alteredLine(path, changed)}\n`);
    }
    terminal.print(`${countsLine(tally)}\n`);
    if (tally.statusKept > 0) terminal.print(`${statusKeptLine(tally.statusKept)}\n`);
    if (readBack !== null && tally.total > 0) terminal.print(`${readBackLine(readBack.whole)}\n`);
  } else {
    terminal.print(backupEventText("RestoreEvent", end.kind, { ...tally, readBack }));
  }
  const again = (...more: readonly string[]): string => commandLine([...program.split(" "), ...sameWords(options), ...more]);
  switch (end.kind) {
    case "must-be-edited":
      terminal.tell(editHint(again(...(options.edited ? [] : ["--edited"]))));
      return EXIT.denied;
    case "interrupted":
      return stopped(options, invocation);
    case "failed":
      throw new CommandError(
        EXIT.undecided,
        `cluster-${end.error.code}`,
        `objects cannot be restored to ${client.server}: ${end.error.message}; what is restored stays, and ${again()} goes on`,
      );
    case "changed-meanwhile":
      throw new CommandError(
        EXIT.usage,
        "backup-file-unusable",
        `${end.path} was changed while it was being restored: run it again`,
      );
    case "done": {
      if (tally.conflicts > 0 && !options.overwrite) terminal.tell(overwriteHint(again("--overwrite")));
      const isDifferent = (readBack?.different ?? []).some(
        ({ dropped, changed }) => changed.length > 0 || (dropped.length > 0 && !options.dropUnknownFields),
      );
      const isWhole = tally.refused + tally.conflicts === 0 && (readBack?.missing.length ?? 0) === 0 && !isDifferent;
      return isWhole ? EXIT.allowed : EXIT.denied;
    }
  }
}

function stopped(options: RestoreOptions, { program, terminal }: Invocation): ExitStatus {
  terminal.tell(restoreStoppedLine(commandLine([...program.split(" "), ...sameWords(options)])));
  return EXIT.undecided;
}

function versionUnserved(unserved: Targets["unserved"], options: RestoreOptions, { program }: Invocation): CommandError {
  const [first] = unserved;
  const phrases = unserved.map(
    ({ crd, version, served }) => `${shown(crd)} is no longer served in ${shown(version)}, but in ${listOf(served)}`,
  );
  const command = commandLine([...program.split(" "), ...sameWords(options), "--version", first?.tried ?? ""]);
  return new CommandError(
    EXIT.denied,
    "version-unserved",
    `${phrases.join("; ")}: nothing was written. Edit what is named above, if anything is, and then say the version: ${command}`,
  );
}

/** Of the line that goes on. */
function sameWords(options: RestoreOptions): readonly string[] {
  return [
    "restore",
    options.folder,
    ...options.crds,
    ...(options.version === undefined ? [] : ["--version", options.version]),
    ...options.namespace.flatMap((namespace) => ["--namespace", namespace]),
    ...(options.edited ? ["--edited"] : []),
    ...(options.overwrite ? ["--overwrite"] : []),
    ...(options.dropUnknownFields ? ["--drop-unknown-fields"] : []),
    ...sameClusterFlags(options),
  ];
}
