/** @file AdmissionReviews as kube-apiserver writes them, and the CRDs in them. */

export interface ManifestShape {
  readonly name?: string;
  /** `v1` is served; `-v1` is listed only; the first one is the storage version unless `storage` says so. */
  readonly versions: readonly string[];
  readonly storage?: string;
  /** No status when absent. */
  readonly stored?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A CRD as JSON; `gears.own.dev` unless told. */
export function manifest({
  name = "gears.own.dev",
  versions,
  storage,
  stored,
  metadata = {},
}: ManifestShape): Record<string, unknown> {
  const [plural = "", ...group] = name.split(".");
  const names = versions.map((version) => version.replace(/^-/, ""));
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name, ...metadata },
    spec: {
      group: group.join("."),
      names: { plural, singular: plural, kind: "Gear", listKind: "GearList" },
      scope: "Namespaced",
      versions: versions.map((version, index) => ({
        name: names[index],
        served: !version.startsWith("-"),
        storage: names[index] === (storage ?? names[0]),
        schema: { openAPIV3Schema: { type: "object" } },
      })),
    },
    ...(stored === undefined ? {} : { status: { storedVersions: stored } }),
  };
}

export interface RequestShape {
  readonly object?: unknown;
  readonly oldObject?: unknown;
  /** Any other member, whether it belongs there or not. */
  readonly [member: string]: unknown;
}

/** The request of an UPDATE, with whatever members are told in place of the usual ones. */
export function admissionRequest(shape: RequestShape = {}): Record<string, unknown> {
  return {
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    kind: { group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition" },
    resource: { group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" },
    requestKind: { group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition" },
    name: "gears.own.dev",
    operation: "UPDATE",
    userInfo: { username: "jane", uid: "u1", groups: ["system:authenticated"], extra: { "example.com/team": ["mill"] } },
    object: null,
    oldObject: null,
    dryRun: false,
    options: null,
    ...shape,
  };
}

export function admissionReview(shape: RequestShape = {}): Record<string, unknown> {
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: admissionRequest(shape) };
}

/** Versions v1alpha1 and v1 → v1 alone, while both are stored: what `stored-version-removed` denies. */
export const dropOfStoredVersion: RequestShape = {
  oldObject: manifest({ versions: ["v1", "v1alpha1"], stored: ["v1alpha1", "v1"] }),
  object: manifest({ versions: ["v1"], stored: ["v1alpha1", "v1"] }),
};

/** A change that no rule minds. */
export const harmlessUpdate: RequestShape = {
  oldObject: manifest({ versions: ["v1"], stored: ["v1"] }),
  object: manifest({ versions: ["v1", "v2"], stored: ["v1"] }),
};
