import { describe, expect, it } from "vitest";
import { CommandError } from "../../../src/cli/exit-status.ts";
import { chooseKeeping, type KeepingFlags } from "../../../src/cli/serve/keeping-choice.ts";

const NONE: KeepingFlags = {
  keepInstalled: undefined,
  webhookUrl: undefined,
  webhookProfile: undefined,
  replica: undefined,
  authorityHours: undefined,
  certificateHours: undefined,
  rotationHoldSeconds: undefined,
  storageSettleSeconds: undefined,
  caBundle: undefined,
  registerUrl: undefined,
  facts: undefined,
  tlsCertFile: undefined,
  tlsCaFile: undefined,
};
const SERVICE = { namespace: "crdguard", name: "crdguard" };

function chosen(flags: Partial<KeepingFlags>): unknown {
  try {
    return chooseKeeping({ ...NONE, ...(flags.keepInstalled === undefined ? {} : { replica: "one" }), ...flags });
  } catch (error) {
    if (error instanceof CommandError) return error.code;
    throw error;
  }
}

describe("what is kept installed", () => {
  it.each<{ readonly title: string; readonly flags: Partial<KeepingFlags>; readonly choice: unknown }>([
    { title: "nothing, unless told", flags: {}, choice: null },
    {
      title: "nothing, with certificates from files and --register-url",
      flags: { tlsCertFile: "c", tlsCaFile: "a", registerUrl: "u" },
      choice: null,
    },
    {
      title: "a Service, with certificates of its own",
      flags: { keepInstalled: SERVICE },
      choice: {
        service: SERVICE,
        profile: "staged",
        webhookUrl: null,
        replica: "one",
        trust: { kind: "self-managed", authorityHours: 8_760, certificateHours: 168, rotationHoldSeconds: 60 },
        storageSettleSeconds: 65,
      },
    },
    {
      title: "a URL, with certificates from files and their authorities",
      flags: { keepInstalled: SERVICE, webhookUrl: "https://192.0.2.1:8443", tlsCertFile: "c", tlsCaFile: "a" },
      choice: {
        service: SERVICE,
        profile: "staged",
        webhookUrl: new URL("https://192.0.2.1:8443"),
        replica: "one",
        trust: { kind: "file", path: "a", rotationHoldSeconds: 60 },
        storageSettleSeconds: 65,
      },
    },
    {
      title: "trust by a file of its own",
      flags: { keepInstalled: SERVICE, tlsCertFile: "c", caBundle: "b" },
      choice: {
        service: SERVICE,
        profile: "staged",
        webhookUrl: null,
        replica: "one",
        trust: { kind: "file", path: "b", rotationHoldSeconds: 60 },
        storageSettleSeconds: 65,
      },
    },
    {
      title: "trust that somebody else publishes",
      flags: { keepInstalled: SERVICE, tlsCertFile: "c", tlsCaFile: "a", caBundle: "external" },
      choice: {
        service: SERVICE,
        profile: "staged",
        webhookUrl: null,
        replica: "one",
        trust: { kind: "external", rotationHoldSeconds: 60 },
        storageSettleSeconds: 65,
      },
    },
    { title: "not with --register-url", flags: { keepInstalled: SERVICE, registerUrl: "https://x" }, choice: "flags-conflict" },
    { title: "not with --facts", flags: { keepInstalled: SERVICE, facts: "demo" }, choice: "flags-conflict" },
    { title: "not with a URL alone", flags: { webhookUrl: "https://x" }, choice: "flags-incomplete" },
    { title: "not with a profile alone", flags: { webhookProfile: "fail-open" }, choice: "flags-incomplete" },
    { title: "not with a replica's name alone", flags: { replica: "one" }, choice: "flags-incomplete" },
    { title: "not with an authority's time alone", flags: { authorityHours: 1 }, choice: "flags-incomplete" },
    { title: "not with a certificate's time alone", flags: { certificateHours: 1 }, choice: "flags-incomplete" },
    { title: "not with a settling time alone", flags: { storageSettleSeconds: 0 }, choice: "flags-incomplete" },
    { title: "not with a hold time alone", flags: { rotationHoldSeconds: 0 }, choice: "flags-incomplete" },
    {
      title: "not with certificates that outlive a short authority, by their default",
      flags: { keepInstalled: SERVICE, authorityHours: 1 },
      choice: "flags-conflict",
    },
    { title: "not with a bundle alone", flags: { caBundle: "b" }, choice: "flags-incomplete" },
    {
      title: "not with a bundle for certificates of its own",
      flags: { keepInstalled: SERVICE, caBundle: "external" },
      choice: "flags-incomplete",
    },
    {
      title: "not with authorities for certificates of its own",
      flags: { keepInstalled: SERVICE, tlsCaFile: "a" },
      choice: "flags-incomplete",
    },
    {
      title: "not with files that nobody is told to trust",
      flags: { keepInstalled: SERVICE, tlsCertFile: "c" },
      choice: "flags-incomplete",
    },
    {
      title: "not with two things to trust",
      flags: { keepInstalled: SERVICE, tlsCertFile: "c", tlsCaFile: "a", caBundle: "b" },
      choice: "flags-conflict",
    },
    {
      title: "not with certificates that outlive their authority",
      flags: { keepInstalled: SERVICE, authorityHours: 1, certificateHours: 2 },
      choice: "flags-conflict",
    },
    {
      title: "not by a URL without TLS",
      flags: { keepInstalled: SERVICE, webhookUrl: "http://x" },
      choice: "webhook-url-invalid",
    },
    {
      title: "not by a URL with a password",
      flags: { keepInstalled: SERVICE, webhookUrl: "https://a:b@x" },
      choice: "webhook-url-invalid",
    },
    {
      title: "not by a replica of a name with capitals",
      flags: { keepInstalled: SERVICE, replica: "One" },
      choice: "replica-name-invalid",
    },
    { title: "not by a replica without a name", flags: { keepInstalled: SERVICE, replica: "" }, choice: "replica-name-invalid" },
  ])("$title", ({ flags, choice }) => {
    expect(chosen(flags)).toEqual(choice);
  });

  it.each([
    { pod: "crdguard-7d9f-x2x", replica: "crdguard-7d9f-x2x" },
    { pod: "My_Laptop.local.", replica: "my-laptop.local" },
    { pod: "…", replica: "unnamed" },
    { pod: "a".repeat(300), replica: "a".repeat(236) },
  ])("names a replica of the pod $pod", ({ pod, replica }) => {
    const before = process.env["POD_NAME"];
    process.env["POD_NAME"] = pod;
    try {
      expect(chosen({ keepInstalled: SERVICE, replica: undefined })).toMatchObject({ replica });
    } finally {
      if (before === undefined) delete process.env["POD_NAME"];
      else process.env["POD_NAME"] = before;
    }
  });
});
