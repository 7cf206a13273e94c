/** @file Stands in for the controller manager, which does not run here: tells of each Deployment that its rollout is over. */
import { setTimeout as sleep } from "node:timers/promises";
import { isRecord } from "../../../src/crd/is-record.ts";
import type { ApiServer } from "./api-server.ts";

export interface Rollouts {
  stop(): Promise<void>;
}

export function startRollouts(api: ApiServer): Rollouts {
  let isOver = false;
  const running = run();

  async function run(): Promise<void> {
    while (!isOver) {
      const { body } = await api.request("GET", "/apis/apps/v1/deployments").catch(() => ({ body: null }));
      const items = isRecord(body) && Array.isArray(body["items"]) ? body["items"].filter(isRecord) : [];
      for (const item of items) await rollOut(item);
      await sleep(200);
    }
  }

  /** As `kubectl rollout status` asks for: the newest generation was seen, and all of its replicas are available. */
  async function rollOut({ metadata, spec, status }: Readonly<Record<string, unknown>>): Promise<void> {
    if (!isRecord(metadata) || !isRecord(spec)) return;
    const { namespace, name, generation } = metadata;
    if (isRecord(status) && status["observedGeneration"] === generation) return;
    const replicas = spec["replicas"];
    await api.request("PATCH", `/apis/apps/v1/namespaces/${String(namespace)}/deployments/${String(name)}/status`, {
      contentType: "application/merge-patch+json",
      body: {
        status: {
          observedGeneration: generation,
          replicas,
          updatedReplicas: replicas,
          readyReplicas: replicas,
          availableReplicas: replicas,
        },
      },
    });
  }

  return {
    async stop() {
      isOver = true;
      await running;
    },
  };
}
