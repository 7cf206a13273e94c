/** @file One thing wrong, or odd, somewhere in a value. */
import type { Choices } from "./choices.ts";
import { FORMATS, NAMES, STRANGE, TEXTS } from "./vocabulary.ts";
import { isList, isObject, NumberText, withMember, type Written, type WrittenObject } from "./written.ts";

export function withFaults(draw: Choices, content: WrittenObject, count: number): WrittenObject {
  let faulty = content;
  for (let at = 0; at < count; at += 1) {
    const place = draw.pick(placesIn(faulty, []));
    const changed = place === undefined ? GONE : changedAt(faulty, place, (value) => fault(draw, value));
    if (changed !== GONE && isObject(changed)) faulty = changed;
  }
  return faulty;
}

type Place = readonly (string | number)[];

/** A place is taken away. */
const GONE = Symbol("gone");

/** All of them but the root itself, into which a fault may put a member. */
function placesIn(value: Written, place: Place): readonly Place[] {
  if (isList(value)) return [place, ...value.flatMap((item, index) => placesIn(item, [...place, index]))];
  if (!isObject(value)) return [place];
  return [place, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...place, name]))];
}

function changedAt(
  value: Written,
  [step, ...rest]: Place,
  change: (value: Written) => Written | typeof GONE,
): Written | typeof GONE {
  if (step === undefined) return change(value);
  if (typeof step === "number") {
    if (!isList(value)) return value;
    return value.flatMap((item, index) => {
      const changed = index === step ? changedAt(item, rest, change) : item;
      return changed === GONE ? [] : [changed];
    });
  }
  if (!isObject(value)) return value;
  const member = changedAt(value[step] ?? null, rest, change);
  return withMember(value, step, member === GONE ? undefined : member);
}

function fault(draw: Choices, value: Written): Written | typeof GONE {
  switch (draw.below(6)) {
    case 0:
      return draw.pick(STRANGE) ?? null;
    case 1:
      return null;
    case 2:
      return GONE;
    default:
      return slightly(draw, value);
  }
}

function slightly(draw: Choices, value: Written): Written | typeof GONE {
  if (isObject(value)) {
    const name = draw.oneOf("unknown", ...NAMES, "metadata", "kind");
    return withMember(value, name, draw.oneOf<Written>("text", { deep: { a: 1 } }, 1, null, [{ a: 1 }], {}));
  }
  if (isList(value)) {
    const [first] = value;
    return draw.oneOf<Written>(
      first === undefined ? [null] : [...value, first],
      [...value, null],
      value.slice(1),
      [...value, "text"],
      [],
    );
  }
  if (typeof value === "string") {
    const [, ...others] = Array.from(value);
    const doubtful = draw.pick(FORMATS)?.doubtful ?? [];
    return draw.oneOf<Written>(
      `${value}a`,
      `${value}😀`,
      others.join(""),
      value.toUpperCase(),
      `${value}\n`,
      draw.pick(TEXTS) ?? "",
      draw.pick(doubtful) ?? "",
      1,
    );
  }
  if (typeof value === "number") {
    const isWhole = Number.isInteger(value) && Math.abs(value) < 1e15;
    return draw.oneOf<Written>(
      value + 1,
      value - 1,
      value + 0.5,
      -value,
      String(value),
      ...(isWhole ? [new NumberText(`${value}.0`), new NumberText(`${value}e0`), new NumberText(`${value * 10}e-1`)] : []),
    );
  }
  if (typeof value === "bigint") return draw.oneOf<Written>(value + 1n, value - 1n, String(value), new NumberText(`${value}.0`));
  return draw.pick(STRANGE) ?? null;
}
