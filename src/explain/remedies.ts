/** @file Remedy → a title, and a command that can be pasted. */
import type { Crd } from "../crd/crd.ts";
import { readableVersion } from "../crd/versions.ts";
import type { Need } from "../rules/facts.ts";
import type { Remedy } from "../rules/finding.ts";
import { crdNameOf } from "../rules/requirement.ts";
import { type Audience, workloadThings } from "./audience.ts";
import { schemaRemedyTitle } from "./schema-change.ts";
import { explainGuardRemedy } from "./guard-remedies.ts";
import { columnOf, liveObjectsTitle } from "./live-objects.ts";
import { workloadName } from "./subject.ts";
import { listOf, quoted, shellWord, shown } from "./text.ts";

export interface ExplainedRemedy {
  readonly title: string;
  /** One or more lines for a POSIX shell. */
  readonly command?: string;
  /** `Deployment <namespace>/<name>`, of a remedy that helps this workload alone. */
  readonly workload?: string;
}

/** Remedies that speak of workloads whose names the reader may not see are left out. */
export function explainRemedies(remedies: readonly Remedy[], audience: Audience): readonly ExplainedRemedy[] {
  return remedies
    .filter((remedy) => mayTell(remedy, audience))
    .map((remedy) => ({
      ...explainRemedy(remedy),
      ...("need" in remedy ? { workload: shown(workloadName(remedy.need.workload)) } : {}),
    }));
}

function mayTell(remedy: Remedy, audience: Audience): boolean {
  if ("need" in remedy) return audience.mayName(workloadThings(remedy.need.workload));
  if ("declaration" in remedy) return audience.mayName(workloadThings(remedy.declaration.workload));
  return true;
}

export function explainRemedy(remedy: Remedy): ExplainedRemedy {
  switch (remedy.kind) {
    case "forget-stored-version":
      return {
        title: "forget the version, since no object is stored in it, then apply your change again",
        command: inTurn([...ifEmpty(remedy.crd), patchStoredVersions(remedy.crd, remedy.remaining)]),
      };
    case "recreate-empty-crd":
      return {
        title: "delete the definition, which has no objects, then apply your change again",
        command: inTurn([...ifEmpty(remedy.crd), `kubectl delete customresourcedefinition ${shellWord(remedy.crd.name)}`]),
      };
    case "migrate":
      return {
        title: "rewrite every object into the storage version, forget the old one, then apply your change again",
        command: migrate(remedy.crd),
      };
    case "flip-storage-version":
      return {
        title: `store new objects in ${quoted(remedy.to)}, rewrite the old ones, forget the old version, then apply your change again`,
        command: inTurn([flipStorageVersion(remedy.crd, remedy.to), migrate(remedy.crd)]),
      };
    case "keep-version-listed":
      return { title: `keep ${quoted(remedy.version)} in spec.versions of the new manifest; it need not be served` };
    case "keep-stored-version":
      return { title: `keep ${quoted(remedy.version)} in status.storedVersions` };
    case "replace-by-backup":
      return replaceByBackup(remedy);
    case "upgrade-workload":
      return {
        title: remedy.isPossibleBefore
          ? `upgrade ${shown(remedy.need.workload.name)} to ${remedy.minimumVersion} or newer first, by its own chart or manifests, or by`
          : `stop ${shown(remedy.need.workload.name)}, apply your change, then install ${remedy.minimumVersion} or newer of it, which ` +
            "needs what the change brings",
        command: remedy.isPossibleBefore ? setImage(remedy.need, remedy.minimumVersion) : scale(remedy.need, 0),
      };
    case "keep-workload":
      return { title: `stay on the version of ${shown(remedy.need.workload.name)} that runs today` };
    case "serve-required":
      return {
        title:
          "first apply definitions that serve " +
          listOf(
            remedy.requirements.map(
              (requirement) => `${listOf(requirement.versions.map(quoted), "or")} of ${shown(crdNameOf(requirement))}`,
            ),
          ),
      };
    case "scale-down":
      return {
        title: `stop ${shown(remedy.need.workload.name)} first, if nobody needs it`,
        command: scale(remedy.need, 0),
      };
    case "keep-version-served":
      return {
        title:
          `keep serving ${listOf(remedy.versions.map(quoted), "or")}: ` +
          (remedy.isListed ? "set its served to true in the new manifest" : "put it back into the new manifest") +
          ", or apply a release or channel that serves it",
      };
    case "write-in-version":
      return writeInVersion(remedy);
    case "list-writers":
      return { title: "look who writes objects in what goes away", command: listWriters(remedy.crd, remedy.versions) };
    case "stay-on-bundle":
      return {
        title: `stay on the release you have: ${shown(remedy.version)}${remedy.channel === null ? "" : `, ${shown(remedy.channel)} channel`}`,
      };
    case "delete-objects":
      return {
        title: "back the objects up and delete them one by one first, if they are no longer needed",
        command: inTurn([backUp([remedy.crd]), deleteObjects(remedy.crd, remedy.readIn)]),
      };
    case "correct-objects":
    case "take-out-fields": {
      const column = columnOf(remedy.path);
      const list = `kubectl get ${resourceArgument(remedy.crd, remedy.readIn)}${allNamespaces(remedy.crd)}`;
      return { title: liveObjectsTitle(remedy), command: `${list} -o ${column === null ? "yaml" : `custom-columns=${column}`}` };
    }
    case "keep-accepting":
    case "keep-field":
      return { title: liveObjectsTitle(remedy) };
    case "back-up-first":
      return { title: "save the objects as they are before anything else", command: backUp([remedy.crd]) };
    case "allow-counting": {
      const crd = shellWord(remedy.crd.name);
      const role = shellWord(`crdguard-count-${remedy.crd.name}`);
      return {
        title: "let the server count its objects and look at them, then apply your change again",
        command: inTurn([
          `kubectl create clusterrole ${role} --verb=list --resource=${crd}`,
          `kubectl label clusterrole ${role} ${COUNTING_LABEL}=true`,
        ]),
      };
    }
    case "serve-to-count":
      return {
        title: "serve a version, so that the objects can be seen, then look before you delete",
        command: inTurn([serveFirstVersion(remedy.crd), `kubectl get ${shellWord(remedy.crd.name)}${allNamespaces(remedy.crd)}`]),
      };
    case "install-bundle": {
      const { title, version, channel, installUrl } = remedy.bundle;
      return {
        title: `first install ${title} v${version}, ${channel} channel, the oldest release that serves what is missing of it`,
        // Definitions of this size do not fit into the annotation of a client-side apply.
        ...(installUrl === null ? {} : { command: `kubectl apply --server-side -f ${shellWord(installUrl)}` }),
      };
    }
    case "apply-own-definitions":
      return {
        title:
          `apply the definitions that come with ${shown(remedy.need.workload.name)} first; ` +
          "helm template leaves out those in a chart's crds folder, unless told --include-crds",
      };
    case "declare-requirement":
      // Any version named here would be a guess.
      if (remedy.need.certainty.kind === "unknown-version") {
        return {
          title:
            `run ${shown(remedy.need.workload.name)} by a tag that names its version, or say by the annotation crdguard.dev/requires ` +
            "what it needs, so that nobody has to guess",
        };
      }
      return {
        title: `say what ${shown(remedy.need.workload.name)} needs, if you know it, so that nobody has to guess`,
        command: `kubectl -n ${shellWord(remedy.need.workload.namespace)} annotate ${workloadArgument(remedy.need)} ${shellWord(
          `crdguard.dev/requires=${crdNameOf(remedy.need.requirement)}/${remedy.need.requirement.versions.join("|")}`,
        )}`,
      };
    case "correct-declaration":
      return {
        title:
          `correct the annotation ${shown(remedy.declaration.key)} of ${shown(remedy.declaration.workload.name)}: ` +
          "<plural>.<group>/<version>[|<version>], separated by commas",
      };
    case "keep-schema":
    case "leave-optional":
    case "align-versions":
    case "keep-names":
    case "compare-with-schemas":
      return { title: schemaRemedyTitle(remedy) };
    case "keep-webhook":
    case "settle-on-version":
    case "start-webhook":
    case "look-at-webhook":
    case "install-other-channel":
    case "keep-storage-version":
    case "change-by-owner":
    case "release-ownership":
      return explainGuardRemedy(remedy);
  }
}

/** Each only if the one before has worked: a backup that failed must not be followed by a deletion. */
export function inTurn(commands: readonly string[]): string {
  return commands.join(" &&\n");
}

/**
 * Looks again before what cannot be undone: an object may have come since, or stand in the cluster and not in the folder that was
 * looked at. What kubectl cannot list stops it too.
 */
export function ifEmpty(crd: Crd): readonly string[] {
  const version = readableVersion(crd);
  if (version === null) return [];
  return [`objects=$(kubectl get ${resourceArgument(crd, version)}${allNamespaces(crd)} -o name)`, `test -z "$objects"`];
}

export function patchStoredVersions(crd: Crd, remaining: readonly string[]): string {
  const patch = JSON.stringify({ status: { storedVersions: remaining } });
  return `kubectl patch customresourcedefinition ${shellWord(crd.name)} --subresource=status --type=merge -p ${shellWord(patch)}`;
}

/** Rewrites the objects, proves it, and forgets all other versions (docs/migration.md). */
export function migrate(crd: Crd): string {
  return `crdguard migrate ${shellWord(crd.name)}`;
}

export function flipStorageVersion(crd: Crd, to: string): string {
  return jsonPatch(crd, flipPatch(crd, to));
}

export function flipPatch(crd: Crd, to: string): readonly unknown[] {
  return crd.versions.flatMap(({ name, isStorage }, index) => {
    if (isStorage === (name === to)) return [];
    const path = `/spec/versions/${String(index)}`;
    // The test guards against a list that has changed since: an index alone would flip whatever stands there then.
    return [
      { op: "test", path: `${path}/name`, value: name },
      { op: "replace", path: `${path}/storage`, value: name === to },
    ];
  });
}

export function serveFirstVersion(crd: Crd): string {
  const storage = Math.max(
    crd.versions.findIndex(({ isStorage }) => isStorage),
    0,
  );
  const path = `/spec/versions/${String(storage)}`;
  return jsonPatch(crd, [
    { op: "test", path: `${path}/name`, value: crd.versions[storage]?.name ?? "" },
    { op: "replace", path: `${path}/served`, value: true },
  ]);
}

function jsonPatch(crd: Crd, patch: readonly unknown[]): string {
  return `kubectl patch customresourcedefinition ${shellWord(crd.name)} --type=json -p ${shellWord(JSON.stringify(patch))}`;
}

function replaceByBackup(remedy: Extract<Remedy, { kind: "replace-by-backup" }>): ExplainedRemedy {
  const { crd, readIn, newVersion } = remedy;
  const title = "back the objects up, delete them and the definition, apply your change again, and create the objects anew";
  if (readIn === null) return { title: `${title}; serve a version first, or they cannot be read` };
  const restoreIn = newVersion ?? readIn;
  const edit = remedy.isRenamed === true ? "Apply" : `Edit the files in ${backupName([crd])} where fields have moved, then apply`;
  return {
    title,
    command: inTurn([
      backUp([crd]),
      deleteObjects(crd, readIn),
      `kubectl delete customresourcedefinition ${shellWord(crd.name)}`,
      `echo ${shellWord(`${edit} your change in another terminal; this waits.`)}`,
      `until kubectl get ${resourceArgument(crd, restoreIn)} >/dev/null 2>&1; do sleep 1; done`,
      `crdguard restore ${backupFolder([crd])} --version ${shellWord(restoreIn)}${remedy.isRenamed === true ? "" : " --edited"}`,
    ]),
  };
}

function writeInVersion(remedy: Extract<Remedy, { kind: "write-in-version" }>): ExplainedRemedy {
  const { crd, from, to, isPossibleBefore, areRecorded } = remedy;
  const when = isPossibleBefore
    ? `write ${quoted(to)} first, which is served today too`
    : `write ${quoted(to)} as soon as this change serves it, for no version is served both before and after`;
  const how = `set apiVersion to ${shown(`${crd.group}/${to}`)} in manifests and charts and apply them again, upgrade programs`;
  return areRecorded
    ? { title: `${when}: ${how}; to see what is written by whom`, command: listWriters(crd, [from]) }
    : { title: `${when}: ${how}` };
}

/** A quoted text of a template inside one of the shell: no name may end either. */
function listWriters(crd: Crd, versions: readonly string[]): string {
  const names = versions.map((version) => JSON.stringify(`${crd.group}/${version}`)).join(" ");
  const object = crd.scope === "Namespaced" ? "{{$object.namespace}}/{{$object.name}}" : "{{$object.name}}";
  const template =
    `{{range .items}}{{$object := .metadata}}{{range $object.managedFields}}{{if eq .apiVersion ${names}}}` +
    String.raw`${object} {{.manager}} {{.time}}{{"\n"}}{{end}}{{end}}{{end}}`;
  const argument = resourceArgument(crd, readableVersion(crd) ?? crd.versions[0]?.name ?? "");
  return `kubectl get ${argument}${allNamespaces(crd)} -o ${shellWord(`go-template=${template}`)}`;
}

/** Into a folder that tells whose they are, and of which none is ever written over (docs/backup.md). */
export function backUp(crds: readonly Crd[]): string {
  return `crdguard backup ${crds.map(({ name }) => shellWord(name)).join(" ")} -o ${backupFolder(crds)}`;
}

export function deleteObjects(crd: Crd, readIn: string): string {
  return `kubectl delete ${resourceArgument(crd, readIn)} --all${allNamespaces(crd)}`;
}

function backupFolder(crds: readonly Crd[]): string {
  return shellWord(backupName(crds));
}

function backupName([first, ...others]: readonly Crd[]): string {
  return first === undefined || others.length > 0 ? "crdguard-backup" : `${first.name.replaceAll("/", "_")}.backup`;
}

export function resourceArgument(crd: Crd, version: string): string {
  // A comma would make a list of it, and thus name other resources.
  return shellWord(`${crd.plural}.${version}.${crd.group}`.replaceAll(",", String.raw`\u002c`));
}

export function allNamespaces(crd: Crd): string {
  return crd.scope === "Namespaced" ? " --all-namespaces" : "";
}

function workloadArgument(need: Need): string {
  return shellWord(`${need.workload.kind.toLowerCase()}/${need.workload.name}`);
}

export function scale(need: Need, replicas: number): string {
  return `kubectl -n ${shellWord(need.workload.namespace)} scale ${workloadArgument(need)} --replicas=${String(replicas)}`;
}

/** Of roles whose rules the ClusterRole `crdguard-count-objects` takes in (manifests/server/rbac.yaml). */
const COUNTING_LABEL = "crdguard.dev/count-objects";

export function setImage(need: Need, minimumVersion: string): string {
  if (need.source.kind !== "catalog") return "";
  const { image, container } = need.source;
  const assignment = shellWord(`${container}=${imageAt(image, minimumVersion)}`);
  return `kubectl -n ${shellWord(need.workload.namespace)} set image ${workloadArgument(need)} ${assignment}`;
}

/** The image that runs, at the version that is needed: same registry, same `v` before the number, no digest. */
export function imageAt(image: string, version: string): string {
  const withoutDigest = image.split("@", 1)[0] ?? image;
  const colon = withoutDigest.lastIndexOf(":");
  const hasTag = colon > withoutDigest.lastIndexOf("/");
  const repository = hasTag ? withoutDigest.slice(0, colon) : withoutDigest;
  const prefix = hasTag && !withoutDigest.slice(colon + 1).startsWith("v") ? "" : "v";
  return `${repository}:${prefix}${version}`;
}
