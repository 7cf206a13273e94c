/** @file The shipped catalog, and workloads made to run a controller of it under given settings. */
import { readCatalog } from "../../../src/requirements/catalog-folder.ts";
import type { Catalog } from "../../../src/requirements/catalog.ts";
import type { ReadSetting } from "../../../src/requirements/condition.ts";
import { findNeeds } from "../../../src/requirements/needs.ts";
import { parseWorkload } from "../../../src/requirements/workload.ts";
import type { Need } from "../../../src/rules/facts.ts";

export const NAMESPACE = "system";

export interface Settings {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Values by `namespace/name/key`. A ConfigMap of which no key is given cannot be read. */
  readonly configMaps?: Readonly<Record<string, string>>;
}

export async function shippedCatalog(): Promise<Catalog> {
  const catalog = await readCatalog();
  if (!catalog.ok) throw new Error(catalog.error.message);
  return catalog.value;
}

/** What a Deployment with this one container needs. */
export function needsOf(catalog: Catalog, image: string, settings: Settings = {}): readonly Need[] {
  const { args = [], env = {}, labels = {} } = settings;
  const workload = parseWorkload({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: NAMESPACE, name: "controller", labels },
    spec: {
      template: {
        spec: {
          containers: [{ name: "main", image, args, env: Object.entries(env).map(([name, value]) => ({ name, value })) }],
        },
      },
    },
  });
  if (workload === null) throw new Error("the test's own Deployment is malformed");
  const readSetting = settingReader(settings);
  return findNeeds(workload, { catalog, readSetting, apiRequirements: [], clusterServiceVersions: [] }).needs;
}

export function settingReader({ configMaps = {} }: Settings): ReadSetting {
  return (namespace, name, key) => {
    const configMap = `${namespace}/${name}/`;
    if (!Object.keys(configMaps).some((place) => place.startsWith(configMap))) return undefined;
    return configMaps[`${configMap}${key}`] ?? null;
  };
}
