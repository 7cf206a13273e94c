import { describe, expect, it, vi } from "vitest";
import type { Crd } from "../../../src/crd/crd.ts";
import { keptDefaultPolicy } from "../../../src/operator/default-policy.ts";
import type { KeptObject, LiveObject } from "../../../src/operator/kept-object.ts";
import { parseGuardPolicy } from "../../../src/policy/guard-policy.ts";
import { crd } from "../../support/builders.ts";

const served = crd({ name: "guardpolicies.crdguard.dev", served: ["v1alpha1"], scope: "Cluster" });

function kept(...crds: readonly Crd[]): KeptObject {
  return keptDefaultPolicy({ crds: () => new Map(crds.map((one) => [one.name, one])), doneWithout: () => undefined });
}

/** As it is made. */
function made(): LiveObject & { readonly metadata: Readonly<Record<string, unknown>>; readonly spec: unknown } {
  const mending = kept(served).mend(null);
  if (mending.kind !== "create") throw new Error(mending.kind);
  return mending.whole as ReturnType<typeof made>;
}

describe("the GuardPolicy default", () => {
  it("is made where there is none, saying nothing but what holds without it", () => {
    const { spec } = made();

    expect(spec).toEqual({ priority: 0, onInternalError: "deny" });
    expect(parseGuardPolicy({ name: "default", spec })).toMatchObject({ ok: true, problems: [] });
  });

  it("is owned without its spec, which is left to whoever edits it", () => {
    const mending = kept(served).mend(null);

    expect(mending).toMatchObject({ kind: "create", own: { metadata: { name: "default" } } });
    expect(mending).not.toHaveProperty("own.spec");
  });

  it.each([
    { title: "as it was made", live: made() },
    { title: "with another spec", live: { ...made(), spec: { priority: 7, rules: [] } } },
    {
      title: "with labels and annotations of others",
      live: {
        ...made(),
        metadata: {
          ...made().metadata,
          labels: { ...(made().metadata["labels"] as object), team: "mill" },
          annotations: { ...(made().metadata["annotations"] as object), "own.dev/note": "ours" },
        },
      },
    },
  ])("is in order $title", ({ live }) => {
    expect(kept(served).mend(live)).toEqual({ kind: "none" });
  });

  it("gets back its labels and its description, and nothing else", () => {
    const live = {
      ...made(),
      metadata: { name: "default", labels: { "app.kubernetes.io/managed-by": "Helm" } },
      spec: { priority: 7 },
    };

    const mending = kept(served).mend(live);

    expect(mending).toMatchObject({
      kind: "apply",
      drifted: [
        "metadata.labels[app.kubernetes.io/name]",
        "metadata.labels[app.kubernetes.io/part-of]",
        "metadata.labels[app.kubernetes.io/managed-by]",
        "metadata.annotations[kubernetes.io/description]",
      ],
    });
    expect(mending).not.toHaveProperty("own.spec");
  });

  it("waits for its CRD, and says so once each time that it goes", () => {
    const doneWithout = vi.fn<() => void>();
    let crds: ReadonlyMap<string, Crd> | null = null;
    const { mend } = keptDefaultPolicy({ crds: () => crds, doneWithout });
    const unserved = crd({ name: served.name, served: [], unserved: ["v1alpha1"] });

    expect(mend(null)).toEqual({ kind: "wait", reason: "the cluster has not been read completely" });
    expect(doneWithout).not.toHaveBeenCalled();
    for (const known of [new Map<string, Crd>(), new Map([[served.name, unserved]])]) {
      crds = known;
      expect(mend(null)).toEqual({ kind: "wait", reason: "no CRD guardpolicies.crdguard.dev: built-in defaults hold" });
    }
    expect(doneWithout).toHaveBeenCalledTimes(1);
    crds = new Map([[served.name, served]]);
    expect(mend(null)).toMatchObject({ kind: "create" });
    crds = new Map();
    mend(null);
    expect(doneWithout).toHaveBeenCalledTimes(2);
  });
});
