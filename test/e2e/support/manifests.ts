/** @file Small manifests, written for these tests. */

export interface CrdManifestShape {
  readonly plural: string;
  readonly kind: string;
  readonly group?: string;
  /** In order; the one marked by `storage` stores. */
  readonly versions: readonly { readonly name: string; readonly served?: boolean }[];
  readonly storage: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** As JSON, which kubectl reads as YAML. */
export function crdManifest(shape: CrdManifestShape): string {
  const group = shape.group ?? "own.dev";
  return JSON.stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${shape.plural}.${group}`, labels: shape.labels ?? {} },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: shape.plural, singular: shape.kind.toLowerCase(), kind: shape.kind },
      versions: shape.versions.map(({ name, served = true }) => ({
        name,
        served,
        storage: name === shape.storage,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      })),
    },
  });
}

export function objectManifest(apiVersion: string, kind: string, name: string, namespace = "default"): string {
  return JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, spec: { size: 1 } });
}

export interface DeploymentShape {
  readonly name: string;
  readonly namespace?: string;
  readonly image?: string;
  /** Of its only container. */
  readonly args?: readonly string[];
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function deploymentManifest(shape: DeploymentShape): string {
  const labels = { app: shape.name };
  return JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: shape.name, namespace: shape.namespace ?? "default", annotations: shape.annotations ?? {} },
    spec: {
      replicas: shape.replicas ?? 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: shape.name, image: shape.image ?? "own.dev/app:v1.0.0", args: shape.args ?? [] }] },
      },
    },
  });
}
