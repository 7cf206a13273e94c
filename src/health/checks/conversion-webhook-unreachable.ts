/** @file Finds a CRD whose conversion webhook does not answer, or is not trusted. */
import type { Crd } from "../../crd/crd.ts";
import { servedVersions } from "../../crd/versions.ts";
import { defineHealthCheck } from "../check.ts";
import type { ConversionEvidence, HealthFacts } from "../facts.ts";
import type { ConversionProblem } from "../finding.ts";
import { objectsOf } from "../objects.ts";
import type { Severity } from "../severity.ts";

/**
 * Objects that are stored in one version and asked for in another can then neither be read nor written, and everything that
 * lists them stops: garbage collection and the deletion of namespaces too. An object that was read tells more than any look at
 * the service.
 * Source: Kubernetes, "Versions in CustomResourceDefinitions", section "Webhook conversion"; kubernetes/kubernetes#101078.
 */
export const conversionWebhookUnreachable = defineHealthCheck({
  id: "conversion-webhook-unreachable",
  defaultSeverity: "error",
  find: (facts) =>
    [...facts.conversions].flatMap(([name, evidence]) => {
      const crd = facts.crds.get(name);
      const problem = problemOf(evidence);
      if (crd === undefined || problem === null) return [];
      return [
        {
          subject: { kind: "crd", name },
          field: "spec.conversion.webhook",
          fact: {
            kind: "conversion-webhook-unreachable",
            endpoint: evidence.endpoint,
            problem,
            objects: objectsOf(crd, facts),
            servedCount: servedVersions(crd).length,
          },
          remedies: [{ kind: "look-at-endpoint", endpoint: evidence.endpoint }],
          severity: severityOf(problem, crd, facts),
        },
      ];
    }),
});

function problemOf({ trial, endpoint: { reach, authorities, served } }: ConversionEvidence): ConversionProblem | null {
  if (trial.kind === "failed") return { kind: "conversion-failed", version: trial.version, reason: trial.reason };
  if (trial.kind === "works" && trial.isSure) return null;
  if (reach.kind !== "listening" && reach.kind !== "unknown") return { kind: "unreachable", reach };
  if (authorities.kind === "malformed") return { kind: "ca-malformed", reason: authorities.reason };
  if (served.kind === "seen" && served.distrust !== null) return { kind: "distrusted", reason: served.distrust };
  return null;
}

/** What nobody has asked the webhook yet hurts nobody; what cannot be reached from here may be from where it matters. */
function severityOf(problem: ConversionProblem, crd: Crd, facts: HealthFacts): Severity {
  if (problem.kind === "conversion-failed") return "error";
  if (crd.versions.length === 1 && crd.stored.names.length === 1) return "note";
  if (problem.kind === "unreachable" && problem.reach.kind === "refused") return "warning";
  const objects = objectsOf(crd, facts);
  return objects.kind === "counted" && objects.total > 0 ? "error" : "warning";
}
