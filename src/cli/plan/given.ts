/** @file What a plan is made for: manifests as `check` reads them, with conflicts between sources resolved. */
import type { Manifest } from "../../cluster/snapshot/manifests.ts";
import type { Crd } from "../../crd/crd.ts";
import { canonicalText } from "../../crd/canonical-text.ts";
import { isRecord } from "../../crd/is-record.ts";
import { isCrdManifest, parseCrd } from "../../crd/parse.ts";
import { conflictNote, conflictSentence } from "../../explain/plan-conflicts.ts";
import { shellWord } from "../../explain/text.ts";
import { type ConflictStrategy, type GivenCrd, type Resolution, resolveConflicts } from "../../plan/conflicts.ts";
import { CommandError, EXIT } from "../exit-status.ts";
import { type Bundle, bundleOf, type BundleOptions } from "../read-bundle.ts";

export interface Given {
  readonly bundle: Bundle;
  /** What became of conflicts, one sentence each. */
  readonly notes: readonly string[];
  /** What `kubectl apply` takes to apply all definitions and nothing else; null where nothing like that was given. */
  readonly argument: string | null;
}

/** @param existing definitions of the cluster. @throws CommandError for conflicts that nobody may decide but who asks. */
export function givenFor(
  read: readonly Manifest[],
  options: BundleOptions,
  existing: ReadonlyMap<string, Crd>,
  strategy: ConflictStrategy,
): Given {
  const definitions = read.flatMap((manifest) => {
    const given = definitionOf(manifest);
    return given === null ? [] : [{ manifest, given }];
  });
  const resolved = resolveConflicts(
    definitions.map(({ given }) => given),
    existing,
    strategy,
  );
  if (resolved.kind === "failed") {
    throw new CommandError(EXIT.usage, "definitions-conflict", resolved.conflicts.map(conflictSentence).join("; "));
  }
  const { resolutions } = resolved;
  const dropped = new Set(definitions.filter(({ given }) => isDropped(given, resolutions)).map(({ manifest }) => manifest));
  const kept = read.filter((manifest) => !dropped.has(manifest));
  // All of what was given may be there in a newer form: that is a plan without steps, not a mistake.
  const bundle = bundleOf(kept.length === 0 ? read : kept, options);
  const isEmpty = kept.length === 0 && read.length > 0;
  return {
    bundle: isEmpty ? { ...bundle, applied: { ...bundle.applied, crds: [] }, manifests: [] } : bundle,
    notes: resolutions.map((resolution) => conflictNote(resolution, strategy)),
    argument: dropped.size > 0 || bundle.input.repeated.length > 0 ? null : argumentOf(read, options),
  };
}

function definitionOf({ file, line, object }: Manifest): GivenCrd | null {
  if (!isCrdManifest(object)) return null;
  const crd = parseCrd(object);
  if (!crd.ok) return null;
  return { crd: crd.value, place: `${file}:${String(line)}`, content: contentOf(object) };
}

/** Without what says nothing of the definition: the status, and what a tool that rendered it notes down. */
function contentOf({ spec, metadata }: Readonly<Record<string, unknown>>): string {
  const { name, labels, annotations } = isRecord(metadata) ? metadata : {};
  return canonicalText({ spec, name, labels, annotations });
}

function isDropped({ crd, place }: GivenCrd, resolutions: readonly Resolution[]): boolean {
  const own = resolutions.find((resolution) => resolution.crd === crd.name);
  return own !== undefined && own.dropped.includes(place);
}

/** kubectl takes either files or one kustomization, and applies all that is in them. */
function argumentOf(read: readonly Manifest[], { filename, kustomize, recursive }: BundleOptions): string | null {
  if (filename.includes("-") || !read.every(({ object }) => isCrdManifest(object))) return null;
  const [folder, ...others] = kustomize;
  if (folder !== undefined) return filename.length === 0 && others.length === 0 ? `-k ${shellWord(folder)}` : null;
  return [...filename.map((path) => `-f ${shellWord(path)}`), ...(recursive ? ["-R"] : [])].join(" ");
}
