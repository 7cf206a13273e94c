/** @file `crdguard plan`: the ordered steps from the cluster as it is to what is wanted, told or walked. */
import { createColors } from "picocolors";
import { shellWord } from "../explain/text.ts";
import type { PlanReport } from "../explain/plan-report.ts";
import type { Catalog } from "../requirements/catalog.ts";
import { findRelease } from "../requirements/releases.ts";
import { findController } from "./catalog-words.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import type { Invocation } from "./invocation.ts";
import { kubeFlags } from "./plan/kube-flags.ts";
import { type PlanOptions, statusOf } from "./plan/options.ts";
import { makePlan, type PlanRequest } from "./plan/make-plan.ts";
import { withOpened } from "./plan/opened.ts";
import { writeStepManifest } from "./plan/step-manifests.ts";
import { readGiven } from "./read-bundle.ts";
import { loadBundles, loadCatalog, policyFromFlags, tellPolicyProblems } from "./sources.ts";
import type { Terminal } from "./terminal.ts";

export async function plan(options: PlanOptions, invocation: Pick<Invocation, "program" | "terminal">): Promise<ExitStatus> {
  const { terminal } = invocation;
  if (options.run) refuseUnwalkable(options);
  const catalog = await loadCatalog(options.catalog);
  const request: PlanRequest = {
    options,
    read: await readGiven(options),
    onConflict: options.onConflict,
    prune: options.prune,
    versions: versionsOf(options.with, catalog),
    flags: policyFromFlags(options.rule),
    catalog,
    bundles: await loadBundles(),
    stopped: new Set(),
    isResumed: false,
  };
  if (options.run) {
    const { runPlan } = await import("./plan/run.ts");
    return runPlan(request, { ...options, stepsDir: options.stepsDir ?? STEPS_DIRECTORY }, terminal);
  }
  return withOpened(options, request, terminal, async (opened) => {
    tellPolicyProblems(opened.cluster.picture()?.guardPolicies ?? [], terminal);
    const made = await makePlan(request, opened, {
      ...callsOf(options, invocation.program),
      stepsDirectory: tidy(options.stepsDir ?? STEPS_DIRECTORY),
      isWritten: options.stepsDir !== undefined,
      backup: (crd) => ({ directory: `${tidy(options.backupDir)}/${crd}`, isFirst: true }),
    });
    if (options.stepsDir !== undefined) {
      for (const manifest of made.steps.flatMap((step) => made.manifestsOf(step))) await writeStepManifest(manifest);
    }
    await print(made.report, options.output, terminal);
    return statusOf(made.report);
  });
}

const STEPS_DIRECTORY = "crdguard-plan";

/** A walk writes to a cluster, and talks to a person. */
function refuseUnwalkable({ against, output, filename, yes }: PlanOptions): void {
  const problem =
    against !== "live"
      ? `--run walks the plan in a cluster, which "${against}" only stands in for: leave out --against, or --run`
      : output !== "text"
        ? `--run tells of each step as it is taken: leave out -o ${output}, or --run`
        : filename.includes("-") && !yes
          ? "--run asks before each step, and -f - takes the standard input: give a file, or --yes"
          : null;
  if (problem !== null) throw new CommandError(EXIT.usage, "flags-conflict", problem);
}

/** @throws CommandError for a controller or a version that the catalog does not have. */
function versionsOf(given: readonly string[], catalog: Catalog): ReadonlyMap<string, string> {
  return new Map(
    given.map((text) => {
      const { id, version } = /^(?<id>[^=\s]+)=(?<version>[^=\s]+)$/.exec(text.trim())?.groups ?? {};
      if (id === undefined || version === undefined) {
        throw new CommandError(EXIT.usage, "with-malformed", `--with "${text}" is not of the form <controller>=<version>`);
      }
      const controller = findController(id, catalog);
      if (findRelease(controller, version) === null) {
        const known = controller.releases.map(({ versions }) => `"${versions}"`).join(", ");
        throw new CommandError(
          EXIT.usage,
          "release-unknown",
          `--with ${text}: the catalog knows ${controller.id} of the versions ${known}`,
        );
      }
      return [controller.id, version] as const;
    }),
  );
}

/** Flags of another cluster than that of the plan would be of no use; a stand-in has none. */
function callsOf(
  options: PlanOptions,
  program: Invocation["program"],
): { readonly kubectl: string; readonly crdguard: string; readonly crdguardFlags: string } {
  const flags = options.against === "live" ? kubeFlags(options, false).map((flag) => ` ${flagWord(flag)}`) : [];
  return { kubectl: `kubectl${flags.join("")}`, crdguard: program, crdguardFlags: flags.join("") };
}

function flagWord(flag: string): string {
  const [name = "", value] = flag.split(/=(.*)/s, 2);
  return value === undefined ? name : `${name}=${shellWord(value)}`;
}

/** `./plan/` as `plan`: paths are made of it. */
function tidy(directory: string): string {
  return directory.replace(/^(?:\.\/+)+(?=.)/, "").replace(/(?<=.)\/+$/, "");
}

async function print(report: PlanReport, output: PlanOptions["output"], terminal: Terminal): Promise<void> {
  switch (output) {
    case "text": {
      const { planText } = await import("../explain/plan-text.ts");
      terminal.print(planText(report, { colors: createColors(terminal.hasColors), columns: terminal.columns }));
      return;
    }
    case "markdown": {
      const { planMarkdown } = await import("../explain/plan-markdown.ts");
      terminal.print(planMarkdown(report));
      return;
    }
    case "json":
      terminal.print(`${JSON.stringify(report, null, 2)}\n`);
      return;
  }
}
