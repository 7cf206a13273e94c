import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { planReport } from "../../../src/explain/plan.ts";
import { manifestPath } from "../../../src/explain/plan-commands.ts";
import { planMarkdown } from "../../../src/explain/plan-markdown.ts";
import { planText } from "../../../src/explain/plan-text.ts";
import type { Planned } from "../../../src/plan/plan.ts";
import { judge, DEFAULT_POLICY } from "../../../src/policy/policy.ts";
import { evaluate } from "../../../src/rules/evaluate.ts";
import { counted, crd, noFacts, remove } from "../../support/builders.ts";
import { BUNDLE, CONTEXT, NEW, OLD, planOf, step, STEPS, TURNER } from "../../support/plan-steps.ts";

const PLAIN = { colors: createColors(false), columns: 120 };

function text(planned: Planned, context = CONTEXT, notes: readonly string[] = []): string {
  return `\n${planText(planReport(planned, context, notes), PLAIN)}`;
}

describe("a plan as text", () => {
  it("tells of each action what is done, what it changes, what proves it, and how to go back", () => {
    expect(text(planOf(...STEPS))).toMatchInlineSnapshot(`
      "
      1. rewrite all 3 objects of gears.own.dev in "v1", and once that is proven, forget "v1alpha2"
         Why: until it is done, what is wanted of gears.own.dev is refused by the rule stored-version-removed
         Changes: gears.own.dev: status.storedVersions "v1alpha2" and "v1" → "v1"
         Run:
           crdguard migrate gears.own.dev
         Done when this prints ["v1"]:
           kubectl get customresourcedefinition gears.own.dev -o 'jsonpath={.status.storedVersions}'
         To go back: none is needed: the same objects, which every version that is served still reads

      2. apply the definitions that are wanted: gears.own.dev
         Changes: gears.own.dev: "v1alpha2" is listed no more
         Run:
           before=crdguard-plan/apply-wanted.d568c72c.before.yaml &&
           mkdir -p crdguard-plan &&
           { test -e "$before" || { kubectl get customresourcedefinition gears.own.dev -o yaml |
             sed -E '/^ {2}( {2})?(resourceVersion|uid): /d' > "$before.new" && test -s "$before.new" && mv "$before.new" "$before"; }; }
           kubectl apply --server-side --force-conflicts -f bundle.yaml
           kubectl wait --for=condition=Established --timeout=60s customresourcedefinition/gears.own.dev
         Done when this prints nothing:
           kubectl diff --server-side --force-conflicts -f bundle.yaml
         To go back: apply them again as they were, from crdguard-plan/apply-wanted.d568c72c.before.yaml:
           kubectl apply --server-side --force-conflicts -f crdguard-plan/apply-wanted.d568c72c.before.yaml

      3. apply gears.own.dev alone, of what is wanted
         Changes: gears.own.dev: new; serves "v1", stores "v1"
         Run:
           kubectl apply --server-side --force-conflicts -f crdguard-plan/apply-wanted.yaml
           kubectl wait --for=condition=Established --timeout=60s customresourcedefinition/gears.own.dev
         Done when this prints nothing:
           kubectl diff --server-side --force-conflicts -f crdguard-plan/apply-wanted.yaml
         To go back: delete those that are new, as long as they have no objects:
           kubectl delete customresourcedefinition gears.own.dev

      4. apply Own API v1.0.0, standard channel, in between
         Why: it serves "v1" of gears.own.dev, which both what runs today and what is wanted can live with
         Changes: gears.own.dev: "v1alpha2" is listed no more
         Run:
           before=crdguard-plan/apply-bundle.d568c72c.before.yaml &&
           mkdir -p crdguard-plan &&
           { test -e "$before" || { kubectl get customresourcedefinition gears.own.dev -o yaml |
             sed -E '/^ {2}( {2})?(resourceVersion|uid): /d' > "$before.new" && test -s "$before.new" && mv "$before.new" "$before"; }; }
           kubectl apply --server-side --force-conflicts -f https://own.dev/v1.0.0/standard.yaml
           kubectl wait --for=condition=Established --timeout=60s customresourcedefinition/gears.own.dev
         Done when this prints nothing:
           kubectl diff --server-side --force-conflicts -f https://own.dev/v1.0.0/standard.yaml
         To go back: apply them again as they were, from crdguard-plan/apply-bundle.d568c72c.before.yaml:
           kubectl apply --server-side --force-conflicts -f crdguard-plan/apply-bundle.d568c72c.before.yaml

      5. upgrade Deployment mill/turner from 1.0.1 to 1.1.0
         Why: until it is done, what is wanted of gears.own.dev is refused by the rule required-version-unserved
         Changes:
           - Deployment mill/turner: 1.0.1 → 1.1.0
           - its image alone: if the new version needs other flags or rights, use its own chart or manifests
         Run:
           kubectl -n mill set image deployment/turner main=registry.own.dev/turner:v1.1.0
         Done when this prints something with 1.1.0:
           kubectl -n mill get deployment/turner -o 'jsonpath={.spec.template.spec.containers[*].image}'
         and this succeeds:
           kubectl -n mill rollout status deployment/turner --timeout=5m
         To go back: undo the rollout:
           kubectl -n mill rollout undo deployment/turner

      6. upgrade Deployment mill/turner from 1.0.1 to 1.1.0
         Changes: Deployment mill/turner: 1.0.1 → 1.1.0
         Run:
           kubectl apply --server-side --force-conflicts -f crdguard-plan/upgrade-workload-mill_turner.yaml
         Done when this prints nothing:
           kubectl diff --server-side --force-conflicts -f crdguard-plan/upgrade-workload-mill_turner.yaml
         and this succeeds:
           kubectl -n mill rollout status deployment/turner --timeout=5m
         To go back: undo the rollout:
           kubectl -n mill rollout undo deployment/turner

      7. upgrade Deployment mill/turner to 1.1.0
         Changes: Deployment mill/turner: another version → 1.1.0
         By hand: upgrade the Helm release mill/turner-release: helm upgrade turner-release CHART --namespace mill --version
                  CHART_VERSION --reuse-values --skip-crds, where CHART is the chart's name or path, and CHART_VERSION the one
                  of its versions that ships 1.1.0; --skip-crds, since the definitions have been applied before
         Done when this prints something with 1.1.0:
           kubectl -n mill get deployment/turner -o 'jsonpath={.spec.template.spec.containers[*].image}'
         and this succeeds:
           kubectl -n mill rollout status deployment/turner --timeout=5m
         To go back: roll the release back to its revision before:
           helm rollback turner-release --namespace mill

      8. upgrade Deployment mill/turner to 1.1.0
         Changes: Deployment mill/turner: another version → 1.1.0
         By hand: bring turner to version "1.1.0" by its own chart or manifests
         Done when this succeeds:
           kubectl -n mill rollout status deployment/turner --timeout=5m
         To go back: undo the rollout:
           kubectl -n mill rollout undo deployment/turner

      9. stop Deployment mill/turner for a while
         Changes: Deployment mill/turner: no replica runs until it is started again
         Run:
           mkdir -p crdguard-plan &&
           kubectl -n mill get deployment/turner -o 'jsonpath={.spec.replicas}' > crdguard-plan/stopped-deployment_mill_turner.replicas.new &&
           mv crdguard-plan/stopped-deployment_mill_turner.replicas.new crdguard-plan/stopped-deployment_mill_turner.replicas &&
           kubectl -n mill scale deployment/turner --replicas=0
         Done when this prints 0:
           kubectl -n mill get deployment/turner -o 'jsonpath={.spec.replicas}'
         To go back: start it again:
           kubectl -n mill scale deployment/turner --replicas="$(cat crdguard-plan/stopped-deployment_mill_turner.replicas)"

      10. start Deployment mill/turner again, with as many replicas as it had
         Changes: Deployment mill/turner: runs again
         Run:
           kubectl -n mill scale deployment/turner --replicas="$(cat crdguard-plan/stopped-deployment_mill_turner.replicas)"
         Done when this succeeds:
           kubectl -n mill rollout status deployment/turner --timeout=5m
         To go back: stop it again:
           mkdir -p crdguard-plan &&
           kubectl -n mill get deployment/turner -o 'jsonpath={.spec.replicas}' > crdguard-plan/stopped-deployment_mill_turner.replicas.new &&
           mv crdguard-plan/stopped-deployment_mill_turner.replicas.new crdguard-plan/stopped-deployment_mill_turner.replicas &&
           kubectl -n mill scale deployment/turner --replicas=0

      11. stop DaemonSet mill/turner for a while
         Changes: DaemonSet mill/turner: no replica runs until it is started again
         Run:
           kubectl -n mill patch daemonset/turner --type=merge -p '{"spec":{"template":{"spec":{"nodeSelector":{"crdguard.dev/stopped":"true"}}}}}'
         Done when this prints true:
           kubectl -n mill get daemonset/turner -o 'jsonpath={.spec.template.spec.nodeSelector.crdguard\\.dev/stopped}'
         To go back: start it again:
           kubectl -n mill patch daemonset/turner --type=merge -p '{"spec":{"template":{"spec":{"nodeSelector":{"crdguard.dev/stopped":null}}}}}'

      12. apply Deployment mill/turner, and what comes with it
         Changes: Deployment mill/turner: as in what was given
         Run:
           kubectl apply --server-side --force-conflicts -f crdguard-plan/apply-workloads.yaml
         Done when this prints nothing:
           kubectl diff --server-side --force-conflicts -f crdguard-plan/apply-workloads.yaml
         and this succeeds:
           kubectl -n mill rollout status deployment/turner --timeout=5m
         To go back: undo the rollout; what is new is deleted by name:
           kubectl -n mill rollout undo deployment/turner

      13. apply Deployment mill/turner, and what comes with it
         Changes: Deployment mill/turner: as in what was given
         By hand: upgrade the Helm release mill/turner-release: helm upgrade turner-release CHART --namespace mill --version
                  CHART_VERSION --reuse-values --skip-crds, where CHART is the chart's name or path, and CHART_VERSION the one
                  of its versions that is wanted; --skip-crds, since the definitions have been applied before
         Done when this succeeds:
           kubectl -n mill rollout status deployment/turner --timeout=5m
         To go back: undo the rollout; what is new is deleted by name:
           helm rollback turner-release --namespace mill

      14. store new objects of gears.own.dev in "v1alpha2"
         Why: Deployment mill/turner runs only once it is done
         Run:
           kubectl patch customresourcedefinition gears.own.dev --type=json -p '[{"op":"test","path":"/spec/versions/0/name","value":"v1alpha2"},{"op":"replace","path":"/spec/versions/0/storage","value":true},{"op":"test","path":"/spec/versions/1/name","value":"v1"},{"op":"replace","path":"/spec/versions/1/storage","value":false}]'
         Done when this prints v1alpha2:
           kubectl get customresourcedefinition gears.own.dev -o 'jsonpath={.spec.versions[?(@.storage==true)].name}'
         To go back: store them in "v1" again:
           kubectl patch customresourcedefinition gears.own.dev --type=json -p '[{"op":"test","path":"/spec/versions/0/name","value":"v1alpha2"},{"op":"replace","path":"/spec/versions/0/storage","value":false},{"op":"test","path":"/spec/versions/1/name","value":"v1"},{"op":"replace","path":"/spec/versions/1/storage","value":true}]'

      15. back up all 3 objects of gears.own.dev, read in "v1"
         Changes: files in crdguard-backup/gears.own.dev; nothing in the cluster
         Run:
           crdguard backup gears.own.dev -o crdguard-backup/gears.own.dev
         Done when this succeeds:
           crdguard restore crdguard-backup/gears.own.dev --dry-run
         To go back: none is needed: nothing in the cluster has changed

      16. delete at least 3 objects of gears.own.dev, which are backed up
         Changes: at least 3 objects of gears.own.dev go away, and what they stand for
         Run:
           kubectl delete gears.v1.own.dev --all --all-namespaces
         Done when this prints nothing:
           kubectl get gears.v1.own.dev --all-namespaces -o name
         To go back: create them again from the backup, in "v1":
           crdguard restore crdguard-backup/gears.own.dev --version v1

      17. delete gears.own.dev, which is left over: nobody needs it any more
         Changes: gears.own.dev: deleted
         Run:
           before=crdguard-plan/delete-definition-gears.own.dev.d568c72c.before.yaml &&
           mkdir -p crdguard-plan &&
           { test -e "$before" || { kubectl get customresourcedefinition gears.own.dev -o yaml |
             sed -E '/^ {2}( {2})?(resourceVersion|uid): /d' > "$before.new" && test -s "$before.new" && mv "$before.new" "$before"; }; }
           kubectl delete customresourcedefinition gears.own.dev
         Done when this prints nothing:
           kubectl get customresourcedefinition gears.own.dev --ignore-not-found -o name
         To go back: apply it again as it was, from crdguard-plan/delete-definition-gears.own.dev.d568c72c.before.yaml:
           kubectl apply --server-side --force-conflicts -f crdguard-plan/delete-definition-gears.own.dev.d568c72c.before.yaml

      18. delete gears.own.dev, for what is wanted cannot take its place while it is there
         Changes: gears.own.dev: deleted
         Run:
           before=crdguard-plan/delete-definition-gears.own.dev.d568c72c.before.yaml &&
           mkdir -p crdguard-plan &&
           { test -e "$before" || { kubectl get customresourcedefinition gears.own.dev -o yaml |
             sed -E '/^ {2}( {2})?(resourceVersion|uid): /d' > "$before.new" && test -s "$before.new" && mv "$before.new" "$before"; }; }
           kubectl delete customresourcedefinition gears.own.dev
         Done when this prints nothing:
           kubectl get customresourcedefinition gears.own.dev --ignore-not-found -o name
         To go back: apply it again as it was, from crdguard-plan/delete-definition-gears.own.dev.d568c72c.before.yaml:
           kubectl apply --server-side --force-conflicts -f crdguard-plan/delete-definition-gears.own.dev.d568c72c.before.yaml

      19. create the one object of gears.own.dev again from the backup, in "v1"
         Changes: the one object of gears.own.dev is there again, with a new uid
         Run:
           crdguard restore crdguard-backup/gears.own.dev --version v1
         Done when this prints nothing:
           test "$(kubectl get gears.v1.own.dev --all-namespaces -o name | grep -c .)" -ge 1
         To go back: delete what was created; the backup stays:
           kubectl delete gears.v1.own.dev --all --all-namespaces

      20. create all 3 objects of gears.own.dev again from the backup, in "v1"
         Changes: all 3 objects of gears.own.dev are there again, with new uids
         By hand: edit the files in crdguard-backup/gears.own.dev: they are written in "v1alpha2", and nothing converts that
                  to "v1"; move what has another name or place there, and set what is new and required (kubectl explain gears
                  --api-version=own.dev/v1 --recursive tells the fields). What the new version does not know is refused, and
                  nothing is lost by trying: crdguard restore crdguard-backup/gears.own.dev --version v1 --edited --dry-run
                  names each field
         Run:
           crdguard restore crdguard-backup/gears.own.dev --version v1 --edited
         Done when this prints nothing:
           test "$(kubectl get gears.v1.own.dev --all-namespaces -o name | grep -c .)" -ge 3
         To go back: delete what was created; the backup stays:
           kubectl delete gears.v1.own.dev --all --all-namespaces

      20 steps, of which 5 delete or stop something, and 4 need a hand.
      "
    `);
  });

  it("names the manifests of two workloads differently, wherever the dashes are", () => {
    const paths = ["a/b-c", "a-b/c"].map((name) => manifestPath(CONTEXT, `apply-workloads/Deployment/${name}`));

    expect(paths).toEqual(["a_b-c", "a-b_c"].map((name) => `crdguard-plan/apply-workloads-Deployment_${name}.yaml`));
  });

  it("says that nothing is to be done", () => {
    expect(text(planOf())).toBe("\nNothing to do: the cluster is as wanted.\n");
  });

  it("says what a person should know first", () => {
    const cautions: Extract<Planned, { kind: "plan" }>["cautions"] = [
      { kind: "unknown-needs", workload: TURNER.ref, image: "registry.own.dev/turner:latest" },
      { kind: "objects-replaced", crd: OLD.name, objects: counted(3) },
      { kind: "objects-deleted", crd: "cogs.own.dev", objects: counted(1) },
      { kind: "workload-stopped", workload: TURNER.ref },
      { kind: "feature-lost", workload: TURNER.ref, crd: OLD.name, versions: ["v2"], objects: counted(3), isForGood: false },
      { kind: "feature-lost", workload: TURNER.ref, crd: OLD.name, versions: ["v2"], objects: counted(1), isForGood: true },
      { kind: "unmet-today", workload: TURNER.ref, crd: OLD.name, versions: ["v2", "v3"] },
      { kind: "objects-uncounted", crd: OLD.name, reason: "forbidden" },
    ];
    expect(text({ kind: "plan", steps: [], cautions }, CONTEXT, ["--on-conflict keep-newer: a note"])).toMatchInlineSnapshot(`
      "
      caution: What Deployment mill/turner (image registry.own.dev/turner:latest) needs is not known, so that no step looks
        after it: declare it by the annotation crdguard.dev/requires, or try it beforehand
      caution: All 3 objects of gears.own.dev are deleted and created again: until then what they stand for is gone, and owner
        references to them no longer hold
      caution: The one object of cogs.own.dev is deleted for good, but for the backup, and with it what owner references hang
        on it
      caution: Deployment mill/turner is stopped for a while: what it does is not done meanwhile
      caution: Deployment mill/turner needs "v2" of gears.own.dev to look after all 3 objects of it, which is not served
        between two of these steps: it goes on without until then
      caution: Deployment mill/turner needs "v2" of gears.own.dev to look after the one object of it, which is not served any
        more once all is done: it goes on without
      caution: Deployment mill/turner needs "v2" or "v3" of gears.own.dev, which is not served today either: this plan does
        not mend that
      caution: How many objects gears.own.dev has could not be told (forbidden), so that some steps may turn out to be
        needless
      note: --on-conflict keep-newer: a note

      Nothing to do: the cluster is as wanted.
      "
    `);
  });

  it("says which requirement makes it impossible, and what could be done", () => {
    const [first, ...others] = judge(
      evaluate(remove(crd({ served: ["v1"] })), { ...noFacts, objects: counted(2) }),
      DEFAULT_POLICY,
    );
    if (first === undefined) throw new Error("a deletion of objects is found");
    const planned: Planned = {
      kind: "impossible",
      obstacles: [
        {
          kind: "workload-unsatisfied",
          workload: TURNER,
          to: "1.0.1",
          requirements: [{ crd: OLD.name, versions: ["v1alpha2", "v1alpha3"], servedBy: BUNDLE }],
        },
        {
          kind: "workload-unsatisfied",
          workload: { ...TURNER, controller: null },
          to: null,
          requirements: [{ crd: OLD.name, versions: ["v1alpha2"], servedBy: null }],
        },
        { kind: "change-refused", crd: OLD.name, findings: [first, ...others] },
        { kind: "version-unknown", workload: TURNER, wanted: "9.9.9" },
      ],
    };
    expect(text(planned)).toMatchInlineSnapshot(`
      "
      ✗ Deployment mill/turner, whose needs the catalog has as turner, needs "v1alpha2" or "v1alpha3" of gears.own.dev, which
        what is wanted does not serve; version "1.0.1" does not do without
        To go on, do one of:
          - ask for definitions that serve it: Own API v1.0.0, standard channel, for example
          - allow another version of it: --with turner=VERSION
          - stop it first, if nobody needs it

      ✗ Deployment mill/turner needs "v1alpha2" of gears.own.dev, which what is wanted does not serve; no version of it that
        is known does without
        To go on, do one of:
          - ask for definitions that serve it (-f), which no released set does that crdguard knows
          - correct what it declares by the annotation crdguard.dev/requires, if it no longer needs that
          - stop it first, if nobody needs it

      ✗ what is wanted of "gears.own.dev" is refused by the rule objects-deleted, whatever comes before
         deny objects-deleted: 2 objects would be deleted with the definition, and what they stand for:
              mill/g1, 1 more
           More: docs/rules/objects-deleted.md

      ✗ what "9.9.9" of Deployment mill/turner needs is not known: the catalog has no such version of turner
        To go on, do one of:
          - ask for a version that it has: crdguard catalog show turner
          - describe it in an entry of your own: --catalog FILE

      No safe order exists, for 4 reasons.
      "
    `);
  });

  it("says that it is undecided, and what to ask for instead", () => {
    expect(text({ kind: "undecided", statesSeen: 20_000 })).toMatchInlineSnapshot(`
      "
      Undecided: among 20,000 states of the cluster that were looked at there is no way, and there are more. Ask for less at
        once: fewer definitions (-f), or one release in between.
      "
    `);
  });

  it("tells findings of a step, and names the cluster in each command", () => {
    const warning = judge(evaluate(remove(crd({ served: ["v1"] })), { ...noFacts, objects: counted(2) }), DEFAULT_POLICY).map(
      (own) => ({
        ...own,
        enforcement: "warn" as const,
      }),
    );
    const context = { ...CONTEXT, kubectl: "kubectl --context=prod", crdguardFlags: " --context=prod" };
    const steps = [
      step({ kind: "delete-definition", crd: NEW, isLeftover: true }, { findings: warning }),
      step({ kind: "migrate", crd: OLD, objects: { kind: "not-counted" }, remaining: ["v1"] }),
    ];
    expect(text(planOf(...steps), context)).toMatchInlineSnapshot(`
      "
      1. delete gears.own.dev, which is left over: nobody needs it any more
         warn objects-deleted: 2 objects would be deleted with the definition, and what they stand for:
              mill/g1, 1 more
           More: docs/rules/objects-deleted.md
         Run:
           before=crdguard-plan/delete-definition-gears.own.dev.d568c72c.before.yaml &&
           mkdir -p crdguard-plan &&
           { test -e "$before" || { kubectl --context=prod get customresourcedefinition gears.own.dev -o yaml |
             sed -E '/^ {2}( {2})?(resourceVersion|uid): /d' > "$before.new" && test -s "$before.new" && mv "$before.new" "$before"; }; }
           kubectl --context=prod delete customresourcedefinition gears.own.dev
         Done when this prints nothing:
           kubectl --context=prod get customresourcedefinition gears.own.dev --ignore-not-found -o name
         To go back: apply it again as it was, from crdguard-plan/delete-definition-gears.own.dev.d568c72c.before.yaml:
           kubectl --context=prod apply --server-side --force-conflicts -f crdguard-plan/delete-definition-gears.own.dev.d568c72c.before.yaml

      2. rewrite the objects of gears.own.dev in "v1", and once that is proven, forget "v1alpha2"
         Changes: gears.own.dev: status.storedVersions "v1alpha2" and "v1" → "v1"
         Run:
           crdguard migrate gears.own.dev --context=prod
         Done when this prints ["v1"]:
           kubectl --context=prod get customresourcedefinition gears.own.dev -o 'jsonpath={.status.storedVersions}'
         To go back: none is needed: the same objects, which every version that is served still reads

      2 steps, of which 1 deletes or stops something.
      "
    `);
  });

  it("applies a released set that several projects share before what is built on it, each from a manifest of its own", () => {
    const own = "axles.mill.dev";
    const apply = step({ kind: "apply-definitions", definitions: { kind: "wanted" }, crds: [own, NEW.name], isWhole: true });
    const context = { ...CONTEXT, families: new Map([[NEW.name, "Own API"]]) };
    expect(planReport(planOf(apply), context).steps[0]?.commands).toEqual([
      "kubectl apply --server-side --force-conflicts -f crdguard-plan/apply-wanted.1.yaml",
      "kubectl apply --server-side --force-conflicts -f crdguard-plan/apply-wanted.2.yaml",
      "kubectl wait --for=condition=Established --timeout=60s customresourcedefinition/axles.mill.dev customresourcedefinition/gears.own.dev",
    ]);
  });

  it.each([
    { title: "of a release that has no address", bundle: { ...BUNDLE, installUrl: null }, isWhole: true, isWritten: true },
    { title: "of a part of a release that nobody writes", bundle: BUNDLE, isWhole: false, isWritten: false },
  ])("asks for the definitions $title by hand", ({ bundle, isWhole, isWritten }) => {
    const apply = step({ kind: "apply-definitions", definitions: { kind: "bundle", bundle }, crds: [NEW.name], isWhole });
    const url = bundle.installUrl === null ? "" : " (https://own.dev/v1.0.0/standard.yaml)";
    expect(planReport(planOf(apply), { ...CONTEXT, isWritten }).steps[0]?.byHand).toBe(
      `put gears.own.dev of Own API v1.0.0, standard channel${url}, and nothing else, into crdguard-plan/apply-bundle.yaml`,
    );
  });
});

describe("a plan as Markdown", () => {
  it("is a runbook with a box for each step", () => {
    const report = planReport(planOf(...STEPS.slice(0, 2), ...STEPS.slice(-1)), CONTEXT, ["a `note` for @somebody"]);
    expect(`\n${planMarkdown(report)}`).toMatchInlineSnapshot(`
      "
      ## crdguard plan: runbook

      3 steps, of which 1 needs a hand.

      - a &#96;note&#96; for &#64;&#8203;somebody

      - [ ] **1. rewrite all 3 objects of gears.own.dev in "v1", and once that is proven, forget "v1alpha2"**

        Why: until it is done, what is wanted of gears.own.dev is refused by the rule stored-version-removed

        Changes:

        - gears.own.dev: status.storedVersions "v1alpha2" and "v1" → "v1"

        \`\`\`sh
        crdguard migrate gears.own.dev
        \`\`\`

        Done when this prints &#91;"v1"&#93;:

        \`\`\`sh
        kubectl get customresourcedefinition gears.own.dev -o 'jsonpath={.status.storedVersions}'
        \`\`\`

        To go back: none is needed: the same objects, which every version that is served still reads

      - [ ] **2. apply the definitions that are wanted: gears.own.dev**

        Changes:

        - gears.own.dev: "v1alpha2" is listed no more

        \`\`\`sh
        before=crdguard-plan/apply-wanted.d568c72c.before.yaml &&
        mkdir -p crdguard-plan &&
        { test -e "$before" || { kubectl get customresourcedefinition gears.own.dev -o yaml |
          sed -E '/^ {2}( {2})?(resourceVersion|uid): /d' > "$before.new" && test -s "$before.new" && mv "$before.new" "$before"; }; }
        \`\`\`

        \`\`\`sh
        kubectl apply --server-side --force-conflicts -f bundle.yaml
        \`\`\`

        \`\`\`sh
        kubectl wait --for=condition=Established --timeout=60s customresourcedefinition/gears.own.dev
        \`\`\`

        Done when this prints nothing:

        \`\`\`sh
        kubectl diff --server-side --force-conflicts -f bundle.yaml
        \`\`\`

        To go back: apply them again as they were, from crdguard-plan/apply-wanted.d56&#8203;8c72c.before.yaml:

        \`\`\`sh
        kubectl apply --server-side --force-conflicts -f crdguard-plan/apply-wanted.d568c72c.before.yaml
        \`\`\`

      - [ ] **3. create all 3 objects of gears.own.dev again from the backup, in "v1"**

        Changes:

        - all 3 objects of gears.own.dev are there again, with new uids

        **By hand:** edit the files in crdguard-backup/gears.own.dev: they are written in "v1alpha2", and nothing converts that to "v1"; move what has another name or place there, and set what is new and required (kubectl explain gears --api-version=own.dev/v1 --recursive tells the fields). What the new version does not know is refused, and nothing is lost by trying: crdguard restore crdguard-backup/gears.own.dev --version v1 --edited --dry-run names each field

        \`\`\`sh
        crdguard restore crdguard-backup/gears.own.dev --version v1 --edited
        \`\`\`

        Done when this prints nothing:

        \`\`\`sh
        test "$(kubectl get gears.v1.own.dev --all-namespaces -o name | grep -c .)" -ge 3
        \`\`\`

        To go back: delete what was created; the backup stays:

        \`\`\`sh
        kubectl delete gears.v1.own.dev --all --all-namespaces
        \`\`\`
      "
    `);
  });

  it("tells why there is none", () => {
    const planned: Planned = {
      kind: "impossible",
      obstacles: [{ kind: "version-unknown", workload: TURNER, wanted: "9.9.9" }],
    };
    expect(`\n${planMarkdown(planReport(planned, CONTEXT))}`).toMatchInlineSnapshot(`
      "
      ## crdguard plan: no safe order

      No safe order exists, for this reason.

      - ✗ what "9.9.9" of Deployment mill/turner needs is not known: the catalog has no such version of turner

        - ask for a version that it has: crdguard catalog show turner
        - describe it in an entry of your own: --catalog FILE
      "
    `);
  });
});
