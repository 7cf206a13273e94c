/** @file What many objects have in common: causes, counted, with a few examples of each. */
import { exactJsonText } from "../crd/exact-json.ts";
import { isRecord } from "../crd/is-record.ts";
import type { Schema } from "../crd/schema/schema.ts";
import type { FailedCelRule, FitExample, Loss, ObjectRef, Rejection } from "../rules/facts.ts";
import type { FitTally } from "./examiner.ts";
import type { Fit, ReadCheck } from "./fit.ts";
import { causePath, exactPath, type Path, valueAt } from "./paths.ts";
import { mayBeSecret } from "./secrets.ts";
import type { JsonObject } from "./with-member.ts";

/** Of each sort: some screens full, and more than anybody reads before mending the first. */
export const MAX_CAUSES = 25;

/** For a reader to recognise what it is about. */
const MAX_EXAMPLES = 3;

/** Characters of a value that is shown. */
const MAX_VALUE_LENGTH = 60;

/** Kept until all objects are seen, so that the most frequent are told of: messages hold no values, so that few schemas have more. */
const MAX_KEPT = 1_000;

export interface Tally {
  /** Of one object, by all checks. */
  add(object: JsonObject, fits: readonly (readonly [ReadCheck, Fit])[]): void;
  result(): Omit<FitTally, "unevaluatedRules">;
}

export function createTally(): Tally {
  const rejections = createCauses<Omit<Rejection, "examples" | "objectCount">>();
  const losses = createCauses<Omit<Loss, "examples" | "objectCount">>();
  const failedRules = createCauses<Omit<FailedCelRule, "examples" | "objectCount">>();
  let objectCount = 0;
  let rejectedCount = 0;
  let losingCount = 0;

  return {
    add(object, fits) {
      objectCount += 1;
      if (fits.some(([, fit]) => fit.problems.length > 0)) rejectedCount += 1;
      if (fits.some(([, fit]) => fit.losses.length > 0)) losingCount += 1;
      for (const [{ version, before, after, prunedAs }, fit] of fits) {
        const schemas = before === null ? [after] : [before, after];
        const seen = { object, objectNumber: objectCount, schemas };
        for (const { path, message } of fit.problems) {
          rejections.add({ version, path: causePath(path, after), message }, { ...seen, path, schema: after });
        }
        // What is lost is described by the schema before alone.
        const schema = before ?? after;
        if (prunedAs !== null) {
          for (const path of fit.losses) {
            losses.add({ version, role: prunedAs, path: causePath(path, schema) }, { ...seen, path, schema });
          }
        }
        for (const { path, rule, message } of fit.failedRules) {
          failedRules.add({ version, path: causePath(path, after), rule, message }, { ...seen, path, schema: after });
        }
      }
    },
    result: () => ({
      objectCount,
      rejectedCount,
      losingCount,
      rejections: rejections.most(),
      losses: losses.most(),
      failedRules: failedRules.most(),
      untoldCauses: rejections.untold() + losses.untold() + failedRules.untold(),
    }),
  };
}

interface Instance {
  readonly object: JsonObject;
  readonly objectNumber: number;
  readonly path: Path;
  /** That names the path. */
  readonly schema: Schema;
  readonly schemas: readonly Schema[];
}

interface Counted<Cause> {
  readonly cause: Cause;
  objectCount: number;
  /** The object counted last: several instances within one count once. */
  lastObject: number;
  readonly examples: FitExample[];
}

interface Causes<Cause> {
  add(cause: Cause, instance: Instance): void;
  most(): readonly (Cause & { readonly objectCount: number; readonly examples: readonly FitExample[] })[];
  untold(): number;
}

function createCauses<Cause extends object>(): Causes<Cause> {
  const causes = new Map<string, Counted<Cause>>();
  let leftOut = 0;
  return {
    add(cause, instance) {
      const key = JSON.stringify(Object.values(cause));
      let counted = causes.get(key);
      if (counted === undefined) {
        if (causes.size >= MAX_KEPT) {
          leftOut += 1;
          return;
        }
        counted = { cause, objectCount: 0, lastObject: 0, examples: [] };
        causes.set(key, counted);
      }
      if (counted.lastObject === instance.objectNumber) return;
      counted.lastObject = instance.objectNumber;
      counted.objectCount += 1;
      if (counted.examples.length < MAX_EXAMPLES) counted.examples.push(exampleOf(instance));
    },
    most: () =>
      [...causes.values()]
        .toSorted((left, right) => right.objectCount - left.objectCount)
        .slice(0, MAX_CAUSES)
        .map(({ cause, objectCount, examples }) => ({ ...cause, objectCount, examples: [...examples] })),
    untold: () => Math.max(0, causes.size - MAX_CAUSES) + leftOut,
  };
}

function exampleOf({ object, path, schema, schemas }: Instance): FitExample {
  const value = valueAt(object, path);
  return {
    object: refOf(object),
    path: exactPath(path, schema),
    value: value === undefined || mayBeSecret(path, value, schemas) ? null : shortened(exactJsonText(value)),
  };
}

function refOf(object: JsonObject): ObjectRef {
  const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
  const { namespace, name } = metadata;
  return { namespace: typeof namespace === "string" ? namespace : "", name: typeof name === "string" ? name : "" };
}

function shortened(text: string): string {
  const characters = Array.from(text.slice(0, 2 * MAX_VALUE_LENGTH));
  return characters.length <= MAX_VALUE_LENGTH ? text : `${characters.slice(0, MAX_VALUE_LENGTH - 1).join("")}…`;
}
