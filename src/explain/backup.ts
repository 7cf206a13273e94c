/** @file What is told of backups and of restoring them. */
import { bar, pacePhrase } from "./bar.ts";
import { countOf, listOf, numberOf, quoted, shellWord, shown } from "./text.ts";

export interface BackedUp {
  readonly crd: string;
  readonly version: string;
  readonly count: number;
  readonly resourceVersion: string;
  readonly isConsistent: boolean;
  readonly meanwhile: { readonly came: number; readonly went: number; readonly changed: number };
  readonly terminating: number;
  readonly removedFiles: number;
}

/** How far something is: where it is drawn over (`isBar`), or a line of its own. */
export interface Pace {
  readonly done: number;
  readonly total: number;
  /** Null: not known yet. */
  readonly perSecond: number | null;
  readonly isBar: boolean;
}

/** `gears.own.dev [####----------------] 200/1,000 objects written, 98/s, 8 s left` */
export function readingObjectsLine(crd: string, pace: Pace): string {
  return paceLine(shown(crd), "written", pace);
}

export function goingOnLine(folder: string): string {
  return `${folder} holds an unfinished backup of the same: going on with it`;
}

export function listedAnewLine(crd: string): string {
  return `${shown(crd)}: the API server has forgotten the state that was being read, so that all is read anew`;
}

export function inconsistentLine(crd: string): string {
  return `${shown(crd)}: the API server forgets the state faster than it can be read; what follows is as it is now, not as it was at the beginning`;
}

/** One line, and those that it needs. */
export function backedUpLines(backedUp: BackedUp): readonly string[] {
  const { crd, version, count, resourceVersion, isConsistent, meanwhile, terminating, removedFiles } = backedUp;
  const from = isConsistent
    ? `as of resource version ${resourceVersion}`
    : `not of one moment: from resource version ${resourceVersion} on`;
  const since = [
    ...(meanwhile.came > 0 ? [`${numberOf(meanwhile.came)} came`] : []),
    ...(meanwhile.went > 0 ? [`${numberOf(meanwhile.went)} went`] : []),
    ...(meanwhile.changed > 0 ? [`${numberOf(meanwhile.changed)} changed`] : []),
  ];
  return [
    `${shown(crd)}: ${countOf(count, "object")} in ${shown(version)}, ${from}`,
    ...(since.length > 0
      ? [`  since they were read, ${listOf(since)}: stop who writes them, and run it again, if that matters`]
      : []),
    ...(terminating > 0
      ? [`  ${countOf(terminating, "object")} of them ${were(terminating)} being deleted; restored, they are not`]
      : []),
    ...(removedFiles > 0
      ? [`  ${countOf(removedFiles, "file")} of the unfinished backup ${were(removedFiles)} removed: the objects are gone`]
      : []),
  ];
}

export function backupDoneLine(folder: string, objects: number, crds: number, sha256: string): string {
  return `${folder}: ${countOf(objects, "object")} of ${countOf(crds, "CRD")}, read twice, written and read again; sha256 ${sha256}`;
}

export function backupStoppedLine(folder: string, command: string): string {
  return `stopped: ${folder} is unfinished, and cannot be restored; ${command} goes on`;
}

export interface FolderDoubts {
  readonly edited: readonly string[];
  readonly missing: readonly string[];
  readonly additional: readonly string[];
  readonly unusable: readonly { readonly path: string; readonly problem: string }[];
}

/** A line for each file that is not as the index has it. */
export function folderDoubtLines({ edited, missing, additional, unusable }: FolderDoubts): readonly string[] {
  return [
    ...few(edited, (path) => `${shown(path)}: edited since the backup was taken`),
    ...few(missing, (path) => `${shown(path)}: missing`),
    ...few(unusable, ({ path, problem }) => `${shown(path)}: cannot be used: ${shown(problem)}`),
    ...few(additional, (path) => `${shown(path)}: not of this backup, and not restored`),
  ];
}

export function checkedLine(count: number): string {
  return `${countOf(count, "file")} checked against the index`;
}

export interface FieldProblem {
  readonly path: string;
  readonly kind: "unknown-field" | "invalid";
  readonly message: string;
}

/** What must be edited in a file, a line for each field. @param version that it is to be restored in. */
export function mustBeEditedLines(path: string, version: string, problems: readonly FieldProblem[]): readonly string[] {
  return problems.map((problem) => `${shown(path)}: ${problemPhrase(problem, version)}`);
}

export function untriedLine(path: string, reason: string): string {
  return `${shown(path)}: could not be tried, which shows when it is restored: ${shown(reason)}`;
}

export function conflictLine(path: string, paths: readonly string[]): string {
  if (paths.includes("metadata.deletionTimestamp")) {
    return `${shown(path)}: there is one of that name that is being deleted: wait until it is gone, and run it again`;
  }
  const shownPaths = paths.slice(0, MOST_PATHS).map(shown);
  const more = paths.length > MOST_PATHS ? [`${String(paths.length - MOST_PATHS)} more`] : [];
  return `${shown(path)}: there is another one of that name, which differs in ${listOf([...shownPaths, ...more])}`;
}

/** @param reason why it is not known whether there is an owner; null: there is none. */
export function ownerLeftOutLine(
  path: string,
  owner: { readonly kind: string; readonly name: string },
  reason: string | null,
): string {
  const who = `${shown(owner.kind)} ${quoted(owner.name)}`;
  return reason === null
    ? `${shown(path)}: restored without its owner ${who}, which is gone: the garbage collector would have deleted it at once`
    : `${shown(path)}: restored without its owner ${who}, of which is not known whether it is there: ${shown(reason)}`;
}

export function droppedLine(path: string, fields: readonly string[]): string {
  return `${shown(path)}: the API server dropped ${listOf(fields.map(shown))}`;
}

export function alteredLine(path: string, fields: readonly string[]): string {
  return `${shown(path)}: not as it was in the file: ${listOf(fields.map(shown))}`;
}

export function missingLine(path: string): string {
  return `${shown(path)}: not there when it was read back`;
}

export interface RestoreCounts {
  readonly total: number;
  readonly created: number;
  readonly overwritten: number;
  readonly same: number;
  readonly conflicts: number;
  readonly refused: number;
  readonly fits: number;
  readonly untried: number;
  readonly statusKept: number;
}

export function restoringLine(phase: "trying" | "restoring" | "reading-back", pace: Pace): string {
  return paceLine("restore", { trying: "tried", restoring: "restored", "reading-back": "read back" }[phase], pace);
}

/** `312 objects: 310 created, 2 there already`. */
export function countsLine(counts: RestoreCounts): string {
  const parts: readonly (readonly [number, string])[] = [
    [counts.created, "created"],
    [counts.overwritten, "overwritten"],
    [counts.fits, "would be created"],
    [counts.same, "there already"],
    [counts.conflicts, "not touched, as others of their names are there"],
    [counts.refused, "refused"],
    [counts.untried, "could not be tried"],
  ];
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${numberOf(count)} ${what}`);
  return `${countOf(counts.total, "object")}: ${told.length === 0 ? "nothing to do" : listOf(told)}`;
}

export function statusKeptLine(count: number): string {
  return `of ${countOf(count, "object")}, somebody has written another status since, which stays`;
}

/** @param folder of the backup. */
export function noneInNamespaceLine(folder: string, namespace: string): string {
  return `${shown(folder)} holds no object of namespace "${shown(namespace)}": nothing is restored there`;
}

export function readBackLine(whole: number): string {
  return `${countOf(whole, "object")} read back, with all that is in ${whole === 1 ? "its file" : "their files"}`;
}

export function restoreStoppedLine(command: string): string {
  return `stopped: what is restored stays, and ${command} goes on`;
}

export function editHint(command: string): string {
  return `nothing was written: edit these files, and then: ${command}`;
}

export function overwriteHint(command: string): string {
  return `to replace what is there: ${command}`;
}

/** A line to type again. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => (/^--?[a-z-]+$/.test(word) ? word : shellWord(word))).join(" ");
}

/** @param all for a line each; of many, the first few and how many more. */
function few<T>(all: readonly T[], line: (item: T) => string): readonly string[] {
  const lines = all.slice(0, MOST_LINES).map(line);
  return all.length > MOST_LINES ? [...lines, `… and ${numberOf(all.length - MOST_LINES)} more of the kind`] : lines;
}

const MOST_LINES = 100;
const MOST_PATHS = 5;

function problemPhrase({ path, kind, message }: FieldProblem, version: string): string {
  if (kind === "unknown-field") return `${shown(path)}: ${shown(version)} has no such field`;
  return path === "" ? shown(message) : `${shown(path)}: ${shown(message)}`;
}

function paceLine(subject: string, what: string, { done, total, perSecond, isBar }: Pace): string {
  const rate = pacePhrase(total - done, perSecond);
  return isBar
    ? `${subject} ${bar(done, total)} ${numberOf(done)}/${numberOf(total)} objects ${what}${rate}`
    : `${subject}: ${numberOf(done)} of ${countOf(total, "object")} ${what}${rate}`;
}

function were(count: number): string {
  return count === 1 ? "was" : "were";
}
