/** @file Schemas as a snapshot keeps them: as text, so that one is read only where it is asked for. */
import type { WrittenSchema } from "../../crd/crd.ts";

/** What stands at `openAPIV3Schema` of a snapshot's CRD; null where none was kept. */
export function keptSchema(openApiSchema: unknown): WrittenSchema | null {
  return typeof openApiSchema === "string" ? { kind: "json", text: openApiSchema } : null;
}
