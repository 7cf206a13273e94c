/** @file What the catalog says becomes of a controller that was started, over a given set of CRDs. */
import type { Catalog } from "../../../src/requirements/catalog.ts";
import { findNeeds } from "../../../src/requirements/needs.ts";
import { parseWorkload } from "../../../src/requirements/workload.ts";
import type { Need } from "../../../src/rules/facts.ts";
import { apiState, compareHarm, crdNameOf, type Outcome, outcomeIn } from "../../../src/rules/requirement.ts";
import type { ControllerRelease } from "./controller.ts";
import type { CrdSet } from "./crds.ts";

export interface Expectation {
  readonly outcome: Outcome;
  /**
   * Of several needs that fail at once, one may come first: a controller that stops at what it finds absent never gets to
   * what would crash it. Null where that cannot be.
   */
  readonly insteadOutcome: Outcome | null;
  /** CRDs whose loss costs it no more than a feature, by name; empty where it fails as a whole. */
  readonly lost: readonly string[];
}

/** @returns nothing where the catalog does not know the release, or it is not switched on by these arguments. */
export function needsOf(release: ControllerRelease, catalog: Catalog): readonly Need[] {
  const workload = parseWorkload(deploymentOf(release));
  if (workload === null) throw new Error(`the Deployment of ${release.id} could not be read`);
  const readSetting = (namespace: string, name: string, key: string) => release.settings?.[`${namespace}/${name}/${key}`];
  return findNeeds(workload, { catalog, readSetting, apiRequirements: [], clusterServiceVersions: [] }).needs.filter(isAbout);
}

export function expectedOf(needs: readonly Need[], crds: CrdSet): Expectation {
  const outcomes = needs.map(({ requirement }) => {
    const name = crdNameOf(requirement);
    return { name, outcome: outcomeIn(requirement, apiState(requirement, crds.get(name)?.crd ?? null)) };
  });
  const outcome = outcomes
    .map((each) => each.outcome)
    .reduce((worst, next) => (compareHarm(next, worst) > 0 ? next : worst), "works");
  const lost = outcomes.filter((each) => each.outcome === "loses-feature").map(({ name }) => name);
  return {
    outcome,
    insteadOutcome: outcome === "crashes" && outcomes.some((each) => each.outcome === "stops-working") ? "stops-working" : null,
    lost: outcome === "loses-feature" ? [...new Set(lost)].toSorted() : [],
  };
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
