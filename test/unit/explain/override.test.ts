import { describe, expect, it } from "vitest";
import { EVERYTHING } from "../../../src/explain/audience.ts";
import { explainVerdict } from "../../../src/explain/admission.ts";
import { changeEvents } from "../../../src/explain/events.ts";
import { overrideGuide, overrideText, type Permission } from "../../../src/explain/override-guide.ts";
import { overrideAnnotations, overrideOffer, overrideResult } from "../../../src/explain/override.ts";
import type { JudgedFinding, Relief, UnmetRelief } from "../../../src/policy/policy.ts";
import { counted, crd } from "../../support/builders.ts";

const gears = crd({ served: ["v1"] });
const denial: JudgedFinding = {
  rule: "objects-deleted",
  field: "metadata.name",
  fact: { kind: "objects-deleted", objects: counted(3) },
  remedies: [],
  defaultEnforcement: "deny",
  enforcement: "deny",
};
const other: JudgedFinding = { ...denial, rule: "required-resource-deleted" };
const relief: Relief = { kind: "override", by: "alice", reason: "incident 4711", until: null };
const overridden: JudgedFinding = { ...denial, enforcement: "warn", relief };
const refusal: UnmetRelief = { kind: "override-refused", why: "not-allowed", by: "bob" };
const refused: JudgedFinding = { ...denial, unmet: [refusal] };

function answered(findings: readonly [JudgedFinding, ...JudgedFinding[]]) {
  const kind = findings[0].enforcement === "deny" ? "deny" : "allow";
  return explainVerdict({ kind, findings }, gears, EVERYTHING);
}

describe("a denial", () => {
  it("ends in the way to override all that denies the change", () => {
    const { status } = answered([denial, other]);

    for (const { message } of status?.details?.causes ?? []) {
      expect(message).toMatch(
        /\n {2}To override: kubectl crdguard override gears\.own\.dev --rule objects-deleted,required-resource-deleted --reason "…"$/,
      );
    }
  });

  it("offers none where that helps nobody, nor to whom it was just refused", () => {
    expect(answered([denial, { ...denial, rule: "stored-version-removed" }]).status?.message).not.toContain("To override");
    expect(answered([refused]).status?.message).not.toContain("To override");
    expect(
      answered([{ ...denial, unmet: [{ kind: "override-refused", why: "no-reason", by: null }] }]).status?.message,
    ).toContain("To override");
  });

  it("lets no hostile name end the command", () => {
    expect(overrideOffer([denial], "gears.own.dev; rm -rf ~")?.command).toBe(
      `kubectl crdguard override 'gears.own.dev; rm -rf ~' --rule objects-deleted --reason "…"`,
    );
  });
});

describe("a warning of what was overridden", () => {
  it("says who and why, after the rule", () => {
    expect(answered([overridden]).warnings).toEqual([
      "objects-deleted: overridden by alice: incident 4711: 3 objects would be deleted with the definition, and what they stan…",
    ]);
  });

  it("stays one line of 120 characters, with the rule first, however long the reason and whatever is in it", () => {
    const reason = `line\nbreak \u202e${"x".repeat(5_000)}`;
    const by = "system:serviceaccount:argocd:argocd-application-controller";
    const [warning = ""] = answered([{ ...overridden, relief: { ...relief, by, reason } }]).warnings ?? [];

    expect(warning).toHaveLength(120);
    expect(warning).toMatch(/^objects-deleted: overridden by system:serviceaccount:argocd:ar…: line\\u000abreak \\u202exx/);
  });
});

describe("what is recorded of an override", () => {
  it.each<{ title: string; findings: readonly JudgedFinding[]; expected: object }>([
    { title: "nothing where none was asked for", findings: [denial], expected: {} },
    {
      title: "the rules and the reason of one that counts",
      findings: [overridden, { ...other, enforcement: "warn", relief }],
      expected: { overridden: "objects-deleted,required-resource-deleted", "override-reason": "incident 4711" },
    },
    {
      title: "why one does not count",
      findings: [refused],
      expected: { "override-refused": "objects-deleted=not-allowed" },
    },
  ])("is $title", ({ findings, expected }) => {
    expect(overrideAnnotations(findings)).toEqual(expected);
  });

  it("is counted by its result, and not for an exception", () => {
    expect([denial, overridden, refused].map(overrideResult)).toEqual([null, "allowed", "not-allowed"]);
    const exception: Relief = { kind: "exception", policy: "p", reason: "r", owner: "o", expires: "2027-01-01T00:00:00Z" };
    expect(overrideResult({ relief: exception, unmet: [] })).toBeNull();
  });
});

describe("Events of a change", () => {
  const change = { crdName: "gears.own.dev", operation: "DELETE", username: "alice" };

  it("tell a denial by rules and facts, without names", () => {
    const events = changeEvents({ ...change, verdict: { kind: "deny", findings: [denial, overridden] } });

    expect(events).toEqual([
      {
        type: "Warning",
        reason: "UpgradeDenied",
        action: "DenyDelete",
        note: "DELETE by alice denied: objects-deleted: 3 objects would be deleted with the definition, and what they stand for",
      },
    ]);
    expect(JSON.stringify(events)).not.toContain("mill");
  });

  it("tell apart what would make objects unreadable", () => {
    const stored = { ...denial, rule: "stored-version-forgotten" };

    expect(
      changeEvents({ ...change, operation: "UPDATE", verdict: { kind: "deny", findings: [denial, stored] } }).map(
        ({ reason, action }) => [reason, action],
      ),
    ).toEqual([
      ["UpgradeDenied", "DenyUpdate"],
      ["StoredVersionAtRisk", "DenyUpdate"],
    ]);
  });

  it("tell an override with its reason, and nothing of a warning", () => {
    const verdict = { kind: "allow", findings: [overridden, { ...other, enforcement: "warn" }] } as const;

    expect(changeEvents({ ...change, verdict })).toEqual([
      {
        type: "Warning",
        reason: "UpgradeOverridden",
        action: "OverrideDelete",
        note: expect.stringMatching(
          /^DELETE by alice let through: objects-deleted overridden \(incident 4711\)\. objects-deleted: /,
        ),
      },
    ]);
    expect(changeEvents({ ...change, verdict: { kind: "allow", findings: [] } })).toEqual([]);
  });
});

describe("what crdguard override tells", () => {
  const asked = { crd: "gears.own.dev", rules: ["objects-deleted"], reason: "it's $HOME", until: "2026-05-06T08:00:00Z" };
  const flags = { cluster: ["--context", "prod east"], user: ["--as", "alice"] };
  const guide = (permission: Permission) => overrideGuide(asked, permission, flags);

  it("is a command that a shell takes as it stands, for the same cluster and person", () => {
    const { command, takeBack } = guide({ kind: "unasked" });

    expect(command).toBe(
      String.raw`kubectl annotate crd gears.own.dev --context 'prod east' --as alice --overwrite crdguard.dev/override=objects-deleted 'crdguard.dev/override-reason=it'\''s $HOME' crdguard.dev/override-until=2026-05-06T08:00:00Z`,
    );
    expect(takeBack).toBe(
      "kubectl annotate crd gears.own.dev --context 'prod east' --as alice crdguard.dev/override- crdguard.dev/override-reason- crdguard.dev/override-until-",
    );
  });

  it.each<{ title: string; permission: Permission; told: string; grants: readonly string[] }>([
    {
      title: "that you may",
      permission: { kind: "answered", user: "alice", missing: [], exists: true },
      told: "You (alice) may.",
      grants: [],
    },
    {
      title: "which right you lack, and how it is granted to you",
      permission: { kind: "answered", user: "oidc:bob/x", missing: ["objects-deleted"], exists: true },
      told: "You (oidc:bob/x) may not override objects-deleted: the denial would stay.",
      grants: [
        "kubectl create clusterrole crdguard-override-objects-deleted --context 'prod east' --verb=override --resource=guardpolicies.crdguard.dev --resource-name=objects-deleted",
        "kubectl create clusterrolebinding crdguard-override-objects-deleted-oidc:bob-x --context 'prod east' --clusterrole=crdguard-override-objects-deleted --user=oidc:bob/x",
      ],
    },
    {
      title: "the same of a service account",
      permission: { kind: "answered", user: "system:serviceaccount:ci:deploy", missing: ["objects-deleted"], exists: true },
      told: "may not override objects-deleted",
      grants: [expect.stringContaining("clusterrole ") as string, expect.stringMatching(/--serviceaccount=ci:deploy$/) as string],
    },
    {
      title: "why it is not known",
      permission: { kind: "unanswered", reason: "connection\nrefused" },
      told: String.raw`Whether you may could not be asked: connection\u000arefused`,
      grants: [expect.any(String) as string, expect.stringContaining("--user=USER") as string],
    },
    {
      title: "where to put it for a CRD that does not exist",
      permission: { kind: "answered", user: "alice", missing: [], exists: false },
      told: "There is no CRD gears.own.dev yet, so that there is nothing to annotate.",
      grants: [],
    },
  ])("tells $title", ({ permission, told, grants }) => {
    const own = guide(permission);

    expect(overrideText(own).join("\n")).toContain(told);
    expect(own.permission.grant).toEqual(grants);
  });
});
