/** @file What `check` is asked about: manifests from files, folders, URLs, standard input and kustomizations, each object once. */
import type { Applied } from "../cluster/preview.ts";
import { readContents } from "../cluster/snapshot/contents.ts";
import { nameOfManifest } from "../cluster/snapshot/manifest-name.ts";
import { type Manifest, parseManifests, readManifests } from "../cluster/snapshot/manifests.ts";
import { compareText } from "../crd/compare-text.ts";
import type { CheckInput } from "../explain/check-input.ts";
import { CommandError, EXIT } from "./exit-status.ts";
import { readAll } from "./terminal.ts";

export interface BundleOptions {
  readonly filename: readonly string[];
  /** Folders with a kustomization. */
  readonly kustomize: readonly string[];
  /** Names of CRDs that would be deleted. */
  readonly delete: readonly string[];
  readonly recursive: boolean;
  /** Of objects whose manifest names none. */
  readonly namespace: string;
  readonly allowPrivateUrls: boolean;
  /** `<controller>=<version>`, which is enough to ask for; undefined: nobody can be asked for so. */
  readonly with?: readonly string[];
}

export interface Bundle {
  readonly applied: Applied;
  /** Names of CRDs, each once. */
  readonly deleted: readonly string[];
  readonly input: CheckInput;
  readonly manifests: readonly Manifest[];
}

/** @throws CommandError for what cannot be read, and for nothing at all. */
export async function readBundle(options: BundleOptions): Promise<Bundle> {
  return bundleOf(await readGiven(options), options);
}

/** All that was given, what was given twice among it. @throws CommandError for what cannot be read, and where nothing was asked for. */
export async function readGiven(options: BundleOptions): Promise<readonly Manifest[]> {
  const { filename, kustomize, delete: deleted, with: controllers } = options;
  if (filename.length + kustomize.length + deleted.length + (controllers?.length ?? 0) === 0) {
    throw new CommandError(
      EXIT.usage,
      "nothing-to-check",
      "give the new CRDs and workloads: -f FILE, -f FOLDER, -f URL, -k FOLDER, or -f - for standard input; or --delete CRD" +
        (controllers === undefined ? "" : ", or --with CONTROLLER=VERSION"),
    );
  }
  return readAllManifests(options);
}

/** @param read of which the last of each object counts. @throws CommandError for what cannot be judged. */
export function bundleOf(read: readonly Manifest[], options: BundleOptions): Bundle {
  const sources = [...options.filename, ...options.kustomize];
  const { manifests, repeated } = lastOfEach(read, options.namespace);
  const contents = readContents(manifests, options.namespace);
  if (!contents.ok) throw new CommandError(EXIT.usage, contents.error.code, contents.error.message);
  const { crds, workloads, apiRequirements, clusterServiceVersions, configMaps, guardPolicies, others } = contents.value;
  const isNothingGiven = sources.length === 0 && (options.with?.length ?? 0) > 0;
  if (crds.length + workloads.length + options.delete.length === 0 && !isNothingGiven) {
    throw new CommandError(
      EXIT.usage,
      "nothing-to-check",
      `${sources.join(", ")}: no CustomResourceDefinition, Deployment, StatefulSet or DaemonSet in there`,
    );
  }
  const both = crds.find(({ name }) => options.delete.includes(name));
  if (both !== undefined) {
    throw new CommandError(EXIT.usage, "flags-conflict", `--delete ${both.name}: it is among what is applied too: leave out one`);
  }
  const kinds = Map.groupBy(others, ({ object }) => String(object["kind"]));
  return {
    applied: contents.value,
    deleted: [...new Set(options.delete)],
    manifests,
    input: {
      customResourceDefinitions: crds.length,
      workloads: workloads.length,
      apiRequirements: apiRequirements.length,
      configMaps: configMaps.size,
      guardPolicies: guardPolicies.length,
      notJudged: Object.fromEntries(
        [
          ...[...kinds].map(([kind, own]) => [kind, own.length] as const),
          ...(clusterServiceVersions.length === 0 ? [] : [["ClusterServiceVersion", clusterServiceVersions.length] as const]),
        ].toSorted(([left], [right]) => compareText(left, right)),
      ),
      repeated,
    },
  };
}

async function readAllManifests(options: BundleOptions): Promise<readonly Manifest[]> {
  const read = await readManifests(options.filename, {
    isRecursive: options.recursive,
    readStandardInput: () => readAll(process.stdin),
    urls: { mayBePrivate: options.allowPrivateUrls },
  });
  if (!read.ok) throw new CommandError(EXIT.usage, read.error.code, read.error.message);
  const manifests = [...read.value];
  for (const folder of options.kustomize) {
    const { buildKustomization } = await import("../cluster/snapshot/kustomize.ts");
    const built = await buildKustomization(folder);
    if (!built.ok) throw new CommandError(EXIT.usage, built.error.code, built.error.message);
    const parsed = await parseManifests(`(kustomization ${folder})`, built.value);
    if (!parsed.ok) throw new CommandError(EXIT.usage, parsed.error.code, parsed.error.message);
    manifests.push(...parsed.value);
  }
  return manifests;
}

/** `kubectl apply` applies one after the other, so that the last one stays. Objects without a name are left to their reader. */
function lastOfEach(
  manifests: readonly Manifest[],
  namespace: string,
): { readonly manifests: readonly Manifest[]; readonly repeated: CheckInput["repeated"] } {
  const groups = Map.groupBy(manifests, (manifest) => identityOf(manifest, namespace) ?? manifest);
  const last = new Set([...groups.values()].map((own) => own.at(-1)));
  return {
    manifests: manifests.filter((manifest) => last.has(manifest)),
    repeated: [...groups].flatMap(([identity, own]) =>
      typeof identity === "string" && own.length > 1
        ? [{ object: identity, places: own.map(({ file, line }) => `${file}:${String(line)}`) }]
        : [],
    ),
  };
}

/** `Deployment.apps mill/turner`; null for what has no name. */
function identityOf(manifest: Manifest, defaultNamespace: string): string | null {
  const named = nameOfManifest(manifest, defaultNamespace);
  if (named === null) return null;
  const { kind, group, namespace, name } = named;
  if (kind === "CustomResourceDefinition") return `${kind} ${name}`;
  return `${kind}${group === "" ? "" : `.${group}`} ${namespace}/${name}`;
}
