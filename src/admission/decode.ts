/** @file Bytes → a change or a workload, or a coded error: nothing untrusted gets past this file. */
import { Ajv } from "ajv";
import type { Requester } from "../cluster/cluster.ts";
import { isRecord } from "../crd/is-record.ts";
import { type CrdParseResult, type FindSchema, parseCrd } from "../crd/parse.ts";
import type { Crd } from "../crd/crd.ts";
import { parseWorkload, type Workload } from "../requirements/workload.ts";
import { changedCrdName, type CrdChange } from "../rules/change.ts";
import type { WorkloadRef } from "../rules/facts.ts";
import { withoutSchemas } from "./without-schemas.ts";

/** The envelope cannot be read, so that no AdmissionReview can answer it; HTTP 400. */
export interface EnvelopeError {
  readonly code: "json-malformed" | "review-malformed";
  readonly message: string;
}

export interface DecodedReview {
  readonly uid: string;
  readonly isDryRun: boolean;
  readonly operation: Operation;
  readonly subresource: string | null;
  /** As the API server names it; for a deletion the name of the old object, for a workload `namespace/name`. */
  readonly name: string;
  readonly requester: Requester;
  readonly subject: Subject;
}

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** What a path of the server takes reviews of. */
export type ReviewedThings = "crds" | "workloads";

export type Subject =
  | { readonly kind: "change"; readonly change: CrdChange }
  /** As it would be stored. */
  | { readonly kind: "workload"; readonly workload: Workload }
  /** Something crdguard has no opinion on; a webhook rule that is too wide sends it. */
  | { readonly kind: "irrelevant"; readonly reason: string }
  /** A CRD change or a workload that does not hold together; no API server sends it. */
  | { readonly kind: "unreadable"; readonly code: UnreadableCode; readonly message: string };

export type UnreadableCode = "object-missing" | "object-malformed" | "name-mismatch";

export type DecodeResult =
  { readonly ok: true; readonly value: DecodedReview } | { readonly ok: false; readonly error: EnvelopeError };

/**
 * Reads an AdmissionReview v1. The envelope is checked by schema; of the objects in it only what rules read is looked at,
 * so that neither depth nor size of a CRD's schemas costs anything here.
 * Source of the shape: k8s.io/api/admission/v1, AdmissionReview.
 */
export function decodeReview(body: Buffer, things: ReviewedThings = "crds"): DecodeResult {
  let review: unknown;
  const { text: bare, schemas } = withoutSchemas(body);
  try {
    review = JSON.parse(bare);
  } catch {
    return { ok: false, error: { code: "json-malformed", message: "the body is not JSON" } };
  }
  if (!isAdmissionReview(review)) {
    const first = isAdmissionReview.errors?.[0];
    const path = first?.instancePath === "" ? "the body" : (first?.instancePath ?? "the body");
    return {
      ok: false,
      error: {
        code: "review-malformed",
        message: `not an AdmissionReview of admission.k8s.io/v1: ${path} ${first?.message ?? "is malformed"}`,
      },
    };
  }
  const { request } = review;
  const subject = things === "crds" ? readCrdSubject(request, schemaIn(schemas)) : readWorkloadSubject(request);
  return {
    ok: true,
    value: {
      uid: request.uid,
      isDryRun: request.dryRun ?? false,
      operation: request.operation,
      subresource: emptyToNull(request.subResource),
      name: nameOf(request, subject),
      requester: {
        username: request.userInfo?.username ?? "",
        uid: request.userInfo?.uid ?? "",
        groups: request.userInfo?.groups ?? [],
        extra: request.userInfo?.extra ?? {},
      },
      subject,
    },
  };
}

interface AdmissionRequest {
  readonly uid: string;
  readonly operation: Operation;
  readonly resource: { readonly group: string; readonly resource: string };
  readonly subResource?: string;
  readonly name?: string;
  readonly dryRun?: boolean | null;
  readonly userInfo?: {
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[] | null;
    readonly extra?: Readonly<Record<string, readonly string[]>> | null;
  };
  readonly object?: unknown;
  readonly oldObject?: unknown;
}

/** The API server's uids are UUIDs, of 36 characters; four times that leaves room and bounds what is echoed and logged. */
const MAX_UID_LENGTH = 144;

const text = { type: "string" } as const;

const isAdmissionReview = new Ajv({ strict: true, allowUnionTypes: true }).compile<{ readonly request: AdmissionRequest }>({
  type: "object",
  required: ["apiVersion", "kind", "request"],
  properties: {
    apiVersion: { const: "admission.k8s.io/v1" },
    kind: { const: "AdmissionReview" },
    request: {
      type: "object",
      required: ["uid", "operation", "resource"],
      properties: {
        uid: { type: "string", minLength: 1, maxLength: MAX_UID_LENGTH },
        operation: { enum: ["CREATE", "UPDATE", "DELETE", "CONNECT"] },
        resource: { type: "object", required: ["group", "resource"], properties: { group: text, resource: text } },
        subResource: text,
        name: text,
        dryRun: { type: ["boolean", "null"] },
        userInfo: {
          type: "object",
          properties: {
            username: text,
            uid: text,
            groups: { type: ["array", "null"], items: text },
            extra: { type: ["object", "null"], additionalProperties: { type: "array", items: text } },
          },
        },
      },
    },
  },
});

/** A number stands for the schema that was taken out there. */
function schemaIn(schemas: readonly string[]): FindSchema {
  return (openApiSchema) => {
    if (isRecord(openApiSchema)) return { kind: "value", value: openApiSchema };
    const written = typeof openApiSchema === "number" ? schemas[openApiSchema] : undefined;
    return written === undefined ? null : { kind: "json", text: written };
  };
}

function readCrdSubject(request: AdmissionRequest, findSchema: FindSchema): Subject {
  const { group, resource } = request.resource;
  if (group !== "apiextensions.k8s.io" || resource !== "customresourcedefinitions") {
    return { kind: "irrelevant", reason: `crdguard judges customresourcedefinitions only, not ${resource}.${group}` };
  }
  const subresource = emptyToNull(request.subResource);
  if (subresource !== null && subresource !== "status") {
    return { kind: "irrelevant", reason: `crdguard does not judge the subresource ${subresource}` };
  }
  switch (request.operation) {
    case "CREATE":
      return readOne(request.object, "object", findSchema, (next) => ({ kind: "create", next }));
    case "DELETE":
      return readOne(request.oldObject, "oldObject", findSchema, (previous) => ({ kind: "delete", previous }));
    case "UPDATE":
      return readBoth(request, subresource === "status" ? "status-update" : "update", findSchema);
    case "CONNECT":
      return { kind: "irrelevant", reason: "crdguard does not judge connections" };
  }
}

/** The old object is of no interest: what runs today is known from the cluster. */
function readWorkloadSubject(request: AdmissionRequest): Subject {
  const { group, resource } = request.resource;
  const kind = group === "apps" ? WORKLOAD_KINDS.get(resource) : undefined;
  if (kind === undefined) {
    return {
      kind: "irrelevant",
      reason: `crdguard warns here of deployments, statefulsets and daemonsets only, not of ${resource}.${group}`,
    };
  }
  const subresource = emptyToNull(request.subResource);
  if (subresource !== null) return { kind: "irrelevant", reason: `crdguard does not judge the subresource ${subresource}` };
  if (request.operation !== "CREATE" && request.operation !== "UPDATE") {
    return { kind: "irrelevant", reason: `crdguard judges no ${request.operation} of ${resource}` };
  }
  const { object } = request;
  if (object === undefined || object === null) {
    return { kind: "unreadable", code: "object-missing", message: "request.object is missing" };
  }
  const workload = parseWorkload(object, kind);
  return workload === null
    ? { kind: "unreadable", code: "object-malformed", message: "request.object has no name or no pod template" }
    : { kind: "workload", workload };
}

const WORKLOAD_KINDS: ReadonlyMap<string, WorkloadRef["kind"]> = new Map([
  ["deployments", "Deployment"],
  ["statefulsets", "StatefulSet"],
  ["daemonsets", "DaemonSet"],
] as const);

function readOne(input: unknown, member: string, findSchema: FindSchema, toChange: (crd: Crd) => CrdChange): Subject {
  const crd = readMember(input, member, findSchema);
  return crd.ok ? { kind: "change", change: toChange(crd.value) } : crd.error;
}

function readBoth(request: AdmissionRequest, kind: "update" | "status-update", findSchema: FindSchema): Subject {
  const previous = readMember(request.oldObject, "oldObject", findSchema);
  if (!previous.ok) return previous.error;
  const next = readMember(request.object, "object", findSchema);
  if (!next.ok) return next.error;
  if (previous.value.name !== next.value.name) {
    return { kind: "unreadable", code: "name-mismatch", message: "request.object and request.oldObject have different names" };
  }
  return { kind: "change", change: { kind, previous: previous.value, next: next.value } };
}

function readMember(
  input: unknown,
  member: string,
  findSchema: FindSchema,
): Extract<CrdParseResult, { ok: true }> | { readonly ok: false; readonly error: Extract<Subject, { kind: "unreadable" }> } {
  if (input === undefined || input === null) {
    return { ok: false, error: { kind: "unreadable", code: "object-missing", message: `request.${member} is missing` } };
  }
  const crd = parseCrd(input, findSchema);
  if (crd.ok) return crd;
  const path = crd.error.path === "" ? "" : `.${crd.error.path}`;
  return {
    ok: false,
    error: { kind: "unreadable", code: "object-malformed", message: `request.${member}${path}: ${crd.error.message}` },
  };
}

/** Deleting a collection is asked object by object, without a name in the request. */
function nameOf(request: AdmissionRequest, subject: Subject): string {
  switch (subject.kind) {
    case "change":
      return changedCrdName(subject.change);
    case "workload":
      return `${subject.workload.ref.namespace}/${subject.workload.ref.name}`;
    case "irrelevant":
    case "unreadable":
      return request.name ?? "";
  }
}

function emptyToNull(value: string | undefined): string | null {
  return value === undefined || value === "" ? null : value;
}
