import { describe, expect, it } from "vitest";
import { healthRemedy } from "../../../src/explain/health-remedies.ts";
import { registration } from "../../support/health.ts";

describe("the ways out of a registration that is not as it should be", () => {
  it.each([
    {
      kind: "restore-registration",
      isKept: false,
      title: /^apply those of the version/,
      command: /^crdguard render --webhook-conf/,
    },
    { kind: "restore-registration", isKept: true, title: /^see in the log of the server that leads/, command: undefined },
    { kind: "set-ca-bundle", isKept: false, title: /^tell the API server which authority/, command: /certs:install/ },
    { kind: "set-ca-bundle", isKept: true, title: /^see in the log .* --ca-bundle external/, command: undefined },
    { kind: "unblock", isKept: false, title: /and apply it again afterwards$/, command: /^kubectl delete validatingwebhook/ },
    {
      kind: "unblock",
      isKept: true,
      title: /makes it again, and fails open at first$/,
      command: /^kubectl delete validatingwebhook/,
    },
  ] as const)("by $kind, kept by a server: $isKept", ({ kind, isKept, title, command }) => {
    const remedy = healthRemedy({ kind, registration: registration({ isKept }) });

    expect(remedy.title).toMatch(title);
    if (command === undefined) expect(remedy).not.toHaveProperty("command");
    else expect(remedy.command).toMatch(command);
  });
});
