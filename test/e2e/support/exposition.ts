/** @file Reads what /metrics says: the text format of Prometheus, version 0.0.4, and nothing that is not of it. */

export interface Series {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** @throws Error that quotes the line that is none. Source: Prometheus, "Exposition formats", text format details. */
export function parseExposition(text: string): readonly Series[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map(parseLine);
}

const SERIES = /^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>.*)\})? (?<value>[^ ]+)(?: -?\d+)?$/;
const LABEL = /(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;
const ESCAPED: Readonly<Record<string, string>> = { "\\\\": "\\", '\\"': '"', "\\n": "\n" };

function parseLine(line: string): Series {
  const { name = "", labels = "", value = "" } = SERIES.exec(line)?.groups ?? {};
  const number = value === "+Inf" ? Infinity : value === "-Inf" ? -Infinity : Number(value);
  // Numbers are as Go reads them, and prom-client writes "Nan".
  if (name === "" || (Number.isNaN(number) && value.toLowerCase() !== "nan")) throw new Error(`no series: ${line}`);
  return { name, labels: parseLabels(labels, line), value: number };
}

function parseLabels(text: string, line: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  LABEL.lastIndex = 0;
  let read = 0;
  while (read < text.length) {
    const { name, value } = LABEL.exec(text)?.groups ?? {};
    if (name === undefined || value === undefined || labels.has(name)) throw new Error(`no labels: ${line}`);
    labels.set(
      name,
      value.replaceAll(/\\["\\n]/g, (escaped) => ESCAPED[escaped] ?? ""),
    );
    read = LABEL.lastIndex;
  }
  return labels;
}
