import { afterEach, describe, expect, it } from "vitest";
import type { ApiErrorCode, ApiRequest, ApiResult } from "../../../src/cluster/live/api-client.ts";
import type { StoredApiRequirement, StoredGuardPolicy } from "../../../src/cluster/live/declarations.ts";
import { type Reporting, type ReportingSource, startReporting } from "../../../src/operator/reporting.ts";
import { parseApiRequirement } from "../../../src/requirements/api-requirement.ts";
import type { Workload } from "../../../src/requirements/workload.ts";
import type { UnreadableDeclaration } from "../../../src/rules/facts.ts";
import { exceptionEntry, rawPolicy } from "../../support/policies.ts";

const NOW = "2026-05-06T07:08:09Z";
const STATUS_OF_TURNER = "/apis/crdguard.dev/v1alpha1/namespaces/mill/apirequirements/turner/status";
const TURNER = "/apis/apps/v1/namespaces/mill/deployments/turner";
const EVENTS = "/apis/events.k8s.io/v1/namespaces/mill/events";

let running: Reporting | null = null;

afterEach(() => {
  running?.stop();
});

describe("the status of an APIRequirement", () => {
  it("is written over what was seen, by a merge patch of the status alone", async () => {
    const world = start({ stored: [stored("turner")], workloads: [workload("turner")] });
    await world.round();

    expect(world.requests).toEqual([
      {
        method: "PATCH",
        path: STATUS_OF_TURNER,
        query: { fieldManager: "crdguard" },
        contentType: "application/merge-patch+json",
        body: {
          metadata: { resourceVersion: "7" },
          status: {
            workloads: 1,
            unmetCount: 1,
            unmet: [
              {
                workload: { kind: "Deployment", name: "turner" },
                group: "own.dev",
                resource: "gears",
                versions: ["v1"],
                state: "Absent",
                outcome: "Crashes",
              },
            ],
            conditions: [
              {
                type: "Accepted",
                status: "True",
                observedGeneration: 2,
                reason: "WorkloadFound",
                message: 'Counts for Deployment "turner".',
                lastTransitionTime: NOW,
              },
              {
                type: "Satisfied",
                status: "False",
                observedGeneration: 2,
                reason: "HardRequirementUnmet",
                message: 'There is no CRD gears.own.dev: Deployment "turner" crashes at its next start.',
                lastTransitionTime: NOW,
              },
            ],
          },
        },
        signal: expect.any(AbortSignal) as unknown,
      },
    ]);
    expect(world.told).toEqual(["written apirequirements/status mill/turner"]);
  });

  it("is not written again once it is there, nor asked about while nothing changes", async () => {
    const world = start({ stored: [stored("turner")], workloads: [workload("turner")] });
    await world.round();
    world.see({ stored: [stored("turner", { status: statusOf(world.requests[0]), resourceVersion: "8" })] });
    for (let round = 0; round < 1_000; round += 1) await world.round();

    expect(world.requests).toHaveLength(1);
    expect(world.looks.workloads).toBe(2);
  });

  it("is written again when what was found changes, and keeps the time of a condition whose status did not", async () => {
    const world = start({ stored: [stored("turner")], workloads: [workload("turner")] });
    await world.round();
    const first = statusOf(world.requests[0]);
    world.passSeconds(60);
    world.see({ stored: [stored("turner", { status: first, resourceVersion: "8" })], workloads: [] });
    await world.round();

    expect(world.requests[1]).toMatchObject({
      body: {
        metadata: { resourceVersion: "8" },
        status: {
          workloads: 0,
          conditions: [
            { type: "Accepted", status: "False", reason: "WorkloadNotFound", lastTransitionTime: "2026-05-06T07:09:10Z" },
            { type: "Satisfied", status: "Unknown", lastTransitionTime: "2026-05-06T07:09:10Z" },
          ],
        },
      },
    });
  });

  it("is found of the object's own namespace", async () => {
    const world = start({ stored: [stored("turner")], workloads: [workload("turner", { namespace: "shop" })] });
    await world.round();

    expect(world.requests[0]).toMatchObject({ body: { status: { conditions: [{ reason: "WorkloadNotFound" }, {}] } } });
  });

  it("says of an object that cannot be read what is wrong with it", async () => {
    const world = start({ stored: [stored("turner", { spec: { requirements: [] } })] });
    await world.round();

    expect(world.requests[0]).toMatchObject({ body: { status: { conditions: [{ status: "False", reason: "Malformed" }, {}] } } });
  });

  it("waits for the first picture", async () => {
    const world = start({ stored: [stored("turner")], picture: null });
    await world.round();
    expect(world.requests).toEqual([]);

    world.see({ picture: picture() });
    await world.round();
    expect(world.requests).toHaveLength(1);
  });

  it("is written once in five seconds at first, then less often, where somebody keeps overwriting it", async () => {
    const world = start({ stored: [stored("turner")], workloads: [workload("turner")] });
    for (let second = 0; second < 100; second += 1) {
      await world.round();
      world.see({ stored: [stored("turner", { status: { workloads: 99 }, resourceVersion: String(second) })] });
    }

    // At 0, 5, 15, 35 and 75 seconds.
    expect(world.requests).toHaveLength(5);
  });

  it.each(["conflict", "not-found"] as const)("is looked at anew after a %s, which is no failure", async (code) => {
    const world = start({
      stored: [stored("turner")],
      workloads: [workload("turner")],
      answers: { [`PATCH ${STATUS_OF_TURNER}`]: [refusal(code)] },
    });
    await world.round();
    expect(world.told).toEqual([]);

    for (let second = 0; second < 6; second += 1) await world.round();
    expect(world.requests).toHaveLength(2);
    expect(world.told).toEqual(["written apirequirements/status mill/turner"]);
  });

  it("is tried again when it is refused, and one line tells of all that were", async () => {
    const names = ["a", "b", "c"];
    const answers = Object.fromEntries(
      names.map((name) => [`PATCH ${STATUS_OF_TURNER.replace("turner", name)}`, [refusal("forbidden"), refusal("forbidden")]]),
    );
    const world = start({ stored: names.map((name) => stored(name)), answers });
    for (let second = 0; second < 30; second += 1) await world.round();

    expect(world.told).toEqual([
      "failed apirequirements/status forbidden ×3: no",
      "failed apirequirements/status forbidden ×3: no",
      ...names.map((name) => `written apirequirements/status mill/${name}`),
    ]);
  });

  it("is left for later, the rest with it, when the API server is out of reach", async () => {
    const world = start({
      stored: ["a", "b", "c"].map((name) => stored(name)),
      answers: { [`PATCH ${STATUS_OF_TURNER.replace("turner", "a")}`]: [refusal("unreachable")] },
    });
    await world.round();
    expect(world.requests).toHaveLength(1);
    expect(world.told).toEqual(["failed apirequirements/status unreachable ×1: no"]);

    for (let second = 0; second < 6; second += 1) await world.round();
    expect(world.told.slice(1).toSorted()).toEqual(["a", "b", "c"].map((name) => `written apirequirements/status mill/${name}`));
  });

  it("goes on after a defect", async () => {
    const world = start({ stored: [stored("turner")] });
    world.breakOnce();
    await world.round();
    expect(world.told).toEqual(["broken: a defect"]);

    // After a pause, as after any failure.
    await world.round();
    await world.round();
    expect(world.told.at(-1)).toBe("written apirequirements/status mill/turner");
  });
});

describe("an annotation that cannot be read", () => {
  const unreadable: UnreadableDeclaration = {
    workload: { kind: "Deployment", namespace: "mill", name: "turner" },
    key: "crdguard.dev/requires",
    value: "gears",
    problem: '"gears" is wrong',
  };
  const found: ApiResult = { ok: true, status: 200, body: { metadata: { uid: "uid-1" } } };

  it("is told once, in the log and by an Event of the workload", async () => {
    const world = start({ unreadable: [unreadable], answers: { [`GET ${TURNER}`]: [found] } });
    await world.round();
    for (let change = 0; change < 20; change += 1) {
      world.see({ unreadable: [{ ...unreadable }] });
      await world.round();
    }

    expect(world.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([`GET ${TURNER}`, `POST ${EVENTS}`]);
    expect(world.requests[1]?.body).toMatchObject({
      metadata: { namespace: "mill" },
      reason: "RequirementMalformed",
      regarding: { kind: "Deployment", name: "turner", uid: "uid-1" },
      reportingInstance: "crdguard-0",
    });
    expect(world.told).toEqual(["unreadable turner: gears", "written events mill/turner"]);
  });

  it("is told again when it changes to another that cannot be read, and when it is wrong again", async () => {
    const world = start({ unreadable: [unreadable], answers: { [`GET ${TURNER}`]: [found, found, found] } });
    await world.round();
    world.see({ unreadable: [{ ...unreadable, value: "cogs" }] });
    await world.round();
    world.see({ unreadable: [] });
    await world.round();
    world.see({ unreadable: [unreadable] });
    await world.round();

    expect(world.told.filter((line) => line.startsWith("unreadable"))).toEqual([
      "unreadable turner: gears",
      "unreadable turner: cogs",
      "unreadable turner: gears",
    ]);
    expect(world.requests.filter(({ method }) => method === "POST")).toHaveLength(3);
  });

  it("counts as told where another replica was quicker", async () => {
    const world = start({
      unreadable: [unreadable],
      answers: { [`GET ${TURNER}`]: [found], [`POST ${EVENTS}`]: [refusal("conflict")] },
    });
    for (let second = 0; second < 30; second += 1) await world.round();

    expect(world.requests).toHaveLength(2);
  });

  it("is told in the log alone where Events may not be written, which is tried again later", async () => {
    const world = start({
      unreadable: [unreadable],
      answers: { [`GET ${TURNER}`]: [found, found], [`POST ${EVENTS}`]: [refusal("forbidden")] },
    });
    await world.round();
    expect(world.told).toEqual(["unreadable turner: gears", "failed events forbidden ×1: no"]);

    for (let second = 0; second < 6; second += 1) await world.round();
    expect(world.told.slice(2)).toEqual(["written events mill/turner"]);
  });
});

describe("the status of a GuardPolicy", () => {
  const path = "/apis/crdguard.dev/v1alpha1/guardpolicies/mill/status";

  it("is written over what was seen, and counted", async () => {
    const world = start({ policies: [policy({ exceptions: [exceptionEntry()] })] });
    await world.round();

    expect(world.requests).toEqual([
      {
        method: "PATCH",
        path,
        query: { fieldManager: "crdguard" },
        contentType: "application/merge-patch+json",
        body: {
          metadata: { resourceVersion: "7" },
          status: {
            exceptionCount: 1,
            lapsedCount: 0,
            conditions: [
              {
                type: "Accepted",
                status: "True",
                observedGeneration: 1,
                reason: "Accepted",
                message: "All of this policy counts.",
                lastTransitionTime: NOW,
              },
              {
                type: "ExceptionsCurrent",
                status: "True",
                observedGeneration: 1,
                reason: "Current",
                message: "All exceptions hold: objects-deleted for gears.own.dev (owner: millers; until 2027-01-01).",
                lastTransitionTime: NOW,
              },
            ],
          },
        },
        signal: expect.any(AbortSignal) as unknown,
      },
    ]);
    expect(world.told).toEqual(["written guardpolicies/status mill"]);
    expect(world.counts).toEqual([[1, 0]]);
  });

  it("tells what does not count, once, and in an Event", async () => {
    const wrong = { rules: [{ id: "object-deleted", enforcement: "off" }] };
    const world = start({ policies: [policy(wrong)] });
    await world.round();
    world.see({ policies: [policy(wrong, { status: statusOf(world.requests[0]), resourceVersion: "8" })] });
    await world.round();

    const message =
      '1 entry of this policy does not count, the rest does: spec.rules[0].id: "object-deleted" is no rule; "objects-deleted" may be meant.';
    expect(world.requests).toHaveLength(1);
    expect(statusOf(world.requests[0])).toMatchObject({
      conditions: [{ type: "Accepted", status: "False", reason: "EntriesIgnored", message }, {}],
    });
    expect(world.told).toEqual([
      `malformed mill: ${message}`,
      `PolicyMalformed mill: ${message}`,
      "written guardpolicies/status mill",
    ]);
    expect(world.counts).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it("tells of nothing in an Event where another replica has written, and told, it before", async () => {
    const world = start({
      policies: [policy({ priority: "high" })],
      answers: { [`PATCH ${path}`]: [refusal("conflict")] },
    });
    await world.round();

    expect(world.told).toEqual(["malformed mill: Nothing of this policy counts: spec.priority: expected a whole number."]);
  });

  it("lets exceptions lapse by the clock alone, and tells once of each", async () => {
    const expires = new Date(Date.parse(NOW) + 30_000).toISOString();
    const spec = { exceptions: [exceptionEntry({ expires })] };
    const world = start({ policies: [policy(spec)] });
    await world.round();
    world.see({ policies: [policy(spec, { status: statusOf(world.requests[0]), resourceVersion: "8" })] });
    for (let second = 1; second < 30; second += 1) await world.round();
    expect(world.requests).toHaveLength(1);
    expect(statusOf(world.requests[0])).toMatchObject({ conditions: [{}, { status: "True", reason: "LapsingSoon" }] });

    await world.round();
    world.see({ policies: [policy(spec, { status: statusOf(world.requests[1]), resourceVersion: "9" })] });
    await world.round();

    const over = `objects-deleted for gears.own.dev (owner: millers; lapsed on ${expires})`;
    expect(world.requests).toHaveLength(2);
    expect(statusOf(world.requests[1])).toMatchObject({
      exceptionCount: 0,
      lapsedCount: 1,
      conditions: [
        { status: "True" },
        {
          status: "False",
          reason: "Lapsed",
          message: `1 exception no longer counts: ${over}. Renew or remove what is over.`,
        },
      ],
    });
    expect(world.told).toEqual([
      "written guardpolicies/status mill",
      `lapsed mill: What was excepted is denied again: ${over}. Renew or remove it.`,
      `ExceptionLapsed mill: What was excepted is denied again: ${over}. Renew or remove it.`,
      "written guardpolicies/status mill",
    ]);
  });

  it("is looked at each minute while an exception will lapse, since clocks are set", async () => {
    const spec = { exceptions: [exceptionEntry()] };
    const world = start({ policies: [policy(spec)] });
    await world.round();
    world.see({ policies: [policy(spec, { status: statusOf(world.requests[0]), resourceVersion: "8" })] });
    await world.round();
    for (let second = 0; second < 120; second += 1) await world.round();

    expect(world.counts).toHaveLength(4);
    expect(world.requests).toHaveLength(1);
  });
});

it("reporting asks nothing more once it is stopped", async () => {
  const world = start({ stored: [stored("turner")] });
  running?.stop();
  await world.round();

  expect(world.requests).toEqual([]);
  expect(world.told).toEqual([]);
});

interface Sight {
  readonly stored: readonly StoredApiRequirement[];
  readonly policies: readonly StoredGuardPolicy[];
  readonly workloads: readonly Workload[];
  readonly unreadable: readonly UnreadableDeclaration[];
  readonly picture: ReturnType<ReportingSource["picture"]>;
}

interface World {
  readonly requests: ApiRequest[];
  readonly told: string[];
  /** GuardPolicies that count as a whole, and that do not, at each round. */
  readonly counts: (readonly [number, number])[];
  readonly looks: { workloads: number };
  /** What is known from now on; a new picture with it. */
  see(sight: Partial<Sight>): void;
  /** Lets a second pass, in which one round is made. */
  round(): Promise<void>;
  passSeconds(seconds: number): void;
  /** The next look at the cluster throws. */
  breakOnce(): void;
}

/** @param answers to the next requests of a kind, by `METHOD path`, in order; others succeed. */
function start({ answers = {}, ...sight }: Partial<Sight> & { readonly answers?: Readonly<Record<string, ApiResult[]>> }): World {
  const requests: ApiRequest[] = [];
  const told: string[] = [];
  const counts: (readonly [number, number])[] = [];
  const looks = { workloads: 0 };
  let isBroken = false;
  let elapsed = -1_000;
  let known: Sight = { stored: [], policies: [], workloads: [], unreadable: [], picture: picture(sight.unreadable), ...sight };
  let wake: () => void = () => undefined;
  let fallAsleep: () => void = () => undefined;
  let wakeAt = 0;

  running = startReporting({
    client: {
      request: (request) => {
        requests.push(request);
        return Promise.resolve(answers[`${request.method} ${request.path}`]?.shift() ?? { ok: true, status: 200, body: {} });
      },
    },
    source: {
      picture() {
        if (isBroken) {
          isBroken = false;
          throw new Error("a defect");
        }
        return known.picture;
      },
      apiRequirements: () => known.stored,
      guardPolicies: () => known.policies,
      workloads() {
        looks.workloads += 1;
        return known.workloads;
      },
    },
    events: {
      record: ({ reason, regarding: { name }, note }) => told.push(`${reason} ${name}: ${note}`),
    },
    observer: {
      policies: ({ accepted, malformed }) => {
        counts.push([accepted, malformed]);
      },
      policyMalformed: (name, problem) => told.push(`malformed ${name}: ${problem}`),
      exceptionsLapsed: (name, problem) => told.push(`lapsed ${name}: ${problem}`),
      declarationUnreadable: ({ workload: { name }, value }) => told.push(`unreadable ${name}: ${value}`),
      written: (resource, name) => told.push(`written ${resource} ${name}`),
      failed: (resource, code, message, count) => told.push(`failed ${resource} ${code} ×${String(count)}: ${message}`),
      broken: (error) => told.push(`broken: ${error instanceof Error ? error.message : ""}`),
    },
    instance: "crdguard-0",
    timing: {
      now: () => elapsed,
      random: () => 0,
      sleep: (milliseconds) =>
        new Promise((resolve) => {
          wakeAt = elapsed + milliseconds;
          wake = resolve;
          fallAsleep();
        }),
    },
    clock: () => new Date(Date.parse(NOW) + elapsed),
  });
  return {
    requests,
    told,
    counts,
    looks,
    see(next) {
      known = { ...known, picture: picture(next.unreadable ?? known.unreadable), ...next };
    },
    async round() {
      elapsed += 1_000;
      if (elapsed < wakeAt) return;
      const isAsleep = new Promise<void>((resolve) => {
        fallAsleep = resolve;
      });
      wake();
      // A loop that was stopped sleeps no more.
      await Promise.race([isAsleep, new Promise((resolve) => setTimeout(resolve, 500))]);
    },
    passSeconds(seconds) {
      elapsed += seconds * 1_000;
    },
    breakOnce() {
      isBroken = true;
    },
  };
}

function picture(unreadable: readonly UnreadableDeclaration[] = []): Sight["picture"] {
  return { crds: new Map(), unreadableDeclarations: unreadable };
}

function stored(
  name: string,
  shape: { readonly status?: unknown; readonly resourceVersion?: string; readonly spec?: unknown } = {},
): StoredApiRequirement {
  const spec = shape.spec ?? { workload: { name }, requirements: [{ group: "own.dev", resource: "gears", versions: ["v1"] }] };
  const metadata = { namespace: "mill", name, generation: 2 };
  return {
    ...metadata,
    resourceVersion: shape.resourceVersion ?? "7",
    content: parseApiRequirement({ apiVersion: "crdguard.dev/v1alpha1", kind: "APIRequirement", metadata, spec }),
    status: shape.status,
  };
}

function policy(spec: unknown, shape: { readonly status?: unknown; readonly resourceVersion?: string } = {}): StoredGuardPolicy {
  return {
    name: "mill",
    uid: "u1",
    resourceVersion: shape.resourceVersion ?? "7",
    content: rawPolicy("mill", spec),
    status: shape.status,
  };
}

function workload(name: string, { namespace = "mill" } = {}): Workload {
  return {
    ref: { kind: "Deployment", namespace, name },
    isRunning: true,
    containers: [],
    labels: {},
    annotations: {},
  };
}

/** As the API server would give it back. */
function statusOf(request: ApiRequest | undefined): unknown {
  const body = JSON.parse(JSON.stringify(request?.body)) as { readonly status: unknown };
  return body.status;
}

function refusal(code: ApiErrorCode): ApiResult {
  return { ok: false, error: { code, status: null, message: "no" } };
}
