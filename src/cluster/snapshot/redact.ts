/**
 * @file Puts pseudonyms in the place of names. What is judged stays: CRDs, versions, images that the catalog knows, and what
 * is declared.
 */
import { isRecord } from "../../crd/is-record.ts";
import { isCrdManifest, OVERRIDE, OVERRIDE_UNTIL } from "../../crd/parse.ts";
import { isApiRequirementManifest } from "../../requirements/api-requirement.ts";
import { REQUIRES, USES } from "../../requirements/annotations.ts";
import { type Catalog, wantedKeys } from "../../requirements/catalog.ts";
import { isClusterServiceVersionManifest } from "../../requirements/cluster-service-version.ts";
import type { MigrationEvidence, ObjectEvidence, ObjectRef, WriterEvidence } from "../../rules/facts.ts";
import { isGuardPolicyManifest } from "../guard-policies.ts";
import { questionsDigest } from "./questions-digest.ts";
import { createPseudonyms, type Pseudonyms, redactImage } from "./pseudonyms.ts";
import { listOf, recordOf, without } from "./json-members.ts";
import type { FieldStatistics, JsonRecord, Snapshot } from "./snapshot.ts";

/**
 * @param snapshot taken strictly, so that arguments and settings hold no more than the catalog asks for.
 * @param catalog with the cluster's own entries.
 */
export function redactSnapshot(snapshot: Snapshot, catalog: Catalog, pseudonyms = createPseudonyms()): Snapshot {
  const names = redactorOf(catalog, pseudonyms);
  return {
    ...snapshot,
    cluster: { ...snapshot.cluster, server: null },
    redactedFor: questionsDigest(catalog),
    objects: snapshot.objects.map((object) => redactObject(object, names)),
    settings: snapshot.settings.map((look) => ({
      ...look,
      namespace: names.namespace(look.namespace),
      ...(look.state === "unreadable" ? { reason: NO_REASON } : {}),
    })),
    ownCatalog: snapshot.ownCatalog && {
      ...snapshot.ownCatalog,
      namespace: names.namespace(snapshot.ownCatalog.namespace),
      name: names.of("configmap", snapshot.ownCatalog.name),
    },
    unread: snapshot.unread.map(({ resource }) => ({ resource, reason: NO_REASON })),
    evidence: new Map(
      [...snapshot.evidence].map(([crd, { objects, migration, writers, fields }]) => [
        crd,
        {
          objects: redactObjects(objects, names),
          migration: redactMigration(migration, names),
          writers: redactWriters(writers, names),
          // Paths hold names of schemas alone.
          ...(fields === undefined ? {} : { fields: fields.map(redactFields) }),
        },
      ]),
    ),
    // Of any shape, so that nobody knows what stands in it.
    health: undefined,
  };
}

/** The API server's own words name the user, and its address. */
const NO_REASON = "the reason is withheld";

interface Redactor {
  of: Pseudonyms;
  namespace(name: string): string;
  image(image: string): string;
  manager(name: string): string;
  labels(labels: unknown): JsonRecord;
  labelKey(key: string): string;
  labelValue(key: string, value: unknown): unknown;
}

function redactorOf(catalog: Catalog, of: Pseudonyms): Redactor {
  const spoken = new Set([...WELL_KNOWN_NAMESPACES, ...wantedKeys(catalog).flatMap(({ namespace }) => namespace ?? [])]);
  const versionLabels = new Set(catalog.flatMap(({ versionLabel }) => versionLabel ?? []));
  const controllers = new Set(catalog.map(({ id }) => id));
  const redactor: Redactor = {
    of,
    namespace: (name) => (spoken.has(name) ? name : of("namespace", name)),
    image: (image) => redactImage(image, catalog, of),
    manager: (name) => (KNOWN_MANAGERS.test(name) || controllers.has(name) ? name : of("manager", name)),
    labels: (labels) =>
      Object.fromEntries(
        Object.entries(recordOf(labels)).map(([key, value]) => [redactor.labelKey(key), redactor.labelValue(key, value)]),
      ),
    labelKey: (key) => (versionLabels.has(key) || KNOWN_LABEL_KEYS.test(key) ? key : of("label", key)),
    labelValue: (key, value) =>
      typeof value !== "string" || versionLabels.has(key) || key === "app.kubernetes.io/managed-by" ? value : of("value", value),
  };
  return redactor;
}

/** Every cluster has them. */
const WELL_KNOWN_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Tools that everybody has, under the names that they give themselves. */
const KNOWN_MANAGERS =
  /^(?:before-first-apply|kubectl(?:-[a-z-]+)?|kube-[a-z-]+|helm|Helm|argocd(?:-[a-z-]+)?|argo-cd|kustomize-controller|helm-controller|flux|terraform|pulumi-kubernetes|Go-http-client|OpenAPI-Generator|node-fetch|manager|controller|operator|file)$/;

const KNOWN_LABEL_KEYS =
  /^(?:app|app\.kubernetes\.io\/[a-z-]+|k8s-app|component|name|role|tier|version|helm\.sh\/chart|olm\.[a-z.]+)$/;

function redactObject(object: JsonRecord, names: Redactor): JsonRecord {
  if (isCrdManifest(object)) return redactCrd(object, names);
  if (isApiRequirementManifest(object)) return redactApiRequirement(object, names);
  if (isClusterServiceVersionManifest(object)) return redactClusterServiceVersion(object, names);
  if (isGuardPolicyManifest(object)) return redactGuardPolicy(object, names);
  return redactWorkload(object, names);
}

/** `default` is a name of our own. */
function redactGuardPolicy(object: JsonRecord, names: Redactor): JsonRecord {
  const { crds, exceptions, ...otherSpec } = recordOf(object["spec"]);
  const { labels, ...otherCrds } = recordOf(crds);
  const name = nameOf(object);
  return {
    ...object,
    metadata: { ...recordOf(object["metadata"]), name: name === "default" ? name : names.of("guardpolicy", name) },
    spec: {
      ...otherSpec,
      ...(crds === undefined ? {} : { crds: isRecord(labels) ? { ...otherCrds, labels: redactSelector(labels, names) } : crds }),
      ...(exceptions === undefined
        ? {}
        : { exceptions: listOf(exceptions).map((exception) => redactException(recordOf(exception), names)) }),
    },
  };
}

function redactException(exception: JsonRecord, names: Redactor): JsonRecord {
  const { reason, owner } = exception;
  return {
    ...exception,
    // What there is none of must be seen to be missing.
    ...(typeof reason === "string" && reason !== "" ? { reason: NO_REASON } : {}),
    ...(typeof owner === "string" ? { owner: names.of("owner", owner) } : {}),
  };
}

function redactSelector(selector: JsonRecord, names: Redactor): JsonRecord {
  const { matchLabels, matchExpressions } = selector;
  return {
    ...(matchLabels === undefined ? {} : { matchLabels: names.labels(matchLabels) }),
    ...(matchExpressions === undefined
      ? {}
      : { matchExpressions: listOf(matchExpressions).map((expression) => redactExpression(recordOf(expression), names)) }),
  };
}

function redactCrd(object: JsonRecord, names: Redactor): JsonRecord {
  const spec = recordOf(object["spec"]);
  const status = recordOf(object["status"]);
  const metadata = redactMetadata(object["metadata"], names);
  const { strategy } = recordOf(spec["conversion"]);
  return {
    ...object,
    metadata: { ...metadata, name: recordOf(object["metadata"])["name"] },
    // Where a conversion webhook listens, and its certificate, tell of the cluster.
    spec: { ...spec, ...(strategy === undefined ? {} : { conversion: { strategy } }) },
    ...(Array.isArray(status["conditions"])
      ? { status: { ...status, conditions: status["conditions"].map((condition: unknown) => without(condition, "message")) } }
      : {}),
  };
}

function redactWorkload(object: JsonRecord, names: Redactor): JsonRecord {
  const spec = recordOf(object["spec"]);
  const template = recordOf(spec["template"]);
  const podSpec = recordOf(template["spec"]);
  return {
    ...object,
    metadata: redactMetadata(object["metadata"], names),
    spec: {
      ...spec,
      template: {
        ...template,
        metadata: redactMetadata(template["metadata"], names),
        spec: Object.fromEntries(
          Object.entries(podSpec).map(([list, containers]) => [
            list,
            listOf(containers).map((container) => redactContainer(recordOf(container), names)),
          ]),
        ),
      },
    },
  };
}

function redactContainer(container: JsonRecord, names: Redactor): JsonRecord {
  const { name, image } = container;
  return {
    ...container,
    ...(typeof name === "string" ? { name: names.of("container", name) } : {}),
    ...(typeof image === "string" ? { image: names.image(image) } : {}),
  };
}

function redactApiRequirement(object: JsonRecord, names: Redactor): JsonRecord {
  const { workload, selector, requirements, ...otherSpec } = recordOf(object["spec"]);
  return {
    ...object,
    metadata: { ...redactMetadata(object["metadata"], names), name: names.of("apirequirement", nameOf(object)) },
    spec: {
      ...otherSpec,
      ...(isRecord(workload) ? { workload: { ...workload, name: names.of("workload", String(workload["name"])) } } : {}),
      ...(isRecord(selector) ? { selector: redactSelector(selector, names) } : {}),
      requirements: listOf(requirements).map((requirement) => without(requirement, "reason")),
    },
  };
}

function redactExpression(expression: JsonRecord, names: Redactor): JsonRecord {
  const key = String(expression["key"]);
  return {
    ...expression,
    key: names.labelKey(key),
    ...(Array.isArray(expression["values"])
      ? { values: expression["values"].map((value: unknown) => names.labelValue(key, value)) }
      : {}),
  };
}

function redactClusterServiceVersion(object: JsonRecord, names: Redactor): JsonRecord {
  const { install, ...otherSpec } = recordOf(object["spec"]);
  const { deployments } = recordOf(recordOf(install)["spec"]);
  const renamed = listOf(deployments).map((item) => ({ name: names.of("workload", String(recordOf(item)["name"])) }));
  return {
    ...object,
    metadata: { ...redactMetadata(object["metadata"], names), name: names.of("clusterserviceversion", nameOf(object)) },
    spec: { ...otherSpec, install: { spec: { deployments: renamed } } },
  };
}

/** Names are those of workloads, unless the caller has another. */
function redactMetadata(raw: unknown, names: Redactor): JsonRecord {
  const metadata = recordOf(raw);
  const { name, namespace, labels, annotations, managedFields, finalizers } = metadata;
  return {
    ...metadata,
    ...(typeof name === "string" ? { name: names.of("workload", name) } : {}),
    ...(typeof namespace === "string" ? { namespace: names.namespace(namespace) } : {}),
    ...(labels === undefined ? {} : { labels: names.labels(labels) }),
    ...(annotations === undefined ? {} : { annotations: redactAnnotations(recordOf(annotations), names) }),
    ...(Array.isArray(managedFields)
      ? {
          managedFields: managedFields.map((entry: unknown) => ({
            ...recordOf(entry),
            manager: names.manager(String(recordOf(entry)["manager"])),
          })),
        }
      : {}),
    ...(Array.isArray(finalizers)
      ? { finalizers: finalizers.map((own) => (String(own).endsWith(".k8s.io") ? own : names.of("finalizer", String(own)))) }
      : {}),
  };
}

function redactAnnotations(annotations: JsonRecord, names: Redactor): JsonRecord {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key, redactAnnotation(key, String(value), names)]),
  );
}

function redactAnnotation(key: string, value: string, names: Redactor): string {
  if (
    key === REQUIRES ||
    key === USES ||
    key === OVERRIDE ||
    key === OVERRIDE_UNTIL ||
    KEPT_ANNOTATIONS.some((kept) => key.startsWith(kept))
  )
    return value;
  if (key.endsWith("namespace")) return names.namespace(value);
  // Argo CD: `<application>:<group>/<kind>:<namespace>/<name>`.
  return names.of("release", value.split(":", 1)[0] ?? "");
}

const KEPT_ANNOTATIONS = [
  "gateway.networking.k8s.io/",
  "api-approved.kubernetes.io",
  "controller-gen.kubebuilder.io/version",
  "helm.sh/resource-policy",
] as const;

function redactObjects(objects: ObjectEvidence, names: Redactor): ObjectEvidence {
  switch (objects.kind) {
    case "not-counted":
      return objects;
    case "uncountable":
      return { ...objects, reason: withoutDetail(objects.reason) };
    case "counted":
      return {
        ...objects,
        byNamespace: new Map([...objects.byNamespace].map(([namespace, count]) => [names.namespace(namespace), count])),
        examples: redactRefs(objects.examples, names),
      };
  }
}

function redactRefs(refs: readonly ObjectRef[], names: Redactor): readonly ObjectRef[] {
  return refs.map(({ namespace, name }) => ({ namespace: names.namespace(namespace), name: names.of("object", name) }));
}

function redactMigration(migration: MigrationEvidence, names: Redactor): MigrationEvidence {
  if (migration.kind === "none") return migration;
  // A StorageVersionRecord is named as its CRD, whose name stays.
  if (migration.kind === "unproven") return { ...migration, examples: redactRefs(migration.examples, names) };
  const [kind = "", name] = migration.by.split(" ");
  return kind === "StorageVersionMigration" && name !== undefined
    ? { ...migration, by: `${kind} ${names.of("migration", name)}` }
    : migration;
}

function redactWriters(writers: WriterEvidence, names: Redactor): WriterEvidence {
  switch (writers.kind) {
    case "not-sampled":
      return writers;
    case "unreadable":
      return { ...writers, reason: withoutDetail(writers.reason) };
    case "sampled":
      return {
        ...writers,
        writers: writers.writers.map((writer) => ({
          ...writer,
          name: writer.kind === "file" ? names.of("file", writer.name) : names.manager(writer.name),
        })),
      };
  }
}

function redactFields(fields: FieldStatistics): FieldStatistics {
  return fields.state === "unreadable" ? { ...fields, reason: withoutDetail(fields.reason) } : fields;
}

/** After a colon come the API server's own words. */
function withoutDetail(reason: string): string {
  return reason.split(": ", 1)[0] ?? reason;
}

function nameOf(object: JsonRecord): string {
  return String(recordOf(object["metadata"])["name"]);
}
