/** @file Which CRDs nobody needs any more, as far as the catalog knows who ever did. */
import type { Crd } from "../crd/crd.ts";
import type { ControllerPresence, HealthFacts, InstalledController } from "./facts.ts";

export type Leftover =
  /** Controllers that this group comes with are there, and none of their releases needs the CRD, as older ones did. */
  | {
      readonly kind: "outgrown";
      readonly controller: string;
      readonly installed: readonly [InstalledController, ...InstalledController[]];
    }
  /** No workload of any controller that has ever needed it is there. */
  | { readonly kind: "controller-absent"; readonly controllers: readonly [string, ...string[]] };

/**
 * Null for a CRD that the catalog does not know to come with a controller, that a workload needs, or of which a controller's
 * version is not known: what is unknown is no leftover.
 */
export function leftoverOf(crd: Crd, { controllers, needs }: Pick<HealthFacts, "controllers" | "needs">): Leftover | null {
  if ((needs.get(crd.name) ?? []).length > 0) return null;
  const bringing = controllers.filter(({ owns, everWanted }) => owns.includes(crd.group) && everWanted.has(crd.name));
  const [first, ...others] = bringing;
  if (first === undefined) return null;
  const installed = bringing.flatMap((controller) => controller.installed);
  const [one, ...more] = installed;
  if (one === undefined) return { kind: "controller-absent", controllers: [first.id, ...others.map(({ id }) => id)] };
  if (installed.some(({ wanted }) => wanted === null || wanted.has(crd.name))) return null;
  return { kind: "outgrown", controller: controllerOf(one, bringing), installed: [one, ...more] };
}

function controllerOf(installed: InstalledController, controllers: readonly ControllerPresence[]): string {
  return controllers.find((controller) => controller.installed.includes(installed))?.id ?? "";
}
