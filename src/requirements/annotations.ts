/** @file Requirements that a workload declares of itself, in annotations. */
import type { Requirement } from "../rules/requirement.ts";

/** The workload does not start, or crashes, without the API. */
export const REQUIRES = "crdguard.dev/requires";
/** The workload loses a feature without the API. */
export const USES = "crdguard.dev/uses";

/** Under which of the two keys a workload declares anything, readable or not. */
export function declaredKeys(annotations: Readonly<Record<string, string>>): readonly (typeof REQUIRES | typeof USES)[] {
  return ([REQUIRES, USES] as const).filter((key) => Object.hasOwn(annotations, key));
}

export type DeclarationResult =
  | { readonly ok: true; readonly value: readonly Requirement[] }
  | { readonly ok: false; readonly error: { readonly code: "declaration-malformed"; readonly message: string } };

/**
 * Grammar: items separated by commas, each `<plural>.<group>/<version>[|<version>…]`, of which any one version is enough:
 * `grpcroutes.gateway.networking.k8s.io/v1alpha2, gateways.gateway.networking.k8s.io/v1|v1beta1`. An empty value says
 * that nothing is needed, whatever the catalog thinks.
 */
export function parseDeclaration(key: typeof REQUIRES | typeof USES, value: string): DeclarationResult {
  const items = value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  const requirements: Requirement[] = [];
  for (const item of items) {
    const match = ITEM.exec(item);
    if (match?.groups === undefined) return malformed(`"${item}" is not of the form <plural>.<group>/<version>[|<version>]`);
    const { resource, group, versions } = match.groups;
    requirements.push({
      group: group ?? "",
      resource: resource ?? "",
      versions: (versions ?? "").split("|"),
      presence: "unconditional",
      outcomes: key === REQUIRES ? ALWAYS_CRASHES : ALWAYS_LOSES_FEATURE,
    });
  }
  return { ok: true, value: requirements };
}

const ALWAYS_CRASHES = { absent: "crashes", unlisted: "crashes", unserved: "crashes" } as const;
const ALWAYS_LOSES_FEATURE = { absent: "loses-feature", unlisted: "loses-feature", unserved: "loses-feature" } as const;

const LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const ITEM = new RegExp(`^(?<resource>${LABEL})\\.(?<group>${LABEL}(?:\\.${LABEL})+)/(?<versions>${LABEL}(?:\\|${LABEL})*)$`);

function malformed(message: string): DeclarationResult {
  return { ok: false, error: { code: "declaration-malformed", message } };
}
