/** @file Objects as tools print them: read, named, and compared beside what differs on purpose. */
import { parseAllDocuments } from "yaml";

export interface PrintedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [member: string]: unknown;
}

/** All objects of a stream of YAML 1.1. @throws Error for a mistake in it. */
export function readObjects(yaml: string): readonly PrintedObject[] {
  return [...parseAllDocuments(yaml, { version: "1.1" })].flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const object = document.toJS() as PrintedObject | null;
    return object === null ? [] : [object];
  });
}

export function nameOf({ kind, metadata: { name, namespace } }: PrintedObject): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** By name, so that order does not count. */
export function byName(objects: readonly PrintedObject[]): Readonly<Record<string, PrintedObject>> {
  return Object.fromEntries(objects.map((object) => [nameOf(object), object]));
}
