/** @file What a person reads who waits. */
import type { Pace } from "./backup.ts";
import { bar, pacePhrase } from "./bar.ts";
import { countOf, numberOf, shown } from "./text.ts";

/** @param counts of objects read so far, by plural resource name, in the order in which they came. */
export function readingLine(server: string, counts: ReadonlyMap<string, number>): string {
  const parts = [...counts].map(([resource, count]) => `${numberOf(count)} ${resource}`);
  return `reading ${server}: ${parts.join(", ")}`;
}

/** How far live objects of one CRD are looked at. @param total 0: not known. */
export function lookingLine(crd: string, { done, total, perSecond, isBar }: Pace): string {
  const known = total >= done && total > 0;
  const count = known ? `${numberOf(done)} of about ${numberOf(total)} objects` : countOf(done, "object");
  return `${isBar && known ? `${bar(done, total)} ` : ""}looked at ${count} of ${shown(crd)}${pacePhrase(Math.max(0, total - done), perSecond)}`;
}

/** What `doctor` asks beside definitions and workloads. */
export function gatheringLine(
  step:
    | { readonly kind: "owners" | "objects" | "conversions"; readonly done: number; readonly of: number }
    | { readonly kind: "guard" },
): string {
  switch (step.kind) {
    case "owners":
      return `looking for owners of definitions… ${String(step.done)}/${String(step.of)}`;
    case "objects":
      return `counting objects… ${String(step.done)}/${String(step.of)}`;
    case "conversions":
      return `trying conversion webhooks… ${String(step.done)}/${String(step.of)}`;
    case "guard":
      return "looking at crdguard's own registration…";
  }
}
