/** @file Looks for the owners that references of restored objects name: who is there, and by which uid. */
import type { ApiError } from "../../cluster/live/api-error.ts";
import { listAt, memberAt, textAt } from "../../cluster/live/json.ts";
import { persist, type Persistence } from "../persist.ts";
import { type FoundOwner, type OwnerName } from "./owner-references.ts";

export interface OwnerLookup {
  /** Never rejects. Who was found is not looked for again; who was not, is, since it may be restored meanwhile. */
  find(owner: OwnerName): Promise<FoundOwner>;
}

export function createOwnerLookup(line: Persistence): OwnerLookup {
  const found = new Map<string, FoundOwner>();
  const kinds = new Map<string, Promise<Kind>>();

  function kindOf(apiVersion: string, kind: string): Promise<Kind> {
    const key = `${apiVersion} ${kind}`;
    const known = kinds.get(key) ?? findKind(line, apiVersion, kind);
    kinds.set(key, known);
    return known;
  }

  return {
    async find(owner) {
      const key = JSON.stringify([owner.apiVersion, owner.kind, owner.namespace, owner.name]);
      const known = found.get(key);
      if (known !== undefined) return known;
      const answer = await lookUp(line, owner, await kindOf(owner.apiVersion, owner.kind));
      if (answer.kind === "found") found.set(key, answer);
      return answer;
    },
  };
}

type Kind =
  | { readonly kind: "served"; readonly apiVersion: string; readonly plural: string; readonly isNamespaced: boolean }
  | { readonly kind: "unserved" }
  | { readonly kind: "unknown"; readonly reason: string };

async function lookUp(line: Persistence, owner: OwnerName, kind: Kind): Promise<FoundOwner> {
  if (kind.kind === "unserved") return { kind: "gone" };
  if (kind.kind === "unknown") return kind;
  // A cluster-scoped object cannot be owned by one in a namespace.
  if (kind.isNamespaced && owner.namespace === "") return { kind: "gone" };
  const place = kind.isNamespaced ? `/namespaces/${encodeURIComponent(owner.namespace)}` : "";
  const answer = await persist(line, {
    method: "GET",
    path: `${rootOf(kind.apiVersion)}${place}/${kind.plural}/${encodeURIComponent(owner.name)}`,
    accept: METADATA,
    signal: line.signal,
  });
  if (!answer.ok) return answer.error.code === "not-found" ? { kind: "gone" } : unknown(answer.error);
  const uid = textAt(answer.body, "metadata", "uid");
  return uid === null ? { kind: "gone" } : { kind: "found", uid, apiVersion: kind.apiVersion };
}

const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/** In the version named; else in another of the group, the preferred one first. */
async function findKind(line: Persistence, apiVersion: string, kind: string): Promise<Kind> {
  const asNamed = await kindIn(line, apiVersion, kind);
  if (asNamed.kind !== "unserved" || !apiVersion.includes("/")) return asNamed;
  const [group = ""] = apiVersion.split("/");
  const answer = await persist(line, { method: "GET", path: `/apis/${encodeURIComponent(group)}`, signal: line.signal });
  if (!answer.ok) return answer.error.code === "not-found" ? { kind: "unserved" } : unknown(answer.error);
  for (const version of listAt(answer.body, "versions")) {
    const other = await kindIn(line, textAt(version, "groupVersion") ?? "", kind);
    if (other.kind !== "unserved") return other;
  }
  return { kind: "unserved" };
}

async function kindIn(line: Persistence, apiVersion: string, kind: string): Promise<Kind> {
  const answer = await persist(line, { method: "GET", path: rootOf(apiVersion), signal: line.signal });
  if (!answer.ok) return answer.error.code === "not-found" ? { kind: "unserved" } : unknown(answer.error);
  for (const resource of listAt(answer.body, "resources")) {
    const plural = textAt(resource, "name") ?? "";
    if (textAt(resource, "kind") !== kind || plural.includes("/")) continue;
    return { kind: "served", apiVersion, plural, isNamespaced: memberAt(resource, "namespaced") === true };
  }
  return { kind: "unserved" };
}

function rootOf(apiVersion: string): string {
  const path = apiVersion.split("/").map(encodeURIComponent).join("/");
  return apiVersion.includes("/") ? `/apis/${path}` : `/api/${path}`;
}

function unknown({ message }: ApiError): { readonly kind: "unknown"; readonly reason: string } {
  return { kind: "unknown", reason: message };
}
