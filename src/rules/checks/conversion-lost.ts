/** @file Finds an update after which objects of several versions can no longer be converted, or not by anybody who answers. */
import type { ConversionWebhook, Crd, WebhookTarget } from "../../crd/crd.ts";
import { isSameSchema } from "../../crd/schema/compare-crds.ts";
import { readSchema } from "../../crd/schema/read-schema.ts";
import type { Schema } from "../../crd/schema/schema.ts";
import { compareVersions, findVersion, servedVersions, storageVersion } from "../../crd/versions.ts";
import type { Facts, ObjectEvidence, WebhookLook, WebhookProblem } from "../facts.ts";
import type { Remedy, RuleFinding } from "../finding.ts";
import { isNonEmpty } from "../hurt.ts";
import { defineRule } from "../rule.ts";

/**
 * Without a webhook the API server changes no more than `apiVersion`, so that fields which the asked version does not know are
 * dropped, and written back without them. By a webhook that does not answer, nothing can be read or written that needs
 * conversion, and what lists it stops: garbage collection, the deletion of namespaces. Chart and CRD are made together, but
 * applied one after the other.
 * Source: Kubernetes, "Versions in CustomResourceDefinitions", sections "Overview" (strategy None) and "Webhook conversion";
 * kubernetes/kubernetes#101078, kubevirt/hyperconverged-cluster-operator#4558.
 */
export const conversionLost = defineRule({
  id: "conversion-lost",
  defaultEnforcement: "deny",
  evidence: (change) => {
    if (change.kind !== "update") return [];
    const { previous, next } = change;
    if (isRemoved(previous, next)) {
      if (isIdle(previous, next)) return [];
      return haveOneSchema(next, livingVersions(next, previous)) ? ["forms", "objects", "webhooks"] : ["objects", "webhooks"];
    }
    return isNewlyNeeded(previous, next) ? ["objects", "webhooks"] : [];
  },
  find({ change, facts }) {
    if (change.kind !== "update") return [];

    const { previous, next } = change;
    const versions = livingVersions(next, previous);
    if (!isNonEmpty(versions)) return [];
    if (isRemoved(previous, next)) return isIdle(previous, next) ? [] : [removed(previous, next, versions, facts)];
    if (!isNewlyNeeded(previous, next)) return [];
    const { conversion } = next;
    const { before, after } = facts.webhooks;
    switch (after?.kind) {
      case "broken":
        return [unreachable({ previous, next, conversion, versions }, after.problem, before, facts.objects)];
      case "unknown":
        return [unknown(conversion, versions, after.reason)];
      case "answers":
      case undefined:
        return [];
    }
  },
});

/** Versions that objects are asked for in or stored in; those that the status alone names are not listed, and past saving. */
function livingVersions(crd: Crd, { stored }: Crd): readonly string[] {
  const storage = storageVersion(crd);
  const listed = [...stored.names, ...(storage === null ? [] : [storage])].filter((name) => findVersion(crd, name) !== null);
  return [...new Set([...servedVersions(crd), ...listed])].toSorted((left, right) => compareVersions(right, left));
}

function isRemoved(previous: Crd, next: Crd): previous is Crd & { readonly conversion: ConversionWebhook } {
  return previous.conversion.kind === "webhook" && next.conversion.kind === "none" && livingVersions(next, previous).length > 1;
}

/**
 * All versions that objects can be in have the same schema, before and after: changing `apiVersion` is all there is to convert. Where
 * they differed before, objects may still be stored in the form of one of them.
 */
function isIdle(previous: Crd, next: Crd): boolean {
  const versions = livingVersions(next, previous);
  return haveOneSchema(previous, livingVersions(previous, previous)) && haveOneSchema(next, versions);
}

/** False where any is not known, and where they keep whatever is in an object or its spec: what that may be, each version has its own idea of. */
function haveOneSchema(crd: Crd, names: readonly string[]): boolean {
  const [first, ...others] = names.map((name) => findVersion(crd, name)?.form?.schema);
  return (
    first !== undefined &&
    others.every((schema) => schema !== undefined && isSameSchema(first, schema)) &&
    namesItsFields(readSchema(first))
  );
}

function namesItsFields({ preservesUnknownFields, properties }: Schema): boolean {
  return !preservesUnknownFields && [...properties.values()].every((below) => !below.preservesUnknownFields);
}

/** By another webhook, or for a version, or into a storage version, that it was not needed for before. */
function isNewlyNeeded(previous: Crd, next: Crd): next is Crd & { readonly conversion: ConversionWebhook } {
  const after = livingVersions(next, previous);
  if (next.conversion.kind === "none" || after.length < 2) return false;
  const before = livingVersions(previous, previous);
  return (
    JSON.stringify(previous.conversion) !== JSON.stringify(next.conversion) ||
    storageVersion(previous) !== storageVersion(next) ||
    after.some((name) => !before.includes(name))
  );
}

function removed(
  previous: Crd & { readonly conversion: ConversionWebhook },
  next: Crd,
  versions: readonly [string, ...string[]],
  { objects, webhooks: { before } }: Facts,
): RuleFinding {
  const isUntold = next.conversion.kind === "none" && next.conversion.isUntold === true;
  // One that answers nobody converts nothing; without it objects can at least be read again.
  const isDead = before?.kind === "broken" && before.problem.kind !== "refused";
  const { target } = previous.conversion;
  const storage = storageVersion(previous);
  return {
    field: "spec.conversion.strategy",
    fact: { kind: "conversion-removed", target, look: before, versions, objects, isUntold },
    remedies: [
      { kind: "keep-webhook", target },
      ...(storage === null || findVersion(next, storage)?.isStorage !== true
        ? []
        : [{ kind: "settle-on-version", crd: previous, version: storage } as const]),
    ],
    ...(isDead || isUntold || hasNone(objects) ? { isAdvisory: true } : {}),
  };
}

interface Converted {
  readonly previous: Crd;
  readonly next: Crd;
  readonly conversion: ConversionWebhook;
  readonly versions: readonly [string, ...string[]];
}

function unreachable(
  { previous, next, conversion: { target }, versions }: Converted,
  problem: WebhookProblem,
  before: WebhookLook | null,
  objects: ObjectEvidence,
): RuleFinding {
  const wasBroken = before?.kind === "broken" && isAnother(previous, target);
  const isNoWorse = before?.kind === "broken" && isNeededAsBefore(previous, next);
  return {
    field: "spec.conversion.webhook",
    fact: { kind: "conversion-unreachable", target, problem, wasBroken, versions, objects },
    remedies: remediesFor(previous, next, problem),
    ...(isNoWorse || hasNone(objects) || isDoubtful(previous, next, problem) ? { isAdvisory: true } : {}),
  };
}

function unknown({ target }: ConversionWebhook, versions: readonly [string, ...string[]], reason: string): RuleFinding {
  return {
    field: "spec.conversion.webhook",
    fact: { kind: "conversion-unknown", target, reason, versions },
    remedies: [{ kind: "look-at-webhook", target }],
    isAdvisory: true,
  };
}

/** For the same versions, into the same one. */
function isNeededAsBefore(previous: Crd, next: Crd): boolean {
  const before = livingVersions(previous, previous);
  return (
    storageVersion(previous) === storageVersion(next) && livingVersions(next, previous).every((name) => before.includes(name))
  );
}

function isDoubtful(previous: Crd, next: Crd, problem: WebhookProblem): boolean {
  switch (problem.kind) {
    case "service-missing":
    case "no-endpoints":
      return false;
    // The API server may get through where we do not.
    case "refused":
      return true;
    // Whoever writes the caBundle does so after the change, or by this very one, while the server takes up its new certificate.
    case "ca-malformed":
    case "distrusted":
      return next.isCaBundleInjected || isCaBundleAlone(previous, next);
  }
}

function isCaBundleAlone(previous: Crd, next: Crd): boolean {
  return (
    previous.conversion.kind === "webhook" &&
    next.conversion.kind === "webhook" &&
    JSON.stringify(previous.conversion.target) === JSON.stringify(next.conversion.target) &&
    isNeededAsBefore(previous, next)
  );
}

function remediesFor(previous: Crd, next: Crd, problem: WebhookProblem): readonly Remedy[] {
  if (next.conversion.kind === "none") return [];
  const { target } = next.conversion;
  return [
    { kind: "start-webhook", target, problem },
    ...(previous.conversion.kind === "webhook" && isAnother(previous, target)
      ? [{ kind: "keep-webhook", target: previous.conversion.target } as const]
      : []),
  ];
}

/** In place of one that there was. */
function isAnother({ conversion }: Crd, target: WebhookTarget): boolean {
  return conversion.kind === "webhook" && JSON.stringify(conversion.target) !== JSON.stringify(target);
}

/** Nothing is there that would have to be converted. */
function hasNone(objects: ObjectEvidence): boolean {
  return objects.kind === "counted" && objects.isComplete && objects.total === 0;
}
