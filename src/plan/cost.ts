/**
 * @file What steps cost: what is wanted anyway is cheap, what is gone back on later dearer, and an interruption by far the
 * dearest. Each order of magnitude outweighs what a plan ever adds up to in those below it.
 */
export const COST = {
  /** A feature that a release does without, of which there are no objects. */
  lostFeature: 10,
  /** Each release that is passed over, so that the lowest that will do is chosen. */
  laterRelease: 1,
  applyWanted: 100,
  /** Of the wanted set one definition by itself: the rest is held back. */
  applyPart: 150,
  upgrade: 100,
  /** Nobody asked for it, so that it is done only to get on. */
  unaskedUpgrade: 400,
  migrate: 100,
  flipStorage: 100,
  delete: 100,
  start: 100,

  /** A stop in between: all of a bundle, or one definition of it. */
  between: 5_000,
  /** Each definition that a bundle brings along, and that nobody asked for. */
  stray: 300,

  /** A workload goes on without objects that it looked after: dearer than a few stops in between. */
  lostInUse: 20_000,
  /** Policy lets pass what hurts a workload. */
  hurt: 50_000,
  /** A definition goes and comes again, without objects; and what its objects add. */
  replace: 50_000,
  replaceObjects: 400_000,

  stop: 400_000,

  /** A release that was asked for comes and fails, which policy lets pass: dearer than all that might bring it what it needs. */
  failing: 10_000_000,
} as const;

/** No way. */
export const NEVER = Number.POSITIVE_INFINITY;
