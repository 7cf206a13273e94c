/** @file The flags that Node gets in the image, so that what is measured is what is deployed. */
import { readFileSync } from "node:fs";

export function imageFlags(): readonly string[] {
  const entrypoint = /^ENTRYPOINT (?<words>\[.*\])$/m.exec(readFileSync("Dockerfile", "utf8"))?.groups?.["words"] ?? "[]";
  const words: readonly string[] = JSON.parse(entrypoint);
  return words.filter((word) => word.startsWith("--"));
}
