/** @file Why the API server does not take an object, field by field. */
import type { ApiError } from "../../cluster/live/api-error.ts";

export interface Problem {
  /** A path such as `spec.rules[0].port`; empty where the API server names none. */
  readonly path: string;
  readonly kind: "unknown-field" | "invalid";
  /** The API server's words; empty for an unknown field. */
  readonly message: string;
}

/** Fields that the schema does not have, which a strict request is refused for. Source: k8s.io/apimachinery/pkg/runtime, strictDecodingError. */
export function unknownFieldsOf({ message }: Pick<ApiError, "message">): readonly Problem[] {
  return fieldsIn(message.slice(Math.max(0, message.indexOf(STRICT))));
}

/** What a warning names. */
export function fieldsIn(message: string): readonly Problem[] {
  return [...message.matchAll(/(?:unknown|duplicate) field "((?:[^"\\]|\\.)+)"/g)].map(([, path = ""]) => ({
    path,
    kind: "unknown-field",
    message: "",
  }));
}

/** At least one. */
export function problemsOf(error: ApiError): readonly [Problem, ...Problem[]] {
  const unknown = error.message.includes(STRICT) ? unknownFieldsOf(error) : [];
  const causes = (error.causes ?? []).map(({ field, message }): Problem => ({ path: field, kind: "invalid", message }));
  // The message was cut: there is more.
  const rest: readonly Problem[] =
    unknown.length > 0 && error.message.endsWith("…") ? [{ path: "", kind: "invalid", message: "and more" }] : [];
  const [first, ...others] = [...unknown, ...causes, ...rest];
  return first === undefined ? [{ path: "", kind: "invalid", message: error.message }] : [first, ...others];
}

const STRICT = "strict decoding error: ";
