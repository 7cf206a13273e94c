/** @file What a rule or check is about, in one line, for outputs that list them apart from what they found. */

/** @returns for one that is not in the table, its id in words. */
export function descriptionOf(rule: string): string {
  return DESCRIPTIONS[rule] ?? rule.replaceAll("-", " ");
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  "bundle-downgraded": "A definition goes back to an older release, or from the experimental channel to the standard one",
  "conversion-lost": "Objects of several versions can no longer be converted, or not by anybody who answers",
  "object-pruned": "Live objects would lose a field that the new schema does not know",
  "object-rejected": "Live objects would be refused by the new schema",
  "objects-deleted": "A definition is deleted while objects of it exist",
  "owner-changed": "Somebody else comes to keep a definition that has an owner",
  "required-resource-deleted": "A definition is deleted that a running workload needs",
  "required-version-unserved": "A running workload would not get an API version that it needs",
  "schema-narrowed": "A version would take less than before, or drop what it kept",
  "storage-version-downgraded": "New objects would be stored in a less stable version",
  "stored-version-forgotten":
    "A stored version is taken out of status.storedVersions without proof that no object is stored in it",
  "stored-version-removed": "A version that objects may be stored in is dropped",
  "version-in-use-unserved": "A version goes away in which objects are still written",
  "workload-requirement-unmet": "A workload is applied although an API that it needs will not be served to it",
};
