/** @file `crdguard uninstall`: takes the server, and what it has made, out of a cluster. */
import { createInterface } from "node:readline/promises";
import type { ApiClient } from "../cluster/live/api-client.ts";
import type { ConnectionChoice } from "../cluster/live/connection-choice.ts";
import { helmOwned, removalLine, stayingLine, uninstallLine } from "../explain/installation.ts";
import { renderEverything } from "../operator/installation.ts";
import { keptThings, type PlanOptions, planRemoval, remove, type RemovalPlan } from "../operator/removal.ts";
import { uninstall } from "../operator/uninstall.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import type { Invocation } from "./invocation.ts";
import { openClient, unreadableError } from "./live-source.ts";
import { refuseElsewhere } from "./refuse-elsewhere.ts";
import type { Terminal } from "./terminal.ts";

export interface UninstallFlags extends ConnectionChoice {
  readonly namespace: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly deleteObjects: boolean;
  readonly keptOnly: boolean;
  readonly keepDefinitions: boolean;
  readonly deployment: string;
  readonly timeout: number;
}

export async function uninstallFrom(options: UninstallFlags, { terminal }: Pick<Invocation, "terminal">): Promise<ExitStatus> {
  if (options.keepDefinitions && options.deleteObjects) {
    throw new CommandError(
      EXIT.usage,
      "flags-conflict",
      "--delete-objects deletes definitions, and --keep-definitions keeps them: give one",
    );
  }
  const client = openClient(options);
  try {
    await refuseElsewhere(client, options.namespace, "uninstall");
    const question: Question = {
      client,
      namespace: options.namespace,
      objects: (await renderEverything(options.namespace)).filter(
        ({ kind }) => !(options.keepDefinitions && kind === "CustomResourceDefinition"),
      ),
      deletesObjects: options.deleteObjects,
      extent: options.keptOnly ? "definitions" : "all",
    };
    const plan = await planned(question);
    if (plan.helmRelease !== null && !options.keptOnly) {
      throw new CommandError(EXIT.denied, "helm-release", helmOwned(plan.helmRelease, "uninstall"));
    }
    const kept = await keptThings(client, options.namespace);
    if (!kept.ok) throw unreadableError(client, kept.what, kept.error);
    const isNothing = kept.things.length === 0 && plan.goes.length === 0;
    if (isNothing) {
      tellStaying(plan, terminal);
      terminal.tell(`there is nothing of crdguard to be removed from ${client.server}`);
      return EXIT.allowed;
    }
    if (options.dryRun) {
      for (const { title } of [...kept.things, ...plan.goes]) terminal.print(`${removalLine(title, true)}\n`);
      tellStaying(plan, terminal);
      return EXIT.allowed;
    }
    if (!options.yes && !(await isConfirmed(client, kept.things.length + plan.goes.length))) {
      terminal.tell("nothing was deleted");
      return EXIT.denied;
    }
    return await carryOut(client, options, question, terminal);
  } finally {
    client.close();
  }
}

type Question = PlanOptions & { readonly client: ApiClient };

async function carryOut(client: ApiClient, options: UninstallFlags, question: Question, terminal: Terminal): Promise<ExitStatus> {
  const { isComplete } = await uninstall({
    client,
    namespace: options.namespace,
    deployment: options.deployment,
    drainSeconds: options.timeout,
    told(step) {
      const line = uninstallLine(step);
      if (line === null) return;
      if (step.kind === "deleted") terminal.print(`${line}\n`);
      else terminal.tell(line);
    },
    signal: new AbortController().signal,
  });
  if (!isComplete) throw incomplete("what the server has made is not gone altogether, see above");

  // Looked at again: what the server has made is no reason any more for anything to stay.
  const plan = await planned(question);
  const failed = await remove(client, plan.goes, ({ title }) => {
    terminal.print(`${removalLine(title, false)}\n`);
  });
  tellStaying(plan, terminal);
  if (failed.length > 0) {
    throw incomplete(failed.map(({ thing, error }) => `${thing.title}: ${error.message}`).join("; "));
  }
  return EXIT.allowed;
}

function incomplete(what: string): CommandError {
  return new CommandError(EXIT.undecided, "uninstall-incomplete", `${what}; run it again once that is mended`);
}

/** @throws CommandError where the cluster does not tell. */
async function planned(options: Question): Promise<RemovalPlan> {
  const result = await planRemoval(options);
  if (result.ok) return result.plan;
  throw unreadableError(options.client, result.what, result.error);
}

function tellStaying({ stays }: RemovalPlan, terminal: Terminal): void {
  for (const { title, why } of stays) terminal.tell(stayingLine(title, why));
}

/** @throws CommandError where nobody can be asked. */
async function isConfirmed({ server }: ApiClient, count: number): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new CommandError(
      EXIT.usage,
      "confirmation-missing",
      `${String(count)} objects would be deleted from ${server}: look at them with --dry-run, and say --yes`,
    );
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(`Delete ${String(count)} objects of crdguard from ${server}? [y/N] `);
    return /^y(?:es)?$/i.test(answer.trim());
  } catch (error) {
    // By Ctrl-C and Ctrl-D, which are answers too; the question's line has no end yet.
    if (!(error instanceof Error && error.name === "AbortError")) throw error;
    process.stderr.write("\n");
    return false;
  } finally {
    asking.close();
  }
}
