/**
 * @file Cuts Kubernetes objects down to the members that a snapshot holds. What is not listed here is left out: a list of
 * what must not be told would have a gap.
 */
import { type Catalog, controllersOf } from "../../requirements/catalog.ts";
import { exactJsonText } from "../../crd/exact-json.ts";
import { withoutDocumentation } from "../../crd/schema/same-schema.ts";
import { COPIED_FROM_LABEL } from "../../requirements/cluster-service-version.ts";
import { parseImage } from "../../requirements/image.ts";
import { questionsOf } from "../../requirements/questions.ts";
import type { WorkloadRef } from "../../rules/facts.ts";
import { listOf, pick, recordOf } from "./json-members.ts";
import type { JsonRecord } from "./snapshot.ts";
import { type Strictness, withholdAll, withholdSome } from "./withhold.ts";

/**
 * Schemas are most of a CRD.
 * @param keepsSchemas each without its documentation and as JSON text, with integers of any size; with what else tells of the form.
 */
export function slimCrd(raw: unknown, keepsSchemas = false): JsonRecord {
  const { metadata, spec, status } = recordOf(raw);
  const { versions, ...otherSpec } = pick(spec, ["group", "names", "scope", "versions", "conversion", "preserveUnknownFields"]);
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: slimMetadata(metadata),
    spec: {
      ...otherSpec,
      versions: Array.isArray(versions)
        ? versions.map((version) => ({
            ...pick(version, ["name", "served", "storage", "deprecated", "deprecationWarning", "subresources"]),
            ...(keepsSchemas ? formOf(version) : {}),
          }))
        : versions,
    },
    ...(status === undefined ? {} : { status: pick(status, ["acceptedNames", "conditions", "storedVersions"]) }),
  };
}

function formOf(version: unknown): JsonRecord {
  const { openAPIV3Schema } = recordOf(recordOf(version)["schema"]);
  const columns = listOf(recordOf(version)["additionalPrinterColumns"]);
  return {
    ...(openAPIV3Schema === undefined
      ? {}
      : { schema: { openAPIV3Schema: exactJsonText(withoutDocumentation(openAPIV3Schema)) } }),
    ...pick(version, ["selectableFields"]),
    ...(columns.length === 0
      ? {}
      : { additionalPrinterColumns: columns.map((column) => pick(column, ["name", "type", "jsonPath"])) }),
  };
}

/** @param kind given by a list's endpoint, whose items carry none. */
export function slimWorkload(raw: unknown, kind: WorkloadRef["kind"], catalog: Catalog, strictness: Strictness): JsonRecord {
  const { metadata, spec } = recordOf(raw);
  const { template, ...otherSpec } = pick(spec, ["replicas", "template"]);
  const { metadata: podMetadata, spec: podSpec } = recordOf(template);
  const { containers, initContainers } = recordOf(podSpec);
  const sidecars = listOf(initContainers).filter((container) => recordOf(container)["restartPolicy"] === "Always");
  const slimmed = (list: readonly unknown[]): readonly JsonRecord[] =>
    list.map((container) => slimContainer(container, catalog, strictness));
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: slimMetadata(metadata),
    spec: {
      ...otherSpec,
      template: {
        metadata: pickAnnotations(podMetadata),
        spec: {
          containers: slimmed(listOf(containers)),
          ...(sidecars.length === 0 ? {} : { initContainers: slimmed(sidecars) }),
        },
      },
    },
  };
}

/** Without the status, which says again what the rest says. */
export function slimApiRequirement(raw: unknown): JsonRecord {
  const { apiVersion, metadata, spec } = recordOf(raw);
  return {
    apiVersion: typeof apiVersion === "string" ? apiVersion : "crdguard.dev/v1alpha1",
    kind: "APIRequirement",
    metadata: pick(metadata, ["name", "namespace", "generation"]),
    spec: pick(spec, ["workload", "selector", "requirements"]),
  };
}

/** Without the status, which says again what the rest says. */
export function slimGuardPolicy(raw: unknown): JsonRecord {
  const { apiVersion, metadata, spec } = recordOf(raw);
  return {
    apiVersion: typeof apiVersion === "string" ? apiVersion : "crdguard.dev/v1alpha1",
    kind: "GuardPolicy",
    metadata: pick(metadata, ["name", "generation"]),
    spec: pick(spec, ["priority", "crds", "rules", "onInternalError", "objects", "exceptions"]),
  };
}

/** @returns null for a copy, which says nothing new. */
export function slimClusterServiceVersion(raw: unknown): JsonRecord | null {
  const { metadata, spec } = recordOf(raw);
  const { install, customresourcedefinitions } = recordOf(spec);
  if (recordOf(recordOf(metadata)["labels"])[COPIED_FROM_LABEL] !== undefined) return null;
  const { deployments } = recordOf(recordOf(install)["spec"]);
  const { required, owned } = recordOf(customresourcedefinitions);
  const named = (list: unknown): readonly JsonRecord[] => listOf(list).map((item) => pick(item, ["name", "version"]));
  return {
    apiVersion: "operators.coreos.com/v1alpha1",
    kind: "ClusterServiceVersion",
    metadata: pick(metadata, ["name", "namespace"]),
    spec: {
      install: { spec: { deployments: listOf(deployments).map((item) => pick(item, ["name"])) } },
      customresourcedefinitions: { required: named(required), owned: named(owned) },
    },
  };
}

function slimContainer(raw: unknown, catalog: Catalog, strictness: Strictness): JsonRecord {
  const container = recordOf(raw);
  const { image } = container;
  const controllers = typeof image === "string" ? controllersOf(catalog, parseImage(image)) : [];
  return {
    ...pick(container, ["name", "image", "restartPolicy"]),
    ...(controllers.length === 0 ? withholdAll(container) : withholdSome(container, questionsOf(controllers), strictness)),
  };
}

function slimMetadata(raw: unknown): JsonRecord {
  const { managedFields } = recordOf(raw);
  return {
    ...pick(raw, ["name", "namespace", "labels", "generation", "creationTimestamp", "deletionTimestamp", "finalizers"]),
    ...pickAnnotations(raw),
    ...(Array.isArray(managedFields)
      ? {
          managedFields: managedFields.map((entry) => pick(entry, ["manager", "operation", "apiVersion", "time", "subresource"])),
        }
      : {}),
  };
}

/** Annotations hold whole manifests, and what else people put there. */
function pickAnnotations(metadata: unknown): JsonRecord {
  const told = Object.entries(recordOf(recordOf(metadata)["annotations"])).filter(
    ([key, value]) =>
      typeof value === "string" &&
      KNOWN_ANNOTATIONS.some((known) => (known.endsWith("/") ? key.startsWith(known) : key === known)),
  );
  return told.length === 0 ? {} : { annotations: Object.fromEntries(told) };
}

/** What crdguard reads, what tells who owns an object, and from which release a CRD is. */
const KNOWN_ANNOTATIONS = [
  "crdguard.dev/",
  "gateway.networking.k8s.io/",
  "api-approved.kubernetes.io",
  "controller-gen.kubebuilder.io/version",
  "cert-manager.io/inject-ca-from",
  "meta.helm.sh/",
  "helm.sh/resource-policy",
  "argocd.argoproj.io/tracking-id",
  "argocd.argoproj.io/instance",
  "argocd.argoproj.io/installation-id",
  "kustomize.toolkit.fluxcd.io/",
  "helm.toolkit.fluxcd.io/",
] as const;
