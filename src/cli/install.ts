/** @file `crdguard install`: brings the server into a cluster, and says when it guards. */
import type { ApiClient } from "../cluster/live/api-client.ts";
import type { ConnectionChoice } from "../cluster/live/connection-choice.ts";
import {
  changeLine,
  foreignObjects,
  helmOwned,
  kindUnknown,
  nextSteps,
  refusals,
  standingLine,
} from "../explain/installation.ts";
import { awaitGuard, install as installObjects, type InstallError, type Standing } from "../operator/install.ts";
import { renderEverything, renderInstallation } from "../operator/installation.ts";
import { type KubernetesObject, titleOf } from "../operator/kubernetes-object.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import type { InstallationFlags } from "./installation-flags.ts";
import type { Invocation } from "./invocation.ts";
import { openClient, unreadableError } from "./live-source.ts";
import { refuseElsewhere } from "./refuse-elsewhere.ts";
import { choiceOf, listCountable } from "./render.ts";
import type { Terminal } from "./terminal.ts";

export interface InstallFlags extends InstallationFlags, ConnectionChoice {
  readonly dryRun: boolean;
  readonly forceConflicts: boolean;
  readonly wait: boolean;
  readonly timeout: number;
}

export async function install(options: InstallFlags, invocation: Pick<Invocation, "program" | "terminal">): Promise<ExitStatus> {
  const { terminal } = invocation;
  const client = openClient(options);
  try {
    await refuseElsewhere(client, options.namespace, "install");
    const objects = await renderInstallation(await choiceOf(options, () => listCountable(client)));
    const chosen = new Set(objects.map(titleOf));
    const installed = await installObjects({
      client,
      objects,
      unwanted: (await renderEverything(options.namespace)).filter((object) => !chosen.has(titleOf(object))),
      forcesConflicts: options.forceConflicts,
      isDryRun: options.dryRun,
      told(object, change) {
        terminal.print(`${changeLine(titleOf(object), change, options.dryRun)}\n`);
      },
    });
    if (!installed.ok) throw refusal(installed.error, client);
    if (options.dryRun) return EXIT.allowed;

    if (options.wait) await guarded(client, objects, options, terminal);
    terminal.print(`\n${nextSteps(invocation.program, options.namespace)}`);
    return EXIT.allowed;
  } finally {
    client.close();
  }
}

/** @throws CommandError where the time was up before. */
async function guarded(
  client: ApiClient,
  objects: readonly KubernetesObject[],
  { timeout, overlay }: InstallFlags,
  terminal: Terminal,
): Promise<void> {
  const deployment = objects.find(({ kind }) => kind === "Deployment");
  if (deployment === undefined) throw new Error("an installation has a Deployment");
  const standing = await awaitGuard({
    client,
    deployment,
    isToFailOpen: overlay.includes("fail-open"),
    timeoutSeconds: timeout,
    told(next) {
      terminal.tell(standingLine(next));
    },
  });
  if (standing.kind === "guarding") return;
  throw new CommandError(
    EXIT.undecided,
    "install-timeout",
    `everything is installed, and after ${String(timeout)} s: ${standingLine(standing)}; ${hintOf(standing, deployment)}`,
  );
}

function hintOf({ kind }: Standing, { metadata: { namespace = "" } }: KubernetesObject): string {
  switch (kind) {
    case "starting":
      return `see kubectl --namespace ${namespace} describe pods`;
    case "unregistered":
    case "failing-open":
    case "unreadable":
    case "guarding":
      return `see kubectl --namespace ${namespace} logs deployment/crdguard`;
  }
}

function refusal(error: InstallError, client: ApiClient): CommandError {
  switch (error.code) {
    case "foreign-object":
      return new CommandError(EXIT.denied, error.code, foreignObjects(error.objects.map(titleOf)));
    case "helm-release":
      return new CommandError(EXIT.denied, error.code, helmOwned(error.release, "install"));
    case "namespace-terminating":
      return new CommandError(
        EXIT.denied,
        error.code,
        `the namespace ${error.namespace} is being deleted: nothing was changed; try again once it is gone`,
      );
    case "install-forbidden":
      return new CommandError(EXIT.undecided, error.code, `${refusals(told(error.refused))}; nothing was changed`);
    case "apply-conflict":
      return new CommandError(
        EXIT.denied,
        error.code,
        `${refusals(told(error.refused))}; nothing was changed. --force-conflicts takes these fields over`,
      );
    case "kind-unknown":
      return new CommandError(EXIT.denied, error.code, kindUnknown(titleOf(error.object), error.object.apiVersion));
    case "apply-failed":
      return new CommandError(EXIT.undecided, error.code, refusals(told(error.refused)));
    case null:
      return unreadableError(client, "what is there", error.error);
  }
}

function told(
  refused: Extract<InstallError, { readonly refused: unknown }>["refused"],
): readonly { readonly title: string; readonly message: string }[] {
  return refused.map(({ object, error }) => ({ title: titleOf(object), message: error.message }));
}
