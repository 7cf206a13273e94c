/** @file Says what keeps a catalog file from being YAML, for the person who wrote it. */
import { YAMLParseError } from "yaml";

/** @returns one line; where the parser tells the place, it stands at the end. */
export function yamlProblem(error: unknown): string {
  // Its own words are for the programmer who called it.
  if (error instanceof YAMLParseError && error.code === "MULTIPLE_DOCS") {
    return "holds several documents; each controller needs a file of its own";
  }
  const message = error instanceof Error ? error.message : String(error);
  // What follows is a piece of the text.
  return (message.split("\n", 1)[0] ?? "").replace(/:$/, "");
}
