import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { decodeReview, type Subject } from "../../../src/admission/decode.ts";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { folderCluster } from "../../../src/cluster/snapshot/folder-cluster.ts";
import { DEFAULT_POLICY, type Policy } from "../../../src/policy/policy.ts";
import type { Catalog } from "../../../src/requirements/catalog.ts";
import { parseCatalogFile } from "../../../src/requirements/catalog-form.ts";
import type { Enforcement } from "../../../src/rules/finding.ts";
import { admissionReview, dropOfStoredVersion, manifest, type RequestShape } from "./support/reviews.ts";
import { ask, runGuard, send } from "./support/running-guard.ts";

const UID = "705ab4f5-6393-11e8-b7cc-42010a800002";
const REQUIRES = "crdguard.dev/requires";
const LACKS_GEARS = "workload-requirement-unmet: turner crashes without gears.own.dev/v2 (not listed)";

interface WorkloadShape {
  readonly kind?: string;
  readonly image?: string;
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

function workload({ kind = "Deployment", image = "own.dev/mill/app:v1.0.0", replicas = 1, annotations = {} }: WorkloadShape) {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name: "turner", namespace: "mill", annotations },
    spec: { replicas, template: { spec: { containers: [{ name: "main", image }] } } },
  };
}

function workloadReview(object: unknown, shape: RequestShape = {}): Record<string, unknown> {
  return admissionReview({
    resource: { group: "apps", version: "v1", resource: "deployments" },
    operation: "CREATE",
    name: "turner",
    namespace: "mill",
    object,
    ...shape,
  });
}

/** A workload that needs what the cluster of `realCluster` does not have. */
const lacking = workload({ annotations: { [REQUIRES]: "gears.own.dev/v2" } });

/** A cluster of manifests, with gears.own.dev in v1 and whatever else is told; its previews are real ones. */
function realCluster(objects: readonly Record<string, unknown>[] = []): Cluster {
  const manifests = [manifest({ versions: ["v1"], stored: ["v1"] }), ...objects].map((object) => ({
    file: "f",
    line: 1,
    object,
  }));
  const cluster = folderCluster("folder", manifests, catalog());
  if (!cluster.ok) throw new Error(cluster.error.message);
  return cluster.value;
}

function catalog(): Catalog {
  const parsed = parseCatalogFile({
    controller: "turner",
    images: ["own.dev/mill/turner"],
    releases: [
      {
        versions: ">=2.0.0",
        verified: "run",
        confidence: "high",
        sources: ["own.dev/mill/turner"],
        needs: [{ resource: "gears.own.dev", versions: ["v2"], presence: "unconditional", outcomes: "crashes" }],
      },
    ],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return [parsed.value];
}

function policy(enforcement: Enforcement): Policy {
  return { ...DEFAULT_POLICY, enforcement: new Map([["workload-requirement-unmet", enforcement]]) };
}

function reviewed(response: Readonly<Record<string, unknown>>): unknown {
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid: UID, ...response } };
}

describe("decodeReview of workloads", () => {
  function subjectOf(review: unknown): Subject {
    const decoded = decodeReview(Buffer.from(JSON.stringify(review)), "workloads");
    if (!decoded.ok) throw new Error(decoded.error.message);
    return decoded.value.subject;
  }

  it.each([
    { resource: "deployments", kind: "Deployment", operation: "CREATE" },
    { resource: "statefulsets", kind: "StatefulSet", operation: "CREATE" },
    { resource: "daemonsets", kind: "DaemonSet", operation: "UPDATE" },
  ])("reads a $kind by $operation", ({ resource, kind, operation }) => {
    const review = workloadReview(workload({ kind }), {
      resource: { group: "apps", version: "v1", resource },
      operation,
      oldObject: "of no interest",
    });

    expect(subjectOf(review)).toEqual({
      kind: "workload",
      workload: {
        ref: { kind, namespace: "mill", name: "turner" },
        isRunning: true,
        containers: [{ name: "main", image: "own.dev/mill/app:v1.0.0", args: [], env: {}, hasForeignEnv: false }],
        labels: {},
        annotations: {},
      },
    });
  });

  it("names it by namespace, also where the API server has made the name up", () => {
    expect(decodeReview(Buffer.from(JSON.stringify(workloadReview(lacking, { name: "" }))), "workloads")).toMatchObject({
      value: { name: "mill/turner", operation: "CREATE", subresource: null, isDryRun: false },
    });
  });

  it.each([
    {
      title: "a CRD",
      shape: { resource: { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" } },
      reason:
        "crdguard warns here of deployments, statefulsets and daemonsets only, not of customresourcedefinitions.apiextensions.k8s.io",
    },
    {
      title: "a ReplicaSet",
      shape: { resource: { group: "apps", resource: "replicasets" } },
      reason: "crdguard warns here of deployments, statefulsets and daemonsets only, not of replicasets.apps",
    },
    {
      title: "a deployment of another group",
      shape: { resource: { group: "own.dev", resource: "deployments" } },
      reason: "crdguard warns here of deployments, statefulsets and daemonsets only, not of deployments.own.dev",
    },
    { title: "scaling", shape: { subResource: "scale" }, reason: "crdguard does not judge the subresource scale" },
    { title: "a status", shape: { subResource: "status" }, reason: "crdguard does not judge the subresource status" },
    { title: "a deletion", shape: { operation: "DELETE" }, reason: "crdguard judges no DELETE of deployments" },
  ])("has no opinion on $title", ({ shape, reason }) => {
    expect(subjectOf(workloadReview(lacking, shape))).toEqual({ kind: "irrelevant", reason });
  });

  it.each([
    { title: "no object", object: null, code: "object-missing" },
    { title: "no pod template", object: { metadata: { name: "turner" }, spec: {} }, code: "object-malformed" },
    { title: "no name", object: { metadata: {}, spec: { template: {} } }, code: "object-malformed" },
    { title: "a text for an object", object: "turner", code: "object-malformed" },
  ])("cannot read a review with $title", ({ object, code }) => {
    expect(subjectOf(workloadReview(object))).toMatchObject({ kind: "unreadable", code });
  });
});

describe("/workloads", () => {
  it.each<{ title: string; objects?: readonly Record<string, unknown>[]; object: unknown; warnings: readonly string[] }>([
    { title: "warns of an API that will not be served", object: lacking, warnings: [LACKS_GEARS] },
    {
      title: "warns of what the catalog knows of the image",
      object: workload({ image: "registry.example/mill/turner:v2.1.0" }),
      warnings: [LACKS_GEARS],
    },
    {
      title: "warns of a tag without version, and names it",
      object: workload({ image: "own.dev/mill/turner:latest" }),
      warnings: ['workload-requirement-unmet: what turner needs is unknown: the catalog knows no version "latest"'],
    },
    {
      title: "warns of a declaration that cannot be read",
      object: workload({ annotations: { [REQUIRES]: "gears" } }),
      warnings: [
        'workload-requirement-unmet: crdguard.dev/requires of turner cannot be read: "gears" is not of the form <plural>.<group>…',
      ],
    },
    {
      title: "warns in other words where it is no better off today",
      objects: [lacking],
      object: lacking,
      warnings: ["workload-requirement-unmet: turner still crashes without gears.own.dev/v2"],
    },
    {
      title: "is silent where all is served",
      object: workload({ annotations: { [REQUIRES]: "gears.own.dev/v1" } }),
      warnings: [],
    },
    { title: "is silent of a workload of which nothing is known", object: workload({}), warnings: [] },
    {
      title: "is silent of a workload that will not run",
      object: { ...lacking, spec: { ...lacking.spec, replicas: 0 } },
      warnings: [],
    },
  ])("$title", async ({ objects, object, warnings }) => {
    const guard = await runGuard({ cluster: realCluster(objects) });

    expect(await ask(guard, "/workloads?timeout=3s", workloadReview(object))).toEqual(
      reviewed(
        warnings.length === 0
          ? { allowed: true, auditAnnotations: { verdict: "allow" } }
          : { allowed: true, warnings, auditAnnotations: { verdict: "allow", rules: "workload-requirement-unmet=warn" } },
      ),
    );
  });

  it.each<{ enforcement: Enforcement; answer: Readonly<Record<string, unknown>> }>([
    {
      enforcement: "deny",
      answer: {
        allowed: true,
        warnings: [LACKS_GEARS],
        auditAnnotations: { verdict: "allow", rules: "workload-requirement-unmet=warn" },
      },
    },
    {
      enforcement: "audit",
      answer: { allowed: true, auditAnnotations: { verdict: "allow", rules: "workload-requirement-unmet=audit" } },
    },
  ])("never denies, under a policy of $enforcement", async ({ enforcement, answer }) => {
    const guard = await runGuard({ cluster: realCluster(), policy: policy(enforcement) });

    expect(await ask(guard, "/workloads", workloadReview(lacking))).toEqual(reviewed(answer));
  });

  it.each<{ title: string; preview: Cluster["preview"]; reason: string }>([
    { title: "the cluster has not been read yet", preview: () => Promise.resolve(null), reason: "facts-not-synced" },
    { title: "crdguard is broken", preview: () => Promise.reject(new Error("broken")), reason: "internal-error" },
    { title: "the time is up", preview: () => new Promise(() => undefined), reason: "deadline-exceeded" },
  ])("is silent where $title, whatever is to become of undecided changes", async ({ preview, reason }) => {
    const guard = await runGuard({
      cluster: { ...realCluster(), preview },
      policy: { ...DEFAULT_POLICY, onUndecided: "deny" },
    });

    expect(await ask(guard, "/workloads?timeout=100ms", workloadReview(lacking))).toEqual(
      reviewed({ allowed: true, auditAnnotations: { verdict: "undecided", reason } }),
    );
    expect(guard.logLines().map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
      reason === "internal-error" ? "error" : "info",
    ]);
  });

  it("gives up waiting for settings after a second, however long the API server would wait", async () => {
    const cluster = realCluster();
    const guard = await runGuard({
      cluster: {
        ...cluster,
        async preview(applied, signal) {
          await once(signal, "abort");
          return cluster.preview(applied, signal);
        },
      },
    });

    expect(await ask(guard, "/workloads?timeout=30s", workloadReview(lacking))).toMatchObject({
      response: { warnings: [LACKS_GEARS] },
    });
    const { durationMs } = JSON.parse(guard.logLines()[0] ?? "") as { readonly durationMs: number };
    expect(durationMs).toBeGreaterThan(900);
    expect(durationMs).toBeLessThan(5_000);
  });

  it.each([
    { title: "an object that is none", review: workloadReview("turner") },
    { title: "an object that is missing", review: workloadReview(null) },
  ])("lets $title pass without a word", async ({ review }) => {
    expect(await ask(await runGuard({ cluster: realCluster() }), "/workloads", review)).toEqual(
      reviewed({ allowed: true, auditAnnotations: {} }),
    );
  });

  it("says of a CRD that it is sent to the wrong path, and judges it not", async () => {
    expect(await ask(await runGuard({ cluster: realCluster() }), "/workloads", admissionReview(dropOfStoredVersion))).toEqual(
      reviewed({
        allowed: true,
        warnings: [
          "crdguard warns here of deployments, statefulsets and daemonsets only, not of customresourcedefinitions.apiextensions.k8…",
        ],
        auditAnnotations: {},
      }),
    );
  });

  it.each([
    {
      path: "/validate",
      response: {
        allowed: true,
        warnings: ["crdguard judges customresourcedefinitions only, not deployments.apps"],
        auditAnnotations: {},
      },
    },
    { path: "/explain", response: { allowed: true, auditAnnotations: {} } },
  ])("is the only path that judges workloads: $path does not", async ({ path, response }) => {
    expect(await ask(await runGuard({ cluster: realCluster() }), path, workloadReview(lacking))).toEqual(reviewed(response));
  });

  it("refuses other methods, as the other paths do", async () => {
    const { statusCode, text, headers } = await send(await runGuard({ cluster: realCluster() }), "/workloads", { method: "GET" });

    expect({ statusCode, text, allow: headers.allow }).toEqual({
      statusCode: 405,
      text: '{"code":"method-not-allowed","message":"/workloads takes POST only"}',
      allow: "POST",
    });
  });

  it("logs the workload, and counts the review and its finding", async () => {
    const guard = await runGuard({ cluster: realCluster() });
    await ask(guard, "/workloads", workloadReview(lacking, { dryRun: true }));

    expect(JSON.parse(guard.logLines()[0] ?? "")).toEqual({
      level: "info",
      requestUid: UID,
      phase: "workloads",
      operation: "CREATE",
      subresource: null,
      workload: "mill/turner",
      user: "jane",
      dryRun: true,
      decision: "allow",
      rules: ["workload-requirement-unmet=warn"],
      durationMs: expect.any(Number) as number,
      msg: "review answered",
    });
    expect((await guard.metrics.admissionRequests.get()).values).toEqual([
      { labels: { phase: "workloads", operation: "CREATE", subresource: "", decision: "allow", dry_run: "true" }, value: 1 },
    ]);
    expect((await guard.metrics.ruleResults.get()).values).toEqual([
      { labels: { rule: "workload-requirement-unmet", enforcement: "warn" }, value: 1 },
    ]);
  });
});
