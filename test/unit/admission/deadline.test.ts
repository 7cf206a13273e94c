import { describe, expect, it } from "vitest";
import { deadlinesFrom, parseGoDuration } from "../../../src/admission/deadline.ts";

describe("parseGoDuration", () => {
  it.each([
    { text: "10s", milliseconds: 10_000 },
    { text: "1m30s", milliseconds: 90_000 },
    { text: "1h", milliseconds: 3_600_000 },
    { text: "250ms", milliseconds: 250 },
    { text: "1.5s", milliseconds: 1_500 },
    { text: "0.5ms", milliseconds: 0.5 },
    { text: "1m500ms", milliseconds: 60_500 },
  ])("reads $text as $milliseconds ms", ({ text, milliseconds }) => {
    expect(parseGoDuration(text)).toBe(milliseconds);
  });

  it.each([
    "",
    "0s",
    "0",
    "10",
    "s",
    "-5s",
    "+5s",
    "10 s",
    "10s ",
    "5S",
    "1e3s",
    ".5s",
    "5.s",
    "10us",
    "NaN",
    "Infinity",
    `${"9".repeat(400)}s`,
  ])("takes %j for no duration", (text) => {
    expect(parseGoDuration(text)).toBeNull();
  });
});

describe("deadlinesFrom", () => {
  it.each([
    { title: "what the API server waits, less the way back", timeout: "5s", evidence: 3_500, answer: 4_500 },
    { title: "no more than the API server ever waits", timeout: "2h", evidence: 21_000, answer: 27_000 },
    { title: "the API server's default without a parameter", timeout: undefined, evidence: 7_000, answer: 9_000 },
    { title: "the default for an empty parameter", timeout: "", evidence: 7_000, answer: 9_000 },
    { title: "the default for what is no duration", timeout: "soon", evidence: 7_000, answer: 9_000 },
    { title: "the default for zero, which would leave no time at all", timeout: "0s", evidence: 7_000, answer: 9_000 },
  ])("gives $title", ({ timeout, evidence, answer }) => {
    const deadlines = deadlinesFrom(timeout);

    expect(deadlines.evidenceMilliseconds).toBeCloseTo(evidence);
    expect(deadlines.answerMilliseconds).toBeCloseTo(answer);
    // What looking at objects gets a share of.
    expect(deadlines.wholeMilliseconds).toBeCloseTo(answer / 0.9);
  });
});
