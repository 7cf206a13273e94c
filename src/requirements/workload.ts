/** @file Reads a Deployment, StatefulSet or DaemonSet out of untrusted JSON, keeping only what requirements are found by. */
import type { WorkloadRef } from "../rules/facts.ts";
import { isRecord } from "../crd/is-record.ts";

export interface Container {
  readonly name: string;
  readonly image: string;
  /** `command` and `args`, in this order. */
  readonly args: readonly string[];
  /** Null: the variable is set, from a place that the pod template does not show (`valueFrom`). */
  readonly env: Readonly<Record<string, string | null>>;
  /** Variables come from whole ConfigMaps or Secrets too (`envFrom`). */
  readonly hasForeignEnv: boolean;
}

export interface Workload {
  readonly ref: WorkloadRef;
  /** Wants at least one replica, ready or not: a crash-looping workload still counts, one scaled to zero does not. */
  readonly isRunning: boolean;
  /** Containers of the pod template, sidecars among them, without those that only run before the others. */
  readonly containers: readonly Container[];
  /** The workload's own, by which `kubectl get -l` selects it. */
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations under `crdguard.dev/`; the workload's own win over those of its pod template. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The Helm release that it says to be of. */
  readonly helmRelease?: { readonly namespace: string; readonly name: string };
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
    labels: textMembers(metadata["labels"]),
    annotations: { ...ownAnnotations(template["metadata"]), ...ownAnnotations(metadata) },
    ...helmRelease(metadata),
  };
}

function helmRelease({ annotations }: Readonly<Record<string, unknown>>): Pick<Workload, "helmRelease"> {
  if (!isRecord(annotations)) return {};
  const name = annotations["meta.helm.sh/release-name"];
  const namespace = annotations["meta.helm.sh/release-namespace"];
  return typeof name === "string" && typeof namespace === "string" ? { helmRelease: { namespace, name } } : {};
}

/** An init container that is always restarted is a sidecar. Source: k8s.io/api/core/v1, Container.RestartPolicy. */
function readContainers(podSpec: unknown): readonly Container[] {
  if (!isRecord(podSpec)) return [];
  const { containers, initContainers } = podSpec;
  const running = [
    ...(Array.isArray(containers) ? containers.filter(isRecord) : []),
    ...(Array.isArray(initContainers) ? initContainers.filter(isRecord) : []).filter(
      ({ restartPolicy }) => restartPolicy === "Always",
    ),
  ];
  return running.flatMap((container) => {
    const { name, image } = container;
    if (typeof name !== "string" || typeof image !== "string") return [];
    const { command, args, env, envFrom } = container;
    return [
      {
        name,
        image,
        args: [...textItems(command), ...textItems(args)],
        env: readEnv(env),
        hasForeignEnv: Array.isArray(envFrom) && envFrom.length > 0,
      },
    ];
  });
}

function readEnv(env: unknown): Readonly<Record<string, string | null>> {
  if (!Array.isArray(env)) return {};
  return Object.fromEntries(
    env.filter(isRecord).flatMap(({ name, value, valueFrom }): readonly (readonly [string, string | null])[] => {
      if (typeof name !== "string") return [];
      if (valueFrom !== undefined && valueFrom !== null) return [[name, null]];
      // Without a value, the variable is set to nothing. Source: k8s.io/api/core/v1, EnvVar.
      return [[name, typeof value === "string" ? value : ""]];
    }),
  );
}

function ownAnnotations(metadata: unknown): Readonly<Record<string, string>> {
  if (!isRecord(metadata)) return {};
  return Object.fromEntries(
    Object.entries(textMembers(metadata["annotations"])).filter(([key]) => key.startsWith(ANNOTATION_PREFIX)),
  );
}

function textMembers(input: unknown): Readonly<Record<string, string>> {
  if (!isRecord(input)) return {};
  return Object.fromEntries(Object.entries(input).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function textItems(input: unknown): readonly string[] {
  return Array.isArray(input) ? input.filter((item): item is string => typeof item === "string") : [];
}
