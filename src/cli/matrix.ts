/** @file `crdguard matrix`: which releases of a bundle do controllers get on with? */
import { createColors } from "picocolors";
import type { ClusterPicture } from "../cluster/picture.ts";
import { compatibilityMatrix, type SubjectTitle } from "../explain/matrix.ts";
import { matrixLines, matrixMarkdown } from "../explain/matrix-text.ts";
import { workloadName } from "../explain/subject.ts";
import type { Catalog } from "../requirements/catalog.ts";
import { type Configuration, DEFAULT_CONFIGURATION, findRelease, needsOfRelease } from "../requirements/releases.ts";
import { type Bundle, compareReleases } from "../rules/bundle.ts";
import { fitOf, minimumBundle, type Needy, recommendedBundle } from "../rules/compatibility.ts";
import { isSure } from "../rules/hurt.ts";
import { withCluster } from "./against.ts";
import { findController, unknownWord as unknown } from "./catalog-words.ts";
import type { ClusterFlags } from "./cluster-flags.ts";
import type { ConfigMapName } from "./config-map-name.ts";
import { CommandError, EXIT, type ExitStatus } from "./exit-status.ts";
import { loadBundles, loadCatalog, refuseCatalogConfigMap } from "./sources.ts";
import type { Terminal } from "./terminal.ts";

export interface MatrixOptions extends ClusterFlags {
  /** `<controller>=<version>[ <argument or NAME=value>…]` */
  readonly with: readonly string[];
  /** `live`, a snapshot, or a folder of manifests: the workloads that run there. */
  readonly against: string | undefined;
  readonly controller: readonly string[];
  /** Releases of the bundle. */
  readonly release: readonly string[];
  readonly channel: readonly string[];
  readonly output: "text" | "json" | "markdown";
  readonly catalog: readonly string[];
  readonly catalogConfigMap: ConfigMapName | undefined;
}

export async function matrix(bundleName: string, options: MatrixOptions, terminal: Terminal): Promise<ExitStatus> {
  const { against } = options;
  if (against === undefined && options.catalogConfigMap !== undefined)
    throw refuseCatalogConfigMap("a catalog without a cluster");
  if (options.controller.length > 0 && (options.against !== undefined || options.with.length > 0)) {
    throw new CommandError(
      EXIT.usage,
      "flags-conflict",
      "--controller lists from the catalog, --with and --against ask for a set of controllers: give one or the other",
    );
  }
  const scope = scopeOf(bundleName, await loadBundles(), options);
  const catalog = await loadCatalog(options.catalog);
  const given = options.with.map((text) => givenSubject(text, catalog, scope));
  if (against === undefined) {
    const subjects = given.length > 0 ? given : cataloguedSubjects(catalog, scope, options.controller);
    return tell({ subjects, notJudged: [], isSet: given.length > 0 }, scope, options, terminal);
  }
  return withCluster({ ...options, against }, { catalog }, terminal, (cluster) =>
    tell(runningSubjects(cluster.picture(), given, scope), scope, options, terminal),
  );
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

/** What is asked about. */
interface Scope {
  readonly name: string;
  /** The chosen releases. */
  readonly bundles: readonly Bundle[];
  /** Kind by the name of the CRD, of all releases: what a chosen one lacks is needed all the same. */
  readonly kinds: ReadonlyMap<string, string>;
}

function tell(asked: Asked, { name, bundles, kinds }: Scope, options: MatrixOptions, terminal: Terminal): ExitStatus {
  const { subjects, isSet } = asked;
  const choice = isSet
    ? { minimum: minimumBundle(subjects, bundles), recommended: recommendedBundle(subjects, bundles) }
    : { minimum: null, recommended: null };
  const report = compatibilityMatrix(
    name,
    subjects.map((subject) => ({ title: subject.title, fits: bundles.map((bundle) => fitOf(subject, bundle)) })),
    choice,
    asked.notJudged,
    kinds,
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

function scopeOf(name: string, all: readonly Bundle[], { release, channel }: MatrixOptions): Scope {
  const ofName = all.filter((bundle) => bundle.name === name);
  if (ofName.length === 0) throw unknown("bundle-unknown", name, [...new Set(all.map((bundle) => bundle.name))], "bundle");
  const versions = [...new Set(ofName.map(({ version }) => version))].toSorted(compareReleases);
  const channels = [...new Set(ofName.map((bundle) => bundle.channel))];
  const wanted = release.map((version) => version.replace(/^v/, ""));
  for (const version of wanted)
    if (!versions.includes(version)) throw unknown("release-unknown", version, versions, `release of ${name}`);
  for (const one of channel) if (!channels.includes(one)) throw unknown("channel-unknown", one, channels, `channel of ${name}`);
  return {
    name,
    bundles: ofName.filter(
      (bundle) =>
        (wanted.length === 0 || wanted.includes(bundle.version)) && (channel.length === 0 || channel.includes(bundle.channel)),
    ),
    kinds: new Map(ofName.flatMap(({ crds }) => [...crds].map(([crd, { kind }]) => [crd, kind] as const))),
  };
}

/** Every release of the catalog that needs something of the bundle. */
function cataloguedSubjects(catalog: Catalog, { kinds }: Scope, ids: readonly string[]): readonly Subject[] {
  const chosen = ids.length === 0 ? catalog : ids.map((id) => findController(id, catalog));
  return chosen.flatMap((controller) =>
    controller.releases.flatMap((release): readonly Subject[] => {
      const { premise, needs, under } = needsOfRelease(controller, release, DEFAULT_CONFIGURATION, (crd) => kinds.has(crd));
      const title: SubjectTitle = {
        controller: controller.id,
        versions: release.versions,
        confidence: release.confidence,
        workload: null,
        premise,
        setting: null,
        notCounted: [],
      };
      return [
        ...(needs.length === 0 ? [] : [{ title: { ...title, notCounted: under.map(({ setting }) => setting) }, needs }]),
        ...under.map((own) => ({ title: { ...title, setting: own.setting }, needs: own.needs })),
      ];
    }),
  );
}

/** @param text `envoy-gateway=1.2.1`, or `traefik=3.7.2 --providers.kubernetesgateway` with the settings that matter. */
function givenSubject(text: string, catalog: Catalog, { kinds }: Scope): Subject {
  const [pair = "", ...settings] = text.trim().split(/\s+/);
  const [id = "", version, ...rest] = pair.split("=");
  if (version === undefined || version === "" || rest.length > 0) {
    throw new CommandError(
      EXIT.usage,
      "with-malformed",
      `--with "${text}" is not of the form <controller>=<version>, or "<controller>=<version> <argument or NAME=value>…"`,
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
  const { premise, needs, under } = needsOfRelease(controller, release, configurationOf(settings), (crd) => kinds.has(crd));
  return {
    title: {
      controller: controller.id,
      versions: [version, ...settings].join(" "),
      confidence: release.confidence,
      workload: null,
      premise,
      setting: null,
      notCounted: under.map(({ setting }) => setting),
    },
    needs,
  };
}

/** Environment variables by convention in capitals; all else is an argument. */
function configurationOf(words: readonly string[]): Configuration {
  const variables = words.flatMap((word) => {
    const { name, value } = /^(?<name>[A-Z_][A-Z0-9_]*)=(?<value>.*)$/.exec(word)?.groups ?? {};
    return name === undefined || value === undefined ? [] : [{ word, name, value }];
  });
  return {
    args: words.filter((word) => !variables.some((variable) => variable.word === word)),
    env: Object.fromEntries(variables.map(({ name, value }) => [name, value])),
  };
}

function runningSubjects(picture: ClusterPicture | null, given: readonly Subject[], { kinds }: Scope): Asked {
  const needs = [...(picture?.needs ?? [])].filter(([crd]) => kinds.has(crd)).flatMap(([, own]) => own);
  const byWorkload = Map.groupBy(needs, (need) => workloadName(need.workload));
  const judged = [...byWorkload].map(([name, own]) => ({
    name,
    needs: own.filter(isSure),
    notCounted: [...new Set(own.flatMap(({ certainty }) => (certainty.kind === "conditional" ? [certainty.condition] : [])))],
  }));
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
              confidence: null,
              workload: workload.name,
              premise: null,
              setting: null,
              notCounted: workload.notCounted,
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
