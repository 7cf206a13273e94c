/** @file A user's own catalog entries in a ConfigMap: taken over as they change, while a mistake leaves the last good ones. */
import { type Catalog, mergeCatalogs } from "../../requirements/catalog.ts";
import { type CatalogFolderErrorCode, isCatalogFileName, parseCatalogTexts } from "../../requirements/catalog-folder.ts";
import type { ApiError } from "./api-error.ts";
import { areSameValues, type SettingValues } from "./settings.ts";

export interface OwnCatalogSource {
  readonly namespace: string;
  readonly name: string;
  /** Called for each change, and once for the first state, whichever it is. */
  readonly told: (outcome: OwnCatalogOutcome) => void;
}

export type OwnCatalogOutcome =
  | { readonly kind: "taken"; readonly controllers: readonly string[] }
  /** There is no such ConfigMap, or no longer. */
  | { readonly kind: "absent" }
  /** A mistake in it; the last good entries stay. */
  | { readonly kind: "unusable"; readonly error: { readonly code: CatalogFolderErrorCode; readonly message: string } }
  /** The API server does not give it; the last good entries stay. Told for each attempt. */
  | { readonly kind: "unreadable"; readonly error: ApiError };

export interface OwnCatalog {
  /** @param values by key; null: the ConfigMap does not exist. */
  set(values: SettingValues | null): void;
}

/** @param use gets the whole catalog, the user's entries beside or in place of those of `base`. */
export function createOwnCatalog(
  { namespace, name, told }: OwnCatalogSource,
  base: Catalog,
  use: (catalog: Catalog) => void,
): OwnCatalog {
  let seen: SettingValues | null | undefined;
  let isInUse = false;
  return {
    set(values) {
      // A list that is taken again repeats what is known.
      if (seen !== undefined && areSameValues(seen, values)) return;
      seen = values;
      if (values === null) {
        if (isInUse) use(base);
        isInUse = false;
        told({ kind: "absent" });
        return;
      }
      const parsed = parseValues(values);
      if (!parsed.ok) {
        const { code, message } = parsed.error;
        told({ kind: "unusable", error: { code, message: `ConfigMap ${namespace}/${name}: ${message}` } });
        return;
      }
      use(mergeCatalogs(base, parsed.value));
      isInUse = true;
      told({ kind: "taken", controllers: parsed.value.map(({ id }) => id).toSorted() });
    },
  };
}

/** Keys of other names are not entries; a ConfigMap of such keys alone is a mistake, an empty one is not. */
function parseValues(values: SettingValues): ReturnType<typeof parseCatalogTexts> {
  const files = new Map([...values].filter(([key]) => isCatalogFileName(key)));
  if (files.size === 0 && values.size > 0) {
    return { ok: false, error: { code: "catalog-unreadable", message: "no key that ends in .yaml" } };
  }
  return parseCatalogTexts(files);
}
