import { describe, expect, it } from "vitest";
import { keptContested, keptCreated, keptRepaired } from "../../../src/explain/registration.ts";

const POLICY = { kind: "GuardPolicy", name: "default" };
const REGISTRATION = { kind: "ValidatingWebhookConfiguration", name: "crdguard" };
const LABEL = ["metadata.labels[app.kubernetes.io/name]"];

describe("notes of Events on what is kept", () => {
  it.each([
    {
      title: "a policy that is made",
      note: keptCreated(POLICY),
      told: "GuardPolicy default was not there, and was created with the defaults. What its spec says is yours.",
    },
    {
      title: "a registration that is made",
      note: keptCreated(REGISTRATION),
      told: "ValidatingWebhookConfiguration crdguard was not there, and was created.",
    },
    {
      title: "a policy that is put right",
      note: keptRepaired(POLICY, LABEL, "kubectl-edit"),
      told: 'metadata.labels[app.kubernetes.io/name] differed; the last other writer is "kubectl-edit". It was put right: these fields are crdguard\'s own. Its spec, and further labels and annotations, are yours.',
    },
    {
      title: "a registration that is put right",
      note: keptRepaired(REGISTRATION, ["a", "b", "c", "d", "e", "f", "g"], null),
      told: "a, b, c, d, e and 2 more differed; the last other writer is not recorded. It was put right: these fields are crdguard's own. Labels, annotations, further matchConditions and timeoutSeconds are yours.",
    },
    {
      title: "a policy that somebody fights for",
      note: keptContested(POLICY, LABEL, "argocd", 20),
      told: 'metadata.labels[app.kubernetes.io/name] differed; the last other writer is "argocd". This happens again and again, so that the next repair waits 20 s. Let that writer leave these fields alone: its spec is yours, and docs/policy.md tells the rest.',
    },
  ])("tell of $title", ({ note, told }) => {
    expect(note).toBe(told);
  });

  it("speak of no webhook where it is a policy", () => {
    const notes = [keptCreated(POLICY), keptRepaired(POLICY, LABEL, null), keptContested(POLICY, LABEL, null, 5)];

    for (const note of notes) expect(note).not.toMatch(/webhook|matchCondition|registration/i);
  });
});
