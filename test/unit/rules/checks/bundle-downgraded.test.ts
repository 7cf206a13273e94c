import { describe, expect, it } from "vitest";
import type { Crd } from "../../../../src/crd/crd.ts";
import type { Bundle } from "../../../../src/rules/bundle.ts";
import { bundleDowngraded } from "../../../../src/rules/checks/bundle-downgraded.ts";
import type { BundleNarrowing } from "../../../../src/rules/finding.ts";
import { create, crd, noFacts, update } from "../../../support/builders.ts";
import { crdWithForms, form, specOf, type Written } from "../../../support/schemas.ts";

/** `v1.2.0 experimental` */
function mark(text: string): { readonly version: string; readonly channel: string | null } | null {
  const [version = "", channel] = text.split(" ");
  return version === "none" ? null : { version, channel: channel ?? null };
}

function found(before: string, after: string): readonly string[] {
  const change = update(crd({ served: ["v1"], bundle: mark(before) }), crd({ served: ["v1"], bundle: mark(after) }));
  return bundleDowngraded.find({ change, facts: noFacts }).map(({ field }) => field);
}

const VERSION = "metadata.annotations[gateway.networking.k8s.io/bundle-version]";
const CHANNEL = "metadata.annotations[gateway.networking.k8s.io/channel]";

describe("bundle-downgraded", () => {
  it.each([
    { title: "warns of an older release", before: "v1.2.1 standard", after: "v1.1.0 standard", field: VERSION },
    { title: "warns of an older one by its numbers, not letters", before: "v1.10.0", after: "v1.9.0", field: VERSION },
    { title: "warns of a candidate of what was installed", before: "v1.2.0", after: "v1.2.0-rc.2", field: VERSION },
    { title: "warns of an older candidate", before: "v1.2.0-rc.10", after: "v1.2.0-rc.9", field: VERSION },
    { title: "warns of the way back to standard", before: "v1.2.0 experimental", after: "v1.2.0 standard", field: CHANNEL },
    {
      title: "warns of a newer release that leaves the channel",
      before: "v1.0.0 experimental",
      after: "v1.1.0 standard",
      field: CHANNEL,
    },
    {
      title: "warns once of an older release that leaves the channel",
      before: "v1.1.0 experimental",
      after: "v1.0.0 standard",
      field: VERSION,
    },
    {
      title: "warns of an older release of the experimental channel",
      before: "v1.1.0 standard",
      after: "v1.0.0 experimental",
      field: VERSION,
    },
    { title: "allows a newer release", before: "v1.1.0 standard", after: "v1.2.0 standard", field: null },
    { title: "allows the release after its candidate", before: "v1.2.0-rc.2", after: "v1.2.0", field: null },
    { title: "allows the same", before: "v1.1.0 experimental", after: "v1.1.0 experimental", field: null },
    { title: "allows the way to experimental", before: "v1.1.0 standard", after: "v1.1.0 experimental", field: null },
    { title: "allows a release without a mark", before: "v1.1.0 experimental", after: "none", field: null },
    { title: "allows one where there was none", before: "none", after: "v1.0.0 standard", field: null },
    { title: "allows marks that are no versions", before: "monthly-2026.02", after: "monthly-2026.01", field: null },
    { title: "allows a channel that nobody has named", before: "v1.1.0 experimental", after: "v1.1.0", field: null },
  ])("$title", ({ before, after, field }) => {
    expect(found(before, after)).toEqual(field === null ? [] : [field]);
  });

  it("tells which versions go, most stable first, and that one can stay", () => {
    const change = update(
      crd({ served: ["v1", "v1alpha2", "v1beta1", "v1alpha3"], unserved: ["v1alpha1"], bundle: mark("v1.2.1 experimental") }),
      crd({ served: ["v1"], unserved: ["v1beta1", "v1alpha3"], bundle: mark("v1.1.0 standard") }),
    );

    expect(bundleDowngraded.find({ change, facts: noFacts })).toEqual([
      {
        field: VERSION,
        fact: {
          kind: "bundle-downgraded",
          before: { version: "v1.2.1", channel: "experimental" },
          after: { version: "v1.1.0", channel: "standard" },
          isOlder: true,
          dropped: ["v1alpha2", "v1alpha1"],
          unserved: ["v1beta1", "v1alpha3"],
          narrowing: null,
        },
        remedies: [{ kind: "stay-on-bundle", version: "v1.2.1", channel: "experimental" }],
      },
    ]);
  });

  it("offers the experimental channel of the new release to who goes forward, if it has the definition", () => {
    const bundle = (version: string, channel: string, served = "gears.own.dev"): Bundle => ({
      name: "mill",
      title: "Mill",
      version,
      channel,
      releasedOn: "2026-01-01",
      installUrl: null,
      crds: new Map([[served, crd({ served: ["v1"] })]]),
    });
    const offered = bundle("1.1.0", "experimental");
    const others = [
      bundle("1.1.0", "standard"),
      bundle("1.0.0", "experimental"),
      bundle("1.1.0", "experimental", "cogs.own.dev"),
    ];
    const change = update(
      crd({ served: ["v1"], bundle: mark("v1.0.0 experimental") }),
      crd({ served: ["v1"], bundle: mark("v1.1.0 standard") }),
    );

    const remediesOf = (bundles: readonly Bundle[]) =>
      bundleDowngraded.find({ change, facts: { ...noFacts, bundles } }).flatMap(({ remedies }) => remedies);

    expect(remediesOf([...others, offered])).toEqual([
      { kind: "install-other-channel", bundle: offered },
      { kind: "stay-on-bundle", version: "v1.0.0", channel: "experimental" },
    ]);
    expect(remediesOf(others)).toMatchObject([{ kind: "stay-on-bundle" }]);
  });

  it("allows a creation", () => {
    expect(bundleDowngraded.find({ change: create(crd({ served: ["v1"], bundle: mark("v1.0.0") })), facts: noFacts })).toEqual(
      [],
    );
  });

  const TEXT = { type: "string" };
  const bundled = (version: string, fields: Written): Crd =>
    crdWithForms(
      { served: ["v1"], unserved: ["v1beta1"], bundle: mark(version) },
      { v1: form(specOf(fields)), v1beta1: form(specOf(fields)) },
    );

  it.each<{ title: string; before: Written; after: Written; narrowing: BundleNarrowing | null }>([
    {
      title: "names fields that go, once for all versions",
      before: { size: TEXT, teeth: TEXT, metal: TEXT },
      after: { metal: TEXT },
      narrowing: { fields: ["spec.size", "spec.teeth"], otherCount: 0 },
    },
    {
      title: "counts what is stricter",
      before: { size: TEXT },
      after: { size: { type: "string", maxLength: 5, enum: ["s", "m"] } },
      narrowing: { fields: [], otherCount: 2 },
    },
    { title: "is silent where schemas are the same", before: { size: TEXT }, after: { size: TEXT }, narrowing: null },
    {
      title: "is silent where they take more",
      before: { size: { ...TEXT, maxLength: 5 } },
      after: { size: { ...TEXT, description: "how large" }, teeth: TEXT },
      narrowing: null,
    },
  ])("$title", ({ before, after, narrowing }) => {
    const change = update(bundled("v1.2.0", before), bundled("v1.1.0", after));

    expect(bundleDowngraded.find({ change, facts: noFacts }).map(({ fact }) => fact)).toMatchObject(
      narrowing === null ? [] : [{ kind: "bundle-downgraded", narrowing }],
    );
  });

  it("tells of a version that goes, though the others take what they took", () => {
    const previous = bundled("v1.2.0", { size: TEXT });
    const next = { ...bundled("v1.1.0", { size: TEXT }), versions: bundled("v1.1.0", { size: TEXT }).versions.slice(0, 1) };

    expect(bundleDowngraded.find({ change: update(previous, next), facts: noFacts })).toMatchObject([
      { fact: { dropped: ["v1beta1"], narrowing: { fields: [], otherCount: 0 } } },
    ]);
  });

  it("asks for the schemas of today where a release goes back, and they are not there", () => {
    const unread = crd({ served: ["v1"], unserved: ["v1beta1"], bundle: mark("v1.2.0") });
    const asked = (previous: Crd, next: Crd): unknown => bundleDowngraded.evidence?.(update(previous, next));

    expect(asked(unread, bundled("v1.1.0", {}))).toEqual(["forms"]);
    expect(asked(unread, bundled("v1.3.0", {}))).toEqual([]);
    expect(asked(bundled("v1.2.0", {}), bundled("v1.1.0", {}))).toEqual([]);
  });
});
