import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { looksLikeCredential, looksLikeCredentialName } from "../../../../src/cluster/snapshot/credentials.ts";
import { slimWorkload } from "../../../../src/cluster/snapshot/slim.ts";
import type { JsonRecord } from "../../../../src/cluster/snapshot/snapshot.ts";
import { type Strictness, withholdSetting } from "../../../../src/cluster/snapshot/withhold.ts";
import { type Catalog, controllersOf } from "../../../../src/requirements/catalog.ts";
import { parseCatalogFile } from "../../../../src/requirements/catalog-form.ts";
import { compilePattern, type Condition, evaluateCondition } from "../../../../src/requirements/condition.ts";
import { parseImage } from "../../../../src/requirements/image.ts";
import type { KeyQuestion } from "../../../../src/requirements/questions.ts";
import { type Container, parseWorkload } from "../../../../src/requirements/workload.ts";
import { shippedCatalog } from "../../catalog/workloads.ts";
import { anyContainer, deployment } from "./clusters.ts";

const W = "$(crdguard.dev/withheld)";
/** None of the values that are asked for. */
const N = "crdguard.dev/withheld";

/** A controller that asks for some of everything. */
const turnerFile = parseCatalogFile({
  controller: "turner",
  images: ["own.dev/mill/turner"],
  when: {
    anyOf: [
      { arg: "--source=gears" },
      { arg: "--api-key" },
      { arg: "serve" },
      { argRegex: "^--gear\\." },
      { env: { TURNER_TOKEN_MODE: "on" } },
    ],
  },
  releases: [
    {
      versions: ">=1.0.0",
      verified: "run",
      confidence: "high",
      sources: ["own.dev/mill"],
      needs: [{ resource: "gears.own.dev", versions: ["v1"], presence: "unconditional", outcomes: "crashes" }],
    },
  ],
});
const turner: Catalog = turnerFile.ok ? [turnerFile.value] : [];

function slimmed(container: JsonRecord, strictness: Strictness = "lenient"): JsonRecord {
  const slim = slimWorkload(
    deployment("turner", { image: "own.dev/mill/turner:v1.0.0", ...container }),
    "Deployment",
    turner,
    strictness,
  );
  const text = JSON.stringify(slim);
  const [own = {}] = (JSON.parse(text) as { spec: { template: { spec: { containers: JsonRecord[] } } } }).spec.template.spec
    .containers;
  const { name: _name, image: _image, ...rest } = own;
  return rest;
}

describe("arguments in a snapshot", () => {
  it.each<{ title: string; args: readonly string[]; told: readonly string[]; strict?: readonly string[] }>([
    {
      title: "keeps what the catalog asks for",
      args: ["serve", "--source=gears", "--gear.size=XL-for-shop"],
      told: ["serve", "--source=gears", "--gear.size=XL-for-shop"],
      strict: ["serve", "--source=gears", `--gear.size=${W}`],
    },
    {
      title: "withholds the value of a flag that is named like a credential",
      args: ["--password=hunter2", "--db-passwd=x y"],
      told: [`--password=${W}`, `--db-passwd=${W}`],
    },
    {
      title: "withholds what follows such a flag",
      args: ["--token", "a phrase of words", "--source", "gears"],
      told: ["--token", W, "--source", "gears"],
    },
    {
      title: "keeps a credential's flag that the catalog asks for, since somebody wants it told",
      args: ["--api-key", "blunt", "--Api-Key=x"],
      told: ["--api-key", "blunt", "--Api-Key=x"],
    },
    {
      title: "withholds a credential as the value of such a flag, and tells that it is no value that is asked for",
      args: ["--source", "postgres://u:p@db", "--source=https://u:p@db/x", "--source=gears,postgres://u:p@db"],
      told: ["--source", N, `--source=${N}`, `--source=gears,${N}`],
      strict: ["--source", N, `--source=${N}`, `--source=gears,${N}`],
    },
    {
      title: "does not tell what it is where it hangs on a variable, nor in a script of several lines",
      args: ["--source=postgres://$(USER)@db", "exec turner --source \\\n postgres://u:p@db --x"],
      told: [`--source=${W}`, `exec turner --source \\\n ${N} --x`],
    },
    {
      title: "withholds a URL with a user in it",
      args: ["--db=postgres://turner:hunter2@db:5432/mill", "https://u@own.dev/"],
      told: [`--db=${W}`, W],
    },
    {
      title: "withholds tokens of known forms and random text",
      args: ["--x=ghp_abcdefghijklmnop1234", "--y=9f86d081884c7d659a2feaa0c55ad015", "--z=k8J2nQ5vX7wL9pR3"],
      told: [`--x=${W}`, `--y=${W}`, `--z=${W}`],
    },
    {
      title: "keeps names, numbers and addresses",
      args: ["--leader-election-id=turner.own.dev", "--port=9443", "-v=4", "--metrics-addr=:8080"],
      told: ["--leader-election-id=turner.own.dev", "--port=9443", "-v=4", "--metrics-addr=:8080"],
      strict: [`--leader-election-id=${W}`, "--port=9443", "-v=4", `--metrics-addr=${W}`],
    },
    {
      title: "of a shell's script, keeps flags and command names",
      args: ["-c", "export DB_PASSWORD=hunter2; exec turner --source=gears --x 'Shop 7'"],
      told: ["-c", `export DB_PASSWORD=${W} exec turner --source=gears --x ${W} 7'`],
    },
    { title: "withholds a credential in JSON", args: ['--config={"password":"hunter2"}'], told: [`--config=${W}`] },
  ])("$title", ({ args, told, strict }) => {
    expect(slimmed({ args })).toEqual({ args: told });
    if (strict !== undefined) expect(slimmed({ args }, "strict")).toEqual({ args: strict });
  });

  it("tells command from arguments", () => {
    expect(slimmed({ command: ["turner", "--token"], args: ["hunter2"] })).toEqual({ command: ["turner", "--token"], args: [W] });
  });

  it("tells nothing of a container that no catalog speaks of, but that there is something", () => {
    const secret = { name: "PLAIN", value: "hunter2" };
    const image = "own.dev/shop/till:v3";

    expect(slimmed({ image, args: ["run"], env: [secret] })).toEqual({
      args: ["$(crdguard.dev/withheld-arguments)"],
      envFrom: [{}],
    });
    expect(slimmed({ image, command: ["run"] })).toEqual({ args: ["$(crdguard.dev/withheld-arguments)"] });
    expect(slimmed({ image, args: [], env: [] })).toEqual({});
  });
});

describe("variables in a snapshot", () => {
  it.each<{ title: string; env: readonly JsonRecord[]; told: readonly JsonRecord[]; strict?: readonly JsonRecord[] }>([
    {
      title: "keeps what the catalog asks for, whatever it is called",
      env: [{ name: "TURNER_TOKEN_MODE", value: "on" }],
      told: [{ name: "TURNER_TOKEN_MODE", value: "on" }],
    },
    {
      title: "withholds by name",
      env: [
        { name: "DB_PASSWORD", value: "hunter2" },
        { name: "sentryDsn", value: "x" },
      ],
      told: [
        { name: "DB_PASSWORD", valueFrom: {} },
        { name: "sentryDsn", valueFrom: {} },
      ],
    },
    {
      title: "withholds by form",
      env: [{ name: "UPSTREAM", value: "amqp://u:p@mq" }],
      told: [{ name: "UPSTREAM", valueFrom: {} }],
    },
    {
      title: "does not tell from which Secret one comes",
      env: [{ name: "MODE", valueFrom: { secretKeyRef: { name: "hunter2" } } }],
      told: [{ name: "MODE", valueFrom: {} }],
    },
    {
      title: "keeps the rest",
      env: [
        { name: "LEVEL", value: "shop-debug" },
        { name: "DEBUG", value: "true" },
      ],
      told: [
        { name: "LEVEL", value: "shop-debug" },
        { name: "DEBUG", value: "true" },
      ],
      strict: [
        { name: "LEVEL", valueFrom: {} },
        { name: "DEBUG", value: "true" },
      ],
    },
  ])("$title", ({ env, told, strict }) => {
    expect(slimmed({ env })).toEqual({ env: told });
    if (strict !== undefined) expect(slimmed({ env }, "strict")).toEqual({ env: strict });
  });
});

describe("the answers of a slimmed container", async () => {
  const catalog = await shippedCatalog();

  function conditionsOf(image: string): readonly Condition[] {
    return controllersOf(catalog, parseImage(image)).flatMap(({ when, releases }) =>
      [when, ...releases.flatMap(({ needs }) => needs.map((need) => need.when))].filter((condition) => condition !== null),
    );
  }

  function containerOf(workload: JsonRecord): Container {
    const [own] = parseWorkload(workload)?.containers ?? [];
    if (own === undefined) throw new Error("no container");
    return own;
  }

  it.each<{ strictness: Strictness }>([{ strictness: "lenient" }, { strictness: "strict" }])(
    "are those of the whole one, $strictness",
    ({ strictness }) => {
      const credentials = fc.constantFrom(
        ["--token", "hunter2"],
        ["--password=hunter2"],
        ["postgres://u:p@db"],
        ["--source=postgres://u:p@db"],
        ["--feature-gates", "GatewayAlpha=true,postgres://u:p@db"],
        ["-c", "Shop 7"],
        ["--password=a phrase of hunter2"],
      );
      fc.assert(
        fc.property(anyContainer, fc.array(credentials, { maxLength: 3 }), (shape, planted) => {
          const args = [...(Array.isArray(shape["args"]) ? (shape["args"] as readonly string[]) : []), ...planted.flat()];
          const whole = deployment("x", { ...shape, args });
          const before = containerOf(whole);
          const after = containerOf(slimWorkload(whole, "Deployment", catalog, strictness));

          for (const condition of conditionsOf(before.image)) {
            const ask = (container: Container): string =>
              evaluateCondition(condition, { ...container, namespace: "mill" }, () => undefined).kind;
            expect(ask(after)).toBe(ask(before));
          }
          expect(JSON.stringify(after)).not.toMatch(/hunter2|u:p@db/);
        }),
        {
          numRuns: 500,
          examples: [
            [{ image: "registry.k8s.io/external-dns/external-dns:v0.14.0", args: ["--source"] }, [["postgres://u:p@db"]]],
          ],
        },
      );
    },
  );
});

describe("settings in a snapshot", () => {
  const asked = (...tests: readonly KeyQuestion["test"][]): readonly KeyQuestion[] =>
    tests.map((test) => ({ key: { namespace: null, name: "config", key: "turner.yaml" }, test }));
  const matches = (source: string): KeyQuestion["test"] => {
    const pattern = compilePattern(source);
    if (pattern === null) throw new Error(source);
    return { kind: "matches", pattern };
  };
  const yaml = "gateway:\n  name: shop\ndb:\n  password: hunter2\n  port: 5432\ntls: |\n  -----BEGIN KEY\n  abc\n";

  it.each<{ title: string; value: string; questions: readonly KeyQuestion[]; lenient: string | null; strict: string | null }>([
    {
      title: "withholds lines that look like credentials; strictly, all lines that answer nothing",
      value: yaml,
      questions: asked(matches("(?m)^gateway:")),
      lenient: `gateway:\n  name: shop\ndb:\n  password: ${W}\n  port: 5432\ntls: |`,
      strict: "gateway:",
    },
    {
      title: "keeps a value that is compared as a whole",
      value: "true",
      questions: asked({ kind: "equals", value: "true" }),
      lenient: "true",
      strict: "true",
    },
    {
      title: "tells no value where the answer is no",
      value: "shop",
      questions: asked({ kind: "equals", value: "true" }),
      lenient: "shop",
      strict: "",
    },
    {
      title: "does not tell a value at all whose answer hangs on a credential",
      value: "password: hunter2",
      questions: asked(matches("hunter")),
      lenient: null,
      strict: null,
    },
    {
      title: "leaves out what is indented below",
      value: "secret:\n  a: 1\n\n  b: 2\nc: 3",
      questions: asked(),
      lenient: `secret: ${W}\nc: 3`,
      strict: "",
    },
  ])("$title", ({ value, questions, lenient, strict }) => {
    expect(withholdSetting(value, questions, "lenient")).toBe(lenient);
    expect(withholdSetting(value, questions, "strict")).toBe(strict);
  });
});

describe("what looks like a credential", () => {
  it.each([
    "DB_PASSWORD",
    "apiKey",
    "--client-secret",
    "AWS_SECRET_ACCESS_KEY",
    "dbpassword",
    "SENTRY_DSN",
    "GITHUB_TOKEN",
    "authToken",
    "pgpass.pwd",
  ])("%s, by its name", (name) => {
    expect(looksLikeCredentialName(name)).toBe(true);
  });

  it.each(["LOG_LEVEL", "--monkey", "--source", "ENABLE_GATEWAY_API", "--feature-gates", "POD_NAMESPACE", "--leader-elect"])(
    "not %s",
    (name) => {
      expect(looksLikeCredentialName(name)).toBe(false);
    },
  );

  it.each([
    "redis://:pw@cache:6379",
    "-----BEGIN RSA PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "Server=db;Password=hunter2;",
    "Bearer abcdefgh",
    "2c26b46b68ffc68ff99b453c1d304134",
  ])("%s, by its form", (value) => {
    expect(looksLikeCredential(value)).toBe(true);
  });

  it.each([
    "turner.own.dev",
    "gateway-httproute",
    "https://own.dev/path",
    "v1.30.0-alpha.1",
    "GatewayAlpha=true",
    "/etc/config/turner.yaml",
    "kube-system",
  ])("not %s", (value) => {
    expect(looksLikeCredential(value)).toBe(false);
  });
});
