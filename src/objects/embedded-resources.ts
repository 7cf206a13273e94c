/** @file Whole resources within an object: they name their type, and their metadata is Kubernetes' own. */
import { isRecord } from "../crd/is-record.ts";
import type { Schema } from "../crd/schema/schema.ts";
import { metadataProblems } from "./object-metadata.ts";
import { below, type Path } from "./paths.ts";
import type { Problem } from "./problem.ts";
import { remembered } from "./remembered.ts";
import type { JsonObject } from "./with-member.ts";

/** Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta, Validate and Coerce. */
export function validateEmbedded(object: unknown, schema: Schema): readonly Problem[] {
  if (!hasEmbedded(schema)) return [];
  const problems: Problem[] = [];
  validateLevel(object, schema, [], problems);
  return problems;
}

const hasEmbedded = remembered(
  (schema: Schema): boolean =>
    schema.isEmbeddedResource ||
    [...schema.properties.values(), schema.additionalProperties, schema.items].some(
      (child) => typeof child === "object" && child !== null && hasEmbedded(child),
    ),
);

function validateLevel(value: unknown, schema: Schema | null, at: (string | number)[], problems: Problem[]): void {
  if (schema === null || !hasEmbedded(schema)) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      at.push(index);
      validateLevel(item, schema.items, at, problems);
      at.pop();
    }
  } else if (isRecord(value)) {
    if (schema.isEmbeddedResource) validateResource(value, at, problems);
    for (const name of Object.keys(value)) {
      at.push(name);
      validateLevel(value[name], below(schema, name), at, problems);
      at.pop();
    }
  }
}

function validateResource(resource: JsonObject, at: Path, problems: Problem[]): void {
  const add = (path: Path, message: string): void => {
    problems.push({ path: [...at, ...path], keyword: "embedded-resource", message });
  };
  for (const name of ["apiVersion", "kind"] as const) {
    const value = resource[name];
    if (!Object.hasOwn(resource, name)) add([name], "Required value");
    else if (typeof value !== "string") add([name], "must be a string");
    else if (value === "") add([name], "must not be empty");
    else if (name === "apiVersion" && value.split("/").length > 2) add([name], `unexpected GroupVersion string: ${value}`);
    else if (name === "kind" && !(value.length <= 63 && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value.toLowerCase()))) {
      add([name], "may have mixed case, but should otherwise match: a DNS-1035 label");
    }
  }
  if (Object.hasOwn(resource, "metadata")) {
    for (const { path, message } of metadataProblems(resource["metadata"])) add(["metadata", ...path], message);
  }
}
