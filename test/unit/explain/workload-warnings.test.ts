import { describe, expect, it } from "vitest";
import { explainWorkload } from "../../../src/explain/admission.ts";
import { workloadWarnings } from "../../../src/explain/workload-warnings.ts";
import type { JudgedFinding } from "../../../src/policy/policy.ts";
import type { Bundle } from "../../../src/rules/bundle.ts";
import type { Certainty, Need, NeedSource, WorkloadRef } from "../../../src/rules/facts.ts";
import type { Enforcement, Fact, HurtWorkload } from "../../../src/rules/finding.ts";
import type { ApiState, Outcome } from "../../../src/rules/requirement.ts";

const RULE = "workload-requirement-unmet";
const gateway: WorkloadRef = { kind: "Deployment", namespace: "envoy-gateway-system", name: "envoy-gateway" };

const bundle: Bundle = {
  name: "gateway-api",
  title: "Gateway API",
  version: "1.1.0",
  channel: "experimental",
  releasedOn: "2024-05-09",
  installUrl: null,
  crds: new Map(),
};

interface LackShape {
  readonly crd?: string;
  readonly versions?: readonly string[];
  readonly after?: Outcome;
  readonly state?: ApiState;
  readonly certainty?: Certainty;
  readonly image?: string;
}

function lack(shape: LackShape = {}): HurtWorkload {
  const [resource = "", ...group] = (shape.crd ?? "tlsroutes.gateway.networking.k8s.io").split(".");
  const after = shape.after ?? "crashes";
  const source: NeedSource =
    shape.image === undefined
      ? { kind: "annotation", key: "crdguard.dev/requires" }
      : {
          kind: "catalog",
          controller: "envoy-gateway",
          versionRange: ">=1.1.0 <1.2.0",
          image: shape.image,
          container: "main",
          effect: "exits at start",
          owns: [],
        };
  const need: Need = {
    workload: gateway,
    requirement: {
      group: group.join("."),
      resource,
      versions: shape.versions ?? ["v1alpha2"],
      presence: "unconditional",
      outcomes: { absent: after, unlisted: after, unserved: after },
    },
    source,
    certainty: shape.certainty ?? { kind: "known" },
    laterReleases: [],
  };
  return { need, before: "works", after, stateAfter: shape.state ?? "absent" };
}

function finding(fact: Fact, enforcement: Enforcement = "warn"): JudgedFinding {
  return { rule: RULE, defaultEnforcement: "deny", enforcement, field: "spec.template", fact, remedies: [] };
}

type Case = Extract<Fact, { kind: "workload-requirement-unmet" }>["case"];

function unmet(ofCase: Case, first: HurtWorkload, ...others: readonly HurtWorkload[]): Fact {
  return { kind: "workload-requirement-unmet", case: ofCase, unmet: [first, ...others] };
}

function unsure(doubt: Extract<Fact, { kind: "requirement-unsure" }>["doubt"], hurt: HurtWorkload): Fact {
  return { kind: "requirement-unsure", doubt, hurt: [hurt], isOfWorkload: true };
}

function warningsOf(...facts: readonly Fact[]): readonly string[] {
  return workloadWarnings(
    facts.map((fact) => finding(fact)),
    gateway,
  );
}

describe("the warnings of an applied workload", () => {
  it.each<{ readonly title: string; readonly fact: Fact; readonly warnings: readonly string[] }>([
    {
      title: "say what becomes of it without which API, one API each, the worst first",
      fact: unmet(
        "worse",
        lack({ crd: "serviceimports.multicluster.x-k8s.io", versions: ["v1alpha1"], after: "loses-feature" }),
        lack({ after: "stops-working", state: "unlisted" }),
        lack({ crd: "udproutes.gateway.networking.k8s.io" }),
      ),
      warnings: [
        `${RULE}: envoy-gateway crashes without udproutes.gateway.networking.k8s.io/v1alpha2 (not defined)`,
        `${RULE}: envoy-gateway does not work without tlsroutes.gateway.networking.k8s.io/v1alpha2`,
        `${RULE}: envoy-gateway loses a feature without serviceimports.multicluster.x-k8s.io/v1alpha1`,
      ],
    },
    {
      title: "name every version that would do",
      fact: unmet("worse", lack({ crd: "gears.own.dev", versions: ["v1", "v1beta1"], state: "unserved" })),
      warnings: [`${RULE}: envoy-gateway crashes without gears.own.dev/v1|v1beta1 (not served)`],
    },
    {
      title: "leave out the state of the API before any part of its name",
      fact: unmet("worse", lack({ crd: "backendtlspolicies.gateway.networking.k8s.io", versions: ["v1alpha3"] })),
      warnings: [`${RULE}: envoy-gateway crashes without backendtlspolicies.gateway.networking.k8s.io/v1alpha3`],
    },
    {
      title: "leave out the workload's name where the API's takes the room",
      fact: unmet("worse", lack({ crd: `${"a".repeat(40)}.gateway.networking.example.com`, versions: ["v1"] })),
      warnings: [`${RULE}: crashes without ${"a".repeat(40)}.gateway.networking.example.com/v1`],
    },
    {
      title: "say an API once that two containers need",
      fact: unmet("worse", lack({ crd: "gears.own.dev" }), lack({ crd: "gears.own.dev" })),
      warnings: [`${RULE}: envoy-gateway crashes without gears.own.dev/v1alpha2 (not defined)`],
    },
    {
      title: "tell what has not become worse in one line",
      fact: unmet("same-today", lack(), lack({ crd: "udproutes.gateway.networking.k8s.io" })),
      warnings: [`${RULE}: envoy-gateway still crashes without 2 APIs: tlsroutes.gateway.networking.k8s.io/v1alpha2, u…`],
    },
    {
      title: "name the one API that has not become worse",
      fact: unmet("same-today", lack({ after: "stops-working" })),
      warnings: [`${RULE}: envoy-gateway still does not work without tlsroutes.gateway.networking.k8s.io/v1alpha2`],
    },
    {
      title: "speak of definitions that come with it by their group",
      fact: unmet(
        "own-definitions",
        lack({ crd: "envoyproxies.gateway.envoyproxy.io" }),
        lack({ crd: "securitypolicies.gateway.envoyproxy.io" }),
      ),
      warnings: [`${RULE}: envoy-gateway crashes until its own definitions of gateway.envoyproxy.io are applied`],
    },
    {
      title: "name the tag that tells no version",
      fact: unsure("unknown-version", lack({ image: "registry.example:5000/mirror/gateway:latest@sha256:0123" })),
      warnings: [`${RULE}: what envoy-gateway needs is unknown: the catalog knows no version "latest"`],
    },
    {
      title: "say that there is no tag",
      fact: unsure("unknown-version", lack({ image: "registry.example:5000/mirror/gateway@sha256:0123" })),
      warnings: [`${RULE}: what envoy-gateway needs is unknown: its image has no tag`],
    },
    {
      title: "say on what a need hangs",
      fact: unsure(
        "conditional",
        lack({ crd: "gears.own.dev", certainty: { kind: "conditional", condition: "a flag in its Secret" } }),
      ),
      warnings: [`${RULE}: envoy-gateway may crash without gears.own.dev/v1alpha2, if a flag in its Secret`],
    },
    {
      title: "say that a need is not confirmed",
      fact: unsure("unconfirmed", lack({ crd: "gears.own.dev", after: "loses-feature", certainty: { kind: "unconfirmed" } })),
      warnings: [`${RULE}: envoy-gateway may lose a feature without gears.own.dev/v1alpha2 (not confirmed)`],
    },
    {
      title: "name the declaration that cannot be read",
      fact: {
        kind: "declaration-unreadable",
        isOfWorkload: true,
        declarations: [{ workload: gateway, key: "crdguard.dev/uses", value: "gears", problem: '"gears" names no version' }],
      },
      warnings: [`${RULE}: crdguard.dev/uses of envoy-gateway cannot be read: "gears" names no version`],
    },
  ])("$title", ({ fact, warnings }) => {
    expect(warningsOf(fact)).toEqual(warnings);
  });

  it("are ten at most, and the last one says how many are left", () => {
    const lacks = Array.from({ length: 12 }, (_, index) => lack({ crd: `gears${String(index)}.own.dev` }));
    const warnings = warningsOf(unmet("worse", lack({ crd: "first.own.dev" }), ...lacks));

    expect(warnings).toHaveLength(10);
    expect(warnings.at(-2)).toBe(`${RULE}: envoy-gateway crashes without gears7.own.dev/v1alpha2 (not defined)`);
    expect(warnings.at(-1)).toBe(`${RULE}: and 4 more, which crdguard check tells`);
  });

  it("end what is hurt by the release that would help, and keep it whatever is left out", () => {
    const remedies = [{ kind: "install-bundle", bundle }] as const;
    const lacks = (count: number) => Array.from({ length: count }, (_, index) => lack({ crd: `gears${String(index)}.own.dev` }));
    const install = `${RULE}: install Gateway API v1.1.0, experimental channel, to have them served`;
    const told = (count: number): readonly string[] =>
      workloadWarnings(
        [
          { ...finding(unmet("worse", lack({ crd: "first.own.dev" }), ...lacks(count))), remedies },
          { ...finding(unmet("own-definitions", lack({ crd: "gears.mill.dev" }))), remedies: [] },
        ],
        gateway,
      );

    expect(told(0)).toEqual([
      `${RULE}: envoy-gateway crashes without first.own.dev/v1alpha2 (not defined)`,
      install,
      `${RULE}: envoy-gateway crashes until its own definitions of mill.dev are applied`,
    ]);
    expect(told(20)).toHaveLength(10);
    expect(told(20).slice(-3)).toEqual([
      `${RULE}: envoy-gateway crashes without gears6.own.dev/v1alpha2 (not defined)`,
      install,
      `${RULE}: and 14 more, which crdguard check tells`,
    ]);
  });

  it("never break a line nor pass 120 characters, whatever names they are made of", () => {
    const hostile = `a\n\u202E${"b".repeat(300)}`;
    const warnings = workloadWarnings(
      [
        finding(unmet("worse", lack({ crd: `${hostile}.own.dev`, versions: [hostile] }))),
        finding(unsure("unknown-version", lack({ image: `gateway:${hostile}` }))),
      ],
      { ...gateway, name: hostile },
    );

    expect(warnings).toHaveLength(2);
    for (const warning of warnings) {
      expect(warning).toMatch(/^workload-requirement-unmet: [^\n\u202E]+…$/);
      expect(warning.length).toBeLessThanOrEqual(120);
    }
  });
});

describe("the answer to an applied workload", () => {
  it("keeps to the audit log what is only audited", () => {
    const findings = [finding(unmet("worse", lack({ crd: "gears.own.dev" })), "audit")];

    expect(explainWorkload({ kind: "allow", findings }, gateway)).toEqual({
      allowed: true,
      auditAnnotations: { verdict: "allow", rules: "workload-requirement-unmet=audit" },
    });
  });
});
