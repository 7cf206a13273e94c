/**
 * @file Definitions of the reports that programs read, as far as they check anything: what is required, of which type, and
 * which words are known. Structural, so that a member which they do not name is dropped, as it is by the published ones.
 * Sources: openreports/reports-api, apis/openreports.io/v1alpha1; kubernetes-sigs/wg-policy-prototypes, policy-report/crd/v1alpha2.
 */

const TEXT = { type: "string" };
const NUMBER = { type: "integer" };
const OUTCOMES = ["pass", "fail", "warn", "error", "skip"];

export const CLUSTER_REPORTS = definition({
  group: "openreports.io",
  version: "v1alpha1",
  kind: "ClusterReport",
  severities: ["critical", "high", "low", "medium", "info"],
  beside: { source: TEXT },
});

/** Of the first releases, whose severities are fewer. */
export const CLUSTER_POLICY_REPORTS = definition({
  group: "wgpolicyk8s.io",
  version: "v1alpha2",
  kind: "ClusterPolicyReport",
  severities: ["high", "low", "medium"],
  beside: {},
});

function definition(of: {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly severities: readonly string[];
  readonly beside: Readonly<Record<string, unknown>>;
}): object {
  const singular = of.kind.toLowerCase();
  const result = {
    type: "object",
    required: ["policy"],
    properties: {
      source: TEXT,
      policy: TEXT,
      rule: TEXT,
      category: TEXT,
      message: TEXT,
      scored: { type: "boolean" },
      result: { ...TEXT, enum: OUTCOMES },
      severity: { ...TEXT, enum: of.severities },
      timestamp: {
        type: "object",
        required: ["nanos", "seconds"],
        properties: { nanos: { ...NUMBER, format: "int32" }, seconds: { ...NUMBER, format: "int64" } },
      },
      properties: { type: "object", additionalProperties: TEXT },
      resources: {
        type: "array",
        items: { type: "object", properties: { apiVersion: TEXT, kind: TEXT, namespace: TEXT, name: TEXT } },
      },
    },
  };
  const properties = {
    ...of.beside,
    summary: { type: "object", properties: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, NUMBER])) },
    results: { type: "array", items: result },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${singular}s.${of.group}` },
    spec: {
      group: of.group,
      names: { plural: `${singular}s`, singular, kind: of.kind, listKind: `${of.kind}List` },
      scope: "Cluster",
      versions: [{ name: of.version, served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties } } }],
    },
  };
}
