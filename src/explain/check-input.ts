/** @file What `check` was given, and what of it was not judged. */
import { listOf, shown } from "./text.ts";

/** Counts are of objects, each of which counts once. */
export interface CheckInput {
  readonly customResourceDefinitions: number;
  readonly workloads: number;
  /** Count for workloads, of the bundle and of the cluster. */
  readonly apiRequirements: number;
  /** Count where a need hangs on one. */
  readonly configMaps: number;
  /** Judged by, in place of those of the cluster of the same name. */
  readonly guardPolicies: number;
  /** By kind: what crdguard has no opinion on. */
  readonly notJudged: Readonly<Record<string, number>>;
  /** Given more than once; of each the last one counts, as with `kubectl apply`. */
  readonly repeated: readonly {
    /** `CustomResourceDefinition <name>`, or `Deployment.apps <namespace>/<name>`. */
    readonly object: string;
    /** `file:line` */
    readonly places: readonly string[];
  }[];
}

/** One line each; none where everything is judged. */
export function inputNotes(
  { customResourceDefinitions, notJudged, repeated }: CheckInput,
  leaving: readonly string[],
): readonly string[] {
  const kinds = Object.entries(notJudged).map(([kind, count]) => `${String(count)} ${shown(kind)}`);
  return [
    ...(kinds.length === 0 ? [] : [`not judged, as only CustomResourceDefinitions and workloads are: ${firstOf(kinds)}`]),
    ...repeated.map(
      ({ object, places }) =>
        `${shown(object)} is given ${String(places.length)} times, and the last one counts: ${places.map(shown).join(", ")}`,
    ),
    // Who gives a single definition does not mean that the others should go.
    ...(leaving.length === 0 || customResourceDefinitions < 2
      ? []
      : [
          `not in what you apply, though of the same API group, and left in the cluster by kubectl apply: ` +
            `${firstOf(leaving.map(shown))} (--prune judges ${leaving.length === 1 ? "it" : "them"} as deleted)`,
        ]),
  ];
}

/** Most names in a note; JSON has all. */
const MAX_NAMED = 10;

function firstOf(items: readonly string[]): string {
  return items.length <= MAX_NAMED
    ? listOf(items)
    : `${items.slice(0, MAX_NAMED).join(", ")} and ${String(items.length - MAX_NAMED)} more`;
}
