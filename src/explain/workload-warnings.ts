/** @file Findings about a workload that is being applied → warnings, each with what becomes of it and of which API. */
import type { JudgedFinding } from "../policy/policy.ts";
import type { Need, UnreadableDeclaration, WorkloadRef } from "../rules/facts.ts";
import type { Doubt, Fact, HurtWorkload, Remedy } from "../rules/finding.ts";
import { type ApiState, compareHarm, crdNameOf, type Outcome, type Requirement } from "../rules/requirement.ts";
import { messageOf } from "./messages.ts";
import { reliefInShort } from "./relief.ts";
import { countOf, listOf, quoted, shown } from "./text.ts";
import { cutWarning, MAX_WARNING_LENGTH, MAX_WARNINGS } from "./warning.ts";

/**
 * The line of a finding would be cut before it names an API, so that each API gets a warning of its own. The workload's
 * name stands in each, which whoever applies it knows: kubectl prints the same warning once only, whatever objects it is
 * about (k8s.io/client-go/rest, WarningWriterOptions.Deduplicate). No other workload is named.
 */
export function workloadWarnings(findings: readonly JudgedFinding[], { name }: WorkloadRef): readonly string[] {
  const warnings = new Map<string, Warning>();
  for (const { rule, fact, remedies, relief } of findings.filter(({ enforcement }) => enforcement === "warn")) {
    const start = relief === undefined ? rule : `${rule}: ${reliefInShort(relief)}`;
    const hurt = sentencesOf(fact, shown(name)).map((sentence) => ({ rule, text: inOneLine(start, sentence), isWayOut: false }));
    const waysOut = remedies.flatMap((remedy) => wayOut(rule, remedy));
    for (const warning of [...hurt, ...waysOut]) warnings.set(warning.text, warning);
  }
  return shortened([...warnings.values()]);
}

interface Warning {
  readonly rule: string;
  readonly text: string;
  readonly isWayOut: boolean;
}

/** What goes over the limit is counted; ways out stay. */
function shortened(warnings: readonly Warning[]): readonly string[] {
  if (warnings.length <= MAX_WARNINGS) return warnings.map(({ text }) => text);
  const waysOutFirst = warnings.toSorted((left, right) => Number(right.isWayOut) - Number(left.isWayOut));
  const kept = new Set(waysOutFirst.slice(0, MAX_WARNINGS - 1));
  const left = `${warnings[0]?.rule ?? ""}: and ${String(warnings.length - kept.size)} more, which crdguard check tells`;
  return [...warnings.filter((warning) => kept.has(warning)).map(({ text }) => text), cutWarning(left)];
}

/** Of the ways out, the one that a line has room for; crdguard check tells all. */
function wayOut(rule: string, remedy: Remedy): readonly Warning[] {
  if (remedy.kind !== "install-bundle") return [];
  const { title, version, channel } = remedy.bundle;
  const text = cutWarning(`${rule}: install ${title} v${version}, ${channel} channel, to have them served`);
  return [{ rule, text, isWayOut: true }];
}

interface Sentence {
  readonly words: string;
  /** The same without the workload's name, for a name that leaves no room. */
  readonly shortWords: string;
  /** Told where there is room for all of it. */
  readonly note?: string;
  /** Told as far as there is room. */
  readonly reason?: string;
}

/** @param start the rule's id, and what lifted a denial. */
function inOneLine(start: string, { words, shortWords, note = "", reason = "" }: Sentence): string {
  const isRoomy = `${start}: ${words}`.length <= MAX_WARNING_LENGTH;
  const line = `${start}: ${isRoomy ? words : shortWords}`;
  return cutWarning((line.length + note.length <= MAX_WARNING_LENGTH ? line + note : line) + reason);
}

function sentencesOf(fact: Fact, name: string): readonly Sentence[] {
  switch (fact.kind) {
    case "workload-requirement-unmet":
      return unmetSentences(fact, name);
    case "requirement-unsure":
      return fact.hurt.map((one) => unsureSentence(fact.doubt, one, name));
    case "declaration-unreadable":
      return fact.declarations.map((declaration) => unreadableSentence(declaration, name));
    // All others are about CRDs.
    default: {
      const message = messageOf(fact, name);
      return [{ words: message, shortWords: message }];
    }
  }
}

function unmetSentences(
  { unmet, case: ofCase }: Extract<Fact, { kind: "workload-requirement-unmet" }>,
  name: string,
): readonly Sentence[] {
  const worstFirst = unmet.toSorted((left, right) => compareHarm(right.after, left.after));
  switch (ofCase) {
    case "worse":
      return worstFirst.map(({ need, after, stateAfter }) => {
        const clause = `${lackClause(after)} ${apiName(need.requirement)}`;
        return { words: `${name} ${clause}`, shortWords: clause, note: stateNote(stateAfter) };
      });
    case "same-today":
      return [...Map.groupBy(worstFirst, ({ after }) => after)].map(([after, own]) => sameTodaySentence(after, own, name));
    case "own-definitions": {
      const [worst] = worstFirst;
      const groups = [...new Set(unmet.map(({ need }) => shown(need.requirement.group)))].toSorted();
      const clause = `${untilClause(worst?.after ?? "works")} until its own definitions of ${listOf(groups)} are applied`;
      return [{ words: `${name} ${clause}`, shortWords: clause }];
    }
  }
}

/** One for all APIs: nothing has become worse, and it is said at each change of the workload. */
function sameTodaySentence(after: Outcome, unmet: readonly HurtWorkload[], name: string): Sentence {
  const apis = [...new Set(unmet.map(({ need }) => apiName(need.requirement)))];
  const [only] = apis;
  if (apis.length === 1 && only !== undefined) {
    const clause = `still ${lackClause(after)} ${only}`;
    return { words: `${name} ${clause}`, shortWords: clause };
  }
  const clause = `still ${lackClause(after)} ${countOf(apis.length, "API")}`;
  return { words: `${name} ${clause}`, shortWords: clause, reason: `: ${apis.join(", ")}` };
}

function unsureSentence(doubt: Doubt, { need, after }: HurtWorkload, name: string): Sentence {
  const clause = `may ${mayLackClause(after)} ${apiName(need.requirement)}`;
  const sentence = { words: `${name} ${clause}`, shortWords: clause };
  switch (doubt) {
    case "unknown-version":
      return {
        words: `what ${name} needs is unknown`,
        shortWords: "what it needs is unknown",
        reason: `: ${versionReason(need)}`,
      };
    case "conditional":
      return need.certainty.kind === "conditional"
        ? { ...sentence, reason: `, if ${shown(need.certainty.condition)}` }
        : sentence;
    case "unconfirmed":
      return { ...sentence, note: " (not confirmed)" };
    case "replaced":
      return { ...sentence, note: " until it is replaced" };
  }
}

function unreadableSentence({ key, problem }: UnreadableDeclaration, name: string): Sentence {
  return {
    words: `${shown(key)} of ${name} cannot be read`,
    shortWords: `${shown(key)} cannot be read`,
    reason: `: ${shown(problem)}`,
  };
}

/** As in the annotation by which it could be declared. */
function apiName(requirement: Requirement): string {
  return `${shown(crdNameOf(requirement))}/${requirement.versions.map(shown).join("|")}`;
}

function lackClause(outcome: Outcome): string {
  switch (outcome) {
    case "works":
      return "works without";
    case "loses-feature":
      return "loses a feature without";
    case "stops-working":
      return "does not work without";
    case "crashes":
      return "crashes without";
  }
}

function mayLackClause(outcome: Outcome): string {
  switch (outcome) {
    case "works":
      return "work without";
    case "loses-feature":
      return "lose a feature without";
    case "stops-working":
      return "not work without";
    case "crashes":
      return "crash without";
  }
}

function untilClause(outcome: Outcome): string {
  switch (outcome) {
    case "works":
      return "works";
    case "loses-feature":
      return "lacks a feature";
    case "stops-working":
      return "does not work";
    case "crashes":
      return "crashes";
  }
}

function stateNote(state: ApiState): string {
  switch (state) {
    case "served":
      return "";
    case "not-preferred":
      return " (not preferred)";
    case "unserved":
      return " (not served)";
    case "unlisted":
      return " (not listed)";
    case "absent":
      return " (not defined)";
  }
}

function versionReason({ source }: Need): string {
  const tag = source.kind === "catalog" ? tagOf(source.image) : null;
  return tag === null ? "its image has no tag" : `the catalog knows no version ${quoted(tag)}`;
}

function tagOf(image: string): string | null {
  const withoutDigest = image.split("@", 1)[0] ?? image;
  const colon = withoutDigest.lastIndexOf(":");
  return colon > withoutDigest.lastIndexOf("/") ? withoutDigest.slice(colon + 1) : null;
}
