/** @file The words of applying definitions: all that is wanted, some of it, or a released set in between. */
import type { Action, Step } from "../plan/plan.ts";
import * as command from "./plan-commands.ts";
import type { PlanContext } from "./plan-commands.ts";
import type { ActionWords } from "./plan-report.ts";
import { countOf, listOf, shellWord, shown } from "./text.ts";

type Apply = Extract<Action, { readonly kind: "apply-definitions" }>;

/** Names of more definitions than this are told among the changes alone. */
const MOST_NAMED = 3;

export function definitionsWords(step: Step, action: Apply, context: PlanContext): Omit<ActionWords, "changes"> {
  const stages = stagesOf(step, action, context);
  const replaced = step.changes.flatMap((change) => (change.before !== null && change.after !== null ? [change.before] : []));
  const changed = replaced.map(({ name }) => name);
  const before = command.beforePath(context, step.id, replaced);
  return {
    title: titleOf(action),
    byHand: byHandOf(step, action, context),
    commands: [
      ...(changed.length === 0 ? [] : [command.saveDefinitions(context, changed, before)]),
      ...stages.map(({ what }) => command.apply(context, what)),
      command.waitForDefinitions(context, action.crds),
    ],
    isDestructive: false,
    proof: stages.map(({ what }) => ({ command: command.diff(context, what), prints: "" })),
    wayBack: wayBackOf(step, changed, before, context),
  };
}

export interface Stage {
  /** Of `kubectl apply`. */
  readonly what: string;
  /** Of the manifest of its own that it needs; null: none. */
  readonly path: string | null;
  readonly crds: readonly string[];
  /** `Gateway API`; null: of the project's own. */
  readonly family: string | null;
}

/** A released set that several projects share comes before what is built on it. */
export function stagesOf(
  { id }: Pick<Step, "id">,
  { definitions, crds, isWhole }: Apply,
  context: Pick<PlanContext, "given" | "families" | "stepsDirectory">,
): readonly Stage[] {
  const byFile = (own: readonly string[], family: string | null, part = ""): Stage => {
    const path = command.manifestPath(context, id, part);
    return { what: command.fileArgument(path), path, crds: own, family };
  };
  if (definitions.kind === "bundle") {
    const { installUrl, title } = definitions.bundle;
    if (!isWhole || installUrl === null) return [byFile(crds, title)];
    return [{ what: `-f ${shellWord(installUrl)}`, path: null, crds, family: title }];
  }
  const byFamily = [...Map.groupBy(crds, (crd) => context.families.get(crd) ?? null)].toSorted(
    ([left], [right]) => Number(left === null) - Number(right === null),
  );
  if (byFamily.length > 1) return byFamily.map(([family, own], index) => byFile(own, family, String(index + 1)));
  const family = byFamily[0]?.[0] ?? null;
  return [isWhole && context.given !== null ? { what: context.given, path: null, crds, family } : byFile(crds, family)];
}

function titleOf({ definitions, crds, isWhole }: Apply): string {
  const names = crds.length > MOST_NAMED ? countOf(crds.length, "definition") : listOf(crds.map(shown));
  if (definitions.kind === "wanted") {
    return isWhole ? `apply the definitions that are wanted: ${names}` : `apply ${names} alone, of what is wanted`;
  }
  const { title, version, channel } = definitions.bundle;
  const release = `${shown(title)} v${shown(version)}, ${shown(channel)} channel${definitions.stays ? "" : ", in between"}`;
  return isWhole ? `apply ${release}` : `apply ${names} alone, of ${release}`;
}

/** Definitions of a release that nobody knows an address of have to be found. */
function byHandOf({ id }: Step, { definitions, crds, isWhole }: Apply, context: PlanContext): string | null {
  if (definitions.kind !== "bundle") return null;
  const { title, version, channel, installUrl } = definitions.bundle;
  if (installUrl !== null && (isWhole || context.isWritten)) return null;
  const path = command.manifestPath(context, id);
  return (
    `put ${listOf(crds.map(shown))} of ${shown(title)} v${shown(version)}, ${shown(channel)} channel` +
    `${installUrl === null ? "" : ` (${shown(installUrl)})`}, and nothing else, into ${shown(path)}`
  );
}

function wayBackOf({ changes }: Step, changed: readonly string[], before: string, context: PlanContext): ActionWords["wayBack"] {
  const created = changes.filter((change) => change.before === null).flatMap(({ after }) => (after === null ? [] : [after]));
  return {
    sentence: [
      ...(changed.length === 0 ? [] : [`apply them again as they were, from ${shown(before)}`]),
      ...(created.length === 0 ? [] : ["delete those that are new, as long as they have no objects"]),
    ].join(", and "),
    commands: [
      ...(changed.length === 0 ? [] : [command.apply(context, command.fileArgument(before))]),
      ...created.map((crd) => command.deleteDefinition(context, crd)),
    ],
  };
}
