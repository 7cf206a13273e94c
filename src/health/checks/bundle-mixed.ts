/** @file Finds CRDs of one bundle that come from several releases or channels. */
import { compareText } from "../../crd/compare-text.ts";
import { compareReleases } from "../../rules/bundle.ts";
import { defineHealthCheck } from "../check.ts";
import type { HealthFacts } from "../facts.ts";
import type { BundlePart, HealthRemedy } from "../finding.ts";

/**
 * The CRDs of a release are made for each other, and controllers are tested with whole releases. Experimental CRDs beside
 * standard ones of the same release are a choice that some controllers ask for, and worth a note.
 * Source: Gateway API, "Versioning", on bundle versions and release channels; Cilium's documentation of its Gateway API support.
 */
export const bundleMixed = defineHealthCheck({
  id: "bundle-mixed",
  defaultSeverity: "warning",
  find(facts) {
    const parts = partsOf(facts);
    if (parts.length < 2) return [];
    const isOfOneRelease = new Set(parts.map(({ version }) => version)).size === 1;
    return [
      {
        subject: { kind: "bundle", title: facts.bundles.find(({ name }) => name === BUNDLE)?.title ?? "Gateway API" },
        field: "metadata.annotations",
        fact: { kind: "bundle-mixed", parts, isOfOneRelease },
        remedies: isOfOneRelease ? [] : remediesFor(parts, facts),
        ...(isOfOneRelease ? { severity: "note" } : {}),
      },
    ];
  },
});

/** The one bundle whose CRDs say which release they are of. */
const BUNDLE = "gateway-api";

/** Newest release first. */
function partsOf({ crds }: HealthFacts): readonly BundlePart[] {
  const marked = [...crds.values()].flatMap(({ name, bundle, isTerminating }) =>
    bundle === null || isTerminating ? [] : [{ name, ...bundle }],
  );
  return [...Map.groupBy(marked, ({ version, channel }) => `${version} ${channel ?? ""}`).values()]
    .flatMap(([first, ...others]): readonly BundlePart[] =>
      first === undefined
        ? []
        : [
            {
              version: first.version,
              channel: first.channel,
              crds: [first, ...others].map(({ name }) => name).toSorted(compareText),
            },
          ],
    )
    .toSorted(
      (left, right) => compareReleases(right.version, left.version) || compareText(left.channel ?? "", right.channel ?? ""),
    );
}

function remediesFor(parts: readonly BundlePart[], { bundles }: HealthFacts): readonly HealthRemedy[] {
  const newest = parts[0]?.version.replace(/^v/, "");
  const channel = parts.some((part) => part.channel === "experimental") ? "experimental" : "standard";
  const bundle = bundles.find((known) => known.name === BUNDLE && known.version === newest && known.channel === channel);
  return [{ kind: "find-release" }, ...(bundle === undefined ? [] : [{ kind: "install-whole-bundle", bundle } as const])];
}
