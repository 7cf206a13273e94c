/** @file Fact → sentence: quoted value, fact, who is hurt. */
import type { MigrationEvidence, Need, ObjectEvidence, Writer } from "../rules/facts.ts";
import type { Doubt, Fact, HurtWorkload } from "../rules/finding.ts";
import { type ApiState, crdNameOf, isHard, type Outcome } from "../rules/requirement.ts";
import { schemaMessage } from "./schema-change.ts";
import { guardMessage } from "./guard-messages.ts";
import { objectCount } from "./object-count.ts";
import { liveObjectsMessage } from "./live-objects.ts";
import { countOf, listOf, numberOf, quoted, shown } from "./text.ts";

/** One sentence without a full stop, and without names: those are evidence, and shown to those who may see them. */
export function messageOf(fact: Fact, subjectName: string): string {
  switch (fact.kind) {
    case "object-rejected":
    case "object-pruned":
    case "objects-not-all-checked":
    case "objects-unchecked":
    case "objects-known-in-outline":
    case "object-rules-failed":
    case "object-rules-unevaluated":
      return liveObjectsMessage(fact);
    case "stored-version-removed":
      return `${quoted(fact.version)} would be dropped while ${storedBecause(fact)}; ${storedConsequence(fact)}`;
    case "stored-version-forgotten":
      return fact.isStorageVersion
        ? `${quoted(fact.version)} is the storage version: the next object written would be stored in it, unrecorded`
        : `${quoted(fact.version)} would be forgotten without proof that no object is stored in it: ${proofOf(fact.objects, fact.migration)}; ` +
            `once it is dropped as well, such objects can no longer be read, listed or deleted`;
    case "required-version-unserved":
      return `${listOf(fact.versions.map(quoted))} would ${fact.isCreate ? lacking(fact) : losing(fact)}, and ${whoNeeds(fact.hurt)}`;
    case "required-resource-deleted":
      return `${quoted(subjectName)} would be deleted, and ${whoNeeds(fact.hurt)}`;
    case "workload-requirement-unmet":
      return unmetRequirements(fact);
    case "requirement-unsure":
      return `${fact.isOfWorkload ? "what it needs is not known for sure" : mayNeed(fact.hurt)}: ${doubtReason(fact.doubt)}`;
    case "declaration-unreadable":
      return fact.isOfWorkload
        ? "what it needs is not known for sure: a declaration of it cannot be read"
        : `${countOf(fact.declarations.length, "running workload")} may need what goes away: the declaration cannot be read`;
    case "objects-deleted":
      return objectsDeleted(fact.objects);
    case "version-in-use-unserved":
      return `${quoted(fact.version)} would ${fact.isListed ? "no longer be served" : "be gone"}, and ${whoWrites(fact.writers)}${sampleNote(fact)}`;
    case "writers-unknown":
      return `who writes in ${listOf(fact.versions.map(quoted))}, which ${fact.versions.length === 1 ? "goes" : "go"} away, is not known: ${shown(fact.reason)}`;
    case "schema-narrowed":
    case "versions-apart":
    case "version-renamed":
    case "names-gone":
    case "schemas-unknown":
      return schemaMessage(fact);
    case "conversion-removed":
    case "conversion-unreachable":
    case "conversion-unknown":
    case "bundle-downgraded":
    case "storage-version-downgraded":
    case "owner-changed":
      return guardMessage(fact);
  }
}

/** What becomes of a workload, as a clause after its name. Of one that runs already, it shows at its next start at the latest. */
export function outcomePhrase(outcome: Outcome, isRunning: boolean): string {
  switch (outcome) {
    case "works":
      return "goes on working";
    case "loses-feature":
      return "goes on without this API and ignores its objects";
    case "stops-working":
      return isRunning
        ? "stays up but does its work no more, at its next restart at the latest"
        : "starts but does not do its work";
    case "crashes":
      return isRunning ? "crashes at its next restart" : "crashes at start";
  }
}

/** What becomes of a workload, in a cell of a table. */
export function outcomeWord(outcome: Outcome): string {
  switch (outcome) {
    case "works":
      return "works";
    case "loses-feature":
      return "loses a feature";
    case "stops-working":
      return "stops working";
    case "crashes":
      return "crashes";
  }
}

/** The state of an API, in a cell of a table. */
export function stateWord(state: ApiState): string {
  switch (state) {
    case "served":
      return "served";
    case "not-preferred":
      return "not preferred";
    case "unserved":
      return "unserved";
    case "unlisted":
      return "not listed";
    case "absent":
      return "absent";
  }
}

/** What the state of an API is, as a clause. */
export function statePhrase(state: ApiState): string {
  switch (state) {
    case "served":
      return "which is served";
    case "not-preferred":
      return "which is not the preferred version";
    case "unserved":
      return "which is listed but not served";
    case "unlisted":
      return "which is not listed";
    case "absent":
      return "whose definition does not exist";
  }
}

function storedBecause(fact: Extract<Fact, { kind: "stored-version-removed" }>): string {
  return fact.isAssumedStored
    ? "objects may be stored in it (it is the storage version today)"
    : "status.storedVersions names it";
}

function storedConsequence(fact: Extract<Fact, { kind: "stored-version-removed" }>): string {
  const count = objectCount(fact.objects);
  switch (fact.case) {
    case "no-objects":
      return `${count}, so nothing is lost by forgetting it first`;
    case "migrate":
      return `${count}, and must be rewritten into the storage version first`;
    case "storage-version-dropped":
      return `${count}, and it is the storage version itself: another version must take over first`;
    case "no-common-version":
      return fact.renamedTo === undefined
        ? `${count}, and no version survives that could hold them: they must be backed up, deleted and created anew`
        : `${count}, and no version survives that could hold them: they must be backed up, deleted and created anew, in ` +
            `${quoted(fact.renamedTo)}, which is the same under another name`;
  }
}

function proofOf(objects: ObjectEvidence, migration: MigrationEvidence): string {
  switch (migration.kind) {
    case "succeeded":
      return `${objectCount(objects)}, rewritten as ${shown(migration.by)} tells`;
    case "outdated":
      return `${objectCount(objects)}, and ${shown(migration.by)} is too old to count (${shown(migration.reason)})`;
    case "unproven":
      return unprovenPhrase(migration);
    case "none":
      return `${objectCount(objects)}, and no migration of them is recorded`;
  }
}

/** Of doctor too. */
export function unprovenPhrase(migration: Extract<MigrationEvidence, { kind: "unproven" }>): string {
  const { unprovenCount, objectCount: count, isComplete, by } = migration;
  if (unprovenCount === 0)
    return `${countOf(count, "object")} that could be looked at in time ${count === 1 ? "was" : "were"} written since ${shown(by)}, and there are more`;
  const atLeast = isComplete ? "" : "at least ";
  return `${atLeast}${numberOf(unprovenCount)} of ${countOf(count, "object")} ${unprovenCount === 1 ? "was" : "were"} last written before the storage version is known to have been in force (${shown(by)})`;
}

function losing({ stateAfter }: Extract<Fact, { kind: "required-version-unserved" }>): string {
  switch (stateAfter) {
    case "unserved":
      return "no longer be served";
    case "unlisted":
      return "be gone";
    case "not-preferred":
      return "no longer be the preferred version, since a newer one would be served too";
  }
}

function lacking({ stateAfter }: Extract<Fact, { kind: "required-version-unserved" }>): string {
  switch (stateAfter) {
    case "unserved":
      return "be listed but not served";
    case "unlisted":
      return "not be listed";
    case "not-preferred":
      return "not be the preferred version, since a newer one would be served too";
  }
}

function unmetRequirements({ unmet, case: ofCase }: Extract<Fact, { kind: "workload-requirement-unmet" }>): string {
  const count = new Set(unmet.map(({ need }) => crdNameOf(need.requirement))).size;
  const apis = countOf(count, "API");
  const purpose = unmet.every(({ after }) => after === "crashes")
    ? "needs to start"
    : unmet.some(({ after }) => isHard(after))
      ? "needs to work"
      : "uses";
  switch (ofCase) {
    case "worse":
      return `${apis} that it ${purpose} would not be served to it${commonEffect(unmet)}`;
    case "same-today":
      return `${apis} that it ${purpose} ${count === 1 ? "is" : "are"} not served to it, today as after this change`;
    case "own-definitions":
      return `${apis} of its own, which it ${purpose}, ${count === 1 ? "is" : "are"} not defined yet, here or in the cluster`;
  }
}

/** The catalog's words, where they are the same for all. */
function commonEffect(unmet: readonly HurtWorkload[]): string {
  const effects = new Set(unmet.map((one) => effectOf(one.need, one.after)));
  const [effect] = effects;
  return effects.size === 1 && typeof effect === "string" ? `; it ${shown(effect)}` : "";
}

/** The catalog's words are about needs that a workload cannot do without. */
export function effectOf({ source }: Need, outcome: Outcome): string | null {
  return source.kind === "catalog" && isHard(outcome) ? source.effect : null;
}

function mayNeed(hurt: readonly HurtWorkload[]): string {
  return `${countOf(hurt.length, "running workload")} may need what goes away`;
}

/** Of a doubt, what a line has room for after the workload's name: the API, since a bundle has many, and why nobody knows. */
export function doubtInShort(doubt: Doubt, { requirement }: Need): string {
  return `may need ${shown(requirement.resource)} ${listOf(requirement.versions.map(shown), "or")}: ${shortReason(doubt)}`;
}

function shortReason(doubt: Doubt): string {
  switch (doubt) {
    case "unknown-version":
      return "version unknown";
    case "conditional":
      return "setting unknown";
    case "unconfirmed":
      return "catalog not sure";
    case "replaced":
      return "until it is replaced";
  }
}

export function doubtReason(doubt: Doubt): string {
  switch (doubt) {
    case "unknown-version":
      return "the image is that of a known controller, but its tag names no version that the catalog knows";
    case "conditional":
      return "it hangs on a setting that crdguard cannot read";
    case "unconfirmed":
      return "the catalog has too little to go by";
    case "replaced":
      return "what is applied along with this replaces it by one that does not, and until then it does";
  }
}

function whoNeeds(hurt: readonly HurtWorkload[]): string {
  const need = hurt.length === 1 ? "needs" : "need";
  const is = hurt.every(({ after }) => after === "crashes")
    ? `${need} it to start`
    : hurt.some(({ after }) => isHard(after))
      ? `${need} it to work`
      : hurt.length === 1
        ? "uses it"
        : "use it";
  return `${countOf(hurt.length, "running workload")} ${is}`;
}

function objectsDeleted(objects: ObjectEvidence): string {
  if (objects.kind === "counted" && objects.total > 0) {
    const atLeast = objects.isComplete ? "" : "at least ";
    return `${atLeast}${countOf(objects.total, "object")} would be deleted with the definition, and what ${objects.total === 1 ? "it stands" : "they stand"} for`;
  }
  return `${objectCount(objects)}, and every one that exists would be deleted with the definition`;
}

function whoWrites(writers: readonly Writer[]): string {
  const fileCount = writers.filter(({ kind }) => kind === "file").length;
  const recordedCount = writers.length - fileCount;
  const files = `${countOf(fileCount, "file")} ${fileCount === 1 ? "holds" : "hold"} objects in it`;
  if (recordedCount === 0) return `${files}: applying ${fileCount === 1 ? "it" : "them"} fails from then on`;
  const recorded = `objects were last written in it by ${countOf(recordedCount, "field manager")}`;
  return `${fileCount === 0 ? recorded : `${recorded}, and ${files}`}: the next such write fails`;
}

function sampleNote(fact: Extract<Fact, { kind: "version-in-use-unserved" }>): string {
  return fact.isComplete ? "" : ` (of many objects, ${numberOf(fact.objectCount)} were looked at)`;
}
