import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { lintCatalog } from "../../../src/cli/lint-catalog.ts";
import { showCatalog } from "../../../src/cli/show-catalog.ts";
import { CommandError } from "../../../src/cli/exit-status.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** What a command printed, and its exit status. */
interface Ran {
  readonly status: number;
  readonly lines: readonly string[];
}

async function lint(...paths: readonly string[]): Promise<Ran> {
  let output = "";
  const status = await lintCatalog(paths, {
    print: (text) => (output += text),
    tell: () => undefined,
    hasColors: false,
    columns: null,
  });
  return { status, lines: output.trimEnd().split("\n") };
}

async function show(
  wanted?: string,
  {
    output = "text" as const,
    catalog = [] as readonly string[],
  }: { readonly output?: "text" | "json"; readonly catalog?: readonly string[] } = {},
): Promise<Ran> {
  let printed = "";
  const terminal = { print: (text: string) => (printed += text), tell: () => undefined, hasColors: false, columns: null };
  const status = await showCatalog(wanted, { output, catalog }, terminal);
  return { status, lines: printed.trimEnd().split("\n") };
}

/** A folder with these files, which is removed when the test ends. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "crdguard-catalog-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** A file of 13 lines, where a test changes one, or adds some: those of the file on line 3, those of its need at the end. */
function fileWith(changes: Readonly<Record<string, string>> = {}): string {
  const added = Object.entries(changes).filter(
    ([member]) => !member.startsWith(" ") && !["controller", "images"].includes(member),
  );
  const members = {
    controller: "turner",
    images: "[ghcr.io/example/turner]",
    ...Object.fromEntries(added),
    releases: "",
    "  - versions": '">=1.0.0 <2.0.0"',
    "    verified": "source",
    "    confidence": "high",
    "    effect": "exits at start",
    "    sources": '["example/turner main.go@v1.0.0"]',
    "    needs": "",
    "      - resource": "gears.own.dev",
    "        versions": "[v1]",
    "        presence": "unconditional",
    "        outcomes": "crashes",
    ...changes,
  };
  return `${Object.entries(members)
    .map(([member, value]) => `${member}:${value === "" ? "" : ` ${value}`}`)
    .join("\n")}\n`;
}

describe("crdguard catalog lint", () => {
  it("finds nothing in the catalog that ships, without being told where it is", async () => {
    const { status, lines } = await lint();

    expect(status).toBe(0);
    expect(lines).toEqual([expect.stringMatching(/^\d+ files: \d+ release ranges, [\d,]+ needs, no problem$/)]);
  });

  it("counts what is right, in files and folders", async () => {
    const folder = folderOf({
      "own/turner.yaml": fileWith(),
      "miller.yml": fileWith({ controller: "miller" }),
      "notes.txt": "{",
    });

    expect(await lint(join(folder, "own"), join(folder, "miller.yml"))).toEqual({
      status: 0,
      lines: ["2 files: 2 release ranges, 2 needs, no problem"],
    });
  });

  it.each([
    {
      title: "a member that nobody knows",
      text: fileWith({ imgaes: "[a]" }),
      problems: ['3:1: unknown member "imgaes"; did you mean "images"? (catalog-malformed)'],
    },
    {
      title: "a member that is like none",
      text: fileWith({ colour: "red" }),
      problems: ['3:1: unknown member "colour" (catalog-malformed)'],
    },
    {
      title: "a member deep inside",
      text: fileWith({ "        note_": "text" }),
      problems: ['14:9: unknown member "note_"; did you mean "note"? (catalog-malformed)'],
    },
    {
      title: "what is missing, where it should be",
      text: fileWith().replace("    verified: source\n", ""),
      problems: ['4:5: "verified" is missing (catalog-malformed)'],
    },
    {
      title: "a word of none that there are",
      text: fileWith({ "    confidence": "hihg" }),
      problems: ['6:5: "hihg" is none of high, medium, low (catalog-malformed)'],
    },
    {
      title: "an outcome that is none, once",
      text: fileWith({ "        outcomes": "explodes" }),
      problems: ['13:9: "explodes" is none of works, loses-feature, stops-working, crashes (catalog-malformed)'],
    },
    {
      title: "a state without its outcome",
      text: fileWith({ "        outcomes": "{ absent: works, unlisted: crashes }" }),
      problems: ['13:9: "unserved" is missing (catalog-malformed)'],
    },
    {
      title: "a resource without a group, of several",
      text: fileWith({ "      - resource": "[gears.own.dev, gears]" }),
      problems: ['10:35: "gears" is not of the form <plural>.<group>, as the name of a CRD (catalog-malformed)'],
    },
    {
      title: "an id that is none",
      text: fileWith({ controller: "Turner!" }),
      problems: ['1:1: "Turner!" is not an id of small letters, digits and hyphens (catalog-malformed)'],
    },
    {
      title: "a ConfigMap without what it should hold",
      text: fileWith({ when: "{ configMap: { name: turner, key: on } }" }),
      problems: ['3:9: either "equals" or "matches" is needed (catalog-malformed)'],
    },
    {
      title: "two conditions in one",
      text: fileWith({ when: '{ arg: --gateway, env: { GATEWAY: "true" } }' }),
      problems: ["3:1: exactly one member is needed; several conditions go into allOf or anyOf (catalog-malformed)"],
    },
    {
      title: "a pattern that RE2 does not know",
      text: fileWith({ when: '{ argRegex: "(?=x)" }' }),
      problems: ['3:9: "(?=x)" is no regular expression of RE2 (catalog-pattern-invalid)'],
    },
    {
      title: "a range that is none",
      text: fileWith({ "  - versions": "from 1 to 2" }),
      problems: ['4:5: "from 1 to 2" is not a semver range (catalog-range-invalid)'],
    },
    {
      title: "a range of pre-releases",
      text: fileWith({ "  - versions": '">=1.0.0-rc.1 <1.0.0"' }),
      problems: [
        '4:5: ">=1.0.0-rc.1 <1.0.0" holds pre-releases alone, and a tag like 1.0.0-rc.1 is read as 1.0.0 (catalog-range-empty)',
      ],
    },
    {
      title: "an image with a tag",
      text: fileWith({ images: "[ghcr.io/example/turner:v1]" }),
      problems: [
        '2:10: "ghcr.io/example/turner:v1" has a tag or a digest, which is not compared: leave it out, and give the versions in releases (catalog-image-unusable)',
      ],
    },
    {
      title: "an image with a wildcard",
      text: fileWith({ images: '["1.ecr.*.amazonaws.com/a/b"]' }),
      problems: [
        '2:10: "1.ecr.*.amazonaws.com/a/b" has a wildcard, which matches nothing: registries are not compared, so that any one will do (catalog-image-unusable)',
      ],
    },
    {
      title: "what is no image",
      text: fileWith({ images: "[Turner]" }),
      problems: ['2:10: "Turner" is no image: give its repository, as in ghcr.io/example/turner (catalog-image-unusable)'],
    },
    {
      title: "an effect that is a story",
      text: fileWith({ "    effect": "x".repeat(201) }),
      problems: [
        "7:5: of 201 characters, more than the 200 that read well in a message: leave to notes what is not for everyone (catalog-effect-long)",
      ],
    },
    {
      title: "a need that is none",
      text: fileWith({ "        outcomes": "works" }),
      problems: ["13:9: works in every state, which is no need: leave it out, or tell what is lost (catalog-need-harmless)"],
    },
    {
      title: "an API that is needed twice",
      text: fileWith({ "      - resource": "gears.own.dev" }) + fileWith().split("\n").slice(9, 13).join("\n"),
      problems: [
        '14:9: "gears.own.dev" is needed above already, under the same condition: versions that will do instead of each other stand in one list (catalog-need-repeated)',
      ],
    },
    {
      title: "what is no YAML",
      text: "controller: turner\nimages: [a\nreleases:\n",
      problems: ["3:1: Flow sequence in block collection must be sufficiently indented and end with a ] (catalog-malformed)"],
    },
    {
      title: "a text that should have been quoted",
      text: fileWith({ "    effect": "exits: no matches for kind" }),
      problems: [
        "7:13: Nested mappings are not allowed in compact mappings; a text that holds a colon must be quoted (catalog-malformed)",
      ],
    },
    { title: "nothing", text: "", problems: ["1:1: null must be object (catalog-malformed)"] },
  ])("tells of $title, and where", async ({ text, problems }) => {
    const file = join(folderOf({ "turner.yaml": text }), "turner.yaml");

    expect(await lint(file)).toEqual({
      status: 2,
      lines: [...problems.map((problem) => `${file}:${problem}`), "1 problem in 1 of 1 file"],
    });
  });

  it("tells of everything at once, of the form and beyond it, in the order of the file", async () => {
    const text = [
      "controller: Turner!",
      "images: [ghcr.io/example/turner@sha256:0a1b]",
      'when: { argRegex: "(" }',
      "releases:",
      '  - versions: ">=1.0.0 <2.0.0"',
      "    verified: guess",
      "    confidence: high",
      "    sources: [here]",
      "    needs: [{ resource: gears.own.dev, versions: [v1], presence: unconditional, outcomes: works }]",
      '  - versions: "1.5.x"',
      "    verified: source",
      "    confidence: high",
      "    sources: [here]",
      "    needs: []",
    ].join("\n");
    const file = join(folderOf({ "turner.yaml": text }), "turner.yaml");
    const { status, lines } = await lint(file);

    expect(status).toBe(2);
    expect(lines.map((line) => line.slice(file.length))).toEqual([
      expect.stringMatching(/^:1:1: .*\(catalog-malformed\)$/),
      expect.stringMatching(/^:2:10: .*\(catalog-image-unusable\)$/),
      expect.stringMatching(/^:3:9: .*\(catalog-pattern-invalid\)$/),
      expect.stringMatching(/^:5:5: ">=1\.0\.0 <2\.0\.0" and "1\.5\.x" overlap \(catalog-ranges-overlap\)$/),
      expect.stringMatching(/^:6:5: "guess" is none of .*\(catalog-malformed\)$/),
      expect.stringMatching(/^:9:81: .*\(catalog-need-harmless\)$/),
      expect.stringMatching(/^:14:5: .*\(catalog-malformed\)$/),
      expect.any(String),
    ]);
    expect(lines.at(-1)).toBe("7 problems in 1 of 1 file");
  });

  it("tells once of what stands behind an alias, where it was written", async () => {
    const text = fileWith({ when: "&bad { argRegexp: x }", "        when": "*bad" });
    const file = join(folderOf({ "turner.yaml": text }), "turner.yaml");

    expect((await lint(file)).lines).toEqual([
      `${file}:3:14: unknown member "argRegexp"; did you mean "argRegex"? (catalog-malformed)`,
      "1 problem in 1 of 1 file",
    ]);
  });

  it("tells of a controller in two files of one folder, and lets one in another folder replace it", async () => {
    const folder = folderOf({ "a.yaml": fileWith(), "b.yaml": fileWith(), "own/c.yaml": fileWith() });

    expect(await lint(folder)).toEqual({
      status: 2,
      lines: [
        `${join(folder, "b.yaml")}:1:1: controller "turner" is in ${join(folder, "a.yaml")} too (catalog-duplicate)`,
        "1 problem in 1 of 2 files",
      ],
    });
    expect((await lint(join(folder, "a.yaml"), join(folder, "own"))).status).toBe(0);
  });

  it.each([
    { title: "a path that does not exist", path: "nowhere", message: /nowhere: no file or folder that can be read$/ },
    { title: "a folder without catalog files", path: "empty", message: /empty: no \.yaml file in this folder$/ },
  ])("refuses $title", async ({ path, message }) => {
    const folder = folderOf({ "empty/notes.txt": "" });

    await expect(lint(join(folder, path))).rejects.toMatchObject({
      status: 2,
      code: "catalog-unreadable",
      message: expect.stringMatching(message) as string,
    });
  });
});

describe("crdguard catalog show", () => {
  it("lists the controllers, with the versions and the number of CRDs that are known", async () => {
    const { status, lines } = await show();

    expect(status).toBe(0);
    expect(lines[0]).toMatch(/^CONTROLLER +VERSIONS +CRDS +DESCRIPTION$/);
    expect(lines.filter((line) => line.startsWith("gloo-gateway "))).toEqual([
      expect.stringMatching(/^gloo-gateway +1\.17\.0 to below 1\.18\.0 +4 +Gloo Gateway, before it became kgateway$/),
    ]);
    expect(lines.at(-1)).toMatch(/^\d+ controllers; crdguard catalog show CONTROLLER\[@VERSION\] tells what it needs$/);
  });

  it("tells what one of a user's own needs, release by release, with conditions, notes and sources", async () => {
    const text = fileWith({
      description: '"Turner, an example"',
      owns: "[own.dev]",
      tagPrefixes: "[stable-]",
      versionLabel: "app.kubernetes.io/version",
      when: "{ not: { arg: --idle } }",
      "        when": '{ anyOf: [{ arg: --gears }, { allOf: [{ env: { GEARS: "1" } }, { unreadable: gears in its file }] }] }',
      "        note": '"since 1.2"',
    });
    const folder = folderOf({ "turner.yaml": text });

    expect(await show("turner", { catalog: [folder] })).toEqual({
      status: 0,
      lines: [
        "turner: Turner, an example",
        "  images      example/turner",
        "  brings      the definitions of own.dev",
        "  tags        begin with stable-",
        "  version     in label app.kubernetes.io/version, where the tag tells none",
        "  only where  not --idle",
        "",
        ">=1.0.0 <2.0.0  (source, confidence high)",
        "  without what it must have, it exits at start",
        "  needs, only where  (since 1.2)",
        "      --gears",
        "      or GEARS=1 and gears in its file",
        "    gears.own.dev  v1  unconditional  crashes",
        "  sources",
        "    example/turner main.go@v1.0.0",
      ],
    });
  });

  it("tells of the release asked for alone, with what its log says", async () => {
    const { lines } = await show("istiod@1.29.1-distroless");

    expect(lines.filter((line) => /^[<>=]/.test(line))).toEqual([">=1.29.0 <1.29.2  (source, confidence high)"]);
    expect(lines).toContain("  its log then says");
    expect(lines.map((line) => line.replaceAll(/ +/g, " "))).toContain(
      " gateways.gateway.networking.k8s.io v1 crd-name absent: loses-feature, unlisted: crashes, unserved: crashes",
    );
  });

  it("takes two numbers for a version where one range holds them all", async () => {
    expect((await show("traefik@3.7")).lines).toContain(">=3.7.0 <3.8.0  (source, confidence high)");
  });

  it("tells the same as JSON", async () => {
    const list: unknown = JSON.parse((await show(undefined, { output: "json" })).lines.join("\n"));
    const one: unknown = JSON.parse((await show("argo-rollouts-gatewayapi-plugin@0.5.0", { output: "json" })).lines.join("\n"));

    expect(list).toMatchObject({ apiVersion: "crdguard.dev/v1alpha1", kind: "CatalogList" });
    expect(list).toMatchObject({
      controllers: expect.arrayContaining([
        {
          controller: "consul-k8s-connect-injector",
          description: "Consul connect injector, which runs the API gateway controllers",
          images: ["hashicorp/consul-k8s-control-plane"],
          versions: [">=1.2.0 <2.0.0"],
        },
      ]) as unknown,
    });
    expect(one).toMatchObject({
      kind: "CatalogController",
      versionSetting: { configMap: { namespace: null, name: "argo-rollouts-config", key: "trafficRouterPlugins" } },
      when: null,
      releases: [
        {
          versions: ">=0.4.0 <0.8.0",
          needs: [
            { crd: "httproutes.gateway.networking.k8s.io", versions: ["v1"], presence: "unconditional", when: null, note: null },
            { crd: "grpcroutes.gateway.networking.k8s.io", versions: ["v1"] },
            { crd: "tcproutes.gateway.networking.k8s.io", versions: ["v1alpha2"] },
          ],
        },
      ],
    });
  });

  it("shows a user's own entry in place of the one that ships", async () => {
    const folder = folderOf({ "traefik.yaml": fileWith({ controller: "traefik" }) });

    expect((await show("traefik", { catalog: [folder] })).lines[0]).toBe("traefik");
  });

  it("lets nothing of a user's own file move the cursor", async () => {
    const folder = folderOf({ "turner.yaml": fileWith({ "    effect": '"\\e[2Jgone"' }) });

    expect((await show("turner", { catalog: [folder] })).lines.join("\n")).toContain(String.raw`\u001b[2Jgone`);
  });

  it.each([
    {
      wanted: "traefk",
      code: "controller-unknown",
      message: 'no controller "traefk" in the catalog; did you mean "traefik"? (crdguard catalog show lists all)',
    },
    {
      wanted: "kyverno-",
      code: "controller-unknown",
      message:
        'no controller "kyverno-" in the catalog; did you mean "kyverno-admission", "kyverno-background", "kyverno-cleanup" or "kyverno-reports"? (crdguard catalog show lists all)',
    },
    {
      wanted: "spinning-jenny",
      code: "controller-unknown",
      message: 'no controller "spinning-jenny" in the catalog (crdguard catalog show lists all)',
    },
    {
      wanted: "",
      code: "controller-unknown",
      message: 'no controller "" in the catalog (crdguard catalog show lists all)',
    },
    {
      wanted: "traefik@latest",
      code: "version-malformed",
      message: '"latest" tells no version: give it as the tag of its image does, as in traefik@1.2.3',
    },
    {
      wanted: "traefik@9.1.0",
      code: "release-unknown",
      message: "the catalog does not know traefik 9.1.0: it knows 2.0.0 to below 3.8.0 (crdguard catalog show traefik)",
    },
  ])("refuses $wanted, with a way out", async ({ wanted, code, message }) => {
    const error: unknown = await show(wanted).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ status: 2, code, message });
  });
});

describe("crdguard catalog, from the shell", () => {
  function run(...args: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    return spawnSync(process.execPath, [join(ROOT, "src/cli/main.ts"), "catalog", ...args], {
      encoding: "utf8",
      timeout: 20_000,
    });
  }

  it("lints with exit status 2 where something is wrong", () => {
    const folder = folderOf({ "turner.yaml": fileWith({ controller: "Turner!" }) });
    const ran = run("lint", folder);

    expect(ran).toMatchObject({ status: 2, stderr: "" });
    expect(ran.stdout).toMatch(/turner\.yaml:1:1: .*\n1 problem in 1 of 1 file\n$/);
  });

  it("refuses a controller that nobody knows by one line on standard error", () => {
    expect(run("show", "traefk")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/^crdguard: error \(controller-unknown\): no controller "traefk" .*\n$/) as string,
    });
  });
});
