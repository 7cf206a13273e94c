/** @file Semantic versions. Source: k8s.io/apiserver/pkg/cel/library/semverlib.go; github.com/blang/semver/v4. */
import { boolean, kindOf, one, text, two } from "../expression/overloads.ts";
import type { Library } from "../expression/overloads.ts";
import { CelFailure, Opaque } from "../values/value.ts";

class Semver extends Opaque {
  override readonly typeName = "kubernetes.Semver";
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly string[]) {
    super();
    this.numbers = numbers;
    this.prerelease = prerelease;
  }

  override equals(other: Opaque): boolean {
    return other instanceof Semver && compareVersions(this, other) === 0;
  }
}

const semver = kindOf(Semver);

export const SEMVER: Library = {
  "semver/1": [one(text, parse)],
  "semver/2": [two(text, boolean, (value, isLoose) => parse(isLoose ? normalized(value) : value))],
  "isSemver/1": [one(text, isVersion)],
  "isSemver/2": [two(text, boolean, (value, isLoose) => isVersion(isLoose ? normalized(value) : value))],
  ".major/1": [one(semver, ({ numbers }) => numbers[0])],
  ".minor/1": [one(semver, ({ numbers }) => numbers[1])],
  ".patch/1": [one(semver, ({ numbers }) => numbers[2])],
  ".compareTo/2": [two(semver, semver, (left, right) => BigInt(compareVersions(left, right)))],
  ".isGreaterThan/2": [two(semver, semver, (left, right) => compareVersions(left, right) > 0)],
  ".isLessThan/2": [two(semver, semver, (left, right) => compareVersions(left, right) < 0)],
};

const FORM =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*))?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?$/;

const MAX_NUMBER = 2n ** 64n - 1n;

function isVersion(value: string): boolean {
  const match = FORM.exec(value);
  return match !== null && match.slice(1, 4).every((number) => BigInt(number) <= MAX_NUMBER);
}

/** @throws CelFailure for what is none. */
function parse(value: string): Semver {
  const match = FORM.exec(value);
  if (match === null || !isVersion(value)) throw new CelFailure(`invalid semantic version ${JSON.stringify(value)}`);
  const [, major = "", minor = "", patch = "", prerelease = ""] = match;
  return new Semver([BigInt(major), BigInt(minor), BigInt(patch)], prerelease === "" ? [] : prerelease.split("."));
}

/** Without a `v` and leading zeros, with all three numbers. What is short and has a pre-release stays invalid. */
function normalized(value: string): string {
  const [major = "", minor, ...rest] = value.replace(/^v/, "").split(".");
  const parts = [major, ...(minor === undefined ? [] : [minor]), ...(rest.length === 0 ? [] : [rest.join(".")])].map((part) => {
    if (part.length < 2) return part;
    const stripped = part.replace(/^0+/, "");
    return /^\d/.test(stripped) ? stripped : `0${stripped}`;
  });
  if (parts.length < 3 && /[-+]/.test(parts.at(-1) ?? "")) return "";
  while (parts.length < 3) parts.push("0");
  return parts.join(".");
}

function compareVersions(left: Semver, right: Semver): number {
  for (const [index, number] of left.numbers.entries()) {
    const other = right.numbers[index] ?? 0n;
    if (number !== other) return number > other ? 1 : -1;
  }
  if (left.prerelease.length === 0 || right.prerelease.length === 0) {
    return Math.sign(right.prerelease.length - left.prerelease.length);
  }
  for (const [index, part] of left.prerelease.entries()) {
    const other = right.prerelease[index];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return left.prerelease.length === right.prerelease.length ? 0 : -1;
}

function compareParts(left: string, right: string): number {
  if (left === right) return 0;
  const isNumber = (part: string): boolean => /^\d+$/.test(part);
  if (isNumber(left) !== isNumber(right)) return isNumber(left) ? -1 : 1;
  if (isNumber(left)) return BigInt(left) > BigInt(right) ? 1 : -1;
  return left > right ? 1 : -1;
}
