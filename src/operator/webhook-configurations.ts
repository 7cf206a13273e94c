/** @file What the API server is told to send us: the one place from which every registration and manifest is rendered. */

/** How the API server reaches us. `caBundle` is PEM in base64; without one it trusts what its host trusts. */
export type WebhookEndpoint = WebhookAddress & {
  /** Absent in manifests, and where somebody else writes it, such as cert-manager's cainjector. */
  readonly caBundle?: string;
};

export type WebhookAddress =
  /** `url` is `https://host:port`, with a path prefix if need be, without query. */
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly port: number };

/** Who makes a registration, and takes it away again. */
export type RegisteredBy =
  /** A server that runs in the cluster, and keeps it as it must be. */
  | "kept"
  /** A server on a developer's machine, while it runs. */
  | "running-server"
  /** Whoever applies manifests. */
  | "manifests";

/**
 * What becomes of changes that crdguard cannot be asked about. `staged`: they go through until the API server was seen to
 * reach the server, and are refused from then on. `fail-open`: they always go through. `fail-closed`: they never do.
 */
export type WebhookProfile = "staged" | "fail-open" | "fail-closed";

export interface RenderOptions {
  readonly warnWorkloads?: boolean;
  /** `running-server` for a URL and `manifests` for a Service unless told. */
  readonly registeredBy?: RegisteredBy;
  /** Of `changes.crdguard.dev`, the only one that ever fails closed; `Fail` unless told. */
  readonly failurePolicy?: FailurePolicy;
  /** Told on the configurations, so that `doctor` knows what to expect. */
  readonly profile?: WebhookProfile;
}

export type FailurePolicy = "Fail" | "Ignore";

export interface WebhookConfigurations {
  readonly validating: WebhookConfiguration<"ValidatingWebhookConfiguration">;
  readonly mutating: WebhookConfiguration<"MutatingWebhookConfiguration", MutatingWebhook>;
  /** Absent unless asked for: it is sent what people apply all day. */
  readonly workloads?: WebhookConfiguration<"ValidatingWebhookConfiguration">;
}

export interface WebhookConfiguration<
  Kind extends string = "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
  Entry = Webhook,
> {
  readonly apiVersion: "admissionregistration.k8s.io/v1";
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly webhooks: readonly Entry[];
}

export interface Webhook {
  readonly name: string;
  readonly clientConfig: ClientConfig;
  readonly rules: readonly WebhookRule[];
  readonly matchPolicy: "Equivalent";
  readonly matchConditions?: readonly MatchCondition[];
  readonly failurePolicy: FailurePolicy;
  readonly sideEffects: "None";
  readonly admissionReviewVersions: readonly ["v1"];
  readonly timeoutSeconds: number;
}

interface MutatingWebhook extends Webhook {
  readonly reinvocationPolicy: "Never";
}

type ClientConfig =
  | { readonly url: string; readonly caBundle?: string }
  | {
      readonly service: { readonly namespace: string; readonly name: string; readonly port: number; readonly path: string };
      readonly caBundle?: string;
    };

type WebhookRule = CrdRule | WorkloadRule;

interface CrdRule {
  readonly apiGroups: readonly ["apiextensions.k8s.io"];
  readonly apiVersions: readonly ["v1"];
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE")[];
  readonly resources: readonly ("customresourcedefinitions" | "customresourcedefinitions/status")[];
  readonly scope: "Cluster";
}

interface WorkloadRule {
  readonly apiGroups: readonly ["apps"];
  readonly apiVersions: readonly ["v1"];
  readonly operations: readonly ("CREATE" | "UPDATE")[];
  readonly resources: readonly ("deployments" | "statefulsets" | "daemonsets")[];
  readonly scope: "Namespaced";
}

export interface MatchCondition {
  readonly name: string;
  /** CEL. One that cannot be evaluated under `failurePolicy: Fail` turns every write of a CRD into a 403. */
  readonly expression: string;
}

export const CHANGES_WEBHOOK = "changes.crdguard.dev";
export const OWN_WEBHOOK = "own.crdguard.dev";

/** Paths of the server, below the endpoint. */
const VALIDATE_PATH = "/validate";
const EXPLAIN_PATH = "/explain";
const WORKLOADS_PATH = "/workloads";

/** Says who keeps a registration, so that a server that ends removes its own and never what was installed from manifests. */
export const REGISTERED_BY_LABEL = "crdguard.dev/registered-by";
export const PROFILE_ANNOTATION = "crdguard.dev/webhook-profile";

/**
 * A server that registers itself while it runs is on a laptop as a rule. Its registration has names of its own: under the
 * names of the installed one it would point a cluster's guard at a laptop, and take the guard away when it ends.
 */
export function renderWebhookConfigurations(endpoint: WebhookEndpoint, options: RenderOptions = {}): WebhookConfigurations {
  const { warnWorkloads = false, registeredBy = endpoint.kind === "url" ? "running-server" : "manifests" } = options;
  const suffix = registeredBy === "running-server" ? "-dev" : "";
  const metadata = (name: string): WebhookConfiguration["metadata"] => ({
    name: `${name}${suffix}`,
    labels: labels(registeredBy),
    ...(options.profile === undefined ? {} : { annotations: { [PROFILE_ANNOTATION]: options.profile } }),
  });
  return {
    validating: {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: metadata("crdguard"),
      webhooks: [changes(endpoint, options.failurePolicy ?? "Fail"), creates(endpoint), own(endpoint)],
    },
    mutating: {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingWebhookConfiguration",
      metadata: metadata("crdguard-explainer"),
      webhooks: [explain(endpoint)],
    },
    ...(warnWorkloads
      ? {
          workloads: {
            apiVersion: "admissionregistration.k8s.io/v1",
            kind: "ValidatingWebhookConfiguration",
            metadata: metadata("crdguard-workloads"),
            webhooks: [workloads(endpoint)],
          },
        }
      : {}),
  };
}

/**
 * Fails closed, and is the only one that does: what this entry sees can lose objects or end a controller, and nothing but a
 * CRD ever waits for it.
 */
function changes(endpoint: WebhookEndpoint, failurePolicy: FailurePolicy): Webhook {
  return {
    name: CHANGES_WEBHOOK,
    clientConfig: clientConfig(endpoint, VALIDATE_PATH),
    rules: [
      crdRule(["UPDATE", "DELETE"], "customresourcedefinitions"),
      // `/status` is where people trim storedVersions by hand, which the API server allows and which bricks the resource.
      crdRule(["UPDATE"], "customresourcedefinitions/status"),
    ],
    matchConditions: [SPEC_CHANGED_OR_DELETED, STORED_VERSION_FORGOTTEN, NOT_TERMINATING, NOT_OWN_CRD],
    failurePolicy,
    timeoutSeconds: CHANGES_TIMEOUT_SECONDS,
    ...common,
  };
}

/** Fails open: an operator that installs its CRDs while the guard is down must still be able to start. */
function creates(endpoint: WebhookEndpoint): Webhook {
  return {
    name: "creates.crdguard.dev",
    clientConfig: clientConfig(endpoint, VALIDATE_PATH),
    rules: [crdRule(["CREATE"], "customresourcedefinitions")],
    matchConditions: [NOT_OWN_CRD],
    failurePolicy: "Ignore",
    timeoutSeconds: IGNORED_TIMEOUT_SECONDS,
    ...common,
  };
}

/**
 * Our own CRDs, which always fail open: a guard that is down must not be in the way of what repairs or removes it. Takes
 * updates of labels and annotations too, by which a server proves that the API server reaches it.
 */
function own(endpoint: WebhookEndpoint): Webhook {
  return {
    name: OWN_WEBHOOK,
    clientConfig: clientConfig(endpoint, VALIDATE_PATH),
    rules: [
      crdRule(["CREATE", "UPDATE", "DELETE"], "customresourcedefinitions"),
      crdRule(["UPDATE"], "customresourcedefinitions/status"),
    ],
    matchConditions: [STORED_VERSION_FORGOTTEN, NOT_TERMINATING, OWN_CRD],
    failurePolicy: "Ignore",
    timeoutSeconds: IGNORED_TIMEOUT_SECONDS,
    ...common,
  };
}

/**
 * Explains what the API server is about to refuse by itself, before any validating webhook is called; it never patches.
 * Fails open for that reason: without it the change is refused all the same, only not explained.
 */
function explain(endpoint: WebhookEndpoint): MutatingWebhook {
  return {
    name: "explain.crdguard.dev",
    clientConfig: clientConfig(endpoint, EXPLAIN_PATH),
    rules: [crdRule(["UPDATE"], "customresourcedefinitions")],
    matchConditions: [STORED_VERSION_REMOVED],
    failurePolicy: "Ignore",
    timeoutSeconds: IGNORED_TIMEOUT_SECONDS,
    // What another webhook patches afterwards is judged by the validating phase.
    reinvocationPolicy: "Never",
    ...common,
  };
}

/**
 * Warns whoever applies a workload of what it will lack. Nothing waits for the guard: it fails open, and after a short
 * while. Scaling is sent as `/scale`, and thus not seen.
 */
function workloads(endpoint: WebhookEndpoint): Webhook {
  return {
    name: "workloads.crdguard.dev",
    clientConfig: clientConfig(endpoint, WORKLOADS_PATH),
    rules: [
      {
        apiGroups: ["apps"],
        apiVersions: ["v1"],
        operations: ["CREATE", "UPDATE"],
        resources: ["deployments", "statefulsets", "daemonsets"],
        scope: "Namespaced",
      },
    ],
    matchConditions: [CREATED_OR_SPEC_CHANGED, NOT_TERMINATING],
    failurePolicy: "Ignore",
    timeoutSeconds: WORKLOADS_TIMEOUT_SECONDS,
    ...common,
  };
}

/**
 * Of updates, passes only those that change the spec: the API server counts the generation up for these, and not for
 * labels and annotations. Comparing `object.spec` itself exceeds the CEL cost limit. `request.subResource` is absent, not
 * empty, on the main resource.
 */
const SPEC_CHANGED_OR_DELETED: MatchCondition = {
  name: "spec-changed-or-deleted",
  expression:
    "request.operation != 'UPDATE' || has(request.subResource) || object.metadata.generation != oldObject.metadata.generation",
};

/**
 * Of writes to `/status`, passes only those that drop a stored version. The API server's own controllers write `/status`
 * twice for every new CRD; without this the guard would stand in the way of each of them.
 */
const STORED_VERSION_FORGOTTEN: MatchCondition = {
  name: "stored-version-forgotten",
  expression:
    "!has(request.subResource) || request.subResource != 'status' || (has(oldObject.status) && has(oldObject.status.storedVersions) && oldObject.status.storedVersions.exists(s, !has(object.status.storedVersions) || !(s in object.status.storedVersions)))",
};

/**
 * Labels leave the generation alone, and so does what controllers write to `/status`; of a Deployment, and of no other
 * workload, annotations count it up too. Source: k8s.io/kubernetes/pkg/registry/apps/deployment, PrepareForUpdate.
 */
const CREATED_OR_SPEC_CHANGED: MatchCondition = {
  name: "created-or-spec-changed",
  expression: "request.operation == 'CREATE' || object.metadata.generation != oldObject.metadata.generation",
};

/** What is already being deleted must be able to go: its last writes remove finalizers. */
const NOT_TERMINATING: MatchCondition = {
  name: "not-terminating",
  expression: "oldObject == null || !has(oldObject.metadata.deletionTimestamp)",
};

/**
 * By the group in the spec, which cannot be changed: `request.name` is absent when a collection is deleted. `object` is null
 * in deletions, and `oldObject` in creations.
 */
const NOT_OWN_CRD: MatchCondition = {
  name: "not-own-crd",
  expression: "(object != null ? object : oldObject).spec.group != 'crdguard.dev'",
};

const OWN_CRD: MatchCondition = {
  name: "own-crd",
  expression: "(object != null ? object : oldObject).spec.group == 'crdguard.dev'",
};

/**
 * Passes just the case that validating webhooks never see, so that the explainer costs every other update nothing. Takes
 * stored versions from the old object alone: the new one's status is a default in the mutating phase.
 */
const STORED_VERSION_REMOVED: MatchCondition = {
  name: "stored-version-removed",
  expression:
    "has(oldObject.status) && has(oldObject.status.storedVersions) && oldObject.status.storedVersions.exists(s, !object.spec.versions.exists(v, v.name == s))",
};

/**
 * Ten seconds leave time to look at live objects; a client's own time-out (kubectl, Helm: 30 s and more) must not come
 * first. Source of the upper bound: DigitalOcean's clusterlint, which finds cluster upgrades blocked from 30 s on.
 */
const CHANGES_TIMEOUT_SECONDS = 10;

/** What goes on without us when we are slow is held up for less: five seconds, as Kubernetes' good practices ask for "small". */
const IGNORED_TIMEOUT_SECONDS = 5;

/** An answer takes milliseconds, and a second at most where a ConfigMap is read first; kubectl waits for it each time. */
const WORKLOADS_TIMEOUT_SECONDS = 3;

const common = {
  // What is written through any API version that the API server may serve is seen, converted to v1.
  matchPolicy: "Equivalent",
  // Says that a dry run may be sent to us; else `--dry-run=server` and server-side diffs of GitOps tools fail.
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
} as const;

/** CRDs are cluster-scoped, and so is their status: "*", the default, would match nothing more, but say less. */
function crdRule(operations: CrdRule["operations"], resource: CrdRule["resources"][number]): CrdRule {
  return {
    apiGroups: ["apiextensions.k8s.io"],
    apiVersions: ["v1"],
    operations,
    resources: [resource],
    scope: "Cluster",
  };
}

function clientConfig(endpoint: WebhookEndpoint, path: string): ClientConfig {
  const authority = endpoint.caBundle === undefined ? {} : { caBundle: endpoint.caBundle };
  switch (endpoint.kind) {
    case "url":
      return { url: endpoint.url.replace(/\/+$/, "") + path, ...authority };
    case "service": {
      const { namespace, name, port } = endpoint;
      return { service: { namespace, name, port, path }, ...authority };
    }
  }
}

function labels(registeredBy: RegisteredBy): Readonly<Record<string, string>> {
  return {
    "app.kubernetes.io/name": "crdguard",
    "app.kubernetes.io/part-of": "crdguard",
    "app.kubernetes.io/component": "webhook",
    [REGISTERED_BY_LABEL]: registeredBy,
  };
}
