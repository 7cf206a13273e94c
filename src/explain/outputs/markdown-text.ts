/** @file Foreign text as GitHub's and GitLab's Markdown shows it and does not act on it: no markup, no link, nobody called. */
import { findingParts } from "../finding.ts";
import type { ExplainedRemedy } from "../remedies.ts";
import type { ToldFinding, ToldSubject } from "../telling.ts";

/** Text that is safe in a paragraph, in a cell of a table and between HTML tags. */
export function prose(text: string): string {
  return parted(text).replaceAll(MARKUP, (character) => `&#${String(character.codePointAt(0))};`);
}

/** A reference or link is no more one once something without width stands in it; an entity alone would be decoded first. */
function parted(text: string): string {
  return text
    .replaceAll(/@|(?:#|\bGH-)(?=\d)|:(?=\/\/|[\w+-]+:)|\b(?:www|mailto|xmpp)(?=[.:])/gi, `$&${ZERO_WIDTH_SPACE}`)
    .replaceAll(/\b[0-9a-f]{7,40}\b/gi, (commit) => `${commit.slice(0, 3)}${ZERO_WIDTH_SPACE}${commit.slice(3)}`);
}

const ZERO_WIDTH_SPACE = "\u200B";

/** All that means something in Markdown or HTML, and what has just been put in, so that it can be seen in the source. */
const MARKUP = /[&<>`*_[\]|~$\\#@\u200B]/g;

/** Where a bar would end a cell, or a backtick the span, as prose. */
export function codeSpan(text: string): string {
  return /^[^`|\\]*[^`|\\\s][^`|\\]*$/.test(text) ? `\`${text}\`` : prose(text);
}

/** A block that nothing in it can end. */
export function fenced(language: string, text: string): readonly string[] {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return [`${fence}${language}`, ...text.split("\n"), fence];
}

/** What stands below a finding's sentence. */
export function findingBody(finding: ToldFinding): readonly string[] {
  const { evidence, remediesHeading, remedies, override } = findingParts(finding);
  return [
    ...(evidence.length === 0 ? [] : [...fenced("text", evidence.join("\n")), ""]),
    ...(remediesHeading === null ? [] : [remediesHeading, "", ...remedies.flatMap(remedyLines)]),
    `More: ${codeSpan(finding.page)}`,
    ...(override === null ? [] : ["", prose(override)]),
  ];
}

/** A finding on its own. */
export function findingMarkdown({ name }: ToldSubject, finding: ToldFinding): string {
  const { rule, field, message } = finding;
  return [`${codeSpan(name)} ${codeSpan(field)}: **${prose(rule)}**: ${prose(message)}`, "", ...findingBody(finding)].join("\n");
}

function remedyLines({ title, command }: ExplainedRemedy): readonly string[] {
  if (command === undefined) return [`- ${prose(title)}`, ""];
  return [`- ${prose(title)}:`, "", ...fenced("sh", command).map((line) => `  ${line}`), ""];
}
