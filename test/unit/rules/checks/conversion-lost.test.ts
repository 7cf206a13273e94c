import { describe, expect, it } from "vitest";
import { DEFAULT_POLICY, judge } from "../../../../src/policy/policy.ts";
import type { ConversionWebhook, Crd } from "../../../../src/crd/crd.ts";
import { conversionLost } from "../../../../src/rules/checks/conversion-lost.ts";
import type { CrdChange } from "../../../../src/rules/change.ts";
import { evaluate } from "../../../../src/rules/evaluate.ts";
import type { Facts, WebhookLook, WebhookProblem } from "../../../../src/rules/facts.ts";
import {
  converter,
  counted,
  create,
  crd,
  type CrdShape,
  noFacts,
  remove,
  statusUpdate,
  update,
} from "../../../support/builders.ts";
import { crdWithForms, form, specOf, type Written } from "../../../support/schemas.ts";

const webhook = converter();
const other = converter("other");
const answers: WebhookLook = { kind: "answers" };
const missing: WebhookProblem = { kind: "service-missing" };

function broken(problem: WebhookProblem = missing): WebhookLook {
  return { kind: "broken", problem };
}

function gears(conversion: ConversionWebhook | null, shape: Partial<CrdShape> = {}): Crd {
  return crd({ served: ["v1", "v1beta1"], ...(conversion === null ? {} : { conversion }), ...shape });
}

interface Row {
  readonly title: string;
  readonly change: CrdChange;
  readonly before?: WebhookLook;
  readonly after?: WebhookLook;
  readonly objects?: Facts["objects"];
}

function factsOf({ before = answers, after = answers, objects = counted(3) }: Omit<Row, "title" | "change">): Facts {
  return { ...noFacts, webhooks: { before, after }, objects };
}

/** `deny conversion-removed` */
function verdicts({ change, ...shape }: Row): readonly string[] {
  const findings = evaluate(change, factsOf(shape), [conversionLost]);
  return judge(findings, DEFAULT_POLICY).map(({ enforcement, fact }) => `${enforcement} ${fact.kind}`);
}

describe("conversion-lost, where the webhook goes", () => {
  it("denies while two versions are served, and names both, the webhook, and the ways out", () => {
    const previous = gears(webhook, { served: ["v1beta1", "v1"], storage: "v1" });
    const next = gears(null, { served: ["v1beta1", "v1"], storage: "v1" });

    expect(conversionLost.find({ change: update(previous, next), facts: factsOf({}) })).toEqual([
      {
        field: "spec.conversion.strategy",
        fact: {
          kind: "conversion-removed",
          target: webhook.target,
          look: answers,
          versions: ["v1", "v1beta1"],
          objects: counted(3),
          isUntold: false,
        },
        remedies: [
          { kind: "keep-webhook", target: webhook.target },
          { kind: "settle-on-version", crd: previous, version: "v1" },
        ],
      },
    ]);
  });

  it.each<Row>([
    {
      title: "where one is served, and objects are stored in another",
      change: update(
        gears(webhook, { stored: ["v1", "v1beta1"] }),
        gears(null, { served: ["v1"], unserved: ["v1beta1"], storage: "v1" }),
      ),
    },
    {
      title: "where nothing is known of the webhook and its objects",
      change: update(gears(webhook), gears(null)),
      before: { kind: "unknown", reason: "forbidden" },
      objects: { kind: "uncountable", reason: "forbidden" },
    },
    {
      title: "where the storage version moves at the same time",
      change: update(gears(webhook, { storage: "v1beta1" }), gears(null, { storage: "v1", stored: ["v1beta1"] })),
    },
    {
      title: "where it did not answer from here, and may answer the API server",
      change: update(gears(webhook), gears(null)),
      before: broken({ kind: "refused", reason: "ECONNREFUSED" }),
    },
    {
      title: "where the count of objects was cut short",
      change: update(gears(webhook), gears(null)),
      objects: counted(0, { isComplete: false }),
    },
  ])("denies $title", (row) => {
    expect(verdicts(row)).toEqual(["deny conversion-removed"]);
  });

  it.each<Row>([
    { title: "where no object exists", change: update(gears(webhook), gears(null)), objects: counted(0) },
    {
      title: "where a manifest says nothing of it, so that what an operator has set may stay",
      change: update(gears(webhook), { ...gears(null), conversion: { kind: "none", isUntold: true } }),
    },
    {
      title: "where it has converted nothing anyway, since it is gone",
      change: update(gears(webhook), gears(null)),
      before: broken(),
    },
    {
      title: "where it has converted nothing anyway, since nobody trusts it",
      change: update(gears(webhook), gears(null)),
      before: broken({ kind: "distrusted", reason: "its certificate has expired" }),
    },
  ])("warns $title", (row) => {
    expect(verdicts(row)).toEqual(["warn conversion-removed"]);
  });

  it.each<Row>([
    { title: "where one version is left", change: update(gears(webhook), gears(null, { served: ["v1"] })) },
    {
      title: "where the other one is not served and nothing is stored in it",
      change: update(gears(webhook), gears(null, { served: ["v1"], unserved: ["v1beta1"] })),
    },
    {
      title: "where the other one is stored but no longer listed, which another rule is about",
      change: update(gears(webhook, { stored: ["v1", "v1beta1"] }), gears(null, { served: ["v1"] })),
    },
    { title: "where there was none", change: update(gears(null), gears(null)) },
    { title: "a deletion", change: remove(gears(webhook)) },
    { title: "a status update", change: statusUpdate(gears(webhook, { stored: ["v1", "v1beta1"] }), ["v1"]) },
  ])("allows $title", (row) => {
    expect(verdicts(row)).toEqual([]);
    if (row.change.kind === "update") expect(conversionLost.evidence?.(row.change)).toEqual([]);
  });

  const SMALL = specOf({ size: { type: "string" } });
  const LARGE = specOf({ size: { type: "string" }, teeth: { type: "integer" } });
  const OPEN = { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } };
  const written = (conversion: ConversionWebhook | null, v1: Written, v1beta1: Written): Crd =>
    crdWithForms(
      { served: ["v1", "v1beta1"], ...(conversion === null ? {} : { conversion }) },
      { v1: form(v1), v1beta1: form(v1beta1) },
    );

  it.each<Row & { readonly verdict: readonly string[]; readonly asks: readonly string[] }>([
    {
      title: "allows it where all versions have one schema, documentation aside",
      change: update(written(webhook, SMALL, SMALL), written(null, SMALL, { ...SMALL, description: "as it was" })),
      verdict: [],
      asks: [],
    },
    {
      title: "denies it where versions differ",
      change: update(written(webhook, SMALL, LARGE), written(null, SMALL, LARGE)),
      verdict: ["deny conversion-removed"],
      asks: ["objects", "webhooks"],
    },
    {
      title: "denies it where schemas are the same since they say nothing of the spec",
      change: update(written(webhook, OPEN, OPEN), written(null, OPEN, OPEN)),
      verdict: ["deny conversion-removed"],
      asks: ["objects", "webhooks"],
    },
    {
      title: "denies it where they differed before, so that objects are stored in the form of either",
      change: update(written(webhook, SMALL, LARGE), written(null, LARGE, LARGE)),
      verdict: ["deny conversion-removed"],
      asks: ["forms", "objects", "webhooks"],
    },
    {
      title: "denies it, and asks for the schemas of today, where those are not known",
      change: update(gears(webhook), written(null, SMALL, SMALL)),
      verdict: ["deny conversion-removed"],
      asks: ["forms", "objects", "webhooks"],
    },
  ])("$title", ({ verdict, asks, ...row }) => {
    expect(verdicts(row)).toEqual(verdict);
    expect(conversionLost.evidence?.(row.change)).toEqual(asks);
  });

  it("offers no rewriting into a version that stores no more", () => {
    const change = update(gears(webhook, { storage: "v1beta1" }), gears(null, { storage: "v1" }));

    expect(conversionLost.find({ change, facts: factsOf({}) })).toMatchObject([{ remedies: [{ kind: "keep-webhook" }] }]);
  });
});

describe("conversion-lost, where nobody answers", () => {
  it("denies a version that such a webhook is to convert, and tells what is wrong", () => {
    const change = update(gears(webhook, { served: ["v1"] }), gears(webhook));

    expect(conversionLost.find({ change, facts: factsOf({ before: broken(), after: broken() }) })).toEqual([
      {
        field: "spec.conversion.webhook",
        fact: {
          kind: "conversion-unreachable",
          target: webhook.target,
          problem: missing,
          wasBroken: false,
          versions: ["v1", "v1beta1"],
          objects: counted(3),
        },
        remedies: [{ kind: "start-webhook", target: webhook.target, problem: missing }],
      },
    ]);
  });

  it("offers the webhook that there was, where another one takes its place", () => {
    const change = update(gears(webhook), gears(other));

    expect(conversionLost.find({ change, facts: factsOf({ after: broken() }) })).toMatchObject([
      {
        fact: { wasBroken: false, target: other.target },
        remedies: [
          { kind: "start-webhook", target: other.target },
          { kind: "keep-webhook", target: webhook.target },
        ],
      },
    ]);
  });

  it("tells that the one before was no better", () => {
    const change = update(gears(webhook), gears(other));

    expect(conversionLost.find({ change, facts: factsOf({ before: broken(), after: broken() }) })).toMatchObject([
      { isAdvisory: true, fact: { wasBroken: true } },
    ]);
  });

  it.each<Row>([
    { title: "a webhook that comes and is not there", change: update(gears(null), gears(webhook)), after: broken() },
    {
      title: "one without a ready pod",
      change: update(gears(null), gears(webhook)),
      after: broken({ kind: "no-endpoints" }),
    },
    {
      title: "one whose caBundle does not vouch for it",
      change: update(gears(null), gears(webhook)),
      after: broken({ kind: "distrusted", reason: "its certificate is for another name" }),
    },
    {
      title: "another storage version, into which each write is converted",
      change: update(gears(webhook, { storage: "v1beta1" }), gears(webhook, { storage: "v1" })),
      before: broken(),
      after: broken(),
    },
    {
      title: "a third version, though two were broken already",
      change: update(gears(webhook), gears(webhook, { served: ["v2", "v1", "v1beta1"], storage: "v1" })),
      before: broken(),
      after: broken(),
    },
  ])("denies $title", (row) => {
    expect(verdicts(row)).toEqual(["deny conversion-unreachable"]);
  });

  it.each<Row>([
    {
      title: "a caBundle alone that does not vouch: the server may be about to take up its certificate",
      change: update(gears(webhook), gears(converter("converter", "bmV3"))),
      after: broken({ kind: "distrusted", reason: "x" }),
    },
    {
      title: "a caBundle that somebody is asked to write",
      change: update(gears(null), { ...gears(webhook), isCaBundleInjected: true }),
      after: broken({ kind: "distrusted", reason: "x" }),
    },
    {
      title: "a webhook that did not answer from here, and may answer the API server",
      change: update(gears(null), gears(webhook)),
      after: broken({ kind: "refused", reason: "ECONNREFUSED" }),
    },
    { title: "one where no object exists", change: update(gears(null), gears(webhook)), after: broken(), objects: counted(0) },
    {
      title: "one in place of one that was no better",
      change: update(gears(other), gears(webhook)),
      before: broken({ kind: "no-endpoints" }),
      after: broken(),
    },
  ])("warns of $title", (row) => {
    expect(verdicts(row)).toEqual(["warn conversion-unreachable"]);
  });

  it("warns at most of what nobody can tell, whatever the rule is set to", () => {
    const unknown = { change: update(gears(null), gears(webhook)), after: { kind: "unknown", reason: "forbidden" } as const };
    const findings = evaluate(unknown.change, factsOf(unknown), [conversionLost]);

    expect(findings).toEqual([
      {
        rule: "conversion-lost",
        defaultEnforcement: "warn",
        isAdvisory: true,
        field: "spec.conversion.webhook",
        fact: { kind: "conversion-unknown", target: webhook.target, reason: "forbidden", versions: ["v1", "v1beta1"] },
        remedies: [{ kind: "look-at-webhook", target: webhook.target }],
      },
    ]);
    const policy = { ...DEFAULT_POLICY, enforcement: new Map([["conversion-lost", "deny"]] as const) };
    expect(judge(findings, policy).map(({ enforcement }) => enforcement)).toEqual(["warn"]);
  });

  it.each<Row>([
    { title: "one that answers", change: update(gears(null), gears(webhook)) },
    {
      title: "one that did not answer before either, for the same versions",
      change: update(gears(webhook), { ...gears(webhook), labels: { team: "mill" } }),
      after: broken(),
    },
    {
      title: "one version fewer",
      change: update(gears(webhook, { served: ["v2", "v1", "v1beta1"], storage: "v1" }), gears(webhook, { storage: "v1" })),
      after: broken(),
    },
    {
      title: "a second version that is neither served nor stored",
      change: update(gears(webhook, { served: ["v1"] }), gears(webhook, { served: ["v1"], unserved: ["v1beta1"] })),
      after: broken(),
    },
    { title: "a creation: charts apply definitions first", change: create(gears(webhook)), after: broken() },
  ])("allows $title", (row) => {
    expect(verdicts(row)).toEqual([]);
  });

  it.each([
    { title: "for a version that comes", change: update(gears(webhook, { served: ["v1"] }), gears(webhook)), asks: true },
    { title: "for another webhook", change: update(gears(webhook), gears(other)), asks: true },
    { title: "not for the same", change: update(gears(webhook), gears(webhook)), asks: false },
    { title: "not where conversion is none", change: update(gears(null, { served: ["v1"] }), gears(null)), asks: false },
  ])("asks the cluster $title", ({ change, asks }) => {
    expect(conversionLost.evidence?.(change)).toEqual(asks ? ["objects", "webhooks"] : []);
  });
});
