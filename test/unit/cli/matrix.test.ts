import { describe, expect, it } from "vitest";
import { matrix, type MatrixOptions } from "../../../src/cli/matrix.ts";
import { CommandError } from "../../../src/cli/exit-status.ts";
import type { CompatibilityMatrix } from "../../../src/explain/matrix.ts";

const NONE: MatrixOptions = {
  with: [],
  against: undefined,
  controller: [],
  release: [],
  channel: [],
  output: "json",
  catalog: [],
  catalogConfigMap: undefined,
  kubeconfig: undefined,
  context: undefined,
};

async function ask(options: Partial<MatrixOptions>): Promise<{ readonly status: number; readonly text: string }> {
  const printed: string[] = [];
  const status = await matrix(
    "gateway-api",
    { ...NONE, ...options },
    {
      hasColors: false,
      print: (text) => {
        printed.push(text);
      },
      tell: () => undefined,
    },
  );
  return { status, text: printed.join("") };
}

async function report(options: Partial<MatrixOptions>): Promise<CompatibilityMatrix> {
  return JSON.parse((await ask({ ...options, output: "json" })).text) as CompatibilityMatrix;
}

/**
 * Worked out by hand from the sources of the controllers and the CRDs at each tag, apart from this program: the lowest
 * bundle that starts, the bundles with full support, and how many of the 42 break it.
 */
const KNOWN = [
  { controller: "cilium-operator", versions: ">=1.14.0 <1.15.0", lowest: "0.6.0 experimental", full: 19, broken: 23 },
  { controller: "cilium-operator", versions: ">=1.15.0 <1.16.0", lowest: "1.0.0 experimental", full: 3, broken: 39 },
  { controller: "cilium-operator", versions: ">=1.16.0 <1.17.0", lowest: "1.1.0 experimental", full: 11, broken: 31 },
  { controller: "cilium-operator", versions: ">=1.17.0 <1.20.0", lowest: "1.1.0 standard", full: 11, broken: 24 },
  { controller: "cilium-operator", versions: ">=1.20.0", lowest: "1.5.0 standard", full: 4, broken: 34 },
  { controller: "envoy-gateway", versions: ">=0.6.0 <1.0.0", lowest: "1.0.0 experimental", full: 3, broken: 39 },
  { controller: "envoy-gateway", versions: ">=1.0.0 <1.1.0", lowest: "1.0.0 experimental", full: 1, broken: 41 },
  { controller: "envoy-gateway", versions: ">=1.1.0 <1.2.0", lowest: "1.1.0 experimental", full: 11, broken: 31 },
  { controller: "envoy-gateway", versions: ">=1.2.0 <1.5.8", lowest: "1.0.0 standard", full: 5, broken: 18 },
  { controller: "envoy-gateway", versions: ">=1.5.8 <1.6.0", lowest: "1.0.0 standard", full: 11, broken: 18 },
  { controller: "envoy-gateway", versions: ">=1.6.0 <1.6.3", lowest: "1.0.0 standard", full: 2, broken: 18 },
  { controller: "envoy-gateway", versions: ">=1.8.0 <1.9.0", lowest: "1.5.0 standard", full: 4, broken: 34 },
  { controller: "envoy-gateway", versions: ">=1.9.0", lowest: "1.0.0 standard", full: 4, broken: 18 },
  { controller: "istiod", versions: ">=1.16.0 <1.18.0", lowest: "0.5.0 standard", full: 12, broken: 20 },
];

describe("the matrix of the catalog", () => {
  it.each(KNOWN)("$controller $versions starts from $lowest", async ({ controller, versions, lowest, full, broken }) => {
    const { subjects } = await report({ controller: [controller] });
    const fits = subjects.find((subject) => subject.versions === versions && subject.setting === null)?.fits ?? [];
    const first = fits.find(({ verdict }) => verdict !== "breaks");

    expect([
      `${first?.version ?? ""} ${first?.channel ?? ""}`,
      fits.filter(({ verdict }) => verdict === "works").length,
      fits.filter(({ verdict }) => verdict === "breaks").length,
    ]).toEqual([lowest, full, broken]);
  });

  it("tells needs under a setting apart from those by default", async () => {
    const { subjects } = await report({ controller: ["traefik"] });
    const settings = subjects.filter(({ versions }) => versions?.startsWith(">=3.7.0")).map(({ setting }) => setting);

    expect(settings.length).toBeGreaterThan(0);
    expect(settings).not.toContain(null);
  });

  it("tells all in brief, unless one controller is asked about", async () => {
    const whole = await ask({ output: "text" });
    const one = await ask({ output: "text", controller: ["envoy-gateway"] });

    expect(whole.text).toContain("--controller ID tells why");
    expect(one.text).toContain("    experimental  ✗ v0.5.0–v0.5.1 BackendTLSPolicy v1alpha2 absent, GatewayClass v1 not listed");
  });
});

describe("a bundle for a set of controllers", () => {
  it.each([
    {
      title: "Envoy Gateway 1.2.1 and Cilium 1.16.3",
      with: ["envoy-gateway=1.2.1", "cilium=v1.16.3"],
      status: 0,
      minimum: "1.1.0 experimental",
      recommended: "1.3.0 experimental",
    },
    {
      title: "Envoy Gateway 1.0.2 and 1.8.0, whom nothing suits both",
      with: ["envoy-gateway=1.0.2", "envoy-gateway=1.8.0"],
      status: 1,
      minimum: null,
      recommended: null,
    },
    {
      title: "Traefik with its Gateway provider",
      with: ["traefik=3.7.2 --providers.kubernetesgateway"],
      status: 0,
      minimum: "1.5.0 standard",
      recommended: "1.6.1 standard",
    },
    {
      title: "Traefik without it, to whom every release is the same",
      with: ["traefik=3.7.2"],
      status: 0,
      minimum: "0.5.0 standard",
      recommended: "1.6.1 standard",
    },
  ])("$title", async ({ with: given, status, minimum, recommended }) => {
    const { status: actual, text } = await ask({ with: given });
    const told = JSON.parse(text) as CompatibilityMatrix;
    const places = [told.minimum, told.recommended].map((choice) => choice && `${choice.version} ${choice.channel}`);

    expect([actual, ...places]).toEqual([status, minimum, recommended]);
  });

  it("says what the recommended one still lacks", async () => {
    const { text } = await ask({ with: ["envoy-gateway=1.2.1"], channel: ["standard"], output: "text" });

    expect(text).toContain("recommended  v1.6.1, standard channel, which still lacks 4 APIs:");
    expect(text).toContain('envoy-gateway: "v1alpha3" of backendtlspolicies'.replaceAll('"', ""));
  });

  it("gives a table in Markdown", async () => {
    const { text } = await ask({ with: ["envoy-gateway=1.9.1"], release: ["v1.5.1", "1.6.1"], output: "markdown" });

    expect(text).toContain("| versions | standard | experimental |\n| --- | --- | --- |\n| 1.9.1 | ~ v1.5.1: TCPRoute v1 absent");
  });
});

describe("wrong input", () => {
  it.each([
    {
      title: "a name nearly right",
      options: { with: ["envoy-gatway=1.2"] },
      code: "controller-unknown",
      way: 'did you mean "envoy-gateway"?',
    },
    {
      title: "a name that begins several",
      options: { with: ["kyverno=1.10"] },
      code: "controller-ambiguous",
      way: "kyverno-admission",
    },
    { title: "no version", options: { with: ["cilium"] }, code: "with-malformed", way: "<controller>=<version>" },
    { title: "a version that is none", options: { with: ["envoy-gateway=latest"] }, code: "release-unknown", way: '">=1.9.0"' },
    { title: "a release that is none", options: { release: ["9.9.9"] }, code: "release-unknown", way: "1.6.1" },
    {
      title: "a channel that is none",
      options: { channel: ["standart"] },
      code: "channel-unknown",
      way: 'did you mean "standard"?',
    },
    {
      title: "two sources",
      options: { against: "live", controller: ["istiod"] },
      code: "flags-conflict",
      way: "give one of them",
    },
  ])("refuses $title, with a way out", async ({ options, code, way }) => {
    const error: unknown = await ask(options).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ code, status: 2 });
    expect(String(error)).toContain(way);
  });
});
