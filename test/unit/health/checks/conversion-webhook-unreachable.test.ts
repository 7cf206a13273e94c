import { describe, expect, it } from "vitest";
import { conversionWebhookUnreachable } from "../../../../src/health/checks/conversion-webhook-unreachable.ts";
import { counted, crd } from "../../../support/builders.ts";
import { endpoint, healthFacts } from "../../../support/health.ts";
import type { ConversionTrial, EndpointEvidence } from "../../../../src/health/facts.ts";

const two = crd({ served: ["v1", "v2"] });
const of = (trial: ConversionTrial, shape: Partial<EndpointEvidence> = {}) => ({
  conversions: new Map([["gears.own.dev", { trial, endpoint: endpoint(shape) }]]),
});
const NOTHING = { kind: "nothing-to-convert" } as const;
const FAILED = { kind: "failed", version: "v2", reason: "conversion webhook for own.dev/v1 failed" } as const;
const MISSING = { reach: { kind: "service-missing" } } as const;

describe("conversion-webhook-unreachable", () => {
  it("is an error where an object could not be read", () => {
    expect(conversionWebhookUnreachable.find(healthFacts({ crds: [two], objects: counted(1), ...of(FAILED) }))).toEqual([
      {
        subject: { kind: "crd", name: "gears.own.dev" },
        field: "spec.conversion.webhook",
        fact: {
          kind: "conversion-webhook-unreachable",
          endpoint: endpoint(),
          problem: { kind: "conversion-failed", version: "v2", reason: FAILED.reason },
          objects: counted(1),
          servedCount: 2,
        },
        remedies: [{ kind: "look-at-endpoint", endpoint: endpoint() }],
        severity: "error",
      },
    ]);
  });

  it.each([
    {
      title: "a missing service is an error with objects",
      evidence: of(NOTHING, MISSING),
      objects: counted(1),
      severity: "error",
    },
    {
      title: "a missing service is a warning without objects",
      evidence: of(NOTHING, MISSING),
      objects: counted(0),
      severity: "warning",
    },
    {
      title: "so is one without a ready pod",
      evidence: of(NOTHING, { reach: { kind: "no-endpoints" } }),
      objects: counted(0),
      severity: "warning",
    },
    {
      title: "an address that refuses us is a warning, since it may not refuse the API server",
      evidence: of({ kind: "unknown", reason: "" }, { reach: { kind: "refused", reason: "ECONNREFUSED" } }),
      objects: counted(1),
      severity: "warning",
    },
    {
      title: "a caBundle that cannot be read is an error with objects",
      evidence: of(NOTHING, { authorities: { kind: "malformed", reason: "no PEM" } }),
      objects: counted(1),
      severity: "error",
    },
  ])("$title", ({ evidence, objects, severity }) => {
    expect(conversionWebhookUnreachable.find(healthFacts({ crds: [two], objects, ...evidence }))).toMatchObject([{ severity }]);
  });

  it("is a note where there is but one version", () => {
    expect(
      conversionWebhookUnreachable.find(
        healthFacts({ crds: [crd({ served: ["v1"] })], objects: counted(1), ...of(NOTHING, MISSING) }),
      ),
    ).toMatchObject([{ severity: "note" }]);
  });

  it.each([
    { title: "a webhook that listens", evidence: of(NOTHING) },
    {
      title: "one that converted an object, whatever else it looks like",
      evidence: of({ kind: "works", version: "v2", isSure: true }, MISSING),
    },
    {
      title: "one of which nothing can be told",
      evidence: of({ kind: "unknown", reason: "" }, { reach: { kind: "unknown", reason: "forbidden" } }),
    },
  ])("says nothing of $title", ({ evidence }) => {
    expect(conversionWebhookUnreachable.find(healthFacts({ crds: [two], objects: counted(1), ...evidence }))).toEqual([]);
  });
});
