import { describe, expect, it } from "vitest";
import { differencesOf, keptDifferences, type LiveConfiguration, roleOf } from "../../../src/operator/registration-drift.ts";
import {
  renderWebhookConfigurations,
  type WebhookConfiguration,
  type WebhookEndpoint,
} from "../../../src/operator/webhook-configurations.ts";

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
      change: (webhooks: Record<string, unknown>[]) => delete webhooks[1]?.["matchConditions"],
      expected: { field: "webhooks[creates.crdguard.dev].matchConditions[not-own-crd]", found: null },
    },
    {
      title: "a match condition of ours with another expression",
      change: (webhooks: Record<string, unknown>[]) =>
        Object.assign(webhooks[1] ?? {}, { matchConditions: [{ name: "not-own-crd", expression: "false" }] }),
      expected: { field: "webhooks[creates.crdguard.dev].matchConditions[not-own-crd]", found: '"false"' },
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
      expected: { field: "webhooks[own.crdguard.dev]", found: null },
    },
    {
      title: "a webhook of another version of crdguard",
      change: (webhooks: Record<string, unknown>[]) => webhooks.push({ name: "former.crdguard.dev" }),
      expected: { field: "webhooks[former.crdguard.dev]", expected: null, found: '"former.crdguard.dev"' },
    },
  ])("is told to differ in $title", ({ change, expected }) => {
    const own = changed(live(renderWebhookConfigurations(service).validating), change);

    expect(differencesOf(own, "validating")).toMatchObject([expected]);
  });

  it("leaves to a user: how long is waited, further conditions and further webhooks", () => {
    const own = changed(live(renderWebhookConfigurations(service).validating), (webhooks) => {
      const [first] = webhooks;
      if (first === undefined) return;
      const further = { name: "theirs", expression: "request.userInfo.username != 'system:admin'" };
      first["matchConditions"] = [further, ...(first["matchConditions"] as unknown[])];
      first["timeoutSeconds"] = 7;
      webhooks.unshift({ name: "other.own.dev", clientConfig: { url: "https://own.dev" } });
    });

    expect(differencesOf(own, "validating")).toEqual([]);
  });

  it.each([
    { profile: "staged", failurePolicy: "Ignore", differs: false },
    { profile: "staged", failurePolicy: "Fail", differs: false },
    { profile: "fail-open", failurePolicy: "Ignore", differs: false },
    { profile: "fail-open", failurePolicy: "Fail", differs: true },
    { profile: "fail-closed", failurePolicy: "Ignore", differs: true },
    { profile: "fail-closed", failurePolicy: "Fail", differs: false },
  ] as const)(
    "of profile $profile, with failurePolicy $failurePolicy, differs: $differs",
    ({ profile, failurePolicy, differs }) => {
      const own = live(renderWebhookConfigurations(service, { registeredBy: "kept", profile, failurePolicy }).validating);

      expect(differencesOf(own, "validating").map(({ field }) => field)).toEqual(
        differs ? ["webhooks[changes.crdguard.dev].failurePolicy"] : [],
      );
    },
  );

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

describe("a registration that a server keeps", () => {
  const configuration: WebhookConfiguration = renderWebhookConfigurations(
    { ...service, caBundle: "Q0E=" },
    { registeredBy: "kept", profile: "staged" },
  ).validating;

  function fieldsAfter(
    change: (object: Record<string, unknown>, webhooks: Record<string, unknown>[]) => unknown,
  ): readonly string[] {
    const { object } = live(configuration);
    const copy = structuredClone(object) as { webhooks: Record<string, unknown>[] } & Record<string, unknown>;
    change(copy, copy.webhooks);
    return keptDifferences(configuration, copy).map(({ field }) => field);
  }

  function metadataOf(object: Record<string, unknown>): Record<string, Record<string, string>> {
    return object["metadata"] as Record<string, Record<string, string>>;
  }

  it.each([
    { title: "nothing", change: () => undefined, fields: [] },
    {
      title: "an emptied caBundle",
      change: (_: unknown, webhooks: Record<string, unknown>[]) =>
        Object.assign(webhooks[0]?.["clientConfig"] ?? {}, { caBundle: "" }),
      fields: ["webhooks[changes.crdguard.dev].clientConfig.caBundle"],
    },
    {
      title: "a URL in place of the Service",
      change: (_: unknown, webhooks: Record<string, unknown>[]) =>
        Object.assign(webhooks[2] ?? {}, { clientConfig: { url: "https://elsewhere.example/validate", caBundle: "Q0E=" } }),
      fields: ["webhooks[own.crdguard.dev].clientConfig.url", "webhooks[own.crdguard.dev].clientConfig.service"],
    },
    {
      title: "a label of ours",
      change: (object: Record<string, unknown>) =>
        Object.assign(metadataOf(object)["labels"] ?? {}, { "crdguard.dev/registered-by": "bob" }),
      fields: ["metadata.labels[crdguard.dev/registered-by]"],
    },
    {
      title: "a label and an annotation of their own, which are theirs",
      change: (object: Record<string, unknown>) => {
        Object.assign(metadataOf(object)["labels"] ?? {}, { team: "platform" });
        Object.assign(metadataOf(object)["annotations"] ?? {}, { note: "looked at" });
      },
      fields: [],
    },
    {
      title: "a webhook of their own under our domain, which is theirs as well",
      change: (_: unknown, webhooks: Record<string, unknown>[]) => webhooks.push({ name: "third.crdguard.dev" }),
      fields: [],
    },
  ])("is told to differ in $title", ({ change, fields }) => {
    expect(fieldsAfter(change)).toEqual(fields);
  });

  it("lets go what another version of it applied, and this one renders no more", () => {
    const fields = fieldsAfter((object, webhooks) => {
      webhooks.push({ name: "former.crdguard.dev" });
      const condition = { "f:matchConditions": { 'k:{"name":"former"}': {}, 'k:{"name":"not-own-crd"}': {} } };
      const fieldsV1 = {
        "f:webhooks": { 'k:{"name":"former.crdguard.dev"}': {}, 'k:{"name":"creates.crdguard.dev"}': condition },
      };
      Object.assign(metadataOf(object), {
        managedFields: [
          { manager: "bob", operation: "Update", fieldsV1: { "f:webhooks": { 'k:{"name":"third.own.dev"}': {} } } },
          { manager: "crdguard", operation: "Apply", fieldsV1 },
        ],
      });
    });

    expect(fields).toEqual(["webhooks[former.crdguard.dev]", "webhooks[creates.crdguard.dev].matchConditions[former]"]);
  });
});
