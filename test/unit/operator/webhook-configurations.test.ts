import { describe, expect, it } from "vitest";
import { renderWebhookConfigurations, type Webhook, type WebhookEndpoint } from "../../../src/operator/webhook-configurations.ts";

const url: WebhookEndpoint = { kind: "url", url: "https://127.0.0.1:8443", caBundle: "Q0E=" };
const service: WebhookEndpoint = { kind: "service", namespace: "crdguard", name: "crdguard", port: 443 };

describe("renderWebhookConfigurations", () => {
  it("names four entries, by what they are for", () => {
    const { validating, mutating, workloads } = renderWebhookConfigurations(service);

    expect(validating.webhooks.map(({ name }) => name)).toEqual([
      "changes.crdguard.dev",
      "creates.crdguard.dev",
      "own.crdguard.dev",
    ]);
    expect(mutating.webhooks.map(({ name }) => name)).toEqual(["explain.crdguard.dev"]);
    expect(workloads).toBeUndefined();
  });

  it("has a fifth entry where it is asked for, in a configuration of its own", () => {
    const { workloads, ...others } = renderWebhookConfigurations(service, { warnWorkloads: true });

    expect(workloads?.webhooks.map(({ name }) => name)).toEqual(["workloads.crdguard.dev"]);
    expect(others).toEqual(renderWebhookConfigurations(service));
  });

  it.each([
    {
      name: "changes.crdguard.dev",
      sent: ["UPDATE customresourcedefinitions", "DELETE customresourcedefinitions", "UPDATE customresourcedefinitions/status"],
      failurePolicy: "Fail",
      timeoutSeconds: 10,
    },
    { name: "creates.crdguard.dev", sent: ["CREATE customresourcedefinitions"], failurePolicy: "Ignore", timeoutSeconds: 5 },
    {
      name: "own.crdguard.dev",
      sent: [
        "CREATE customresourcedefinitions",
        "UPDATE customresourcedefinitions",
        "DELETE customresourcedefinitions",
        "UPDATE customresourcedefinitions/status",
      ],
      failurePolicy: "Ignore",
      timeoutSeconds: 5,
    },
    { name: "explain.crdguard.dev", sent: ["UPDATE customresourcedefinitions"], failurePolicy: "Ignore", timeoutSeconds: 5 },
    {
      name: "workloads.crdguard.dev",
      sent: [
        "CREATE deployments",
        "CREATE statefulsets",
        "CREATE daemonsets",
        "UPDATE deployments",
        "UPDATE statefulsets",
        "UPDATE daemonsets",
      ],
      failurePolicy: "Ignore",
      timeoutSeconds: 3,
    },
  ])("$name is sent $sent, and a failed call leads to $failurePolicy within $timeoutSeconds s", ({ name, sent, ...rest }) => {
    const webhook = entry(service, name);

    expect(webhook).toMatchObject({ ...rest, matchPolicy: "Equivalent", sideEffects: "None", admissionReviewVersions: ["v1"] });
    expect(
      webhook.rules.flatMap(({ operations, resources }) =>
        operations.flatMap((verb) => resources.map((each) => `${verb} ${each}`)),
      ),
    ).toEqual(sent);
    for (const rule of webhook.rules) {
      expect(rule).toMatchObject(
        name === "workloads.crdguard.dev"
          ? { apiGroups: ["apps"], apiVersions: ["v1"], scope: "Namespaced" }
          : { apiGroups: ["apiextensions.k8s.io"], apiVersions: ["v1"], scope: "Cluster" },
      );
    }
  });

  it.each([
    {
      name: "changes.crdguard.dev",
      conditions: ["spec-changed-or-deleted", "stored-version-forgotten", "not-terminating", "not-own-crd"],
    },
    { name: "creates.crdguard.dev", conditions: ["not-own-crd"] },
    { name: "own.crdguard.dev", conditions: ["stored-version-forgotten", "not-terminating", "own-crd"] },
    { name: "explain.crdguard.dev", conditions: ["stored-version-removed"] },
    { name: "workloads.crdguard.dev", conditions: ["created-or-spec-changed", "not-terminating"] },
  ])("$name is narrowed by $conditions", ({ name, conditions }) => {
    expect(entry(service, name).matchConditions?.map((condition) => condition.name)).toEqual(conditions);
  });

  it("uses the expressions that were tried on a real API server, to the letter", () => {
    const expressions = entries(service).flatMap(({ matchConditions = [] }) =>
      matchConditions.map(({ name, expression }) => [name, expression] as const),
    );

    expect(new Map(expressions)).toEqual(
      new Map([
        [
          "spec-changed-or-deleted",
          "request.operation != 'UPDATE' || has(request.subResource) || object.metadata.generation != oldObject.metadata.generation",
        ],
        [
          "stored-version-forgotten",
          "!has(request.subResource) || request.subResource != 'status' || (has(oldObject.status) && has(oldObject.status.storedVersions) && oldObject.status.storedVersions.exists(s, !has(object.status.storedVersions) || !(s in object.status.storedVersions)))",
        ],
        ["not-terminating", "oldObject == null || !has(oldObject.metadata.deletionTimestamp)"],
        ["not-own-crd", "(object != null ? object : oldObject).spec.group != 'crdguard.dev'"],
        ["own-crd", "(object != null ? object : oldObject).spec.group == 'crdguard.dev'"],
        [
          "stored-version-removed",
          "has(oldObject.status) && has(oldObject.status.storedVersions) && oldObject.status.storedVersions.exists(s, !object.spec.versions.exists(v, v.name == s))",
        ],
        [
          "created-or-spec-changed",
          "request.operation == 'CREATE' || object.metadata.generation != oldObject.metadata.generation",
        ],
      ]),
    );
  });

  it("lets nothing but changes fail closed, whatever is asked for", () => {
    const { validating, mutating, workloads } = renderWebhookConfigurations(service, {
      warnWorkloads: true,
      failurePolicy: "Fail",
    });
    const failing = [validating, mutating, workloads]
      .flatMap((configuration) => configuration?.webhooks ?? [])
      .filter(({ failurePolicy }) => failurePolicy === "Fail");

    expect(failing.map(({ name }) => name)).toEqual(["changes.crdguard.dev"]);
  });

  it("of a server in the cluster that is called by a URL has the names of the installed one, and tells its profile", () => {
    const { validating } = renderWebhookConfigurations(url, { registeredBy: "kept", profile: "staged", failurePolicy: "Ignore" });

    expect(validating.metadata).toEqual({
      name: "crdguard",
      labels: expect.objectContaining({ "crdguard.dev/registered-by": "kept" }) as unknown,
      annotations: { "crdguard.dev/webhook-profile": "staged" },
    });
    expect(validating.webhooks.map(({ failurePolicy }) => failurePolicy)).toEqual(["Ignore", "Ignore", "Ignore"]);
  });

  it("asks the explainer once only, since it never patches", () => {
    expect(renderWebhookConfigurations(service).mutating.webhooks[0]?.reinvocationPolicy).toBe("Never");
  });

  it.each([
    {
      title: "a URL",
      endpoint: url,
      validate: { url: "https://127.0.0.1:8443/validate", caBundle: "Q0E=" },
      explain: { url: "https://127.0.0.1:8443/explain", caBundle: "Q0E=" },
      workloads: { url: "https://127.0.0.1:8443/workloads", caBundle: "Q0E=" },
    },
    {
      title: "a URL with a path, whatever slashes it ends in",
      endpoint: { ...url, url: "https://guard.example/crdguard//" },
      validate: { url: "https://guard.example/crdguard/validate", caBundle: "Q0E=" },
      explain: { url: "https://guard.example/crdguard/explain", caBundle: "Q0E=" },
      workloads: { url: "https://guard.example/crdguard/workloads", caBundle: "Q0E=" },
    },
    {
      title: "a Service, without a caBundle where none is given",
      endpoint: service,
      validate: { service: { namespace: "crdguard", name: "crdguard", port: 443, path: "/validate" } },
      explain: { service: { namespace: "crdguard", name: "crdguard", port: 443, path: "/explain" } },
      workloads: { service: { namespace: "crdguard", name: "crdguard", port: 443, path: "/workloads" } },
    },
    {
      title: "a Service, with the caBundle",
      endpoint: { ...service, caBundle: "Q0E=" },
      validate: { service: { namespace: "crdguard", name: "crdguard", port: 443, path: "/validate" }, caBundle: "Q0E=" },
      explain: { service: { namespace: "crdguard", name: "crdguard", port: 443, path: "/explain" }, caBundle: "Q0E=" },
      workloads: { service: { namespace: "crdguard", name: "crdguard", port: 443, path: "/workloads" }, caBundle: "Q0E=" },
    },
  ] satisfies readonly { title: string; endpoint: WebhookEndpoint; validate: unknown; explain: unknown; workloads: unknown }[])(
    "reaches the server by $title",
    ({ endpoint, validate, explain, workloads }) => {
      expect(entry(endpoint, "changes.crdguard.dev").clientConfig).toStrictEqual(validate);
      expect(entry(endpoint, "creates.crdguard.dev").clientConfig).toStrictEqual(validate);
      expect(entry(endpoint, "explain.crdguard.dev").clientConfig).toStrictEqual(explain);
      expect(entry(endpoint, "workloads.crdguard.dev").clientConfig).toStrictEqual(workloads);
    },
  );

  it.each([
    {
      title: "a Service is the installed registration",
      endpoint: service,
      names: ["crdguard", "crdguard-explainer", "crdguard-workloads"],
      registeredBy: "manifests",
    },
    {
      title: "a URL has names of its own, and never those of the installed one",
      endpoint: url,
      names: ["crdguard-dev", "crdguard-explainer-dev", "crdguard-workloads-dev"],
      registeredBy: "running-server",
    },
  ])("$title", ({ endpoint, names, registeredBy }) => {
    const { validating, mutating, workloads } = renderWebhookConfigurations(endpoint, { warnWorkloads: true });
    const configurations = [validating, mutating, ...(workloads === undefined ? [] : [workloads])];

    expect(configurations.map(({ metadata }) => metadata.name)).toEqual(names);
    for (const { metadata } of configurations) {
      expect(metadata.labels).toEqual({
        "app.kubernetes.io/name": "crdguard",
        "app.kubernetes.io/part-of": "crdguard",
        "app.kubernetes.io/component": "webhook",
        "crdguard.dev/registered-by": registeredBy,
      });
    }
  });
});

function entry(endpoint: WebhookEndpoint, name: string): Webhook {
  const found = entries(endpoint).find((webhook) => webhook.name === name);
  if (found === undefined) throw new Error(`no entry ${name}`);
  return found;
}

function entries(endpoint: WebhookEndpoint): readonly Webhook[] {
  const { validating, mutating, workloads } = renderWebhookConfigurations(endpoint, { warnWorkloads: true });
  return [...validating.webhooks, ...mutating.webhooks, ...(workloads?.webhooks ?? [])];
}
