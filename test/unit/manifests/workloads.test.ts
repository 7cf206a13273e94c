import { describe, expect, it } from "vitest";
import { renderWebhookConfigurations } from "../../../src/operator/webhook-configurations.ts";
import { readKustomization, readManifests } from "./read-manifests.ts";

const endpoint = { kind: "service", namespace: "crdguard", name: "crdguard", port: 443 } as const;

describe("manifests/workloads", () => {
  it("is what the program itself would register, without a caBundle", async () => {
    const { workloads } = renderWebhookConfigurations(endpoint, { warnWorkloads: true });

    expect(await readManifests("workloads/validating-webhook-configuration.yaml")).toStrictEqual([workloads]);
  });

  it("is switched on by its own folder alone", async () => {
    expect(await readKustomization("workloads")).toEqual(["workloads/validating-webhook-configuration.yaml"]);
    expect((await readKustomization(".")).filter((file) => file.startsWith("workloads/"))).toEqual([]);
  });
});
