import { describe, expect, it } from "vitest";
import { renderWebhookConfigurations } from "../../../src/operator/webhook-configurations.ts";
import { readManifests } from "./read-manifests.ts";

const rendered = renderWebhookConfigurations({ kind: "service", namespace: "crdguard", name: "crdguard", port: 443 });

describe("manifests/webhooks", () => {
  it.each([
    { file: "validating-webhook-configuration.yaml", expected: rendered.validating },
    { file: "mutating-webhook-configuration.yaml", expected: rendered.mutating },
  ])("$file is what the program itself would register, without a caBundle", async ({ file, expected }) => {
    expect(await readManifests(`webhooks/${file}`)).toStrictEqual([expected]);
  });
});
