/** @file The guard as `serve` runs it, over a folder of facts, telling its port on standard output. */
import { startGuard } from "../../src/admission/guard.ts";
import { createDevelopmentPair } from "../../src/certificates/development-pair.ts";
import { readFolderCluster } from "../../src/cluster/snapshot/folder-cluster.ts";
import { createLogger } from "../../src/observability/log.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { readCatalog } from "../../src/requirements/catalog-folder.ts";

const pair = await createDevelopmentPair({ hosts: ["127.0.0.1"] });
const catalog = await readCatalog();
if (!pair.ok || !catalog.ok) throw new Error("the guard cannot start");
const cluster = await readFolderCluster("demo/cluster", catalog.value);
if (!cluster.ok) throw new Error(cluster.error.message);
const guard = await startGuard({
  cluster: cluster.value,
  policy: DEFAULT_POLICY,
  tls: pair.value,
  // As in production: a line a decision.
  logger: createLogger("info"),
  metrics: createMetrics(),
  listen: { host: "127.0.0.1", port: 0 },
  healthListen: null,
  hasValidCertificate: () => true,
});
process.stdout.write(`listening ${new URL(guard.url).port}\n`);
