/** @file What became of changes of CRDs, told as Events on them. */
import type { AnsweredChange } from "../../admission/server.ts";
import { changeEvents } from "../../explain/events.ts";
import type { EventRecorder } from "../../operator/cluster-event.ts";
import { changedCrdName, previousCrd } from "../../rules/change.ts";

export function recordAnswered({ operation, change, username, verdict }: AnsweredChange, events: EventRecorder): void {
  const crdName = changedCrdName(change);
  // A create that is denied leaves no object behind; the uid that the API server gave it is nobody's.
  const uid = previousCrd(change)?.uid ?? null;
  const regarding = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    name: crdName,
    ...(uid === null ? {} : { uid }),
  };
  for (const event of changeEvents({ crdName, operation, username, verdict })) events.record({ ...event, regarding });
}
