/** @file Reads what etcd really holds, past the API server, through etcd's JSON gateway. */

/** One object as it is stored, before any conversion. */
export interface StoredEntry {
  /** etcd key, such as `/registry/gateway.networking.k8s.io/httproutes/default/shop`. */
  readonly key: string;
  /** The object's metadata.resourceVersion, which is not stored with it: the revision of the last write to its key. */
  readonly resourceVersion: string;
  /** The version it is persisted in. */
  readonly apiVersion: string;
  /** The parsed JSON. */
  readonly object: Readonly<Record<string, unknown>>;
}

/**
 * Returns the object stored under `keyOrPrefix` and all below `keyOrPrefix + "/"`, in the order of their keys. Custom
 * resources lie under `/registry/<group>/<plural>`, CRDs under `/registry/apiextensions.k8s.io/customresourcedefinitions`.
 * @throws Error if etcd does not answer, or an object is not JSON: built-in types are stored as protobuf.
 */
export async function readStoredEntries(etcdUrl: string, keyOrPrefix: string): Promise<readonly StoredEntry[]> {
  const start = keyOrPrefix.replace(/\/$/, "");
  const response = await fetch(new URL("/v3/kv/range", etcdUrl), {
    method: "POST",
    // "0" follows "/": the range holds the key itself and all that begins with key + "/", and siblings such as key + "-x".
    body: JSON.stringify({ key: base64(start), range_end: base64(`${start}0`) }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`etcd answered ${response.status} to a range over "${start}": ${await response.text()}`);

  const { kvs = [] } = (await response.json()) as RangeResponse;
  return kvs
    .map((entry) => ({ ...entry, key: Buffer.from(entry.key, "base64").toString() }))
    .filter(({ key }) => key === start || key.startsWith(`${start}/`))
    .map(({ key, value, mod_revision }) => ({ key, resourceVersion: mod_revision, ...parseStored(key, value) }));
}

/** Of etcd's RangeResponse (api/etcdserverpb/rpc.proto) as its gateway writes it: bytes in base64, int64 as strings. */
interface RangeResponse {
  readonly kvs?: readonly { readonly key: string; readonly value: string; readonly mod_revision: string }[];
}

function parseStored(key: string, value: string): Pick<StoredEntry, "apiVersion" | "object"> {
  const text = Buffer.from(value, "base64").toString();
  if (!text.startsWith("{"))
    throw new Error(
      `"${key}" is not stored as JSON, as built-in types are not: it begins with ${JSON.stringify(text.slice(0, 12))}`,
    );

  const object = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const apiVersion = object["apiVersion"];
  if (typeof apiVersion !== "string") throw new Error(`"${key}" is stored without an apiVersion`);
  return { apiVersion, object };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
