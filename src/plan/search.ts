/**
 * @file Looks for the cheapest way through states of the definitions, in rounds: with the plainest moves first, and with
 * intermediate stops, single definitions and interruptions only where these lead nowhere.
 */
import type { Crd } from "../crd/crd.ts";
import { compareText } from "../crd/compare-text.ts";
import { apiState, isHard, outcomeIn } from "../rules/requirement.ts";
import { COST, NEVER } from "./cost.ts";
import { type Crew, crewsOf } from "./crew.ts";
import { type Move, outcomeOf } from "./deed.ts";
import { type Definition, definition } from "./definition.ts";
import { type Forms, formsOf } from "./forms.ts";
import { createJudge, type Judge, type Sight } from "./judge.ts";
import { type Applications, createApplications, isInPlace } from "./moves/apply.ts";
import { clearMove, deleteMove } from "./moves/clear.ts";
import { applyBundle, applyBundleParts, applyParts, applyWanted } from "./moves/sets.ts";
import { createQueue } from "./queue.ts";
import { type PlanQuestion, STATES } from "./question.ts";
import { finalRelease, firstRoster, isNoWorse, leastCost, outlived, type Roster, settled } from "./roster.ts";

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
  /** Definitions whose form matters to a workload, or to the API server. */
  readonly interesting: ReadonlySet<string>;
}

interface Round {
  readonly hasParts: boolean;
  readonly between: "none" | "whole" | "parts";
  /** Stopping workloads, and replacing definitions with their objects. */
  readonly mayInterrupt: boolean;
}

const ROUNDS: readonly Round[] = [
  { hasParts: false, between: "none", mayInterrupt: false },
  { hasParts: true, between: "none", mayInterrupt: false },
  { hasParts: true, between: "whole", mayInterrupt: false },
  { hasParts: true, between: "parts", mayInterrupt: false },
  { hasParts: true, between: "none", mayInterrupt: true },
  { hasParts: true, between: "parts", mayInterrupt: true },
];

export function search(world: World): Found {
  let statesSeen = 0;
  let isCut = false;
  for (const round of ROUNDS) {
    const found = searchRound(world, round);
    statesSeen += found.statesSeen;
    if (found.kind === "way") return { ...found, statesSeen };
    isCut = found.kind === "limit";
  }
  // The last round has every move, so that its word counts.
  return { kind: isCut ? "limit" : "none", statesSeen };
}

export function createWorld(question: PlanQuestion): World {
  const judge = createJudge(question);
  const forms = formsOf(question);
  const crews = crewsOf(question);
  const names = [
    ...new Set([
      ...question.wanted.crds.map(({ name }) => name),
      ...question.wanted.deletions.map(({ crd }) => crd),
      ...forms.between.keys(),
    ]),
  ].toSorted(compareText);
  const applications = createApplications(question, judge);
  return {
    question,
    crews,
    forms,
    judge,
    applications,
    names,
    indexOf: new Map(names.map((name, index) => [name, index] as const)),
    interesting: interestingNames(names, forms, crews, question, applications),
  };
}

function searchRound(world: World, round: Round): Found {
  const queue = createQueue<State | Chance>();
  const seen = new Map<string, State[]>();
  const limit = world.question.stateLimit ?? STATES;
  let statesSeen = 0;
  const first = firstState(world, round);
  queue.put(first, boundOf(first, world));
  for (let next = queue.take(); next !== null; next = queue.take()) {
    if ("from" in next) {
      const reached = after(next.from, next.move, world, round);
      if (reached === null || isDominated(reached, seen, false)) continue;
      const bound = boundOf(reached, world);
      if (bound < NEVER) queue.put(reached, bound);
      continue;
    }
    const state = next;
    if (isDominated(state, seen, true)) continue;
    if (isGoal(state, world)) {
      const path = pathTo(state);
      return { kind: "way", path, cost: totalCost(state, world), statesSeen };
    }
    statesSeen += 1;
    if (statesSeen > limit) return { kind: "limit", statesSeen };
    // Workloads never cost less later than now.
    const least = state.cost + leastCost(state.roster, world.crews);
    for (const move of movesFrom(state, world, round)) queue.put({ from: state, move }, least + move.cost);
  }
  return { kind: "none", statesSeen };
}

/** A move whose outcome is worked out once nothing cheaper is left. */
interface Chance {
  readonly from: State;
  readonly move: Move;
}

function movesFrom({ definitions }: State, world: World, round: Round): readonly Move[] {
  const { forms, question, judge, applications, interesting, indexOf } = world;
  const find = (name: string): Definition => {
    const found = definitions[indexOf.get(name) ?? -1];
    if (found === undefined) throw new Error(`${name} is not among the definitions that may change`);
    return found;
  };
  const isInteresting = (name: string): boolean => interesting.has(name);
  const moves: (Move | null)[] = [
    applyWanted(forms, find, applications),
    ...question.wanted.deletions.map((deletion) => deleteMove(find(deletion.crd), deletion, question, judge)),
  ];
  if (round.hasParts) moves.push(...applyParts(forms, isInteresting, find, applications));
  if (round.between !== "none") moves.push(...forms.bundles.map((bundle) => applyBundle(bundle, find, applications)));
  if (round.between === "parts") moves.push(...applyBundleParts(forms, isInteresting, find, applications));
  if (round.mayInterrupt) {
    moves.push(...definitions.map((from) => clearMove(from, formsFor(from.name, forms, round), question, judge)));
  }
  return moves.filter((move) => move !== null);
}

function formsFor(name: string, { wanted, between }: Forms, round: Round): Forms["wanted"] {
  return [...wanted.filter((form) => form.name === name), ...(round.between === "none" ? [] : (between.get(name) ?? []))];
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
  return { crds, keys: new Map(definitions.map(({ name, key }) => [name, key] as const)), fits: new Map() };
}

function isGoal(state: State, { crews, ...world }: World): boolean {
  return isEnd(state, world) && crews.every((crew) => finalRelease(state.roster, crew) !== null);
}

function isEnd({ definitions }: State, { forms, question, indexOf }: Omit<World, "crews">): boolean {
  return (
    definitions.every(({ saved }) => saved === null) &&
    forms.wanted.every((form) => {
      const own = definitions[indexOf.get(form.name) ?? -1];
      return own !== undefined && isInPlace(own, form);
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
function boundOf(state: State, world: World): number {
  const { definitions, roster, cost } = state;
  const { forms, question, indexOf, crews } = world;
  const isAllInPlace = forms.wanted.every((form) => {
    const own = definitions[indexOf.get(form.name) ?? -1];
    return own !== undefined && isInPlace(own, form);
  });
  const left = question.wanted.deletions.filter(({ crd }) => definitions[indexOf.get(crd) ?? -1]?.crd !== null);
  return cost + leastCost(roster, crews) + (isAllInPlace ? 0 : COST.applyWanted) + left.length * COST.delete;
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

/** A definition whose form makes no difference to anyone goes along with the set that it is of. */
function interestingNames(
  names: readonly string[],
  forms: Forms,
  crews: readonly Crew[],
  { picture, wanted }: PlanQuestion,
  applications: Applications,
): ReadonlySet<string> {
  const deleted = new Set(wanted.deletions.map(({ crd }) => crd));
  return new Set(
    names.filter((name) => {
      const crd = picture.crds.get(name) ?? null;
      const all = [...forms.wanted.filter((form) => form.name === name), ...(forms.between.get(name) ?? [])];
      const found = definition({ name, crd, objects: "found", saved: null, isDiffering: false });
      const isHardToReach = all.some((form) => applications(found, form) === null);
      const states = [crd, ...all.map((form) => form.crd), ...(isHardToReach || deleted.has(name) ? [null] : [])];
      const isFelt = crews.some(({ releases }) =>
        releases.some(({ needsByCrd }) =>
          (needsByCrd.get(name) ?? []).some(
            ({ requirement }) =>
              new Set(states.map((state) => isHard(outcomeIn(requirement, apiState(requirement, state))))).size > 1,
          ),
        ),
      );
      return isFelt || isHardToReach;
    }),
  );
}
