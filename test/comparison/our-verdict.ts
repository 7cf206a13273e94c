/** @file What crdguard says of a pair: its engine, as `crdguard check` asks it, of a folder. */
import { folderCluster } from "../../src/cluster/snapshot/folder-cluster.ts";
import { parseCrd } from "../../src/crd/parse.ts";
import type { Crd } from "../../src/crd/crd.ts";
import { NO_FLAGS } from "../../src/policy/combine.ts";
import { review } from "../../src/review/review.ts";
import { manifestOf, objectOf, type Pair } from "./pairs.ts";

/** `deny stored-version-removed`; empty: it says nothing. */
export type Verdict = readonly string[];

export interface OurVerdict {
  /** Where no object lives. */
  readonly alone: Verdict;
  /** Where the object of the pair does; null where it has none. */
  readonly withObject: Verdict | null;
}

export async function ourVerdict(pair: Pair): Promise<OurVerdict> {
  const object = objectOf(pair);
  return { alone: await verdictOf(pair, []), withObject: object === null ? null : await verdictOf(pair, [object]) };
}

async function verdictOf(
  { before, after, title }: Pair,
  objects: readonly Readonly<Record<string, unknown>>[],
): Promise<Verdict> {
  const manifests = [manifestOf(before), ...objects].map((object) => ({ file: "cluster.yaml", line: 1, object }));
  const cluster = folderCluster("cluster", manifests, []);
  if (!cluster.ok) throw new Error(`${title}: ${cluster.error.message}`);
  // As the picture of a cluster has it: forms are read where a rule asks for them.
  const previous = cluster.value.picture()?.crds.get("gears.own.dev");
  if (previous === undefined) throw new Error(`${title}: no definition before`);
  const change = { kind: "update", previous, next: crdOf(after, title) } as const;
  const verdict = await review({ change, requester: null }, cluster.value, NO_FLAGS, AbortSignal.timeout(30_000));
  if (verdict.kind === "undecided") throw new Error(`${title}: ${verdict.reason}`);
  return [...new Set(verdict.findings.map(({ rule, enforcement }) => `${enforcement} ${rule}`))];
}

function crdOf(definition: Pair["after"], title: string): Crd {
  const parsed = parseCrd(manifestOf(definition));
  if (!parsed.ok) throw new Error(`${title}: ${parsed.error.message}`);
  return parsed.value;
}
