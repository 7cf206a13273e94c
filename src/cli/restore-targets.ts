/** @file What each CRD of a backup is restored into: the definition as the cluster has it now, and a version that it serves. */
import { join } from "node:path";
import type { ApiClient } from "../cluster/live/api-client.ts";
import { type JsonRecord, listAt, memberAt, textAt } from "../cluster/live/json.ts";
import { readableVersion, servedVersions } from "../crd/versions.ts";
import { listOf, shellWord, shown } from "../explain/text.ts";
import { definitionPath } from "../migration/backup/backup-index.ts";
import type { CheckedCrd } from "../migration/backup/check-folder.ts";
import { createOwnerLookup } from "../migration/backup/find-owners.ts";
import type { RestoreTarget } from "../migration/backup/restore-work.ts";
import type { Persistence } from "../migration/persist.ts";
import { CommandError, EXIT } from "./exit-status.ts";
import { type Definition, readDefinition } from "./named-definitions.ts";

export interface Targets {
  readonly targets: readonly RestoreTarget[];
  /** What is not served in the version that it was read in, and nobody said in which one to restore it: it is tried alone. */
  readonly unserved: readonly {
    readonly crd: string;
    readonly version: string;
    readonly served: readonly string[];
    readonly tried: string;
  }[];
}

export interface TargetChoice {
  readonly client: ApiClient;
  readonly line: Persistence;
  readonly folder: string;
  /** Undefined: that of each file. */
  readonly version: string | undefined;
  readonly overwrites: boolean;
  readonly dropsUnknown: boolean;
}

/** @throws CommandError where one cannot be restored at all. */
export async function findTargets(crds: readonly CheckedCrd[], choice: TargetChoice): Promise<Targets> {
  const owners = createOwnerLookup(choice.line);
  const targets: RestoreTarget[] = [];
  const unserved: Targets["unserved"][number][] = [];
  for (const { entry, objects, versions, isEdited } of crds) {
    const { crd, manifest } = await liveDefinition(entry.name, choice);
    if (crd.scope !== entry.scope) {
      throw new CommandError(
        EXIT.denied,
        "scope-changed",
        `${shown(entry.name)} is ${crd.scope} now, and was ${entry.scope} when its objects were read: they cannot be restored by it`,
      );
    }
    const served = servedVersions(crd);
    const readable = readableVersion(crd);
    if (readable === null) {
      throw new CommandError(
        EXIT.denied,
        "crd-unserved",
        `${shown(entry.name)}: no version of it is served: serve one (served: true in spec.versions) first`,
      );
    }
    if (choice.version !== undefined && !served.includes(choice.version)) {
      throw new CommandError(
        EXIT.usage,
        "version-unserved",
        `${shown(entry.name)} is not served in ${shown(choice.version)}: give one of ${listOf(served, "or")}`,
      );
    }
    const missing = choice.version === undefined ? [...versions].find((version) => !served.includes(version)) : undefined;
    if (missing !== undefined) unserved.push({ crd: entry.name, version: missing, served, tried: readable });
    const version = missing === undefined ? (choice.version ?? null) : readable;
    targets.push({
      line: choice.line,
      crd,
      statusVersions: statusVersions(manifest),
      owners,
      overwrites: choice.overwrites,
      dropsUnknown: choice.dropsUnknown,
      entry,
      objects,
      version,
      versions: version === null ? [...versions] : [version],
      needsTrial:
        isEdited ||
        (version !== null && version !== entry.version) ||
        crd.uid !== entry.definition.uid ||
        crd.generation !== entry.definition.generation,
    });
  }
  return { targets, unserved };
}

async function liveDefinition(name: string, { client, line, folder }: TargetChoice): Promise<Definition> {
  const definition = await readDefinition(client, name, line.signal);
  if (definition !== null) return definition;
  const command = `kubectl apply --server-side -f ${shellWord(join(folder, definitionPath(name)))}`;
  throw new CommandError(
    EXIT.denied,
    "definition-missing",
    `${client.server} has no CRD "${shown(name)}": apply the one that is wanted first; that of the backup by: ${command}`,
  );
}

/** Versions that have the subresource. */
function statusVersions(manifest: JsonRecord): ReadonlySet<string> {
  return new Set(
    listAt(manifest, "spec", "versions")
      .filter((version) => memberAt(version, "subresources", "status") !== undefined)
      .flatMap((version) => textAt(version, "name") ?? []),
  );
}
