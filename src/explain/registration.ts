/** @file What is told in the cluster of what crdguard keeps there: webhook configurations, and the default policy. */

/** Only the server says so, and only to its own user: the API server has then reached it. */
export const REACHED_WARNING = "crdguard: the API server reaches this server";

/** Of an object that crdguard keeps. */
export interface KeptObjectName {
  readonly kind: string;
  readonly name: string;
}

export function keptCreated(object: KeptObjectName): string {
  const named = `${object.kind} ${object.name} was not there, and was created`;
  return isPolicy(object) ? `${named} with the defaults. What its spec says is yours.` : `${named}.`;
}

/** @param changedBy field manager that wrote last, or null where none is recorded. */
export function keptRepaired(object: KeptObjectName, fields: readonly string[], changedBy: string | null): string {
  const yours = isPolicy(object)
    ? "Its spec, and further labels and annotations, are yours."
    : "Labels, annotations, further matchConditions and timeoutSeconds are yours.";
  return `${changed(fields, changedBy)} It was put right: these fields are crdguard's own. ${yours}`;
}

/** @param seconds until the next repair. */
export function keptContested(
  object: KeptObjectName,
  fields: readonly string[],
  changedBy: string | null,
  seconds: number,
): string {
  const wayOut = isPolicy(object)
    ? "its spec is yours, and docs/policy.md tells the rest."
    : "docs/registration.md has the settings for Argo CD and Flux.";
  return `${changed(fields, changedBy)} This happens again and again, so that the next repair waits ${String(seconds)} s. Let that writer leave these fields alone: ${wayOut}`;
}

function isPolicy({ kind }: KeptObjectName): boolean {
  return kind === "GuardPolicy";
}

function changed(fields: readonly string[], changedBy: string | null): string {
  const shown = fields.slice(0, MAX_FIELDS).join(", ");
  const more = fields.length > MAX_FIELDS ? ` and ${String(fields.length - MAX_FIELDS)} more` : "";
  return `${shown}${more} differed; the last other writer is ${changedBy === null ? "not recorded" : `"${changedBy}"`}.`;
}

/** An Event holds 1,024 characters; a field has 80 or so. */
const MAX_FIELDS = 5;

export function registrationEnforcing(): string {
  return "The API server was seen to reach crdguard, so changes.crdguard.dev has failurePolicy Fail from now on: changes that crdguard cannot judge are refused.";
}

/** @param reason one line. */
export function registrationUnproven(reason: string): string {
  return `The API server was not seen to reach crdguard, so failurePolicy stays Ignore and changes go through unjudged: ${reason}. Look at the Service, its endpoints and network policies, and that crdguard may patch its own CRDs; it is tried again and again.`;
}
