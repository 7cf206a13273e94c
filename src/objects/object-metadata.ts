/** @file What the API server knows of metadata, and makes of that of a resource within another. */
import { isRecord } from "../crd/is-record.ts";
import type { Path } from "./paths.ts";

export function isKnownMetadata(name: string): boolean {
  return FIELDS.has(name);
}

export interface MetadataProblem {
  readonly path: Path;
  readonly message: string;
}

/**
 * Of types, names, labels, annotations and finalizers. What Go cannot read is told of first, and alone.
 * Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go.
 */
export function metadataProblems(metadata: unknown): readonly MetadataProblem[] {
  if (metadata === null) return [];
  if (!isRecord(metadata)) return [{ path: [], message: "must be an object" }];
  const misread = Object.keys(metadata).filter((name) => metadata[name] !== null && FIELDS.get(name)?.(metadata[name]) === false);
  if (misread.length > 0) return misread.map((name) => ({ path: [name], message: "is of a type that metadata does not have" }));
  const problems: MetadataProblem[] = [];
  const check = (path: Path, isValid: boolean, message: string): void => {
    if (!isValid) problems.push({ path, message });
  };
  const { name, generateName, namespace, generation, labels, annotations, finalizers } = metadata;
  for (const [field, value] of [
    ["name", name],
    ["generateName", generateName],
  ] as const) {
    if (typeof value !== "string") continue;
    check([field], field === "generateName" || (value !== "." && value !== ".."), `may not be '${value}'`);
    check([field], !value.includes("/"), "may not contain '/'");
    check([field], !value.includes("%"), "may not contain '%'");
  }
  if (typeof namespace === "string" && namespace !== "") {
    check(["namespace"], namespace.length <= 63 && DNS_LABEL.test(namespace), "must be a lowercase RFC 1123 label");
  }
  check(["generation"], typeof generation !== "number" || generation >= 0, "must be greater than or equal to 0");
  for (const [key, value] of membersOf(labels)) {
    check(["labels", key], isQualifiedName(key), "must be a qualified name");
    check(["labels", key], typeof value !== "string" || isLabelValue(value), "must be a valid label value");
  }
  for (const [key] of membersOf(annotations)) {
    check(["annotations", key], isQualifiedName(key.toLowerCase()), "must be a qualified name");
  }
  for (const [index, finalizer] of Array.isArray(finalizers) ? finalizers.entries() : []) {
    check(["finalizers", index], typeof finalizer === "string" && isQualifiedName(finalizer), "must be a qualified name");
  }
  return problems;
}

type IsOfType = (value: unknown) => boolean;

const isText: IsOfType = (value) => typeof value === "string";
const isInteger: IsOfType = (value) => typeof value === "bigint" || Number.isInteger(value);
const isTexts: IsOfType = (value) => isRecord(value) && Object.values(value).every((member) => member === null || isText(member));
const isList: IsOfType = (value) => Array.isArray(value);
const isTime: IsOfType = (value) =>
  isText(value) && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(String(value));

/** Source: k8s.io/apimachinery/pkg/apis/meta/v1, ObjectMeta. */
const FIELDS: ReadonlyMap<string, IsOfType> = new Map([
  ["annotations", isTexts],
  ["creationTimestamp", isTime],
  ["deletionGracePeriodSeconds", isInteger],
  ["deletionTimestamp", isTime],
  ["finalizers", (value) => Array.isArray(value) && value.every(isText)],
  ["generateName", isText],
  ["generation", isInteger],
  ["labels", isTexts],
  ["managedFields", isList],
  ["name", isText],
  ["namespace", isText],
  ["ownerReferences", (value) => Array.isArray(value) && value.every((item) => isRecord(item))],
  ["resourceVersion", isText],
  ["selfLink", isText],
  ["uid", isText],
]);

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isRecord(value) ? Object.entries(value) : [];
}

/** Source: k8s.io/apimachinery/pkg/util/validation, IsQualifiedName. */
function isQualifiedName(text: string): boolean {
  const [first = "", second, ...others] = text.split("/");
  if (others.length > 0) return false;
  const name = second ?? first;
  const isPrefixed = second === undefined || (first.length <= 253 && first.split(".").every((label) => DNS_LABEL.test(label)));
  return isPrefixed && name.length <= 63 && /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name);
}

function isLabelValue(text: string): boolean {
  return text.length <= 63 && /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(text);
}
