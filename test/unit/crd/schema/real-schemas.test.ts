/** Consecutive releases of Gateway API: what narrows in them is known, and no keyword of theirs is not. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readManifests } from "../../../../src/cluster/snapshot/manifests.ts";
import type { Crd } from "../../../../src/crd/crd.ts";
import { parseCrd } from "../../../../src/crd/parse.ts";
import { compareForms } from "../../../../src/crd/schema/compare-crds.ts";
import { directionOf } from "../../../../src/crd/schema/direction.ts";
import type { FormChange } from "../../../../src/crd/schema/schema-change.ts";
import { findVersion } from "../../../../src/crd/versions.ts";
import { sharedPath } from "../../../e2e/support/shared.ts";

const folder = sharedPath("crds/gateway-api");

describe.skipIf(folder === null)("releases of Gateway API, each against the one before", () => {
  it.each(["standard", "experimental"])("have no keyword that nobody knows: %s", { timeout: 60_000 }, async (channel) => {
    let compared = 0;
    for (const [before, after] of pairs()) {
      for (const [place, changes] of await changesBetween(before, after, channel)) {
        compared += 1;
        expect([place, changes.filter(({ kind }) => kind === "unhandled")]).toEqual([place, []]);
      }
    }
    expect(compared).toBeGreaterThan(20);
  });

  it("tell the features of a GatewayClass otherwise since v1.2, and nothing else of it", { timeout: 60_000 }, async () => {
    const changes = await changesBetween("v1.1.0", "v1.2.1", "experimental");

    for (const version of ["v1", "v1beta1"]) {
      expect(narrowing(changes.get(`gatewayclasses.gateway.networking.k8s.io ${version}`))).toEqual([
        "type status.supportedFeatures[]",
      ]);
    }
  });

  it("narrow protocols and matches of the standard channel in v1.2", { timeout: 60_000 }, async () => {
    const changes = await changesBetween("v1.1.0", "v1.2.1", "standard");
    const told = [...changes].map(([place, own]) => [place, narrowing(own)] as const).filter(([, own]) => own.length > 0);

    expect(Object.fromEntries(told)).toEqual({
      "gateways.gateway.networking.k8s.io v1": ["pattern spec.listeners[].protocol"],
      "gateways.gateway.networking.k8s.io v1beta1": ["pattern spec.listeners[].protocol"],
      "grpcroutes.gateway.networking.k8s.io v1": ["cel-rule-added spec.rules"],
      "httproutes.gateway.networking.k8s.io v1": ["cel-rule-added spec.rules"],
      "httproutes.gateway.networking.k8s.io v1beta1": ["cel-rule-added spec.rules"],
    });
  });

  it("lose the status of GRPCRoute v1alpha2 as a resource of its own in v1.1", { timeout: 60_000 }, async () => {
    const changes = await changesBetween("v1.0.0", "v1.1.0", "experimental");

    expect(narrowing(changes.get("grpcroutes.gateway.networking.k8s.io v1alpha2"))).toEqual(["status-subresource "]);
  });
});

function pairs(): readonly (readonly [string, string])[] {
  const releases = readdirSync(folder ?? "").toSorted();
  return releases.slice(1).map((release, index) => [releases[index] ?? "", release]);
}

/** By name and version, of versions that both list. */
async function changesBetween(
  before: string,
  after: string,
  channel: string,
): Promise<ReadonlyMap<string, readonly FormChange[]>> {
  const [old, now] = await Promise.all([read(before, channel), read(after, channel)]);
  const changes = new Map<string, readonly FormChange[]>();
  for (const [name, previous] of old) {
    for (const version of previous.versions) {
      const next = now.get(name);
      const same = next === undefined ? null : findVersion(next, version.name);
      if (version.form === undefined || same?.form === undefined) continue;
      changes.set(`${name} ${version.name}`, compareForms(version.form, same.form));
    }
  }
  return changes;
}

async function read(release: string, channel: string): Promise<ReadonlyMap<string, Crd>> {
  const manifests = await readManifests([join(folder ?? "", release, channel)], { isRecursive: true, readStandardInput: null });
  if (!manifests.ok) throw new Error(manifests.error.message);
  const crds = manifests.value.map(({ object }) => parseCrd(object)).flatMap((crd) => (crd.ok ? [crd.value] : []));
  return new Map(crds.map((crd) => [crd.name, crd]));
}

function narrowing(changes: readonly FormChange[] | undefined): readonly string[] {
  return (changes ?? [])
    .filter((change) => directionOf(change) === "narrows")
    .map((change) => `${change.kind} ${"path" in change ? change.path : ""}`);
}
