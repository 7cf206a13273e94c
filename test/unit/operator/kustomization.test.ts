import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { OVERLAY_WORDS } from "../../../src/cli/installation-flags.ts";
import { OVERLAYS, renderInstallation } from "../../../src/operator/installation.ts";
import { titleOf } from "../../../src/operator/kubernetes-object.ts";
import { buildKustomization } from "../../../src/operator/kustomization.ts";

const ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: guard\n  labels:\n    own: kept\n";

/** @param files by path; a kustomization needs no apiVersion here. @returns the folder. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "crdguard-kustomization-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe("a kustomization", () => {
  it("is built of files, folders, components, patches and labels", async () => {
    const folder = folderOf({
      "base/kustomization.yaml": "resources: [account.yaml]\nlabels:\n  - pairs: {app: guard}\n    includeSelectors: false\n",
      "base/account.yaml": ACCOUNT,
      "more/kustomization.yaml":
        "kind: Component\npatches:\n  - target: {kind: ServiceAccount, name: guard}\n    patch: |-\n      - {op: add, path: /automount, value: off}\n",
      "kustomization.yaml": "resources: [base]\ncomponents: [more]\n",
    });

    expect(await buildKustomization(folder)).toEqual([
      {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "guard", labels: { own: "kept", app: "guard" } },
        // As kubectl reads it: YAML 1.1.
        automount: false,
      },
    ]);
  });

  it.each([
    { title: "a member that is not understood", text: "namePrefix: x-\nresources: []\n", words: /namePrefix is not understood/ },
    {
      title: "a patch for what is not there",
      text: "resources: []\npatches:\n  - target: {kind: Deployment, name: x}\n    patch: '[]'\n",
      words: /there is no Deployment x/,
    },
    {
      title: "a target by labels",
      text: "resources: [account.yaml]\npatches:\n  - target: {labelSelector: a=b}\n    patch: '[]'\n",
      words: /a patch needs kind and name/,
    },
    {
      title: "an operation that is not understood",
      text: "resources: [account.yaml]\npatches:\n  - target: {kind: ServiceAccount, name: guard}\n    patch: '[{op: move, path: /a, from: /b}]'\n",
      words: /move is not understood/,
    },
    {
      title: "labels in selectors",
      text: "resources: [account.yaml]\nlabels:\n  - pairs: {a: b}\n    includeSelectors: true\n",
      words: /outside of selectors/,
    },
  ])("is refused for $title", async ({ text, words }) => {
    const folder = folderOf({ "kustomization.yaml": text, "account.yaml": ACCOUNT });

    await expect(buildKustomization(folder)).rejects.toThrow(words);
  });
});

describe("an installation", () => {
  it("can be chosen by the flags in every variant that there is, and each has its overlay", () => {
    expect(OVERLAY_WORDS).toEqual(OVERLAYS);
    const folders = readdirSync(join(import.meta.dirname, "../../../manifests/overlays"));
    expect(folders.toSorted()).toEqual([...OVERLAYS, "count-all-objects"].toSorted());
  });

  it("may count the objects of the CRDs that it was given, resource by resource, and of its own by another role", async () => {
    const objects = await renderInstallation({
      overlays: [],
      counting: {
        kind: "crds",
        crds: [
          { group: "own.dev", plural: "gears" },
          { group: "mill.dev", plural: "mills" },
          { group: "own.dev", plural: "cogs" },
          { group: "crdguard.dev", plural: "guardpolicies" },
        ],
      },
      namespace: "guards",
      image: null,
    });

    expect(objects.find((object) => titleOf(object) === "ClusterRole crdguard-count-existing-objects")).toMatchObject({
      rules: [
        { apiGroups: ["mill.dev"], resources: ["mills"], verbs: ["list"] },
        { apiGroups: ["own.dev"], resources: ["cogs", "gears"], verbs: ["list"] },
      ],
    });
    expect(objects.find((object) => titleOf(object) === "ClusterRoleBinding crdguard-count-existing-objects")).toMatchObject({
      subjects: [{ kind: "ServiceAccount", name: "crdguard", namespace: "guards" }],
    });
  });
});
