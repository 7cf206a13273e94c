/** @file An Event as the API server takes it, within its bounds. */
import { createHash } from "node:crypto";
import type { ClusterEvent } from "./cluster-event.ts";

/** What an Event tells, whoever makes it; reasons of declarations are their own. */
export type EventContent = Omit<ClusterEvent, "reason"> & { readonly reason: string };

export interface EventCircumstances {
  /** As JSON: Events that are alike in it have one name, so that there is one of them, whoever makes it and how often. */
  readonly identity: readonly unknown[];
  /** Who reports: the name of the pod or host. */
  readonly instance: string;
  readonly now: Date;
}

export type EventObject = Readonly<Record<string, unknown>> & {
  readonly metadata: { readonly namespace: string; readonly name: string };
};

/** Source of the form: k8s.io/api/events/v1, Event, and its bounds in pkg/apis/core/validation/events.go. */
export function eventObject(content: EventContent, { identity, instance, now }: EventCircumstances): EventObject {
  const { regarding, type, reason, action, note } = content;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { namespace: regarding.namespace ?? NAMESPACE_OF_CLUSTER_SCOPE, name: nameOf(regarding.name, identity) },
    eventTime: microTime(now),
    type,
    reason,
    action,
    regarding,
    note: cutToBytes(note.replaceAll(/\s+/g, " ").trim(), MAX_NOTE_BYTES),
    reportingController: "crdguard.dev/crdguard",
    reportingInstance: instance.slice(0, MAX_INSTANCE_LENGTH),
  };
}

/** Go's MicroTime is read with six digits only. */
export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}

/** What Events of objects without a namespace must be in. Source: validation/events.go, ValidateEventCreate. */
const NAMESPACE_OF_CLUSTER_SCOPE = "default";

function nameOf(subject: string, identity: readonly unknown[]): string {
  const digest = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, DIGEST_LENGTH);
  return `${subject.slice(0, MAX_NAME_LENGTH).replace(/[-.]+$/, "")}.${digest}`;
}

const DIGEST_LENGTH = 16;
/** A name has 253 characters at most; 17 are the digest's, with its dot. */
const MAX_NAME_LENGTH = 253 - DIGEST_LENGTH - 1;
/** Source: validation/events.go, NoteLengthLimit and ReportingInstanceLengthLimit. */
const MAX_NOTE_BYTES = 1_024;
const MAX_INSTANCE_LENGTH = 128;

/** Whole characters only. */
function cutToBytes(text: string, bytes: number): string {
  const well = text.toWellFormed();
  if (Buffer.byteLength(well) <= bytes) return well;
  const { read } = new TextEncoder().encodeInto(well, new Uint8Array(bytes - Buffer.byteLength("…")));
  return `${well.slice(0, read)}…`;
}
