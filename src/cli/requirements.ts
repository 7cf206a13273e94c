/** @file `crdguard requirements`: who needs which API, and does it get it? */
import { createColors } from "picocolors";
import type { Crd } from "../crd/crd.ts";
import type { ClusterPicture } from "../cluster/picture.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { type CrdQuestion, requirementsReport } from "../explain/requirements.ts";
import { requirementsLines } from "../explain/requirements-text.ts";
import { isHardUnmet, type KnownNeeds, lossesOf, standingsOf } from "../rules/standing.ts";
import { type AgainstChoice, withCluster } from "./against.ts";
import { crdNameHint } from "./crd-names.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { loadCatalog, tellIdleRequirements } from "./sources.ts";
import type { Terminal } from "./terminal.ts";

export interface RequirementsOptions extends AgainstChoice {
  /** Of this CRD alone. */
  readonly crd: string | undefined;
  /** Workloads of this namespace alone. */
  readonly namespace: string | undefined;
  readonly output: "text" | "json";
  readonly failOnUnmet: boolean;
  /** Files and folders of own catalog entries. */
  readonly catalog: readonly string[];
}

export async function requirements(options: RequirementsOptions, terminal: Terminal): Promise<ExitStatus> {
  const catalog = await loadCatalog(options.catalog);
  return withCluster(options, { catalog }, terminal, (cluster, folder) => {
    if (folder !== null) tellIdleRequirements({ ...folder, crds: folder.picture()?.crds ?? new Map<string, Crd>() }, terminal);
    return tell(cluster, options, terminal);
  });
}

function tell(cluster: Cluster, options: RequirementsOptions, terminal: Terminal): ExitStatus {
  const picture = cluster.picture();
  if (picture === null) throw new Error("a cluster that has been read has a picture");
  const known = inNamespace(picture, options.namespace);
  const question = options.crd === undefined ? null : questionOf(options.crd, picture, known);
  const asked = question === null ? known : aboutCrd(known, question.name);
  const standings = standingsOf(asked);

  const report = requirementsReport(standings, question);
  if (options.output === "json") terminal.print(`${JSON.stringify(report, null, 2)}\n`);
  else terminal.print(`${requirementsLines(report, createColors(terminal.hasColors)).join("\n")}\n`);

  const isUnmet = standings.some(({ needs }) => needs.some(isHardUnmet));
  return options.failOnUnmet && isUnmet ? EXIT.denied : EXIT.allowed;
}

function inNamespace(known: KnownNeeds, namespace: string | undefined): KnownNeeds {
  if (namespace === undefined) return known;
  return {
    crds: known.crds,
    needs: new Map([...known.needs].map(([crd, needs]) => [crd, needs.filter((need) => need.workload.namespace === namespace)])),
    unreadableDeclarations: known.unreadableDeclarations.filter(({ workload }) => workload.namespace === namespace),
  };
}

/** Unreadable declarations stay: any of them may speak of it. */
function aboutCrd(known: KnownNeeds, name: string): KnownNeeds {
  return { ...known, needs: new Map([[name, known.needs.get(name) ?? []]]) };
}

/** @throws CommandError for a name that is neither that of a CRD nor needed by anybody, in any namespace. */
function questionOf(name: string, picture: ClusterPicture, known: KnownNeeds): CrdQuestion {
  const crd = picture.crds.get(name) ?? null;
  if (crd === null && !picture.needs.has(name)) throw unknownCrd(name, picture);
  return { name, crd, losses: crd === null ? [] : lossesOf(crd, known.needs.get(name) ?? []) };
}

function unknownCrd(name: string, { crds, needs }: ClusterPicture): CommandError {
  const names = [...new Set([...crds.keys(), ...needs.keys()])].toSorted();
  return new CommandError(
    EXIT.usage,
    "crd-unknown",
    `--crd ${name}: there is no such CustomResourceDefinition, and nobody is known to need it; ${crdNameHint(name, names, crds)}`,
  );
}
