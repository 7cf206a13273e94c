import { describe, expect, it } from "vitest";
import { EVERYTHING, targetsOf } from "../../../src/explain/audience.ts";
import { evidenceLine, evidenceOf } from "../../../src/explain/evidence.ts";
import { messageOf, outcomePhrase } from "../../../src/explain/messages.ts";
import { objectCount } from "../../../src/explain/object-count.ts";
import type { ObjectEvidence, Writer } from "../../../src/rules/facts.ts";
import type { Fact } from "../../../src/rules/finding.ts";
import { converter, counted, need, writer } from "../../support/builders.ts";
import { schema } from "../../support/schemas.ts";

const gears = { group: "own.dev", plural: "gears" };
const turner = need({ versions: ["v1"], image: "own.dev/turner:v1.0.0" });
const catalogSource = {
  kind: "catalog",
  controller: "turner",
  versionRange: ">=1.0.0 <2.0.0",
  image: "own.dev/turner:v1.0.0",
  container: "main",
  effect: null,
  owns: [],
} as const;
const unknown = need({ versions: ["v1"], image: "own.dev/turner:latest", certainty: { kind: "unknown-version" } });
const crashing = { need: turner, before: "works", after: "crashes", stateAfter: "unserved" } as const;
const stopping = { need: turner, before: "works", after: "stops-working", stateAfter: "unserved" } as const;
const losing = { need: turner, before: "works", after: "loses-feature", stateAfter: "unserved" } as const;
const declaration = {
  workload: turner.workload,
  key: "crdguard.dev/requires",
  value: "gears",
  problem: "it names no version",
} as const;

/** What is told of one fact: the sentence, the lines of evidence, and the rights that its names take. */
interface Told {
  readonly message: string;
  readonly lines: readonly (string | null)[];
  readonly targets: readonly string[];
}

function tell(fact: Fact): Told {
  const finding = { rule: "r", field: "f", fact, remedies: [], defaultEnforcement: "deny", enforcement: "deny" } as const;
  return {
    message: messageOf(fact, "gears.own.dev"),
    lines: evidenceOf(fact, gears, EVERYTHING).map(evidenceLine),
    targets: targetsOf([finding], gears).map(({ group, resource, namespace }) => `${resource}.${group}/${namespace}`),
  };
}

const WORKLOAD_TARGETS = ["deployments.apps/", "deployments.apps/mill"];
const OBJECT_TARGETS = ["gears.own.dev/", "gears.own.dev/mill"];

const LOOK = { objectCount: 12, totalCount: 12, isComplete: true, seconds: 0.1, source: { kind: "cluster" } } as const;

/** One of each kind, so that a new kind without its words tested does not compile. */
const EXPECTED: { readonly [Kind in Fact["kind"]]: { readonly fact: Extract<Fact, { kind: Kind }>; readonly told: Told } } = {
  "object-rejected": {
    fact: {
      kind: "object-rejected",
      objectCount: 3,
      isRatcheted: true,
      causes: [
        {
          versions: ["v1", "v1beta1"],
          path: "status.features[]",
          message: "must be of type object",
          objectCount: 3,
          examples: [
            { object: { namespace: "mill", name: "g1" }, path: "status.features[0]", value: '"Turning"' },
            { object: { namespace: "mill", name: "g2" }, path: "status.features[0]", value: '"Turning"' },
          ],
        },
      ],
      otherCauseCount: 0,
      look: LOOK,
    },
    told: {
      message:
        'the new schema of "v1" and "v1beta1" would refuse 3 of 12 objects: "status.features[]" must be of type object; an update that leaves that part alone passes, but to change it, to create such objects anew or to restore them fails',
      lines: ['status.features[] must be of type object: 3 objects, in v1 and v1beta1: mill/g1 has "Turning", mill/g2, 1 more'],
      targets: OBJECT_TARGETS,
    },
  },
  "object-pruned": {
    fact: {
      kind: "object-pruned",
      role: "stored",
      objectCount: 3,
      fields: [
        {
          versions: ["v1"],
          path: "spec.timeouts",
          objectCount: 3,
          examples: [{ object: { namespace: "mill", name: "g1" }, path: "spec.timeouts", value: '{"request":"5s"}' }],
        },
        {
          versions: ["v1"],
          path: "spec.password",
          objectCount: 1,
          examples: [{ object: { namespace: "mill", name: "g2" }, path: "spec.password", value: null }],
        },
      ],
      otherFieldCount: 2,
      look: { ...LOOK, objectCount: 4_000, totalCount: 12_000, isComplete: false, seconds: 3 },
    },
    told: {
      message:
        '"spec.timeouts" and 3 more fields would be lost from at least 3 objects (checked 4,000 of about 12,000 in 3.0 s): the new schema of "v1" does not know them; they are gone from what is read at once, and for good with the next write of each object',
      lines: [
        'spec.timeouts: at least 3 objects: mill/g1 has {"request":"5s"}, 2 more',
        "spec.password: at least 1 object: mill/g2",
        "and 2 more",
      ],
      targets: OBJECT_TARGETS,
    },
  },
  "objects-not-all-checked": {
    fact: {
      kind: "objects-not-all-checked",
      look: { ...LOOK, objectCount: 4_000, totalCount: 12_000, isComplete: false, seconds: 3 },
    },
    told: {
      message:
        "checked 4,000 of about 12,000 in 3.0 s, and found nothing that would be refused or lost: what the others would come to is not known",
      lines: [],
      targets: [],
    },
  },
  "objects-unchecked": {
    fact: { kind: "objects-unchecked", reason: "crdguard may not list gears.own.dev" },
    told: {
      message: "whether live objects fit the new schemas is not known: crdguard may not list gears.own.dev",
      lines: [],
      targets: [],
    },
  },
  "objects-known-in-outline": {
    fact: { kind: "objects-known-in-outline" },
    told: {
      message:
        "whether live objects fit the new schemas is not wholly known: the snapshot tells which fields they set, and neither values nor keys of maps, so that of what would be refused nothing is said",
      lines: [],
      targets: [],
    },
  },
  "object-rules-failed": {
    fact: {
      kind: "object-rules-failed",
      rules: [
        {
          version: "v1",
          path: "",
          rule: "self.size > 1",
          message: "must be large",
          objectCount: 1,
          examples: [{ object: { namespace: "mill", name: "g1" }, path: "", value: null }],
        },
      ],
      otherRuleCount: 0,
      look: LOOK,
    },
    told: {
      message: "1 of 12 objects would fail a rule of x-kubernetes-validations, by an evaluation that is not the API server's own",
      lines: ["v1 (whole object): must be large (self.size > 1): 1 object: mill/g1"],
      targets: OBJECT_TARGETS,
    },
  },
  "object-rules-unevaluated": {
    fact: {
      kind: "object-rules-unevaluated",
      rules: [{ version: "v1", path: "spec", rule: "self == oldSelf", reason: "it reads oldSelf" }],
      otherRuleCount: 0,
    },
    told: {
      message: "1 rule of the new schemas could not be tried on live objects",
      lines: ["v1 spec: self == oldSelf: it reads oldSelf"],
      targets: [],
    },
  },
  "stored-version-removed": {
    fact: { kind: "stored-version-removed", version: "v1alpha1", case: "migrate", objects: counted(1), isAssumedStored: false },
    told: {
      message:
        '"v1alpha1" would be dropped while status.storedVersions names it; 1 object of it exists, and must be rewritten into the storage version first',
      lines: ["mill/g1"],
      targets: OBJECT_TARGETS,
    },
  },
  "stored-version-forgotten": {
    fact: {
      kind: "stored-version-forgotten",
      version: "v1alpha1",
      isStorageVersion: false,
      objects: counted(2),
      migration: { kind: "none" },
    },
    told: {
      message:
        '"v1alpha1" would be forgotten without proof that no object is stored in it: 2 objects of it exist, and no migration of them is recorded; once it is dropped as well, such objects can no longer be read, listed or deleted',
      lines: ["mill/g1, 1 more"],
      targets: OBJECT_TARGETS,
    },
  },
  "required-version-unserved": {
    fact: {
      kind: "required-version-unserved",
      versions: ["v1", "v1beta1"],
      stateAfter: "unserved",
      isCreate: false,
      hurt: [crashing, crashing],
    },
    told: {
      message: '"v1" and "v1beta1" would no longer be served, and 2 running workloads need it to start',
      lines: Array.from(
        { length: 2 },
        () => "Deployment mill/turner (image own.dev/turner:v1.0.0; catalog: turner >=1.0.0 <2.0.0): crashes at its next restart",
      ),
      targets: WORKLOAD_TARGETS,
    },
  },
  "required-resource-deleted": {
    fact: { kind: "required-resource-deleted", hurt: [stopping] },
    told: {
      message: '"gears.own.dev" would be deleted, and 1 running workload needs it to work',
      lines: [
        "Deployment mill/turner (image own.dev/turner:v1.0.0; catalog: turner >=1.0.0 <2.0.0): stays up but does its work no more, at its next restart at the latest",
      ],
      targets: WORKLOAD_TARGETS,
    },
  },
  "workload-requirement-unmet": {
    fact: { kind: "workload-requirement-unmet", unmet: [{ ...crashing, stateAfter: "absent" }], case: "worse" },
    told: {
      message: "1 API that it needs to start would not be served to it",
      lines: ['"v1" of gears.own.dev, whose definition does not exist (catalog: turner >=1.0.0 <2.0.0): crashes at start'],
      targets: [],
    },
  },
  "requirement-unsure": {
    fact: {
      kind: "requirement-unsure",
      doubt: "unknown-version",
      hurt: [{ ...crashing, need: unknown }],
      isOfWorkload: false,
    },
    told: {
      message:
        "1 running workload may need what goes away: the image is that of a known controller, but its tag names no version that the catalog knows",
      lines: ["Deployment mill/turner (image own.dev/turner:latest; catalog: turner, version unknown)"],
      targets: WORKLOAD_TARGETS,
    },
  },
  "declaration-unreadable": {
    fact: { kind: "declaration-unreadable", isOfWorkload: false, declarations: [declaration, declaration] },
    told: {
      message: "2 running workloads may need what goes away: the declaration cannot be read",
      lines: Array.from(
        { length: 2 },
        () => 'Deployment mill/turner (annotation crdguard.dev/requires: "gears": it names no version)',
      ),
      targets: WORKLOAD_TARGETS,
    },
  },
  "objects-deleted": {
    fact: { kind: "objects-deleted", objects: counted(1) },
    told: {
      message: "1 object would be deleted with the definition, and what it stands for",
      lines: ["mill/g1"],
      targets: OBJECT_TARGETS,
    },
  },
  "version-in-use-unserved": {
    fact: {
      kind: "version-in-use-unserved",
      version: "v1beta1",
      isListed: true,
      writers: [
        writer({ name: "argocd-controller", version: "v1beta1", objectCount: 1200 }),
        writer({ name: "gear-operator", version: "v1beta1", objectCount: 1, isSubresourceOnly: true, lastWrittenAt: null }),
      ],
      objectCount: 1500,
      isComplete: true,
    },
    told: {
      message:
        '"v1beta1" would no longer be served, and objects were last written in it by 2 field managers: the next such write fails',
      lines: ["argocd-controller: 1,200 objects, last at 2026-05-01T10:00:00Z", "gear-operator: status or scale of 1 object"],
      targets: ["gears.own.dev/"],
    },
  },
  "conversion-removed": {
    fact: {
      kind: "conversion-removed",
      target: converter().target,
      look: { kind: "answers" },
      versions: ["v1", "v1beta1"],
      objects: counted(1),
      isUntold: false,
    },
    told: {
      message:
        'objects would no longer be converted between "v1" and "v1beta1", as service mill/converter:443 does today: fields that the version asked for does not have are dropped; 1 object of it exists',
      lines: ["mill/g1"],
      targets: OBJECT_TARGETS,
    },
  },
  "conversion-unreachable": {
    fact: {
      kind: "conversion-unreachable",
      target: converter().target,
      problem: { kind: "service-missing" },
      wasBroken: false,
      versions: ["v1", "v1beta1"],
      objects: counted(1),
    },
    told: {
      message:
        '"v1" and "v1beta1" are to be converted by service mill/converter:443, and there is no such service: objects can then not be read or written in a version that they are not stored in; 1 object of it exists',
      lines: ["mill/g1"],
      targets: OBJECT_TARGETS,
    },
  },
  "conversion-unknown": {
    fact: { kind: "conversion-unknown", target: converter().target, reason: "forbidden", versions: ["v1", "v1beta1"] },
    told: {
      message: 'whether service mill/converter:443 converts "v1" and "v1beta1", as it must then, is not known: forbidden',
      lines: [],
      targets: [],
    },
  },
  "bundle-downgraded": {
    fact: {
      kind: "bundle-downgraded",
      before: { version: "v1.2.0", channel: "experimental" },
      after: { version: "v1.1.0", channel: "standard" },
      isOlder: true,
      dropped: ["v1alpha2"],
      unserved: ["v1beta1", "v1alpha3"],
      narrowing: null,
    },
    told: {
      message:
        '"v1.2.0" (experimental) would be replaced by the older "v1.1.0" (standard): "v1alpha2" would be gone, and "v1beta1" and "v1alpha3" would no longer be served, and fields that only the newer release has are dropped from objects at their next write',
      lines: [],
      targets: [],
    },
  },
  "storage-version-downgraded": {
    fact: { kind: "storage-version-downgraded", before: "v1", after: "v1beta1", isConverted: false },
    told: {
      message:
        'new objects would be stored in "v1beta1" and no longer in "v1", the more stable one: fields that only "v1" has are dropped when an object is written',
      lines: [],
      targets: [],
    },
  },
  "owner-changed": {
    fact: {
      kind: "owner-changed",
      before: [{ kind: "helm-release", namespace: "tools", name: "mill", isKept: false }],
      after: [{ kind: "field-manager", name: "kubectl" }],
      isMarkKept: true,
    },
    told: {
      message:
        'it is kept by Helm release "mill" in namespace "tools", and would be written by field manager "kubectl" too: whichever of them applies it next undoes what the other has done',
      lines: [],
      targets: [],
    },
  },
  "writers-unknown": {
    fact: { kind: "writers-unknown", versions: ["v1beta1"], reason: "crdguard may not list gears.own.dev" },
    told: {
      message: 'who writes in "v1beta1", which goes away, is not known: crdguard may not list gears.own.dev',
      lines: [],
      targets: [],
    },
  },
  "schema-narrowed": {
    fact: {
      kind: "schema-narrowed",
      versions: ["v1", "v1beta1"],
      causes: [
        { kind: "field-removed", path: "spec.rules[].name", before: schema({ type: "string" }), isPreserved: false },
        { kind: "max-items", path: "spec.rules", before: null, after: 16 },
        { kind: "selectable-field-removed", jsonPath: ".spec.color" },
      ],
    },
    told: {
      message:
        '"v1" and "v1beta1" would take less than today: what clients set in 1 place would be dropped without a word, 1 place would be stricter and 1 way to use it would be gone',
      lines: [
        "spec.rules[].name would be gone: what clients set there would be dropped without a word",
        "spec.rules would have to have at most 16 items",
        "field selectors could no longer name .spec.color: requests that do would fail",
      ],
      targets: [],
    },
  },
  "versions-apart": {
    fact: {
      kind: "versions-apart",
      writtenIn: "v1",
      readIn: "v1beta1",
      causes: [
        { kind: "field-removed", path: "spec.a", before: schema({ type: "string" }), isPreserved: false },
        { kind: "nullable", path: "spec.b", before: true, after: false },
      ],
    },
    told: {
      message:
        'what is written in "v1" would not all fit "v1beta1", and nothing converts between them: spec.a would be lost there and spec.b could be refused there',
      lines: ["spec.a would be gone: what clients set there would be dropped without a word", "spec.b would no longer take null"],
      targets: [],
    },
  },
  "version-renamed": {
    fact: { kind: "version-renamed", from: "v1alpha2", to: "v1alpha3" },
    told: {
      message:
        '"v1alpha2" would go on as "v1alpha3", with the very same schema: writes in "v1alpha2" fail, and need another apiVersion, no more',
      lines: [],
      targets: [],
    },
  },
  "names-gone": {
    fact: { kind: "names-gone", names: ["gr", "all-gears"] },
    told: {
      message: '"gr" and "all-gears" would no longer name its objects: commands and scripts that say so would fail',
      lines: [],
      targets: [],
    },
  },
  "schemas-unknown": {
    fact: { kind: "schemas-unknown", versions: ["v1", "v1beta1"] },
    told: {
      message: 'whether "v1" and "v1beta1" would take less than today is not known: the schemas of today are not',
      lines: [],
      targets: [],
    },
  },
};

/** Of v1beta1, as far as the words depend on it. */
function inUse(
  writers: readonly [Writer, ...Writer[]],
  shape: Partial<Extract<Fact, { kind: "version-in-use-unserved" }>> = {},
): Fact {
  return {
    kind: "version-in-use-unserved",
    version: "v1beta1",
    isListed: true,
    writers,
    objectCount: 10,
    isComplete: true,
    ...shape,
  };
}

const argo = writer({ name: "argocd-controller", version: "v1beta1" });
const file = writer({ kind: "file", name: "gears.yaml", version: "v1beta1", lastWrittenAt: null });

describe("a fact in words", () => {
  it.each(Object.entries(EXPECTED))("is told: %s", (_kind, { fact, told }) => {
    expect(tell(fact)).toEqual(told);
  });

  it.each<{ title: string; fact: Fact; message: string }>([
    {
      title: "a webhook that goes and has not worked",
      fact: {
        kind: "conversion-removed",
        target: { kind: "url", url: "https://mill.example/convert" },
        look: { kind: "broken", problem: { kind: "no-endpoints" } },
        versions: ["v1", "v1beta1"],
        objects: counted(0),
        isUntold: true,
      },
      message:
        'objects would no longer be converted between "v1" and "v1beta1", as https://mill.example/convert does today, which does not work (no pod of it is ready), if what nobody writes of is not kept, as by kubectl replace: fields that the version asked for does not have are dropped; no object of it exists',
    },
    ...(
      [
        [{ kind: "no-endpoints" }, "no pod of it is ready"],
        [{ kind: "refused", reason: "ECONNREFUSED" }, "it could not be connected to from here (ECONNREFUSED)"],
        [{ kind: "ca-malformed", reason: "no PEM" }, "the API server cannot trust it: no PEM"],
        [{ kind: "distrusted", reason: "expired" }, "the caBundle does not vouch for it (expired)"],
      ] as const
    ).map(([problem, clause]) => ({
      title: `a webhook that does not work: ${problem.kind}`,
      fact: {
        kind: "conversion-unreachable" as const,
        target: converter().target,
        problem,
        wasBroken: true,
        versions: ["v1", "v1beta1"] as const,
        objects: counted(2),
      },
      message: `"v1" and "v1beta1" are to be converted by service mill/converter:443, and ${clause}, nor did what was called before answer: objects can then not be read or written in a version that they are not stored in; 2 objects of it exist`,
    })),
    {
      title: "a channel that is left, of a CRD whose versions stay",
      fact: {
        kind: "bundle-downgraded",
        before: { version: "v1.1.0", channel: "experimental" },
        after: { version: "v1.1.0", channel: "standard" },
        isOlder: false,
        dropped: [],
        unserved: [],
        narrowing: null,
      },
      message:
        '"v1.1.0" (experimental) would be replaced by "v1.1.0" (standard): fields that only the experimental channel has are dropped from objects at their next write',
    },
    {
      title: "a release without a channel",
      fact: {
        kind: "bundle-downgraded",
        before: { version: "v1.1.0", channel: null },
        after: { version: "v1.0.0", channel: null },
        isOlder: true,
        dropped: [],
        unserved: [],
        narrowing: null,
      },
      message:
        '"v1.1.0" would be replaced by the older "v1.0.0": fields that only the newer release has are dropped from objects at their next write',
    },
    {
      title: "fields that a release goes back on, one by one as far as there are few",
      fact: {
        kind: "bundle-downgraded",
        before: { version: "v1.1.0", channel: null },
        after: { version: "v1.0.0", channel: null },
        isOlder: true,
        dropped: ["v1alpha2"],
        unserved: [],
        narrowing: { fields: ["spec.a", "spec.b", "spec.c", "spec.d", "spec.e"], otherCount: 1 },
      },
      message:
        '"v1.1.0" would be replaced by the older "v1.0.0": "v1alpha2" would be gone, and spec.a, spec.b, spec.c and 2 more fields would be dropped from objects at their next write, and 1 place would take less than today',
    },
    {
      title: "a storage version that a webhook converts into",
      fact: { kind: "storage-version-downgraded", before: "v1", after: "v1beta1", isConverted: true },
      message:
        'new objects would be stored in "v1beta1" and no longer in "v1", the more stable one: fields that only "v1" has are dropped when an object is written, unless the conversion webhook keeps them',
    },
    {
      title: "an owner in place of another",
      fact: {
        kind: "owner-changed",
        before: [{ kind: "argo-application", namespace: null, name: "mill" }],
        after: [{ kind: "flux-kustomization", namespace: "flux-system", name: "crds" }],
        isMarkKept: false,
      },
      message:
        'it is kept by Argo CD application "mill", and would belong to Flux Kustomization "crds" in namespace "flux-system": whichever of them applies it next undoes what the other has done',
    },
    {
      title: "a create that does not list a version",
      fact: { kind: "required-version-unserved", versions: ["v1"], stateAfter: "unlisted", isCreate: true, hurt: [crashing] },
      message: '"v1" would not be listed, and 1 running workload needs it to start',
    },
    {
      title: "harm of two kinds by the lesser claim",
      fact: {
        kind: "required-version-unserved",
        versions: ["v1"],
        stateAfter: "unlisted",
        isCreate: false,
        hurt: [crashing, stopping],
      },
      message: '"v1" would be gone, and 2 running workloads need it to work',
    },
    {
      title: "a stored version that goes on under another name",
      fact: {
        kind: "stored-version-removed",
        version: "v1alpha2",
        case: "no-common-version",
        objects: counted(2),
        isAssumedStored: false,
        renamedTo: "v1alpha3",
      },
      message:
        '"v1alpha2" would be dropped while status.storedVersions names it; 2 objects of it exist, and no version survives that could hold them: they must be backed up, deleted and created anew, in "v1alpha3", which is the same under another name',
    },
    {
      title: "lost features",
      fact: {
        kind: "required-version-unserved",
        versions: ["v1"],
        stateAfter: "unserved",
        isCreate: false,
        hurt: [losing, losing],
      },
      message: '"v1" would no longer be served, and 2 running workloads use it',
    },
    {
      title: "a migration that succeeded, as what was seen",
      fact: {
        kind: "stored-version-forgotten",
        version: "v1alpha1",
        isStorageVersion: false,
        objects: { kind: "not-counted" },
        migration: { kind: "succeeded", by: "StorageVersionMigration gears" },
      },
      message:
        '"v1alpha1" would be forgotten without proof that no object is stored in it: objects were not counted, rewritten as StorageVersionMigration gears tells; once it is dropped as well, such objects can no longer be read, listed or deleted',
    },
    ...[
      {
        title: "how many objects are not proven",
        counts: { unprovenCount: 3, objectCount: 1_200, isComplete: true },
        proof:
          "3 of 1,200 objects were last written before the storage version is known to have been in force (StorageVersionRecord gears.own.dev)",
      },
      {
        title: "one that is not proven, of those that were looked at",
        counts: { unprovenCount: 1, objectCount: 500, isComplete: false },
        proof:
          "at least 1 of 500 objects was last written before the storage version is known to have been in force (StorageVersionRecord gears.own.dev)",
      },
      {
        title: "that all are proven that could be looked at",
        counts: { unprovenCount: 0, objectCount: 500, isComplete: false },
        proof:
          "500 objects that could be looked at in time were written since StorageVersionRecord gears.own.dev, and there are more",
      },
    ].map(({ title, counts, proof }) => ({
      title,
      fact: {
        kind: "stored-version-forgotten" as const,
        version: "v1alpha1",
        isStorageVersion: false,
        objects: counted(1_200),
        migration: { kind: "unproven" as const, by: "StorageVersionRecord gears.own.dev", examples: [], ...counts },
      },
      message: `"v1alpha1" would be forgotten without proof that no object is stored in it: ${proof}; once it is dropped as well, such objects can no longer be read, listed or deleted`,
    })),
    {
      title: "a deletion whose objects could not be counted",
      fact: { kind: "objects-deleted", objects: { kind: "uncountable", reason: "the API server\nanswers 403" } },
      message:
        "its objects could not be counted (the API server\\u000aanswers 403), and every one that exists would be deleted with the definition",
    },
    {
      title: "a deletion whose count was cut short before the first object",
      fact: { kind: "objects-deleted", objects: counted(0, { isComplete: false }) },
      message: "its objects could not be counted in time, and every one that exists would be deleted with the definition",
    },
    {
      title: "a deletion whose count was cut short",
      fact: { kind: "objects-deleted", objects: counted(3200, { isComplete: false }) },
      message: "at least 3,200 objects would be deleted with the definition, and what they stand for",
    },
    {
      title: "a version that is hidden from who asks for preferred ones",
      fact: {
        kind: "required-version-unserved",
        versions: ["v1"],
        stateAfter: "not-preferred",
        isCreate: false,
        hurt: [crashing],
      },
      message:
        '"v1" would no longer be the preferred version, since a newer one would be served too, and 1 running workload needs it to start',
    },
    {
      title: "a workload that lacks APIs today as well",
      fact: { kind: "workload-requirement-unmet", unmet: [crashing, stopping], case: "same-today" },
      message: "1 API that it needs to work is not served to it, today as after this change",
    },
    {
      title: "a workload whose own definitions are not there yet",
      fact: { kind: "workload-requirement-unmet", unmet: [crashing], case: "own-definitions" },
      message: "1 API of its own, which it needs to start, is not defined yet, here or in the cluster",
    },
    {
      title: "an API that an applied workload uses, in the catalog's words of what becomes of it",
      fact: {
        kind: "workload-requirement-unmet",
        unmet: [{ ...crashing, need: { ...turner, source: { ...catalogSource, effect: "exits with code 1" } } }],
        case: "worse",
      },
      message: "1 API that it needs to start would not be served to it; it exits with code 1",
    },
    {
      title: "a need of an applied workload that is not sure",
      fact: { kind: "requirement-unsure", doubt: "conditional", hurt: [crashing], isOfWorkload: true },
      message: "what it needs is not known for sure: it hangs on a setting that crdguard cannot read",
    },
    {
      title: "a need that the catalog is not sure of",
      fact: { kind: "requirement-unsure", doubt: "unconfirmed", hurt: [crashing, crashing], isOfWorkload: false },
      message: "2 running workloads may need what goes away: the catalog has too little to go by",
    },
    {
      title: "a workload that is about to be replaced",
      fact: { kind: "requirement-unsure", doubt: "replaced", hurt: [crashing], isOfWorkload: false },
      message:
        "1 running workload may need what goes away: what is applied along with this replaces it by one that does not, and until then it does",
    },
    {
      title: "a version in use that is dropped from the list, of which many objects exist",
      fact: inUse([argo], { isListed: false, isComplete: false, objectCount: 2000 }),
      message:
        '"v1beta1" would be gone, and objects were last written in it by 1 field manager: the next such write fails (of many objects, 2,000 were looked at)',
    },
    {
      title: "a file that is written in a version",
      fact: inUse([file]),
      message: '"v1beta1" would no longer be served, and 1 file holds objects in it: applying it fails from then on',
    },
    {
      title: "files that are written in a version",
      fact: inUse([file, { ...file, name: "more.yaml" }]),
      message: '"v1beta1" would no longer be served, and 2 files hold objects in it: applying them fails from then on',
    },
    {
      title: "files and field managers",
      fact: inUse([argo, file]),
      message:
        '"v1beta1" would no longer be served, and objects were last written in it by 1 field manager, and 1 file holds objects in it: the next such write fails',
    },
    {
      title: "versions whose writers could not be told",
      fact: { kind: "writers-unknown", versions: ["v1beta1", "v1alpha1"], reason: "conversion\nfailed" },
      message: 'who writes in "v1beta1" and "v1alpha1", which go away, is not known: conversion\\u000afailed',
    },
  ])("tells $title", ({ fact, message }) => {
    expect(messageOf(fact, "gears.own.dev")).toBe(message);
  });

  it.each<{ objects: ObjectEvidence; words: string }>([
    { objects: { kind: "not-counted" }, words: "objects were not counted" },
    { objects: { kind: "uncountable", reason: "forbidden" }, words: "its objects could not be counted (forbidden)" },
    { objects: counted(0), words: "no object of it exists" },
    {
      objects: { ...counted(0), source: { kind: "folder", path: "demo/cluster" } } as ObjectEvidence,
      words: "no object of it is in demo/cluster",
    },
    {
      objects: { ...counted(0), source: { kind: "snapshot", takenAt: "2026-05-01T10:00:00Z" } } as ObjectEvidence,
      words: "no object of it existed when the snapshot was taken",
    },
    { objects: counted(1), words: "1 object of it exists" },
    { objects: counted(3200), words: "3,200 objects of it exist" },
    { objects: counted(0, { isComplete: false }), words: "its objects could not be counted in time" },
    { objects: counted(1, { isComplete: false }), words: "at least 1 object of it exists" },
    { objects: counted(3200, { isComplete: false }), words: "at least 3,200 objects of it exist" },
  ])("counts honestly: $words", ({ objects, words }) => {
    expect(objectCount(objects)).toBe(words);
  });

  it.each([
    ["works", true, "goes on working"],
    ["loses-feature", true, "goes on without this API and ignores its objects"],
    ["stops-working", true, "stays up but does its work no more, at its next restart at the latest"],
    ["stops-working", false, "starts but does not do its work"],
    ["crashes", true, "crashes at its next restart"],
    ["crashes", false, "crashes at start"],
  ] as const)("tells what becomes of a workload that %s, running or not: %s", (outcome, isRunning, words) => {
    expect(outcomePhrase(outcome, isRunning)).toBe(words);
  });

  it("gives writers as they are to who reads JSON, and their number to who may not list the objects", () => {
    const hostile = { ...argo, name: "a\nb", isSubresourceOnly: true };

    expect(evidenceOf(inUse([hostile, file]), gears, EVERYTHING)).toEqual([
      {
        kind: "writer",
        writer: "field-manager",
        name: "a\\u000ab",
        version: "v1beta1",
        count: 3,
        isSubresourceOnly: true,
        lastWrittenAt: "2026-05-01T10:00:00Z",
      },
      {
        kind: "writer",
        writer: "file",
        name: "gears.yaml",
        version: "v1beta1",
        count: 3,
        isSubresourceOnly: false,
        lastWrittenAt: null,
      },
    ]);
    const hidden = evidenceOf(inUse([hostile, argo]), gears, { mayName: ({ namespace }) => namespace !== "" });
    expect(hidden).toEqual([{ kind: "hidden-writers", count: 2 }]);
    expect(hidden.map(evidenceLine)).toEqual(["2 field managers, whose names are for those who may list these objects"]);
  });

  it("names objects that are not proven, and no others, to those who may list them", () => {
    const fact: Fact = {
      kind: "stored-version-forgotten",
      version: "v1alpha1",
      isStorageVersion: false,
      objects: counted(9),
      migration: {
        kind: "unproven",
        by: "StorageVersionRecord gears.own.dev",
        unprovenCount: 7,
        objectCount: 9,
        isComplete: true,
        examples: [
          { namespace: "mill", name: "g7" },
          { namespace: "quarry", name: "g8" },
        ],
      },
    };
    const told = evidenceOf(fact, gears, { mayName: ({ namespace }) => namespace === "mill" });

    expect(told).toEqual([
      { kind: "objects", count: 9, isComplete: true, namespaces: { mill: 9 }, examples: [] },
      { kind: "unproven-objects", count: 7, isComplete: true, examples: ["mill/g7"] },
    ]);
    expect(told.map(evidenceLine)).toEqual([null, "mill/g7, 6 more"]);
    expect(tell(fact)).toMatchObject({
      lines: [null, "mill/g7, quarry/g8, 5 more"],
      targets: ["gears.own.dev/", "gears.own.dev/mill", "gears.own.dev/quarry"],
    });
  });

  it("names no namespace of cluster-scoped objects, and asks for one right for them", () => {
    const objects: ObjectEvidence = {
      kind: "counted",
      total: 1,
      isComplete: true,
      byNamespace: new Map([["", 1]]),
      examples: [{ namespace: "", name: "g1" }],
      source: { kind: "cluster" },
    };
    const fact = { kind: "objects-deleted", objects } as const;

    expect(tell(fact)).toMatchObject({ lines: ["g1"], targets: ["gears.own.dev/"] });
    expect(evidenceOf(fact, gears, EVERYTHING)).toEqual([
      { kind: "objects", count: 1, isComplete: true, namespaces: {}, examples: ["g1"] },
    ]);
  });

  it("tells what objects hold to those alone who may list them, with their names", () => {
    const { fact } = EXPECTED["object-rejected"];

    expect(evidenceOf(fact, gears, { mayName: () => false })).toEqual([
      {
        kind: "rejected-objects",
        versions: ["v1", "v1beta1"],
        path: "status.features[]",
        message: "must be of type object",
        count: 3,
        isComplete: true,
        examples: [],
      },
    ]);
  });

  it.each([
    {
      title: "a look that saw nothing",
      look: { ...LOOK, objectCount: 0, totalCount: null, isComplete: false, seconds: 6 },
      told: /^no object could be checked in 6\.0 s:/,
    },
    {
      title: "a look without an estimate",
      look: { ...LOOK, objectCount: 7, totalCount: null, isComplete: false, seconds: 6 },
      told: /^checked 7 in 6\.0 s,/,
    },
  ])("is honest about $title", ({ look, told }) => {
    expect(messageOf({ kind: "objects-not-all-checked", look }, "gears.own.dev")).toMatch(told);
  });
});
