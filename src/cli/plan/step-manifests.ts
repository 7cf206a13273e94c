/** @file The manifests that steps of a plan name: exactly these documents of what was given, or of a released set. */
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { nameOfManifest } from "../../cluster/snapshot/manifest-name.ts";
import { type Manifest, parseManifests } from "../../cluster/snapshot/manifests.ts";
import { isCrdManifest } from "../../crd/parse.ts";
import { manifestPath, type PlanContext } from "../../explain/plan-commands.ts";
import { stagesOf } from "../../explain/plan-definitions.ts";
import { shown } from "../../explain/text.ts";
import { makeFolder } from "../../migration/make-folder.ts";
import type { PlannedWorkload, Step } from "../../plan/plan.ts";
import { isWorkloadManifest } from "../../requirements/workload.ts";
import { workloadKey } from "../../rules/facts.ts";
import { CommandError, EXIT } from "../exit-status.ts";
import { writeDurably } from "./journal.ts";

export interface StepManifest {
  readonly path: string;
  readonly source:
    | { readonly kind: "given"; readonly objects: readonly Manifest["object"][] }
    /** Of what this URL gives, the definitions of these names. */
    | { readonly kind: "released"; readonly url: string; readonly crds: readonly string[] };
}

/**
 * @param steps of the whole plan: what is neither definition nor workload comes with the first step that applies workloads.
 * @param namespace of objects whose manifest names none.
 */
export function stepManifests(
  step: Step,
  steps: readonly Step[],
  given: readonly Manifest[],
  context: PlanContext,
  namespace: string,
): readonly StepManifest[] {
  const { action } = step;
  switch (action.kind) {
    case "apply-definitions": {
      const { definitions } = action;
      return stagesOf(step, action, context).flatMap(({ path, crds }): readonly StepManifest[] => {
        if (path === null) return [];
        if (definitions.kind === "wanted") {
          const objects = given.map(({ object }) => object).filter((object) => isDefinitionOf(object, crds));
          return [{ path, source: { kind: "given", objects } }];
        }
        const url = definitions.bundle.installUrl;
        return url === null ? [] : [{ path, source: { kind: "released", url, crds } }];
      });
    }
    case "upgrade-workload":
      return action.byManifest ? [workloadsManifest(step, [action.workload], steps, given, context, namespace)] : [];
    case "apply-workloads":
      return [workloadsManifest(step, action.workloads, steps, given, context, namespace)];
    case "stop-workload":
    case "start-workload":
    case "flip-storage":
    case "migrate":
    case "back-up":
    case "delete-objects":
    case "delete-definition":
    case "restore":
      return [];
  }
}

function workloadsManifest(
  step: Step,
  workloads: readonly PlannedWorkload[],
  steps: readonly Step[],
  given: readonly Manifest[],
  context: PlanContext,
  namespace: string,
): StepManifest {
  const first = steps.find(
    ({ action }) => action.kind === "apply-workloads" || (action.kind === "upgrade-workload" && action.byManifest),
  );
  // What Helm has installed is left to Helm.
  const keys = new Set(workloads.filter(({ helmRelease }) => helmRelease === null).map(({ ref }) => workloadKey(ref)));
  const objects = given.flatMap((manifest) => {
    const { object } = manifest;
    if (isCrdManifest(object)) return [];
    if (!isWorkloadManifest(object)) return step === first ? [object] : [];
    const named = nameOfManifest(manifest, namespace);
    return named !== null && keys.has(`${named.kind}/${named.namespace}/${named.name}`) ? [object] : [];
  });
  return { path: manifestPath(context, step.id), source: { kind: "given", objects } };
}

function isDefinitionOf(object: Manifest["object"], crds: readonly string[]): boolean {
  if (!isCrdManifest(object)) return false;
  const name = nameOfManifest({ file: "", line: 1, object }, "")?.name;
  return name !== undefined && crds.includes(name);
}

/** @throws CommandError for a release that cannot be read, and for a folder that cannot be written. */
export async function writeStepManifest({ path, source }: StepManifest): Promise<void> {
  // What a release holds is the same whoever has put it there: a cluster without a way to the internet has it from a person.
  if (source.kind === "released" && (await isThere(path, source.crds))) return;
  const objects = source.kind === "given" ? source.objects : await released(source, path);
  const { yamlText } = await import("../yaml-text.ts");
  try {
    makeFolder(dirname(path));
    writeDurably(path, objects.map((object) => yamlText(object)).join("---\n"));
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new CommandError(EXIT.usage, "file-unwritable", `${path} cannot be written (${reason})`);
  }
}

async function isThere(path: string, crds: readonly string[]): Promise<boolean> {
  if (!existsSync(path)) return false;
  const parsed = await parseManifests(path, readFileSync(path, "utf8"));
  if (!parsed.ok) throw new CommandError(EXIT.usage, parsed.error.code, parsed.error.message);
  return crds.every((name) => parsed.value.some(({ object }) => isDefinitionOf(object, [name])));
}

async function released(
  { url, crds }: Extract<StepManifest["source"], { kind: "released" }>,
  path: string,
): Promise<readonly Manifest["object"][]> {
  const { fetchText, isPrivate } = await import("../../cluster/snapshot/fetch-text.ts");
  const text = await fetchText(url, isPrivate);
  if (!text.ok) {
    const names = crds.map(shown).join(" and ");
    throw new CommandError(
      EXIT.usage,
      text.error.code,
      `${text.error.message}; put ${names} of it into ${path} yourself, then go on`,
    );
  }
  const parsed = await parseManifests(url, text.value);
  if (!parsed.ok) throw new CommandError(EXIT.usage, parsed.error.code, parsed.error.message);
  return parsed.value.map(({ object }) => object).filter((object) => isDefinitionOf(object, crds));
}
