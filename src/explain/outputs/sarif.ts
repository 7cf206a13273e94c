/**
 * @file Telling → SARIF 2.1.0, for code scanning and editors.
 * Source: docs.oasis-open.org/sarif/sarif/v2.1.0; the sections named below are of that document.
 */
import { compareText } from "../../crd/compare-text.ts";
import { descriptionOf } from "../descriptions.ts";
import { plainLines } from "../finding.ts";
import type { Telling, ToldFinding, ToldSubject } from "../telling.ts";
import { harmless } from "./harmless.ts";
import { findingMarkdown } from "./markdown-text.ts";
import { uriOf } from "./paths.ts";

export interface SarifOptions {
  /** Of crdguard. */
  readonly version: string;
  /** Folder to which paths are relative, absolute. */
  readonly cwd: string;
  /**
   * File or folder that a finding without a place is attached to, or null. GitHub refuses a whole file for one result
   * without a physical location. Source: github/codeql-action#1738.
   */
  readonly anchor: string | null;
}

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/** Keys stand in the order of the document; no time and no order of files is in it, so that equal runs give equal text. */
export function sarifOutput(telling: Telling, options: SarifOptions): string {
  const { command, subjects, notes } = harmless(telling);
  const rules = [...new Map(subjects.flatMap(({ findings }) => findings).map(({ rule, page }) => [rule, page]))].toSorted(
    ([left], [right]) => compareText(left, right),
  );
  const fingerprint = fingerprints();
  const log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "crdguard", version: options.version, rules: rules.map(([id, page]) => descriptor(id, page)) } },
        // One run may be compared with another of the same id alone: check and doctor ask different questions.
        automationDetails: { id: `crdguard/${command}/` },
        invocations: [invocation(subjects, notes)],
        columnKind: "utf16CodeUnits",
        results: subjects.flatMap((subject) =>
          subject.findings.map((finding) => ({
            ruleId: finding.rule,
            ruleIndex: rules.findIndex(([id]) => id === finding.rule),
            level: finding.severity,
            message: { text: messageText(subject, finding), markdown: findingMarkdown(subject, finding) },
            locations: [location(subject, finding, options)],
            partialFingerprints: { "crdguardFinding/v1": fingerprint(subject, finding) },
          })),
        ),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptor(id: string, page: string): object {
  return {
    id,
    shortDescription: { text: descriptionOf(id) },
    help: { text: `${descriptionOf(id)}. More: ${page}`, markdown: `${descriptionOf(id)}. More: \`${page}\`` },
  };
}

/** What was not judged is no result: it says something of the run (§3.20.21). */
function invocation(subjects: readonly ToldSubject[], notes: readonly string[]): object {
  const undecided = subjects.filter(({ outcome }) => outcome === "undecided");
  const notifications = [
    ...undecided.map(({ name, outcomeWord, reason }) => ({
      level: "error",
      message: { text: `${name}: ${outcomeWord}${reason === null ? "" : `: ${reason}`}` },
    })),
    ...notes.map((note) => ({ level: "note", message: { text: note } })),
  ];
  return {
    executionSuccessful: undecided.length === 0,
    ...(notifications.length > 0 ? { toolExecutionNotifications: notifications } : {}),
  };
}

/** In plain text, `[a](b)` would be a link (§3.11.6). Nothing else is taken for markup while there are no arguments (§3.11.5). */
function messageText({ name }: ToldSubject, finding: ToldFinding): string {
  const [sentence = "", ...others] = plainLines(finding);
  return [`${name}: ${finding.field}: ${sentence}`, ...others].join("\n").replaceAll("](", String.raw`\](`);
}

function location({ name, place: subjectPlace }: ToldSubject, { field, place }: ToldFinding, options: SarifOptions): object {
  const logicalLocations = [{ name: field, fullyQualifiedName: `${name}/${field}`, kind: "property" }];
  const known = place ?? subjectPlace;
  if (known !== null) {
    return {
      physicalLocation: {
        artifactLocation: { uri: uriOf(known.file, options.cwd) },
        region: { startLine: known.line, startColumn: known.column },
      },
      logicalLocations,
    };
  }
  if (options.anchor === null) return { logicalLocations };
  return { physicalLocation: { artifactLocation: { uri: uriOf(options.anchor, options.cwd) } }, logicalLocations };
}

/**
 * What makes a finding the same from one run to the next: neither line nor message, which tells counts. Findings that are
 * alike in rule, subject and field are numbered.
 */
function fingerprints(): (subject: ToldSubject, finding: ToldFinding) => string {
  const seen = new Map<string, number>();
  return ({ name }, { rule, field }) => {
    const key = `${rule} ${name} ${field}`;
    const ordinal = (seen.get(key) ?? 0) + 1;
    seen.set(key, ordinal);
    return ordinal === 1 ? key : `${key} #${String(ordinal)}`;
  };
}
