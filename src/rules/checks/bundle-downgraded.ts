/** @file Finds an update to an older release of a bundle of CRDs, or from its experimental channel to the standard one. */
import type { Crd } from "../../crd/crd.ts";
import { compareForms } from "../../crd/schema/compare-crds.ts";
import { directionOf } from "../../crd/schema/direction.ts";
import { changePlace } from "../../crd/schema/same-change.ts";
import { commonVersions, compareVersions, findVersion, servedVersions } from "../../crd/versions.ts";
import { type Bundle, compareMarks } from "../bundle.ts";
import type { Facts } from "../facts.ts";
import type { BundleNarrowing, ReleaseMark, Remedy } from "../finding.ts";
import { defineRule } from "../rule.ts";

/**
 * What a newer release or the experimental channel has added is gone afterwards: versions, and fields that objects may have set,
 * which the next write drops. Controllers that were upgraded along with the CRDs may need both. Typical cause: a chart that
 * ships its own, older copy of the CRDs. A mark that is no version of a release tells nothing, and neither does one of a CRD that keeps
 * all versions and takes whatever it took.
 * Source: Gateway API, "Versioning", sections "Release Channels" and "Upgrading versions"; kubernetes-sigs/gateway-api#3075.
 */
export const bundleDowngraded = defineRule({
  id: "bundle-downgraded",
  defaultEnforcement: "warn",
  isAboutWholeCrd: true,
  evidence: (change) =>
    change.kind === "update" && stepBack(change.previous, change.next) !== null && mayBeCompared(change.previous, change.next)
      ? ["forms"]
      : [],
  find({ change, facts }) {
    if (change.kind !== "update") return [];

    const { previous, next } = change;
    const step = stepBack(previous, next);
    if (step === null) return [];
    const { before, after, isOlder } = step;
    const gone = goneVersions(previous, next);
    const narrowing = narrowingOf(previous, next);
    if (gone.length === 0 && narrowing?.fields.length === 0 && narrowing.otherCount === 0) return [];
    return [
      {
        field: `metadata.annotations[gateway.networking.k8s.io/${isOlder ? "bundle-version" : "channel"}]`,
        fact: {
          kind: "bundle-downgraded",
          before,
          after,
          isOlder,
          dropped: gone.filter((name) => findVersion(next, name) === null),
          unserved: gone.filter((name) => findVersion(next, name) !== null),
          narrowing,
        },
        remedies: [
          ...sameReleaseOtherChannel(previous, before, after, isOlder, facts),
          { kind: "stay-on-bundle", version: before.version, channel: before.channel },
        ],
      },
    ];
  },
});

interface StepBack {
  readonly before: ReleaseMark;
  readonly after: ReleaseMark;
  readonly isOlder: boolean;
}

function stepBack({ bundle: before }: Crd, { bundle: after }: Crd): StepBack | null {
  if (before === null || after === null) return null;
  const order = compareMarks(after.version, before.version);
  const isOlder = order !== null && order < 0;
  return isOlder || leavesExperimental(before, after) ? { before, after, isOlder } : null;
}

/** Once the forms of today are known, if they are not yet. */
function mayBeCompared(previous: Crd, next: Crd): boolean {
  return commonVersions(previous, next).some(
    (name) => findVersion(previous, name)?.form === undefined && findVersion(next, name)?.form !== undefined,
  );
}

/** Over all versions that stay, served or not: objects may be stored in any. Null where the forms of one are not known. */
function narrowingOf(previous: Crd, next: Crd): BundleNarrowing | null {
  const fields = new Set<string>();
  const others = new Set<string>();
  for (const name of commonVersions(previous, next)) {
    const before = findVersion(previous, name)?.form;
    const after = findVersion(next, name)?.form;
    if (before === undefined || after === undefined) return null;
    for (const change of compareForms(before, after)) {
      if (directionOf(change) !== "narrows") continue;
      if (change.kind === "field-removed") fields.add(change.path);
      else others.add(changePlace(change));
    }
  }
  return { fields: [...fields].toSorted(), otherCount: others.size };
}

function leavesExperimental(before: ReleaseMark, after: ReleaseMark): boolean {
  return before.channel === "experimental" && after.channel === "standard";
}

/** Served before and not after, or listed before and not after. */
function goneVersions(previous: Crd, next: Crd): readonly string[] {
  const served = servedVersions(next);
  return previous.versions
    .filter(({ name, isServed }) => findVersion(next, name) === null || (isServed && !served.includes(name)))
    .map(({ name }) => name)
    .toSorted((left, right) => compareVersions(right, left));
}

/** Who goes forward and has left the channel by mistake can go forward and stay on it. */
function sameReleaseOtherChannel(
  { name }: Crd,
  before: ReleaseMark,
  after: ReleaseMark,
  isOlder: boolean,
  { bundles }: Facts,
): readonly Remedy[] {
  if (isOlder || !leavesExperimental(before, after)) return [];
  const bundle = bundles.find(
    ({ version, channel, crds }: Bundle) =>
      channel === "experimental" && compareMarks(version, after.version) === 0 && crds.has(name),
  );
  return bundle === undefined ? [] : [{ kind: "install-other-channel", bundle }];
}
