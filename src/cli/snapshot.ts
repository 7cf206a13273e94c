/** @file `crdguard snapshot`: the facts of a cluster, in one file. */
import { packSnapshot, readSnapshotFile, writeFileAtOnce } from "../cluster/snapshot/snapshot-file.ts";
import { snapshotOfFolder } from "../cluster/snapshot/snapshot-of-folder.ts";
import { redactSnapshot } from "../cluster/snapshot/redact.ts";
import type { Snapshot } from "../cluster/snapshot/snapshot.ts";
import { readManifests } from "../cluster/snapshot/manifests.ts";
import { isCrdManifest } from "../crd/parse.ts";
import { gapLines, progressLine, type SnapshotContents, writtenLine } from "../explain/snapshot.ts";
import type { Catalog } from "../requirements/catalog.ts";
import { isWorkloadManifest } from "../requirements/workload.ts";
import type { AgainstChoice } from "./against.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { startProgress } from "./progress.ts";
import { loadCatalog, refuseCatalogConfigMap } from "./sources.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

export interface SnapshotOptions extends AgainstChoice {
  /** A path, or `-` for standard output. */
  readonly output: string;
  readonly redact: boolean;
  /** Schemas are kept too, and which fields objects set. */
  readonly objects: boolean;
  /** Files and folders of own catalog entries. */
  readonly catalog: readonly string[];
  readonly timeoutSeconds: number;
}

export async function writeSnapshot(options: SnapshotOptions, terminal: Terminal): Promise<ExitStatus> {
  const isToStandardOutput = options.output === "-";
  if (isToStandardOutput && process.stdout.isTTY) {
    throw new CommandError(
      EXIT.usage,
      "output-is-terminal",
      "a snapshot is compressed, which no terminal shows: give -o FILE, or pipe it on",
    );
  }
  const catalog = await loadCatalog(options.catalog);
  const taken = await take(options, catalog, terminal);
  const bytes = packSnapshot(taken);
  if (isToStandardOutput) process.stdout.write(bytes);
  else await write(options.output, bytes);

  const contents = contentsOf(taken);
  for (const line of gapLines(contents)) terminal.tell(line);
  terminal.tell(writtenLine(isToStandardOutput ? "snapshot" : options.output, contents, bytes.length));
  return EXIT.allowed;
}

async function take(options: SnapshotOptions, catalog: Catalog, terminal: Terminal): Promise<Snapshot> {
  const strictness = options.redact ? "strict" : "lenient";
  if (options.against !== "live") {
    const taken = await takeFolder(options, catalog);
    return options.redact ? redactSnapshot(taken, catalog) : taken;
  }
  const progress = startProgress();
  try {
    const { takeLiveSnapshot } = await import("./live-snapshot.ts");
    const taken = await takeLiveSnapshot(
      options,
      {
        catalog,
        strictness,
        withObjects: options.objects,
        crdguard: VERSION,
        timeoutSeconds: options.timeoutSeconds,
        onProgress: (step) => {
          progress.tell(progressLine(step));
        },
      },
      terminal,
    );
    return options.redact ? redactSnapshot(taken.snapshot, taken.catalog) : taken.snapshot;
  } finally {
    progress.end();
  }
}

async function takeFolder({ against, catalogConfigMap, redact, objects }: SnapshotOptions, catalog: Catalog): Promise<Snapshot> {
  if (catalogConfigMap !== undefined) throw refuseCatalogConfigMap("a folder");
  if (await isSnapshotFile(against)) {
    throw new CommandError(EXIT.usage, "flags-conflict", `${against} is a snapshot already: give live or a folder of manifests`);
  }
  const manifests = await readManifests([against], { isRecursive: true, readStandardInput: null });
  if (!manifests.ok) throw new CommandError(EXIT.usage, manifests.error.code, manifests.error.message);
  const taken = await snapshotOfFolder(against, manifests.value, {
    catalog,
    strictness: redact ? "strict" : "lenient",
    withObjects: objects,
    crdguard: VERSION,
    now: () => new Date(),
  });
  if (!taken.ok) throw new CommandError(EXIT.usage, taken.error.code, taken.error.message);
  return taken.value;
}

/** One that cannot be used is one too. */
async function isSnapshotFile(path: string): Promise<boolean> {
  const snapshot = await readSnapshotFile(path, VERSION);
  return snapshot.ok || snapshot.error !== null;
}

async function write(path: string, bytes: Buffer): Promise<void> {
  try {
    await writeFileAtOnce(path, bytes);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new CommandError(EXIT.usage, "file-unwritable", `${path}: cannot be written (${reason})`);
  }
}

function contentsOf({ objects, evidence, unread }: Snapshot): SnapshotContents {
  const counts = [...evidence].map(([crd, own]) => ({ crd, objects: own.objects }));
  return {
    crds: objects.filter(isCrdManifest).length,
    workloads: objects.filter(isWorkloadManifest).length,
    countedInPart: counts.filter(({ objects: own }) => own.kind === "counted" && !own.isComplete).map(({ crd }) => crd),
    uncounted: counts.flatMap(({ crd, objects: own }) => (own.kind === "uncountable" ? [{ crd, reason: own.reason }] : [])),
    unread,
  };
}
