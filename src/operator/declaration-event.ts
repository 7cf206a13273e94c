/** @file The Event that tells the owner of a workload that its annotation cannot be read. */
import { createHash } from "node:crypto";
import type { UnreadableDeclaration } from "../rules/facts.ts";

export interface EventContext {
  /** `metadata.uid` of the workload: without it, `kubectl describe` does not find the Event. */
  readonly uid: string;
  /** Who reports: the name of the pod or host. */
  readonly instance: string;
  readonly now: Date;
}

/**
 * Its name is made of what it is about, so that several replicas, and one that is restarted, make it once. The API server
 * forgets Events after an hour (kube-apiserver flag --event-ttl).
 * Source of the form: k8s.io/api/events/v1, Event, and its bounds in pkg/apis/core/validation/events.go.
 */
export function declarationEvent(
  declaration: UnreadableDeclaration,
  { uid, instance, now }: EventContext,
): Readonly<Record<string, unknown>> & { readonly metadata: { readonly namespace: string; readonly name: string } } {
  const { workload, key, value, problem } = declaration;
  const { kind, namespace, name } = workload;
  const digest = createHash("sha256")
    .update(JSON.stringify([uid, key, value]))
    .digest("hex")
    .slice(0, 16);
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { namespace, name: `${name.slice(0, MAX_NAME_LENGTH).replace(/[-.]+$/, "")}.${digest}` },
    // Go's MicroTime is read with six digits only.
    eventTime: now.toISOString().replace("Z", "000Z"),
    type: "Warning",
    reason: "RequirementMalformed",
    action: "ReadRequirements",
    regarding: { apiVersion: "apps/v1", kind, namespace, name, uid },
    note: `The annotation ${key} cannot be read: ${shortened(problem)}. Until it is corrected, crdguard does not know what this ${kind} needs. Right is, for example: ${EXAMPLE}`,
    reportingController: "crdguard.dev/crdguard",
    reportingInstance: instance.slice(0, MAX_INSTANCE_LENGTH),
  };
}

const EXAMPLE = "grpcroutes.gateway.networking.k8s.io/v1, gateways.gateway.networking.k8s.io/v1|v1beta1";

/** A name has 253 characters at most; 17 are the digest's. */
const MAX_NAME_LENGTH = 236;
const MAX_INSTANCE_LENGTH = 128;
/** The note has 1,024 bytes at most; a character takes up to four, and the words around take 300. */
const MAX_PROBLEM_LENGTH = 180;

function shortened(problem: string): string {
  const line = problem.replaceAll(/\s+/g, " ");
  return line.length > MAX_PROBLEM_LENGTH ? `${line.slice(0, MAX_PROBLEM_LENGTH)}…` : line;
}
