/** @file `crdguard plan --run`: walks the plan in the cluster of the kubeconfig. */
import { createHash } from "node:crypto";
import { createColors } from "picocolors";
import { escaped } from "../../explain/text.ts";
import { prefaceLines, stepLines } from "../../explain/plan-text.ts";
import type { Step } from "../../plan/plan.ts";
import { workloadKey } from "../../rules/facts.ts";
import { CommandError, EXIT, type ExitStatus } from "../exit-status.ts";
import { openClient } from "../live-source.ts";
import type { PlanOptions } from "./options.ts";
import type { Terminal } from "../terminal.ts";
import { type Asker, createAsker } from "./asker.ts";
import { isCoveredBy } from "./backup-cover.ts";
import { freshJournal, type Journal, type JournalFile, openJournal } from "./journal.ts";
import { kubeFlags } from "./kube-flags.ts";
import { makePlan, type MadePlan, type PlanRequest } from "./make-plan.ts";
import { withOpened } from "./opened.ts";
import { firstLine, prove } from "./prove.ts";
import { createShell, type Shell } from "./shell.ts";
import { clearFolder, lockedFolder, readJournal, resumedLine } from "./steps-folder.ts";
import { writeStepManifest } from "./step-manifests.ts";
import { goOn, tellEnd } from "./tell-end.ts";
import { walk } from "./walk.ts";
import type { CurrentPlan, StepSubject, WalkEvent } from "./walk-ports.ts";

export async function runPlan(
  request: PlanRequest,
  options: PlanOptions & { readonly stepsDir: string },
  terminal: Terminal,
): Promise<ExitStatus> {
  const identity = { cluster: await clusterOf(options), wanted: wantedOf(request) };
  const flags = kubeFlags(options, true);
  const shell = createShell({
    kubectl: ["kubectl", ...flags],
    crdguard: [process.execPath, process.argv[1] ?? ""],
    crdguardFlags: flags,
  });
  await refuseWithoutKubectl(shell);
  const interrupted = Promise.withResolvers<never>();
  const stop = (): void => {
    shell.stop();
    interrupted.reject(
      new CommandError(EXIT.undecided, "interrupted", `stopped, and nothing that was done is lost; ${goOn(options)}`),
    );
  };
  const asker = createAsker(options, { interrupt: stop });
  const lock = lockedFolder(options.stepsDir);
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    const file = openJournal(options.stepsDir);
    const found = readJournal(file, identity, options);
    const journal = found ?? freshJournal(identity.cluster, identity.wanted, new Date().toISOString());
    if (found === null) clearFolder(options.stepsDir);
    else terminal.tell(escaped(resumedLine(found)));
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
    lock.release();
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
    tell: (event: WalkEvent) => {
      switch (event.kind) {
        case "planned":
          for (const line of prefaceLines(event.report, show)) terminal.tell(line);
          return;
        case "step": {
          const mark = `Step ${String(event.number)} of ${String(event.count)}: `;
          terminal.print(`\n${stepLines(event.step, show, mark).join("\n")}\n`);
          return;
        }
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
