/** @file `crdguard catalog show`: what does the catalog know? */
import { listOf, quoted, shown } from "../explain/text.ts";
import type { Catalog, CatalogController, CatalogRelease } from "../requirements/catalog.ts";
import { isInRange, readTagVersion } from "../requirements/image.ts";
import { nearestWord } from "../crd/nearest-word.ts";
import { controllerLines, controllerReport, listLines, listReport, spanOf } from "./catalog-report.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { loadCatalog } from "./sources.ts";
import type { Terminal } from "./terminal.ts";

export interface ShowCatalogOptions {
  readonly output: "text" | "json";
  /** Files and folders of the user's own entries. */
  readonly catalog: readonly string[];
}

/** @param wanted `traefik`, or `traefik@3.7.2` for what that release needs; undefined for the list of controllers. */
export async function showCatalog(
  wanted: string | undefined,
  options: ShowCatalogOptions,
  terminal: Terminal,
): Promise<ExitStatus> {
  const catalog = await loadCatalog(options.catalog);
  const print = (report: unknown, lines: readonly string[]): ExitStatus => {
    terminal.print(options.output === "json" ? `${JSON.stringify(report, null, 2)}\n` : `${lines.join("\n")}\n`);
    return EXIT.allowed;
  };
  if (wanted === undefined) return print(listReport(catalog), listLines(catalog));

  const at = wanted.indexOf("@");
  const controller = findController(catalog, at === -1 ? wanted : wanted.slice(0, at));
  const releases = at === -1 ? controller.releases : [findRelease(controller, wanted.slice(at + 1))];
  const asked = { ...controller, releases };
  return print(controllerReport(asked), controllerLines(asked));
}

function findController(catalog: Catalog, id: string): CatalogController {
  const found = catalog.find((controller) => controller.id === id);
  if (found !== undefined) return found;
  const similar = catalog.map((controller) => controller.id).filter((known) => id !== "" && known.includes(id));
  const nearest = nearestWord(
    id,
    catalog.map((controller) => controller.id),
  );
  const meant = similar.length > 0 ? similar : nearest === null ? [] : [nearest];
  throw new CommandError(
    EXIT.usage,
    "controller-unknown",
    `no controller ${quoted(id)} in the catalog` +
      (meant.length === 0 ? "" : `; did you mean ${listOf(meant.map(quoted), "or")}?`) +
      " (crdguard catalog show lists all)",
  );
}

function findRelease(controller: CatalogController, text: string): CatalogRelease {
  const version = readTagVersion(text, controller.tagPrefixes);
  if (version.kind === "unknown") {
    throw new CommandError(
      EXIT.usage,
      "version-malformed",
      `${quoted(text)} tells no version: give it as the tag of its image does, as in ${controller.id}@1.2.3`,
    );
  }
  const release = controller.releases.find(({ versions }) => isInRange(version, versions));
  if (release !== undefined) return release;
  throw new CommandError(
    EXIT.usage,
    "release-unknown",
    `the catalog does not know ${controller.id} ${shown(text)}: it knows ${spanOf(controller)} (crdguard catalog show ${controller.id})`,
  );
}
