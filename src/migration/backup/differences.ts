/** @file What of an object that was restored is not, or not so, in the object that the API server holds. */
import { isRecord } from "../../cluster/live/json.ts";
import { canonicalText } from "../../crd/canonical-text.ts";

export interface Differences {
  /** Paths of what is not there at all: the API server dropped it. */
  readonly dropped: readonly string[];
  /** Paths of what is there with another value. */
  readonly changed: readonly string[];
}

/**
 * What `live` has beside is no difference: defaults, and what controllers add. In lists the order counts and the length; but of labels of the
 * object's own lists (finalizers, owner references) each only has to be there.
 */
export function differencesOf(wanted: unknown, live: unknown): Differences {
  const found = { dropped: [] as string[], changed: [] as string[] };
  compare(wanted, live, "", found);
  return found;
}

interface Found {
  readonly dropped: string[];
  readonly changed: string[];
}

function compare(wanted: unknown, live: unknown, path: string, found: Found): void {
  if (wanted === null && live === undefined) return;
  if (live === undefined) {
    found.dropped.push(path);
  } else if (isRecord(wanted) && isRecord(live)) {
    for (const [key, member] of Object.entries(wanted)) compare(member, own(live, key), below(path, key), found);
  } else if (Array.isArray(wanted) && Array.isArray(live)) {
    compareLists(wanted, live, path, found);
  } else if (canonicalText(wanted) !== canonicalText(live)) {
    found.changed.push(path);
  }
}

function compareLists(wanted: readonly unknown[], live: readonly unknown[], path: string, found: Found): void {
  if (SETS.has(path)) {
    const there = new Set(live.map(canonicalText));
    for (const [index, item] of wanted.entries()) {
      if (!there.has(canonicalText(item))) found.dropped.push(`${path}[${String(index)}]`);
    }
  } else if (wanted.length === live.length) {
    for (const [index, item] of wanted.entries()) compare(item, live[index], `${path}[${String(index)}]`, found);
  } else {
    found.changed.push(path);
  }
}

/** Whoever comes adds to these. */
const SETS: ReadonlySet<string> = new Set(["metadata.finalizers", "metadata.ownerReferences"]);

function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** As the API server writes paths. */
function below(path: string, key: string): string {
  const isPlain = /^[A-Za-z_$][\w$-]*$/.test(key);
  if (!isPlain) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
