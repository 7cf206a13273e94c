import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addClusterFlags, parseDuration, withPlainSwitches } from "../../../src/cli/cluster-flags.ts";

describe("kubectl's global flags", () => {
  /** All that kubectl 1.35 knows of the kind: cli-runtime, genericclioptions/config_flags.go, but for -n. */
  const ALL = [
    "--as=ann",
    "--as-group=desk",
    "--as-group=floor",
    "--as-uid=7",
    "--cache-dir=/tmp/cache",
    "--certificate-authority=ca.crt",
    "--client-certificate=tls.crt",
    "--client-key=tls.key",
    "--cluster=home",
    "--context=day",
    "--disable-compression",
    "--insecure-skip-tls-verify",
    "--kubeconfig=config",
    "--request-timeout=1m30s",
    "--server=https://a.example",
    "--tls-server-name=a.internal",
    "--token=t",
    "--user=ann",
  ];

  it("are all taken, in the form that a connection is chosen by", () => {
    const command = addClusterFlags(new Command().exitOverride()).parse(ALL, { from: "user" });

    expect(command.opts()).toEqual({
      as: "ann",
      asGroup: ["desk", "floor"],
      asUid: "7",
      cacheDir: "/tmp/cache",
      certificateAuthority: "ca.crt",
      clientCertificate: "tls.crt",
      clientKey: "tls.key",
      cluster: "home",
      context: "day",
      disableCompression: true,
      insecureSkipTlsVerify: true,
      kubeconfig: "config",
      requestTimeout: 90,
      server: "https://a.example",
      tlsServerName: "a.internal",
      token: "t",
      user: "ann",
    });
  });

  it.each([
    { args: ["--insecure-skip-tls-verify=true", "x"], plain: ["--insecure-skip-tls-verify", "x"] },
    { args: ["--insecure-skip-tls-verify=false", "x"], plain: ["x"] },
    { args: ["--disable-compression=1"], plain: ["--disable-compression"] },
    { args: ["--insecure-skip-tls-verify=perhaps"], plain: ["--insecure-skip-tls-verify=perhaps"] },
    { args: ["--", "--insecure-skip-tls-verify=true"], plain: ["--", "--insecure-skip-tls-verify=true"] },
  ])("may be switched as by pflag: $args", ({ args, plain }) => {
    expect(withPlainSwitches(args)).toEqual(plain);
  });
});

describe("--request-timeout", () => {
  it.each([
    { value: "0", seconds: 0 },
    { value: "0s", seconds: 0 },
    { value: "90", seconds: 90 },
    { value: "10s", seconds: 10 },
    { value: "1m30s", seconds: 90 },
    { value: "1.5h", seconds: 5400 },
    { value: "250ms", seconds: 0.25 },
    { value: ".5s", seconds: 0.5 },
  ])("takes $value for $seconds s", ({ value, seconds }) => {
    expect(parseDuration(value)).toBeCloseTo(seconds, 9);
  });

  it.each(["", "s", "-1s", "10 s", "10s!", "ten", "1d", "1e3"])("refuses %o", (value) => {
    expect(() => parseDuration(value)).toThrow("give a number and its unit, for example 10s, 2m or 1h; 0 waits for ever.");
  });
});
