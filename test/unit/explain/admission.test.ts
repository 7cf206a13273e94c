import { describe, expect, it } from "vitest";
import { type Audience, audienceOf, EVERYTHING } from "../../../src/explain/audience.ts";
import {
  type AdmissionAnswer,
  explainNotJudged,
  explainUndecided,
  explainUnreadable,
  explainVerdict,
} from "../../../src/explain/admission.ts";
import { DEFAULT_POLICY, judge, type Policy } from "../../../src/policy/policy.ts";
import { type CrdChange, previousCrd } from "../../../src/rules/change.ts";
import { evaluate } from "../../../src/rules/evaluate.ts";
import type { Facts, ObjectEvidence, Writer } from "../../../src/rules/facts.ts";
import {
  counted,
  create,
  crd,
  need,
  noFacts,
  remove,
  requirement,
  sampled,
  statusUpdate,
  update,
  writer,
} from "../../support/builders.ts";

function answerTo(
  change: CrdChange,
  facts: Partial<Facts>,
  options: { readonly audience?: Audience; readonly policy?: Policy } = {},
): AdmissionAnswer {
  const [first, ...others] = judge(evaluate(change, { ...noFacts, ...facts }), options.policy ?? DEFAULT_POLICY);
  const subject = previousCrd(change) ?? (change.kind === "create" ? change.next : null);
  if (first === undefined || subject === null) throw new Error("this change finds nothing");
  const findings = [first, ...others] as const;
  return explainVerdict(
    first.enforcement === "deny" ? { kind: "deny", findings } : { kind: "allow", findings },
    subject,
    options.audience ?? EVERYTHING,
  );
}

function denialOf(change: CrdChange, facts: Partial<Facts>, audience: Audience = EVERYTHING): string {
  return answerTo(change, facts, { audience }).status?.message ?? "";
}

const ROUTES = "grpcroutes.gateway.networking.k8s.io";
const routesBefore = crd({ name: ROUTES, served: ["v1alpha2"], bundle: { version: "v1.0.0", channel: "experimental" } });
const routesAfter = crd({
  name: ROUTES,
  served: ["v1"],
  unserved: ["v1alpha2"],
  bundle: { version: "v1.1.0", channel: "standard" },
});
const routes = { group: "gateway.networking.k8s.io", resource: "grpcroutes" } as const;
const envoyBase = need({
  versions: ["v1alpha2"],
  workload: { namespace: "envoy-gateway-system", name: "envoy-gateway" },
  image: "docker.io/envoyproxy/gateway:v1.0.1",
  laterReleases: [{ minimumVersion: "1.1.0", requirements: [{ ...requirement({ versions: ["v1", "v1alpha2"] }), ...routes }] }],
});
const envoy = { ...envoyBase, requirement: { ...envoyBase.requirement, ...routes } };
const ciliumBase = need({
  versions: ["v1alpha2"],
  workload: { namespace: "kube-system", name: "cilium-operator" },
  image: "quay.io/cilium/operator-generic:v1.15.4",
  outcomes: { absent: "stops-working", unlisted: "stops-working", unserved: "crashes" },
  presence: "crd-version-listed",
  certainty: { kind: "assumed", condition: "enable-gateway-api=true in ConfigMap kube-system/cilium-config" },
});
const cilium = { ...ciliumBase, requirement: { ...ciliumBase.requirement, ...routes } };

const twoVersions = crd({ served: ["v1", "v1alpha1"], storage: "v1", stored: ["v1alpha1", "v1"] });
const onlyV1 = crd({ served: ["v1"] });

describe("a denial, whole", () => {
  it("tells who needs a version that is no longer served, and every way out", () => {
    expect(denialOf(update(routesBefore, routesAfter), { needs: [envoy, cilium], crds: new Map([[ROUTES, routesBefore]]) }))
      .toMatchInlineSnapshot(`
        "CustomResourceDefinition "grpcroutes.gateway.networking.k8s.io" would break the cluster:
        * spec.versions[v1alpha2].served: required-version-unserved: "v1alpha2" would no longer be served, and 2 running workloads need it to start:
            Deployment envoy-gateway-system/envoy-gateway (image docker.io/envoyproxy/gateway:v1.0.1; catalog: turner >=1.0.0 <2.0.0): crashes at its next restart
            Deployment kube-system/cilium-operator (image quay.io/cilium/operator-generic:v1.15.4; catalog: turner >=1.0.0 <2.0.0, taking enable-gateway-api=true in ConfigMap kube-system/cilium-config for granted): crashes at its next restart
          To go on, do one of (what is about one workload, for each of them):
            - upgrade envoy-gateway to 1.1.0 or newer first, by its own chart or manifests, or by:
                kubectl -n envoy-gateway-system set image deployment/envoy-gateway main=docker.io/envoyproxy/gateway:v1.1.0
            - keep serving "v1alpha2": set its served to true in the new manifest, or apply a release or channel that serves it
            - stay on the release you have: v1.0.0, experimental channel
            - stop envoy-gateway first, if nobody needs it:
                kubectl -n envoy-gateway-system scale deployment/envoy-gateway --replicas=0
            - stop cilium-operator first, if nobody needs it:
                kubectl -n kube-system scale deployment/cilium-operator --replicas=0
          More: docs/rules/required-version-unserved.md
          All steps: crdguard plan -f <what you apply>
          To override: kubectl crdguard override grpcroutes.gateway.networking.k8s.io --rule required-version-unserved --reason "…""
      `);
  });

  it("tells that a needed version is gone, and that the need was declared", () => {
    expect(
      denialOf(update(crd({ served: ["v1", "v1beta1"] }), onlyV1), {
        needs: [need({ versions: ["v1beta1"], workload: { kind: "DaemonSet" } })],
      }),
    ).toMatchInlineSnapshot(`
      "CustomResourceDefinition "gears.own.dev" would break the cluster:
      * spec.versions[v1beta1]: required-version-unserved: "v1beta1" would be gone, and 1 running workload needs it to start:
          DaemonSet mill/turner (annotation crdguard.dev/requires): crashes at its next restart
        To go on:
          - keep serving "v1beta1": put it back into the new manifest, or apply a release or channel that serves it
        More: docs/rules/required-version-unserved.md
        All steps: crdguard plan -f <what you apply>
        To override: kubectl crdguard override gears.own.dev --rule required-version-unserved --reason "…""
    `);
  });

  it("tells that a create lists unserved what a workload looks up in the list", () => {
    expect(
      denialOf(create(routesAfter), {
        needs: [
          {
            ...cilium,
            requirement: { ...cilium.requirement, outcomes: { absent: "works", unlisted: "works", unserved: "crashes" } },
          },
        ],
      }),
    ).toMatchInlineSnapshot(`
      "CustomResourceDefinition "grpcroutes.gateway.networking.k8s.io" would break the cluster:
      * spec.versions[v1alpha2].served: required-version-unserved: "v1alpha2" would be listed but not served, and 1 running workload needs it to start:
          Deployment kube-system/cilium-operator (image quay.io/cilium/operator-generic:v1.15.4; catalog: turner >=1.0.0 <2.0.0, taking enable-gateway-api=true in ConfigMap kube-system/cilium-config for granted): crashes at its next restart
        To go on, do one of:
          - keep serving "v1alpha2": set its served to true in the new manifest, or apply a release or channel that serves it
          - stop cilium-operator first, if nobody needs it:
              kubectl -n kube-system scale deployment/cilium-operator --replicas=0
        More: docs/rules/required-version-unserved.md
        All steps: crdguard plan -f <what you apply>
        To override: kubectl crdguard override grpcroutes.gateway.networking.k8s.io --rule required-version-unserved --reason "…""
    `);
  });

  it("tells that objects must be rewritten before a stored version goes", () => {
    expect(denialOf(update(twoVersions, onlyV1), { objects: counted(3) })).toMatchInlineSnapshot(`
      "CustomResourceDefinition "gears.own.dev" would break the cluster:
      * spec.versions[v1alpha1]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it; 3 objects of it exist, and must be rewritten into the storage version first:
          mill/g1, 2 more
        To go on, do one of:
          - rewrite every object into the storage version, forget the old one, then apply your change again:
              crdguard migrate gears.own.dev
          - keep "v1alpha1" in spec.versions of the new manifest; it need not be served
        More: docs/rules/stored-version-removed.md
        All steps: crdguard plan -f <what you apply>"
    `);
  });

  it("tells that without objects an entry can be forgotten", () => {
    expect(denialOf(update(twoVersions, onlyV1), { objects: counted(0) })).toMatchInlineSnapshot(`
      "CustomResourceDefinition "gears.own.dev" would break the cluster:
      * spec.versions[v1alpha1]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it; no object of it exists, so nothing is lost by forgetting it first
        To go on, do one of:
          - forget the version, since no object is stored in it, then apply your change again:
              objects=$(kubectl get gears.v1.own.dev --all-namespaces -o name) &&
              test -z "$objects" &&
              kubectl patch customresourcedefinition gears.own.dev --subresource=status --type=merge -p '{"status":{"storedVersions":["v1"]}}'
          - keep "v1alpha1" in spec.versions of the new manifest; it need not be served
        More: docs/rules/stored-version-removed.md
        All steps: crdguard plan -f <what you apply>"
    `);
  });

  it("tells that without objects a definition can be made anew", () => {
    expect(denialOf(update(crd({ served: ["v1alpha2"] }), crd({ served: ["v1alpha3"] })), { objects: counted(0) }))
      .toMatchInlineSnapshot(`
        "CustomResourceDefinition "gears.own.dev" would break the cluster:
        * spec.versions[v1alpha2]: stored-version-removed: "v1alpha2" would be dropped while status.storedVersions names it; no object of it exists, so nothing is lost by forgetting it first
          To go on, do one of:
            - delete the definition, which has no objects, then apply your change again:
                objects=$(kubectl get gears.v1alpha2.own.dev --all-namespaces -o name) &&
                test -z "$objects" &&
                kubectl delete customresourcedefinition gears.own.dev
            - keep "v1alpha2" in spec.versions of the new manifest; it need not be served
          More: docs/rules/stored-version-removed.md
          All steps: crdguard plan -f <what you apply>"
      `);
  });

  it("tells that another version must take over before the storage version goes", () => {
    const oldStorage = crd({ served: ["v1", "v1alpha1"], storage: "v1alpha1" });

    expect(denialOf(update(oldStorage, onlyV1), { objects: counted(1) })).toMatchInlineSnapshot(`
      "CustomResourceDefinition "gears.own.dev" would break the cluster:
      * spec.versions[v1alpha1]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it; 1 object of it exists, and it is the storage version itself: another version must take over first:
          mill/g1
        To go on, do one of:
          - store new objects in "v1", rewrite the old ones, forget the old version, then apply your change again:
              kubectl patch customresourcedefinition gears.own.dev --type=json -p '[{"op":"test","path":"/spec/versions/0/name","value":"v1"},{"op":"replace","path":"/spec/versions/0/storage","value":true},{"op":"test","path":"/spec/versions/1/name","value":"v1alpha1"},{"op":"replace","path":"/spec/versions/1/storage","value":false}]' &&
              crdguard migrate gears.own.dev
          - keep "v1alpha1" in spec.versions of the new manifest; it need not be served
        More: docs/rules/stored-version-removed.md
        All steps: crdguard plan -f <what you apply>"
    `);
  });

  it("tells that no version survives, and how to carry the objects over", () => {
    expect(denialOf(update(crd({ served: ["v1alpha2"] }), crd({ served: ["v1alpha3"] })), { objects: counted(3) }))
      .toMatchInlineSnapshot(`
        "CustomResourceDefinition "gears.own.dev" would break the cluster:
        * spec.versions[v1alpha2]: stored-version-removed: "v1alpha2" would be dropped while status.storedVersions names it; 3 objects of it exist, and no version survives that could hold them: they must be backed up, deleted and created anew:
            mill/g1, 2 more
          To go on, do one of:
            - back the objects up, delete them and the definition, apply your change again, and create the objects anew:
                crdguard backup gears.own.dev -o gears.own.dev.backup &&
                kubectl delete gears.v1alpha2.own.dev --all --all-namespaces &&
                kubectl delete customresourcedefinition gears.own.dev &&
                echo 'Edit the files in gears.own.dev.backup where fields have moved, then apply your change in another terminal; this waits.' &&
                until kubectl get gears.v1alpha3.own.dev >/dev/null 2>&1; do sleep 1; done &&
                crdguard restore gears.own.dev.backup --version v1alpha3 --edited
            - keep "v1alpha2" in spec.versions of the new manifest; it need not be served
          More: docs/rules/stored-version-removed.md
          All steps: crdguard plan -f <what you apply>"
      `);
  });

  it("tells that the storage version was taken for stored", () => {
    const withoutStatus = crd({ served: ["v1alpha2"], storedSource: "assumed" });

    expect(
      denialOf(update(withoutStatus, crd({ served: ["v1alpha3"] })), { objects: { kind: "uncountable", reason: "forbidden" } }),
    ).toMatchInlineSnapshot(`
      "CustomResourceDefinition "gears.own.dev" would break the cluster:
      * spec.versions[v1alpha2]: stored-version-removed: "v1alpha2" would be dropped while objects may be stored in it (it is the storage version today); its objects could not be counted (forbidden), and no version survives that could hold them: they must be backed up, deleted and created anew
        To go on, do one of:
          - back the objects up, delete them and the definition, apply your change again, and create the objects anew:
              crdguard backup gears.own.dev -o gears.own.dev.backup &&
              kubectl delete gears.v1alpha2.own.dev --all --all-namespaces &&
              kubectl delete customresourcedefinition gears.own.dev &&
              echo 'Edit the files in gears.own.dev.backup where fields have moved, then apply your change in another terminal; this waits.' &&
              until kubectl get gears.v1alpha3.own.dev >/dev/null 2>&1; do sleep 1; done &&
              crdguard restore gears.own.dev.backup --version v1alpha3 --edited
          - keep "v1alpha2" in spec.versions of the new manifest; it need not be served
        More: docs/rules/stored-version-removed.md
        All steps: crdguard plan -f <what you apply>"
    `);
  });

  it("tells what proof a forgotten version lacks", () => {
    const outdated = { kind: "outdated", by: "StorageVersionMigration gears", reason: "the CRD was written later" } as const;

    expect(denialOf(statusUpdate(twoVersions, ["v1"]), { objects: counted(3), migration: outdated })).toMatchInlineSnapshot(`
      "CustomResourceDefinition "gears.own.dev" would break the cluster:
      * status.storedVersions[v1alpha1]: stored-version-forgotten: "v1alpha1" would be forgotten without proof that no object is stored in it: 3 objects of it exist, and StorageVersionMigration gears is too old to count (the CRD was written later); once it is dropped as well, such objects can no longer be read, listed or deleted:
          mill/g1, 2 more
        To go on:
          - rewrite every object into the storage version, forget the old one, then apply your change again:
              crdguard migrate gears.own.dev
        More: docs/rules/stored-version-forgotten.md
        To override: kubectl crdguard override gears.own.dev --rule stored-version-forgotten --reason "…""
    `);
  });

  it("tells that the storage version cannot be forgotten", () => {
    expect(denialOf(statusUpdate(twoVersions, ["v1alpha1"]), { objects: counted(0) })).toMatchInlineSnapshot(`
      "CustomResourceDefinition "gears.own.dev" would break the cluster:
      * status.storedVersions[v1]: stored-version-forgotten: "v1" is the storage version: the next object written would be stored in it, unrecorded
        To go on:
          - keep "v1" in status.storedVersions
        More: docs/rules/stored-version-forgotten.md
        To override: kubectl crdguard override gears.own.dev --rule stored-version-forgotten --reason "…""
    `);
  });

  it("tells how many objects would be deleted, and that there may be more than were counted", () => {
    const objects: ObjectEvidence = {
      kind: "counted",
      total: 3200,
      isComplete: false,
      byNamespace: new Map([
        ["mill", 3000],
        ["shop", 200],
      ]),
      examples: ["g1", "g2", "g3", "g4", "g5"].map((name) => ({ namespace: "mill", name })),
      source: { kind: "cluster" },
    };

    expect(denialOf(remove(onlyV1), { objects })).toMatchInlineSnapshot(`
      "CustomResourceDefinition "gears.own.dev" would break the cluster:
      * metadata.name: objects-deleted: at least 3,200 objects would be deleted with the definition, and what they stand for:
          mill/g1, mill/g2, mill/g3, mill/g4, mill/g5, at least 3,195 more
        To go on:
          - back the objects up and delete them one by one first, if they are no longer needed:
              crdguard backup gears.own.dev -o gears.own.dev.backup &&
              kubectl delete gears.v1.own.dev --all --all-namespaces
        More: docs/rules/objects-deleted.md
        To override: kubectl crdguard override gears.own.dev --rule objects-deleted --reason "…""
    `);
  });

  it("tells who needs a definition that would be deleted, apart from who loses a feature", () => {
    const soft = need({ versions: ["v1"], outcome: "loses-feature", workload: { name: "painter" } });

    expect(denialOf(remove(onlyV1), { needs: [need({ versions: ["v1"], outcome: "stops-working" }), soft], objects: counted(0) }))
      .toMatchInlineSnapshot(`
        "CustomResourceDefinition "gears.own.dev" would break the cluster:
        * metadata.name: required-resource-deleted: "gears.own.dev" would be deleted, and 1 running workload needs it to work:
            Deployment mill/turner (annotation crdguard.dev/requires): stays up but does its work no more, at its next restart at the latest
          To go on:
            - stop turner first, if nobody needs it:
                kubectl -n mill scale deployment/turner --replicas=0
          More: docs/rules/required-resource-deleted.md
          To override: kubectl crdguard override gears.own.dev --rule required-resource-deleted --reason "…""
      `);
  });

  it("tells ten of those who are hurt, and how many more there are", () => {
    const needs = Array.from({ length: 12 }, (_, index) =>
      need({ versions: ["v1alpha1"], workload: { kind: "DaemonSet", name: `turner-${String(index)}` } }),
    );
    const lines = denialOf(update(crd({ served: ["v1", "v1alpha1"] }), onlyV1), { needs }).split("\n");

    expect(lines.filter((line) => line.startsWith("    DaemonSet ")).length).toBe(10);
    expect(lines[12]).toBe("    and 2 more");
  });
});

describe("a denial, by who reads it", () => {
  const hurt = [
    need({ versions: ["v1alpha1"] }),
    need({ versions: ["v1alpha1"], workload: { kind: "StatefulSet", namespace: "vault", name: "hidden" } }),
    need({ versions: ["v1alpha1"], workload: { namespace: "vault", name: "hidden" } }),
  ];
  const objects: ObjectEvidence = {
    kind: "counted",
    total: 5,
    isComplete: true,
    byNamespace: new Map([
      ["mill", 2],
      ["vault", 3],
    ]),
    examples: [
      { namespace: "mill", name: "g1" },
      { namespace: "vault", name: "secret-g" },
    ],
    source: { kind: "cluster" },
  };
  const change = update(twoVersions, onlyV1);

  it("names only what the reader may list, and counts the rest", () => {
    const audience = audienceOf([
      { group: "apps", resource: "deployments", namespace: "mill" },
      { group: "own.dev", resource: "gears", namespace: "mill" },
    ]);
    const message = denialOf(change, { needs: hurt, objects }, audience);

    expect(message.split("\n").filter((line) => /mill|may not list|more$/.test(line))).toEqual([
      "    Deployment mill/turner (annotation crdguard.dev/requires): crashes at its next restart",
      "    2 workloads in namespaces that you may not list",
      "        kubectl -n mill scale deployment/turner --replicas=0",
      "    mill/g1, 4 more",
    ]);
    expect(message).not.toMatch(/vault|hidden|secret/);
  });

  it("names all to who may list all, by one right for all namespaces", () => {
    const audience = audienceOf([
      { group: "apps", resource: "deployments", namespace: "" },
      { group: "apps", resource: "statefulsets", namespace: "" },
      { group: "own.dev", resource: "gears", namespace: "" },
    ]);

    expect(denialOf(change, { needs: hurt, objects }, audience)).toBe(denialOf(change, { needs: hurt, objects }));
  });

  it("names nothing to who may list nothing, in no member of the answer", () => {
    const answer = JSON.stringify(answerTo(change, { needs: hurt, objects }, { audience: audienceOf([]) }));

    expect(answer).not.toMatch(/turner|vault|hidden|secret|g1|"mill/);
    expect(answer).toContain("3 workloads in namespaces that you may not list");
  });

  it("names no workload in a warning to who may not list it", () => {
    const soft = [need({ versions: ["v1alpha1"], outcome: "loses-feature", workload: { namespace: "vault", name: "hidden" } })];
    const facts = { needs: soft };

    expect(answerTo(update(crd({ served: ["v1", "v1alpha1"] }), onlyV1), facts, { audience: audienceOf([]) }).warnings).toEqual([
      'required-version-unserved: "v1alpha1" would be gone, and 1 running workload uses it',
    ]);
  });
});

describe("a warning of who writes in a version that goes away", () => {
  const change = update(crd({ served: ["v1", "v1beta1"] }), crd({ served: ["v1"], unserved: ["v1beta1"] }));
  const warningOf = (writers: readonly Writer[], audience?: Audience): readonly string[] =>
    answerTo(change, { writers: sampled(writers) }, audience === undefined ? {} : { audience }).warnings ?? [];
  const kubectl = writer({ name: "kubectl-client-side-apply", version: "v1beta1", objectCount: 12 });

  it.each<{ title: string; writers: readonly Writer[]; warning: string }>([
    {
      title: "the one who does",
      writers: [kubectl],
      warning:
        'version-in-use-unserved: kubectl-client-side-apply (12 objects, last 2026-05-01): "v1beta1" would no longer be served, …',
    },
    {
      title: "the first of several",
      writers: [
        { ...kubectl, name: "argocd-controller" },
        { ...kubectl, objectCount: 2 },
        { ...kubectl, name: "helm" },
      ],
      warning:
        'version-in-use-unserved: argocd-controller (12 objects, last 2026-05-01) and 2 more: "v1beta1" would no longer be serve…',
    },
    {
      title: "one whose time is not recorded",
      writers: [{ ...kubectl, name: "helm", objectCount: 1, lastWrittenAt: null }],
      warning:
        'version-in-use-unserved: helm (1 object): "v1beta1" would no longer be served, and objects were last written in it by 1…',
    },
    {
      title: "one with a name that would fill the line",
      writers: [{ ...kubectl, name: "m".repeat(128) }],
      warning:
        'version-in-use-unserved: mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm… (12 objects, last 2026-05-01): "v1beta1" would no longer be s…',
    },
    {
      title: "a file by the end of its path",
      writers: [{ ...kubectl, kind: "file", name: "clusters/production/apps/mill/gears.yaml", lastWrittenAt: null }],
      warning:
        'version-in-use-unserved: …production/apps/mill/gears.yaml (12 objects): "v1beta1" would no longer be served, and 1 file…',
    },
  ])("names $title, the objects, the time and the version, before it is cut", ({ writers, warning }) => {
    expect(warningOf(writers)).toEqual([warning]);
  });

  it("names nobody to who may not list the objects in all namespaces", () => {
    const audience = audienceOf([{ group: "own.dev", resource: "gears", namespace: "mill" }]);

    expect(warningOf([kubectl], audience)).toEqual([
      'version-in-use-unserved: "v1beta1" would no longer be served, and objects were last written in it by 1 field manager: t…',
    ]);
  });

  it("tells that they are not known, and why", () => {
    expect(answerTo(change, { writers: { kind: "unreadable", reason: "crdguard may not list gears.own.dev" } }).warnings).toEqual(
      ['version-in-use-unserved: who writes in "v1beta1", which goes away, is not known: crdguard may not list gears.own.dev'],
    );
  });

  it("is a denial with the objects and the way out where the rule is set to deny", () => {
    const policy: Policy = { ...DEFAULT_POLICY, enforcement: new Map([["version-in-use-unserved", "deny"]]) };

    expect(answerTo(change, { writers: sampled([kubectl]) }, { policy }).status?.message).toMatchInlineSnapshot(`
      "CustomResourceDefinition "gears.own.dev" would break the cluster:
      * spec.versions[v1beta1].served: version-in-use-unserved: "v1beta1" would no longer be served, and objects were last written in it by 1 field manager: the next such write fails:
          kubectl-client-side-apply: 12 objects, last at 2026-05-01T10:00:00Z
        To go on, do one of:
          - write "v1" first, which is served today too: set apiVersion to own.dev/v1 in manifests and charts and apply them again, upgrade programs; to see what is written by whom:
              kubectl get gears.v1.own.dev --all-namespaces -o 'go-template={{range .items}}{{$object := .metadata}}{{range $object.managedFields}}{{if eq .apiVersion "own.dev/v1beta1"}}{{$object.namespace}}/{{$object.name}} {{.manager}} {{.time}}{{"\\n"}}{{end}}{{end}}{{end}}'
          - keep serving "v1beta1": set its served to true in the new manifest, or apply a release or channel that serves it
        More: docs/rules/version-in-use-unserved.md
        To override: kubectl crdguard override gears.own.dev --rule version-in-use-unserved --reason "…""
    `);
  });
});

describe("the answer to the API server", () => {
  it("is 422 Invalid, with each denial as a cause, and the message holds the same", () => {
    const facts = { needs: [need({ versions: ["v1alpha1"], workload: { kind: "DaemonSet" } })], objects: counted(1) };
    const answer = answerTo(update(twoVersions, onlyV1), facts);
    const causes = answer.status?.details?.causes ?? [];

    expect(answer).toEqual({
      allowed: false,
      status: {
        status: "Failure",
        code: 422,
        reason: "Invalid",
        message: [
          'CustomResourceDefinition "gears.own.dev" would break the cluster:',
          ...causes.map(({ field, message }) => `* ${field}: ${message}`),
        ].join("\n"),
        details: { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", name: "gears.own.dev", causes },
      },
      auditAnnotations: { verdict: "deny", rules: "required-version-unserved=deny,stored-version-removed=deny" },
    });
    expect(causes.map(({ reason, field }) => [reason, field])).toEqual([
      ["required-version-unserved", "spec.versions[v1alpha1]"],
      ["stored-version-removed", "spec.versions[v1alpha1]"],
    ]);
  });

  it("tells warnings beside a denial, and records what is only audited", () => {
    const policy: Policy = { ...DEFAULT_POLICY, enforcement: new Map([["stored-version-removed", "audit"]]) };
    const needs = [
      need({ versions: ["v1alpha1"] }),
      need({ versions: ["v1alpha1"], outcome: "loses-feature", workload: { name: "painter" } }),
    ];
    const answer = answerTo(update(twoVersions, onlyV1), { needs, objects: counted(1) }, { policy });

    expect(answer.status?.details?.causes.map(({ reason }) => reason)).toEqual(["required-version-unserved"]);
    expect(answer.warnings).toEqual([
      'required-version-unserved: Deployment mill/painter: "v1alpha1" would be gone, and 1 running workload uses it',
    ]);
    expect(answer.auditAnnotations).toEqual({
      verdict: "deny",
      rules: "required-version-unserved=deny,required-version-unserved=warn,stored-version-removed=audit",
    });
  });

  it("allows with warnings alone, rule id first", () => {
    const policy: Policy = { ...DEFAULT_POLICY, enforcement: new Map([["stored-version-removed", "warn"]]) };

    expect(answerTo(update(twoVersions, onlyV1), { objects: counted(0) }, { policy })).toEqual({
      allowed: true,
      warnings: [
        'stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it; no object of it exists, so no…',
      ],
      auditAnnotations: { verdict: "allow", rules: "stored-version-removed=warn" },
    });
  });

  it.each([
    {
      title: "an image whose tag names no version",
      change: update(routesBefore, routesAfter),
      needs: [{ ...envoy, certainty: { kind: "unknown-version" } as const }],
      warning:
        "required-version-unserved: Deployment envoy-gateway-system/envoy-gateway may need grpcroutes v1alpha2: version unknown",
    },
    {
      title: "a setting that cannot be read",
      change: remove(onlyV1),
      needs: [need({ versions: ["v1"], certainty: { kind: "conditional", condition: "--gears" } })],
      warning: "required-resource-deleted: Deployment mill/turner may need gears v1: setting unknown",
    },
    {
      title: "a catalog entry of low confidence",
      change: remove(onlyV1),
      needs: [need({ versions: ["v1", "v1beta1"], certainty: { kind: "unconfirmed" } })],
      warning: "required-resource-deleted: Deployment mill/turner may need gears v1 or v1beta1: catalog not sure",
    },
    {
      title: "several workloads, of which the reader may see one",
      change: remove(onlyV1),
      needs: ["vault", "mill"].map((namespace) =>
        need({ versions: ["v1"], workload: { namespace }, certainty: { kind: "unknown-version" } }),
      ),
      audience: audienceOf([{ group: "apps", resource: "deployments", namespace: "mill" }]),
      warning: "required-resource-deleted: Deployment mill/turner and 1 more may need gears v1: version unknown",
    },
    {
      title: "a workload whose name is not for the reader",
      change: remove(onlyV1),
      needs: [need({ versions: ["v1"], certainty: { kind: "unconfirmed" } })],
      audience: audienceOf([]),
      warning: "required-resource-deleted: 1 running workload may need what goes away: the catalog has too little to go by",
    },
  ])("says in a warning who may need what, and why nobody knows: $title", ({ change: doubted, needs, audience, warning }) => {
    const { warnings = [] } = answerTo(doubted, { needs }, audience === undefined ? {} : { audience });
    expect(warnings.filter((line) => !line.startsWith("bundle-downgraded: "))).toEqual([warning]);
  });

  it("warns in ten lines at most, of 120 characters each, without a line break, whatever the names", () => {
    const names = Array.from({ length: 30 }, (_, index) => `v1alpha${String(index + 1)}\n\u001b[31m😀${"x".repeat(index * 7)}`);
    const policy: Policy = { ...DEFAULT_POLICY, enforcement: new Map([["stored-version-removed", "warn"]]) };
    const { warnings = [] } = answerTo(
      update(crd({ served: ["v1", ...names], stored: names }), onlyV1),
      { objects: counted(1) },
      { policy },
    );

    expect(warnings.length).toBe(10);
    for (const warning of warnings) expect(warning).toMatch(/^stored-version-removed: [^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,96}$/u);
  });

  it("forges no line, moves no cursor and reverses no text, however hostile the names", () => {
    const evil = `v1"\n* spec: all is well\u001b[2J\u001b]8;;http://evil\u0007\u202E\u2028$(reboot)\`reboot\``;
    const before = { ...crd({ served: ["v1", evil], stored: [evil, "v1"] }), name: `gears.${evil}` };
    const objects: ObjectEvidence = {
      kind: "counted",
      total: 1,
      isComplete: true,
      byNamespace: new Map([[evil, 1]]),
      examples: [{ namespace: evil, name: evil }],
      source: { kind: "folder", path: evil },
    };
    const needs = [need({ versions: [evil], workload: { namespace: evil, name: evil }, image: evil })];
    const facts = {
      needs,
      objects,
      unreadableDeclarations: [
        { workload: { kind: "Deployment", namespace: evil, name: evil }, key: evil, value: evil, problem: evil } as const,
      ],
    };
    const answer = answerTo(update(before, { ...onlyV1, name: before.name }), facts);
    const texts = [
      ...(answer.warnings ?? []),
      ...(answer.status?.message ?? "").split("\n"),
      answer.status?.details?.name ?? "",
      ...(answer.status?.details?.causes ?? []).flatMap(({ field, message }) => [field, ...message.split("\n")]),
    ];

    for (const text of texts) expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(texts.filter((line) => line.startsWith("* "))).toEqual([
      expect.stringMatching(/^\* spec\.versions\[v1".*\]: required-version-unserved: /),
      expect.stringMatching(/^\* spec\.versions\[v1".*\]: stored-version-removed: /),
    ]);
    expect(answer.warnings).toEqual([expect.stringMatching(/^required-version-unserved: Deployment v1"\\u000a\* spec/)]);
  });
});

describe("explainUndecided", () => {
  it.each([
    { reason: "facts-not-synced" as const, sentence: "it has not read the whole cluster yet" },
    { reason: "deadline-exceeded" as const, sentence: "the time that the API server gives ran out" },
    { reason: "internal-error" as const, sentence: "it met an internal error, which its log tells" },
  ])("denies or allows as told, and says that the guard is at fault: $reason", ({ reason, sentence }) => {
    expect(explainUndecided(reason, "deny")).toEqual({
      allowed: false,
      status: {
        status: "Failure",
        code: 503,
        reason: "ServiceUnavailable",
        message: `crdguard could not judge this change, so it is not let through: ${sentence}; try again in a moment`,
      },
      auditAnnotations: { verdict: "undecided", reason },
    });
    expect(explainUndecided(reason, "allow")).toEqual({
      allowed: true,
      warnings: [`crdguard: not judged: ${sentence}`],
      auditAnnotations: { verdict: "undecided", reason },
    });
  });
});

describe("explainNotJudged and explainUnreadable", () => {
  it("tell foreign text on one line", () => {
    expect(explainNotJudged("a\nb")).toEqual({ allowed: true, warnings: ["a\\u000ab"], auditAnnotations: {} });
    expect(explainUnreadable("object-malformed", "a\nb").status?.message).toBe(
      "crdguard cannot read this request (object-malformed): a\\u000ab",
    );
  });
});
