/** @file Reads a Deployment, StatefulSet or DaemonSet out of untrusted JSON, keeping only what requirements are found by. */
import type { WorkloadRef } from "../rules/facts.ts";
import { isRecord } from "../crd/is-record.ts";

export interface Container {
  readonly name: string;
  readonly image: string;
}

export interface Workload {
  readonly ref: WorkloadRef;
  /** Wants at least one replica, ready or not: a crash-looping workload still counts, one scaled to zero does not. */
  readonly isRunning: boolean;
  /** Containers of the pod template, without init containers. */
  readonly containers: readonly Container[];
  /** Annotations under `crdguard.dev/`; the workload's own win over those of its pod template. */
  readonly annotations: Readonly<Record<string, string>>;
}

const WORKLOAD_KINDS = ["Deployment", "StatefulSet", "DaemonSet"] as const;

const ANNOTATION_PREFIX = "crdguard.dev/";

export function isWorkloadManifest(input: unknown): boolean {
  return isRecord(input) && input["apiVersion"] === "apps/v1" && WORKLOAD_KINDS.some((kind) => kind === input["kind"]);
}

/**
 * @param kind given by a list's endpoint, whose items carry no kind of their own; else read from the object.
 * @returns null for what has no name or no pod template: no API server stores such a workload.
 */
export function parseWorkload(input: unknown, kind?: WorkloadRef["kind"]): Workload | null {
  if (!isRecord(input)) return null;
  const actualKind = kind ?? WORKLOAD_KINDS.find((known) => known === input["kind"]);
  const metadata = input["metadata"];
  const spec = input["spec"];
  if (actualKind === undefined || !isRecord(metadata) || !isRecord(spec)) return null;
  const name = metadata["name"];
  const template = spec["template"];
  if (typeof name !== "string" || !isRecord(template)) return null;
  const namespace = metadata["namespace"];
  return {
    ref: { kind: actualKind, namespace: typeof namespace === "string" ? namespace : "default", name },
    isRunning: actualKind === "DaemonSet" || spec["replicas"] !== 0,
    containers: readContainers(template["spec"]),
    annotations: { ...ownAnnotations(template["metadata"]), ...ownAnnotations(metadata) },
  };
}

function readContainers(podSpec: unknown): readonly Container[] {
  if (!isRecord(podSpec) || !Array.isArray(podSpec["containers"])) return [];
  return podSpec["containers"].filter(isRecord).flatMap((container) => {
    const { name, image } = container;
    return typeof name === "string" && typeof image === "string" ? [{ name, image }] : [];
  });
}

function ownAnnotations(metadata: unknown): Readonly<Record<string, string>> {
  if (!isRecord(metadata) || !isRecord(metadata["annotations"])) return {};
  const own = Object.entries(metadata["annotations"]).filter(
    (entry): entry is [string, string] => entry[0].startsWith(ANNOTATION_PREFIX) && typeof entry[1] === "string",
  );
  return Object.fromEntries(own);
}
