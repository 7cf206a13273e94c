/** @file Facts from a snapshot, in place of the cluster that it was taken of. */
import type { Crd } from "../../crd/crd.ts";
import { isCrdManifest, parseCrd } from "../../crd/parse.ts";
import { isApiRequirementManifest, parseApiRequirement } from "../../requirements/api-requirement.ts";
import type { Catalog } from "../../requirements/catalog.ts";
import { isClusterServiceVersionManifest, parseClusterServiceVersion } from "../../requirements/cluster-service-version.ts";
import { type ReadSetting, WITHHELD_ARGUMENTS, WITHHELD_WORD } from "../../requirements/condition.ts";
import { isWorkloadManifest, parseWorkload, type Workload } from "../../requirements/workload.ts";
import type { Bundle } from "../../rules/bundle.ts";
import type { Cluster } from "../cluster.ts";
import { isGuardPolicyManifest, readGuardPolicy } from "../guard-policies.ts";
import { createPictureBuilder, type PictureBuilder } from "../picture.ts";
import { previewOf } from "../preview.ts";
import { keptSchema } from "./kept-schema.ts";
import { lookInStatistics } from "./look-in-statistics.ts";
import { questionsDigest } from "./questions-digest.ts";
import type { CrdEvidence, JsonRecord, SettingsLook, Snapshot } from "./snapshot.ts";

export interface SnapshotCluster extends Cluster {
  /** Running or not. */
  readonly workloads: readonly Workload[];
}

/**
 * The same picture as of the live cluster at that moment, by the catalog of today.
 * @param catalog with the snapshot's own entries in it, where it has any.
 */
export function snapshotCluster(snapshot: Snapshot, catalog: Catalog, bundles: readonly Bundle[] = []): SnapshotCluster {
  const { redactedFor } = snapshot;
  const isInPart = redactedFor !== null && redactedFor !== questionsDigest(catalog);
  const readSetting = isInPart ? () => undefined : settingsReader(snapshot.settings);
  const builder = createPictureBuilder(catalog, readSetting, bundles);
  for (const object of snapshot.objects) put(object, isInPart, builder);
  const picture = builder.build();
  const evidenceOf = ({ name }: Crd): CrdEvidence => snapshot.evidence.get(name) ?? NOTHING_TOLD;
  const source = { kind: "snapshot", takenAt: snapshot.takenAt } as const;
  return {
    source,
    workloads: [...builder.workloads()],
    picture: () => picture,
    preview: (applied) => Promise.resolve(previewOf(builder, applied, readSetting)),
    countObjects: (crd) => Promise.resolve(evidenceOf(crd).objects),
    findMigration: (crd) => Promise.resolve(evidenceOf(crd).migration),
    sampleWriters: (crd) => Promise.resolve(evidenceOf(crd).writers),
    readForms: (crd) => Promise.resolve(picture.crds.get(crd.name) ?? null),
    lookAtObjects: (previous, next) => Promise.resolve(lookInStatistics(evidenceOf(previous), previous, next, source)),
    // Whether somebody answered at the time does not tell whether somebody does.
    lookAtWebhook: () => Promise.resolve({ kind: "unknown", reason: "a snapshot tells nothing of webhooks" }),
    // Who can read the file can read all of it.
    mayList: () => Promise.resolve(true),
    // Nobody's rights are in it.
    mayOverride: () => Promise.resolve("unverified"),
  };
}

const REASON = "the snapshot tells nothing of them";

const NOTHING_TOLD: CrdEvidence = {
  objects: { kind: "uncountable", reason: REASON },
  migration: { kind: "none" },
  writers: { kind: "unreadable", reason: REASON },
};

/** A ConfigMap or a key that was not looked at may be there all the same. */
function settingsReader(looks: readonly SettingsLook[]): ReadSetting {
  const known = new Map(looks.map((look) => [`${look.namespace}/${look.name}`, look]));
  return (namespace, name, key) => {
    const look = known.get(`${namespace}/${name}`);
    return look?.state === "read" ? look.values.get(key) : undefined;
  };
}

/**
 * As from a live cluster, what cannot be read is left out: the API server has checked it, and is perhaps newer than we are.
 * @param isInPart what is left out of arguments may be what this catalog asks for.
 */
function put(object: JsonRecord, isInPart: boolean, builder: PictureBuilder): void {
  if (isCrdManifest(object)) {
    const crd = parseCrd(object, keptSchema);
    if (crd.ok) builder.putCrd(crd.value);
  } else if (isWorkloadManifest(object)) {
    const workload = parseWorkload(object);
    if (workload !== null) builder.putWorkload(isInPart ? doubted(workload) : workload);
  } else if (isApiRequirementManifest(object)) {
    const requirement = parseApiRequirement(object, "ignore");
    if (requirement.ok) builder.putApiRequirement(requirement.value);
  } else if (isGuardPolicyManifest(object)) {
    const policy = readGuardPolicy(object);
    if (policy !== null) builder.putGuardPolicy(policy);
  } else if (isClusterServiceVersionManifest(object)) {
    const version = parseClusterServiceVersion(object);
    if (version !== null) builder.putClusterServiceVersion(version);
  }
}

function doubted(workload: Workload): Workload {
  const containers = workload.containers.map((container) =>
    container.args.some((arg) => arg.includes(WITHHELD_WORD)) ? { ...container, args: [WITHHELD_ARGUMENTS] } : container,
  );
  return { ...workload, containers };
}
