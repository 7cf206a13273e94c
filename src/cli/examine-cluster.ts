/** @file The examination of a live cluster, as `crdguard doctor` and a running server make it. Loads the Kubernetes client. */
import { gatherHealth, type HealthSources } from "../cluster/gather-health.ts";
import type { ApiClient } from "../cluster/live/api-client.ts";
import { createLiveProbe } from "../cluster/live/health/live-probe.ts";
import type { LiveCluster } from "../cluster/live/live-cluster.ts";
import type { Examined } from "../explain/health-report.ts";
import { lookAtPolicies } from "../explain/policy-looks.ts";
import { examine } from "../health/examine.ts";
import type { CheckSetting } from "../health/severity.ts";
import { examineGuard } from "../operator/guard-evidence.ts";
import type { Catalog } from "../requirements/catalog.ts";
import { parseImage } from "../requirements/image.ts";
import type { Workload } from "../requirements/workload.ts";

export interface ClusterExamination {
  readonly cluster: LiveCluster;
  readonly client: ApiClient;
  readonly catalog: Catalog;
  /** None unless given. */
  readonly settings?: ReadonlyMap<string, CheckSetting>;
  /** Where names of services resolve. */
  readonly isInCluster: boolean;
  readonly signal: AbortSignal;
  readonly progress?: HealthSources["progress"];
}

/** Null until the cluster has been read. */
export async function examineCluster(examination: ClusterExamination): Promise<Examined | null> {
  const { cluster, client, catalog, settings, isInCluster, signal, progress = () => undefined } = examination;
  const picture = cluster.picture();
  if (picture === null) return null;
  const workloads = [...cluster.workloads()];
  const probe = createLiveProbe(client, isInCluster);
  const servers = workloads.filter(isOwnServer).map(({ ref }) => ref);
  const nowMilliseconds = Date.now();
  const facts = await gatherHealth({
    cluster,
    picture,
    guardPolicies: lookAtPolicies(picture.guardPolicies, nowMilliseconds),
    catalog,
    workloads,
    probe,
    examineGuard: (asked) => examineGuard({ client, probe, servers, signal: asked }),
    nowMilliseconds,
    signal,
    progress,
  });
  return { facts, findings: examine(facts, settings), workloadCount: workloads.length };
}

/** By the label that the manifests give it, or by its image. */
function isOwnServer({ labels, containers, isRunning }: Workload): boolean {
  const isOwnImage = containers.some(({ image }) => parseImage(image).path.split("/").at(-1) === "crdguard");
  return isRunning && (labels["app.kubernetes.io/name"] === "crdguard" || isOwnImage);
}
