/** @file What releases of catalogued controllers need, apart from any workload: as configured, and under each setting. */
import type { NeededApi } from "../rules/compatibility.ts";
import { crdNameOf } from "../rules/requirement.ts";
import type { CatalogController, CatalogNeed, CatalogRelease } from "./catalog.ts";
import { type Condition, describeCondition, evaluateCondition } from "./condition.ts";
import { isInRange, readTagVersion } from "./image.ts";

/** What a container is given; nothing at all is the default configuration. */
export interface Configuration {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export const DEFAULT_CONFIGURATION: Configuration = { args: [], env: {} };

export interface ReleaseNeeds {
  /** What the whole entry is about, and is taken to hold: Cilium's Gateway API support. Null where there is no such thing. */
  readonly premise: string | null;
  /** As configured. */
  readonly needs: readonly NeededApi[];
  /** With a setting beside, of those alone that bring further needs. */
  readonly under: readonly { readonly setting: string; readonly needs: readonly NeededApi[] }[];
}

/** @param isOfInterest by name of the CRD. */
export function needsOfRelease(
  controller: CatalogController,
  release: CatalogRelease,
  configuration: Configuration,
  isOfInterest: (crdName: string) => boolean,
): ReleaseNeeds {
  const known = release.needs.filter(({ requirement }) => isOfInterest(crdNameOf(requirement)));
  const given: Settings = { ...configuration, configMaps: new Map() };
  const toNeed = ({ requirement }: CatalogNeed): NeededApi => ({ requirement, effect: release.effect });
  const bySetting = Map.groupBy(
    known.filter(({ when }) => !holds(when, given)),
    ({ when }) => (when === null ? "" : briefly(when)),
  );
  return {
    premise: controller.when === null || holds(controller.when, given) ? null : briefly(controller.when),
    needs: known.filter(({ when }) => holds(when, given)).map(toNeed),
    under: [...bySetting].map(([setting, own]) => {
      const [first] = own;
      const example = first?.when ? exampleOf(first.when, given) : null;
      const inForce = known.filter((need) => own.includes(need) || holds(need.when, example ?? given));
      return { setting, needs: inForce.map(toNeed) };
    }),
  };
}

/** @param version with or without a leading v. */
export function findRelease({ releases, tagPrefixes }: CatalogController, version: string): CatalogRelease | null {
  const tag = readTagVersion(version, tagPrefixes);
  return tag.kind === "unknown" ? null : (releases.find(({ versions }) => isInRange(tag, versions)) ?? null);
}

interface Settings extends Configuration {
  /** By `<namespace>/<name>/<key>`. A ConfigMap of which nothing is known holds no key: the default. */
  readonly configMaps: ReadonlyMap<string, string>;
}

/** By the function that admission asks, so that both take a setting for the same. */
function holds(condition: Condition | null, { args, env, configMaps }: Settings): boolean {
  if (condition === null) return true;
  const truth = evaluateCondition(
    condition,
    { namespace: "", args, env, hasForeignEnv: false },
    (namespace, name, key) => configMaps.get(`${namespace}/${name}/${key}`) ?? null,
  );
  return truth.kind === "yes";
}

/**
 * Settings under which a condition holds, so that all else can be asked which holds under the same ones: external-dns with
 * `--source=gateway-httproute` needs what every such source needs as well.
 * @returns null where no example can be made: of a pattern, and of what nobody can read.
 */
function exampleOf(condition: Condition, given: Settings): Settings | null {
  const example = addedTo(given, condition);
  return example !== null && holds(condition, example) ? example : null;
}

function addedTo(settings: Settings, condition: Condition): Settings | null {
  switch (condition.kind) {
    case "arg":
      return {
        ...settings,
        args: [...settings.args, condition.value === null ? condition.name : `${condition.name}=${condition.value}`],
      };
    case "env":
      return { ...settings, env: { ...settings.env, [condition.name]: condition.value } };
    case "config-map": {
      const { namespace, name, key } = condition.key;
      if (condition.test.kind === "matches") return null;
      return {
        ...settings,
        configMaps: new Map([...settings.configMaps, [`${namespace ?? ""}/${name}/${key}`, condition.test.value]]),
      };
    }
    case "any-of":
      return condition.conditions[0] === undefined ? null : addedTo(settings, condition.conditions[0]);
    case "all-of":
      return condition.conditions.reduce<Settings | null>((sum, part) => sum && addedTo(sum, part), settings);
    case "not":
      return settings;
    case "arg-regex":
    case "unreadable":
      return null;
  }
}

/** Of several ways to the same setting, the first: it is the usual one. */
function briefly(condition: Condition): string {
  switch (condition.kind) {
    case "any-of":
      return condition.conditions[0] === undefined ? "" : briefly(condition.conditions[0]);
    case "all-of":
      return condition.conditions.map(briefly).join(" and ");
    case "arg":
    case "arg-regex":
    case "env":
    case "config-map":
    case "not":
    case "unreadable":
      return describeCondition(condition);
  }
}
