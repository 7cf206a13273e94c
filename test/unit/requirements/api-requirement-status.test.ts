import { describe, expect, it } from "vitest";
import { type ApiRequirement, parseApiRequirement } from "../../../src/requirements/api-requirement.ts";
import { withTransitionTimes } from "../../../src/operator/transition-times.ts";
import { findStatus, malformedStatus } from "../../../src/requirements/api-requirement-status.ts";
import type { Workload } from "../../../src/requirements/workload.ts";
import { crd } from "../../support/builders.ts";

const gears = { group: "own.dev", resource: "gears", versions: ["v1"] };
const cogs = { group: "own.dev", resource: "cogs", versions: ["v1", "v1beta1"] };
const GEARS = crd({ name: "gears.own.dev", served: ["v1"] });

function declared(spec: object): ApiRequirement {
  const parsed = parseApiRequirement({
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "APIRequirement",
    metadata: { name: "gears", namespace: "mill", generation: 2 },
    spec,
  });
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

function workload(name: string, shape: Partial<Omit<Workload, "ref">> & Partial<Workload["ref"]> = {}): Workload {
  const { kind = "Deployment", namespace = "mill", ...rest } = shape;
  return {
    ref: { kind, namespace, name },
    isRunning: true,
    containers: [],
    labels: { part: "mill" },
    annotations: {},
    ...rest,
  };
}

const turner = { workload: { name: "turner" } };
const selector = { selector: { matchLabels: { part: "mill" } } };
const annotated = { annotations: { "crdguard.dev/uses": "" } };
const stopped = { isRunning: false };

/** `<Type> <status> <reason>: <message>`. */
function told(spec: object, workloads: readonly Workload[], crds = [GEARS]): readonly string[] {
  const { conditions } = findStatus(declared(spec), { workloads, crds: new Map(crds.map((each) => [each.name, each])) });
  return conditions.map(({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`);
}

describe("the condition Accepted", () => {
  it.each([
    {
      title: "holds for a workload that runs",
      spec: turner,
      workloads: [workload("turner")],
      accepted: 'True WorkloadFound: Counts for Deployment "turner".',
    },
    {
      title: "holds for several, of which three are named",
      spec: selector,
      workloads: [workload("a"), workload("c", { kind: "StatefulSet" }), workload("b", { kind: "DaemonSet" }), workload("d")],
      accepted: 'True WorkloadFound: Counts for DaemonSet "b", Deployment "a", Deployment "d" and 1 more.',
    },
    {
      title: "holds for one that is scaled to zero",
      spec: turner,
      workloads: [workload("turner", stopped)],
      accepted: 'True WorkloadNotRunning: Deployment "turner" is scaled to zero, and needs nothing while that is so.',
    },
    {
      title: "holds where one of two runs",
      spec: selector,
      workloads: [workload("a", stopped), workload("b")],
      accepted: 'True WorkloadFound: Counts for Deployment "a" and Deployment "b".',
    },
    {
      title: "tells for which of the selected it does not count",
      spec: selector,
      workloads: [workload("a"), workload("b", annotated)],
      accepted:
        'True WorkloadFound: Counts for Deployment "a". Not for Deployment "b": what a workload declares itself, by annotation, comes first.',
    },
    {
      title: "fails where there is no such workload",
      spec: turner,
      workloads: [workload("turner", { namespace: "shop" }), workload("miller")],
      accepted: 'False WorkloadNotFound: No Deployment "turner" in namespace "mill": nothing is protected by this object.',
    },
    {
      title: "fails where there is one of another kind, and says so",
      spec: turner,
      workloads: [workload("turner", { kind: "StatefulSet" })],
      accepted:
        'False WorkloadNotFound: No Deployment "turner" in namespace "mill": nothing is protected by this object. There is a StatefulSet of that name: set spec.workload.kind.',
    },
    {
      title: "fails where nothing has the labels",
      spec: selector,
      workloads: [workload("turner", { labels: {} })],
      accepted:
        'False WorkloadNotFound: No Deployment, StatefulSet or DaemonSet in namespace "mill" has the labels that spec.selector asks for, on itself rather than on its pods: nothing is protected by this object.',
    },
    {
      title: "fails where the workload declares itself",
      spec: turner,
      workloads: [workload("turner", annotated)],
      accepted:
        'False Overridden: Deployment "turner" declares its needs by the annotation crdguard.dev/uses, which comes first: remove the annotation or this object.',
    },
    {
      title: "fails where all workloads declare themselves, running or not",
      spec: selector,
      workloads: [
        workload("a", { ...stopped, annotations: { "crdguard.dev/requires": "gears.own.dev/v1" } }),
        workload("b", annotated),
      ],
      accepted:
        'False Overridden: Deployment "a" and Deployment "b" declare their needs by the annotation crdguard.dev/requires or crdguard.dev/uses, which comes first: remove the annotation or this object.',
    },
  ])("$title", ({ spec, workloads, accepted }) => {
    expect(told({ ...spec, requirements: [gears] }, workloads)[0]).toBe(`Accepted ${accepted}`);
  });
});

describe("the condition Satisfied", () => {
  const running = [workload("turner")];
  it.each([
    {
      title: "holds where all is served",
      requirements: [gears],
      crds: [GEARS],
      satisfied: "True AllMet: The cluster serves all that is required.",
    },
    {
      title: "holds where one of the versions is served",
      requirements: [cogs],
      crds: [crd({ name: "cogs.own.dev", served: ["v1beta1"], unserved: ["v1"] })],
      satisfied: "True AllMet: The cluster serves all that is required.",
    },
    {
      title: "holds where the workload does well without",
      requirements: [{ ...gears, presence: "CRDName" }],
      crds: [],
      satisfied: "True AllMet: The cluster serves all that is required.",
    },
    {
      title: "fails without the CRD",
      requirements: [gears],
      crds: [],
      satisfied: 'False HardRequirementUnmet: There is no CRD gears.own.dev: Deployment "turner" crashes at its next start.',
    },
    {
      title: "fails where no version is listed",
      requirements: [{ ...cogs, presence: "VersionListed" }],
      crds: [crd({ name: "cogs.own.dev", served: ["v2"] })],
      satisfied:
        'False HardRequirementUnmet: CRD cogs.own.dev does not list "v1" or "v1beta1": Deployment "turner" stops its main work at its next start.',
    },
    {
      title: "fails where the version is listed, but not served",
      requirements: [gears],
      crds: [crd({ name: "gears.own.dev", served: ["v2"], unserved: ["v1"] })],
      satisfied:
        'False HardRequirementUnmet: CRD gears.own.dev lists "v1", but does not serve it: Deployment "turner" crashes at its next start.',
    },
    {
      title: "fails where another version is preferred",
      requirements: [{ ...gears, presence: "DiscoveryPreferred" }],
      crds: [crd({ name: "gears.own.dev", served: ["v1", "v2"] })],
      satisfied:
        'False HardRequirementUnmet: CRD gears.own.dev serves "v1" beside a newer version, which alone is seen: Deployment "turner" crashes at its next start.',
    },
    {
      title: "fails by another reason for what is soft",
      requirements: [{ ...gears, level: "Soft" }],
      crds: [],
      satisfied: 'False SoftRequirementUnmet: There is no CRD gears.own.dev: Deployment "turner" loses a feature.',
    },
    {
      title: "tells of the worst, and how many more there are",
      requirements: [{ ...gears, level: "Soft" }, cogs],
      crds: [],
      satisfied:
        'False HardRequirementUnmet: There is no CRD cogs.own.dev: Deployment "turner" crashes at its next start; status.unmet has 1 more.',
    },
  ])("$title", ({ requirements, crds, satisfied }) => {
    expect(told({ ...turner, requirements }, running, crds)[1]).toBe(`Satisfied ${satisfied}`);
  });

  it("holds where nothing runs that could need anything", () => {
    expect(told({ ...turner, requirements: [gears] }, [workload("turner", stopped)], [])[1]).toBe(
      "Satisfied True NothingRuns: Nothing runs that needs anything.",
    );
  });

  it.each([
    { title: "no workload", workloads: [] },
    { title: "a workload that declares itself", workloads: [workload("turner", annotated)] },
  ])("is unknown of $title", ({ workloads }) => {
    expect(told({ ...turner, requirements: [gears] }, workloads, [])[1]).toBe(
      "Satisfied Unknown NotAccepted: This object does not count; the condition Accepted says why.",
    );
  });
});

describe("findStatus", () => {
  it("lists what is not met for each running workload, by its name, and counts workloads that do not run", () => {
    const workloads = [workload("b"), workload("a"), workload("c", stopped), workload("d", annotated)];

    const status = findStatus(declared({ ...selector, requirements: [gears, { ...cogs, level: "Soft" }] }), {
      workloads,
      crds: new Map([["gears.own.dev", crd({ name: "gears.own.dev", served: ["v2"], unserved: ["v1"] })]]),
    });

    const unservedGears = { group: "own.dev", resource: "gears", versions: ["v1"], state: "Unserved", outcome: "Crashes" };
    const absentCogs = { ...cogs, state: "Absent", outcome: "LosesFeature" };
    expect(status).toEqual({
      workloads: 3,
      unmetCount: 4,
      unmet: [
        { workload: { kind: "Deployment", name: "a" }, ...unservedGears },
        { workload: { kind: "Deployment", name: "a" }, ...absentCogs },
        { workload: { kind: "Deployment", name: "b" }, ...unservedGears },
        { workload: { kind: "Deployment", name: "b" }, ...absentCogs },
      ],
      conditions: [
        {
          type: "Accepted",
          status: "True",
          observedGeneration: 2,
          reason: "WorkloadFound",
          message:
            'Counts for Deployment "a", Deployment "b" and Deployment "c". Not for Deployment "d": what a workload declares itself, by annotation, comes first.',
        },
        {
          type: "Satisfied",
          status: "False",
          observedGeneration: 2,
          reason: "HardRequirementUnmet",
          message:
            'CRD gears.own.dev lists "v1", but does not serve it: Deployment "a" crashes at its next start; status.unmet has 3 more.',
        },
      ],
    });
  });

  it("lists no more than fifty, and counts them all", () => {
    const workloads = Array.from({ length: 60 }, (_, index) => workload(`w${String(index).padStart(2, "0")}`));

    const { unmet, unmetCount } = findStatus(declared({ ...selector, requirements: [gears] }), { workloads, crds: new Map() });

    expect(unmetCount).toBe(60);
    expect(unmet).toHaveLength(50);
    expect(unmet.at(-1)).toMatchObject({ workload: { name: "w49" } });
  });

  it("says of an object that it cannot read why", () => {
    expect(malformedStatus(4, "spec: give either workload or selector, and not both")).toEqual({
      workloads: 0,
      unmetCount: 0,
      unmet: [],
      conditions: [
        {
          type: "Accepted",
          status: "False",
          observedGeneration: 4,
          reason: "Malformed",
          message: "crdguard cannot read this object: spec: give either workload or selector, and not both",
        },
        {
          type: "Satisfied",
          status: "Unknown",
          observedGeneration: 4,
          reason: "NotAccepted",
          message: "This object does not count; the condition Accepted says why.",
        },
      ],
    });
  });
});

describe("withTransitionTimes", () => {
  const findings = findStatus(declared({ ...turner, requirements: [gears] }), { workloads: [], crds: new Map() });
  const NOW = new Date("2026-05-06T07:08:09.123Z");
  const EARLIER = "2026-01-02T03:04:05Z";

  it("gives the time of now, in whole seconds, to what has none", () => {
    for (const previous of [undefined, null, {}, { conditions: "none" }, { conditions: [null, 1, {}] }]) {
      expect(withTransitionTimes(findings, previous, NOW).conditions.slice(0, 2)).toMatchObject([
        { type: "Accepted", lastTransitionTime: "2026-05-06T07:08:09Z" },
        { type: "Satisfied", lastTransitionTime: "2026-05-06T07:08:09Z" },
      ]);
    }
  });

  it("keeps the time while the status stays, whatever else has changed, and moves it when the status changes", () => {
    const previous = {
      conditions: [
        { type: "Accepted", status: "False", reason: "Overridden", message: "before", lastTransitionTime: EARLIER },
        { type: "Satisfied", status: "True", reason: "AllMet", message: "before", lastTransitionTime: EARLIER },
      ],
    };

    expect(withTransitionTimes(findings, previous, NOW).conditions).toMatchObject([
      { type: "Accepted", reason: "WorkloadNotFound", lastTransitionTime: EARLIER },
      { type: "Satisfied", reason: "NotAccepted", lastTransitionTime: "2026-05-06T07:08:09Z" },
    ]);
  });

  it("changes nothing in what it has written itself", () => {
    const written = withTransitionTimes(findings, undefined, NOW);

    expect(withTransitionTimes(findings, JSON.parse(JSON.stringify(written)), new Date())).toEqual(written);
  });

  it("keeps conditions that are somebody else's", () => {
    const theirs = { type: "Reviewed", status: "True", reason: "ByJane", message: "", lastTransitionTime: EARLIER };

    const { conditions } = withTransitionTimes(findings, { conditions: [theirs] }, NOW);

    expect(conditions.map(({ type }) => type)).toEqual(["Accepted", "Satisfied", "Reviewed"]);
    expect(conditions[2]).toEqual(theirs);
  });
});
