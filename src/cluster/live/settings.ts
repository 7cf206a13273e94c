/** @file ConfigMaps that needs hang on, found out as workloads are read. */
import type { ReadSetting } from "../../requirements/condition.ts";
import { memberAt } from "./json.ts";

/** Values by key. */
export type SettingValues = ReadonlyMap<string, string>;

export function readValues(configMap: unknown): SettingValues {
  const values = memberAt(configMap, "data");
  if (typeof values !== "object" || values === null) return new Map();
  return new Map(Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

export interface Settings {
  /** Asks for a ConfigMap that is not known yet to be watched. */
  readonly read: ReadSetting;
  /** The same, without asking for anything. */
  readonly peek: ReadSetting;
  /** Null: the ConfigMap does not exist. */
  set(namespace: string, name: string, values: SettingValues | null): void;
}

export interface SettingsObserver {
  /** A value has really changed. */
  changed(): void;
  /** A ConfigMap is asked for, for the first time. */
  wanted(namespace: string, name: string): void;
}

export function createSettings(observer: SettingsObserver): Settings {
  const known = new Map<string, SettingValues>();
  const asked = new Set<string>();

  function peek(namespace: string, name: string, key: string): string | null | undefined {
    const values = known.get(`${namespace}/${name}`);
    return values === undefined ? undefined : (values.get(key) ?? null);
  }

  return {
    peek,
    read(namespace, name, key) {
      const id = `${namespace}/${name}`;
      if (!asked.has(id)) {
        asked.add(id);
        observer.wanted(namespace, name);
      }
      return peek(namespace, name, key);
    },
    set(namespace, name, values) {
      const id = `${namespace}/${name}`;
      if (areSameValues(known.get(id) ?? null, values)) return;
      if (values === null) known.delete(id);
      else known.set(id, values);
      observer.changed();
    },
  };
}

export function areSameValues(left: SettingValues | null, right: SettingValues | null): boolean {
  if (left === null || right === null) return left === right;
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}
