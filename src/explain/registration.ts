/** @file What is told in the cluster of the webhook configurations that crdguard keeps. */

/** Only the server says so, and only to its own user: the API server has then reached it. */
export const REACHED_WARNING = "crdguard: the API server reaches this server";

export function registrationCreated(name: string): string {
  return `${name} was not there, and was created.`;
}

/** @param changedBy field manager that wrote last, or null where none is recorded. */
export function registrationRepaired(fields: readonly string[], changedBy: string | null): string {
  return `${changed(fields, changedBy)} It was put right: these fields are crdguard's own. Labels, annotations, further matchConditions and timeoutSeconds are yours.`;
}

/** @param seconds until the next repair. */
export function registrationContested(fields: readonly string[], changedBy: string | null, seconds: number): string {
  return `${changed(fields, changedBy)} This happens again and again, so that the next repair waits ${String(seconds)} s. Let that writer leave these fields alone: docs/registration.md has the settings for Argo CD and Flux.`;
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
