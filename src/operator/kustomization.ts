/** @file Builds our own kustomizations without kustomize, so that one program is enough to install; a test compares the two. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isRecord } from "../crd/is-record.ts";
import { applyPatch, type PatchOperation } from "./json-patch.ts";
import { asKubernetesObject, type KubernetesObject } from "./kubernetes-object.ts";

/**
 * What `kubectl kustomize` makes of a folder and the components added to it, in another order.
 * @throws Error for what is not understood: these are our own files, and a member that is passed over would be a defect.
 */
export async function buildKustomization(
  folder: string,
  components: readonly string[] = [],
): Promise<readonly KubernetesObject[]> {
  let objects = await build(folder, []);
  for (const component of components) objects = await build(component, objects);
  return objects;
}

async function build(folder: string, found: readonly KubernetesObject[]): Promise<readonly KubernetesObject[]> {
  const path = join(folder, "kustomization.yaml");
  const [kustomization] = await readYaml(path);
  if (!isRecord(kustomization)) throw new Error(`${path} is no kustomization`);
  const strange = Object.keys(kustomization).find((member) => !MEMBERS.has(member));
  if (strange !== undefined) throw new Error(`${path}: ${strange} is not understood`);

  const added: KubernetesObject[] = [];
  for (const resource of textsOf(kustomization["resources"])) {
    const target = join(folder, resource);
    added.push(...(resource.endsWith(".yaml") ? await readObjects(target) : await build(target, [])));
  }
  let objects: readonly KubernetesObject[] = [...found, ...added];
  for (const component of textsOf(kustomization["components"])) objects = await build(join(folder, component), objects);
  for (const patch of recordsOf(kustomization["patches"])) objects = await patched(objects, patch, path);
  return labelled(objects, recordsOf(kustomization["labels"]), path);
}

const MEMBERS = new Set(["apiVersion", "kind", "resources", "components", "patches", "labels"]);

async function patched(
  objects: readonly KubernetesObject[],
  { target, patch }: Members,
  path: string,
): Promise<readonly KubernetesObject[]> {
  const operations = (await parseYaml(String(patch))).flatMap(recordsOf).map((operation) => operationOf(operation, path));
  if (!isRecord(target) || Object.keys(target).toSorted().join() !== "kind,name") {
    throw new Error(`${path}: a patch needs kind and name of its target, and nothing else`);
  }
  const isMeant = ({ kind, metadata }: KubernetesObject): boolean => kind === target["kind"] && metadata.name === target["name"];
  if (!objects.some(isMeant)) throw new Error(`${path}: there is no ${String(target["kind"])} ${String(target["name"])}`);
  return objects.map((object) => (isMeant(object) ? decoded(applyPatch(object, operations), path) : object));
}

function operationOf({ op, path: pointer, value }: Members, path: string): PatchOperation {
  if (typeof pointer === "string") {
    if (op === "add" || op === "replace") return { op, path: pointer, value };
    if (op === "remove") return { op, path: pointer };
  }
  throw new Error(`${path}: ${String(op)} is not understood`);
}

function labelled(objects: readonly KubernetesObject[], labels: readonly Members[], path: string): readonly KubernetesObject[] {
  const all = labels.map(({ pairs, includeSelectors, ...others }) => {
    if (includeSelectors !== false || !isRecord(pairs) || Object.keys(others).length > 0) {
      throw new Error(`${path}: labels are only understood as pairs, outside of selectors`);
    }
    return pairs;
  });
  if (all.length === 0) return objects;
  return objects.map((object) =>
    decoded({ ...object, metadata: { ...object.metadata, labels: Object.assign({}, object.metadata.labels, ...all) } }, path),
  );
}

async function readObjects(path: string): Promise<readonly KubernetesObject[]> {
  return (await readYaml(path)).map((document) => decoded(document, path));
}

function decoded(input: unknown, path: string): KubernetesObject {
  const object = asKubernetesObject(input);
  if (object === null) throw new Error(`${path} holds something that is no object`);
  return object;
}

async function readYaml(path: string): Promise<readonly unknown[]> {
  return parseYaml(await readFile(path, "utf8"));
}

/** YAML 1.1, as kubectl reads it. */
async function parseYaml(text: string): Promise<readonly unknown[]> {
  const { parseAllDocuments } = await import("yaml");
  return [...parseAllDocuments(text, { version: "1.1" })].map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const parsed: unknown = document.toJS();
    return parsed;
  });
}

type Members = Readonly<Record<string, unknown>>;

function recordsOf(input: unknown): readonly Members[] {
  return Array.isArray(input) ? input.filter(isRecord) : [];
}

function textsOf(input: unknown): readonly string[] {
  return Array.isArray(input) ? input.filter((each) => typeof each === "string") : [];
}
