/** @file Which definitions differ from the cluster's in what rules do not read: in schemas, columns, labels. */
import { isRecord } from "../../crd/is-record.ts";

type CrdObject = Readonly<Record<string, unknown>>;

/** Whether an apply of `given` would change `there`. What the API server has added by itself is no difference. */
export function differs(given: CrdObject, there: CrdObject): boolean {
  return !isHeld(partsOf(given), partsOf(there), "loosely");
}

/** The status and all that the API server sets is left out. */
function partsOf({ spec, metadata }: CrdObject): unknown {
  const { labels, annotations } = isRecord(metadata) ? metadata : {};
  return { spec, labels, annotations };
}

/**
 * Members that say nothing (null, false, empty) are left out by the API server as it writes, and are no difference. An item of a
 * list is applied as a whole, so that what is missing in it is taken away; elsewhere what is not given stays.
 */
function isHeld(given: unknown, there: unknown, how: "loosely" | "exactly"): boolean {
  if (isNothing(given)) return how === "loosely" || isNothing(there);
  if (Array.isArray(given)) {
    return (
      Array.isArray(there) && given.length === there.length && given.every((item, index) => isHeld(item, there[index], "exactly"))
    );
  }
  if (!isRecord(given)) return given === there;
  if (!isRecord(there)) return false;
  const keys = how === "loosely" ? Object.keys(given) : new Set([...Object.keys(given), ...Object.keys(there)]);
  return [...keys].every((key) => isHeld(given[key], there[key], how));
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.values(value).every(isNothing);
}
