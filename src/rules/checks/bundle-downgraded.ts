/** @file Finds an update to an older release of a bundle of CRDs, or from its experimental channel to the standard one. */
import type { Crd } from "../../crd/crd.ts";
import { compareVersions, findVersion, servedVersions } from "../../crd/versions.ts";
import { type Bundle, compareMarks } from "../bundle.ts";
import type { Facts } from "../facts.ts";
import type { ReleaseMark, Remedy } from "../finding.ts";
import { defineRule } from "../rule.ts";

/**
 * What a newer release or the experimental channel has added is gone afterwards: versions, and fields that objects may have set,
 * which the next write drops. Controllers that were upgraded along with the CRDs may need both. Typical cause: a chart that
 * ships its own, older copy of the CRDs. A mark that is no version of a release tells nothing.
 * Source: Gateway API, "Versioning", sections "Release Channels" and "Upgrading versions"; kubernetes-sigs/gateway-api#3075.
 */
export const bundleDowngraded = defineRule({
  id: "bundle-downgraded",
  defaultEnforcement: "warn",
  isAboutWholeCrd: true,
  find({ change, facts }) {
    if (change.kind !== "update") return [];

    const { previous, next } = change;
    const { bundle: before } = previous;
    const { bundle: after } = next;
    if (before === null || after === null) return [];
    const order = compareMarks(after.version, before.version);
    const isOlder = order !== null && order < 0;
    if (!isOlder && !leavesExperimental(before, after)) return [];

    const gone = goneVersions(previous, next);
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
        },
        remedies: [
          ...sameReleaseOtherChannel(previous, before, after, isOlder, facts),
          { kind: "stay-on-bundle", version: before.version, channel: before.channel },
        ],
      },
    ];
  },
});

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
