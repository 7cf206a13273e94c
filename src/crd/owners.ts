/** @file Reads who keeps an object, from the labels, annotations and managed fields that each of them leaves on it. */
import type { CrdDefiner, CrdOwner } from "./crd.ts";
import { isRecord } from "./is-record.ts";

/**
 * What is recorded, true or not: a label stays when its writer has gone. The label `app.kubernetes.io/instance`, which Argo
 * CD uses by default in older versions, is passed over, since every Helm chart sets it too.
 */
export function readOwners(metadata: Readonly<Record<string, unknown>>): readonly CrdOwner[] {
  const annotations = isRecord(metadata["annotations"]) ? metadata["annotations"] : NOTHING;
  const labels = isRecord(metadata["labels"]) ? metadata["labels"] : NOTHING;
  return [
    helmRelease(annotations),
    argoApplication(annotations, labels),
    flux("flux-kustomization", "kustomize.toolkit.fluxcd.io", labels),
    flux("flux-helm-release", "helm.toolkit.fluxcd.io", labels),
    addonManager(labels),
    labels["olm.managed"] === "true" ? ({ kind: "olm" } as const) : null,
  ].filter((owner) => owner !== null);
}

/** Managers of server-side apply, each once, in their order. `fieldsV1` is not looked at: a snapshot has none. */
export function readAppliers(managedFields: unknown): readonly string[] {
  if (!Array.isArray(managedFields)) return [];
  const names = managedFields
    .filter((entry: unknown) => isRecord(entry) && entry["operation"] === "Apply" && (entry["subresource"] ?? "") === "")
    .map((entry: unknown) => (isRecord(entry) ? text(entry["manager"]) : null))
    .filter((name) => name !== null);
  return [...new Set(names)];
}

/**
 * Managers that `spec.versions` belong to. The list is atomic, so that whoever changes anything in it has all of it, and whoever
 * writes no more than the caBundle of a webhook has none of it.
 * Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1, CustomResourceDefinitionSpec.Versions (listType atomic);
 * Kubernetes, "Server-Side Apply", section on field management.
 */
export function readDefiners(managedFields: unknown): readonly CrdDefiner[] {
  if (!Array.isArray(managedFields)) return [];
  return managedFields.flatMap((entry: unknown): readonly CrdDefiner[] => {
    if (!isRecord(entry) || (entry["subresource"] ?? "") !== "") return [];
    const manager = text(entry["manager"]);
    const spec = isRecord(entry["fieldsV1"]) ? entry["fieldsV1"]["f:spec"] : undefined;
    if (manager === null || !isRecord(spec) || spec["f:versions"] === undefined) return [];
    return [{ manager, isApplied: entry["operation"] === "Apply" }];
  });
}

const NOTHING: Readonly<Record<string, unknown>> = {};

/** Source: helm.sh/helm/v3/pkg/action/validate.go, and pkg/kube/resource_policy.go. */
function helmRelease(annotations: Readonly<Record<string, unknown>>): CrdOwner | null {
  const name = text(annotations["meta.helm.sh/release-name"]);
  const namespace = text(annotations["meta.helm.sh/release-namespace"]);
  if (name === null || namespace === null) return null;
  return { kind: "helm-release", namespace, name, isKept: annotations["helm.sh/resource-policy"] === "keep" };
}

/**
 * `<application>:<group>/<kind>:<namespace>/<name>`; of applications outside Argo CD's own namespace
 * `<namespace>_<application>`. Source: Argo CD, "Resource Tracking" and "Applications in any namespace".
 */
function argoApplication(
  annotations: Readonly<Record<string, unknown>>,
  labels: Readonly<Record<string, unknown>>,
): CrdOwner | null {
  const tracked =
    text(annotations["argocd.argoproj.io/tracking-id"])?.split(":", 1)[0] ?? text(labels["argocd.argoproj.io/instance"]);
  if (tracked === null || tracked === "") return null;
  const separator = tracked.indexOf("_");
  return separator === -1
    ? { kind: "argo-application", namespace: null, name: tracked }
    : { kind: "argo-application", namespace: tracked.slice(0, separator), name: tracked.slice(separator + 1) };
}

/** Source: fluxcd/kustomize-controller and fluxcd/helm-controller, which label all that they apply. */
function flux(
  kind: "flux-kustomization" | "flux-helm-release",
  prefix: string,
  labels: Readonly<Record<string, unknown>>,
): CrdOwner | null {
  const name = text(labels[`${prefix}/name`]);
  const namespace = text(labels[`${prefix}/namespace`]);
  return name === null || namespace === null ? null : { kind, namespace, name };
}

/** Source: kubernetes/kubernetes cluster/addons/addon-manager/README.md; GKE's Gateway API has it. */
function addonManager(labels: Readonly<Record<string, unknown>>): CrdOwner | null {
  return labels["addonmanager.kubernetes.io/mode"] === "Reconcile" ? { kind: "addon-manager" } : null;
}

function text(input: unknown): string | null {
  return typeof input === "string" && input !== "" ? input : null;
}
