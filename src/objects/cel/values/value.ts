/** @file What a CEL expression computes with. */

/**
 * CEL's int is `bigint` (64 bits, kept by whoever computes), its double `number`. Lists and maps are classes, since those of an object
 * are only converted where they are looked at. Source: cel-spec, "Values".
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Duration
  | Timestamp
  | TypeName
  | ListValue
  | MapValue
  | Optional
  | Opaque;

export class Uint {
  readonly number: bigint;

  constructor(number: bigint) {
    this.number = number;
  }
}

/** In nanoseconds, within 64 bits. */
export class Duration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

/** In nanoseconds since 1970, within the years 1 to 9999. */
export class Timestamp {
  readonly nanoseconds: bigint;
  /** Of the zone that it was written in; its text has it. */
  readonly offsetSeconds: number;

  constructor(nanoseconds: bigint, offsetSeconds = 0) {
    this.nanoseconds = nanoseconds;
    this.offsetSeconds = offsetSeconds;
  }
}

/** What `type()` returns. */
export class TypeName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export abstract class ListValue {
  abstract readonly size: number;
  /** @throws CelFailure where the element is not what its schema says. */
  abstract at(index: number): Value;
  /** As the object has it, or the value itself where it is of no object. */
  abstract rawAt(index: number): unknown;
}

export abstract class MapValue {
  abstract readonly size: number;
  /** Undefined: no such key. @throws CelFailure for a key that no such map can have. */
  abstract find(key: Value): Value | undefined;
  abstract keys(): readonly Value[];
}

export class Optional {
  /** Undefined: none. */
  readonly content: Value | undefined;

  constructor(content: Value | undefined) {
    this.content = content;
  }
}

export const NONE = new Optional(undefined);

/** A value of a library of Kubernetes, such as an IP address. */
export abstract class Opaque {
  abstract readonly typeName: string;
  /** @param other of the same type. */
  abstract equals(other: Opaque): boolean;
}

/** An error of CEL: the API server refuses an object whose rule ends in one. Messages are cel-go's. */
export class CelFailure extends Error {}

/** An error of CEL that tells that operands are of no type that fits. */
export class NoSuchOverload extends CelFailure {
  constructor() {
    super("no such overload");
  }
}

/** We do not know what the API server would say. The message is a clause: `it names the time zone Europe/Zurich, which …`. */
export class NotEvaluated extends Error {}

export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "string":
      return "string";
    default:
      if (value === null) return "null_type";
      if (value instanceof Uint8Array) return "bytes";
      if (value instanceof Uint) return "uint";
      if (value instanceof Duration) return "google.protobuf.Duration";
      if (value instanceof Timestamp) return "google.protobuf.Timestamp";
      if (value instanceof TypeName) return "type";
      if (value instanceof ListValue) return "list";
      if (value instanceof MapValue) return "map";
      if (value instanceof Optional) return "optional_type";
      return value.typeName;
  }
}

/** For messages: of a key or an index. */
export function plainText(value: Value): string {
  if (value instanceof Uint) return String(value.number);
  return typeof value === "object" ? typeNameOf(value) : String(value);
}

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

/** @throws CelFailure beyond 64 bits. */
export function int(number: bigint, message = "integer overflow"): bigint {
  if (number < MIN_INT || number > MAX_INT) throw new CelFailure(message);
  return number;
}

/** @throws CelFailure below zero or beyond 64 bits. */
export function uint(number: bigint): Uint {
  if (number < 0n || number > MAX_UINT) throw new CelFailure("unsigned integer overflow");
  return new Uint(number);
}

/** @throws CelFailure beyond 64 bits, which are some 292 years. */
export function duration(nanoseconds: bigint): Duration {
  return new Duration(int(nanoseconds));
}

/** 0001-01-01T00:00:00Z and the last second of 9999, in seconds since 1970. Source: cel-go, common/types/timestamp.go. */
const MIN_SECONDS = -62_135_596_800n;
const MAX_SECONDS = 253_402_300_799n;

export const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** @throws CelFailure outside of the years 1 to 9999. */
export function timestamp(nanoseconds: bigint, offsetSeconds = 0): Timestamp {
  const seconds = floorDivide(nanoseconds, NANOSECONDS_PER_SECOND);
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) throw new CelFailure("timestamp overflow");
  return new Timestamp(nanoseconds, offsetSeconds);
}

export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}
