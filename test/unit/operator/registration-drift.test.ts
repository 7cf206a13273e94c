import { describe, expect, it } from "vitest";
import { differencesOf, type LiveConfiguration, roleOf } from "../../../src/operator/registration-drift.ts";
import { renderWebhookConfigurations, type WebhookEndpoint } from "../../../src/operator/webhook-configurations.ts";

const service: WebhookEndpoint = { kind: "service", namespace: "crdguard", name: "crdguard", port: 443 };
const url: WebhookEndpoint = { kind: "url", url: "https://127.0.0.1:8443", caBundle: "Q0E=" };

/** As the API server gives it back: with its defaults, and through JSON. */
function live(rendered: { readonly kind: LiveConfiguration["kind"]; readonly webhooks: readonly object[] }): LiveConfiguration {
  const defaults = { namespaceSelector: {}, objectSelector: {} };
  const object = { ...rendered, webhooks: rendered.webhooks.map((webhook) => ({ ...webhook, ...defaults })) };
  return { kind: rendered.kind, object: JSON.parse(JSON.stringify(object)) as Record<string, unknown> };
}

function changed(configuration: LiveConfiguration, change: (webhooks: Record<string, unknown>[]) => unknown): LiveConfiguration {
  const object = structuredClone(configuration.object) as { webhooks: Record<string, unknown>[] };
  change(object.webhooks);
  return { kind: configuration.kind, object };
}

describe("a registration of crdguard", () => {
  it.each([
    { title: "by its service", endpoint: service },
    { title: "by its URL", endpoint: url },
  ])("is as rendered, $title", ({ endpoint }) => {
    const { validating, mutating, workloads } = renderWebhookConfigurations(endpoint, { warnWorkloads: true });
    if (workloads === undefined) throw new Error("asked for");

    for (const [role, own] of [
      ["validating", validating],
      ["explainer", mutating],
      ["workloads", workloads],
    ] as const) {
      expect(roleOf(live(own))).toBe(role);
      expect(differencesOf(live(own), role)).toEqual([]);
    }
  });

  it("may have members in any order, and an authority and labels of its own", () => {
    const own = changed(live(renderWebhookConfigurations(service).validating), (webhooks) => {
      const [first] = webhooks;
      if (first === undefined) return;
      const reversed = Object.fromEntries(Object.entries(first).toReversed());
      webhooks[0] = { ...reversed, clientConfig: { ...(first["clientConfig"] as object), caBundle: "another" } };
    });

    expect(differencesOf(own, "validating")).toEqual([]);
  });

  it.each([
    {
      title: "a failure policy",
      change: (webhooks: Record<string, unknown>[]) => Object.assign(webhooks[0] ?? {}, { failurePolicy: "Ignore" }),
      expected: { field: "webhooks[changes.crdguard.dev].failurePolicy", expected: '"Fail"', found: '"Ignore"' },
    },
    {
      title: "match conditions that are gone",
      change: (webhooks: Record<string, unknown>[]) => delete webhooks[0]?.["matchConditions"],
      expected: { field: "webhooks[changes.crdguard.dev].matchConditions", found: null },
    },
    {
      title: "a selector that keeps changes from us",
      change: (webhooks: Record<string, unknown>[]) =>
        Object.assign(webhooks[1] ?? {}, { objectSelector: { matchLabels: { guarded: "yes" } } }),
      expected: {
        field: "webhooks[creates.crdguard.dev].objectSelector",
        expected: "{}",
        found: '{"matchLabels":{"guarded":"yes"}}',
      },
    },
    {
      title: "another path",
      change: (webhooks: Record<string, unknown>[]) =>
        Object.assign(webhooks[0] ?? {}, {
          clientConfig: { service: { namespace: "crdguard", name: "crdguard", path: "/explain" } },
        }),
      expected: { field: "webhooks[changes.crdguard.dev].clientConfig.path", expected: '"/validate"', found: '"/explain"' },
    },
    {
      title: "a webhook that is gone",
      change: (webhooks: Record<string, unknown>[]) => webhooks.pop(),
      expected: { field: "webhooks[creates.crdguard.dev]", found: null },
    },
    {
      title: "a webhook that is not ours",
      change: (webhooks: Record<string, unknown>[]) => webhooks.push({ name: "other.own.dev" }),
      expected: { field: "webhooks[other.own.dev]", expected: null, found: '"other.own.dev"' },
    },
  ])("is told to differ in $title", ({ change, expected }) => {
    const own = changed(live(renderWebhookConfigurations(service).validating), change);

    expect(differencesOf(own, "validating")).toMatchObject([expected]);
  });

  it("is none of ours by another name", () => {
    const foreign = { metadata: { name: "kyverno" }, webhooks: [{ name: "validate.kyverno.svc" }] };

    expect(roleOf({ kind: "ValidatingWebhookConfiguration", object: foreign })).toBeNull();
    expect(roleOf({ kind: "MutatingWebhookConfiguration", object: foreign })).toBeNull();
  });

  it("is known by its name where somebody has emptied it", () => {
    const empty = { kind: "ValidatingWebhookConfiguration", object: { metadata: { name: "crdguard" }, webhooks: [] } } as const;

    expect(roleOf(empty)).toBe("validating");
    expect(differencesOf(empty, "validating")).toEqual([
      { field: "webhooks", expected: '["changes.crdguard.dev"]', found: null },
    ]);
  });
});
