/** @file Reads which admission policies speak of CRDs, and whether they deny. */
import { compareText } from "../../../crd/compare-text.ts";
import type { AdmissionPolicy } from "../../../health/facts.ts";
import type { Answer } from "../../health-probe.ts";
import type { ApiClient } from "../api-client.ts";
import { listAt, textAt } from "../json.ts";
import { listPages } from "../pages.ts";
import { unanswered } from "./unanswered.ts";

/** Never rejects. An API server before 1.30 has none. */
export async function readPolicies(
  client: Pick<ApiClient, "request">,
  signal: AbortSignal,
): Promise<Answer<readonly AdmissionPolicy[]>> {
  const policies = await list(client, "validatingadmissionpolicies", signal);
  if (!policies.ok) return policies;
  const named = policies.value.filter(speaksOfCrds).map((policy) => textAt(policy, "metadata", "name") ?? "");
  if (named.length === 0) return { ok: true, value: [] };
  const bindings = await list(client, "validatingadmissionpolicybindings", signal);
  if (!bindings.ok) return bindings;
  const value = named.toSorted(compareText).map((name) => ({
    name,
    denyingBindings: bindings.value
      .filter((binding) => textAt(binding, "spec", "policyName") === name)
      .filter((binding) => listAt(binding, "spec", "validationActions").includes("Deny"))
      .map((binding) => textAt(binding, "metadata", "name") ?? "")
      .toSorted(compareText),
  }));
  return { ok: true, value };
}

async function list(
  client: Pick<ApiClient, "request">,
  resource: string,
  signal: AbortSignal,
): Promise<Answer<readonly unknown[]>> {
  const found: unknown[] = [];
  const listed = await listPages(client, {
    path: `/apis/admissionregistration.k8s.io/v1/${resource}`,
    pageSize: PAGE_SIZE,
    signal,
    onPage: (items) => found.push(...items),
  });
  if (listed.ok) return { ok: true, value: found };
  return listed.error.code === "not-found" ? { ok: true, value: [] } : unanswered(listed.error);
}

const PAGE_SIZE = 500;

/** By name: what speaks of every resource there is asks for labels and the like, and stands in nobody's way back. */
function speaksOfCrds(policy: unknown): boolean {
  return listAt(policy, "spec", "matchConstraints", "resourceRules").some(
    (rule) =>
      listAt(rule, "apiGroups").includes("apiextensions.k8s.io") &&
      listAt(rule, "resources").some((resource) => resource === "*" || resource === "customresourcedefinitions"),
  );
}
