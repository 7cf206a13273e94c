/** @file What is wrong with a webhook, and how to look at what should answer there. */
import type { WebhookTarget } from "../crd/crd.ts";
import type { WebhookProblem } from "../rules/facts.ts";
import { shellWord, shown } from "./text.ts";

export function targetName(target: WebhookTarget): string {
  return target.kind === "url"
    ? shown(target.url)
    : `service ${shown(`${target.namespace}/${target.name}`)}:${String(target.port)}`;
}

/** A clause, of which `it` is the webhook. */
export function webhookProblem(problem: WebhookProblem): string {
  switch (problem.kind) {
    case "service-missing":
      return "there is no such service";
    case "no-endpoints":
      return "no pod of it is ready";
    case "refused":
      return `it could not be connected to from here (${shown(problem.reason)})`;
    case "ca-malformed":
      return `the API server cannot trust it: ${shown(problem.reason)}`;
    case "distrusted":
      return `the caBundle does not vouch for it (${shown(problem.reason)})`;
  }
}

/** One after the other; none for a URL, of which the cluster knows nothing. */
export function endpointCommands(target: WebhookTarget): readonly string[] {
  if (target.kind === "url") return [];
  const namespace = shellWord(target.namespace);
  return [
    `kubectl -n ${namespace} get service ${shellWord(target.name)} -o wide`,
    `kubectl -n ${namespace} get endpointslices -l ${shellWord(`kubernetes.io/service-name=${target.name}`)}`,
  ];
}
