/** @file Conditions of Kubernetes objects: when each last changed. */
import { isRecord } from "../crd/is-record.ts";

/** Source of the form: k8s.io/apimachinery/pkg/apis/meta/v1, Condition; but for the time. */
export interface UntimedCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
}

/** With ours, and after them those of other types. */
export type Timed<Status> = Omit<Status, "conditions"> & {
  readonly conditions: readonly Readonly<Record<string, unknown>>[];
};

/**
 * The status as it is to be written over `previous`: a condition keeps its time while its status stays the same, and
 * conditions of other types, which are somebody else's, are kept.
 * @param previous the status that the object has; of any shape.
 */
export function withTransitionTimes<Status extends { readonly conditions: readonly UntimedCondition[] }>(
  status: Status,
  previous: unknown,
  now: Date,
): Timed<Status> {
  const known = isRecord(previous) && Array.isArray(previous["conditions"]) ? previous["conditions"].filter(isRecord) : [];
  // Kubernetes' times have a resolution of a second.
  const nowText = `${now.toISOString().slice(0, 19)}Z`;
  const ours = status.conditions.map((condition) => {
    const before = known.find(({ type }) => type === condition.type);
    const time = before?.["status"] === condition.status ? before["lastTransitionTime"] : null;
    return { ...condition, lastTransitionTime: typeof time === "string" ? time : nowText };
  });
  const others = known.filter(({ type }) => ours.every((condition) => condition.type !== type));
  return { ...status, conditions: [...ours, ...others] };
}
