/** @file Remembers what was told, so that the same is not told at each look. */

export interface ToldOnce {
  /** Unless the same was told under this key. */
  tell(key: string, content: string, tell: () => void): void;
  forget(key: string): void;
  /** Of keys that end in a CRD's name. */
  keepOnly(names: ReadonlySet<string>): void;
}

export function createToldOnce(): ToldOnce {
  const told = new Map<string, string>();
  return {
    tell(key, content, tell) {
      if (told.get(key) !== content) tell();
      told.set(key, content);
    },
    forget(key) {
      told.delete(key);
    },
    keepOnly(names) {
      for (const key of told.keys()) {
        const [, name] = key.split(" ");
        if (name !== undefined && !names.has(name)) told.delete(key);
      }
    },
  };
}
