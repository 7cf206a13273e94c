/**
 * @file Looks for the cheapest way through states of the definitions, in rounds: with the plainest moves first, and with
 * intermediate stops, single definitions and interruptions only where these lead nowhere.
 */
import type { Crd } from "../crd/crd.ts";
import { createAlone, type Reach } from "./alone.ts";
import { COST, NEVER } from "./cost.ts";
import { type Crew, crewsOf } from "./crew.ts";
import { type Move, outcomeOf } from "./deed.ts";
import { type Definition, definition } from "./definition.ts";
import { createEstimate, type Estimate } from "./estimate.ts";
import { type Forms, formsOf, touchedNames } from "./forms.ts";
import { createJudge, type Judge, type Sight } from "./judge.ts";
import { type Applications, createApplications } from "./moves/apply.ts";
import { clearMove, deleteMove } from "./moves/clear.ts";
import { applyBundle, applyBundleParts, applyParts, applyWanted } from "./moves/sets.ts";
import { createQueue } from "./queue.ts";
import { createUsefulness, type Usefulness } from "./usefulness.ts";
import { type PlanQuestion, STATES } from "./question.ts";
import { finalRelease, firstRoster, isNoWorse, outlived, type Roster, settled } from "./roster.ts";

export type Found =
  | { readonly kind: "way"; readonly path: readonly [State, ...State[]]; readonly cost: number; readonly statesSeen: number }
  | { readonly kind: "none"; readonly statesSeen: number }
  /** Some states were not looked at. */
  | { readonly kind: "limit"; readonly statesSeen: number };

export interface State {
  /** In the order of `World.names`. */
  readonly definitions: readonly Definition[];
  readonly roster: Roster;
  readonly sight: Sight;
  /** Null for the first one. */
  readonly before: State | null;
  readonly move: Move | null;
  /** Of moves so far; workloads' costs are in the roster. */
  readonly cost: number;
}

/** All that is the same in every state. */
export interface World {
  readonly question: PlanQuestion;
  readonly crews: readonly Crew[];
  readonly forms: Forms;
  readonly judge: Judge;
  readonly applications: Applications;
  /** Of the definitions that may change, sorted. */
  readonly names: readonly string[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly usefulness: (roster: Roster) => Usefulness;
  readonly estimate: Estimate;
}

interface Round {
  readonly hasParts: boolean;
  readonly hasBetween: boolean;
  /** Stopping workloads, and replacing definitions with their objects. */
  readonly mayInterrupt: boolean;
  /** What the cheapest of its moves costs that the round before did not have. */
  readonly price: number;
}

const ROUNDS: readonly Round[] = [
  { hasParts: false, hasBetween: false, mayInterrupt: false, price: 0 },
  { hasParts: true, hasBetween: false, mayInterrupt: false, price: COST.applyPart },
  { hasParts: true, hasBetween: true, mayInterrupt: false, price: COST.between },
  { hasParts: true, hasBetween: true, mayInterrupt: true, price: COST.replace },
];

export function search(world: World): Found {
  let statesSeen = 0;
  let isCut = false;
  let best: Extract<Found, { kind: "way" }> | null = null;
  for (const round of ROUNDS) {
    // Its own moves would make it dearer than what is known already.
    if (best !== null && best.cost <= round.price) break;
    const found = searchRound(world, round, best?.cost ?? NEVER);
    statesSeen += found.statesSeen;
    // The last round has every move, so that its word counts.
    isCut = found.kind === "limit";
    if (found.kind === "way") best = found;
  }
  return best === null ? { kind: isCut ? "limit" : "none", statesSeen } : { ...best, statesSeen };
}

export function createWorld(question: PlanQuestion): World {
  const judge = createJudge(question);
  const forms = formsOf(question);
  const crews = crewsOf(question);
  const names = touchedNames(question, forms);
  const applications = createApplications(question, judge);
  return {
    question,
    crews,
    forms,
    judge,
    applications,
    names,
    indexOf: new Map(names.map((name, index) => [name, index] as const)),
    usefulness: createUsefulness(question, crews, forms, applications),
    estimate: createEstimate(question, crews, forms, applications, createAlone(question, forms, applications, judge)),
  };
}

/** @param ceiling what a way must cost less than. */
function searchRound(world: World, round: Round, ceiling: number): Found {
  const queue = createQueue<State | Chance | Finish>();
  const seen = new Map<string, State[]>();
  const limit = world.question.stateLimit ?? STATES;
  let statesSeen = 0;
  const first = firstState(world, round);
  if (boundOf(first, world, round) < ceiling) queue.put(first, boundOf(first, world, round));
  for (let next = queue.take(); next !== null; next = queue.take()) {
    if ("from" in next) {
      const reached = after(next.from, next.move, world, round);
      if (reached === null || isDominated(reached, seen, false)) continue;
      const bound = boundOf(reached, world, round);
      if (bound < ceiling) queue.put(reached, bound);
      continue;
    }
    if ("end" in next) return { kind: "way", path: pathTo(next.end), cost: next.cost, statesSeen };
    const state = next;
    if (isDominated(state, seen, true)) continue;
    const bound = boundOf(state, world, round);
    if (isGoal(state, world)) {
      const cost = totalCost(state, world);
      if (cost <= bound) return { kind: "way", path: pathTo(state), cost, statesSeen };
      // Workloads may fare better with a detour.
      if (cost < ceiling) queue.put({ end: state, cost }, cost);
    }
    statesSeen += 1;
    if (statesSeen > limit) return { kind: "limit", statesSeen };
    // Workloads never cost less later than now.
    const least = state.cost + world.estimate.ofWorkloads(state.roster);
    for (const move of movesFrom(state, world, round)) {
      const chance = Math.max(bound, least + move.cost);
      if (chance < ceiling) queue.put({ from: state, move }, chance);
    }
  }
  return { kind: "none", statesSeen };
}

/** A move whose outcome is worked out once nothing cheaper is left. */
interface Chance {
  readonly from: State;
  readonly move: Move;
}

/** What is wanted, with workloads that may stay as they are then, for a price that other ways may beat. */
interface Finish {
  readonly end: State;
  readonly cost: number;
}

function movesFrom({ definitions, roster }: State, world: World, round: Round): readonly Move[] {
  const { forms, question, judge, applications } = world;
  const find = finder(definitions, world);
  const usefulness = world.usefulness(roster);
  const moves: (Move | null)[] = [
    applyWanted(forms, find, applications),
    ...question.wanted.deletions.map((deletion) => deleteMove(find(deletion.crd), deletion, question, judge)),
  ];
  if (round.hasParts) moves.push(...applyParts(forms, usefulness, find, applications));
  if (round.hasBetween) {
    moves.push(
      ...forms.bundles.map((bundle) => applyBundle(bundle, usefulness, find, applications)),
      ...applyBundleParts(forms, usefulness, find, applications),
    );
  }
  if (round.mayInterrupt) {
    moves.push(...definitions.map((from) => clearMove(from, formsFor(from, forms, usefulness), question, judge)));
  }
  return moves.filter((move) => move !== null);
}

/** What there is good reason to come to. */
function formsFor(from: Definition, { wanted, between }: Forms, { isHelpful }: Usefulness): Forms["wanted"] {
  const others = (between.get(from.name) ?? []).filter((form) => isHelpful(from, form));
  return [...wanted.filter(({ name }) => name === from.name), ...others];
}

function firstState(world: World, round: Round): State {
  const { question, crews, judge, names } = world;
  const { crds } = question.picture;
  const definitions = names.map((name) =>
    definition({
      name,
      crd: crds.get(name) ?? null,
      objects: "found",
      saved: null,
      isDiffering: question.wanted.differing?.has(name) ?? false,
    }),
  );
  const sight = sightOf(crds, definitions);
  return {
    definitions,
    roster: settled(firstRoster(crews), crews, judge, sight, round.mayInterrupt),
    sight,
    before: null,
    move: null,
    cost: 0,
  };
}

function after(state: State, move: Move, { crews, judge, indexOf }: World, round: Round): State | null {
  const roster = outlived(state.roster, crews, move.deeds, judge);
  if (roster === null) return null;
  const definitions = [...state.definitions];
  const crds = new Map<string, Crd>(state.sight.crds);
  for (const [name, changed] of outcomeOf(move)) {
    definitions[indexOf.get(name) ?? -1] = changed;
    if (changed.crd === null) crds.delete(name);
    else crds.set(name, changed.crd);
  }
  const sight = sightOf(crds, definitions);
  return {
    definitions,
    roster: settled(roster, crews, judge, sight, round.mayInterrupt),
    sight,
    before: state,
    move,
    cost: state.cost + move.cost,
  };
}

function sightOf(crds: ReadonlyMap<string, Crd>, definitions: readonly Definition[]): Sight {
  return { crds, keys: new Map(definitions.map(({ name, apiKey }) => [name, apiKey] as const)) };
}

function isGoal(state: State, { crews, ...world }: World): boolean {
  return isEnd(state, world) && crews.every((crew) => finalRelease(state.roster, crew) !== null);
}

function isEnd({ definitions }: State, { forms, question, indexOf, applications }: Omit<World, "crews">): boolean {
  return (
    definitions.every(({ saved }) => saved === null) &&
    forms.wanted.every((form) => {
      const own = definitions[indexOf.get(form.name) ?? -1];
      return own !== undefined && applications(own, form) === "in-place";
    }) &&
    question.wanted.deletions.every(({ crd }) => definitions[indexOf.get(crd) ?? -1]?.crd === null)
  );
}

function totalCost({ cost, roster }: State, { crews }: World): number {
  return crews.reduce((sum, crew) => {
    const release = finalRelease(roster, crew);
    return sum + (release === null ? NEVER : (roster.running[release.id] ?? NEVER));
  }, cost);
}

/** Never more than the cheapest plan that goes this way costs. */
function boundOf(state: State, world: World, reach: Reach): number {
  const { definitions, roster, cost } = state;
  const { estimate } = world;
  return cost + estimate.ofWorkloads(roster) + estimate.ofDefinitions(finder(definitions, world), reach);
}

function finder(definitions: readonly Definition[], { indexOf }: World): (name: string) => Definition {
  return (name) => {
    const found = definitions[indexOf.get(name) ?? -1];
    if (found === undefined) throw new Error(`${name} is not among the definitions that may change`);
    return found;
  };
}

/** Whether another way to the same definitions is as good for every workload. */
function isDominated(state: State, seen: Map<string, State[]>, isTaken: boolean): boolean {
  const key = state.definitions.map((own) => own.key).join("\n");
  const others = seen.get(key) ?? [];
  if (others.some((other) => other !== state && other.cost <= state.cost && isNoWorse(other.roster, state.roster))) return true;
  if (isTaken) seen.set(key, [...others, state]);
  return false;
}

function pathTo(state: State): readonly [State, ...State[]] {
  const path: [State, ...State[]] = [state];
  for (let { before } = state; before !== null; before = before.before) path.unshift(before);
  return path;
}
