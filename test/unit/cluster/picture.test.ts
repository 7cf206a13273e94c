import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPictureBuilder, type PictureBuilder } from "../../../src/cluster/picture.ts";
import type { Crd } from "../../../src/crd/crd.ts";
import type { ApiRequirement } from "../../../src/requirements/api-requirement.ts";
import type { Catalog } from "../../../src/requirements/catalog.ts";
import type { ClusterServiceVersion } from "../../../src/requirements/cluster-service-version.ts";
import type { Workload } from "../../../src/requirements/workload.ts";
import type { Bundle } from "../../../src/rules/bundle.ts";
import { crdNameOf } from "../../../src/rules/requirement.ts";
import { crd, requirement } from "../../support/builders.ts";
import { controller, release, workload } from "../../support/catalog.ts";

const gears = requirement({ versions: ["v1"] });
const cogs = { ...gears, resource: "cogs" };
const catalog = [controller({ releases: [release(">=1.0.0", [gears])] })];
const declared: ApiRequirement = {
  namespace: "mill",
  name: "declared",
  generation: 1,
  target: { kind: "reference", workload: { kind: "Deployment", name: "turner" } },
  requirements: [{ requirement: cogs, reason: null }],
};
const conditional: Catalog = [
  {
    ...controller({ releases: [release(">=1.0.0", [gears])] }),
    when: { kind: "config-map", key: { namespace: null, name: "config", key: "gears" }, test: { kind: "equals", value: "on" } },
  },
];
const csv: ClusterServiceVersion = { namespace: "mill", name: "turner.v1", deployments: ["turner"], requirements: [cogs] };

function builder(): PictureBuilder {
  return createPictureBuilder(catalog, () => undefined);
}

/** `<CRD>: <workload> <source>`, for short. */
function needsOf(given: PictureBuilder): readonly string[] {
  return [...given.build().needs]
    .flatMap(([name, needs]) =>
      needs.map(({ workload: { namespace, name: own }, source }) => `${name}: ${namespace}/${own} ${source.kind}`),
    )
    .toSorted();
}

describe("the picture", () => {
  it("is the same object as long as nothing changes", () => {
    const given = builder();
    given.putWorkload(workload());

    expect(given.build()).toBe(given.build());
  });

  it("keeps a picture that was handed out as it was", () => {
    const given = builder();
    given.putCrd(crd({ served: ["v1"] }));
    const before = given.build();
    given.removeCrd("gears.own.dev");
    given.putWorkload(workload());

    expect([before.crds.size, before.needs.size, given.build().crds.size, given.build().needs.size]).toEqual([1, 0, 0, 1]);
  });

  it("believes an APIRequirement that comes after its workload, and forgets it when it goes", () => {
    const given = builder();
    given.putWorkload(workload());
    const seen = [needsOf(given)];
    given.putApiRequirement(declared);
    seen.push(needsOf(given));
    given.removeApiRequirement("mill", "declared");
    seen.push(needsOf(given));

    expect(seen).toEqual([
      ["gears.own.dev: mill/turner catalog"],
      ["cogs.own.dev: mill/turner api-requirement"],
      ["gears.own.dev: mill/turner catalog"],
    ]);
  });

  it("believes OLM in the same way", () => {
    const given = builder();
    given.putClusterServiceVersion(csv);
    given.putWorkload(workload());
    const seen = [needsOf(given)];
    given.removeClusterServiceVersion("mill", "turner.v1");
    seen.push(needsOf(given));

    expect(seen).toEqual([
      ["cogs.own.dev: mill/turner cluster-service-version", "gears.own.dev: mill/turner catalog"],
      ["gears.own.dev: mill/turner catalog"],
    ]);
  });

  it("reads every workload again by a new catalog", () => {
    const given = builder();
    given.putWorkload(workload());
    given.setCatalog([controller({ releases: [release(">=1.0.0", [cogs])] })]);

    expect(needsOf(given)).toEqual(["cogs.own.dev: mill/turner catalog"]);
  });

  it("reads workloads of catalogued images again when a setting changes", () => {
    let value: string | undefined = "off";
    const given = createPictureBuilder(conditional, () => value);
    given.putWorkload(workload());
    const seen = [needsOf(given)];
    value = "on";
    seen.push(needsOf(given));
    given.settingsChanged();
    seen.push(needsOf(given));

    expect(seen).toEqual([[], [], ["gears.own.dev: mill/turner catalog"]]);
  });

  it("tells what a workload would need, without taking it in", () => {
    const given = builder();
    given.putApiRequirement(declared);
    const along = { readSetting: () => undefined, apiRequirements: [] };
    const wanted = given.needsOf(workload(), along).needs.map(({ source }) => source.kind);
    const replaced = given.needsOf(workload(), {
      ...along,
      apiRequirements: [{ ...declared, target: { kind: "reference", workload: { kind: "Deployment", name: "other" } } }],
    });

    expect([wanted, replaced.needs.map(({ source }) => source.kind)]).toEqual([["api-requirement"], ["catalog"]]);
    expect([given.build().needs.size, given.currentNeeds(workload().ref).needs, given.isRunning(workload().ref)]).toEqual([
      0,
      [],
      false,
    ]);
  });

  it("lists unreadable declarations until their workload goes, or is corrected", () => {
    const given = builder();
    given.putWorkload(workload({ annotations: { "crdguard.dev/requires": "nonsense" } }));
    const seen = [given.build().unreadableDeclarations.length];
    given.putWorkload(workload());
    seen.push(given.build().unreadableDeclarations.length);

    expect(seen).toEqual([1, 0]);
  });

  it("believes a selector as its workload's labels change", () => {
    const given = builder();
    given.putApiRequirement({
      ...declared,
      target: { kind: "selector", selector: { matchLabels: { app: "turner" }, matchExpressions: [] } },
    });
    const seen = [{}, { app: "turner" }, { app: "miller" }].map((labels) => {
      given.putWorkload(workload({ labels }));
      return needsOf(given);
    });

    expect(seen).toEqual([
      ["gears.own.dev: mill/turner catalog"],
      ["cogs.own.dev: mill/turner api-requirement"],
      ["gears.own.dev: mill/turner catalog"],
    ]);
  });

  it("follows an APIRequirement that turns from one workload to another", () => {
    const given = builder();
    const miller = { kind: "Deployment", namespace: "mill", name: "miller" } as const;
    given.putWorkload(workload());
    given.putWorkload(workload({ ref: miller }));
    given.putApiRequirement(declared);
    given.putApiRequirement({ ...declared, target: { kind: "reference", workload: { kind: "Deployment", name: "miller" } } });

    expect(needsOf(given)).toEqual(["cogs.own.dev: mill/miller api-requirement", "gears.own.dev: mill/turner catalog"]);
  });

  it("follows a ClusterServiceVersion that installs another Deployment than before", () => {
    const given = builder();
    given.putWorkload(workload());
    given.putClusterServiceVersion(csv);
    given.putClusterServiceVersion({ ...csv, deployments: ["miller"] });

    expect(needsOf(given)).toEqual(["gears.own.dev: mill/turner catalog"]);
  });

  it("leaves workloads of other namespaces alone", () => {
    const given = builder();
    given.putWorkload(workload({ ref: { kind: "Deployment", namespace: "shop", name: "turner" } }));
    given.putApiRequirement(declared);
    given.putClusterServiceVersion(csv);
    given.removeApiRequirement("shop", "declared");

    expect(needsOf(given)).toEqual(["gears.own.dev: shop/turner catalog"]);
  });

  it("believes another APIRequirement as soon as one of two is gone", () => {
    const given = builder();
    given.putWorkload(workload());
    given.putApiRequirement(declared);
    given.putApiRequirement({ ...declared, name: "another", requirements: [{ requirement: gears, reason: null }] });
    const seen = [needsOf(given)];
    given.removeApiRequirement("mill", "declared");
    seen.push(needsOf(given));

    expect(seen).toEqual([
      ["cogs.own.dev: mill/turner api-requirement", "gears.own.dev: mill/turner api-requirement"],
      ["gears.own.dev: mill/turner api-requirement"],
    ]);
  });

  it("puts needs of one workload in the order of the APIRequirements' names, whichever came first", () => {
    const given = builder();
    given.putWorkload(workload());
    for (const name of ["c", "a", "b"]) given.putApiRequirement({ ...declared, name });

    expect(
      given
        .build()
        .needs.get("cogs.own.dev")
        ?.map(({ source }) => source.kind === "api-requirement" && source.name),
    ).toEqual(["a", "b", "c"]);
  });

  it("keeps a workload that is scaled to zero, so that it can be told of, and forgets what it needed", () => {
    const given = builder();
    given.putWorkload(workload());
    given.putWorkload(workload({ isRunning: false }));

    expect([needsOf(given), [...given.workloads()].length, given.isRunning(workload().ref)]).toEqual([[], 1, false]);
  });

  it("sorts needs by workload, whichever came first", () => {
    const given = builder();
    for (const name of ["c", "a", "b"]) given.putWorkload(workload({ ref: { kind: "Deployment", namespace: "mill", name } }));
    given.putWorkload(workload({ ref: { kind: "DaemonSet", namespace: "mill", name: "z" } }));

    expect(
      given
        .build()
        .needs.get("gears.own.dev")
        ?.map(({ workload: { kind, name } }) => `${kind} ${name}`),
    ).toEqual(["DaemonSet z", "Deployment a", "Deployment b", "Deployment c"]);
  });

  it("tells what a workload needs now, by its kind, namespace and name", () => {
    const given = builder();
    given.putWorkload(workload());
    const { ref } = workload();

    expect(given.currentNeeds(ref).needs.map(({ source }) => source.kind)).toEqual(["catalog"]);
    expect(given.currentNeeds({ ...ref, kind: "StatefulSet" })).toEqual({ needs: [], unreadable: [] });
    expect(given.currentNeeds({ ...ref, namespace: "shop" })).toEqual({ needs: [], unreadable: [] });
  });

  it("tells what a workload would need under other settings, and asks no other for them", () => {
    const given = createPictureBuilder(conditional, () => "off");
    const asked: string[] = [];
    const { needs } = given.needsOf(workload(), {
      readSetting: (namespace, name, key) => {
        asked.push(`${namespace}/${name}/${key}`);
        return "on";
      },
      apiRequirements: [],
    });

    expect([needs.map(({ certainty }) => certainty.kind), asked]).toEqual([["known"], ["mill/config/gears"]]);
  });

  it("is built anew after each change, and hands on the bundles that it was given", () => {
    const bundles: readonly Bundle[] = [
      {
        name: "own",
        title: "Own",
        version: "1.2.0",
        channel: "standard",
        releasedOn: "2026-01-01",
        installUrl: null,
        crds: new Map(),
      },
    ];
    const given = createPictureBuilder(catalog, () => undefined, bundles);
    const before = given.build();
    given.putCrd(crd({ served: ["v1"] }));

    expect(given.build()).not.toBe(before);
    expect([before.bundles, given.build().bundles, given.build().applied.size]).toEqual([bundles, bundles, 0]);
  });

  it("stays the same object where what goes was never there", () => {
    const given = builder();
    given.putWorkload(workload());
    const before = given.build();
    given.removeCrd("absent");
    given.removeWorkload({ kind: "StatefulSet", namespace: "mill", name: "turner" });
    given.removeApiRequirement("mill", "absent");
    given.removeClusterServiceVersion("mill", "absent");

    expect(given.build()).toBe(before);
  });
});

/** What a cluster holds, by key. */
interface Held {
  readonly crds: Map<string, Crd>;
  readonly workloads: Map<string, Workload>;
  readonly apiRequirements: Map<string, ApiRequirement>;
  readonly versions: Map<string, ClusterServiceVersion>;
  setting: string | undefined;
  catalog: Catalog;
}

/** One thing that happens, to the builder and to what the cluster holds. */
type Step = (given: PictureBuilder, held: Held) => void;

describe("the picture after any history", () => {
  const catalogs: readonly Catalog[] = [catalog, conditional, []];
  const name = fc.constantFrom("turner", "miller");
  const namespace = fc.constantFrom("mill", "shop");
  const ref = fc.record({ kind: fc.constantFrom("Deployment" as const, "StatefulSet" as const), namespace, name });
  const anyWorkload: fc.Arbitrary<Workload> = fc
    .record({
      ref,
      isRunning: fc.boolean(),
      image: fc.constantFrom("own.dev/mill/turner:v1.0.3", "own.dev/mill/turner:latest", "own.dev/mill/painter:v1.0.0"),
      labels: fc.constantFrom<Workload["labels"]>({}, { app: "turner" }),
      annotations: fc.constantFrom<Workload["annotations"]>(
        {},
        {},
        { "crdguard.dev/requires": "cogs.own.dev/v1" },
        { "crdguard.dev/uses": "nonsense" },
      ),
    })
    .map(workload);
  const anyApiRequirement: fc.Arbitrary<ApiRequirement> = fc.record({
    namespace,
    name,
    generation: fc.constant(1),
    target: fc.oneof(
      fc.record({
        kind: fc.constant("reference" as const),
        workload: fc.record({ kind: fc.constant("Deployment" as const), name }),
      }),
      fc.constant({ kind: "selector" as const, selector: { matchLabels: { app: "turner" }, matchExpressions: [] } }),
    ),
    requirements: fc.subarray([
      { requirement: gears, reason: null },
      { requirement: cogs, reason: "it turns" },
    ]),
  });
  const anyVersion: fc.Arbitrary<ClusterServiceVersion> = fc.record({
    namespace,
    name,
    deployments: fc.subarray(["turner", "miller"]),
    requirements: fc.subarray([gears, cogs]),
  });
  const anyCrd = fc
    .constantFrom("gears.own.dev", "cogs.own.dev")
    .chain((crdName) => fc.constantFrom("v1", "v2").map((version) => crd({ name: crdName, served: [version] })));

  const anyStep: fc.Arbitrary<Step> = fc.oneof(
    anyCrd.map((item): Step => (given, held) => {
      given.putCrd(item);
      held.crds.set(item.name, item);
    }),
    anyCrd.map((item): Step => (given, held) => {
      given.removeCrd(item.name);
      held.crds.delete(item.name);
    }),
    anyWorkload.map((item): Step => (given, held) => {
      given.putWorkload(item);
      held.workloads.set(JSON.stringify(item.ref), item);
    }),
    ref.map((item): Step => (given, held) => {
      given.removeWorkload(item);
      held.workloads.delete(JSON.stringify(item));
    }),
    anyApiRequirement.map((item): Step => (given, held) => {
      given.putApiRequirement(item);
      held.apiRequirements.set(`${item.namespace}/${item.name}`, item);
    }),
    fc.tuple(namespace, name).map(([ofNamespace, ofName]): Step => (given, held) => {
      given.removeApiRequirement(ofNamespace, ofName);
      held.apiRequirements.delete(`${ofNamespace}/${ofName}`);
    }),
    anyVersion.map((item): Step => (given, held) => {
      given.putClusterServiceVersion(item);
      held.versions.set(`${item.namespace}/${item.name}`, item);
    }),
    fc.tuple(namespace, name).map(([ofNamespace, ofName]): Step => (given, held) => {
      given.removeClusterServiceVersion(ofNamespace, ofName);
      held.versions.delete(`${ofNamespace}/${ofName}`);
    }),
    fc.constantFrom(...catalogs).map((next): Step => (given, held) => {
      given.setCatalog(next);
      held.catalog = next;
    }),
    fc.constantFrom("on", "off", undefined).map((value): Step => (given, held) => {
      held.setting = value;
      given.settingsChanged();
    }),
    fc.constant<Step>((given) => {
      given.build();
    }),
  );

  function afterAll(steps: readonly Step[]): { readonly given: PictureBuilder; readonly held: Held } {
    const held: Held = {
      crds: new Map(),
      workloads: new Map(),
      apiRequirements: new Map(),
      versions: new Map(),
      setting: undefined,
      catalog,
    };
    const given = createPictureBuilder(catalog, () => held.setting);
    for (const step of steps) step(given, held);
    return { given, held };
  }

  function madeAnew(held: Held): PictureBuilder {
    const given = createPictureBuilder(held.catalog, () => held.setting);
    // Backwards, and workloads before what speaks of them.
    for (const item of [...held.workloads.values()].toReversed()) given.putWorkload(item);
    for (const item of [...held.apiRequirements.values()].toReversed()) given.putApiRequirement(item);
    for (const item of [...held.versions.values()].toReversed()) given.putClusterServiceVersion(item);
    for (const item of [...held.crds.values()].toReversed()) given.putCrd(item);
    return given;
  }

  it("is that of a cluster which holds the same, made in another order", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        const { given, held } = afterAll(steps);
        const anew = madeAnew(held);

        expect(given.build()).toEqual(anew.build());
        for (const item of held.workloads.values()) {
          expect(given.currentNeeds(item.ref)).toEqual(anew.currentNeeds(item.ref));
          expect(given.isRunning(item.ref)).toBe(item.isRunning);
        }
        expect(new Set(given.workloads())).toEqual(new Set(held.workloads.values()));
      }),
      { numRuns: 300 },
    );
  });

  it("tells of each workload's needs exactly what it needs now", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        const { given, held } = afterAll(steps);
        const { needs, unreadableDeclarations } = given.build();
        const all = [...held.workloads.values()].map((item) => given.currentNeeds(item.ref));

        expect(new Set([...needs.values()].flat())).toEqual(new Set(all.flatMap((own) => own.needs)));
        expect(new Set(unreadableDeclarations)).toEqual(new Set(all.flatMap((own) => own.unreadable)));
        expect([...needs.values()].filter((list) => list.length === 0)).toEqual([]);
        for (const [crdName, list] of needs) {
          expect(list.map(({ requirement: needed }) => crdNameOf(needed))).toEqual(list.map(() => crdName));
        }
      }),
    );
  });

  it("does not change when it has been handed out", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 15 }), fc.array(anyStep, { maxLength: 15 }), (before, after) => {
        const { given, held } = afterAll(before);
        const handedOut = given.build();
        const copy = structuredClone(handedOut);
        for (const step of after) step(given, held);
        given.build();

        expect(handedOut).toEqual(copy);
      }),
    );
  });
});
