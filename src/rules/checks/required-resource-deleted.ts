/** @file Finds the deletion of a CRD that a running workload needs. */
import { findHurt, gradeHurt, isNonEmpty, scaleDownRemedies, unjudgedFindings, upgradeRemedies } from "../hurt.ts";
import type { RuleFinding } from "../finding.ts";
import { defineRule } from "../rule.ts";

/**
 * Controllers that watch a kind unconditionally do not start without its CRD, whether or not an object of it exists.
 * Source: traefik/traefik-helm-chart#995: Traefik 2.11 loads no route at all once the `traefik.containo.us` CRDs are gone.
 */
export const requiredResourceDeleted = defineRule({
  id: "required-resource-deleted",
  defaultEnforcement: "deny",
  isAboutWholeCrd: true,
  find({ change, facts }) {
    if (change.kind !== "delete") return [];

    const { hard, soft, unsure } = gradeHurt(findHurt(facts.needs, change.previous, null));
    const findings: RuleFinding[] = [];
    for (const hurt of [hard, soft]) {
      if (!isNonEmpty(hurt)) continue;
      const upgrades = upgradeRemedies(hurt, change, facts);
      findings.push({
        field: "metadata.name",
        fact: { kind: "required-resource-deleted", hurt },
        remedies: [...upgrades, ...scaleDownRemedies(hurt, upgrades)],
        ...(hurt === soft ? { isAdvisory: true } : {}),
      });
    }
    return [...findings, ...unjudgedFindings("metadata.name", unsure, facts.unreadableDeclarations)];
  },
});
