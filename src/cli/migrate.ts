/** @file `crdguard migrate`: objects into their storage version, proven, and stored versions pruned. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import { listCrdNames } from "../cluster/live/crd-names.ts";
import { SYSTEM_TIMING } from "../cluster/live/timing.ts";
import { nearestWord } from "../crd/nearest-word.ts";
import { migrationEvent, outcomeEvents, tallyMembers } from "../explain/migration-events.ts";
import {
  absentNamespaceLine,
  inTreeLine,
  migrateCommand,
  type MigrationOutcome,
  outcomeLines,
  recordedLine,
  settlingLine,
  startedLine,
  STOPPING_LINE,
  unservableReason,
} from "../explain/migration.ts";
import { shown } from "../explain/text.ts";
import { listDue } from "../migration/list-due.ts";
import { migrateInTree } from "../migration/in-tree.ts";
import { type Migrated, migrateCrd, type Migration, type MigrationEvent } from "../migration/migrate-crd.ts";
import { SETTLE_MILLISECONDS } from "../migration/storage-record-object.ts";
import type { ClusterFlags } from "./cluster-flags.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { awaitInterruption } from "./interruption.ts";
import type { Invocation } from "./invocation.ts";
import { openClient, unreadableError } from "./live-source.ts";
import { type MigrationProgress, startMigrationProgress } from "./migration-progress.ts";
import { keepHeapSmall } from "./small-heap.ts";
import type { Terminal } from "./terminal.ts";

export interface MigrateOptions extends ClusterFlags {
  readonly crds: readonly string[];
  readonly allDue: boolean;
  readonly namespace?: string | undefined;
  readonly dryRun: "none" | "client" | "server";
  readonly concurrency: number;
  /** 0: as fast as it goes. */
  readonly maxPerSecond: number;
  /** As long as {@link SETTLE_MILLISECONDS} unless told. */
  readonly settleSeconds?: number | undefined;
  readonly cleanManagedFields: boolean;
  readonly inTree: boolean;
  readonly output: "text" | "json";
}

export async function migrate(
  options: MigrateOptions,
  invocation: Pick<Invocation, "program" | "terminal">,
): Promise<ExitStatus> {
  refuseContradictions(options);
  const { terminal } = invocation;
  keepHeapSmall();
  const client = openClient(options);
  const interruption = awaitInterruption(terminal, STOPPING_LINE);
  try {
    if (options.namespace !== undefined)
      await tellOfAbsence(options.namespace, client, { signal: interruption.signal, terminal });
    const names = options.allDue
      ? await due(client, options.namespace, { signal: interruption.signal, terminal })
      : await known(client, options.crds);
    if (interruption.signal.aborted) return EXIT.undecided;
    let status: ExitStatus = EXIT.allowed;
    for (const crd of names) {
      const run = { options, invocation, client, signal: interruption.signal };
      const migrated = await (names.length === 1 ? migrateOne(crd, run) : migrateOneOf(crd, run));
      // What ends in one of these ends so for the next CRD too.
      if (migrated === EXIT.undecided) return migrated;
      if (migrated !== EXIT.allowed) status = migrated;
    }
    return status;
  } finally {
    interruption.release();
    client.close();
  }
}

/** @throws CommandError */
function refuseContradictions({ crds, allDue, inTree, namespace, dryRun, cleanManagedFields }: MigrateOptions): void {
  if (crds.length === 0 && !allDue) {
    throw new CommandError(EXIT.usage, "flags-incomplete", "give names of CRDs, or --all-due for all that have a migration due");
  }
  const conflict = (message: string): CommandError => new CommandError(EXIT.usage, "flags-conflict", message);
  if (crds.length > 0 && allDue) throw conflict("--all-due takes every CRD that is due: give names, or --all-due");
  if (!inTree) return;
  if (namespace !== undefined) throw conflict("--in-tree migrates all namespaces: leave --namespace out");
  if (dryRun !== "none") throw conflict("--in-tree cannot be tried: leave --dry-run out, or --in-tree");
  if (cleanManagedFields)
    throw conflict("--in-tree leaves managedFields as they are: leave --clean-managed-fields out, or --in-tree");
}

interface Run {
  readonly options: MigrateOptions;
  readonly invocation: Pick<Invocation, "program" | "terminal">;
  readonly client: ApiClient;
  readonly signal: AbortSignal;
}

/** One that cannot be migrated keeps no other from it. @throws CommandError where the cluster cannot be asked. */
async function migrateOneOf(crd: string, run: Run): Promise<ExitStatus> {
  try {
    return await migrateOne(crd, run);
  } catch (error) {
    if (!(error instanceof CommandError) || error.status === EXIT.undecided) throw error;
    run.invocation.terminal.tell(`crdguard: error (${error.code}): ${error.message}`);
    return error.status;
  }
}

/** @throws CommandError where it cannot be migrated, or the cluster cannot be asked. */
async function migrateOne(crd: string, run: Run): Promise<ExitStatus> {
  const { options, invocation, client, signal } = run;
  const { terminal } = invocation;
  const isJson = options.output === "json";
  const headNow = () => ({ time: new Date().toISOString(), crd });
  const emit = (event: Readonly<Record<string, unknown>>): void => {
    terminal.print(`${JSON.stringify(event)}\n`);
  };
  const progress = startMigrationProgress({
    crd,
    isTerminal: process.stderr.isTTY,
    now: () => performance.now(),
    event: isJson
      ? (pass, tally) => {
          emit(migrationEvent(headNow(), "progress", { pass, objects: tallyMembers(tally) }));
        }
      : null,
    tell: (line) => {
      terminal.tell(line);
    },
  });
  const migration: Migration = {
    client,
    crdName: crd,
    namespace: options.namespace ?? null,
    concurrency: options.concurrency,
    maxPerSecond: options.maxPerSecond,
    settleMilliseconds: options.settleSeconds === undefined ? SETTLE_MILLISECONDS : options.settleSeconds * 1_000,
    cleansManagedFields: options.cleanManagedFields,
    dryRun: options.dryRun,
    timing: SYSTEM_TIMING,
    signal,
    told: isJson ? eventTeller(headNow, emit, progress) : lineTeller(crd, terminal, progress, options.dryRun !== "none"),
  };
  let migrated: Migrated;
  try {
    migrated = await (options.inTree ? migrateInTree(migration) : migrateCrd(migration));
  } finally {
    progress.end();
  }
  const outcome = outcomeOf(crd, migrated, client);
  const lines = outcomeLines(crd, outcome, migrateCommand(invocation.program, crd, sameFlags(options)));
  if (isJson) for (const event of outcomeEvents(headNow(), outcome, lines)) emit(event);
  else terminal.print(`${lines.join("\n")}\n`);
  return STATUS[outcome.kind];
}

const STATUS: Readonly<Record<MigrationOutcome["kind"], ExitStatus>> = {
  "nothing-due": EXIT.allowed,
  done: EXIT.allowed,
  "namespace-done": EXIT.allowed,
  would: EXIT.allowed,
  "in-tree-done": EXIT.allowed,
  refused: EXIT.denied,
  unproven: EXIT.denied,
  changed: EXIT.denied,
  "prune-denied": EXIT.denied,
  "in-tree-failed": EXIT.denied,
  interrupted: EXIT.undecided,
};

/** @param isDryRun what would be begun and recorded is not told as if it were. */
function lineTeller(
  crd: string,
  terminal: Terminal,
  progress: MigrationProgress,
  isDryRun: boolean,
): (event: MigrationEvent) => void {
  return (event) => {
    switch (event.kind) {
      case "started":
        if (!isDryRun) terminal.tell(startedLine(crd, event.storage, event.stored, event.version));
        return;
      case "settling":
        terminal.tell(settlingLine(crd, event.milliseconds));
        return;
      case "recorded":
        if (!isDryRun) terminal.tell(recordedLine(crd, event.record, event.place, event.isNew));
        return;
      case "in-tree-waiting":
        terminal.tell(inTreeLine(crd, event.migration));
        return;
      case "progress":
        progress.told(event.pass, event.tally);
        return;
    }
  };
}

function eventTeller(
  headNow: () => { readonly time: string; readonly crd: string },
  emit: (event: Readonly<Record<string, unknown>>) => void,
  progress: MigrationProgress,
): (event: MigrationEvent) => void {
  return (event) => {
    switch (event.kind) {
      case "started": {
        const { storage, stored, version } = event;
        emit(migrationEvent(headNow(), "started", { storageVersion: storage, storedVersions: stored, writtenAs: version }));
        return;
      }
      case "settling":
        emit(migrationEvent(headNow(), "settling", { seconds: event.milliseconds / 1_000 }));
        return;
      case "recorded": {
        const { writtenSince, recordedAt, recordedBy } = event.record;
        emit(
          migrationEvent(headNow(), "recorded", {
            writtenSince,
            recordedAt,
            recordedBy,
            keptAs: event.place,
            isNew: event.isNew,
          }),
        );
        return;
      }
      case "in-tree-waiting":
        emit(migrationEvent(headNow(), "in-tree-waiting", { migration: event.migration }));
        return;
      case "progress":
        progress.told(event.pass, event.tally);
        return;
    }
  };
}

/** @throws CommandError for what ends the command. */
function outcomeOf(crd: string, migrated: Migrated, client: ApiClient): MigrationOutcome {
  switch (migrated.kind) {
    case "unservable": {
      const { code } = migrated;
      throw new CommandError(code === "crd-cluster-scoped" ? EXIT.usage : EXIT.denied, code, unservableReason(crd, code));
    }
    case "in-tree-missing":
      throw new CommandError(
        EXIT.denied,
        "in-tree-missing",
        `${client.server} has no storage version migrator (storagemigration.k8s.io, beta and off by default as of Kubernetes 1.35): without --in-tree, crdguard rewrites the objects itself`,
      );
    case "failed": {
      const { what, error } = migrated;
      if (what === "definition") throw unreadableError(client, shown(crd), error);
      if (what === "list") throw unreadableError(client, `objects of ${shown(crd)}`, error);
      const wanted = what === "write" ? "objects of" : what === "prune" ? "the status of" : "a StorageVersionMigration of";
      throw new CommandError(
        EXIT.undecided,
        `cluster-${error.code}`,
        `${wanted} ${shown(crd)} cannot be written to ${client.server}: ${error.message}; nothing is lost, and what is left goes on when it is run again`,
      );
    }
    default:
      return migrated;
  }
}

/** Of the line that goes on; a token is not told again. */
function sameFlags(options: MigrateOptions): readonly (readonly [string, string | null])[] {
  const { namespace, cleanManagedFields, inTree, kubeconfig, context, cluster, user, server, as } = options;
  const values = { namespace, kubeconfig, context, cluster, user, server, as };
  return [
    ...(cleanManagedFields ? [["--clean-managed-fields", null] as const] : []),
    ...(inTree ? [["--in-tree", null] as const] : []),
    ...Object.entries(values).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[`--${name}`, value] as const],
    ),
  ];
}

/** @throws CommandError for the first that is none. */
async function known(client: ApiClient, names: readonly string[]): Promise<readonly string[]> {
  const listed = await listCrdNames(client);
  // Who may not list CRDs may know their names all the same.
  if (!listed.ok && listed.error.code === "forbidden") return [...new Set(names)];
  if (!listed.ok) throw unreadableError(client, "customresourcedefinitions", listed.error);
  for (const name of names) {
    if (listed.names.includes(name)) continue;
    const plurals = listed.names.flatMap((full) => full.split(".", 1));
    const meant = nearestWord(name, [...listed.names, ...plurals]);
    const full = listed.names.filter((each) => each === meant || each.split(".", 1)[0] === meant);
    const hint = full.length > 0 ? `did you mean ${full.map(shown).join(" or ")}?` : "kubectl get crd lists the names";
    throw new CommandError(EXIT.usage, "crd-unknown", `${client.server} has no CRD "${name}"; ${hint}`);
  }
  return [...new Set(names)];
}

/** Nothing is migrated in a namespace that is mistyped, which looks like one where all is done. Who may not ask is not told. */
async function tellOfAbsence(
  namespace: string,
  client: Pick<ApiClient, "request" | "server">,
  { signal, terminal }: Pick<Run, "signal"> & { readonly terminal: Pick<Terminal, "tell"> },
): Promise<void> {
  const answer = await client.request({ method: "GET", path: `/api/v1/namespaces/${encodeURIComponent(namespace)}`, signal });
  if (answer.ok || answer.error.code !== "not-found") return;
  terminal.tell(absentNamespaceLine(namespace, client.server));
}

async function due(
  client: ApiClient,
  namespace: string | undefined,
  run: Pick<Run, "signal"> & { readonly terminal: Terminal },
): Promise<readonly string[]> {
  const listed = await listDue(client, run.signal);
  if (!listed.ok && run.signal.aborted) return [];
  if (!listed.ok) throw unreadableError(client, "customresourcedefinitions", listed.error);
  const crds = listed.crds.filter(({ scope }) => namespace === undefined || scope === "Namespaced");
  if (crds.length === 0) run.terminal.tell("no CRD has a migration due");
  return crds.map(({ name }) => name);
}
