/** @file Names in JSON of unknown shape. */

/** `name` of the items of a list of an object, as in a kubeconfig; of an item of the API, that of its metadata. */
export function nameAt(input: unknown, list: string): readonly string[] {
  const items = memberOf(input, list);
  return (Array.isArray(items) ? items : []).flatMap((item: unknown) => {
    const name = memberOf(item, "name") ?? memberOf(memberOf(item, "metadata"), "name");
    return typeof name === "string" ? [name] : [];
  });
}

function memberOf(input: unknown, key: string): unknown {
  return typeof input === "object" && input !== null ? Object.entries(input).find(([each]) => each === key)?.[1] : undefined;
}
