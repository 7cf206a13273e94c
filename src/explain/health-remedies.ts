/** @file A way out of what doctor found → a title, and a command that can be pasted. */
import type { Crd, WebhookTarget } from "../crd/crd.ts";
import { readableVersion, storageVersion } from "../crd/versions.ts";
import type { TraceableOwner } from "../health/facts.ts";
import type { HealthRemedy, LeftCrd } from "../health/finding.ts";
import { countedNone } from "../health/objects.ts";
import { crdNameOf } from "../rules/requirement.ts";
import { endpointCommands, targetName } from "./webhook-words.ts";
import {
  allNamespaces,
  backUp,
  deleteObjects,
  type ExplainedRemedy,
  explainRemedy,
  flipStorageVersion,
  ifEmpty,
  inTurn,
  migrate,
  patchStoredVersions,
  resourceArgument,
  scale,
  serveFirstVersion,
  setImage,
} from "./remedies.ts";
import { listOf, quoted, shellWord, shown } from "./text.ts";

export function healthRemedy(remedy: HealthRemedy): ExplainedRemedy {
  switch (remedy.kind) {
    case "forget-stored-versions": {
      const { crd, isEmpty } = remedy;
      return {
        title: isEmpty
          ? "forget the version, since no object is stored in it"
          : "forget the version, since every object was rewritten",
        command: inTurn([...(isEmpty ? ifEmpty(crd) : []), patchStoredVersions(crd, listedStored(crd))]),
      };
    }
    case "migrate":
      return {
        title: "rewrite every object into the storage version, then forget the old one",
        command: migrate(remedy.crd),
      };
    case "relist-versions":
      return {
        title: `put ${listOf(remedy.versions.map(quoted))} back into spec.versions, with the schema it had and served: false, then rewrite the objects`,
      };
    case "look-at-held-objects":
      return {
        title: "see which finalizers keep its objects, and run the controller that set them until it has taken them off",
        command: listFinalizers(remedy.crd, remedy.version),
      };
    case "drop-object-finalizers":
      return {
        title:
          "only if that controller is gone for good: take the finalizers off yourself; what the objects stand for outside of the cluster " +
          "stays behind",
        command: dropFinalizers(remedy.crd, remedy.version),
      };
    case "drop-crd-finalizers":
      return {
        title: "ask whoever has set the finalizer on the definition itself; to see it",
        command: `kubectl get customresourcedefinition ${shellWord(remedy.crd.name)} -o jsonpath='{.metadata.finalizers}'`,
      };
    case "serve-a-version":
      return { title: "serve a version, so that the objects can be seen", command: serveFirstVersion(remedy.crd) };
    case "choose-by-name":
      return {
        title: "keep the one that you need, and delete the other, or give it other names; to see both",
        command: `kubectl get customresourcedefinition ${[remedy.crd.name, ...(remedy.holder === null ? [] : [remedy.holder])].map(shellWord).join(" ")} -o custom-columns=NAME:.metadata.name,NAMES:.spec.names,CREATED:.metadata.creationTimestamp`,
      };
    case "make-structural":
      return { title: "apply a newer release of it: apiextensions.k8s.io/v1 asks for a structural schema of all that is new" };
    case "delete-leftovers":
      return deleteLeftovers(remedy.crds);
    case "ask-before-deletion":
      return {
        title: `ask whether anything speaks against ${remedy.crds.length === 1 ? "its" : "their"} deletion`,
        command: `crdguard check ${remedy.crds.map(({ crd }) => `--delete ${shellWord(crd.name)}`).join(" ")} --against live`,
      };
    case "disown":
      return {
        title:
          remedy.owner.kind === "helm-release"
            ? "if something else keeps it now, take the old owner's mark off; a Helm release takes it over by its own name and namespace in there"
            : "if something else keeps it now, take the old owner's mark off",
        command: disown(namesOf(remedy.crds), remedy.owner),
      };
    case "store-in":
      return {
        title: `apply a release of it that stores in ${quoted(remedy.to)}, or set it yourself, and rewrite the objects`,
        command: inTurn([flipStorageVersion(remedy.crd, remedy.to), migrate(remedy.crd)]),
      };
    case "install-bundle": {
      const { title, version, channel, installUrl } = remedy.bundle;
      return {
        title: `install ${title} v${version}, ${channel} channel, the oldest release that serves what is missing of it`,
        ...(installUrl === null ? {} : { command: `kubectl apply --server-side -f ${shellWord(installUrl)}` }),
      };
    }
    case "serve-required":
      return {
        title: `apply definitions that serve ${listOf(
          remedy.requirements.map(
            (requirement) => `${listOf(requirement.versions.map(quoted), "or")} of ${shown(crdNameOf(requirement))}`,
          ),
        )}`,
      };
    case "upgrade-workload":
      return {
        title: `upgrade ${shown(remedy.need.workload.name)} to ${remedy.minimumVersion} or newer, which does with what is there, by its own chart or manifests, or by`,
        command: setImage(remedy.need, remedy.minimumVersion),
      };
    case "scale-down":
      return { title: `stop ${shown(remedy.need.workload.name)}, if nobody needs it`, command: scale(remedy.need, 0) };
    case "declare-requirement":
    case "correct-declaration":
      return explainRemedy(remedy);
    case "correct-policy":
      return {
        title: `correct ${shown(remedy.name)}; docs/policy.md tells what may stand there, docs/rules which rules there are`,
        command: `kubectl edit guardpolicy ${shellWord(remedy.name)}`,
      };
    case "renew-exceptions":
      return {
        title: "ask the owner whether it is needed any longer: remove it, or set another end",
        command: `kubectl edit guardpolicy ${shellWord(remedy.name)}`,
      };
    case "look-at-endpoint":
      return lookAt(remedy.endpoint.target);
    case "renew-certificate":
      return {
        title: `renew the certificate of ${targetName(remedy.endpoint.target)}, and set the caBundle that vouches for it; of crdguard itself, docs/certificates.md tells how`,
      };
    case "find-release":
      return {
        title: "see which release suits all that runs here",
        command: "crdguard matrix gateway-api --against live",
      };
    case "install-whole-bundle": {
      const { title, version, channel, installUrl } = remedy.bundle;
      return {
        title: `then apply one release as a whole, such as ${title} v${version}, ${channel} channel; ask crdguard check beforehand`,
        ...(installUrl === null ? {} : { command: `kubectl apply --server-side -f ${shellWord(installUrl)}` }),
      };
    }
    case "lift-policy":
      return {
        title: "if you have to go back, lift it first, and apply it again with the newer definitions",
        command: inTurn([
          `kubectl delete validatingadmissionpolicybinding ${remedy.policy.denyingBindings.map(shellWord).join(" ")}`,
          `kubectl delete validatingadmissionpolicy ${shellWord(remedy.policy.name)}`,
        ]),
      };
    case "look-at-policy":
      return {
        title: "see what it denies",
        command: `kubectl get validatingadmissionpolicy ${shellWord(remedy.policy.name)} -o jsonpath='{.spec.validations}'`,
      };
    case "settle-on-one-owner":
      return {
        title:
          "leave it to one of them: take it out of the other's chart or manifests, by --skip-crds, crds.install=false or the like; to see who writes it",
        command: `kubectl get customresourcedefinition ${shellWord(remedy.crd.name)} --show-managed-fields -o jsonpath='{range .metadata.managedFields[*]}{.manager} {.operation} {.time}{"\\n"}{end}'`,
      };
    case "register-guard":
      return { title: "have the server register itself, by --keep-installed: crdguard install, or docs/install.md" };
    case "restore-registration":
      if (remedy.registration.name.endsWith("-dev"))
        return { title: "start the server again that registered itself, which renews it" };
      if (remedy.registration.isKept) return { title: KEPT_BY_SERVER };
      return {
        title: "apply those of the version of crdguard that runs here, which leave the caBundle alone",
        command: `crdguard render --webhook-configurations${remedy.registration.role === "workloads" ? " --warn-workloads" : ""} | kubectl apply --server-side -f -`,
      };
    case "set-ca-bundle":
      if (remedy.registration.isKept) {
        return { title: `${KEPT_BY_SERVER}; where it runs with --ca-bundle external, why whoever writes the caBundle does not` };
      }
      return {
        title: "tell the API server which authority to trust, from the folder in which the certificates were made",
        command: "npm run certs:install -- --from certs",
      };
    case "unblock":
      return {
        title: `if a change of a definition cannot wait: take the registration away${remedy.registration.isKept ? "; a server that can be reached makes it again, and fails open at first" : ", and apply it again afterwards"}`,
        command: `kubectl delete ${remedy.registration.kind.toLowerCase()} ${shellWord(remedy.registration.name)}`,
      };
    case "grant-reading":
      return {
        title: "let doctor read it: manifests/doctor/rbac.yaml has the roles, and docs/doctor.md the reason of each permission",
      };
  }
}

const KEPT_BY_SERVER =
  "see in the log of the server that leads why it does not put this right, as it does within ten seconds; or start one again";

/** What remains of the stored versions: the storage version, in which all is stored then. */
function listedStored(crd: Crd): readonly string[] {
  const storage = storageVersion(crd);
  return storage === null ? [] : [storage];
}

function listFinalizers(crd: Crd, version: string): string {
  const name = crd.scope === "Namespaced" ? "{{.metadata.namespace}}/{{.metadata.name}}" : "{{.metadata.name}}";
  const template = String.raw`{{range .items}}${name} {{.metadata.finalizers}}{{"\n"}}{{end}}`;
  return `kubectl get ${resourceArgument(crd, version)}${allNamespaces(crd)} -o ${shellWord(`go-template=${template}`)}`;
}

function dropFinalizers(crd: Crd, version: string): string {
  const isNamespaced = crd.scope === "Namespaced";
  const name = isNamespaced ? "{{.metadata.namespace}} {{.metadata.name}}" : "{{.metadata.name}}";
  const template = String.raw`{{range .items}}${name}{{"\n"}}{{end}}`;
  const resource = resourceArgument(crd, version);
  const patch = `kubectl ${isNamespaced ? `-n "$namespace" ` : ""}patch ${resource} "$name" --type=merge -p '{"metadata":{"finalizers":null}}'`;
  return [
    `kubectl get ${resource}${allNamespaces(crd)} -o ${shellWord(`go-template=${template}`)} |`,
    `while read -r ${isNamespaced ? "namespace " : ""}name; do ${patch}; done`,
  ].join("\n");
}

/** Two loops over many, with the same caution as for one: nothing is deleted that has objects, or none that were not backed up. */
function deleteLeftovers(crds: readonly LeftCrd[]): ExplainedRemedy {
  const empty = crds.filter(({ objects }) => countedNone(objects));
  const full = crds.filter((one) => !empty.includes(one) && readableVersion(one.crd) !== null);
  const [first] = crds;
  const them = crds.length === 1 ? "it" : "them";
  const title =
    empty.length === crds.length
      ? `if nobody needs ${them}, delete the ${crds.length === 1 ? "definition, which has" : "definitions, which have"} no objects`
      : `if nobody needs ${them}, back the objects up, move what is still wanted to where it is read, and delete the rest and the ` +
        (crds.length === 1 ? "definition" : "definitions");
  if (empty.length + full.length === 0) return { title };
  if (crds.length === 1 && first !== undefined) {
    const deletion = `kubectl delete customresourcedefinition ${shellWord(first.crd.name)}`;
    const version = readableVersion(first.crd) ?? "";
    const before = empty.length === 1 ? ifEmpty(first.crd) : [backUp([first.crd]), deleteObjects(first.crd, version)];
    return { title, command: inTurn([...before, deletion]) };
  }
  return {
    title,
    command: [
      ...(empty.length === 0 ? [] : [`for crd in ${namesOf(empty)}; do ${inLine(DELETE_IF_EMPTY)}; done`]),
      ...(full.length === 0
        ? []
        : [`${backUp(full.map(({ crd }) => crd))} &&`, `for crd in ${namesOf(full)}; do ${inLine(DELETE_WITH_OBJECTS)}; done`]),
    ].join("\n"),
  };
}

const DELETE_IF_EMPTY = [
  'objects=$(kubectl get "$crd" --all-namespaces -o name)',
  'test -z "$objects"',
  'kubectl delete customresourcedefinition "$crd"',
] as const;

const DELETE_WITH_OBJECTS = [
  'kubectl delete "$crd" --all --all-namespaces',
  'kubectl delete customresourcedefinition "$crd"',
] as const;

function inLine(commands: readonly string[]): string {
  return commands.join(" && ");
}

function namesOf(crds: readonly LeftCrd[]): string {
  return crds.map(({ crd }) => shellWord(crd.name)).join(" ");
}

/** @param crdWords names of CRDs, as words for the shell. */
function disown(crdWords: string, owner: TraceableOwner): string {
  switch (owner.kind) {
    case "helm-release":
      return `kubectl annotate customresourcedefinition ${crdWords} meta.helm.sh/release-name- meta.helm.sh/release-namespace-`;
    case "argo-application":
      return inTurn([
        `kubectl annotate customresourcedefinition ${crdWords} argocd.argoproj.io/tracking-id-`,
        `kubectl label customresourcedefinition ${crdWords} argocd.argoproj.io/instance-`,
      ]);
    case "flux-kustomization":
      return `kubectl label customresourcedefinition ${crdWords} kustomize.toolkit.fluxcd.io/name- kustomize.toolkit.fluxcd.io/namespace-`;
    case "flux-helm-release":
      return `kubectl label customresourcedefinition ${crdWords} helm.toolkit.fluxcd.io/name- helm.toolkit.fluxcd.io/namespace-`;
  }
}

function lookAt(target: WebhookTarget): ExplainedRemedy {
  if (target.kind === "url") return { title: `start what should answer at ${shown(target.url)}, or see what is in the way` };
  return {
    title: `see why ${targetName(target)} has nobody to answer, and start what should`,
    command: inTurn(endpointCommands(target)),
  };
}
