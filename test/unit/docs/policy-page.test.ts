/** docs/policy.md: its example is a policy that counts as a whole, and shows each member that there is. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readDocuments } from "../../../src/cluster/snapshot/documents.ts";
import { isGuardPolicyManifest, readGuardPolicy } from "../../../src/cluster/guard-policies.ts";
import { isRecord } from "../../../src/crd/is-record.ts";
import { GUARD_POLICY_MEMBERS, parseGuardPolicy } from "../../../src/policy/guard-policy.ts";
import { ROOT } from "./sources.ts";

async function example(): Promise<Readonly<Record<string, unknown>>> {
  const page = await readFile(`${ROOT}docs/policy.md`, "utf8");
  const { documents, mistake } = await readDocuments(/```yaml\n([^]*?)```/.exec(page)?.[1] ?? "");
  const [document] = documents;
  if (mistake !== null || !isRecord(document?.value)) throw new Error("the page has an example");
  return document.value;
}

describe("the example of docs/policy.md", () => {
  it("counts as a whole", async () => {
    const manifest = await example();
    const raw = readGuardPolicy(manifest);

    expect(isGuardPolicyManifest(manifest)).toBe(true);
    expect(raw !== null && parseGuardPolicy(raw)).toMatchObject({ ok: true, problems: [] });
  });

  it("is complete", async () => {
    const { spec } = await example();
    const membersOf = (input: unknown): readonly string[] => (isRecord(input) ? Object.keys(input).toSorted() : []);
    const firstOf = (input: unknown): unknown => (Array.isArray(input) ? input[0] : undefined);
    const { crds, objects, rules, exceptions } = isRecord(spec) ? spec : {};

    expect({
      spec: membersOf(spec),
      crds: membersOf(crds),
      objects: membersOf(objects),
      rules: membersOf(firstOf(rules)),
      exceptions: membersOf(firstOf(exceptions)),
    }).toEqual(Object.fromEntries(Object.entries(GUARD_POLICY_MEMBERS).map(([part, members]) => [part, members.toSorted()])));
  });
});
