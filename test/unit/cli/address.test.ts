import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../src/cli/address.ts";

describe("parseAddress", () => {
  it.each([
    { value: "127.0.0.1:8443", address: { host: "127.0.0.1", port: 8443 } },
    { value: "localhost:0", address: { host: "localhost", port: 0 } },
    { value: ":8443", address: { host: "0.0.0.0", port: 8443 } },
    { value: "[::1]:8443", address: { host: "::1", port: 8443 } },
    { value: "[::]:65535", address: { host: "::", port: 65_535 } },
  ])("reads $value", ({ value, address }) => {
    expect(parseAddress(value)).toEqual(address);
  });

  it.each([
    "",
    "8443",
    "localhost",
    "localhost:",
    "localhost:x",
    "localhost:-1",
    "localhost:65536",
    "::1:8443",
    "[::1]",
    "a:b:1",
    "https://a:1",
    "a:1\n",
  ])("refuses %j", (value) => {
    expect(() => parseAddress(value)).toThrow("give HOST:PORT, for example 127.0.0.1:8443.");
  });
});
