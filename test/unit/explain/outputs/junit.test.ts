import type { Severity } from "../../../../src/health/severity.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { junitOutput } from "../../../../src/explain/outputs/junit.ts";
import type { Telling } from "../../../../src/explain/telling.ts";
import { readXml, type XmlElement } from "./read-xml.ts";
import { CHECK, DOCTOR, EMPTY, finding, HOSTILE, subject, telling } from "./tellings.ts";

function suiteOf(of: Telling, failLevel: Severity | null = "error"): XmlElement {
  const root = readXml(junitOutput(of, { failLevel }));
  const [suite, ...others] = root.children;
  expect([root.name, suite?.name, others, root.attributes]).toEqual(["testsuites", "testsuite", [], suite?.attributes]);
  if (suite === undefined) throw new Error("no suite");
  return suite;
}

function casesOf(suite: XmlElement): readonly XmlElement[] {
  return suite.children.filter(({ name }) => name === "testcase");
}

describe("junitOutput", () => {
  it("has a test for each subject, and counts those that fail and those without a verdict", () => {
    const suite = suiteOf(CHECK);

    expect(suite.attributes).toEqual({ name: "crdguard check", tests: "6", failures: "1", errors: "1" });
    expect(
      casesOf(suite).map(({ attributes, children }) => [
        attributes["name"],
        attributes["classname"],
        children.map(({ name }) => name),
      ]),
    ).toEqual([
      ["bolts.own.dev DELETE", "crdguard.check", ["error"]],
      ["gears.own.dev UPDATE", "crdguard.check", ["failure", "system-out"]],
      ["Deployment mill/lathe CREATE", "crdguard.check", ["system-out"]],
      ["cogs.own.dev DELETE", "crdguard.check", ["system-out"]],
      ["axles.own.dev CREATE", "crdguard.check", []],
      ["StatefulSet mill/store UPDATE", "crdguard.check", []],
    ]);
  });

  it("tells all that fails a test in one failure, which is all that is shown of a test", () => {
    const failure = casesOf(suiteOf(CHECK))[1]?.children[0];

    expect(failure?.attributes).toEqual({
      message:
        'spec.versions[v1alpha1].served: required-version-unserved: "v1alpha1" would no longer be served, and 1 running workload needs it to start (and 1 more finding)',
      type: "required-version-unserved",
    });
    expect(failure?.text.split("\n").filter((line) => !line.startsWith(" "))).toEqual([
      'deny spec.versions[v1alpha1].served: required-version-unserved: "v1alpha1" would no longer be served, and 1 running workload needs it to start:',
      'deny spec.versions[v1alpha1]: stored-version-removed: "v1alpha1" would be dropped while status.storedVersions names it:',
    ]);
    expect(failure?.text).toContain(
      `\n        kubectl patch customresourcedefinition gears.own.dev --subresource=status --type=merge -p '{"status":{"storedVersions":["v1"]}}'\n`,
    );
  });

  it.each([
    { failLevel: "error", failing: ["deny"] },
    { failLevel: "warning", failing: ["deny", "warn"] },
    { failLevel: "note", failing: ["deny", "warn", "audit"] },
    { failLevel: null, failing: [] },
  ] as const)("fails a test from this level on: $failLevel", ({ failLevel, failing }) => {
    const severities = [
      ["error", "deny"],
      ["warning", "warn"],
      ["note", "audit"],
    ] as const;
    const suite = suiteOf(
      telling(
        severities.map(([severity, severityWord]) =>
          subject({ name: severityWord, operation: null, findings: [finding({ severity, severityWord })] }),
        ),
      ),
      failLevel,
    );

    expect(
      casesOf(suite)
        .filter(({ children }) => children.some(({ name }) => name === "failure"))
        .map(({ attributes }) => attributes["name"]),
    ).toEqual(failing);
    expect(suite.attributes["failures"]).toBe(String(failing.length));
  });

  it("tells notes and the summary once, of the suite", () => {
    expect(suiteOf(CHECK).children.at(-1)).toMatchObject({
      name: "system-out",
      text: "note: 1 other object is neither a CustomResourceDefinition nor a workload, and not judged\n6 changes: 4 allowed, 1 denied, 1 undecided.",
    });
    expect(suiteOf(EMPTY).children.map(({ name }) => name)).toEqual(["system-out"]);
  });

  it("names the tests of doctor by their subjects alone", () => {
    expect(casesOf(suiteOf(DOCTOR)).map(({ attributes }) => attributes)).toEqual([
      { name: "gears.own.dev", classname: "crdguard.doctor" },
      { name: "cogs.own.dev", classname: "crdguard.doctor" },
    ]);
  });

  it("is made of the elements and attributes that Jenkins' schema, junit-10.xsd, knows", () => {
    const known: Readonly<Record<string, readonly string[]>> = {
      testsuites: ["name", "tests", "failures", "errors"],
      testsuite: ["name", "tests", "failures", "errors"],
      testcase: ["name", "classname"],
      failure: ["message", "type"],
      error: ["message", "type"],
      "system-out": [],
    };
    const check = ({ name, attributes, children }: XmlElement): void => {
      expect(Object.keys(known)).toContain(name);
      expect(known[name]).toEqual(expect.arrayContaining(Object.keys(attributes)));
      children.forEach(check);
    };

    for (const of of [CHECK, HOSTILE, EMPTY, DOCTOR]) check(readXml(junitOutput(of, { failLevel: "error" })));
  });

  it("is XML 1.0 whatever names hold, and says the same", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (foreign, readable) => {
        const name = `${foreign}]]><x>&amp;"'${readable}\uD800\uFFFE\u0000`;
        const suite = suiteOf(telling([subject({ name, findings: [finding({ message: name, evidence: [name] })] })]));

        expect(casesOf(suite)).toHaveLength(1);
        expect(casesOf(suite)[0]?.children[0]?.text).toContain(`]]><x>&amp;"'`);
      }),
    );
  });
});
