/** @file What was seen of an illness, a line each. */
import type { Reach } from "../health/facts.ts";
import type { HealthFact, LeftCrd } from "../health/finding.ts";
import type { ObjectEvidence } from "../rules/facts.ts";
import type { HurtWorkload } from "../rules/finding.ts";
import { crdNameOf } from "../rules/requirement.ts";
import { sourceOf } from "./evidence.ts";
import { exceptionLine } from "./guard-policy.ts";
import { unreadEvidence } from "./health-unread.ts";
import { effectOf, outcomePhrase, statePhrase } from "./messages.ts";
import { workloadName } from "./subject.ts";
import { countOf, listOf, numberOf, quoted, shown } from "./text.ts";

/** What the sentence has told already is left out. */
export function healthEvidence(fact: HealthFact): readonly string[] {
  switch (fact.kind) {
    case "stored-version-unlisted":
    case "migration-due":
      return exampleLines(fact.objects);
    case "recorded-owner-gone":
    case "controller-absent":
      return leftLines(fact.crds);
    case "crd-terminating":
      return [
        ...(fact.condition === null ? [] : [`the API server says: ${shown(fact.condition)}`]),
        ...fact.held.map(({ finalizer, count }) => `finalizer ${shown(finalizer)} on ${countOf(count, "object")}`),
        ...exampleLines(fact.objects),
      ];
    case "crd-not-structural":
    case "crd-names-refused":
      return fact.reason === "" ? [] : [`the API server says: ${shown(fact.reason)}`];
    case "crd-outgrown":
      return [
        ...fact.installed.map(({ workload, image }) => `${shown(workloadName(workload))} (image ${shown(image)})`),
        ...leftLines(fact.crds),
      ];
    case "alpha-only":
      return fact.crds.map(shown);
    case "requirement-unmet":
      return fact.unmet.map(needLine);
    case "requirement-unsure":
      return fact.hurt.map(({ need, stateAfter }) => `${apiOf(need)}, ${statePhrase(stateAfter)} (${sourceOf(need)})`);
    case "declaration-malformed":
      return [`${quoted(fact.declaration.value)}: ${shown(fact.declaration.problem)}`];
    case "policy-malformed":
      return fact.policy.problems;
    case "exception-lapsed":
      return [
        ...fact.policy.lapsed.map((exception) => exceptionLine(exception, "lapsed on")),
        ...fact.policy.lapsing.map((exception) => exceptionLine(exception, "until")),
      ];
    case "conversion-webhook-unreachable":
      return [
        ...(fact.problem.kind === "conversion-failed" ? [`the API server says: ${shown(fact.problem.reason)}`] : []),
        ...(fact.problem.kind === "conversion-failed" ? reachLines(fact.endpoint.reach) : []),
        ...exampleLines(fact.objects),
      ];
    case "conversion-certificate":
    case "guard-certificate":
      return [`${shown(fact.checked.certificate.subject)}, valid until ${fact.checked.certificate.notAfter}`];
    case "bundle-mixed":
      return fact.parts.map(
        ({ version, channel, crds }) =>
          `${shown(version)}${channel === null ? "" : `, ${shown(channel)} channel`}: ${listOf(crds.map(shown))}`,
      );
    case "rollback-refused":
      return fact.policy.denyingBindings.map((name) => `bound to deny by ValidatingAdmissionPolicyBinding ${shown(name)}`);
    case "guard-not-registered":
      return fact.servers.map((server) => shown(workloadName(server)));
    case "guard-registration-drifted":
      return fact.differences.map(
        ({ field, expected, found }) => `${shown(field)}: ${valueOf(found)} in place of ${valueOf(expected)}`,
      );
    case "facts-unread":
      return unreadEvidence(fact.unread);
    case "stored-in-alpha":
    case "crd-owners-two":
    case "guard-unreachable":
    case "guard-ca-mismatch":
      return [];
  }
}

function needLine({ need, after, stateAfter }: HurtWorkload): string {
  const effect = effectOf(need, after);
  const outcome = effect === null ? outcomePhrase(after, true) : `${outcomePhrase(after, true)}; it ${shown(effect)}`;
  return `${apiOf(need)}, ${statePhrase(stateAfter)} (${sourceOf(need)}): ${outcome}`;
}

function apiOf({ requirement }: HurtWorkload["need"]): string {
  return `${listOf(requirement.versions.map(quoted), "or")} of ${shown(crdNameOf(requirement))}`;
}

/** Of one CRD its objects; of several each, with how many objects it has. */
function leftLines(crds: readonly LeftCrd[]): readonly string[] {
  const [first] = crds;
  if (crds.length === 1 && first !== undefined) return exampleLines(first.objects);
  return crds.map(({ crd, objects }) => {
    const examples = exampleLines(objects).join("");
    return `${shown(crd.name)}: ${countPhrase(objects)}${examples === "" ? "" : `, ${examples}`}`;
  });
}

function countPhrase(objects: ObjectEvidence): string {
  if (objects.kind !== "counted") return "not counted";
  return `${objects.isComplete ? "" : "at least "}${countOf(objects.total, "object")}`;
}

function exampleLines(objects: ObjectEvidence): readonly string[] {
  if (objects.kind !== "counted" || objects.examples.length === 0) return [];
  const names = objects.examples.map(({ namespace, name }) => shown(namespace === "" ? name : `${namespace}/${name}`));
  const more = objects.total - names.length;
  return [[...names, ...(more > 0 ? [`${objects.isComplete ? "" : "at least "}${numberOf(more)} more`] : [])].join(", ")];
}

function reachLines(reach: Reach): readonly string[] {
  switch (reach.kind) {
    case "service-missing":
      return ["its service does not exist"];
    case "no-endpoints":
      return ["no pod of its service is ready"];
    case "listening":
    case "refused":
    case "unknown":
      return [];
  }
}

function valueOf(json: string | null): string {
  return json === null ? "nothing" : shown(json);
}
