import { describe, expect, it } from "vitest";
import { declarationEvent } from "../../../src/operator/declaration-event.ts";
import type { UnreadableDeclaration } from "../../../src/rules/facts.ts";

const context = { uid: "uid-1", instance: "crdguard-0", now: new Date("2026-05-06T07:08:09.123Z") };
const declaration: UnreadableDeclaration = {
  workload: { kind: "StatefulSet", namespace: "mill", name: "turner" },
  key: "crdguard.dev/requires",
  value: "gears",
  problem: '"gears" is not of the form <plural>.<group>/<version>[|<version>]',
};

describe("declarationEvent", () => {
  it("tells what is wrong, what follows, and what is right", () => {
    expect(declarationEvent(declaration, context)).toEqual({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { namespace: "mill", name: expect.stringMatching(/^turner\.[0-9a-f]{16}$/) },
      eventTime: "2026-05-06T07:08:09.123000Z",
      type: "Warning",
      reason: "RequirementMalformed",
      action: "ReadRequirements",
      regarding: { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "mill", name: "turner", uid: "uid-1" },
      note: 'The annotation crdguard.dev/requires cannot be read: "gears" is not of the form <plural>.<group>/<version>[|<version>]. Until it is corrected, crdguard does not know what this StatefulSet needs. Right is, for example: grpcroutes.gateway.networking.k8s.io/v1, gateways.gateway.networking.k8s.io/v1|v1beta1',
      reportingController: "crdguard.dev/crdguard",
      reportingInstance: "crdguard-0",
    });
  });

  it("has the same name whoever makes it and when, and another for another workload, annotation or value", () => {
    const name = (changed: Partial<UnreadableDeclaration> = {}, changedContext = {}): string =>
      declarationEvent({ ...declaration, ...changed }, { ...context, ...changedContext }).metadata.name;

    expect(name({}, { instance: "crdguard-1", now: new Date(0) })).toBe(name());
    const others = [name(), name({ key: "crdguard.dev/uses" }), name({ value: "gears.own.dev" }), name({}, { uid: "uid-2" })];
    expect(new Set(others).size).toBe(others.length);
  });

  it("stays within what the API server takes: a name of 253 characters, a note of 1,024 bytes, an instance of 128", () => {
    const event = declarationEvent(
      {
        ...declaration,
        workload: { ...declaration.workload, name: `${"a".repeat(235)}.${"b".repeat(17)}` },
        problem: `"${"\u{1f600}".repeat(3_000)}"\nis not of the form`,
      },
      { ...context, instance: "h".repeat(200) },
    );

    expect(event.metadata.name).toMatch(/^a{235}\.[0-9a-f]{16}$/);
    expect(Buffer.byteLength(String(event["note"]))).toBeLessThanOrEqual(1_024);
    expect(event["note"]).not.toContain("\n");
    expect(String(event["reportingInstance"])).toHaveLength(128);
  });
});
