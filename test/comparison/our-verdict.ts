/** @file What crdguard says of pairs: its engine, as `crdguard check` asks it, of a folder. */
import { folderCluster } from "../../src/cluster/snapshot/folder-cluster.ts";
import { lookInFolder } from "../../src/cluster/snapshot/look-in-folder.ts";
import { parseCrd } from "../../src/crd/parse.ts";
import type { Crd } from "../../src/crd/crd.ts";
import type { Examiner } from "../../src/objects/examiner.ts";
import { createWorkerExaminer } from "../../src/objects/worker-examiner.ts";
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

/** One for each pair. */
export async function ourVerdicts(pairs: readonly Pair[]): Promise<readonly OurVerdict[]> {
  const examiner = createWorkerExaminer();
  try {
    const verdicts: OurVerdict[] = [];
    for (const pair of pairs) {
      const object = objectOf(pair);
      verdicts.push({
        alone: await verdictOf(pair, [], examiner),
        withObject: object === null ? null : await verdictOf(pair, [object], examiner),
      });
    }
    return verdicts;
  } finally {
    await examiner.close();
  }
}

type Objects = readonly Readonly<Record<string, unknown>>[];

async function verdictOf({ before, after, title }: Pair, objects: Objects, examiner: Examiner): Promise<Verdict> {
  const manifests = [manifestOf(before), ...objects].map((object) => ({ file: "cluster.yaml", line: 1, object }));
  const folder = folderCluster("cluster", manifests, []);
  if (!folder.ok) throw new Error(`${title}: ${folder.error.message}`);
  // One worker for all: to start one takes longer than all that it is asked.
  const open = (): Promise<Examiner> => Promise.resolve({ ...examiner, close: () => Promise.resolve() });
  const cluster: typeof folder.value = {
    ...folder.value,
    lookAtObjects: (previous, next, signal) =>
      lookInFolder(objects, previous, next, { kind: "folder", path: "cluster" }, signal, open),
  };
  // As the picture of a cluster has it: forms are read where a rule asks for them.
  const previous = cluster.picture()?.crds.get("gears.own.dev");
  if (previous === undefined) throw new Error(`${title}: no definition before`);
  const change = { kind: "update", previous, next: crdOf(after, title) } as const;
  const verdict = await review({ change, requester: null }, cluster, NO_FLAGS, AbortSignal.timeout(30_000));
  if (verdict.kind === "undecided") throw new Error(`${title}: ${verdict.reason}`);
  return [...new Set(verdict.findings.map(({ rule, enforcement }) => `${enforcement} ${rule}`))];
}

function crdOf(definition: Pair["after"], title: string): Crd {
  const parsed = parseCrd(manifestOf(definition));
  if (!parsed.ok) throw new Error(`${title}: ${parsed.error.message}`);
  return parsed.value;
}
