/** @file What the catalog says becomes of a controller that was started, over a given set of CRDs. */
import type { Catalog } from "../../../src/requirements/catalog.ts";
import { findNeeds } from "../../../src/requirements/needs.ts";
import { parseWorkload } from "../../../src/requirements/workload.ts";
import type { Need } from "../../../src/rules/facts.ts";
import { apiState, compareHarm, crdNameOf, isHard, outcomeIn } from "../../../src/rules/requirement.ts";
import type { ControllerRelease } from "./controller.ts";
import type { CrdSet } from "./crds.ts";
import type { Seen } from "./seen.ts";

export interface Expectation extends Seen {
  /** Needs that these CRDs do not meet. */
  readonly unmetCount: number;
}

/** @returns nothing where the catalog does not know the release, or it is not switched on by these arguments. */
export function needsOf(release: ControllerRelease, catalog: Catalog): readonly Need[] {
  const workload = parseWorkload(deploymentOf(release));
  if (workload === null) throw new Error(`the Deployment of ${release.id} could not be read`);
  const readSetting = (namespace: string, name: string, key: string) => release.settings?.[`${namespace}/${name}/${key}`];
  return findNeeds(workload, { catalog, readSetting, apiRequirements: [], clusterServiceVersions: [] }).needs.filter(isAbout);
}

export function expectedOf(needs: readonly Need[], crds: CrdSet): Expectation {
  const unmet = needs
    .map(({ requirement }) => {
      const name = crdNameOf(requirement);
      return { name, outcome: outcomeIn(requirement, apiState(requirement, crds.get(name)?.crd ?? null)) };
    })
    .filter(({ outcome }) => outcome !== "works");
  const outcome =
    unmet
      .map((each) => each.outcome)
      .toSorted(compareHarm)
      .at(-1) ?? "works";
  const lost = outcome === "loses-feature" ? unmet.map(({ name }) => name) : [];
  return { outcome, lost: [...new Set(lost)].toSorted(), unmetCount: unmet.length };
}

/**
 * Of several unmet needs, which comes first is not the catalog's to say: a controller that stops at what it finds absent
 * never gets to what would crash it. That it fails is.
 */
export function agrees(expected: Expectation, seen: Seen): boolean {
  if (expected.unmetCount > 1 && isHard(expected.outcome)) return isHard(seen.outcome);
  return expected.outcome === seen.outcome && expected.lost.join() === seen.lost.join();
}

/** A Deployment that would start the same process, as a user's cluster would hold it. */
export function deploymentOf({ id, image, namespace, args, env = {} }: ControllerRelease): Readonly<Record<string, unknown>> {
  const labels = { app: id };
  const place = { kubeconfig: "/etc/kubernetes/kubeconfig", workDir: "/etc/kubernetes" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: id, namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            { name: id, image, args: args(place), env: Object.entries(env).map(([name, value]) => ({ name, value })) },
          ],
        },
      },
    },
  };
}

/** Needs of this very release, whose conditions the arguments fulfil: what the catalog only guesses is no claim to test. */
function isAbout({ certainty }: Need): boolean {
  switch (certainty.kind) {
    case "known":
    case "unconfirmed":
      return true;
    case "assumed":
    case "conditional":
    case "unknown-version":
    case "replaced":
      return false;
  }
}
