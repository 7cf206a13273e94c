/** @file JSON as it is to be written, with numbers that a double cannot tell apart, or does not write so. */
import { exactJsonText } from "../../../src/crd/exact-json.ts";

/** A number in the very digits of its text: `1.0`, `1e3`. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Source: ECMA-262, JSON.rawJSON. */
  toJSON(): unknown {
    return JSON.rawJSON(this.text);
  }
}

export type Written = null | boolean | number | bigint | string | NumberText | readonly Written[] | WrittenObject;

export interface WrittenObject {
  readonly [member: string]: Written;
}

export function isObject(value: Written | undefined): value is WrittenObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

export function isList(value: Written | undefined): value is readonly Written[] {
  return Array.isArray(value);
}

/** Keeps `-0`, which JSON.stringify writes as `0`. */
export function writtenJson(value: Written): string {
  return exactJsonText(value);
}

/** The same with one member more, or another value for it; `undefined` takes it away. Safe for `__proto__`. */
export function withMember(object: WrittenObject, name: string, value: Written | undefined): WrittenObject {
  const others = Object.entries(object).filter(([other]) => other !== name);
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]]);
}
