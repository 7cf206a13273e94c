/** @file The ConfigMap keys that a catalog hangs needs on. */
import type { Catalog } from "../../requirements/catalog.ts";
import type { ReadSetting } from "../../requirements/needs.ts";
import { memberAt } from "./json.ts";

export interface ConfigMapKeys {
  readonly namespace: string;
  readonly name: string;
  readonly keys: ReadonlySet<string>;
}

/** Values of the wanted keys; a key that the ConfigMap lacks is not in it. */
export type SettingValues = ReadonlyMap<string, string>;

/** One entry a ConfigMap, with all the keys that any catalog entry asks for. */
export function wantedConfigMaps(catalog: Catalog): readonly ConfigMapKeys[] {
  const wanted = catalog.flatMap(({ when }) => (when === null ? [] : [when.configMap]));
  return [...Map.groupBy(wanted, ({ namespace, name }) => `${namespace}/${name}`).values()].flatMap((same) => {
    const [first] = same;
    return first === undefined
      ? []
      : [{ namespace: first.namespace, name: first.name, keys: new Set(same.map(({ key }) => key)) }];
  });
}

export function readValues(configMap: unknown, { keys }: ConfigMapKeys): SettingValues {
  const values = new Map<string, string>();
  for (const key of keys) {
    const value = memberAt(configMap, "data", key);
    if (typeof value === "string") values.set(key, value);
  }
  return values;
}

export interface Settings {
  readonly read: ReadSetting;
  /** Null: the ConfigMap does not exist. */
  set(namespace: string, name: string, values: SettingValues | null): void;
}

/** @param onChange called after a value has really changed. */
export function createSettings(onChange: () => void): Settings {
  const known = new Map<string, SettingValues>();
  return {
    read(namespace, name, key) {
      const values = known.get(`${namespace}/${name}`);
      return values === undefined ? undefined : (values.get(key) ?? null);
    },
    set(namespace, name, values) {
      const id = `${namespace}/${name}`;
      if (isSame(known.get(id) ?? null, values)) return;
      if (values === null) known.delete(id);
      else known.set(id, values);
      onChange();
    },
  };
}

function isSame(left: SettingValues | null, right: SettingValues | null): boolean {
  if (left === null || right === null) return left === right;
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}
