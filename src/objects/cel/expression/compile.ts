/** @file Syntax tree → a function of `self`. */
import type { Schema } from "../../../crd/schema/schema.ts";
import { FUNCTIONS } from "../library/functions.ts";
import { add, divide, modulo, multiply, negate, subtract } from "../values/arithmetic.ts";
import { MadeList, MadeMap, keyText } from "../values/collections.ts";
import { compare, isEqual } from "../values/equality.ts";
import { CelFailure, NoSuchOverload, NotEvaluated, Optional, TypeName, int, uint } from "../values/value.ts";
import type { Value } from "../values/value.ts";
import { access, accessOptional, contains, fieldOf, selectField, selectOptional } from "./access.ts";
import { compileMacro } from "./macros.ts";
import { callOverload } from "./overloads.ts";
import type { Node } from "./parse.ts";
import { itemShape, memberShape } from "./shapes.ts";
import type { Compiled, Run, Scope } from "./scope.ts";

/** @throws NotEvaluated for what is not evaluated here. */
export function compileNode(node: Node, scope: Scope): Compiled {
  switch (node.op) {
    case "value":
      return constant(literal(node.args));
    case "id":
      return compileName(node.args, scope);
    case ".":
      return compileSelect(node.args, scope);
    case ".?": {
      const [operand, name] = node.args;
      const { run } = compileNode(operand, scope);
      const field = fieldOf(name);
      return untyped((frame) => selectOptional(run(frame), field));
    }
    case "[]": {
      const [operand, index] = pair(node.args, scope);
      return { run: (frame) => access(operand.run(frame), index.run(frame)), shape: itemShape(operand.shape) };
    }
    case "[?]": {
      const [operand, index] = pair(node.args, scope);
      return untyped((frame) => accessOptional(operand.run(frame), index.run(frame)));
    }
    case "call": {
      const [name, args] = node.args;
      return compileMacro(name, null, args, scope, compileNode) ?? compileCall(`${name}/${args.length}`, name, args, scope);
    }
    case "rcall":
      return compileMethod(node.args, scope);
    case "list":
      return compileList(node.args, scope);
    case "map":
      return compileMap(node.args, scope);
    case "?:":
      return compileChoice(node.args, scope);
    case "&&":
      return compileLogic(node.args, scope, false);
    case "||":
      return compileLogic(node.args, scope, true);
    case "!_": {
      const { run } = compileNode(node.args, scope);
      return untyped((frame) => !truth(run(frame)));
    }
    case "-_":
      return compileMinus(node.args, scope);
    case "==":
      return binary(node.args, scope, isEqual);
    case "!=":
      return binary(node.args, scope, isUnequal);
    case "in":
      return binary(node.args, scope, (left, right) => contains(right, left));
    case "<":
      return binary(node.args, scope, (left, right) => compare(left, right) < 0);
    case "<=":
      return binary(node.args, scope, (left, right) => compare(left, right) <= 0);
    case ">":
      return binary(node.args, scope, (left, right) => compare(left, right) > 0);
    case ">=":
      return binary(node.args, scope, (left, right) => compare(left, right) >= 0);
    case "+": {
      const [left, right] = pair(node.args, scope);
      return untyped((frame) => {
        const sum = add(left.run(frame), right.run(frame));
        frame.budget.spendOnText(typeof sum === "string" ? sum.length : 0);
        return sum;
      });
    }
    case "-":
      return binary(node.args, scope, subtract);
    case "*":
      return binary(node.args, scope, multiply);
    case "/":
      return binary(node.args, scope, divide);
    case "%":
      return binary(node.args, scope, modulo);
  }
}

/** @throws NoSuchOverload for what is neither true nor false. */
function truth(value: Value): boolean {
  if (typeof value !== "boolean") throw new NoSuchOverload();
  return value;
}

type Literal = Extract<Node, { op: "value" }>["args"];

function literal(value: Literal): Value {
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) return uint(BigInt(String(value.valueOf())));
  return typeof value === "bigint" ? int(value) : value;
}

function constant(value: Value): Compiled {
  return { run: () => value, shape: null, constant: value };
}

function untyped(run: Run): Compiled {
  return { run, shape: null };
}

function pair(args: readonly [Node, Node], scope: Scope): readonly [Compiled, Compiled] {
  return [compileNode(args[0], scope), compileNode(args[1], scope)];
}

function binary(args: readonly [Node, Node], scope: Scope, apply: (left: Value, right: Value) => Value): Compiled {
  const [left, right] = pair(args, scope);
  return untyped((frame) => apply(left.run(frame), right.run(frame)));
}

/** Of what cannot be compared, it is true. Source: cel-go, interpreter, evalNe. */
function isUnequal(left: Value, right: Value): boolean {
  try {
    return !isEqual(left, right);
  } catch (error) {
    if (error instanceof CelFailure) return true;
    throw error;
  }
}

function compileName(name: string, scope: Scope): Compiled {
  const variable = scope.find(name);
  if (variable !== null) {
    const { slot, shape } = variable;
    return { run: (frame) => frame.slots[slot] ?? null, shape };
  }
  const type = TYPES.get(name);
  if (type !== undefined) return constant(new TypeName(type));
  throw new NotEvaluated(`it reads ${name}, which is not known here`);
}

const TYPES: ReadonlyMap<string, string> = new Map(
  ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "optional_type"].map((name) => [
    name,
    name,
  ]),
);

function compileSelect([operand, name]: readonly [Node, string], scope: Scope): Compiled {
  const qualified = operand.op === "id" && scope.find(operand.args) === null ? `${operand.args}.${name}` : null;
  if (qualified !== null && QUALIFIED_TYPES.has(qualified)) return constant(new TypeName(qualified));
  const full = operand.op === "." && operand.args[0].op === "id" ? `${operand.args[0].args}.${operand.args[1]}.${name}` : "";
  if (QUALIFIED_TYPES.has(full)) return constant(new TypeName(full));
  const { run, shape } = compileNode(operand, scope);
  const member = memberShape(shape, name);
  const field = fieldOf(name);
  return { run: (frame) => selectField(run(frame), field), shape: member };
}

const QUALIFIED_TYPES: ReadonlySet<string> = new Set([
  "google.protobuf.Duration",
  "google.protobuf.Timestamp",
  "net.IP",
  "net.CIDR",
  "kubernetes.URL",
  "kubernetes.Quantity",
  "kubernetes.Semver",
]);

function compileCall(key: string, name: string, args: readonly Node[], scope: Scope): Compiled {
  const overloads = FUNCTIONS.get(key);
  if (overloads === undefined) throw new NotEvaluated(`it uses ${name}(), which is not evaluated here`);
  const runs = args.map((arg) => compileNode(arg, scope).run);
  return untyped((frame) => {
    frame.budget.spend(1);
    return callOverload(
      overloads,
      runs.map((run) => run(frame)),
      frame.budget,
    );
  });
}

function compileMethod([name, receiver, args]: readonly [string, Node, readonly Node[]], scope: Scope): Compiled {
  const macro = compileMacro(name, receiver, args, scope, compileNode);
  if (macro !== null) return macro;
  const [other] = args;
  if ((name === "or" || name === "orValue") && other !== undefined && args.length === 1) {
    return compileOr(name === "or", compileNode(receiver, scope), compileNode(other, scope));
  }
  if (receiver.op === "id" && scope.find(receiver.args) === null) {
    const qualified = `${receiver.args}.${name}`;
    return compileCall(`${qualified}/${args.length}`, qualified, args, scope);
  }
  return compileCall(`.${name}/${args.length + 1}`, name, [receiver, ...args], scope);
}

/** What stands for a missing value is evaluated where the value is missing. */
function compileOr(isOptional: boolean, receiver: Compiled, other: Compiled): Compiled {
  return untyped((frame) => {
    const value = receiver.run(frame);
    if (!(value instanceof Optional)) throw new NoSuchOverload();
    if (value.content === undefined) return other.run(frame);
    return isOptional ? value : value.content;
  });
}

function compileList(items: readonly Node[], scope: Scope): Compiled {
  const compiled = items.map((item) => compileNode(item, scope));
  const constants = compiled.flatMap((item) => (item.constant === undefined ? [] : [item.constant]));
  if (constants.length === items.length) return constant(new MadeList(constants));
  return untyped((frame) => new MadeList(compiled.map(({ run }) => run(frame))));
}

function compileMap(entries: readonly (readonly [Node, Node])[], scope: Scope): Compiled {
  const compiled = entries.map((entry) => pair(entry, scope));
  return untyped(
    (frame) =>
      new MadeMap(
        new Map(
          compiled.map(([key, value]) => {
            const name = key.run(frame);
            return [keyText(name), [name, value.run(frame)]];
          }),
        ),
      ),
  );
}

function compileChoice([condition, yes, no]: readonly [Node, Node, Node], scope: Scope): Compiled {
  const { run } = compileNode(condition, scope);
  const [first, second] = pair([yes, no], scope);
  const shape: Schema | null = first.shape === second.shape ? first.shape : null;
  return { run: (frame) => (truth(run(frame)) ? first.run(frame) : second.run(frame)), shape };
}

/** An error on one side is of no account where the other decides. Source: cel-spec, "Logical Operators". */
function compileLogic(args: readonly [Node, Node], scope: Scope, decisive: boolean): Compiled {
  const [left, right] = pair(args, scope);
  return untyped((frame) => {
    let failure: CelFailure | null = null;
    try {
      if (truth(left.run(frame)) === decisive) return decisive;
    } catch (error) {
      if (!(error instanceof CelFailure)) throw error;
      failure = error;
    }
    if (failure === null) return truth(right.run(frame));
    try {
      if (truth(right.run(frame)) === decisive) return decisive;
    } catch (error) {
      if (!(error instanceof CelFailure)) throw error;
    }
    throw failure;
  });
}

/** The smallest integer has no positive counterpart: its digits stand for themselves only behind a minus. */
function compileMinus(operand: Node, scope: Scope): Compiled {
  if (operand.op === "value" && typeof operand.args === "bigint") return constant(int(-operand.args));
  if (operand.op === "value" && typeof operand.args === "number") return constant(-operand.args);
  const { run } = compileNode(operand, scope);
  return untyped((frame) => negate(run(frame)));
}
