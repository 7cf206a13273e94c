/** @file `has()`, loops over lists and maps, and what else takes an expression for an argument. */
import type { Schema } from "../../../crd/schema/schema.ts";
import { MadeList, MadeMap, keyText } from "../values/collections.ts";
import { compare } from "../values/equality.ts";
import {
  CelFailure,
  ListValue,
  MapValue,
  NONE,
  NoSuchOverload,
  NotEvaluated,
  Optional,
  plainText,
  typeNameOf,
} from "../values/value.ts";
import type { Value } from "../values/value.ts";
import { fieldOf, hasField } from "./access.ts";
import { itemShape, memberShape } from "./shapes.ts";
import type { Node } from "./parse.ts";
import type { Compiled, Frame, Run, Scope } from "./scope.ts";

type CompileNode = (node: Node, scope: Scope) => Compiled;

/**
 * Null where the call is none of a macro.
 * @throws NotEvaluated for what is not evaluated here.
 */
export function compileMacro(
  name: string,
  receiver: Node | null,
  args: readonly Node[],
  scope: Scope,
  compileNode: CompileNode,
): Compiled | null {
  if (receiver === null) {
    const [arg] = args;
    return name === "has" && args.length === 1 && arg !== undefined ? compileHas(arg, scope, compileNode) : null;
  }
  const make = MACROS.get(`${name}/${args.length}`);
  if (make === undefined) return null;
  const variableCount = ONE_VARIABLE.has(`${name}/${args.length}`) ? 1 : 2;
  const names = args.slice(0, variableCount).map((arg) => {
    if (arg.op !== "id") throw new NotEvaluated(`${name}() in it has no plain name for a variable`);
    return arg.args;
  });
  const range = compileNode(receiver, scope);
  const loop = openLoop(range, names, scope);
  const bodies = args.slice(variableCount).map((arg) => compileNode(arg, loop.scope));
  const made = bodies.at(-1)?.shape ?? null;
  return {
    run: make(
      range.run,
      loop.bind,
      bodies.map(({ run }) => run),
      name === "filter" ? itemShape(range.shape) : made,
    ),
    shape: null,
  };
}

/** Puts an element into the variables of the loop. */
type Bind = (frame: Frame, key: Value, element: () => Value) => void;

function openLoop(range: Compiled, names: readonly string[], scope: Scope): { readonly scope: Scope; readonly bind: Bind } {
  const [first = "", second] = names;
  const isMap = range.shape?.type === "object";
  if (second === undefined) {
    const { scope: inner, slot } = scope.with(first, isMap ? null : itemShape(range.shape));
    return {
      scope: inner,
      bind: (frame, key, element) => {
        frame.slots[slot] = typeof key === "bigint" ? element() : key;
      },
    };
  }
  const outer = scope.with(first, null);
  const inner = outer.scope.with(second, itemShape(range.shape));
  return {
    scope: inner.scope,
    bind: (frame, key, element) => {
      frame.slots[outer.slot] = key;
      frame.slots[inner.slot] = element();
    },
  };
}

/** @param made of the elements of a list that comes of it. */
type MakeMacro = (range: Run, bind: Bind, bodies: readonly Run[], made: Schema | null) => Run;

const ONE_VARIABLE: ReadonlySet<string> = new Set([
  "all/2",
  "exists/2",
  "exists_one/2",
  "map/2",
  "map/3",
  "filter/2",
  "sortBy/2",
  "optMap/2",
  "optFlatMap/2",
]);

const MACROS: ReadonlyMap<string, MakeMacro> = new Map([
  ["all/2", quantifier(false)],
  ["all/3", quantifier(false)],
  ["exists/2", quantifier(true)],
  ["exists/3", quantifier(true)],
  ["exists_one/2", existsOne],
  ["exists_one/3", existsOne],
  ["existsOne/3", existsOne],
  ["map/2", transformList],
  ["map/3", transformList],
  ["filter/2", filter],
  ["transformList/3", transformList],
  ["transformList/4", transformList],
  ["transformMap/3", transformMap],
  ["transformMap/4", transformMap],
  ["transformMapEntry/3", transformMapEntry],
  ["transformMapEntry/4", transformMapEntry],
  ["sortBy/2", sortBy],
  ["optMap/2", optMap],
  ["optFlatMap/2", optFlatMap],
]);

function compileHas(arg: Node, scope: Scope, compileNode: CompileNode): Compiled {
  if (arg.op !== "." && arg.op !== ".?") throw new NotEvaluated("has() in it has no field for an argument");
  const [operand, name] = arg.args;
  const { run, shape } = compileNode(operand, scope);
  if (arg.op === ".") memberShape(shape, name);
  const field = fieldOf(name);
  return { run: (frame) => hasField(run(frame), field), shape: null };
}

/** @param visit is told to stop by true. */
function each(frame: Frame, range: Value, bind: Bind, visit: (key: Value) => boolean): void {
  if (range instanceof ListValue) {
    for (let index = 0; index < range.size; index++) {
      frame.budget.spend(1);
      const key = BigInt(index);
      bind(frame, key, () => range.at(index));
      if (visit(key)) return;
    }
  } else if (range instanceof MapValue) {
    for (const key of range.keys()) {
      frame.budget.spend(1);
      bind(frame, key, () => range.find(key) ?? null);
      if (visit(key)) return;
    }
  } else throw new NoSuchOverload();
}

function isTrue(value: Value): boolean {
  if (typeof value !== "boolean") throw new NoSuchOverload();
  return value;
}

/** `all` is decided by false, `exists` by true; errors on the way count where nothing decides. */
function quantifier(decisive: boolean): MakeMacro {
  return (range, bind, [predicate = nothing]) =>
    (frame) => {
      let failure: CelFailure | null = null;
      let isDecided = false;
      each(frame, range(frame), bind, () => {
        try {
          isDecided = isTrue(predicate(frame)) === decisive;
        } catch (error) {
          if (!(error instanceof CelFailure)) throw error;
          failure ??= error;
        }
        return isDecided;
      });
      if (isDecided) return decisive;
      if (failure !== null) throw failure;
      return !decisive;
    };
}

function existsOne(range: Run, bind: Bind, [predicate = nothing]: readonly Run[]): Run {
  return (frame) => {
    let count = 0;
    each(frame, range(frame), bind, () => {
      if (isTrue(predicate(frame))) count++;
      return false;
    });
    return count === 1;
  };
}

function filter(range: Run, bind: Bind, [predicate = nothing]: readonly Run[], made: Schema | null): Run {
  return (frame) => {
    const over = range(frame);
    const kept: Value[] = [];
    each(frame, over, bind, (key) => {
      if (isTrue(predicate(frame))) kept.push(over instanceof ListValue ? over.at(Number(key)) : key);
      return false;
    });
    return new MadeList(kept, made);
  };
}

/** Of the last body; where there are two, the first one says for which elements. */
function transformed(bodies: readonly Run[]): (frame: Frame, take: (value: Value) => void) => void {
  const transform = bodies.at(-1) ?? nothing;
  const predicate = bodies.length > 1 ? (bodies[0] ?? nothing) : null;
  return (frame, take) => {
    if (predicate === null || isTrue(predicate(frame))) take(transform(frame));
  };
}

function transformList(range: Run, bind: Bind, bodies: readonly Run[], made: Schema | null): Run {
  const step = transformed(bodies);
  return (frame) => {
    const items: Value[] = [];
    each(frame, range(frame), bind, () => {
      step(frame, (value) => items.push(value));
      return false;
    });
    return new MadeList(items, made);
  };
}

function transformMap(range: Run, bind: Bind, bodies: readonly Run[]): Run {
  const step = transformed(bodies);
  return (frame) => {
    const entries = new Map<string, readonly [Value, Value]>();
    each(frame, range(frame), bind, (key) => {
      step(frame, (value) => entries.set(keyText(key), [key, value]));
      return false;
    });
    return new MadeMap(entries);
  };
}

function transformMapEntry(range: Run, bind: Bind, bodies: readonly Run[]): Run {
  const step = transformed(bodies);
  return (frame) => {
    const entries = new Map<string, readonly [Value, Value]>();
    each(frame, range(frame), bind, () => {
      step(frame, (value) => {
        if (!(value instanceof MapValue)) throw new NoSuchOverload();
        for (const key of value.keys()) {
          if (entries.has(keyText(key))) throw new CelFailure(`insert failed: key ${plainText(key)} already exists`);
          entries.set(keyText(key), [key, value.find(key) ?? null]);
        }
      });
      return false;
    });
    return new MadeMap(entries);
  };
}

function sortBy(range: Run, bind: Bind, [keyOf = nothing]: readonly Run[]): Run {
  return (frame) => {
    const over = range(frame);
    if (!(over instanceof ListValue)) throw new NoSuchOverload();
    const pairs: (readonly [Value, Value])[] = [];
    each(frame, over, bind, (key) => {
      pairs.push([keyOf(frame), over.at(Number(key))]);
      return false;
    });
    const [first] = pairs;
    if (first !== undefined && pairs.some(([key]) => typeNameOf(key) !== typeNameOf(first[0]))) {
      throw new CelFailure("list elements must have the same type");
    }
    return new MadeList(pairs.toSorted(([left], [right]) => compare(left, right)).map(([, item]) => item));
  };
}

function optMap(range: Run, bind: Bind, [body = nothing]: readonly Run[]): Run {
  return (frame) => {
    const content = bound(frame, range(frame), bind);
    return content ? new Optional(body(frame)) : NONE;
  };
}

function optFlatMap(range: Run, bind: Bind, [body = nothing]: readonly Run[]): Run {
  return (frame) => {
    if (!bound(frame, range(frame), bind)) return NONE;
    const result = body(frame);
    if (!(result instanceof Optional)) throw new NoSuchOverload();
    return result;
  };
}

/** Puts what an optional holds into the variable. */
function bound(frame: Frame, value: Value, bind: Bind): boolean {
  if (!(value instanceof Optional)) throw new NoSuchOverload();
  const { content } = value;
  if (content === undefined) return false;
  bind(frame, 0n, () => content);
  return true;
}

function nothing(): never {
  throw new NoSuchOverload();
}
