/** @file The GuardPolicy "default": made where there is none, and from then on whoever edits it decides what it says. */
import { GUARD_POLICY_CRD, GUARD_POLICY_VERSION } from "../cluster/guard-policies.ts";
import type { Crd } from "../crd/crd.ts";
import { isRecord } from "../crd/is-record.ts";
import { findVersion } from "../crd/versions.ts";
import type { KeptObject, LiveObject, Mending } from "./kept-object.ts";

export interface DefaultPolicyOptions {
  /** Of the cluster as it is; null until it has been read. */
  readonly crds: () => ReadonlyMap<string, Crd> | null;
  /** Told each time that there is no CRD of GuardPolicies where there was one, or none from the start. */
  readonly doneWithout: () => void;
}

export function keptDefaultPolicy({ crds, doneWithout }: DefaultPolicyOptions): KeptObject {
  let isDoneWithout = false;
  return {
    kind: "GuardPolicy",
    name: DEFAULT_POLICY_NAME,
    collectionPath: `/apis/crdguard.dev/${GUARD_POLICY_VERSION}/guardpolicies`,
    resource: "guardpolicies",
    mend(live) {
      const known = crds();
      if (known === null) return { kind: "wait", reason: "the cluster has not been read completely" };
      const crd = known.get(GUARD_POLICY_CRD);
      const isServed = crd !== undefined && findVersion(crd, GUARD_POLICY_VERSION)?.isServed === true;
      if (!isServed && !isDoneWithout) doneWithout();
      isDoneWithout = !isServed;
      return isServed ? mendingOf(live) : { kind: "wait", reason: `no CRD ${GUARD_POLICY_CRD}: built-in defaults hold` };
    },
  };
}

const DEFAULT_POLICY_NAME = "default";

function mendingOf(live: LiveObject | null): Mending {
  if (live === null) return { kind: "create", whole: WHOLE, own: OWN };
  const drifted = driftOf(live);
  return drifted.length === 0 ? { kind: "none" } : { kind: "apply", own: OWN, drifted };
}

const LABELS = {
  "app.kubernetes.io/name": "crdguard",
  "app.kubernetes.io/part-of": "crdguard",
  "app.kubernetes.io/managed-by": "crdguard",
} as const;

const ANNOTATIONS = {
  "kubernetes.io/description":
    "For all CRDs of which no policy of higher priority says otherwise. crdguard puts this object back when it is deleted, and " +
    "leaves to you what spec says: see kubectl explain guardpolicy.spec, and try a change out by crdguard check -f.",
} as const;

/** What crdguard always puts back. */
const OWN = {
  apiVersion: `crdguard.dev/${GUARD_POLICY_VERSION}`,
  kind: "GuardPolicy",
  metadata: { name: DEFAULT_POLICY_NAME, labels: LABELS, annotations: ANNOTATIONS },
} as const;

/**
 * No rule is named, so that each keeps the default of the release that runs: one that is written down here would stay as it
 * was on the day of the installation.
 */
const WHOLE = { ...OWN, spec: { priority: 0, onInternalError: "deny" } } as const;

/** Members of `OWN` that are not as they must be. */
function driftOf({ metadata }: LiveObject): readonly string[] {
  const differing = (member: "labels" | "annotations", expected: Readonly<Record<string, string>>): readonly string[] => {
    const found = isRecord(metadata) ? metadata[member] : undefined;
    return Object.entries(expected)
      .filter(([key, value]) => !isRecord(found) || found[key] !== value)
      .map(([key]) => `metadata.${member}[${key}]`);
  };
  return [...differing("labels", LABELS), ...differing("annotations", ANNOTATIONS)];
}
