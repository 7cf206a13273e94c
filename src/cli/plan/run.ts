/** @file `crdguard plan --run`: walks the plan in the cluster of the kubeconfig. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createHash } from "node:crypto";
import { createColors } from "picocolors";
import { countOf, escaped } from "../../explain/text.ts";
import { obstacleText, stepLines } from "../../explain/plan-text.ts";
import type { ExplainedStep, PlanReport } from "../../explain/plan-report.ts";
import type { Step } from "../../plan/plan.ts";
import { workloadKey } from "../../rules/facts.ts";
import { CommandError, EXIT, type ExitStatus } from "../exit-status.ts";
import { openClient } from "../live-source.ts";
import { type PlanOptions, statusOf } from "./options.ts";
import type { Terminal } from "../terminal.ts";
import { type Asker, createAsker } from "./asker.ts";
import { isCoveredBy } from "./backup-cover.ts";
import { freshJournal, type Journal, type JournalFile, journalPath, JournalUnreadable, openJournal } from "./journal.ts";
import { kubeFlags } from "./kube-flags.ts";
import { makePlan, type MadePlan, type PlanRequest } from "./make-plan.ts";
import { withOpened } from "./opened.ts";
import { createShell, type Shell } from "./shell.ts";
import { writeStepManifest } from "./step-manifests.ts";
import { walk } from "./walk.ts";
import type { CurrentPlan, StepResult, StepSubject, WalkEnd, WalkEvent } from "./walk-ports.ts";

export async function runPlan(
  request: PlanRequest,
  options: PlanOptions & { readonly stepsDir: string },
  terminal: Terminal,
): Promise<ExitStatus> {
  const file = openJournal(options.stepsDir);
  const identity = { cluster: await clusterOf(options), wanted: wantedOf(request) };
  const found = readJournal(file, identity, options);
  const journal = found ?? freshJournal(identity.cluster, identity.wanted, new Date().toISOString());
  if (found === null) clearFolder(options.stepsDir);
  else terminal.tell(resumedLine(found));

  const flags = kubeFlags(options, true);
  const shell = createShell({
    kubectl: ["kubectl", ...flags],
    crdguard: [process.execPath, process.argv[1] ?? ""],
    crdguardFlags: flags,
  });
  await refuseWithoutKubectl(shell);
  const asker = createAsker(options);
  const interrupted = Promise.withResolvers<never>();
  const stop = (): void => {
    shell.stop();
    interrupted.reject(new CommandError(EXIT.undecided, "interrupted", `stopped between two proofs; ${goOn(options)}`));
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    const end = await Promise.race([
      walk(
        journal,
        portsFor({ request: { ...request, isResumed: found !== null }, options, terminal, shell, asker, file, journal }),
      ),
      interrupted.promise,
    ]);
    return tellEnd(end, options, terminal);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    asker.close();
  }
}

interface Surroundings {
  readonly request: PlanRequest;
  readonly options: PlanOptions & { readonly stepsDir: string };
  readonly terminal: Terminal;
  readonly shell: Shell;
  readonly asker: Asker;
  readonly file: JournalFile;
  readonly journal: Journal;
}

function portsFor({ request, options, terminal, shell, asker, file, journal }: Surroundings): Parameters<typeof walk>[1] {
  const backups = `${options.backupDir.replace(/\/+$/, "")}/${journal.startedAt.replaceAll(/[-:]|\.\d+/g, "")}`;
  const directoryOf = (crd: string, number: number): string => `${backups}/${crd}${number === 1 ? "" : `-${String(number)}`}`;
  let isFirst = true;
  const show = { colors: createColors(terminal.hasColors), columns: terminal.columns };
  return {
    plan: (backupNumber, stopped) =>
      withOpened(options, request, terminal, async (opened) => {
        const made = await makePlan({ ...request, stopped, isResumed: request.isResumed || !isFirst }, opened, {
          kubectl: "kubectl",
          crdguard: "crdguard",
          crdguardFlags: "",
          stepsDirectory: options.stepsDir,
          isWritten: true,
          backup: (crd) => ({ directory: directoryOf(crd, backupNumber(crd)), isFirst: backupNumber(crd) === 1 }),
        });
        if (isFirst) {
          for (const { message } of made.report.cautions) terminal.tell(escaped(`caution: ${message}`));
          for (const note of made.report.notes) terminal.tell(escaped(`note: ${note}`));
          terminal.tell(made.report.summary);
        }
        isFirst = false;
        return currentPlan(made);
      }),
    async run(command) {
      const status = await shell.run(command);
      return status === 0
        ? { ok: true }
        : { ok: false, reason: `${firstLine(command)} ended with ${status === null ? "a signal" : `status ${String(status)}`}` };
    },
    prove: (step) => prove(step, shell, step.byHand !== null && asker.isInteractive ? Infinity : options.proofTimeout, terminal),
    ask: (step) => asker.ask(step),
    handed: (step) => asker.handed(step),
    isCovered: (crd, numbers) => isCoveredBy(numbers.map((number) => directoryOf(crd, number))),
    write(next) {
      file.write(next);
      return Promise.resolve();
    },
    tell: ({ kind, step }: WalkEvent) => {
      switch (kind) {
        case "step":
          terminal.print(`\n${stepLines(step, show).join("\n")}\n`);
          return;
        case "proven":
          terminal.print(`   ${show.colors.green("✓ done")}\n`);
          return;
        case "skipped":
          terminal.print(`   skipped\n`);
          return;
      }
    },
  };
}

function currentPlan(made: MadePlan): CurrentPlan {
  const byId = new Map(made.steps.map((step) => [step.id, step] as const));
  return {
    report: made.report,
    subjectOf: (id) => subjectOf(byId.get(id)),
    async prepare(id) {
      const step = byId.get(id);
      for (const manifest of step === undefined ? [] : made.manifestsOf(step)) await writeStepManifest(manifest);
    },
  };
}

function subjectOf(step: Step | undefined): StepSubject {
  if (step === undefined) return { objectsOf: null, workload: null, definitions: [] };
  const { action, changes } = step;
  const definitions = changes.map(({ name }) => name);
  switch (action.kind) {
    case "back-up":
    case "delete-objects":
    case "restore":
      return { objectsOf: action.crd.name, workload: null, definitions };
    case "stop-workload":
    case "start-workload":
      return { objectsOf: null, workload: workloadKey(action.workload.ref), definitions };
    case "apply-definitions":
    case "upgrade-workload":
    case "apply-workloads":
    case "flip-storage":
    case "migrate":
    case "delete-definition":
      return { objectsOf: null, workload: null, definitions };
  }
}

/** Between two looks; a proof mostly holds at the first one. */
const LOOK_MILLISECONDS = 1_000;

async function prove({ proof }: ExplainedStep, shell: Shell, seconds: number, terminal: Terminal): Promise<StepResult> {
  const deadline = Date.now() + seconds * 1_000;
  let isTold = false;
  for (;;) {
    let reason: string | null = null;
    for (const { command, prints, isPart } of proof) {
      const { status, stdout, stderr } = await shell.probe(command);
      const printed = stdout.replace(/\n$/, "");
      const isAsTold = prints === null || (isPart === true ? printed.includes(prints) : printed === prints);
      if (status === 0 && isAsTold) continue;
      const said = stderr.trim().split("\n").at(-1) ?? "";
      reason =
        status === 0 || (printed !== "" && !isAsTold)
          ? `${firstLine(command)} printed "${printed.slice(0, MOST_PRINTED)}" rather than "${prints ?? ""}"`
          : `${firstLine(command)} ended with ${status === null ? "a signal" : `status ${String(status)}`}${said === "" ? "" : `: ${said}`}`;
      break;
    }
    if (reason === null) return { ok: true };
    if (Date.now() >= deadline) return { ok: false, reason };
    if (!isTold) terminal.tell(escaped(`waiting for the proof: ${reason}`));
    isTold = true;
    await sleep(LOOK_MILLISECONDS);
  }
}

/** A difference may be as long as a definition. */
const MOST_PRINTED = 200;

function firstLine(command: string): string {
  const [line = ""] = command.split("\n", 1);
  return `"${line.length > MOST_PRINTED ? `${line.slice(0, MOST_PRINTED)}…` : line}"`;
}

/** The uid of kube-system is as long-lived as the cluster; who may not read it has its address. */
async function clusterOf(options: PlanOptions): Promise<string> {
  const client = openClient(options);
  try {
    const answer = await client.request({ method: "GET", path: "/api/v1/namespaces/kube-system" });
    const body: unknown = answer.ok ? answer.body : null;
    const metadata = typeof body === "object" && body !== null && "metadata" in body ? body.metadata : null;
    const uid = typeof metadata === "object" && metadata !== null && "uid" in metadata ? metadata.uid : null;
    return typeof uid === "string" ? uid : client.server;
  } finally {
    client.close();
  }
}

function wantedOf({ options, read, onConflict, prune, versions }: PlanRequest): string {
  const wanted = {
    objects: read.map(({ object }) => object),
    delete: options.delete,
    namespace: options.namespace,
    onConflict,
    prune,
    versions: [...versions],
  };
  return createHash("sha256").update(JSON.stringify(wanted)).digest("hex");
}

/** Null where there is none to go on with. @throws CommandError for one that is not of this walk. */
function readJournal(
  file: JournalFile,
  { cluster, wanted }: Pick<Journal, "cluster" | "wanted">,
  { stepsDir }: { readonly stepsDir: string },
): Journal | null {
  let journal;
  try {
    journal = file.read();
  } catch (error) {
    if (!(error instanceof JournalUnreadable)) throw error;
    throw new CommandError(
      EXIT.usage,
      "journal-unreadable",
      `${error.message}; see what is owed by it, restore it, or walk with another --steps-dir`,
    );
  }
  if (journal === null || journal.isFinished) return null;
  const differs = journal.cluster !== cluster ? "another cluster" : journal.wanted !== wanted ? "other manifests or flags" : null;
  if (differs === null) return journal;
  const owed = journal.owed.map(({ step }) => step.title);
  throw new CommandError(
    EXIT.usage,
    "journal-of-another",
    `${journalPath(stepsDir)} is of a walk with ${differs}, which is not finished` +
      `${owed.length === 0 ? "" : ` and owes: ${owed.join("; ")}`}; finish that one, or walk with another --steps-dir`,
  );
}

/** What an earlier walk, which is finished, has left for its ways back would be taken for this one's. */
function clearFolder(directory: string): void {
  let names: readonly string[] = [];
  try {
    names = readdirSync(directory);
  } catch {
    // There is none yet.
  }
  for (const name of names) if (/\.(?:before\.yaml|replicas)(?:\.new)?$/.test(name)) rmSync(join(directory, name));
}

function resumedLine({ startedAt, begun, done, owed }: Journal): string {
  return [
    `going on with the walk of ${startedAt}: ${countOf(done.length, "step")} done`,
    ...(begun === null ? [] : [`"${begun}" was under way`]),
    ...(owed.length === 0 ? [] : [`owed: ${owed.map(({ step }) => step.id).join(", ")}`]),
  ].join("; ");
}

async function refuseWithoutKubectl(shell: Shell): Promise<void> {
  const { status, stderr } = await shell.probe("kubectl version --client");
  if (status === 0) return;
  throw new CommandError(
    EXIT.usage,
    "kubectl-unusable",
    `--run takes its steps by kubectl, which does not answer${stderr.trim() === "" ? "" : ` (${stderr.trim().split("\n").at(-1) ?? ""})`}: ` +
      "install it, or put it into the PATH",
  );
}

function goOn({ stepsDir }: { readonly stepsDir: string }): string {
  return `give the same command again to go on, with the same --steps-dir (${stepsDir}) and in the same folder`;
}

function tellEnd(end: WalkEnd, options: PlanOptions & { readonly stepsDir: string }, terminal: Terminal): ExitStatus {
  switch (end.kind) {
    case "done": {
      const skipped =
        end.skipped.length === 0 ? "" : `, ${countOf(end.skipped.length, "step")} skipped: ${end.skipped.join(", ")}`;
      terminal.print(
        `\n${countOf(end.stepCount, "step")} done${skipped}. ${end.skipped.length === 0 ? "The cluster is as wanted." : "The cluster is not as wanted yet."}\n`,
      );
      return end.skipped.length === 0 ? EXIT.allowed : EXIT.denied;
    }
    case "quit":
      terminal.tell(
        escaped(
          end.isByHand
            ? `"${end.step.id}" needs a hand: ${end.step.byHand ?? ""}; when that is done, ${goOn(options)}`
            : `stopped before "${end.step.id}"; ${goOn(options)}`,
        ),
      );
      return EXIT.denied;
    case "no-plan":
      return tellNoPlan(end.report, terminal);
    case "failed":
      throw new CommandError(
        EXIT.denied,
        STEP_CODES[end.why],
        `"${end.step.id}" is not done: ${end.reason}; ${wayOut(end, options)}`,
      );
  }
}

type StepErrorCode = "step-failed" | "step-unproven" | "step-stuck" | "step-not-backed-up";

const STEP_CODES: Readonly<Record<Extract<WalkEnd, { kind: "failed" }>["why"], StepErrorCode>> = {
  command: "step-failed",
  proof: "step-unproven",
  stuck: "step-stuck",
  "no-backup": "step-not-backed-up",
};

function wayOut(end: Extract<WalkEnd, { kind: "failed" }>, options: { readonly stepsDir: string }): string {
  const back =
    end.step.wayBack.commands.length === 0
      ? ""
      : `, or go back: ${end.step.wayBack.commands.join(" && ").replaceAll(/\s+/g, " ")}`;
  return `see to the cause, then ${goOn(options)}${back}`;
}

function tellNoPlan(report: PlanReport, terminal: Terminal): ExitStatus {
  terminal.print(obstacleText(report, { colors: createColors(terminal.hasColors), columns: terminal.columns }));
  return statusOf(report);
}
