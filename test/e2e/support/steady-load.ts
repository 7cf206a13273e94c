/** @file Asks for the same two changes again and again, one that must pass and one that must be denied, and keeps the books. */
import type { ApiServer } from "./api-server.ts";
import { eventually } from "./eventually.ts";
import { crdManifest, deploymentManifest } from "./manifests.ts";

export interface LoadResult {
  readonly calls: number;
  /** Answers that are neither: the API server could not call the webhook, or could not be asked. */
  readonly failures: readonly string[];
  /** A pass where a denial is right, or the other way round. */
  readonly wrong: readonly string[];
  readonly seconds: number;
}

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
}

const COGS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cogs.load.dev";
const SIDES = 8;

/** The CRD asked about, and a workload that needs one of its versions. Resolves once they are there. */
export async function prepareLoad(api: ApiServer): Promise<void> {
  const cogs = crdManifest({
    plural: "cogs",
    kind: "Cog",
    group: "load.dev",
    versions: [{ name: "v1" }, { name: "v2" }],
    storage: "v1",
  });
  const turner = deploymentManifest({ name: "turner", annotations: { "crdguard.dev/requires": "cogs.load.dev/v2" } });
  for (const stdin of [cogs, turner]) {
    const { exitCode, stderr } = await api.kubectl(["apply", "--server-side", "-f", "-"], { stdin });
    if (exitCode !== 0) throw new Error(stderr);
  }
}

/** Resolves once the denial is in force: the webhook is registered, and what it must know is known. */
export async function untilGuarded(api: ApiServer, timeoutMs = 60_000): Promise<void> {
  const { denied } = await changes(api);
  await eventually(
    "the change that must be denied is denied",
    async () => {
      const { status, body } = await put(api, denied);
      const text = JSON.stringify(body);
      if (status !== 422 || !text.includes("required-version-unserved"))
        throw new Error(`${String(status)} ${text.slice(0, 400)}`);
    },
    { timeoutMs, intervalMs: 200 },
  );
}

/** Until `happening` is over, and at least `atLeast` calls were made. Nothing is written: all are dry runs. */
export async function underLoad(
  api: ApiServer,
  happening: () => Promise<void>,
  { atLeast = 0 }: { readonly atLeast?: number } = {},
): Promise<LoadResult> {
  const { allowed, denied } = await changes(api);
  const failures: string[] = [];
  const wrong: string[] = [];
  const startedAt = performance.now();
  let calls = 0;
  let isOver = false;

  const side = async (_: unknown, index: number): Promise<void> => {
    for (let turn = index; !isOver || calls < atLeast; turn += 1) {
      const mustPass = turn % 2 === 0;
      const asked = new Date().toISOString();
      const answer = await put(api, mustPass ? allowed : denied).catch((error: unknown) => ({ status: 0, body: String(error) }));
      calls += 1;
      const text = JSON.stringify(answer.body);
      const isDenied = answer.status === 422 && text.includes("required-version-unserved");
      if (answer.status === 200 ? mustPass : isDenied && !mustPass) continue;
      (answer.status === 200 || isDenied ? wrong : failures).push(`${asked}: ${String(answer.status)} ${text.slice(0, 400)}`);
    }
  };
  const sides = Array.from({ length: SIDES }, side);
  try {
    await happening();
  } finally {
    isOver = true;
    await Promise.all(sides);
  }
  return { calls, failures, wrong, seconds: (performance.now() - startedAt) / 1_000 };
}

async function changes(api: ApiServer): Promise<{ readonly allowed: unknown; readonly denied: unknown }> {
  const { body } = await api.request("GET", COGS);
  const current = body as { readonly spec: { readonly versions: readonly Version[] } };
  const [first] = current.spec.versions;
  const withVersions = (versions: readonly Version[]): unknown => ({ ...current, spec: { ...current.spec, versions } });
  return {
    allowed: withVersions([...current.spec.versions, { ...(first as Version), name: "v9", storage: false }]),
    denied: withVersions(
      current.spec.versions.map((version) => (version.name === "v2" ? { ...version, served: false } : version)),
    ),
  };
}

async function put(api: ApiServer, body: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
  return api.request("PUT", `${COGS}?dryRun=All`, { body });
}
