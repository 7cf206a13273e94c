/** @file Action of a plan → words: what is done, by which commands, what proves it, and how to go back. */
import type { Action, Step } from "../plan/plan.ts";
import type { ObjectEvidence } from "../rules/facts.ts";
import { sentenceOfChange } from "./plan-changes.ts";
import * as command from "./plan-commands.ts";
import type { PlanContext } from "./plan-commands.ts";
import type { ActionWords } from "./plan-report.ts";
import { definitionsWords } from "./plan-definitions.ts";
import { workloadWords } from "./plan-workloads.ts";
import { countOf, listOf, quoted, shown } from "./text.ts";

export function actionWords(step: Step, context: PlanContext): ActionWords {
  const { action } = step;
  const changes = step.changes.map(sentenceOfChange);
  switch (action.kind) {
    case "apply-definitions":
      return { ...definitionsWords(step, action, context), changes };
    case "upgrade-workload":
    case "stop-workload":
    case "start-workload":
    case "apply-workloads":
      return workloadWords(step, action, context);
    case "flip-storage":
      return { ...flipWords(action, context), changes };
    case "migrate":
      return { ...migrateWords(action, context), changes: changes.length > 0 ? changes : [storedSentence(action)] };
    case "back-up":
      return backUpWords(action, context);
    case "delete-objects":
      return deleteObjectsWords(action, context);
    case "delete-definition":
      return { ...deleteDefinitionWords(step, action, context), changes };
    case "restore":
      return restoreWords(action, context);
  }
}

type Of<Kind extends Action["kind"]> = Extract<Action, { readonly kind: Kind }>;

function flipWords({ crd, to }: Of<"flip-storage">, context: PlanContext): Omit<ActionWords, "changes"> {
  const from = crd.versions.find(({ isStorage }) => isStorage)?.name ?? null;
  return {
    title: `store new objects of ${shown(crd.name)} in ${quoted(to)}`,
    byHand: null,
    commands: [command.flip(context, crd, to)],
    isDestructive: false,
    proof: [{ command: command.showStorage(context, crd), prints: to }],
    wayBack:
      from === null
        ? { sentence: "it stored in no version before, which no API server accepts", commands: [] }
        : { sentence: `store them in ${quoted(from)} again`, commands: [command.flip(context, flipped(crd, to), from)] },
  };
}

function flipped(crd: Of<"flip-storage">["crd"], to: string): Of<"flip-storage">["crd"] {
  return { ...crd, versions: crd.versions.map((version) => ({ ...version, isStorage: version.name === to })) };
}

function migrateWords({ crd, objects, remaining }: Of<"migrate">, context: PlanContext): Omit<ActionWords, "changes"> {
  const storage = crd.versions.find(({ isStorage }) => isStorage)?.name ?? "";
  const forgotten = crd.stored.names.filter((name) => !remaining.includes(name));
  return {
    title:
      `rewrite ${objectsWord(objects)} of ${shown(crd.name)} in ${quoted(storage)}, ` +
      `and once that is proven, forget ${listOf(forgotten.map(quoted))}`,
    byHand: null,
    commands: [command.migrate(context, crd)],
    isDestructive: false,
    proof: [{ command: command.showStored(context, crd), prints: JSON.stringify(remaining) }],
    wayBack: {
      sentence: "none is needed: the same objects, which every version that is served still reads",
      commands: [],
    },
  };
}

function storedSentence({ crd, remaining }: Of<"migrate">): string {
  return `${shown(crd.name)}: status.storedVersions ${listOf(crd.stored.names.map(quoted))} → ${listOf(remaining.map(quoted))}`;
}

function backUpWords({ crd, readIn, objects }: Of<"back-up">, context: PlanContext): ActionWords {
  const { directory } = context.backup(crd.name);
  return {
    title: `back up ${objectsWord(objects)} of ${shown(crd.name)}, read in ${quoted(readIn)}`,
    byHand: null,
    commands: [command.backUp(context, crd, directory)],
    changes: [`files in ${shown(directory)}; nothing in the cluster`],
    isDestructive: false,
    proof: [command.backupProof(context, directory)],
    wayBack: { sentence: "none is needed: nothing in the cluster has changed", commands: [] },
  };
}

function deleteObjectsWords({ crd, readIn, objects }: Of<"delete-objects">, context: PlanContext): ActionWords {
  return {
    title: `delete ${objectsWord(objects)} of ${shown(crd.name)}, which ${isOne(objects) ? "is" : "are"} backed up`,
    byHand: null,
    commands: [command.deleteObjects(context, crd, readIn)],
    changes: [
      `${objectsWord(objects)} of ${shown(crd.name)} ${isOne(objects) ? "goes" : "go"} away, and what ${isOne(objects) ? "it stands" : "they stand"} for`,
    ],
    isDestructive: true,
    proof: [{ command: command.listObjects(context, crd, readIn), prints: "" }],
    wayBack: {
      sentence: `create them again from the backup, in ${quoted(readIn)}`,
      commands: [command.restore(context, crd.name, readIn, false)],
    },
  };
}

function deleteDefinitionWords(
  { id }: Step,
  { crd, isLeftover }: Of<"delete-definition">,
  context: PlanContext,
): Omit<ActionWords, "changes"> {
  const before = command.beforePath(context, id, [crd]);
  return {
    title: isLeftover
      ? `delete ${shown(crd.name)}, which is left over: nobody needs it any more`
      : `delete ${shown(crd.name)}, for what is wanted cannot take its place while it is there`,
    byHand: null,
    commands: [command.saveDefinitions(context, [crd.name], before), command.deleteDefinition(context, crd)],
    isDestructive: true,
    proof: [{ command: command.showDefinition(context, crd), prints: "" }],
    wayBack: {
      sentence: `apply it again as it was, from ${shown(before)}`,
      commands: [command.apply(context, command.fileArgument(before))],
    },
  };
}

function restoreWords({ crd, writtenIn, restoredIn, mustBeEdited, objects }: Of<"restore">, context: PlanContext): ActionWords {
  const { directory } = context.backup(crd.name);
  return {
    title: `create ${objectsWord(objects)} of ${shown(crd.name)} again from the backup, in ${quoted(restoredIn)}`,
    byHand: mustBeEdited
      ? `edit the files in ${shown(directory)}: they are written in ${quoted(writtenIn)}, and nothing converts that to ` +
        `${quoted(restoredIn)}; move what has another name or place there, and set what is new and required ` +
        `(kubectl explain ${shown(crd.plural)} --api-version=${shown(crd.group)}/${shown(restoredIn)} --recursive tells the fields). ` +
        `What the new version does not know is refused, and nothing is lost by trying: crdguard restore ${shown(directory)} ` +
        `--version ${shown(restoredIn)} --edited --dry-run names each field`
      : null,
    commands: [command.restore(context, crd.name, restoredIn, mustBeEdited)],
    changes: [
      `${objectsWord(objects)} of ${shown(crd.name)} ${isOne(objects) ? "is" : "are"} there again, with ${isOne(objects) ? "a new uid" : "new uids"}`,
    ],
    isDestructive: false,
    proof: [command.objectsProof(context, crd, restoredIn, knownCount(objects))],
    wayBack: {
      sentence: "delete what was created; the backup stays",
      commands: [command.deleteObjects(context, crd, restoredIn)],
    },
  };
}

/** `all 3 objects`, `at least 500 objects`, `the objects`. */
export function objectsWord(objects: ObjectEvidence): string {
  if (objects.kind !== "counted") return "the objects";
  if (!objects.isComplete) return `at least ${countOf(objects.total, "object")}`;
  return objects.total === 1 ? "the one object" : `all ${countOf(objects.total, "object")}`;
}

export function isOne(objects: ObjectEvidence): boolean {
  return objects.kind === "counted" && objects.isComplete && objects.total === 1;
}

/** A lower bound is one too. */
function knownCount(objects: ObjectEvidence): number {
  return objects.kind === "counted" ? objects.total : 0;
}
