/** @file Commands of a plan's steps, for a POSIX shell: each can be pasted, and is what `--run` runs. */
import type { Crd } from "../crd/crd.ts";
import type { HelmRelease, PlannedWorkload } from "../plan/plan.ts";
import type { WorkloadRef } from "../rules/facts.ts";
import { allNamespaces, flipPatch, imageAt, inTurn, resourceArgument } from "./remedies.ts";
import type { Proof } from "./plan-report.ts";
import { shellWord } from "./text.ts";

/** What the words of a plan need to know of how it was asked for. */
export interface PlanContext {
  /** How they are called, with the flags that choose the cluster: `kubectl --context prod`. */
  readonly kubectl: string;
  readonly crdguard: string;
  /** After the command of crdguard, with a space before; empty: none. */
  readonly crdguardFlags: string;
  /**
   * What `kubectl apply` takes to apply all wanted definitions and nothing else, `-f bundle.yaml`; null where no such thing was
   * given, so that a manifest of the step's own has to be written.
   */
  readonly given: string | null;
  /** Where manifests of single steps are. */
  readonly stepsDirectory: string;
  /** They have been written, or will be before the step is taken. */
  readonly isWritten: boolean;
  /** Wanted definitions that belong to a released set, such as Gateway API, by the name of the set; applied before all others. */
  readonly families: ReadonlyMap<string, string>;
  /** Where the objects of a CRD are, or will be, backed up. `isFirst`: no older backup of them is restored before this one. */
  backup(crd: string): { readonly directory: string; readonly isFirst: boolean };
}

export type Calls = Pick<PlanContext, "kubectl" | "crdguard" | "crdguardFlags">;

/** Of a step's own manifest; `part` where it has several. */
export function manifestPath({ stepsDirectory }: Pick<PlanContext, "stepsDirectory">, id: string, part = ""): string {
  return `${stepsDirectory}/${fileName(id)}${part === "" ? "" : `.${part}`}.yaml`;
}

/**
 * The definitions as they were before a step, which its way back needs. Named after what they were, so that what an earlier plan has
 * left is not taken for it.
 */
export function beforePath({ stepsDirectory }: Pick<PlanContext, "stepsDirectory">, id: string, before: readonly Crd[]): string {
  const identity = checksum(JSON.stringify(before.map(({ name, uid, generation }) => [name, uid, generation])));
  return `${stepsDirectory}/${fileName(id)}.${identity}.before.yaml`;
}

/** A step may be named after a dozen definitions, and a name of a file has 255 characters at most. */
const MOST_FILE_NAME = 120;

/** Namespaces and names hold dashes, but no underscore: `a/b-c` and `a-b/c` must not be the same file. */
function fileName(id: string): string {
  const [first = "", ...others] = id.split("/");
  const parts = [others.length === 0 ? first : `${first}-${others[0] ?? ""}`, ...others.slice(1)];
  const name = parts
    .map((part) => part.replaceAll(/[^A-Za-z0-9._-]+/g, "-"))
    .join("_")
    .replace(/^[.-]+/, "");
  return name.length <= MOST_FILE_NAME ? name : `${name.slice(0, MOST_FILE_NAME)}-${checksum(id)}`;
}

/** Tells long names apart whose beginnings are the same. FNV-1a, 32 bits. */
function checksum(text: string): string {
  let sum = 0x811c9dc5;
  for (const character of text) sum = Math.imul(sum ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return sum.toString(16).padStart(8, "0");
}

/**
 * By force: whoever set a field before, such as a storage version that this plan has flipped by a patch, gives way to what is
 * wanted. Definitions of this size do not fit into the annotation of a client-side apply.
 */
export function apply({ kubectl }: Calls, what: string): string {
  return `${kubectl} apply --server-side --force-conflicts ${what}`;
}

export function fileArgument(path: string): string {
  return `-f ${shellWord(path)}`;
}

/** Prints nothing where the cluster is as the manifests say. */
export function diff({ kubectl }: Calls, what: string): string {
  return `${kubectl} diff --server-side --force-conflicts ${what}`;
}

export function waitForDefinitions({ kubectl }: Calls, names: readonly string[]): string {
  return `${kubectl} wait --for=condition=Established --timeout=60s ${names.map((name) => shellWord(`customresourcedefinition/${name}`)).join(" ")}`;
}

/** Once, so that a step that is taken again half-way does not overwrite it; without what the API server has set. */
export function saveDefinitions({ kubectl }: Calls, names: readonly string[], path: string): string {
  const show = `${kubectl} get customresourcedefinition ${names.map(shellWord).join(" ")} -o yaml`;
  return inTurn([
    `before=${shellWord(path)}`,
    `mkdir -p ${shellWord(path.slice(0, path.lastIndexOf("/")))}`,
    // Members of metadata stand four columns in where there are several definitions, two where there is one. What is cut short, or
    // empty since kubectl has failed, does not get the name.
    `{ test -e "$before" || { ${show} |\n  sed -E '/^ {2}( {2})?(resourceVersion|uid): /d' > "$before.new" && test -s "$before.new" && mv "$before.new" "$before"; }; }`,
  ]);
}

export function deleteDefinition({ kubectl }: Calls, { name }: Crd): string {
  return `${kubectl} delete customresourcedefinition ${shellWord(name)}`;
}

export function showDefinition({ kubectl }: Calls, { name }: Crd): string {
  return `${kubectl} get customresourcedefinition ${shellWord(name)} --ignore-not-found -o name`;
}

export function flip({ kubectl }: Calls, crd: Crd, to: string): string {
  return `${kubectl} patch customresourcedefinition ${shellWord(crd.name)} --type=json -p ${shellWord(JSON.stringify(flipPatch(crd, to)))}`;
}

export function showStorage({ kubectl }: Calls, { name }: Crd): string {
  return `${kubectl} get customresourcedefinition ${shellWord(name)} -o ${shellWord("jsonpath={.spec.versions[?(@.storage==true)].name}")}`;
}

export function showStored({ kubectl }: Calls, { name }: Crd): string {
  return `${kubectl} get customresourcedefinition ${shellWord(name)} -o ${shellWord("jsonpath={.status.storedVersions}")}`;
}

export function migrate({ crdguard, crdguardFlags }: Calls, { name }: Crd): string {
  return `${crdguard} migrate ${shellWord(name)}${crdguardFlags}`;
}

export function backUp({ crdguard, crdguardFlags }: Calls, { name }: Crd, directory: string): string {
  return `${crdguard} backup ${shellWord(name)} -o ${shellWord(directory)}${crdguardFlags}`;
}

/** @param isEdited files may differ from what was written. */
export function restore(context: PlanContext, crd: string, version: string, isEdited: boolean): string {
  const { directory, isFirst } = context.backup(crd);
  const flags = `${isEdited ? " --edited" : ""}${isFirst ? "" : " --overwrite"}${context.crdguardFlags}`;
  return `${context.crdguard} restore ${shellWord(directory)} --version ${shellWord(version)}${flags}`;
}

export function deleteObjects({ kubectl }: Calls, crd: Crd, readIn: string): string {
  return `${kubectl} delete ${resourceArgument(crd, readIn)} --all${allNamespaces(crd)}`;
}

export function listObjects({ kubectl }: Calls, crd: Crd, readIn: string): string {
  return `${kubectl} get ${resourceArgument(crd, readIn)}${allNamespaces(crd)} -o name`;
}

/** Null where the image is not known. */
export function setImage({ kubectl }: Calls, { ref, image, container }: PlannedWorkload, version: string): string | null {
  if (image === null || container === null) return null;
  return `${kubectl} ${inNamespace(ref)} set image ${workloadArgument(ref)} ${shellWord(`${container}=${imageAt(image, version)}`)}`;
}

export function showImages({ kubectl }: Calls, ref: WorkloadRef): string {
  return `${kubectl} ${inNamespace(ref)} get ${workloadArgument(ref)} -o ${shellWord("jsonpath={.spec.template.spec.containers[*].image}")}`;
}

export function rolledOut({ kubectl }: Calls, ref: WorkloadRef): string {
  return `${kubectl} ${inNamespace(ref)} rollout status ${workloadArgument(ref)} --timeout=5m`;
}

export function undoRollout({ kubectl }: Calls, ref: WorkloadRef): string {
  return `${kubectl} ${inNamespace(ref)} rollout undo ${workloadArgument(ref)}`;
}

/** What the chart is called is not known to the cluster. */
export function helmUpgrade({ namespace, name, isNew }: HelmRelease): string {
  const verb = isNew === true ? "install" : "upgrade";
  const values = isNew === true ? "" : " --reuse-values";
  return `helm ${verb} ${shellWord(name)} CHART --namespace ${shellWord(namespace)} --version CHART_VERSION${values} --skip-crds`;
}

export function helmRollback({ namespace, name, isNew }: HelmRelease): string {
  return `helm ${isNew === true ? "uninstall" : "rollback"} ${shellWord(name)} --namespace ${shellWord(namespace)}`;
}

/** Where the number of replicas is kept while a workload is stopped. */
function replicasPath({ stepsDirectory }: Pick<PlanContext, "stepsDirectory">, { kind, namespace, name }: WorkloadRef): string {
  return `${stepsDirectory}/${fileName(`stopped/${kind.toLowerCase()}/${namespace}/${name}`)}.replicas`;
}

/** A DaemonSet has no number of replicas, but runs on nodes that it selects. */
export function stop(context: PlanContext, ref: WorkloadRef): string {
  const { kubectl } = context;
  if (ref.kind === "DaemonSet") return selectNodes(kubectl, ref, "true");
  const path = replicasPath(context, ref);
  return inTurn([
    `mkdir -p ${shellWord(context.stepsDirectory)}`,
    `${showReplicas(kubectl, ref)} > ${shellWord(`${path}.new`)}`,
    `mv ${shellWord(`${path}.new`)} ${shellWord(path)}`,
    `${kubectl} ${inNamespace(ref)} scale ${workloadArgument(ref)} --replicas=0`,
  ]);
}

export function start(context: PlanContext, ref: WorkloadRef): string {
  const { kubectl } = context;
  if (ref.kind === "DaemonSet") return selectNodes(kubectl, ref, null);
  const replicas = `"$(cat ${shellWord(replicasPath(context, ref))})"`;
  return `${kubectl} ${inNamespace(ref)} scale ${workloadArgument(ref)} --replicas=${replicas}`;
}

/** Prints 0 of what is stopped, and of a DaemonSet the label that no node has. */
export function showStopped({ kubectl }: Calls, ref: WorkloadRef): string {
  if (ref.kind !== "DaemonSet") return showReplicas(kubectl, ref);
  const path = String.raw`{.spec.template.spec.nodeSelector.crdguard\.dev/stopped}`;
  return `${kubectl} ${inNamespace(ref)} get ${workloadArgument(ref)} -o ${shellWord(`jsonpath=${path}`)}`;
}

function showReplicas(kubectl: string, ref: WorkloadRef): string {
  return `${kubectl} ${inNamespace(ref)} get ${workloadArgument(ref)} -o ${shellWord("jsonpath={.spec.replicas}")}`;
}

function selectNodes(kubectl: string, ref: WorkloadRef, value: "true" | null): string {
  const patch = { spec: { template: { spec: { nodeSelector: { "crdguard.dev/stopped": value } } } } };
  return `${kubectl} ${inNamespace(ref)} patch ${workloadArgument(ref)} --type=merge -p ${shellWord(JSON.stringify(patch))}`;
}

function inNamespace({ namespace }: WorkloadRef): string {
  return `-n ${shellWord(namespace)}`;
}

function workloadArgument({ kind, name }: WorkloadRef): string {
  return shellWord(`${kind.toLowerCase()}/${name}`);
}

/** Holds every file to its hash, and to the object that is there; writes nothing. */
export function backupProof({ crdguard, crdguardFlags }: Calls, directory: string): Proof {
  return { command: `${crdguard} restore ${shellWord(directory)} --dry-run${crdguardFlags}`, prints: null };
}

/** @param count at least so many; others may have created more since. */
export function objectsProof(calls: Calls, crd: Crd, version: string, count: number): Proof {
  return { command: `test "$(${listObjects(calls, crd, version)} | grep -c .)" -ge ${String(count)}`, prints: "" };
}
