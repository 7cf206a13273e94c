/** @file The Event that tells the owner of a workload that its annotation cannot be read. */
import type { UnreadableDeclaration } from "../rules/facts.ts";
import { type EventObject, eventObject } from "./event-object.ts";

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
 */
export function declarationEvent(declaration: UnreadableDeclaration, { uid, instance, now }: EventContext): EventObject {
  const { workload, key, value, problem } = declaration;
  const { kind, namespace, name } = workload;
  return eventObject(
    {
      type: "Warning",
      reason: "RequirementMalformed",
      action: "ReadRequirements",
      regarding: { apiVersion: "apps/v1", kind, namespace, name, uid },
      note: `The annotation ${key} cannot be read: ${shortened(problem)}. Until it is corrected, crdguard does not know what this ${kind} needs. Right is, for example: ${EXAMPLE}`,
    },
    { identity: [uid, key, value], instance, now },
  );
}

const EXAMPLE = "grpcroutes.gateway.networking.k8s.io/v1, gateways.gateway.networking.k8s.io/v1|v1beta1";

/** A note has 1,024 bytes; a character takes up to four, and the words around, which must not be cut, take 300. */
const MAX_PROBLEM_LENGTH = 180;

function shortened(problem: string): string {
  const line = problem.replaceAll(/\s+/g, " ");
  return line.length > MAX_PROBLEM_LENGTH ? `${line.slice(0, MAX_PROBLEM_LENGTH)}…` : line;
}
