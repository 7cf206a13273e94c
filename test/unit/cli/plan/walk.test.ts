/** The walk against a mill in memory: its order, where it stops, and that it may be killed after anything it does. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExplainedStep, PlanReport } from "../../../../src/explain/plan-report.ts";
import { freshJournal, type Journal } from "../../../../src/cli/plan/journal.ts";
import { walk } from "../../../../src/cli/plan/walk.ts";
import type { Answer, CurrentPlan, WalkEnd, WalkPorts } from "../../../../src/cli/plan/walk-ports.ts";

class Killed extends Error {}

/** A definition without a common version, its objects, and a workload that cannot run meanwhile. */
interface Mill {
  readonly objects: Map<string, string>;
  readonly backups: Map<string, ReadonlyMap<string, string>>;
  version: "old" | "none" | "new";
  replicas: number;
  /** Written by the command that stops it. */
  savedReplicas: number | null;
  isMigrated: boolean;
  journal: Journal | null;
  readonly commands: string[];
}

const GEARS = "gears.own.dev";
const TURNER = "Deployment/mill/turner";

function mill(objects: readonly string[]): Mill {
  return {
    objects: new Map(objects.map((name) => [name, "old"])),
    backups: new Map(),
    version: "old",
    replicas: 3,
    savedReplicas: null,
    isMigrated: false,
    journal: null,
    commands: [],
  };
}

/** As the search would have it, from what the cluster shows alone. */
function planOf(world: Mill, folder: string, stopped: ReadonlySet<string>): CurrentPlan {
  const steps: ExplainedStep[] = [];
  const add = (id: string, action: ExplainedStep["action"], command: string): void => {
    steps.push({
      number: steps.length + 1,
      id,
      action,
      title: id,
      because: null,
      byHand: null,
      commands: [command],
      changes: [],
      isDestructive: action === "delete-objects" || action === "stop-workload",
      findings: [],
      proof: [{ command, prints: null }],
      wayBack: { sentence: "none", commands: [] },
    });
  };
  if (!world.isMigrated) add("migrate/axles.own.dev", "migrate", "migrate");
  if (world.version !== "new") {
    if (world.replicas > 0) add(`stop/${TURNER}`, "stop-workload", "stop");
    const hasObjects = world.version === "old" && world.objects.size > 0;
    if (hasObjects) {
      add(`back-up/${GEARS}`, "back-up", `back-up ${folder}`);
      add(`delete-objects/${GEARS}`, "delete-objects", "delete-objects");
    }
    if (world.version === "old") add(`delete-definition/${GEARS}`, "delete-definition", "delete-definition");
    add("apply/wanted", "apply-definitions", "apply");
    if (hasObjects) add(`restore/${GEARS}`, "restore", `restore ${folder}`);
    if (world.replicas > 0 || stopped.has(TURNER)) add(`start/${TURNER}`, "start-workload", "start");
  }
  const report: PlanReport = {
    apiVersion: "crdguard.dev/v1alpha1",
    kind: "PlanReport",
    outcome: steps.length === 0 ? "done" : "planned",
    steps,
    cautions: [],
    obstacles: [],
    notes: [],
    summary: "",
  };
  return {
    report,
    subjectOf: (id) => ({
      objectsOf: /^(?:back-up|delete-objects|restore)\//.test(id) ? GEARS : null,
      workload: /^(?:start|stop)\//.test(id) ? TURNER : null,
      definitions: id === "apply/wanted" || id.startsWith("delete-definition/") ? [GEARS] : [],
    }),
    prepare: () => Promise.resolve(),
  };
}

interface Shape {
  /** Dies before the event of this number, from 0; null: lives. */
  readonly killAt?: number | null;
  readonly answer?: (step: ExplainedStep) => Answer;
  /** Id of the step whose proof never holds. */
  readonly unproven?: string;
}

function portsOf(
  world: Mill,
  { killAt = null, answer = () => "yes", unproven }: Shape,
): WalkPorts & { readonly events: () => number } {
  let events = 0;
  const event = (): void => {
    if (events === killAt) throw new Killed();
    events += 1;
  };
  /** Between any two things that it does to the world it may die. */
  function take(command: string): void {
    const [verb, folder = ""] = command.split(" ");
    world.commands.push(command);
    event();
    switch (verb) {
      case "migrate":
        world.isMigrated = true;
        break;
      case "stop":
        world.savedReplicas = world.replicas;
        event();
        world.replicas = 0;
        break;
      case "start":
        world.replicas = world.savedReplicas ?? 0;
        break;
      case "back-up":
        if (world.backups.has(folder)) throw new Error(`${folder} is there already`);
        world.backups.set(folder, new Map());
        event();
        world.backups.set(folder, new Map(world.objects));
        break;
      case "delete-objects":
        for (const name of world.objects.keys()) {
          world.objects.delete(name);
          event();
        }
        break;
      case "delete-definition":
        if (world.objects.size > 0) throw new Error("its objects would be lost");
        world.version = "none";
        break;
      case "apply":
        world.version = "new";
        break;
      case "restore":
        if (world.version !== "new") throw new Error("nothing serves the version yet");
        for (const name of world.backups.get(folder)?.keys() ?? []) {
          world.objects.set(name, "new");
          event();
        }
        break;
      default:
        throw new Error(`${command} is no command`);
    }
    event();
  }
  return {
    events: () => events,
    plan(backupNumber, stopped) {
      event();
      return Promise.resolve(planOf(world, `gears-${String(backupNumber(GEARS))}`, stopped));
    },
    run(command) {
      take(command);
      return Promise.resolve({ ok: true });
    },
    prove(step) {
      event();
      return Promise.resolve(step.id === unproven ? { ok: false, reason: "it never holds" } : { ok: true });
    },
    ask: (step) => Promise.resolve(answer(step)),
    handed: () => Promise.resolve(true),
    isCovered(_crd, numbers) {
      const newest = world.backups.get(`gears-${String(numbers.at(-1))}`) ?? new Map<string, string>();
      const older = numbers.slice(0, -1).map((number) => world.backups.get(`gears-${String(number)}`));
      return Promise.resolve(
        older.length > 0 && [...newest.keys()].every((name) => older.some((own) => own?.has(name) === true)),
      );
    },
    write(journal) {
      event();
      // As a file would have it.
      world.journal = JSON.parse(JSON.stringify(journal)) as Journal;
      event();
      return Promise.resolve();
    },
    tell: () => undefined,
  };
}

const FRESH = freshJournal("mill", "gears", "2026-05-01T00:00:00Z");

async function walked(world: Mill, shape: Shape = {}): Promise<WalkEnd | "killed"> {
  const start = world.journal === null || world.journal.isFinished ? FRESH : world.journal;
  try {
    return await walk(start, portsOf(world, shape));
  } catch (error) {
    if (error instanceof Killed) return "killed";
    throw error;
  }
}

/** How many things a walk does that nothing kills. */
async function eventCount(objects: readonly string[]): Promise<number> {
  const ports = portsOf(mill(objects), {});
  await walk(FRESH, ports);
  return ports.events();
}

function expectGoal(world: Mill, objects: readonly string[]): void {
  expect(Object.fromEntries(world.objects)).toEqual(Object.fromEntries(objects.map((name) => [name, "new"])));
  expect(world).toMatchObject({ version: "new", replicas: 3, isMigrated: true, journal: { isFinished: true, owed: [] } });
}

describe("a walk", () => {
  const objects = ["a", "b", "c"];

  it("takes each step once, in the order of the plan, and what is owed where it stood", async () => {
    const world = mill(objects);

    expect(await walked(world)).toEqual({ kind: "done", stepCount: 8, skipped: [] });
    expect(world.commands).toEqual([
      "migrate",
      "stop",
      "back-up gears-1",
      "delete-objects",
      "delete-definition",
      "apply",
      "restore gears-1",
      "start",
    ]);
    expectGoal(world, objects);
  });

  it("counts its steps through, though each plan begins anew, and goes on counting after an end", async () => {
    const world = mill(objects);
    const told: string[] = [];
    const telling = (shape: Shape): WalkPorts => ({
      ...portsOf(world, shape),
      tell: (event) => {
        if (event.kind === "step") told.push(`${String(event.number)}/${String(event.count)} ${event.step.action}`);
        else if (event.kind === "planned") told.push("planned");
      },
    });

    await walk(FRESH, telling({ unproven: "apply/wanted" }));
    await walk(world.journal ?? FRESH, telling({}));

    expect(told).toEqual([
      "planned",
      "1/8 migrate",
      "2/8 stop-workload",
      "3/8 back-up",
      "4/8 delete-objects",
      "5/8 delete-definition",
      "6/8 apply-definitions",
      "planned",
      "6/7 restore",
      "7/7 start-workload",
    ]);
  });

  it.each([
    { unproven: "migrate/axles.own.dev", taken: ["migrate"] },
    { unproven: `back-up/${GEARS}`, taken: ["migrate", "stop", "back-up gears-1"] },
    {
      unproven: "apply/wanted",
      taken: ["migrate", "stop", "back-up gears-1", "delete-objects", "delete-definition", "apply"],
    },
  ])("stops where the proof of $unproven fails, and goes on from there", async ({ unproven, taken }) => {
    const world = mill(objects);

    const end = await walked(world, { unproven });
    expect(end).toMatchObject({ kind: "failed", why: "proof", step: { id: unproven }, reason: "it never holds" });
    expect(world.commands).toEqual(taken);
    expect(await walked(world)).toMatchObject({ kind: "done" });
    expectGoal(world, objects);
  });

  it("asks before each step, and stops before the one that is not wanted", async () => {
    const world = mill(objects);

    const end = await walked(world, { answer: ({ isDestructive }) => (isDestructive ? "quit" : "yes") });
    expect(end).toMatchObject({ kind: "quit", step: { id: `stop/${TURNER}` } });
    expect(world.commands).toEqual(["migrate"]);
  });

  it("leaves out what is skipped, and does not call the cluster as wanted then", async () => {
    const world = mill([]);

    const end = await walked(world, { answer: ({ id }) => (id.startsWith("migrate/") ? "skip" : "yes") });
    expect(end).toMatchObject({ kind: "done", skipped: ["migrate/axles.own.dev"] });
    expect(world.journal?.isFinished).toBe(false);
  });

  it("deletes nothing that it has not backed up itself, whoever skips the backup", async () => {
    const world = mill(objects);

    const end = await walked(world, { answer: ({ action }) => (action === "back-up" ? "skip" : "yes") });
    expect(end).toMatchObject({ kind: "failed", why: "no-backup" });
    expect([...world.objects.keys()]).toEqual(objects);
  });

  it("says that it is stuck where the plan asks again for what is proven", async () => {
    const stuck: WalkPorts = { ...portsOf(mill([]), {}), run: () => Promise.resolve({ ok: true }) };

    expect(await walk(FRESH, stuck)).toMatchObject({ kind: "failed", why: "stuck", step: { id: "migrate/axles.own.dev" } });
  });

  it("waits for what is done by hand, and takes a new walk for the word that it is done", async () => {
    const world = mill([]);
    const base = portsOf(world, {});
    const byHand: WalkPorts = {
      ...base,
      async plan(...args) {
        const plan = await base.plan(...args);
        const steps = plan.report.steps.map((step) => (step.action === "migrate" ? { ...step, byHand: "turn the crank" } : step));
        return { ...plan, report: { ...plan.report, steps } };
      },
      handed: () => Promise.resolve(false),
    };

    expect(await walk(FRESH, byHand)).toMatchObject({ kind: "quit", isByHand: true });
    expect(world.commands).toEqual([]);
    expect(await walk(world.journal ?? FRESH, byHand)).toMatchObject({ kind: "done" });
    expect(world.commands[0]).toBe("migrate");
  });

  it("loses nothing wherever it is killed", async () => {
    const count = await eventCount(objects);
    expect(count).toBeGreaterThan(50);
    for (let killAt = 0; killAt < count; killAt += 1) {
      const world = mill(objects);
      expect(await walked(world, { killAt })).toBe("killed");
      expect(await walked(world), `killed at ${String(killAt)}`).toMatchObject({ kind: "done" });
      expectGoal(world, objects);
    }
  });

  it("loses nothing however often it is killed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(60), { maxLength: 8 }), fc.integer({ min: 0, max: 4 }), async (kills, size) => {
        const own = Array.from({ length: size }, (_, index) => `gear-${String(index)}`);
        const world = mill(own);
        for (const killAt of kills) await walked(world, { killAt });
        expect(["done"]).toContain(((await walked(world)) as { kind: string }).kind);
        expectGoal(world, own);
      }),
      { numRuns: 300 },
    );
  });
});
