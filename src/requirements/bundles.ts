/** @file Reads the releases of known bundles, which come with crdguard. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import { parseDocument } from "yaml";
import { type Crd, type CrdVersion, UNRECORDED } from "../crd/crd.ts";
import { BUILT_IN_FOLDER } from "./built-in-folder.ts";
import { type Bundle, compareBundles, compareReleases } from "../rules/bundle.ts";

export type BundlesResult =
  | { readonly ok: true; readonly value: readonly Bundle[] }
  | { readonly ok: false; readonly error: { readonly code: "bundles-malformed"; readonly message: string } };

/** @param folder one YAML file a bundle. */
export async function readBundles(folder: string = join(BUILT_IN_FOLDER, "bundles")): Promise<BundlesResult> {
  const bundles: Bundle[] = [];
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".yaml")).toSorted()) {
    const document = parseDocument(await readFile(join(folder, file), "utf8"));
    const [mistake] = document.errors;
    if (mistake !== undefined) return malformed(`${file}: ${mistake.message.split("\n", 1)[0] ?? "is no YAML"}`);
    const result = parseBundles(document.toJS());
    if (!result.ok) return malformed(`${file}: ${result.error.message}`);
    bundles.push(...result.value);
  }
  return { ok: true, value: bundles };
}

/** @param input one parsed file, which tells of each CRD at which releases its versions changed. */
export function parseBundles(input: unknown): BundlesResult {
  if (!isBundleFile(input)) {
    const first = isBundleFile.errors?.[0];
    return malformed(`${first?.instancePath === "" ? "/" : (first?.instancePath ?? "/")} ${first?.message ?? "is malformed"}`);
  }
  const known = new Set(input.releases.map(({ version }) => version));
  const bundles: Bundle[] = [];
  for (const [channel, definitions] of Object.entries(input.channels)) {
    for (const [name, { since }] of Object.entries(definitions)) {
      const stray = Object.keys(since).find((version) => !known.has(version));
      if (stray !== undefined) return malformed(`/channels/${channel}/${name}: ${stray} is not among the releases`);
    }
    for (const { version, released } of input.releases) {
      const crds = Object.entries(definitions).flatMap(([name, definition]): readonly (readonly [string, Crd])[] => {
        const versions = versionsAt(definition.since, version);
        return versions === null ? [] : [[name, toCrd(name, definition, versions, { version: `v${version}`, channel })]];
      });
      if (crds.length === 0) continue;
      bundles.push({
        name: input.bundle,
        title: input.description,
        version,
        channel,
        releasedOn: released,
        installUrl: input.install?.replace("RELEASE", `v${version}`).replace("CHANNEL", channel) ?? null,
        crds: new Map(crds),
      });
    }
  }
  return { ok: true, value: bundles.toSorted(compareBundles) };
}

interface BundleFile {
  readonly bundle: string;
  readonly description: string;
  readonly source: string;
  readonly install?: string;
  readonly releases: readonly { readonly version: string; readonly released: string }[];
  readonly channels: Readonly<Record<string, Readonly<Record<string, Definition>>>>;
}

interface Definition {
  readonly kind: string;
  readonly scope?: "Namespaced" | "Cluster";
  /** By the release that changed them: `v1* v1alpha2(unserved)`, or `absent`. */
  readonly since: Readonly<Record<string, string>>;
}

const VERSION_WORD = /^(?<name>v[a-z0-9]+)(?<storage>\*?)(?<unserved>\(unserved\))?$/;
const text = { type: "string", minLength: 1 } as const;

const isBundleFile = new Ajv().compile<BundleFile>({
  type: "object",
  required: ["bundle", "description", "source", "releases", "channels"],
  additionalProperties: false,
  properties: {
    bundle: text,
    description: text,
    source: text,
    install: text,
    releases: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["version", "released"],
        additionalProperties: false,
        properties: {
          version: { type: "string", pattern: "^\\d+\\.\\d+\\.\\d+$" },
          released: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\d$" },
        },
      },
    },
    channels: {
      type: "object",
      minProperties: 1,
      additionalProperties: {
        type: "object",
        minProperties: 1,
        additionalProperties: {
          type: "object",
          required: ["kind", "since"],
          additionalProperties: false,
          properties: {
            kind: text,
            scope: { enum: ["Namespaced", "Cluster"] },
            since: {
              type: "object",
              minProperties: 1,
              additionalProperties: {
                type: "string",
                pattern: "^(absent|v[a-z0-9]+\\*?(\\(unserved\\))?( v[a-z0-9]+\\*?(\\(unserved\\))?)*)$",
              },
            },
          },
        },
      },
    },
  },
});

/** @returns null where the release holds no such CRD. */
function versionsAt(since: Definition["since"], release: string): readonly CrdVersion[] | null {
  const latest = Object.keys(since)
    .filter((version) => compareReleases(version, release) <= 0)
    .toSorted(compareReleases)
    .at(-1);
  const words = latest === undefined ? "absent" : (since[latest] ?? "absent");
  return words === "absent" ? null : words.split(" ").map(toVersion);
}

function toVersion(word: string): CrdVersion {
  const { name, storage, unserved } = VERSION_WORD.exec(word)?.groups ?? {};
  return { name: name ?? word, isServed: unserved === undefined, isStorage: storage === "*" };
}

function toCrd(name: string, { kind, scope }: Definition, versions: readonly CrdVersion[], bundle: Crd["bundle"]): Crd {
  const dot = name.indexOf(".");
  return {
    name,
    plural: name.slice(0, dot),
    group: name.slice(dot + 1),
    kind,
    scope: scope ?? "Namespaced",
    versions,
    stored: { names: versions.filter(({ isStorage }) => isStorage).map((version) => version.name), source: "assumed" },
    bundle,
    ...UNRECORDED,
  };
}

function malformed(message: string): BundlesResult {
  return { ok: false, error: { code: "bundles-malformed", message } };
}
