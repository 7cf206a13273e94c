import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPictureBuilder, type PictureBuilder } from "../../../src/cluster/picture.ts";
import type { ApiRequirement } from "../../../src/requirements/api-requirement.ts";
import type { ClusterServiceVersion } from "../../../src/requirements/cluster-service-version.ts";
import type { Workload } from "../../../src/requirements/workload.ts";
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
    const given = createPictureBuilder(
      [
        {
          ...controller({ releases: [release(">=1.0.0", [gears])] }),
          when: { kind: "config-map", key: { namespace: null, name: "c", key: "k" }, test: { kind: "equals", value: "on" } },
        },
      ],
      () => value,
    );
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

  it("does not hang on the order in which things come and go", () => {
    const other: Workload["ref"] = { kind: "Deployment", namespace: "mill", name: "other" };
    const steps: readonly ((given: PictureBuilder) => void)[] = [
      (given) => {
        given.putWorkload(workload());
      },
      (given) => {
        given.putWorkload(workload({ ref: other, annotations: { "crdguard.dev/requires": "nonsense" } }));
      },
      (given) => {
        given.putApiRequirement(declared);
      },
      (given) => {
        given.putClusterServiceVersion({ ...csv, deployments: ["other"] });
      },
      (given) => {
        given.putCrd(crd({ served: ["v1"] }));
      },
    ];
    const undo: readonly ((given: PictureBuilder) => void)[] = [
      (given) => {
        given.removeWorkload(workload().ref);
      },
      (given) => {
        given.removeWorkload(other);
      },
      (given) => {
        given.removeApiRequirement("mill", "declared");
      },
      (given) => {
        given.removeClusterServiceVersion("mill", "turner.v1");
      },
      (given) => {
        given.removeCrd("gears.own.dev");
      },
    ];
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 });
    fc.assert(
      fc.property(order, fc.subarray([0, 1, 2, 3, 4]), fc.array(fc.nat(4)), (first, gone, looks) => {
        const given = builder();
        for (const index of first) {
          steps[index]?.(given);
          if (looks.includes(index)) given.build();
        }
        for (const index of gone) undo[index]?.(given);
        const anew = builder();
        for (const index of [0, 1, 2, 3, 4]) if (!gone.includes(index)) steps[index]?.(anew);

        expect(given.build()).toEqual(anew.build());
      }),
    );
  });
});
