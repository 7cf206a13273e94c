import { describe, expect, it } from "vitest";
import { crdOwnersTwo } from "../../../../src/health/checks/crd-owners-two.ts";
import { crd } from "../../../support/builders.ts";
import { healthFacts } from "../../../support/health.ts";
import type { CrdOwner } from "../../../../src/crd/crd.ts";
import { isTraceable, ownerKey } from "../../../../src/health/facts.ts";

const HELM = { kind: "helm-release", namespace: "mill", name: "gears", isKept: false } as const;
const ARGO = { kind: "argo-application", namespace: null, name: "platform" } as const;
const FLUX = { kind: "flux-helm-release", namespace: "flux-system", name: "gears" } as const;
const kept = (owners: readonly CrdOwner[], appliers: readonly string[] = []) => ({
  ...crd({ served: ["v1"] }),
  owners,
  appliers,
});

describe("crd-owners-two", () => {
  it("warns of a Helm release and an Argo CD application", () => {
    const ailing = kept([HELM, ARGO]);

    expect(crdOwnersTwo.find(healthFacts({ crds: [ailing] }))).toEqual([
      {
        subject: { kind: "crd", name: "gears.own.dev" },
        field: "metadata",
        fact: { kind: "crd-owners-two", owners: [HELM, ARGO], appliers: [] },
        remedies: [{ kind: "settle-on-one-owner", crd: ailing }],
      },
    ]);
  });

  it.each([
    { title: "the provider's addon manager and a release", crds: [kept([HELM, { kind: "addon-manager" }])] },
    { title: "two programs that sync by server-side apply", crds: [kept([], ["argocd-controller", "kustomize-controller"])] },
  ])("warns of $title", ({ crds }) => {
    expect(crdOwnersTwo.find(healthFacts({ crds }))).toHaveLength(1);
  });

  it.each([
    { title: "one owner", crds: [kept([HELM])], gone: [] },
    { title: "Flux and the Helm release that it works by", crds: [kept([HELM, FLUX])], gone: [] },
    { title: "an owner that is gone, which is another check's", crds: [kept([HELM, ARGO])], gone: [ARGO] },
    { title: "one program and a person at kubectl", crds: [kept([], ["argocd-controller", "kubectl"])], gone: [] },
  ])("says nothing of $title", ({ crds, gone }) => {
    const owners = new Map(gone.filter(isTraceable).map((owner) => [ownerKey(owner), { kind: "gone" } as const]));

    expect(crdOwnersTwo.find(healthFacts({ crds, owners }))).toEqual([]);
  });
});
