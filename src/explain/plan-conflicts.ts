/** @file Conflicts between sources of the same definition, in words. */
import type { Crd } from "../crd/crd.ts";
import { servedVersions } from "../crd/versions.ts";
import type { Conflict, ConflictStrategy, NewerReason, Resolution } from "../plan/conflicts.ts";
import { listOf, quoted, shown } from "./text.ts";

/** Names the files and what differs, with the way out. */
export function conflictSentence({ crd, given }: Conflict): string {
  const isTold = new Set(given.map((one) => traits(one.crd))).size > 1;
  const sources = given.map(({ crd: own, place }) => (isTold ? `${shown(place)} (${traits(own)})` : shown(place)));
  return (
    `${quoted(crd)} is in ${listOf(sources)}, ` +
    `${isTold ? "each its own" : "with the same versions, but schemas or metadata that differ"}: whichever is applied last would ` +
    "overwrite the other; leave out one, or choose by --on-conflict keep-newer or keep-existing"
  );
}

/** `release 1.1.0, standard channel, serves "v1" and "v1beta1"` */
function traits(crd: Crd): string {
  const bundle =
    crd.bundle === null
      ? []
      : [`release ${shown(crd.bundle.version)}${crd.bundle.channel === null ? "" : `, ${shown(crd.bundle.channel)} channel`}`];
  return [...bundle, `serves ${listOf(servedVersions(crd).map(quoted))}`].join(", ");
}

export function conflictNote({ crd, taken, dropped, reason }: Resolution, strategy: ConflictStrategy): string {
  const left = `${listOf(dropped.map(shown))} ${dropped.length === 1 ? "is" : "are"} left out`;
  const kept = taken === null ? `the cluster's own ${shown(crd)} stays` : `${shown(crd)} is taken from ${shown(taken)}`;
  return `--on-conflict ${strategy}: ${kept}, ${REASONS[reason]}; ${left}`;
}

const REASONS: Readonly<Record<NewerReason | "existing", string>> = {
  bundle: "which is of a newer release",
  "served-version": "which serves a newer version",
  "version-count": "which has more versions",
  last: "which is the last one given, for nothing tells which is newer",
  existing: "since it is there",
};
