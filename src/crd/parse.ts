/** @file Reads a CustomResourceDefinition out of untrusted JSON, keeping only what rules read. */
import type {
  Bundle,
  Crd,
  CrdCondition,
  CrdConversion,
  CrdVersion,
  OverrideRequest,
  PrinterColumn,
  StoredVersions,
  VersionForm,
  WebhookTarget,
  WrittenSchema,
} from "./crd.ts";
import { canonicalText } from "./canonical-text.ts";
import { isRecord } from "./is-record.ts";
import { readAppliers, readDefiners, readOwners } from "./owners.ts";

export interface CrdParseError {
  readonly code: "not-a-crd" | "crd-malformed";
  /** Where in the object, as a JSON path without the leading `$`; empty for the object itself. */
  readonly path: string;
  readonly message: string;
}

export type CrdParseResult = { readonly ok: true; readonly value: Crd } | { readonly ok: false; readonly error: CrdParseError };

/**
 * Checks the few members that decisions rest on, by hand rather than by a schema compiler, because this runs twice in
 * every review: schemas inside `spec.versions` are never walked, so neither size nor nesting of them costs anything.
 * `__proto__` keys stay inert: nothing is merged or copied by key.
 */
export function parseCrd(input: unknown, writtenSchema: FindSchema = asWritten): CrdParseResult {
  try {
    return { ok: true, value: readCrd(input, writtenSchema) };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, error: error.detail };
    throw error;
  }
}

/** What stands at `openAPIV3Schema` → the schema, or null to leave the form of the version out. */
export type FindSchema = (openApiSchema: unknown) => WrittenSchema | null;

/** As a manifest has it, by reference. */
function asWritten(openApiSchema: unknown): WrittenSchema | null {
  return isRecord(openApiSchema) ? { kind: "value", value: openApiSchema } : null;
}

/** For whoever keeps many CRDs: their schemas would be nine tenths of what is kept. */
export function withoutForms(): null {
  return null;
}

/** True for what calls itself a CustomResourceDefinition of apiextensions.k8s.io, whatever else is wrong with it. */
export function isCrdManifest(input: unknown): boolean {
  return (
    isRecord(input) &&
    input["kind"] === "CustomResourceDefinition" &&
    typeof input["apiVersion"] === "string" &&
    input["apiVersion"].startsWith("apiextensions.k8s.io/")
  );
}

class Malformed extends Error {
  readonly detail: CrdParseError;
  constructor(code: CrdParseError["code"], path: string, message: string) {
    super(message);
    this.detail = { code, path, message };
  }
}

function readCrd(input: unknown, writtenSchema: FindSchema): Crd {
  if (!isRecord(input)) throw new Malformed("not-a-crd", "", "expected an object");
  if (!isCrdManifest(input)) {
    throw new Malformed("not-a-crd", "kind", "expected apiVersion apiextensions.k8s.io/v1 and kind CustomResourceDefinition");
  }
  if (input["apiVersion"] !== "apiextensions.k8s.io/v1") {
    throw new Malformed(
      "crd-malformed",
      "apiVersion",
      "expected apiextensions.k8s.io/v1; no API server since 1.22 serves another",
    );
  }
  const metadata = record(input["metadata"], "metadata");
  const spec = record(input["spec"], "spec");
  const names = record(spec["names"], "spec.names");
  const versions = readVersions(spec["versions"], writtenSchema);
  const conditions = readConditions(input["status"]);
  return {
    name: text(metadata["name"], "metadata.name"),
    uid: typeof metadata["uid"] === "string" ? metadata["uid"] : null,
    generation: typeof metadata["generation"] === "number" ? metadata["generation"] : null,
    group: text(spec["group"], "spec.group"),
    plural: text(names["plural"], "spec.names.plural"),
    kind: text(names["kind"], "spec.names.kind"),
    otherNames: readOtherNames(names),
    scope: spec["scope"] === "Cluster" ? "Cluster" : "Namespaced",
    labels: readLabels(metadata["labels"]),
    versions,
    stored: readStoredVersions(input["status"], versions),
    bundle: readBundle(metadata["annotations"]),
    override: readOverride(metadata["annotations"]),
    lastWrittenAt: readLastWrite(metadata["managedFields"]),
    isMigratedInTree: conditions.some((condition) => isFinishedMigration(condition, metadata["generation"])),
    isTerminating: metadata["deletionTimestamp"] !== undefined && metadata["deletionTimestamp"] !== null,
    terminatingSince: typeof metadata["deletionTimestamp"] === "string" ? metadata["deletionTimestamp"] : null,
    finalizers: Array.isArray(metadata["finalizers"])
      ? metadata["finalizers"].filter((finalizer): finalizer is string => typeof finalizer === "string")
      : [],
    conditions: conditions.filter(({ type }) => TELLING_CONDITIONS.has(type)).map(toCondition),
    conversion: readConversion(spec["conversion"]),
    ...(spec["preserveUnknownFields"] === true ? { preservesUnknownFields: true } : {}),
    owners: readOwners(metadata),
    appliers: readAppliers(metadata["managedFields"]),
    definers: readDefiners(metadata["managedFields"]),
    isCaBundleInjected: isInjected(metadata["annotations"]),
  };
}

function readVersions(input: unknown, writtenSchema: FindSchema): readonly CrdVersion[] {
  if (!Array.isArray(input) || input.length === 0) {
    throw new Malformed("crd-malformed", "spec.versions", "expected a list with at least one version");
  }
  const seen = new Set<string>();
  return input.map((item: unknown, index) => {
    const path = `spec.versions[${String(index)}]`;
    const version = record(item, path);
    const name = text(version["name"], `${path}.name`);
    if (seen.has(name)) throw new Malformed("crd-malformed", `${path}.name`, `"${name}" is listed twice`);
    seen.add(name);
    const form = readForm(version, writtenSchema);
    return {
      name,
      isServed: flag(version["served"], `${path}.served`),
      isStorage: flag(version["storage"], `${path}.storage`),
      ...(form === null ? {} : { form }),
    };
  });
}

/** Lenient: the API server has checked it, or will. */
function readForm(version: Readonly<Record<string, unknown>>, writtenSchema: FindSchema): VersionForm | null {
  const schema = isRecord(version["schema"]) ? writtenSchema(version["schema"]["openAPIV3Schema"]) : null;
  if (schema === null) return null;
  const subresources = isRecord(version["subresources"]) ? version["subresources"] : {};
  return {
    schema,
    hasStatus: isRecord(subresources["status"]),
    scale: isRecord(subresources["scale"]) ? canonicalText(subresources["scale"]) : null,
    selectableFields: listOfRecords(version["selectableFields"]).map(({ jsonPath }) => textOr(jsonPath)),
    printerColumns: listOfRecords(version["additionalPrinterColumns"]).map(({ name, type, jsonPath }): PrinterColumn => ({
      name: textOr(name),
      type: textOr(type),
      jsonPath: textOr(jsonPath),
    })),
    isDeprecated: version["deprecated"] === true,
  };
}

function listOfRecords(input: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(input) ? input.filter(isRecord) : [];
}

/** The API server names one object of a kind by the kind, unless told. Source: apiextensions v1, defaults.go. */
function readOtherNames({ kind, singular, shortNames, categories }: Readonly<Record<string, unknown>>): readonly string[] {
  const single = typeof kind === "string" && (singular === undefined || singular === "") ? kind.toLowerCase() : singular;
  return [single, ...listOf(shortNames), ...listOf(categories)].filter(
    (name): name is string => typeof name === "string" && name !== "",
  );
}

function listOf(input: unknown): readonly unknown[] {
  return Array.isArray(input) ? input : [];
}

function readStoredVersions(status: unknown, versions: readonly CrdVersion[]): StoredVersions {
  if (isRecord(status) && Array.isArray(status["storedVersions"]) && status["storedVersions"].length > 0) {
    const names = status["storedVersions"].map((name: unknown, index) => text(name, `status.storedVersions[${String(index)}]`));
    return { names, source: "status" };
  }
  return { names: versions.filter((version) => version.isStorage).map((version) => version.name), source: "assumed" };
}

/** The API server takes texts alone; what is none in a manifest chooses nothing. */
function readLabels(input: unknown): Crd["labels"] {
  if (!isRecord(input)) return NO_LABELS;
  return Object.fromEntries(Object.entries(input).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

const NO_LABELS: Crd["labels"] = {};

/** Source: Gateway API, "Versioning", annotations on its CRDs. */
const BUNDLE_VERSION = "gateway.networking.k8s.io/bundle-version";
const BUNDLE_CHANNEL = "gateway.networking.k8s.io/channel";

function readBundle(annotations: unknown): Bundle | null {
  if (!isRecord(annotations)) return null;
  const version = annotations[BUNDLE_VERSION];
  const channel = annotations[BUNDLE_CHANNEL];
  if (typeof version !== "string") return null;
  return { version, channel: typeof channel === "string" ? channel : null };
}

export const OVERRIDE = "crdguard.dev/override";
export const OVERRIDE_REASON = "crdguard.dev/override-reason";
export const OVERRIDE_UNTIL = "crdguard.dev/override-until";

/** Whether it counts is not decided here; annotations that it is not made of are not looked at. */
function readOverride(annotations: unknown): OverrideRequest | null {
  if (!isRecord(annotations)) return null;
  const { [OVERRIDE]: rules, [OVERRIDE_REASON]: reason, [OVERRIDE_UNTIL]: until } = annotations;
  if (typeof rules !== "string") return null;
  return { rules, reason: typeof reason === "string" ? reason : null, until: typeof until === "string" ? until : null };
}

function readLastWrite(managedFields: unknown): string | null {
  if (!Array.isArray(managedFields)) return null;
  return managedFields
    .filter((entry: unknown) => isRecord(entry) && (entry["subresource"] === undefined || entry["subresource"] === ""))
    .map((entry: unknown) => (isRecord(entry) && typeof entry["time"] === "string" ? entry["time"] : ""))
    .reduce<string | null>((latest, time) => (time !== "" && (latest === null || time > latest) ? time : latest), null);
}

function readConditions(status: unknown): readonly Readonly<Record<string, unknown>>[] {
  return isRecord(status) && Array.isArray(status["conditions"]) ? status["conditions"].filter(isRecord) : [];
}

/**
 * Kubernetes 1.36 and newer report a finished storage version migration on the CRD itself.
 * Source: kubernetes/kubernetes#135297 (condition StorageMigrating, reason MigrationSucceeded).
 */
function isFinishedMigration(condition: Readonly<Record<string, unknown>>, generation: unknown): boolean {
  return (
    condition["type"] === "StorageMigrating" &&
    condition["status"] === "False" &&
    condition["reason"] === "MigrationSucceeded" &&
    generation !== undefined &&
    condition["observedGeneration"] === generation
  );
}

const TELLING_CONDITIONS: ReadonlySet<unknown> = new Set(["NamesAccepted", "NonStructuralSchema", "Terminating"]);

function toCondition({ type, status, reason, message }: Readonly<Record<string, unknown>>): CrdCondition {
  return { type: textOr(type), status: textOr(status), reason: textOr(reason), message: textOr(message) };
}

/** Lenient: nothing is decided by it, and the API server has checked it. */
function readConversion(conversion: unknown): CrdConversion {
  if (conversion === undefined || conversion === null) return UNTOLD_CONVERSION;
  if (!isRecord(conversion) || conversion["strategy"] !== "Webhook" || !isRecord(conversion["webhook"])) return NO_CONVERSION;
  const { clientConfig } = conversion["webhook"];
  const target = readWebhookTarget(clientConfig);
  if (target === null || !isRecord(clientConfig)) return NO_CONVERSION;
  const { caBundle } = clientConfig;
  return { kind: "webhook", target, caBundle: typeof caBundle === "string" && caBundle !== "" ? caBundle : null };
}

/** Source: cert-manager, "CA Injector"; OpenShift, "Securing service traffic using service serving certificate secrets". */
const INJECTIONS = [
  "cert-manager.io/inject-ca-from",
  "cert-manager.io/inject-ca-from-secret",
  "cert-manager.io/inject-apiserver-ca",
  "service.beta.openshift.io/inject-cabundle",
] as const;

function isInjected(annotations: unknown): boolean {
  return isRecord(annotations) && INJECTIONS.some((key) => annotations[key] !== undefined);
}

/** A `clientConfig`, as conversion and admission webhooks have it alike; null for what is none. */
export function readWebhookTarget(clientConfig: unknown): WebhookTarget | null {
  if (!isRecord(clientConfig)) return null;
  const { url, service } = clientConfig;
  if (typeof url === "string") return { kind: "url", url };
  if (!isRecord(service)) return null;
  const { namespace, name, port } = service;
  if (typeof namespace !== "string" || typeof name !== "string") return null;
  return { kind: "service", namespace, name, port: typeof port === "number" ? port : DEFAULT_PORT };
}

/** Source: k8s.io/api/admissionregistration/v1, ServiceReference.Port. */
const DEFAULT_PORT = 443;

const NO_CONVERSION: CrdConversion = { kind: "none" };

/** The API server writes `None` where nobody has written anything, so that this is a manifest. */
const UNTOLD_CONVERSION: CrdConversion = { kind: "none", isUntold: true };

function textOr(input: unknown): string {
  return typeof input === "string" ? input : "";
}

function record(input: unknown, path: string): Readonly<Record<string, unknown>> {
  if (!isRecord(input)) throw new Malformed("crd-malformed", path, "expected an object");
  return input;
}

function text(input: unknown, path: string): string {
  if (typeof input !== "string" || input === "") throw new Malformed("crd-malformed", path, "expected a non-empty string");
  return input;
}

function flag(input: unknown, path: string): boolean {
  if (typeof input !== "boolean") throw new Malformed("crd-malformed", path, "expected true or false");
  return input;
}
