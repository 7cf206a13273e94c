/** @file What a health check found, in one sentence. */
import type { EndpointEvidence, GuardPolicyLook, Reach } from "../health/facts.ts";
import type { CheckedCertificate, ConversionProblem, HealthFact, LeftCrd } from "../health/finding.ts";
import { countedNone } from "../health/objects.ts";
import type { MigrationEvidence } from "../rules/facts.ts";
import { crdNameOf, isHard } from "../rules/requirement.ts";
import { doubtReason, unprovenPhrase } from "./messages.ts";
import { objectCount } from "./object-count.ts";
import { ownerName } from "./owner-name.ts";
import { targetName } from "./webhook-words.ts";
import { countOf, listOf, quoted, shown } from "./text.ts";
import { unreadSentence } from "./health-unread.ts";

/** Without a full stop. Names are told: who asks sees with his own rights. */
export function healthMessage(fact: HealthFact): string {
  switch (fact.kind) {
    case "stored-version-unlisted":
      return (
        `status.storedVersions names ${listOf(fact.versions.map(quoted))}, which spec.versions does not list: every update of the ` +
        `definition is refused, and an object stored in it cannot be read; ${objectCount(fact.objects)}`
      );
    case "crd-terminating":
      return terminating(fact);
    case "crd-not-structural":
      return "its schema is not structural: unknown fields are not pruned, no defaults are filled in, and kubectl explain knows nothing of it";
    case "crd-names-refused":
      return `no version of it is served, whatever its spec says: its names are taken${fact.holder === null ? "" : ` by ${shown(fact.holder)}`}`;
    case "recorded-owner-gone":
      return ownerGone(fact);
    case "crd-outgrown":
      return `${shown(fact.controller)}, with which ${itOrThey(fact.crds, "it")} came, runs in a release that does not need ${itOrThey(fact.crds, "them")} any more${leftObjects(fact.crds)}`;
    case "controller-absent":
      return `${itOrThey(fact.crds, "it")} ${fact.crds.length === 1 ? "comes" : "come"} with ${listOf(fact.controllers.map(shown), "or")}, and no workload of that is here${leftObjects(fact.crds)}`;
    case "migration-due":
      return migrationDue(fact);
    case "stored-in-alpha":
      return `objects are stored in ${quoted(fact.storage)}, which any release may drop, although ${quoted(fact.better)} is served`;
    case "alpha-only":
      return fact.crds.length === 1
        ? "1 definition of this group stores in an alpha version, which any release may drop, and has no better one"
        : `${countOf(fact.crds.length, "definition")} of this group store in an alpha version, which any release may drop, and have no better one`;
    case "requirement-unmet":
      return requirementUnmet(fact);
    case "requirement-unsure": {
      const apis = countOf(new Set(fact.hurt.map(({ need }) => crdNameOf(need.requirement))).size, "API");
      return `it may need ${apis} that ${apis.startsWith("1 ") ? "is" : "are"} not served to it: ${doubtReason(fact.doubt)}`;
    }
    case "declaration-malformed":
      return `its annotation ${quoted(fact.declaration.key)} cannot be read, so that what it needs is not known, and not guarded`;
    case "policy-malformed": {
      const { counts, problems } = fact.policy;
      if (!counts) return "nothing of it counts, so that what it says is neither enforced nor excepted";
      return `${problems.length === 1 ? "1 entry of it does" : `${String(problems.length)} entries of it do`} not count, so that what ${problems.length === 1 ? "it says" : "they say"} is neither enforced nor excepted; the rest counts`;
    }
    case "exception-lapsed":
      return exceptionsSentence(fact.policy);
    case "conversion-webhook-unreachable":
      return conversionProblem(fact.endpoint, fact.problem, fact.servedCount);
    case "conversion-certificate":
      return certificateSentence("its conversion webhook", fact.endpoint, fact.checked);
    case "bundle-mixed":
      return fact.isOfOneRelease
        ? `its definitions are of one release, ${shown(fact.parts[0]?.version ?? "")}, and of ${countOf(fact.parts.length, "channel")}, which suits controllers that ask for it`
        : `its definitions are of ${countOf(new Set(fact.parts.map(({ version }) => version)).size, "release")}, which were not made for each other`;
    case "rollback-refused":
      return fact.isSafeUpgrades
        ? "it denies Gateway API definitions of releases before v1.5.0, and experimental ones over standard ones: a rollback would be refused"
        : "it may deny changes of definitions: look at it before you have to go back in a hurry";
    case "crd-owners-two":
      return `${fact.owners.length < 2 ? listOf(fact.appliers.map(shown)) : listOf(fact.owners.map(ownerName))} each keep it: the one that syncs last wins`;
    case "guard-not-registered":
      return fact.missing.includes("validating")
        ? "it runs, and the API server does not ask it: no change of a definition is guarded"
        : "its explainer is not registered: what the API server refuses by itself is refused without explanation";
    case "guard-unreachable":
      return `nobody answers at ${targetName(fact.endpoint.target)}, ${reachPhrase(fact.reach)}: ${guardConsequence(fact.isBlocking)}`;
    case "guard-ca-mismatch":
      return `the API server does not trust ${targetName(fact.endpoint.target)} (${shown(fact.reason)}): ${guardConsequence(fact.isBlocking)}`;
    case "guard-certificate":
      return certificateSentence("crdguard", fact.endpoint, fact.checked);
    case "guard-registration-drifted":
      return `it differs from what this version of crdguard registers in ${countOf(fact.differences.length, "field")}`;
    case "facts-unread":
      return unreadSentence(fact.unread);
  }
}

function terminating(fact: Extract<HealthFact, { kind: "crd-terminating" }>): string {
  const since = fact.since === null ? "" : ` since ${shown(fact.since)}`;
  if (fact.isFresh) return `it is being deleted${since}, which has not taken long so far; ${objectCount(fact.objects)}`;
  const held = fact.held.length === 0 ? "" : ", kept by finalizers";
  const own =
    fact.finalizers.length === 0
      ? ""
      : `; it has ${fact.finalizers.length === 1 ? "a finalizer" : "finalizers"} of its own, ${listOf(fact.finalizers.map(shown))}`;
  return `it is being deleted${since} and does not go: ${objectCount(fact.objects)}${held}${own}`;
}

function exceptionsSentence({ lapsed, lapsing }: GuardPolicyLook): string {
  return [
    ...(lapsed.length === 0
      ? []
      : [
          `${countOf(lapsed.length, "exception")} ${lapsed.length === 1 ? "is" : "are"} over, and what was let through is denied again`,
        ]),
    ...(lapsing.length === 0 ? [] : [`${countOf(lapsing.length, "exception")} will lapse within a fortnight`]),
  ].join("; ");
}

function ownerGone({ owner, use, crds }: Extract<HealthFact, { kind: "recorded-owner-gone" }>): string {
  const isOne = crds.length === 1;
  const gone = isOne
    ? `it says that it belongs to ${ownerName(owner)}, which is not there`
    : `it is not there, and ${countOf(crds.length, "definition")} say that they belong to it`;
  const them = isOne ? "it" : "them";
  const consequence = owner.kind === "helm-release" ? `: Helm lets no other release take ${them} over` : "";
  switch (use) {
    case "needed":
      return `${gone}, though running workloads need ${them}${consequence}`;
    case "kept":
      return `${gone}, though another owner is named on ${them}${consequence}`;
    case "none": {
      const kept = owner.kind === "helm-release" && owner.isKept ? " (Helm was told to keep them)" : "";
      return `${gone}${kept}; no workload is known to need ${them}${leftObjects(crds)}`;
    }
  }
}

/** Of one CRD its objects, of several how many have any. */
function leftObjects(crds: readonly LeftCrd[]): string {
  const [first] = crds;
  if (crds.length === 1 && first !== undefined) return `; ${objectCount(first.objects)}`;
  const left = crds.filter(({ objects }) => !countedNone(objects));
  if (left.length === 0) return "; no object of any exists";
  const isSure = left.every(({ objects }) => objects.kind === "counted" && objects.total > 0);
  return `; ${String(left.length)} of ${countOf(crds.length, "definition")} still ${left.length === 1 ? "has" : "have"} objects${isSure ? "" : ", or may have"}`;
}

function itOrThey(crds: readonly unknown[], word: "it" | "them"): string {
  if (crds.length === 1) return "it";
  return word === "it" ? "they" : "them";
}

function migrationDue({ old, storage, objects, migration }: Extract<HealthFact, { kind: "migration-due" }>): string {
  const dropped = `a release that drops ${old.length === 1 ? "it" : "them"} will be refused`;
  const due = `objects may be stored in ${listOf(old.map(quoted))}, besides ${quoted(storage)}, and ${dropped}; ${objectCount(objects)}`;
  if (objects.kind === "counted" && objects.isComplete && objects.total === 0)
    return `${due}, so that it only has to be forgotten`;
  return `${due}${migrationPhrase(migration)}`;
}

function migrationPhrase(migration: MigrationEvidence): string {
  switch (migration.kind) {
    case "none":
      return "";
    case "succeeded":
      return `, rewritten as ${shown(migration.by)} tells, so that it only has to be forgotten`;
    case "unproven":
      return `, and ${unprovenPhrase(migration)}`;
    case "outdated":
      return `, and ${shown(migration.by)} is too old to count (${shown(migration.reason)})`;
  }
}

function requirementUnmet({ unmet }: Extract<HealthFact, { kind: "requirement-unmet" }>): string {
  const count = new Set(unmet.map(({ need }) => crdNameOf(need.requirement))).size;
  const are = count === 1 ? "is" : "are";
  const apis = countOf(count, "API");
  if (unmet.some(({ after }) => after === "crashes")) {
    return `${apis} that it needs ${are} not served to it: it would crash at its next restart`;
  }
  return unmet.some(({ after }) => isHard(after))
    ? `${apis} that it needs ${are} not served to it: it does not do its work, at its next restart at the latest`
    : `${apis} that it uses ${are} not served to it: it does without`;
}

function conversionProblem(endpoint: EndpointEvidence, problem: ConversionProblem, servedCount: number): string {
  const webhook = `its conversion webhook at ${targetName(endpoint.target)}`;
  const consequence =
    servedCount > 1
      ? `objects cannot be converted between its ${String(servedCount)} versions`
      : "objects cannot be converted once it has a second version";
  switch (problem.kind) {
    case "conversion-failed":
      return `objects cannot be read in ${quoted(problem.version)}: ${webhook} fails`;
    case "unreachable":
      return `nobody answers as ${webhook}, ${reachPhrase(problem.reach)}: ${consequence}`;
    case "ca-malformed":
      return `the API server cannot trust ${webhook}: ${shown(problem.reason)}`;
    case "distrusted":
      return `the caBundle does not vouch for ${webhook} (${shown(problem.reason)}): ${consequence}`;
  }
}

function reachPhrase(reach: Exclude<Reach, { kind: "listening" | "unknown" }>): string {
  switch (reach.kind) {
    case "service-missing":
      return "since there is no such service";
    case "no-endpoints":
      return "since no pod of the service is ready";
    case "refused":
      return `tried from here (${shown(reach.reason)})`;
  }
}

function guardConsequence(isBlocking: boolean): string {
  return isBlocking ? "every update and deletion of a definition is refused" : "nothing is guarded by it";
}

function certificateSentence(
  whose: string,
  { target }: EndpointEvidence,
  { of, certificate, daysLeft }: CheckedCertificate,
): string {
  const what =
    of === "server"
      ? `the certificate of ${whose} at ${targetName(target)}`
      : `the authority that vouches for ${whose} at ${targetName(target)}`;
  const day = certificate.notAfter.slice(0, "2026-05-01".length);
  if (daysLeft < 0) return `${what} ended on ${day}: the API server does not trust it any more`;
  return `${what} ends on ${day}, in ${daysLeft === 0 ? "less than a day" : countOf(daysLeft, "day")}, and should have been renewed by now`;
}
