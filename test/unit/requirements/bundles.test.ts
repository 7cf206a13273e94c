import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseBundles, readBundles } from "../../../src/requirements/bundles.ts";

const FILE = {
  bundle: "mill",
  description: "Mill",
  source: "https://own.dev/mill/releases",
  install: "https://own.dev/RELEASE/CHANNEL.yaml",
  releases: [
    { version: "1.0.0", released: "2026-01-01" },
    { version: "1.1.0", released: "2026-02-01" },
    { version: "1.10.0", released: "2026-03-01" },
  ],
  channels: {
    standard: { "gears.own.dev": { kind: "Gear", since: { "1.0.0": "v1beta1*", "1.1.0": "v1* v1beta1(unserved)" } } },
    experimental: { "cogs.own.dev": { kind: "Cog", scope: "Cluster", since: { "1.1.0": "v1alpha1*", "1.10.0": "absent" } } },
  },
};

describe("parseBundles", () => {
  it("carries what changed on to the releases that follow, and leaves out what is gone", () => {
    const result = parseBundles(FILE);

    expect(
      result.ok &&
        result.value.map(({ version, channel, installUrl, crds }) => [
          version,
          channel,
          installUrl,
          [...crds.values()].map(({ name, versions }) => [
            name,
            versions.map(({ name: own, isServed, isStorage }) => `${own} ${String(isServed)} ${String(isStorage)}`),
          ]),
        ]),
    ).toEqual([
      ["1.0.0", "standard", "https://own.dev/v1.0.0/standard.yaml", [["gears.own.dev", ["v1beta1 true true"]]]],
      ["1.1.0", "standard", "https://own.dev/v1.1.0/standard.yaml", [["gears.own.dev", ["v1 true true", "v1beta1 false false"]]]],
      ["1.1.0", "experimental", "https://own.dev/v1.1.0/experimental.yaml", [["cogs.own.dev", ["v1alpha1 true true"]]]],
      [
        "1.10.0",
        "standard",
        "https://own.dev/v1.10.0/standard.yaml",
        [["gears.own.dev", ["v1 true true", "v1beta1 false false"]]],
      ],
    ]);
  });

  it.each([
    { title: "nothing", input: null, message: "/ must be object" },
    { title: "no channel", input: { ...FILE, channels: {} }, message: "/channels must NOT have fewer than 1 properties" },
    {
      title: "a change at a release that is none",
      input: { ...FILE, channels: { standard: { "gears.own.dev": { kind: "Gear", since: { "1.2.0": "v1*" } } } } },
      message: "/channels/standard/gears.own.dev: 1.2.0 is not among the releases",
    },
  ])("refuses $title", ({ input, message }) => {
    expect(parseBundles(input)).toEqual({ ok: false, error: { code: "bundles-malformed", message } });
  });
});

describe("readBundles", () => {
  it.each([
    { title: "what is no YAML", text: "bundle: [", message: /^mill\.yaml: .*line 1/ },
    { title: "what is not of the form", text: "bundle: mill", message: /^mill\.yaml: \/ must have required property/ },
  ])("names the file of $title", async ({ text, message }) => {
    const folder = await mkdtemp(join(tmpdir(), "crdguard-bundles-"));
    await writeFile(join(folder, "mill.yaml"), text);

    const result = await readBundles(folder);
    await rm(folder, { recursive: true });

    expect(result).toEqual({
      ok: false,
      error: { code: "bundles-malformed", message: expect.stringMatching(message) as string },
    });
  });
});

describe("the shipped releases of Gateway API", () => {
  it.each([
    { release: "1.1.0", channel: "standard", name: "grpcroutes", versions: "v1 v1alpha2(unserved)" },
    { release: "1.0.0", channel: "experimental", name: "backendtlspolicies", versions: "v1alpha2" },
    { release: "1.1.0", channel: "experimental", name: "backendtlspolicies", versions: "v1alpha3" },
    { release: "1.5.1", channel: "standard", name: "tlsroutes", versions: "v1 v1alpha2(unserved) v1alpha3(unserved)" },
    { release: "1.4.1", channel: "standard", name: "tlsroutes", versions: null },
    { release: "1.3.0", channel: "experimental", name: "backendlbpolicies", versions: null },
  ])("v$release $channel serves of $name: $versions", async ({ release, channel, name, versions }) => {
    const bundles = await readBundles();
    const found = bundles.ok ? bundles.value.find((one) => one.version === release && one.channel === channel) : undefined;
    const definition = found?.crds.get(`${name}.gateway.networking.k8s.io`);

    expect(definition?.versions.map((one) => (one.isServed ? one.name : `${one.name}(unserved)`)).join(" ") ?? null).toBe(
      versions,
    );
  });

  it("has one storage version in each definition, and 42 bundles", async () => {
    const bundles = await readBundles();
    if (!bundles.ok) throw new Error(bundles.error.message);
    const storages = bundles.value.flatMap(({ crds }) =>
      [...crds.values()].map(({ versions }) => versions.filter(({ isStorage }) => isStorage).length),
    );

    expect(bundles.value).toHaveLength(42);
    expect(new Set(storages)).toEqual(new Set([1]));
  });
});
