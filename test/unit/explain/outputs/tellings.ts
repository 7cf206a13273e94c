/** @file Reports in their common form, as examples for every output. */
import type { Place, Telling, ToldFinding, ToldSubject } from "../../../../src/explain/telling.ts";

export function place(line: number, column = 1, file = "crds/gears.yaml"): Place {
  return { file, line, column };
}

export function finding(shape: Partial<ToldFinding> = {}): ToldFinding {
  return {
    rule: "stored-version-removed",
    severity: "error",
    severityWord: "deny",
    field: "spec.versions[v1alpha1]",
    message: '"v1alpha1" would be dropped while status.storedVersions names it',
    evidence: [],
    remedies: [],
    page: "docs/rules/stored-version-removed.md",
    override: null,
    place: null,
    ...shape,
  };
}

export function subject(shape: Partial<ToldSubject> = {}): ToldSubject {
  return {
    name: "gears.own.dev",
    operation: "UPDATE",
    outcome: "passed",
    outcomeWord: "allowed",
    reason: null,
    place: null,
    findings: [],
    ...shape,
  };
}

export function telling(subjects: readonly ToldSubject[], shape: Partial<Telling> = {}): Telling {
  return { command: "check", subjects, notes: [], summary: `${String(subjects.length)} changes.`, ...shape };
}

const TURNER =
  "Deployment mill/turner (image registry.own.dev/tools/turner:v1.2.3; catalog: turner >=1.0.0 <2.0.0): crashes at its next restart; it exits at start, or never becomes ready (CrashLoopBackOff)";

/** A denial with evidence and ways out, a warning, what is allowed, what is undecided, a note. */
export const CHECK: Telling = telling(
  [
    subject({
      name: "bolts.own.dev",
      operation: "DELETE",
      outcome: "undecided",
      outcomeWord: "undecided",
      reason: "it has not read the whole cluster yet",
    }),
    subject({
      outcome: "failed",
      outcomeWord: "denied",
      place: place(2),
      findings: [
        finding({
          rule: "required-version-unserved",
          field: "spec.versions[v1alpha1].served",
          message: '"v1alpha1" would no longer be served, and 1 running workload needs it to start',
          evidence: [TURNER],
          remedies: [
            {
              title: "upgrade turner to 2.0.0 or newer first, by its own chart or manifests, or by",
              command: "kubectl -n mill set image deployment/turner turner=registry.own.dev/tools/turner:v2.0.0",
              workload: "Deployment mill/turner",
            },
            { title: 'keep serving "v1alpha1": set its served to true in the new manifest' },
          ],
          page: "docs/rules/required-version-unserved.md",
          place: place(14, 7),
        }),
        finding({
          evidence: ["mill/g1, 2 more"],
          remedies: [
            {
              title: "forget the version, since no object is stored in it, then apply your change again",
              command:
                "objects=$(kubectl get gears.v1.own.dev --all-namespaces -o name) &&\n" +
                'test -z "$objects" &&\nkubectl patch customresourcedefinition gears.own.dev --subresource=status --type=merge -p \'{"status":{"storedVersions":["v1"]}}\'',
            },
          ],
          place: place(12, 5),
        }),
        finding({
          rule: "version-in-use-unserved",
          severity: "note",
          severityWord: "audit",
          field: "spec.versions[v1alpha1].served",
          message: '"v1alpha1" would no longer be served, and objects were last written in it by 1 field manager',
          page: "docs/rules/version-in-use-unserved.md",
          place: place(14, 7),
        }),
      ],
    }),
    subject({
      name: "Deployment mill/lathe",
      operation: "CREATE",
      place: place(40, 1, "apps/lathe at work.yaml"),
      findings: [
        finding({
          rule: "workload-requirement-unmet",
          severity: "warning",
          severityWord: "warn",
          field: "spec.template.spec.containers[main].image",
          message: "what it needs is not known for sure: the catalog has too little to go by",
          evidence: ['"v1" of cogs.own.dev, whose definition does not exist (catalog: lathe >=1.0.0): crashes at start'],
          page: "docs/rules/workload-requirement-unmet.md",
          place: place(52, 9, "apps/lathe at work.yaml"),
        }),
      ],
    }),
    subject({
      name: "cogs.own.dev",
      operation: "DELETE",
      findings: [
        finding({
          rule: "objects-deleted",
          severity: "warning",
          severityWord: "warn",
          field: "metadata.name",
          message: "1 object would be deleted with the definition, and what it stands for",
          page: "docs/rules/objects-deleted.md",
        }),
      ],
    }),
    subject({ name: "axles.own.dev", operation: "CREATE" }),
    subject({ name: "StatefulSet mill/store" }),
  ],
  {
    notes: ["1 other object is neither a CustomResourceDefinition nor a workload, and not judged"],
    summary: "6 changes: 4 allowed, 1 denied, 1 undecided.",
  },
);

/** Names and values as an attacker would choose them. */
const EVIL =
  "a|b `c` ``` ]]> <script>alert(1)</script> &amp; @octocat #1 GH-2 ![x](http://evil.example) www.evil.example ::error::x ##[error]y %0A ,: \u001B[2J \u202E \r\n::error::z\n```\n</details>\uFFFE\uD800";

export const HOSTILE: Telling = telling(
  [
    subject({
      name: EVIL,
      operation: "UPDATE",
      outcome: "failed",
      outcomeWord: "denied",
      place: place(1, 1, `crds/${EVIL}.yaml`),
      findings: [
        finding({
          field: `spec.versions[${EVIL}]`,
          message: `"${EVIL}" would be dropped`,
          evidence: [EVIL],
          remedies: [{ title: EVIL, command: `echo '${EVIL}'\necho 2` }],
          place: place(3, 1, `crds/${EVIL}.yaml`),
        }),
      ],
    }),
    subject({ name: EVIL }),
    subject({ name: EVIL, outcome: "undecided", outcomeWord: "undecided", reason: EVIL }),
  ],
  { notes: [EVIL, "::error::from a note"], summary: `3 changes of ${EVIL}.` },
);

export const EMPTY: Telling = telling([], { summary: "0 changes: 0 allowed, 0 denied." });

/** Nothing is done to the subjects of `doctor`, and none comes from a file. */
export const DOCTOR: Telling = telling(
  [
    subject({
      name: "gears.own.dev",
      operation: null,
      outcome: "failed",
      outcomeWord: "ailing",
      findings: [
        finding({
          rule: "definition-terminating",
          severityWord: "error",
          field: "metadata.deletionTimestamp",
          message: "the definition is being deleted since 3 days, and 2 objects keep it",
          evidence: ["mill/g1, mill/g2"],
          page: "docs/doctor.md",
        }),
      ],
    }),
    subject({ name: "cogs.own.dev", operation: null, outcomeWord: "healthy" }),
  ],
  { command: "doctor", summary: "2 subjects: 1 healthy, 1 ailing." },
);
