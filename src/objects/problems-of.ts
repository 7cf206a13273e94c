/** @file All that the API server would hold against an object by a schema, but for CEL. */
import type { Schema } from "../crd/schema/schema.ts";
import { validateEmbedded } from "./embedded-resources.ts";
import { validateListTypes } from "./list-types.ts";
import type { Problem } from "./problem.ts";
import { validateByOpenApi } from "./validate.ts";

/**
 * @param object as `asRead` gives it.
 * Source: k8s.io/apiextensions-apiserver/pkg/registry/customresource/strategy.go, Validate.
 */
export function problemsOf(object: unknown, schema: Schema): readonly Problem[] {
  return [...validateByOpenApi(object, schema), ...validateEmbedded(object, schema), ...validateListTypes(object, schema)];
}
