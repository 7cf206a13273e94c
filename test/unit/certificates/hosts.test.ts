import { describe, expect, it } from "vitest";
import { parseHosts } from "../../../src/certificates/hosts.ts";

describe("parseHosts", () => {
  it.each([
    {
      title: "takes a name for a DNS entry",
      text: "crdguard.crdguard.svc",
      host: { kind: "dns", value: "crdguard.crdguard.svc" },
    },
    { title: "takes a single label", text: "localhost", host: { kind: "dns", value: "localhost" } },
    { title: "takes a wildcard for the first label", text: "*.example.com", host: { kind: "dns", value: "*.example.com" } },
    {
      title: "writes names in lower case, without the last dot",
      text: "Guard.Example.COM.",
      host: { kind: "dns", value: "guard.example.com" },
    },
    { title: "takes an IPv4 address for an IP entry", text: "127.0.0.1", host: { kind: "ip", value: "127.0.0.1" } },
    { title: "takes an IPv6 address for an IP entry", text: "2001:db8::1", host: { kind: "ip", value: "2001:db8::1" } },
    { title: "takes the brackets of a URL off an IPv6 address", text: "[::1]", host: { kind: "ip", value: "::1" } },
    {
      title: "takes a label of 63 characters",
      text: `${"a".repeat(63)}.example`,
      host: { kind: "dns", value: `${"a".repeat(63)}.example` },
    },
  ])("$title", ({ text, host }) => {
    expect(parseHosts([text])).toEqual({ ok: true, value: [host] });
  });

  it.each([
    { title: "an empty text", text: "" },
    { title: "a URL", text: "https://example.com" },
    { title: "a name with a port", text: "example.com:443" },
    { title: "an address with a slip in it, which would else become a name", text: "10.0.0.256" },
    { title: "an address that misses a part", text: "10.0.1" },
    { title: "an address with a zone, which no certificate holds", text: "fe80::1%eth0" },
    { title: "a wildcard in the middle", text: "a.*.example" },
    { title: "a label of 64 characters", text: `${"a".repeat(64)}.example` },
    { title: "a name of 254 characters", text: `${"a.".repeat(126)}ab` },
    { title: "two names in one", text: "a.example, b.example" },
    { title: "a line break", text: "a.example\n" },
  ])("refuses $title", ({ text }) => {
    expect(parseHosts([text])).toEqual({
      ok: false,
      error: { code: "host-malformed", message: `${JSON.stringify(text)} is neither a DNS name nor an IP address` },
    });
  });

  it("refuses no host at all, since such a certificate is of no use", () => {
    expect(parseHosts([])).toMatchObject({ ok: false, error: { code: "host-missing" } });
  });

  it("keeps a repeated host once", () => {
    expect(parseHosts(["a.example", "::1", "A.example.", "[::1]"])).toEqual({
      ok: true,
      value: [
        { kind: "dns", value: "a.example" },
        { kind: "ip", value: "::1" },
      ],
    });
  });
});
