/** @file A CRD whose storage version moves on, its objects, and crdguard against them. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { ApiServer } from "./api-server.ts";
import { eventually } from "./eventually.ts";

const MAIN = join(import.meta.dirname, "../../../src/cli/main.ts");
const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

export interface GearsShape {
  /** Of the group own.dev. */
  readonly plural: string;
  /** In this order, each with whether it is served. */
  readonly versions?: Readonly<Record<string, boolean>>;
  readonly storage: string;
  readonly scope?: "Namespaced" | "Cluster";
  /** Of `spec`, beside fields of any name. */
  readonly specSchema?: Readonly<Record<string, unknown>>;
}

interface Live {
  readonly metadata: { readonly resourceVersion: string; readonly uid: string; readonly generation: number };
  readonly status: { readonly storedVersions: readonly string[] };
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** CRDs of the group own.dev on one API server. */
export function gearsOn(api: ApiServer) {
  const pathOf = (plural: string, version = "v1", namespace: string | null = "default"): string =>
    `/apis/own.dev/${version}/${namespace === null ? "" : `namespaces/${namespace}/`}${plural}`;

  async function definition(plural: string): Promise<Live> {
    return (await api.request("GET", `${CRDS}/${plural}.own.dev`)).body as Live;
  }

  /** Returns when it is served as it says. */
  async function define(shape: GearsShape): Promise<void> {
    const body = crdOf(shape);
    const there = await api.request("GET", `${CRDS}/${body.metadata.name}`);
    const answer =
      there.status === 404
        ? await api.request("POST", CRDS, { body })
        : await api.request("PUT", `${CRDS}/${body.metadata.name}`, {
            body: { ...body, metadata: { ...body.metadata, resourceVersion: (there.body as Live).metadata.resourceVersion } },
          });
    if (answer.status > 299) throw new Error(JSON.stringify(answer.body));
    for (const [version, isServed] of Object.entries(shape.versions ?? BOTH)) {
      await eventually(`${version} is ${isServed ? "" : "not "}served`, async () => {
        const path = pathOf(shape.plural, version, shape.scope === "Cluster" ? null : "default");
        const { status } = await api.request("GET", `${path}?limit=1`);
        return (status === 200) === isServed;
      });
    }
  }

  async function create(
    plural: string,
    name: string,
    { namespace = "default", version = "v1alpha1" }: { readonly namespace?: string | null; readonly version?: string } = {},
  ) {
    const answer = await api.request("POST", `${pathOf(plural, version, namespace)}?fieldManager=maker`, {
      body: { apiVersion: `own.dev/${version}`, kind: kindOf(plural), metadata: { name }, spec: { size: 1 } },
    });
    if (answer.status !== 201) throw new Error(`${String(answer.status)} ${JSON.stringify(answer.body)}`);
  }

  async function createMany(plural: string, count: number, namespace: string | null = "default"): Promise<void> {
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < count) {
        const name = `g${String(next).padStart(5, "0")}`;
        next += 1;
        await create(plural, name, { namespace });
      }
    };
    await Promise.all(Array.from({ length: 16 }, one));
  }

  /**
   * Flips the storage version and returns once objects are stored in it. An API server stores in the new one as soon as
   * its own watch has told it so.
   */
  async function flip(shape: GearsShape): Promise<void> {
    await define(shape);
    const namespace = shape.scope === "Cluster" ? null : "default";
    const version = Object.entries(shape.versions ?? BOTH).find(([, isServed]) => isServed)?.[0] ?? shape.storage;
    await eventually("objects are stored in the new version", async () => {
      await create(shape.plural, "probe", { namespace, version });
      const [probe] = await api.storedEntries(
        `/registry/own.dev/${shape.plural}/${namespace === null ? "" : `${namespace}/`}probe`,
      );
      await api.request("DELETE", `${pathOf(shape.plural, version, namespace)}/probe`);
      return probe?.apiVersion === `own.dev/${shape.storage}`;
    });
  }

  return {
    define,
    definition,
    create,
    createMany,
    flip,
    pathOf,
    /** Objects stored in the old version, under a storage version that has moved on. */
    async due(plural: string, count: number, namespace: string | null = "default"): Promise<void> {
      const scope = namespace === null ? "Cluster" : "Namespaced";
      await define({ plural, storage: "v1alpha1", scope });
      await createMany(plural, count, namespace);
      await flip({ plural, storage: "v1", scope });
    },
    /** Settling takes no time with one API server, whose storage version the tests have seen. */
    async migrate(...args: readonly string[]): Promise<Ended> {
      const settled = args.includes("--settle-seconds") ? [] : ["--settle-seconds", "0"];
      return startCrdguard(["migrate", ...args, ...settled], { KUBECONFIG: api.kubeconfigPath }).ended;
    },
    /** How many objects etcd holds, by the version that each is stored in. */
    async stored(plural: string): Promise<Readonly<Record<string, number>>> {
      const counts: Record<string, number> = {};
      for (const { apiVersion } of await api.storedEntries(`/registry/own.dev/${plural}`)) {
        const version = apiVersion.replace("own.dev/", "");
        counts[version] = (counts[version] ?? 0) + 1;
      }
      return counts;
    },
    async storedVersions(plural: string): Promise<readonly string[]> {
      return (await definition(plural)).status.storedVersions;
    },
  };
}

/** Started, so that it can be interrupted; `ended` settles when it is gone. */
export function startCrdguard(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env["PATH"] ?? "", ...env }, stdio: "pipe" });
  const gone = Promise.withResolvers<Pick<Ended, "status" | "signal">>();
  child.on("close", (status, signal) => gone.resolve({ status, signal })).on("error", gone.reject);
  child.stdin.end();
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  const stdout = text(child.stdout);
  return {
    child,
    stderr: () => errors,
    ended: (async (): Promise<Ended> => ({ ...(await gone.promise), stdout: await stdout, stderr: errors }))(),
  };
}

const BOTH = { v1alpha1: true, v1: true } as const;

function kindOf(plural: string): string {
  return `${plural[0]?.toUpperCase() ?? ""}${plural.slice(1, -1)}`;
}

function crdOf({ plural, versions = BOTH, storage, scope = "Namespaced", specSchema = {} }: GearsShape) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.own.dev` },
    spec: {
      group: "own.dev",
      scope,
      names: { plural, singular: plural.slice(0, -1), kind: kindOf(plural) },
      versions: Object.entries(versions).map(([name, served]) => ({
        name,
        served,
        storage: name === storage,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true, ...specSchema } },
          },
        },
      })),
    },
  };
}
