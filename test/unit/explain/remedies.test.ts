import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { EVERYTHING } from "../../../src/explain/audience.ts";
import { type ExplainedRemedy, explainRemedies } from "../../../src/explain/remedies.ts";
import type { Bundle } from "../../../src/rules/bundle.ts";
import type { Remedy } from "../../../src/rules/finding.ts";
import { converter, crd, need } from "../../support/builders.ts";

const gears = crd({ served: ["v1", "v1alpha1"], storage: "v1alpha1", stored: ["v1alpha1", "v1"] });
const clusterGears = crd({ served: ["v1"], unserved: ["v2"], scope: "Cluster" });
const unservedGears = crd({ served: [], unserved: ["v1", "v2"], storage: "v2" });
const turner = need({ versions: ["v1alpha1", "v1"], image: "registry.example:5000/mirror/turner:v1.0.0@sha256:abc" });
const mill: Bundle = {
  name: "mill",
  title: "Mill API",
  version: "1.1.0",
  channel: "experimental",
  releasedOn: "2026-05-01",
  installUrl: "https://own.dev/mill/v1.1.0.yaml",
  crds: new Map(),
};
const declaration = {
  workload: { kind: "StatefulSet", namespace: "mill", name: "turner" },
  key: "crdguard.dev/requires",
  value: "gears",
  problem: "no version",
} as const;

/** One of each kind, so that a new kind without its words tested does not compile. */
const LOOK =
  "kubectl -n mill get service converter -o wide &&\nkubectl -n mill get endpointslices -l kubernetes.io/service-name=converter";
const IF_EMPTY = 'objects=$(kubectl get gears.v1alpha1.own.dev --all-namespaces -o name) &&\ntest -z "$objects" &&\n';

const EXPECTED: {
  readonly [Kind in Remedy["kind"]]: { readonly remedy: Extract<Remedy, { kind: Kind }>; readonly told: ExplainedRemedy };
} = {
  "forget-stored-version": {
    remedy: { kind: "forget-stored-version", crd: gears, remaining: ["v1"] },
    told: {
      title: "forget the version, since no object is stored in it, then apply your change again",
      command: `${IF_EMPTY}kubectl patch customresourcedefinition gears.own.dev --subresource=status --type=merge -p '{"status":{"storedVersions":["v1"]}}'`,
    },
  },
  "recreate-empty-crd": {
    remedy: { kind: "recreate-empty-crd", crd: gears },
    told: {
      title: "delete the definition, which has no objects, then apply your change again",
      command: `${IF_EMPTY}kubectl delete customresourcedefinition gears.own.dev`,
    },
  },
  migrate: {
    remedy: { kind: "migrate", crd: gears },
    told: {
      title: "rewrite every object into the storage version, forget the old one, then apply your change again",
      command: "crdguard migrate gears.own.dev",
    },
  },
  "flip-storage-version": {
    remedy: { kind: "flip-storage-version", crd: gears, to: "v1" },
    told: {
      title: 'store new objects in "v1", rewrite the old ones, forget the old version, then apply your change again',
      command: [
        `kubectl patch customresourcedefinition gears.own.dev --type=json -p '[{"op":"test","path":"/spec/versions/0/name","value":"v1"},{"op":"replace","path":"/spec/versions/0/storage","value":true},{"op":"test","path":"/spec/versions/1/name","value":"v1alpha1"},{"op":"replace","path":"/spec/versions/1/storage","value":false}]' &&`,
        "crdguard migrate gears.own.dev",
      ].join("\n"),
    },
  },
  "keep-webhook": {
    remedy: { kind: "keep-webhook", target: converter().target },
    told: { title: "keep service mill/converter:443 as the conversion webhook in the new manifest, and what answers there" },
  },
  "settle-on-version": {
    remedy: { kind: "settle-on-version", crd: gears, version: "v1" },
    told: {
      title:
        'rewrite every object into "v1" first, and serve and store no other version in the new manifest, so that nothing is left to convert',
      command: "crdguard migrate gears.own.dev",
    },
  },
  "start-webhook": {
    remedy: { kind: "start-webhook", target: converter().target, problem: { kind: "service-missing" } },
    told: {
      title: "start what is to answer at service mill/converter:443 first, then apply your change again; to see what is there",
      command: LOOK,
    },
  },
  "look-at-webhook": {
    remedy: { kind: "look-at-webhook", target: converter().target },
    told: { title: "see whether service mill/converter:443 answers", command: LOOK },
  },
  "install-other-channel": {
    remedy: { kind: "install-other-channel", bundle: mill },
    told: {
      title: "install the experimental channel of Mill API v1.1.0 in its place",
      command: "kubectl apply --server-side -f https://own.dev/mill/v1.1.0.yaml",
    },
  },
  "keep-storage-version": {
    remedy: { kind: "keep-storage-version", version: "v1", isListed: true },
    told: { title: 'go on storing "v1": set its storage to true in the new manifest, and that of all others to false' },
  },
  "change-by-owner": {
    remedy: { kind: "change-by-owner", owner: { kind: "helm-release", namespace: "tools", name: "mill", isKept: false } },
    told: { title: 'make the change where the definition is kept: upgrade Helm release "mill" in namespace "tools"' },
  },
  "release-ownership": {
    remedy: { kind: "release-ownership", crd: gears, owner: { kind: "argo-application", namespace: null, name: "mill" } },
    told: {
      title:
        'if the new one is to keep it: take it out of what Argo CD application "mill" applies, once it is marked to stay when that is done',
      command: "kubectl annotate customresourcedefinition gears.own.dev argocd.argoproj.io/sync-options=Prune=false",
    },
  },
  "correct-objects": {
    remedy: { kind: "correct-objects", crd: gears, readIn: "v1", path: "status.features[].name" },
    told: {
      title: "correct these objects first, by whoever writes them, so that both schemas take them; to see what they hold",
      command:
        "kubectl get gears.v1.own.dev --all-namespaces -o custom-columns='NAMESPACE:.metadata.namespace,NAME:.metadata.name,FIELD:.status.features[*].name'",
    },
  },
  "take-out-fields": {
    remedy: { kind: "take-out-fields", crd: gears, readIn: "v1", path: 'spec["a b"]' },
    told: {
      title:
        "do without: take the field out of these objects first, by whoever sets it, then apply your change again; to see who has it",
      command: "kubectl get gears.v1.own.dev --all-namespaces -o yaml",
    },
  },
  "keep-accepting": {
    remedy: { kind: "keep-accepting", versions: ["v1", "v1beta1"], path: "spec.size" },
    told: { title: 'keep accepting "spec.size" as it is, in the new schema of "v1" and "v1beta1"' },
  },
  "keep-field": {
    remedy: { kind: "keep-field", versions: ["v1"], path: "spec.size" },
    told: { title: 'keep "spec.size" in the new schema of "v1", or apply a release or channel that has it' },
  },
  "back-up-first": {
    remedy: { kind: "back-up-first", crd: gears },
    told: {
      title: "save the objects as they are before anything else",
      command: "crdguard backup gears.own.dev -o gears.own.dev.backup",
    },
  },
  "keep-version-listed": {
    remedy: { kind: "keep-version-listed", version: "v1alpha1" },
    told: { title: 'keep "v1alpha1" in spec.versions of the new manifest; it need not be served' },
  },
  "keep-stored-version": {
    remedy: { kind: "keep-stored-version", version: "v1" },
    told: { title: 'keep "v1" in status.storedVersions' },
  },
  "replace-by-backup": {
    remedy: { kind: "replace-by-backup", crd: gears, readIn: "v1alpha1", newVersion: "v2" },
    told: {
      title: "back the objects up, delete them and the definition, apply your change again, and create the objects anew",
      command: [
        "crdguard backup gears.own.dev -o gears.own.dev.backup &&",
        "kubectl delete gears.v1alpha1.own.dev --all --all-namespaces &&",
        "kubectl delete customresourcedefinition gears.own.dev &&",
        "echo 'Edit the files in gears.own.dev.backup where fields have moved, then apply your change in another terminal; this waits.' &&",
        "until kubectl get gears.v2.own.dev >/dev/null 2>&1; do sleep 1; done &&",
        "crdguard restore gears.own.dev.backup --version v2 --edited",
      ].join("\n"),
    },
  },
  "upgrade-workload": {
    remedy: { kind: "upgrade-workload", need: turner, minimumVersion: "1.2.0", isPossibleBefore: true },
    told: {
      title: "upgrade turner to 1.2.0 or newer first, by its own chart or manifests, or by",
      command: "kubectl -n mill set image deployment/turner main=registry.example:5000/mirror/turner:v1.2.0",
    },
  },
  "keep-workload": {
    remedy: { kind: "keep-workload", need: turner },
    told: { title: "stay on the version of turner that runs today" },
  },
  "apply-own-definitions": {
    remedy: { kind: "apply-own-definitions", need: turner },
    told: {
      title:
        "apply the definitions that come with turner first; helm template leaves out those in a chart's crds folder, unless told --include-crds",
    },
  },
  "install-bundle": {
    remedy: { kind: "install-bundle", bundle: mill },
    told: {
      title: "first install Mill API v1.1.0, experimental channel, the oldest release that serves what is missing of it",
      command: "kubectl apply --server-side -f https://own.dev/mill/v1.1.0.yaml",
    },
  },
  "serve-required": {
    remedy: {
      kind: "serve-required",
      requirements: [turner.requirement, { ...turner.requirement, resource: "cogs", versions: ["v1"] }],
    },
    told: { title: 'first apply definitions that serve "v1alpha1" or "v1" of gears.own.dev and "v1" of cogs.own.dev' },
  },
  "write-in-version": {
    remedy: {
      kind: "write-in-version",
      crd: gears,
      from: "v1alpha1",
      to: "v1",
      isPossibleBefore: true,
      areRecorded: true,
    },
    told: {
      title:
        'write "v1" first, which is served today too: set apiVersion to own.dev/v1 in manifests and charts and apply them again, upgrade programs; to see what is written by whom',
      command:
        "kubectl get gears.v1alpha1.own.dev --all-namespaces -o " +
        String.raw`'go-template={{range .items}}{{$object := .metadata}}{{range $object.managedFields}}{{if eq .apiVersion "own.dev/v1alpha1"}}{{$object.namespace}}/{{$object.name}} {{.manager}} {{.time}}{{"\n"}}{{end}}{{end}}{{end}}'`,
    },
  },
  "list-writers": {
    remedy: { kind: "list-writers", crd: clusterGears, versions: ["v1", "v1beta1"] },
    told: {
      title: "look who writes objects in what goes away",
      command:
        "kubectl get gears.v1.own.dev -o " +
        String.raw`'go-template={{range .items}}{{$object := .metadata}}{{range $object.managedFields}}{{if eq .apiVersion "own.dev/v1" "own.dev/v1beta1"}}{{$object.name}} {{.manager}} {{.time}}{{"\n"}}{{end}}{{end}}{{end}}'`,
    },
  },
  "scale-down": {
    remedy: { kind: "scale-down", need: turner },
    told: { title: "stop turner first, if nobody needs it", command: "kubectl -n mill scale deployment/turner --replicas=0" },
  },
  "keep-version-served": {
    remedy: { kind: "keep-version-served", versions: ["v1alpha1", "v1"], isListed: true },
    told: {
      title:
        'keep serving "v1alpha1" or "v1": set its served to true in the new manifest, or apply a release or channel that serves it',
    },
  },
  "stay-on-bundle": {
    remedy: { kind: "stay-on-bundle", version: "v1.0.0", channel: "experimental" },
    told: { title: "stay on the release you have: v1.0.0, experimental channel" },
  },
  "delete-objects": {
    remedy: { kind: "delete-objects", crd: clusterGears, readIn: "v1" },
    told: {
      title: "back the objects up and delete them one by one first, if they are no longer needed",
      command: "crdguard backup gears.own.dev -o gears.own.dev.backup &&\nkubectl delete gears.v1.own.dev --all",
    },
  },
  "serve-to-count": {
    remedy: { kind: "serve-to-count", crd: unservedGears },
    told: {
      title: "serve a version, so that the objects can be seen, then look before you delete",
      command: [
        `kubectl patch customresourcedefinition gears.own.dev --type=json -p '[{"op":"test","path":"/spec/versions/1/name","value":"v2"},{"op":"replace","path":"/spec/versions/1/served","value":true}]' &&`,
        "kubectl get gears.own.dev --all-namespaces",
      ].join("\n"),
    },
  },
  "allow-counting": {
    remedy: { kind: "allow-counting", crd: gears },
    told: {
      title: "let the server count its objects and look at them, then apply your change again",
      command: [
        "kubectl create clusterrole crdguard-count-gears.own.dev --verb=list --resource=gears.own.dev &&",
        "kubectl label clusterrole crdguard-count-gears.own.dev crdguard.dev/count-objects=true",
      ].join("\n"),
    },
  },
  "declare-requirement": {
    remedy: { kind: "declare-requirement", need: turner },
    told: {
      title: "say what turner needs, if you know it, so that nobody has to guess",
      command: "kubectl -n mill annotate deployment/turner 'crdguard.dev/requires=gears.own.dev/v1alpha1|v1'",
    },
  },
  "correct-declaration": {
    remedy: { kind: "correct-declaration", declaration },
    told: {
      title:
        "correct the annotation crdguard.dev/requires of turner: <plural>.<group>/<version>[|<version>], separated by commas",
    },
  },
  "keep-schema": {
    remedy: { kind: "keep-schema", versions: ["v1", "v1beta1"] },
    told: { title: 'keep in "v1" and "v1beta1" what they take today, and serve the stricter form as a new version' },
  },
  "leave-optional": {
    remedy: { kind: "leave-optional", path: "spec.size" },
    told: { title: "leave spec.size optional, or give it a default" },
  },
  "align-versions": {
    remedy: { kind: "align-versions", versions: ["v1", "v1beta1"] },
    told: { title: 'say the same in the schemas of "v1" and "v1beta1", or convert between them by a webhook' },
  },
  "keep-names": {
    remedy: { kind: "keep-names", names: ["gr", "all-gears"] },
    told: { title: 'keep "gr" and "all-gears" in spec.names' },
  },
  "compare-with-schemas": {
    remedy: { kind: "compare-with-schemas" },
    told: {
      title:
        "compare with the cluster itself, by --against live, or with a snapshot that was taken by crdguard snapshot --objects: the schemas are left out of what you compare with",
    },
  },
};

/** The workload that a remedy is about, if it is about one alone. */
function helped(remedy: Remedy): { readonly workload?: string } {
  return "need" in remedy ? { workload: "Deployment mill/turner" } : {};
}

describe("explainRemedies", () => {
  it.each(Object.entries(EXPECTED))("puts %s into words", (_kind, { remedy, told }) => {
    expect(explainRemedies([remedy], EVERYTHING)).toEqual([{ ...told, ...helped(remedy) }]);
  });

  it.each<{ title: string; remedy: Remedy; told: ExplainedRemedy }>([
    {
      title: "says that a backup needs a served version where there is none",
      remedy: { kind: "replace-by-backup", crd: unservedGears, readIn: null, newVersion: "v3" },
      told: {
        title:
          "back the objects up, delete them and the definition, apply your change again, and create the objects anew; serve a version first, or they cannot be read",
      },
    },
    {
      title: "restores what only changes its name as it is",
      remedy: { kind: "replace-by-backup", crd: gears, readIn: "v1alpha1", newVersion: "v2", isRenamed: true },
      told: {
        title: "back the objects up, delete them and the definition, apply your change again, and create the objects anew",
        command: [
          "crdguard backup gears.own.dev -o gears.own.dev.backup",
          "kubectl delete gears.v1alpha1.own.dev --all --all-namespaces",
          "kubectl delete customresourcedefinition gears.own.dev",
          "echo 'Apply your change in another terminal; this waits.'",
          "until kubectl get gears.v2.own.dev >/dev/null 2>&1; do sleep 1; done",
          "crdguard restore gears.own.dev.backup --version v2",
        ].join(" &&\n"),
      },
    },
    {
      title: "says to put a version back that the new manifest lacks",
      remedy: { kind: "keep-version-served", versions: ["v1"], isListed: false },
      told: { title: 'keep serving "v1": put it back into the new manifest, or apply a release or channel that serves it' },
    },
    {
      title: "stops a workload for an upgrade that needs what the change brings",
      remedy: { kind: "upgrade-workload", need: turner, minimumVersion: "1.2.0", isPossibleBefore: false },
      told: {
        title: "stop turner, apply your change, then install 1.2.0 or newer of it, which needs what the change brings",
        command: "kubectl -n mill scale deployment/turner --replicas=0",
      },
    },
    {
      title: "gives no command for a bundle that is installed from nowhere in particular",
      remedy: { kind: "install-bundle", bundle: { ...mill, installUrl: null } },
      told: {
        title: "first install Mill API v1.1.0, experimental channel, the oldest release that serves what is missing of it",
      },
    },
    {
      title: "asks for a tag where the version is unknown, and names no version",
      remedy: {
        kind: "declare-requirement",
        need: need({ versions: ["v1"], image: "own.dev/turner:latest", certainty: { kind: "unknown-version" } }),
      },
      told: {
        title:
          "run turner by a tag that names its version, or say by the annotation crdguard.dev/requires what it needs, so that nobody has to guess",
      },
    },
    {
      title: "says that writers can turn to a version only once the change serves it, and files have no record in the cluster",
      remedy: {
        kind: "write-in-version",
        crd: gears,
        from: "v1alpha1",
        to: "v2",
        isPossibleBefore: false,
        areRecorded: false,
      },
      told: {
        title:
          'write "v2" as soon as this change serves it, for no version is served both before and after: set apiVersion to own.dev/v2 in manifests and charts and apply them again, upgrade programs',
      },
    },
    {
      title: "names a bundle without a channel",
      remedy: { kind: "stay-on-bundle", version: "v1.0.0", channel: null },
      told: { title: "stay on the release you have: v1.0.0" },
    },
    {
      title: "keeps a tag without the v without it",
      remedy: {
        kind: "upgrade-workload",
        need: need({ versions: ["v1"], image: "istio/pilot:1.21.2" }),
        minimumVersion: "1.22.0",
        isPossibleBefore: true,
      },
      told: {
        title: "upgrade turner to 1.22.0 or newer first, by its own chart or manifests, or by",
        command: "kubectl -n mill set image deployment/turner main=istio/pilot:1.22.0",
      },
    },
    {
      title: "takes the port of a registry for no tag",
      remedy: {
        kind: "upgrade-workload",
        need: need({ versions: ["v1"], image: "reg.example:5000/turner" }),
        minimumVersion: "2.0.0",
        isPossibleBefore: true,
      },
      told: {
        title: "upgrade turner to 2.0.0 or newer first, by its own chart or manifests, or by",
        command: "kubectl -n mill set image deployment/turner main=reg.example:5000/turner:v2.0.0",
      },
    },
  ])("$title", ({ remedy, told }) => {
    expect(explainRemedies([remedy], EVERYTHING)).toEqual([{ ...told, ...helped(remedy) }]);
  });

  it("leaves out what speaks of workloads that the reader may not see, and nothing else", () => {
    const remedies = Object.values(EXPECTED).map(({ remedy }) => remedy);
    const told = explainRemedies(remedies, { mayName: () => false });

    expect(told).toEqual(
      Object.values(EXPECTED)
        .filter(({ remedy }) => !("need" in remedy) && !("declaration" in remedy))
        .map(({ told: words }) => words),
    );
    expect(JSON.stringify(told)).not.toContain("turner");
  });
});

describe("a command pasted into a real shell", () => {
  /** Each call of kubectl or crdguard, as its arguments, the latter's with its name before them. */
  function paste(
    command: string,
    listed = "",
  ): { readonly calls: readonly (readonly string[])[]; readonly files: readonly string[] } {
    const folder = mkdtempSync(join(tmpdir(), "crdguard-paste-"));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    const programs = [
      `told() { { for argument; do printf '%s\\0' "$argument"; done; printf '\\001\\0'; } >> calls; }`,
      `kubectl() { told "$@"; [ "$1" != get ] || cat listed; }`,
      `crdguard() { told crdguard "$@"; }`,
    ].join("\n");
    writeFileSync(join(folder, "listed"), listed);
    execFileSync("sh", ["-c", `${programs}\n${command}`], { cwd: folder, encoding: "utf8" });
    const calls = readFileSync(join(folder, "calls"), "utf8").split("\u0001\0").slice(0, -1);
    const files = readdirSync(folder).filter((file) => file !== "calls" && file !== "listed");
    return { calls: calls.map((call) => call.split("\0").slice(0, -1)), files };
  }

  function commandOf(remedy: Remedy): string {
    return explainRemedies([remedy], EVERYTHING)[0]?.command ?? "";
  }

  const hostile = "a'; touch pwned; $(touch pwned) `touch pwned` \"\n touch pwned\n\u001b[2J\u202E#w pwned\n#e";
  const hostileCrd = { ...crd({ name: "gears.own.dev", served: ["v1"] }), name: hostile, plural: hostile, group: hostile };
  const hostileNeed = {
    ...need({ versions: [hostile], workload: { namespace: hostile, name: hostile }, image: hostile }),
    requirement: { ...turner.requirement, group: hostile, resource: hostile, versions: [hostile] },
  };

  it.each<Remedy>([
    { kind: "forget-stored-version", crd: hostileCrd, remaining: [hostile] },
    { kind: "recreate-empty-crd", crd: hostileCrd },
    { kind: "migrate", crd: hostileCrd },
    {
      kind: "flip-storage-version",
      crd: { ...hostileCrd, versions: [{ name: hostile, isServed: true, isStorage: true }] },
      to: "v1",
    },
    { kind: "replace-by-backup", crd: hostileCrd, readIn: hostile, newVersion: hostile },
    { kind: "upgrade-workload", need: hostileNeed, minimumVersion: "1.2.0", isPossibleBefore: true },
    { kind: "upgrade-workload", need: hostileNeed, minimumVersion: "1.2.0", isPossibleBefore: false },
    { kind: "install-bundle", bundle: { ...mill, installUrl: hostile } },
    {
      kind: "write-in-version",
      crd: { ...hostileCrd, versions: [{ name: hostile, isServed: true, isStorage: true }] },
      from: hostile,
      to: hostile,
      isPossibleBefore: true,
      areRecorded: true,
    },
    { kind: "list-writers", crd: hostileCrd, versions: [hostile, "v1"] },
    { kind: "scale-down", need: hostileNeed },
    { kind: "delete-objects", crd: hostileCrd, readIn: hostile },
    { kind: "serve-to-count", crd: { ...hostileCrd, versions: [{ name: hostile, isServed: false, isStorage: true }] } },
    { kind: "allow-counting", crd: hostileCrd },
    { kind: "declare-requirement", need: hostileNeed },
  ])("runs nothing but kubectl and crdguard, however hostile the names are: $kind", (remedy) => {
    // What is done only where no object exists is done where none is listed.
    const isForNone = remedy.kind === "forget-stored-version" || remedy.kind === "recreate-empty-crd";
    const { calls, files } = paste(
      commandOf(remedy),
      isForNone ? "" : `- apiVersion: ${hostile}/${hostile}\n    resourceVersion: "7"\n`,
    );

    expect(calls.length).toBeGreaterThan(0);
    expect(files).toEqual([]);
    expect(commandOf(remedy).replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it.each([`v1" "own.dev/v2`, "v1\\", "v1}}{{.data}}", "v1\n\u202e"])(
    "keeps a version inside the text of a template: %j",
    (version) => {
      const [call = []] = paste(commandOf({ kind: "list-writers", crd: gears, versions: [version] })).calls;
      const text = /\{\{if eq \.apiVersion (?<text>"(?:[^"\\]|\\.)*")\}\}/.exec(call.at(-1) ?? "")?.groups?.["text"] ?? "";

      expect(JSON.parse(text)).toBe(`own.dev/${version}`);
    },
  );

  it("reads no name as an option, and no plural as a list of resources", () => {
    const options = { ...hostileCrd, name: "--all", plural: "pods,secrets", group: "own.dev" };

    expect(paste(commandOf({ kind: "recreate-empty-crd", crd: options })).calls).toEqual([
      ["get", String.raw`pods\u002csecrets.v1.own.dev`, "--all-namespaces", "-o", "name"],
      ["delete", "customresourcedefinition", String.raw`\u002d-all`],
    ]);
    expect(paste(commandOf({ kind: "delete-objects", crd: options, readIn: "v1" })).calls[1]).toEqual([
      "delete",
      String.raw`pods\u002csecrets.v1.own.dev`,
      "--all",
      "--all-namespaces",
    ]);
  });

  it("gives kubectl whole patches, however many versions there are", () => {
    const names = Array.from({ length: 40 }, (_, index) => `v${String(index + 1)}alpha1`);
    const many = crd({ served: names, storage: "v1alpha1", stored: names });
    const [flip = []] = paste(commandOf({ kind: "flip-storage-version", crd: many, to: "v40alpha1" })).calls;

    expect(JSON.parse(flip.at(-1) ?? "")).toEqual([
      { op: "test", path: "/spec/versions/0/name", value: "v1alpha1" },
      { op: "replace", path: "/spec/versions/0/storage", value: false },
      { op: "test", path: "/spec/versions/39/name", value: "v40alpha1" },
      { op: "replace", path: "/spec/versions/39/storage", value: true },
    ]);
    const [, forget = []] = paste(commandOf({ kind: "forget-stored-version", crd: many, remaining: names })).calls;
    expect(JSON.parse(forget.at(-1) ?? "")).toEqual({ status: { storedVersions: names } });
  });

  it.each<Remedy>([
    { kind: "forget-stored-version", crd: gears, remaining: ["v1"] },
    { kind: "recreate-empty-crd", crd: gears },
  ])("does nothing where an object exists after all: $kind", (remedy) => {
    expect(() => paste(commandOf(remedy), "gear.own.dev/g1\n")).toThrow("Command failed");
  });
});
