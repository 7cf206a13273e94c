/** @file Looks whether objects can be converted by the webhook that a CRD names, for a change that makes it matter. */
import type { EndpointEvidence } from "../../health/facts.ts";
import type { WebhookLook, WebhookProblem } from "../../rules/facts.ts";
import { type EndpointQuestion, examineEndpoint } from "./health/examine-endpoint.ts";

/** Never rejects. What doctor looks at, in the words of rules: something wrong, nothing wrong, or not known. */
export async function lookAtWebhook(question: EndpointQuestion): Promise<WebhookLook> {
  const endpoint = await examineEndpoint(question);
  const problem = problemOf(endpoint);
  if (problem !== null) return { kind: "broken", problem };
  return endpoint.reach.kind === "unknown" ? { kind: "unknown", reason: endpoint.reach.reason } : { kind: "answers" };
}

function problemOf({ reach, authorities, served }: EndpointEvidence): WebhookProblem | null {
  if (reach.kind !== "listening" && reach.kind !== "unknown") return reach;
  if (authorities.kind === "malformed") return { kind: "ca-malformed", reason: authorities.reason };
  if (served.kind === "seen" && served.distrust !== null) return { kind: "distrusted", reason: served.distrust };
  return null;
}
