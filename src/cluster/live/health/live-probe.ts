/** @file Asks the API server what health facts need, beyond the picture. */
import type { HealthProbe } from "../../health-probe.ts";
import type { ApiClient } from "../api-client.ts";
import { findMigration } from "../find-migration.ts";
import { estimateObjects } from "./estimate-objects.ts";
import { examineEndpoint } from "./examine-endpoint.ts";
import { findOwner } from "./find-owner.ts";
import { readPolicies } from "./read-policies.ts";
import { sampleFinalizers } from "./sample-finalizers.ts";
import { tryConversion } from "./try-conversion.ts";

/** @param isInCluster this process runs in the cluster that it asks about, so that names of services resolve. */
export function createLiveProbe(client: Pick<ApiClient, "request">, isInCluster: boolean): HealthProbe {
  // All migrations are listed to find that of one CRD.
  const migrations = rememberAnswers(client);
  return {
    countObjects: (crd, signal) => estimateObjects(client, crd, signal),
    sampleFinalizers: (crd, signal) => sampleFinalizers(client, crd, signal),
    findMigration: (crd, signal) => findMigration(migrations, crd, signal, client),
    findOwner: (owner, crds, signal) => findOwner(client, owner, crds, signal),
    examineEndpoint: (webhook, signal) => examineEndpoint({ client, webhook, isInCluster, signal }),
    tryConversion: (crd, signal) => tryConversion(client, crd, signal),
    readPolicies: (signal) => readPolicies(client, signal),
  };
}

/** Of requests without a body, each is made once. */
function rememberAnswers(client: Pick<ApiClient, "request">): Pick<ApiClient, "request"> {
  const answers = new Map<string, ReturnType<ApiClient["request"]>>();
  return {
    request(request) {
      const key = `${request.path} ${JSON.stringify(request.query)}`;
      const answer = answers.get(key) ?? client.request(request);
      answers.set(key, answer);
      return answer;
    },
  };
}
