/** @file What could not be looked at, and what is not known for that. */
import type { Unread, UnreadThing } from "../health/facts.ts";
import { ownerName } from "./owner-name.ts";
import { targetName } from "./webhook-words.ts";
import { countOf, listOf, shown } from "./text.ts";

export function unreadSentence({ what, reason }: Unread): string {
  return `${thingPhrase(what)}: ${shown(reason)}`;
}

function thingPhrase(what: UnreadThing): string {
  switch (what.kind) {
    case "owners":
      return what.owners.length === 1
        ? `whether ${ownerName(what.owners[0])} is there is not known, nor what it may have left behind`
        : `whether ${countOf(what.owners.length, "owner")} of definitions are there is not known, nor what they may have left behind`;
    case "conversions":
      return what.crds.length === 1
        ? `whether the conversion webhook of ${shown(what.crds[0])} works could not be tried`
        : `whether the conversion webhooks of ${countOf(what.crds.length, "definition")} work could not be tried`;
    case "endpoints":
      return `whether anybody answers at ${listOf(what.targets.map(targetName))} is not known`;
    case "served":
      return `which certificate is served at ${listOf(what.targets.map(targetName))} is not known, nor how long it lasts`;
    case "finalizers":
      return `what keeps the objects of ${shown(what.crd)} is not known`;
    case "policies":
      return "whether admission policies stand in the way of a rollback is not known";
    case "registrations":
      return "whether crdguard itself is registered is not known";
    case "surplus":
      return `${countOf(what.count, "further question")} about ${surplusNoun(what.of)} ${what.count === 1 ? "was" : "were"} not asked`;
  }
}

function surplusNoun(of: Extract<UnreadThing, { kind: "surplus" }>["of"]): string {
  switch (of) {
    case "objects":
      return "numbers of objects";
    case "owners":
      return "owners";
    case "conversions":
      return "conversion webhooks";
    case "migrations":
      return "storage migrations";
    case "finalizers":
      return "finalizers";
  }
}

/** All of it, a line each, where the sentence gives but a number. */
export function unreadEvidence({ what }: Unread): readonly string[] {
  switch (what.kind) {
    case "owners":
      return what.owners.length === 1 ? [] : what.owners.map(ownerName);
    case "conversions":
      return what.crds.length === 1 ? [] : what.crds.map(shown);
    case "endpoints":
    case "served":
    case "finalizers":
    case "policies":
    case "registrations":
    case "surplus":
      return [];
  }
}
