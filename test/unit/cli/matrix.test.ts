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
      columns: null,
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
  { controller: "cilium-operator", versions: ">=1.13.0 <1.14.0", lowest: "0.5.0 standard", full: 20, broken: 0 },
  { controller: "cilium-operator", versions: ">=1.14.0 <1.15.0", lowest: "0.6.0 experimental", full: 19, broken: 23 },
  { controller: "cilium-operator", versions: ">=1.15.0 <1.16.0", lowest: "1.0.0 experimental", full: 3, broken: 39 },
  { controller: "cilium-operator", versions: ">=1.16.0 <1.17.0", lowest: "1.1.0 experimental", full: 11, broken: 31 },
  { controller: "cilium-operator", versions: ">=1.17.0 <1.20.0", lowest: "1.1.0 standard", full: 11, broken: 24 },
  { controller: "cilium-operator", versions: ">=1.20.0", lowest: "1.5.0 standard", full: 4, broken: 34 },
  { controller: "envoy-gateway", versions: ">=0.2.0 <0.3.0", lowest: "0.5.0 experimental", full: 12, broken: 30 },
  { controller: "envoy-gateway", versions: ">=0.3.0 <0.6.0", lowest: "0.6.0 experimental", full: 10, broken: 32 },
  { controller: "envoy-gateway", versions: ">=0.6.0 <1.0.0", lowest: "1.0.0 experimental", full: 3, broken: 39 },
  { controller: "envoy-gateway", versions: ">=1.0.0 <1.1.0", lowest: "1.0.0 experimental", full: 1, broken: 41 },
  { controller: "envoy-gateway", versions: ">=1.1.0 <1.2.0", lowest: "1.1.0 experimental", full: 11, broken: 31 },
  { controller: "envoy-gateway", versions: ">=1.2.0 <1.5.8", lowest: "1.0.0 standard", full: 5, broken: 18 },
  { controller: "envoy-gateway", versions: ">=1.5.8 <1.6.0", lowest: "1.0.0 standard", full: 11, broken: 18 },
  { controller: "envoy-gateway", versions: ">=1.6.0 <1.6.3", lowest: "1.0.0 standard", full: 2, broken: 18 },
  { controller: "envoy-gateway", versions: ">=1.8.0 <1.9.0", lowest: "1.5.0 standard", full: 4, broken: 34 },
  { controller: "envoy-gateway", versions: ">=1.9.0", lowest: "1.0.0 standard", full: 4, broken: 18 },
  { controller: "istiod", versions: ">=1.12.0 <1.16.0", lowest: "0.5.0 standard", full: 7, broken: 28 },
  { controller: "istiod", versions: ">=1.16.0 <1.18.0", lowest: "0.5.0 standard", full: 12, broken: 20 },
];

/** The same with a setting that brings needs beside those by default. */
const KNOWN_UNDER_SETTING = [
  { controller: "envoy-gateway", versions: ">=1.6.3 <1.8.0", setting: "XListenerSet", full: 2 },
  { controller: "nginx-gateway-fabric", versions: ">=1.2.0 <1.3.0", setting: "--gateway-api-experimental-features", full: 1 },
  { controller: "nginx-gateway-fabric", versions: ">=1.3.0 <1.4.0", setting: "--gateway-api-experimental-features", full: 11 },
  { controller: "nginx-gateway-fabric", versions: ">=2.3.0 <2.4.0", setting: "--gateway-api-experimental-features", full: 6 },
];

/** By what is hard needed alone, and by default. */
const KNOWN_BREAKS = [
  { controller: "istiod", versions: ">=1.18.0 <1.22.0", lowest: "0.5.0 standard", broken: 2 },
  { controller: "istiod", versions: ">=1.22.0 <1.26.0", lowest: "0.5.0 standard", broken: 2 },
  { controller: "istiod", versions: ">=1.30.0", lowest: "1.0.0 standard", broken: 18 },
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

  it.each(KNOWN_BREAKS)("$controller $versions breaks on $broken bundles", async ({ controller, versions, lowest, broken }) => {
    const { subjects } = await report({ controller: [controller] });
    const fits = subjects.find((subject) => subject.versions === versions && subject.setting === null)?.fits ?? [];
    const first = fits.find(({ verdict }) => verdict !== "breaks");

    expect([
      `${first?.version ?? ""} ${first?.channel ?? ""}`,
      fits.filter(({ verdict }) => verdict === "breaks").length,
    ]).toEqual([lowest, broken]);
  });

  it.each(KNOWN_UNDER_SETTING)(
    "$controller $versions with $setting is fully supported on $full bundles",
    async ({ controller, versions, setting, full }) => {
      const { subjects } = await report({ controller: [controller] });
      const own = subjects.find((subject) => subject.versions === versions && subject.setting?.includes(setting));

      expect(own?.fits.filter(({ verdict }) => verdict === "works").length).toBe(full);
    },
  );

  it("tells needs under a setting apart, for a controller that needs nothing by default", async () => {
    const { subjects } = await report({ controller: ["traefik"] });

    expect(subjects.filter(({ versions }) => versions?.startsWith(">=3.7.0")).map(({ setting }) => setting)).toEqual([
      "--providers.kubernetesgateway",
      "--providers.kubernetesgateway.experimentalchannel",
    ]);
  });

  it("says how sure the catalog is", async () => {
    const { subjects } = await report({ controller: ["airlock", "envoy-gateway"] });

    expect(new Map(subjects.map(({ controller, confidence }) => [controller, confidence]))).toEqual(
      new Map([
        ["airlock-microgateway-operator", "low"],
        ["envoy-gateway", "high"],
      ]),
    );
  });

  it.each([
    { title: "a release", narrowed: { release: ["1.3.0"] } },
    { title: "a release and a channel", narrowed: { release: ["v1.3.0"], channel: ["standard"] } },
  ])("judges by the same needs when it is narrowed to $title", async ({ narrowed }) => {
    const all = await report({ with: ["cilium=1.17.0", "envoy-gateway=1.8.0"] });
    const few = await report({ with: ["cilium=1.17.0", "envoy-gateway=1.8.0"], ...narrowed });

    expect(few.subjects.map(({ fits }) => fits)).toEqual(
      all.subjects.map(({ fits }) =>
        fits.filter(({ version, channel }) => version === "1.3.0" && (narrowed.channel ?? [channel]).includes(channel)),
      ),
    );
  });

  it.each([
    {},
    { controller: ["envoy-gateway"] },
    { controller: ["istiod"] },
    { with: ["envoy-gateway=1.0.2", "external-dns=0.15"] },
  ])("fits into 120 columns, but for the command to paste: %o", async (options) => {
    const { text } = await ask({ ...options, output: "text" });

    expect(text.split("\n").filter((line) => line.length > 120 && !line.startsWith("  kubectl apply"))).toEqual([]);
  });

  it("has nothing to tell of a controller that needs nothing of the bundle", async () => {
    expect(await ask({ controller: ["flux-helm-controller"], output: "text" })).toEqual({
      status: 0,
      text: "None of them is known to need anything of gateway-api.\n",
    });
  });

  it("tells all in brief, unless one controller is asked about", async () => {
    const whole = await ask({ output: "text" });
    const one = await ask({ output: "text", controller: ["envoy-gateway"] });

    expect(whole.text).toContain("--controller ID tells why");
    expect(one.text).toContain(
      "    experimental  ✗ v0.5.0–v0.5.1  crashes: BackendTLSPolicy and GRPCRoute v1alpha2 absent; GatewayClass, Gateway and",
    );
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
    {
      title: "istiod with its alpha APIs, by a variable and a short name",
      with: ["istio=v1.28.0 PILOT_ENABLE_ALPHA_GATEWAY_API=true"],
      status: 0,
      minimum: "0.5.0 standard",
      recommended: "1.6.1 experimental",
    },
  ])("$title", async ({ with: given, status, minimum, recommended }) => {
    const { status: actual, text } = await ask({ with: given });
    const told = JSON.parse(text) as CompatibilityMatrix;
    const places = [told.minimum, told.recommended].map((choice) => choice && `${choice.version} ${choice.channel}`);

    expect([actual, ...places]).toEqual([status, minimum, recommended]);
  });

  it("says what the recommended one still lacks", async () => {
    const { text } = await ask({ with: ["envoy-gateway=1.2.1"], channel: ["standard"], output: "text" });

    expect(text).toContain(
      "recommended  v1.6.1, standard channel, which lacks 4 APIs\n" +
        "  envoy-gateway loses a feature: BackendTLSPolicy v1alpha3 unserved; TCPRoute, TLSRoute and UDPRoute v1alpha2 unserved\n",
    );
  });

  it("says which settings would bring further needs", async () => {
    const { subjects } = await report({ with: ["traefik=3.7.2", "traefik=3.7.2 --providers.kubernetesgateway"] });
    const { text } = await ask({ with: ["traefik=3.7.2"], output: "text" });

    expect(subjects.map(({ notCounted }) => notCounted)).toEqual([
      ["--providers.kubernetesgateway", "--providers.kubernetesgateway.experimentalchannel"],
      ["--providers.kubernetesgateway.experimentalchannel"],
    ]);
    expect(text).toContain("    not counted: needs under these settings, which were not given: --providers.kubernetesgateway;\n");
  });

  it("judges the workloads of a folder, and those given beside them", async () => {
    const { status, text } = await ask({ against: "demo/cluster", with: ["envoy-gateway=1.8.0"] });
    const told = JSON.parse(text) as CompatibilityMatrix;

    expect([status, told.minimum, told.notJudged]).toEqual([1, null, []]);
    expect(told.subjects.map(({ workload, controller, versions }) => [workload, controller, versions])).toEqual([
      ["Deployment envoy-gateway-system/envoy-gateway", "envoy-gateway", null],
      ["Deployment istio-system/istiod", "istiod", null],
      ["Deployment kube-system/cilium-operator", "cilium-operator", null],
      [null, "envoy-gateway", "1.8.0"],
    ]);
  });

  it("gives a table in Markdown", async () => {
    const { text } = await ask({ with: ["envoy-gateway=1.9.1"], release: ["v1.5.1", "1.6.1"], output: "markdown" });

    expect(text).toContain(
      "| versions | standard | experimental |\n| --- | --- | --- |\n| 1.9.1 | ~ v1.5.1: TCPRoute and UDPRoute v1 absent<br>✓ v1.6.1 |",
    );
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
      title: "a list and a cluster",
      options: { against: "live", controller: ["istiod"] },
      code: "flags-conflict",
      way: "give one or the other",
    },
    {
      title: "a list and a set",
      options: { with: ["istiod=1.28.0"], controller: ["istiod"] },
      code: "flags-conflict",
      way: "give one or the other",
    },
  ])("refuses $title, with a way out", async ({ options, code, way }) => {
    const error: unknown = await ask(options).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ code, status: 2 });
    expect(String(error)).toContain(way);
  });
});
