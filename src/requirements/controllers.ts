/** @file Which controllers of the catalog are installed, and which CRDs their releases need: what leftovers are known by. */
import type { ControllerPresence, InstalledController } from "../health/facts.ts";
import { crdNameOf } from "../rules/requirement.ts";
import { type Catalog, type CatalogController, type CatalogRelease, controllersOf } from "./catalog.ts";
import type { ReadSetting } from "./condition.ts";
import { parseImage } from "./image.ts";
import { releasesInUse } from "./needs.ts";
import type { Workload } from "./workload.ts";

/**
 * Of controllers that bring definitions of these API groups along. A workload scaled to zero counts as installed, and needs
 * count under whatever setting they hold: somebody may scale it up, or switch the feature on.
 */
export function controllerPresences(
  catalog: Catalog,
  groups: ReadonlySet<string>,
  workloads: Iterable<Workload>,
): readonly ControllerPresence[] {
  const bringing = catalog.filter(({ owns }) => owns.some((group) => groups.has(group)));
  const installed = new Map<CatalogController, InstalledController[]>(bringing.map((controller) => [controller, []]));
  for (const workload of workloads) {
    for (const container of workload.containers) {
      for (const controller of controllersOf(catalog, parseImage(container.image))) {
        const found = releasesInUse(controller, workload, container, UNREAD);
        const wanted = found.isVersionKnown ? wantedBy(found.releases) : null;
        installed.get(controller)?.push({ workload: workload.ref, image: container.image, wanted });
      }
    }
  }
  return [...installed].map(([controller, own]) => ({
    id: controller.id,
    owns: controller.owns,
    everWanted: wantedBy(controller.releases),
    installed: own,
  }));
}

function wantedBy(releases: readonly CatalogRelease[]): ReadonlySet<string> {
  return new Set(releases.flatMap(({ needs }) => needs.map(({ requirement }) => crdNameOf(requirement))));
}

/** A version that stands in a ConfigMap is taken for unknown. */
const UNREAD: ReadSetting = () => undefined;
