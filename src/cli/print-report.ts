/** @file Prints a report in one of the forms; the writers of all but text are loaded when they are asked for. */
import type { Severity } from "../health/severity.ts";
import { createColors } from "picocolors";
import { textOutput } from "../explain/outputs/text.ts";
import type { Telling } from "../explain/telling.ts";
import type { ReportFormat } from "./report-formats.ts";
import type { Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

export interface PrintableReport {
  /** The contract of `-o json`. */
  readonly report: unknown;
  /** @param precision `field`, if the form tells the line of a field; finding it means to read the manifest again. */
  tell(precision: "document" | "field"): Telling | Promise<Telling>;
  /** Findings of this severity, and of worse ones, are failures; null: none is. */
  readonly failLevel: Severity | null;
  /** File or folder that stands for findings without a place, where the form demands one. */
  readonly anchor: string | null;
}

export async function printReport(format: ReportFormat, printable: PrintableReport, terminal: Terminal): Promise<void> {
  terminal.print(await written(format, printable, terminal));
}

async function written(format: ReportFormat, printable: PrintableReport, terminal: Terminal): Promise<string> {
  const { report, failLevel, anchor } = printable;
  switch (format) {
    case "text": {
      const colors = createColors(terminal.hasColors);
      return textOutput(await printable.tell("document"), { colors, columns: terminal.columns });
    }
    case "json":
      return `${JSON.stringify(report, null, 2)}\n`;
    case "yaml": {
      const { yamlText } = await import("./yaml-text.ts");
      return yamlText(report);
    }
    case "sarif": {
      const { sarifOutput } = await import("../explain/outputs/sarif.ts");
      return sarifOutput(await printable.tell("field"), { version: VERSION, cwd: process.cwd(), anchor });
    }
    case "junit": {
      const { junitOutput } = await import("../explain/outputs/junit.ts");
      return junitOutput(await printable.tell("field"), { failLevel });
    }
    case "github": {
      const { githubOutput } = await import("../explain/outputs/github.ts");
      return githubOutput(await printable.tell("field"), { cwd: process.cwd() });
    }
    case "markdown": {
      const { markdownOutput } = await import("../explain/outputs/markdown.ts");
      return markdownOutput(await printable.tell("field"));
    }
  }
}
