/** @file `crdguard matrix`: which releases of a bundle do controllers get on with? */
import { createColors } from "picocolors";
import type { ClusterPicture } from "../cluster/picture.ts";
import { compatibilityMatrix, matrixLines, matrixMarkdown, type SubjectTitle } from "../explain/matrix.ts";
import { workloadName } from "../explain/subject.ts";
import type { Catalog, CatalogController } from "../requirements/catalog.ts";
import { nearestWord } from "../requirements/nearest-word.ts";
import { findRelease, needsOfRelease } from "../requirements/releases.ts";
import { type Bundle, compareReleases } from "../rules/bundle.ts";
import { crdNamesOf, fitOf, minimumBundle, type Needy, recommendedBundle } from "../rules/compatibility.ts";
import type { Need } from "../rules/facts.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { loadBundles, loadCatalog, openFolderCluster, refuseCatalogConfigMap } from "./sources.ts";
import type { Terminal } from "./terminal.ts";

export interface MatrixOptions {
  /** `<controller>=<version>[ <argument>…]` */
  readonly with: readonly string[];
  /** A folder of manifests, or `live`: the workloads that run there. */
  readonly against: string | undefined;
  readonly controller: readonly string[];
  /** Releases of the bundle. */
  readonly release: readonly string[];
  readonly channel: readonly string[];
  readonly output: "text" | "json" | "markdown";
  readonly catalog: readonly string[];
  readonly catalogConfigMap: ConfigMapName | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

export async function matrix(bundleName: string, options: MatrixOptions, terminal: Terminal): Promise<ExitStatus> {
  if (options.against !== "live" && options.catalogConfigMap !== undefined)
    throw refuseCatalogConfigMap("a catalog without a cluster");
  if (options.against !== undefined && options.controller.length > 0) {
    throw new CommandError(
      EXIT.usage,
      "flags-conflict",
      "--controller chooses from the catalog, and --against from a cluster: give one of them",
    );
  }
  const bundles = chooseReleases(bundleName, await loadBundles(), options);
  const catalog = await loadCatalog(options.catalog);
  const given = options.with.map((text) => givenSubject(text, catalog, bundles));
  switch (options.against) {
    case undefined: {
      const subjects = given.length > 0 ? given : cataloguedSubjects(catalog, bundles, options.controller);
      return tell(bundleName, { subjects, notJudged: [], isSet: given.length > 0 }, bundles, options, terminal);
    }
    case "live": {
      const { withLiveCluster } = await import("./live-source.ts");
      return withLiveCluster(options, catalog, terminal, (cluster) =>
        Promise.resolve(tell(bundleName, runningSubjects(cluster.picture(), given, bundles), bundles, options, terminal)),
      );
    }
    default: {
      const cluster = await openFolderCluster(options.against, catalog);
      return tell(bundleName, runningSubjects(cluster.picture(), given, bundles), bundles, options, terminal);
    }
  }
}

interface Subject extends Needy {
  readonly title: SubjectTitle;
}

interface Asked {
  readonly subjects: readonly Subject[];
  readonly notJudged: readonly string[];
  /** A bundle for all of them together is asked for. */
  readonly isSet: boolean;
}

function tell(
  bundleName: string,
  asked: Asked,
  bundles: readonly Bundle[],
  options: MatrixOptions,
  terminal: Terminal,
): ExitStatus {
  const { subjects, isSet } = asked;
  const choice = isSet
    ? { minimum: minimumBundle(subjects, bundles), recommended: recommendedBundle(subjects, bundles) }
    : { minimum: null, recommended: null };
  const report = compatibilityMatrix(
    bundleName,
    subjects.map((subject) => ({ title: subject.title, fits: bundles.map((bundle) => fitOf(subject, bundle)) })),
    choice,
    asked.notJudged,
    new Map(bundles.flatMap(({ crds }) => [...crds].map(([name, { kind }]) => [name, kind] as const))),
  );
  switch (options.output) {
    case "json":
      terminal.print(`${JSON.stringify(report, null, 2)}\n`);
      break;
    case "markdown":
      terminal.print(`${matrixMarkdown(report, isSet)}\n`);
      break;
    case "text":
      terminal.print(
        `${matrixLines(report, { isSet, detail: isWhole(options) ? "brief" : "full" }, createColors(terminal.hasColors)).join("\n")}\n`,
      );
      break;
  }
  return isSet && choice.minimum === null ? EXIT.denied : EXIT.allowed;
}

/** Nobody reads the causes of a hundred releases. */
function isWhole(options: MatrixOptions): boolean {
  return options.with.length + options.controller.length === 0 && options.against === undefined;
}

function chooseReleases(name: string, all: readonly Bundle[], { release, channel }: MatrixOptions): readonly Bundle[] {
  const ofName = all.filter((bundle) => bundle.name === name);
  if (ofName.length === 0) throw unknown("bundle-unknown", name, [...new Set(all.map((bundle) => bundle.name))], "bundle");
  const versions = [...new Set(ofName.map(({ version }) => version))].toSorted(compareReleases);
  const channels = [...new Set(ofName.map((bundle) => bundle.channel))];
  const wanted = release.map((version) => version.replace(/^v/, ""));
  for (const version of wanted)
    if (!versions.includes(version)) throw unknown("release-unknown", version, versions, `release of ${name}`);
  for (const one of channel) if (!channels.includes(one)) throw unknown("channel-unknown", one, channels, `channel of ${name}`);
  return ofName.filter(
    (bundle) =>
      (wanted.length === 0 || wanted.includes(bundle.version)) && (channel.length === 0 || channel.includes(bundle.channel)),
  );
}

/** Every release of the catalog that needs something of the bundle. */
function cataloguedSubjects(catalog: Catalog, bundles: readonly Bundle[], ids: readonly string[]): readonly Subject[] {
  const names = crdNamesOf(bundles);
  const chosen = ids.length === 0 ? catalog : ids.map((id) => findController(id, catalog));
  return chosen.flatMap((controller) =>
    controller.releases.flatMap((release) =>
      needsOfRelease(controller, release, [], (crd) => names.has(crd)).map(({ needs, ...title }) => ({
        title: { ...title, workload: null },
        needs,
      })),
    ),
  );
}

/** @param text `envoy-gateway=1.2.1`, or `traefik=3.7.2 --providers.kubernetesgateway` with the arguments that matter. */
function givenSubject(text: string, catalog: Catalog, bundles: readonly Bundle[]): Subject {
  const [pair = "", ...args] = text.trim().split(/\s+/);
  const [id = "", version, ...rest] = pair.split("=");
  if (version === undefined || version === "" || rest.length > 0) {
    throw new CommandError(
      EXIT.usage,
      "with-malformed",
      `--with "${text}" is not of the form <controller>=<version>, or "<controller>=<version> <argument>…"`,
    );
  }
  const controller = findController(id, catalog);
  const release = findRelease(controller, version);
  if (release === null) {
    const known = controller.releases.map(({ versions }) => `"${versions}"`).join(", ");
    throw new CommandError(
      EXIT.usage,
      "release-unknown",
      `--with ${pair}: the catalog knows ${controller.id} of the versions ${known}`,
    );
  }
  const names = crdNamesOf(bundles);
  const own = needsOfRelease(controller, release, args, (crd) => names.has(crd)).find(({ setting }) => setting === null);
  const versions = args.length === 0 ? version : `${version} ${args.join(" ")}`;
  return {
    title: { controller: controller.id, versions, workload: null, premise: own?.premise ?? null, setting: null },
    needs: own?.needs ?? [],
  };
}

/** By id, or by the beginning of one that no other shares: `cilium` for `cilium-operator`. */
function findController(id: string, catalog: Catalog): CatalogController {
  const exact = catalog.find((controller) => controller.id === id);
  if (exact !== undefined) return exact;
  const beginning = catalog.filter((controller) => id !== "" && controller.id.startsWith(`${id}-`));
  const [only] = beginning;
  if (only !== undefined && beginning.length === 1) return only;
  if (beginning.length > 1) {
    throw new CommandError(
      EXIT.usage,
      "controller-ambiguous",
      `"${id}" may be any of ${beginning.map((controller) => controller.id).join(", ")}`,
    );
  }
  throw unknown(
    "controller-unknown",
    id,
    catalog.map((controller) => controller.id),
    "controller in the catalog",
  );
}

function runningSubjects(picture: ClusterPicture | null, given: readonly Subject[], bundles: readonly Bundle[]): Asked {
  const names = crdNamesOf(bundles);
  const needs = [...(picture?.needs ?? [])].filter(([crd]) => names.has(crd)).flatMap(([, own]) => own);
  const byWorkload = Map.groupBy(needs, (need) => workloadName(need.workload));
  const judged = [...byWorkload].map(([name, own]) => ({ name, needs: own.filter(isSure) }));
  return {
    subjects: [
      ...judged
        .filter((workload) => workload.needs.length > 0)
        .toSorted((left, right) => (left.name < right.name ? -1 : 1))
        .map((workload): Subject => {
          const [first] = workload.needs;
          return {
            title: {
              controller: first?.source.kind === "catalog" ? first.source.controller : null,
              versions: null,
              workload: workload.name,
              premise: null,
              setting: null,
            },
            needs: workload.needs.map(({ requirement, source }) => ({
              requirement,
              effect: source.kind === "catalog" ? source.effect : null,
            })),
          };
        }),
      ...given,
    ],
    notJudged: judged
      .filter((workload) => workload.needs.length === 0)
      .map(({ name }) => name)
      .toSorted(),
    isSet: true,
  };
}

function isSure({ certainty }: Need): boolean {
  return certainty.kind === "known" || certainty.kind === "assumed";
}

function unknown(code: string, word: string, candidates: readonly string[], what: string): CommandError {
  const meant = nearestWord(word, candidates);
  return new CommandError(
    EXIT.usage,
    code,
    `"${word}" is no ${what}${meant === null ? `; known: ${candidates.join(", ")}` : `; did you mean "${meant}"?`}`,
  );
}
