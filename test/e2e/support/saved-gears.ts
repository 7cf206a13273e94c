/** @file Gears and a drum that owns some of them, on one API server, and a folder for their backups. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { type CommandOutcome, runCommand } from "./child-processes.ts";
import { eventually } from "./eventually.ts";

export const MAIN = join(import.meta.dirname, "../../../src/cli/main.ts");
export const GEARS = "gears.own.dev";
export const DRUMS = "drums.own.dev";

export type Json = Readonly<Record<string, unknown>>;

interface Version {
  readonly name: string;
  readonly spec: Json;
  readonly served?: boolean;
  readonly storage?: boolean;
}

export const SPEC = {
  size: { type: "integer", format: "int64" },
  mode: { type: "string", default: "slow" },
  label: { type: "string" },
  teeth: { type: "array", items: { type: "object", properties: { depth: { type: "integer" } } } },
};
const STATUS = { type: "object", properties: { phase: { type: "string" }, seen: { type: "integer" } } };

export function definition(plural: string, kind: string, scope: "Namespaced" | "Cluster", versions: readonly Version[]): string {
  return JSON.stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.own.dev` },
    spec: {
      group: "own.dev",
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: versions.map(({ name, spec, served = true, storage = true }) => ({
        name,
        served,
        storage,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: spec }, status: STATUS } },
        },
      })),
    },
  });
}

/** Gears of the round trip, every other one in the namespace mill. */
export const GEAR_COUNT = 80;
export const IN_MILL = GEAR_COUNT / 2;

export const GEARS_IN_MILL = "/apis/own.dev/v1alpha2/namespaces/mill/gears";

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly ownerReferences?: readonly { readonly name: string; readonly uid: string; readonly kind: string }[];
}

export interface Listed {
  readonly metadata: Meta;
  readonly [member: string]: unknown;
}

/** As weird as the API server takes them: what YAML reads as something else, what Windows takes for a device, and the longest. */
const WEIRD = ["1e3", "0x1f", "true", "null", "on", "007", "con", "nul.txt", "a.yaml", "x".repeat(253)];

export type SavedGears = Awaited<ReturnType<typeof startSavedGears>>;

/** With both CRDs and the namespace mill, but no objects yet. */
export async function startSavedGears() {
  const api: ApiServer = await startApiServer();
  const folder = await mkdtemp(join(tmpdir(), "crdguard-backup-"));

  function crdguard(...args: readonly string[]): Promise<CommandOutcome> {
    return runCommand(process.execPath, [MAIN, ...args], { env: environment() });
  }

  /** What is compiled is kept, since the same program starts dozens of times here. */
  function environment(): Readonly<Record<string, string>> {
    return { KUBECONFIG: api.kubeconfigPath, NODE_COMPILE_CACHE: join(folder, "compiled") };
  }

  async function define(manifest: string, plural: string, version: string): Promise<void> {
    const outcome = await api.kubectl(["apply", "--server-side", "-f", "-"], { stdin: manifest });
    expect(outcome.stderr).toBe("");
    const path = `/apis/own.dev/${version}/${plural}`;
    await eventually(`${path} is served`, async () => (await api.request("GET", path)).status === 200);
  }

  async function created(collection: string, object: Json): Promise<Json> {
    const { status, body } = await api.request("POST", collection, { body: object });
    if (status !== 201) throw new Error(`${collection}: ${String(status)} ${JSON.stringify(body)}`);
    return body as Json;
  }

  async function listed(path: string): Promise<readonly Listed[]> {
    const { body } = await api.request("GET", path);
    return (body as { readonly items: readonly Listed[] }).items;
  }

  /** What is to be the same before and after, without what each object gets anew. */
  async function contents(path: string): Promise<ReadonlyMap<string, unknown>> {
    return new Map(
      (await listed(path)).map(({ metadata, ...rest }) => {
        const kept = Object.entries(metadata).filter(([member]) =>
          ["name", "namespace", "labels", "annotations", "finalizers"].includes(member),
        );
        const owners = (metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`);
        return [`${metadata.namespace ?? ""}/${metadata.name}`, { ...rest, metadata: Object.fromEntries(kept), owners }];
      }),
    );
  }

  async function deleteAll(path: string): Promise<void> {
    const objects = await listed(path);
    const below = (namespace: string | undefined): string =>
      namespace === undefined || path.includes("/namespaces/") ? path : path.replace(/\/([^/]+)$/, `/namespaces/${namespace}/$1`);
    for (const collection of new Set(objects.map(({ metadata }) => below(metadata.namespace))))
      await api.request("DELETE", collection);
    const free = ({ metadata }: Listed): Promise<unknown> =>
      api.request("PATCH", `${below(metadata.namespace)}/${metadata.name}`, {
        body: { metadata: { finalizers: null } },
        contentType: "application/merge-patch+json",
      });
    await Promise.all((await listed(path)).map(free));
    await eventually(`${path} is empty`, async () => (await listed(path)).length === 0);
  }

  async function makeObjects(count: number): Promise<void> {
    const drum = await created("/apis/own.dev/v1/drums", {
      apiVersion: "own.dev/v1",
      kind: "Drum",
      metadata: { name: "owner", finalizers: ["own.dev/keep"], labels: { a: "b" } },
      spec: { size: 1 },
    });
    const owner = { apiVersion: "own.dev/v1", kind: "Drum", name: "owner", uid: (drum["metadata"] as Meta).uid };
    const gone = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "11111111-1111-1111-1111-111111111111" };
    const make = async (name: string, index: number): Promise<void> => {
      const namespace = index % 2 === 0 ? "mill" : "default";
      const references = [...(index % 3 === 0 ? [owner] : []), ...(index % 5 === 0 ? [gone] : [])];
      const path = `/apis/own.dev/v1alpha2/namespaces/${namespace}/gears`;
      await created(path, {
        apiVersion: "own.dev/v1alpha2",
        kind: "Gear",
        metadata: {
          name,
          annotations: { note: "line one\nline two: yes", on: "no", "0x1f": "1e3" },
          ...(index % 4 === 0 ? { finalizers: ["own.dev/hold"] } : {}),
          ...(references.length > 0 ? { ownerReferences: references } : {}),
        },
        spec: { size: index, label: index % 7 === 0 ? "=" : `gear ${String(index)}`, teeth: [{ depth: index }, {}] },
      });
      if (index % 2 === 1) return;
      await api.request("PATCH", `${path}/${name}/status`, {
        body: { status: { phase: "turning", seen: index } },
        contentType: "application/merge-patch+json",
      });
    };
    const names = [...WEIRD, ...Array.from({ length: count - WEIRD.length }, (_, index) => `gear-${String(index)}`)];
    for (let at = 0; at < names.length; at += 20)
      await Promise.all(names.slice(at, at + 20).map((name, index) => make(name, at + index)));
  }

  await define(definition("gears", "Gear", "Namespaced", [{ name: "v1alpha2", spec: SPEC }]), "gears", "v1alpha2");
  await define(definition("drums", "Drum", "Cluster", [{ name: "v1", spec: SPEC }]), "drums", "v1");
  await created("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "mill" } });
  return {
    api,
    folder,
    crdguard,
    environment,
    define,
    created,
    listed,
    contents,
    deleteAll,
    makeObjects,
    async stop() {
      await rm(folder, { recursive: true, force: true });
      await api.stop();
    },
  };
}

/** As it is after a restore: owners that were gone before are left out. */
export function withoutGone(all: ReadonlyMap<string, unknown>): unknown {
  return JSON.parse(JSON.stringify([...all]).replaceAll(/,?"ConfigMap\/gone"/g, ""));
}
