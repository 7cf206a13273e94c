/** @file Finds a running workload that does not get an API that it needs. */
import { findBundle } from "../../rules/bundle.ts";
import type { HurtWorkload } from "../../rules/finding.ts";
import { gradeHurt, isNonEmpty, scaleDownRemedies, upgradesOn } from "../../rules/hurt.ts";
import { type StandingNeed, standingsOf, type WorkloadStanding } from "../../rules/standing.ts";
import { defineHealthCheck } from "../check.ts";
import type { HealthFacts } from "../facts.ts";
import type { CheckFinding, HealthRemedy } from "../finding.ts";

/**
 * What runs has looked for its APIs at its start, and goes on; the next restart, by a node that is drained or an image that
 * is pulled, ends it. A lost feature is a warning, a doubt a note.
 * Source: envoyproxy/gateway#3387, and each entry of the catalog.
 */
export const requirementUnmet = defineHealthCheck({
  id: "requirement-unmet",
  defaultSeverity: "error",
  find: (facts) => standingsOf(facts).flatMap((standing) => findingsOf(standing, facts)),
});

function findingsOf({ workload, needs }: WorkloadStanding, facts: HealthFacts): readonly CheckFinding[] {
  const unmet = needs.filter(({ standing }) => standing !== "met").map(toHurt);
  const { hard, soft, unsure } = gradeHurt(unmet);
  const missed = soft.filter((one) => !isLeftOut(one));
  const subject = { kind: "workload", workload } as const;
  const field = "spec.template";
  const all = needs.map(({ need }) => need.requirement);
  return [
    ...(isNonEmpty(hard)
      ? [{ subject, field, fact: { kind: "requirement-unmet", unmet: hard }, remedies: remediesFor(hard, all, facts) } as const]
      : []),
    ...(isNonEmpty(missed)
      ? [
          {
            subject,
            field,
            fact: { kind: "requirement-unmet", unmet: missed },
            remedies: remediesFor(missed, all, facts),
            severity: "warning",
          } as const,
        ]
      : []),
    ...unsure.map(({ doubt, hurt }): CheckFinding => ({
      subject,
      field,
      fact: { kind: "requirement-unsure", doubt, hurt },
      remedies: [{ kind: "declare-requirement", need: hurt[0].need }],
      severity: "note",
    })),
  ];
}

function toHurt({ need, outcome, state }: StandingNeed): HurtWorkload {
  return { need, before: outcome, after: outcome, stateAfter: state };
}

/** Who looks before it watches does well without an optional API that nobody installed: a choice, not a mistake. */
function isLeftOut({ stateAfter, need }: HurtWorkload): boolean {
  return stateAfter === "absent" && need.requirement.presence !== "unconditional";
}

function remediesFor(
  unmet: readonly [HurtWorkload, ...HurtWorkload[]],
  all: readonly HurtWorkload["need"]["requirement"][],
  { bundles, crds }: HealthFacts,
): readonly HealthRemedy[] {
  const [{ need }, ...others] = unmet;
  const foreign = unmet.filter((one) => !isOwn(one)).map((one) => one.need.requirement);
  const bundle = findBundle(foreign, all, bundles, crds);
  const required = [need.requirement, ...others.map((other) => other.need.requirement)] as const;
  const upgrades = upgradesOn(unmet, crds);
  return [
    ...(bundle === null ? [] : [{ kind: "install-bundle", bundle } as const]),
    { kind: "serve-required", requirements: required },
    ...upgrades.flatMap((remedy) =>
      remedy.kind === "upgrade-workload"
        ? [{ kind: "upgrade-workload", need: remedy.need, minimumVersion: remedy.minimumVersion } as const]
        : [],
    ),
    ...scaleDownRemedies(unmet, []).map(() => ({ kind: "scale-down", need }) as const),
  ];
}

/** No bundle brings what comes with the controller. */
function isOwn({ need: { source, requirement } }: HurtWorkload): boolean {
  return source.kind === "catalog" && source.owns.includes(requirement.group);
}
