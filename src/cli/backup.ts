/** @file `crdguard backup`: all objects of CRDs, to files. */
import { resolve } from "node:path";
import type { ApiClient } from "../cluster/live/api-client.ts";
import { SYSTEM_TIMING } from "../cluster/live/timing.ts";
import { readableVersion, servedVersions } from "../crd/versions.ts";
import {
  backedUpLines,
  backupDoneLine,
  backupStoppedLine,
  commandLine,
  goingOnLine,
  inconsistentLine,
  listedAnewLine,
  readingObjectsLine,
} from "../explain/backup.ts";
import { backupEventText } from "../explain/backup-events.ts";
import { STOPPING_LINE } from "../explain/migration.ts";
import { listOf, shown } from "../explain/text.ts";
import { beginBackup, type BackupPurpose, codeOf, folderState } from "../migration/backup/folder.ts";
import { type BackupEnd, type BackupStep, type CrdToBackUp, takeBackup } from "../migration/backup/take-backup.ts";
import { createPace } from "../migration/pace.ts";
import type { ClusterFlags } from "./cluster-flags.ts";
import { sameClusterFlags } from "./cluster-flags.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { awaitInterruption } from "./interruption.ts";
import type { Invocation } from "./invocation.ts";
import { openClient, unreadableError } from "./live-source.ts";
import { neededDefinition } from "./named-definitions.ts";
import { keepHeapSmall } from "./small-heap.ts";
import { startSteadyLines, type SteadyLines } from "./steady-lines.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";
import { yamlText } from "./yaml-text.ts";

export interface BackupOptions extends ClusterFlags {
  readonly crds: readonly string[];
  /** Of the backup. */
  readonly output: string;
  /** To read objects in; undefined: the storage version if served, else the most stable one. */
  readonly readVersion: string | undefined;
  readonly namespace: string | undefined;
  readonly overwrite: boolean;
  readonly format: "text" | "json";
}

export async function backUp(options: BackupOptions, { program, terminal }: Invocation): Promise<ExitStatus> {
  keepHeapSmall();
  const client = openClient(options);
  const interruption = awaitInterruption(terminal, STOPPING_LINE);
  const lines = startSteadyLines(terminal);
  try {
    const crds: CrdToBackUp[] = [];
    for (const name of new Set(options.crds)) crds.push(await crdToBackUp(client, name, options));
    await prepare(client, options, crds, terminal);
    const end = await takeBackup({
      line: { client, timing: SYSTEM_TIMING, pace: createPace(0, SYSTEM_TIMING), signal: interruption.signal },
      folder: resolve(options.output),
      crds,
      namespace: options.namespace ?? null,
      toYaml: yamlText,
      server: client.server,
      crdguard: VERSION,
      now: () => client.serverTime() ?? new Date(),
      told: options.format === "json" ? eventTeller(terminal) : lineTeller(terminal, lines),
    });
    lines.end();
    return tellEnd(end, client, options, { program, terminal });
  } finally {
    lines.end();
    interruption.release();
    client.close();
  }
}

async function crdToBackUp(client: ApiClient, name: string, { readVersion, namespace }: BackupOptions): Promise<CrdToBackUp> {
  const { crd, manifest } = await neededDefinition(client, name);
  if (namespace !== undefined && crd.scope === "Cluster") {
    throw new CommandError(EXIT.usage, "crd-cluster-scoped", `${name}: its objects are in no namespace: leave --namespace out`);
  }
  const version = readVersion ?? readableVersion(crd);
  if (version === null) {
    throw new CommandError(
      EXIT.denied,
      "crd-unserved",
      `${name}: no version of it is served, so that its objects cannot be read: serve one (served: true in spec.versions) for as long as it takes`,
    );
  }
  const served = servedVersions(crd);
  if (!served.includes(version)) {
    throw new CommandError(
      EXIT.usage,
      "version-unserved",
      `${name} is not served in ${shown(version)}: give one of ${listOf(served, "or")}`,
    );
  }
  return { crd, definition: manifest, version };
}

/** @throws CommandError where the folder is not ours to take. */
async function prepare(
  client: ApiClient,
  { output, namespace, overwrite }: BackupOptions,
  crds: readonly CrdToBackUp[],
  terminal: Terminal,
): Promise<void> {
  const folder = resolve(output);
  const purpose: BackupPurpose = {
    server: client.server,
    namespace: namespace ?? null,
    crds: crds.map(({ crd, version }) => `${crd.name}/${version}`),
  };
  const state = await folderState(folder);
  switch (state.kind) {
    case "complete":
      if (!overwrite) {
        throw new CommandError(
          EXIT.usage,
          "backup-exists",
          `${output} holds a backup already: give another folder, or --overwrite, which deletes it first`,
        );
      }
      break;
    case "unfinished":
      if (!overwrite && JSON.stringify(state.purpose) !== JSON.stringify(purpose)) {
        const { server, namespace: place, crds: names } = state.purpose;
        throw new CommandError(
          EXIT.usage,
          "backup-unfinished",
          `${output} holds an unfinished backup of something else (${listOf(names.map(shown))}${place === null ? "" : ` in ${shown(place)}`} of ${shown(server)}): give another folder, or --overwrite, which deletes it first`,
        );
      }
      if (!overwrite) terminal.tell(goingOnLine(output));
      break;
    case "foreign":
      throw new CommandError(
        EXIT.usage,
        "folder-in-use",
        `${output} holds something else ("${shown(state.example)}"): give an empty folder, or one that is not there yet`,
      );
    case "unreadable":
      throw new CommandError(EXIT.usage, "file-unwritable", `${output}: cannot be written (${state.reason})`);
    case "absent":
    case "empty":
      break;
  }
  try {
    await beginBackup(folder, purpose, overwrite);
  } catch (error) {
    throw new CommandError(EXIT.usage, "file-unwritable", `${output}: cannot be written (${codeOf(error)})`);
  }
}

function lineTeller(terminal: Terminal, lines: SteadyLines): (step: BackupStep) => void {
  return (step) => {
    switch (step.kind) {
      case "reading":
        return;
      case "written":
        lines.tell(step.done, step.total, (pace) => readingObjectsLine(step.crd, pace));
        return;
      case "anew":
        terminal.tell(listedAnewLine(step.crd));
        return;
      case "inconsistent":
        terminal.tell(inconsistentLine(step.crd));
        return;
      case "crd-done":
        terminal.print(`${backedUpLines(step).join("\n")}\n`);
        return;
    }
  };
}

function eventTeller(terminal: Terminal): (step: BackupStep) => void {
  return ({ kind, ...step }) => {
    terminal.print(backupEventText("BackupEvent", kind, step));
  };
}

function tellEnd(
  end: BackupEnd,
  client: ApiClient,
  options: BackupOptions,
  { program, terminal }: Pick<Invocation, "program" | "terminal">,
): ExitStatus {
  const { output, format } = options;
  switch (end.kind) {
    case "done": {
      const objects = end.index.crds.reduce((sum, crd) => sum + crd.objects.length, 0);
      const members = { folder: output, objects, crds: end.index.crds.length, sha256: end.sha256 };
      terminal.print(
        format === "json"
          ? backupEventText("BackupEvent", "done", members, end.index.takenAt)
          : `${backupDoneLine(output, objects, end.index.crds.length, end.sha256)}\n`,
      );
      return EXIT.allowed;
    }
    case "interrupted":
      terminal.tell(
        backupStoppedLine(
          output,
          commandLine([...program.split(" "), "backup", ...options.crds, "-o", output, ...sameFlags(options)]),
        ),
      );
      return EXIT.undecided;
    case "unreadable":
      throw unreadableError(client, `objects of ${shown(end.crd)}`, end.error);
    case "unwritable":
      throw new CommandError(
        EXIT.usage,
        "file-unwritable",
        `${end.path}: cannot be written (${end.reason}); the backup is unfinished`,
      );
    case "unproven": {
      const [{ namespace, name }] = end.examples;
      throw new CommandError(
        EXIT.undecided,
        "backup-unproven",
        `${shown(end.crd)}: ${String(end.examples.length)} objects of the second list are not in the backup as they were read, the first of them ${shown(namespace === "" ? name : `${namespace}/${name}`)}; the backup stays unfinished: run it again, and report it if it happens twice`,
      );
    }
  }
}

function sameFlags(options: BackupOptions): readonly string[] {
  return [
    ...(options.readVersion === undefined ? [] : ["--version", options.readVersion]),
    ...(options.namespace === undefined ? [] : ["--namespace", options.namespace]),
    ...sameClusterFlags(options),
  ];
}
